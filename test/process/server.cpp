// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "gate.hpp"
#include "helpers.hpp"
#include "remembered.hpp"
#include "run_in_server.hpp"
#include "served_descriptors.hpp"
#include "shared_memory.hpp"
#include "support/fail_calls.hpp"
#include "support/nothing_left.hpp"

#include <isolatte/call.hpp>
#include <isolatte/child.hpp>
#include <isolatte/error.hpp>
#include <isolatte/fork.hpp>
#include <isolatte/fork_server.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/serialization/base_object.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

namespace fork_server_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::ending;
using isolatte::fork_server;
using isolatte::options;
using isolatte::outcome;
using namespace isolatte::test;
using namespace std::chrono_literals;

int add(int a, int b) { return a + b; }
int fails(const std::string& text) { throw std::out_of_range{text}; }
void crash() { ::raise(SIGSEGV); }
std::size_t size_of(const std::vector<int>& numbers) { return numbers.size(); }
std::vector<int> count_to(int n) {
  std::vector<int> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

struct accumulator {
  int start = 0;
  int plus(int n) const { return start + n; }
  int operator()(int n) const { return start * n; }
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & start;
  }
};

struct base {
  virtual ~base() = default;
  virtual int get() const { return 1; }
  template <class Archive>
  void serialize(Archive&, unsigned) {}
};
struct derived : base {
  int get() const override { return 2; }
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& boost::serialization::base_object<base>(*this);
  }
};

struct picky {
  int value = 0;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & value;
    if (Archive::is_loading::value && value == 13) throw std::out_of_range{"not that one"};
  }
};

BOOST_FIXTURE_TEST_SUITE(server, nothing_left)

/// Each depth has a trace of its own, whose names are not known yet.
[[gnu::noinline]] void crash_below(int depth) {  // NOLINT(misc-no-recursion)
  if (depth > 0) {
    crash_below(depth - 1);
    asm volatile("" : : : "memory");
  } else {
    ::raise(SIGSEGV);
  }
}

BOOST_AUTO_TEST_CASE(calls_of_every_kind) {
  asio::io_context context;
  fork_server server{context};
  BOOST_TEST(run(server, context, call(add, 1, 2)).what.value() == 3);
  BOOST_TEST(run(server, context, call([](int a) { return a * 2; }, 21)).what.value() == 42);
  BOOST_TEST(run(server, context, call(&accumulator::plus, accumulator{40}, 2)).what.value() == 42);
  BOOST_TEST(run(server, context, call(accumulator{6}, 7)).what.value() == 42);
  BOOST_TEST(run(server, context, call(&base::get, derived{})).what.value() == 2);
  BOOST_TEST(run(server, context, call(std::plus<>{}, 1, 2)).what.value() == 3);
  BOOST_TEST(run(server, context, call(&accumulator::start, accumulator{5})).what.value() == 5);
  auto const text =
      run(server, context,
          call([](std::string a, std::unique_ptr<int> b) { return a + std::to_string(*b); },
               std::string{"n="}, std::make_unique<int>(7)));
  BOOST_TEST(text.what.value() == "n=7");
  BOOST_TEST(run(server, context, call([] {})).what.success());
}

BOOST_AUTO_TEST_CASE(calls_run_in_a_direct_child_too) {
  BOOST_TEST(isolatte::fork(call(add, 20, 22)).value() == 42);
  BOOST_TEST(isolatte::fork(call(&accumulator::plus, accumulator{40}, 2)).value() == 42);
}

BOOST_AUTO_TEST_CASE(children_are_the_programs_own) {
  asio::io_context context;
  fork_server server{context};
  auto const done = run(server, context, call([] { return std::pair{::getpid(), ::getppid()}; }));
  BOOST_TEST(done.what.value().first == done.what.pid());
  BOOST_TEST(done.what.value().second == ::getpid());
  BOOST_TEST(done.what.pid() != server.pid());
  BOOST_TEST(done.what.usage().max_resident_bytes > 0u);
  BOOST_TEST((done.what.usage().wall > 0ns));
}

BOOST_AUTO_TEST_CASE(every_ending) {
  asio::io_context context;
  fork_server server{context};
  BOOST_CHECK_THROW(run(server, context, call(fails, std::string{"text"})).what.value(),
                    std::out_of_range);
  auto const exited = run(server, context, call([] { std::exit(7); }));
  BOOST_TEST(exited.what.how() == ending::exited);
  BOOST_TEST((exited.what.exit_code() == 7));
  // Names may come too late on a busy machine, but not each time.
  for (bool named = false; !named;) {
    auto const faulted = run(server, context, call(crash));
    BOOST_REQUIRE(faulted.what.how() == ending::faulted);
    BOOST_REQUIRE(faulted.what.fault().has_value());
    named = faulted.what.fault()->trace.find("crash") != std::string::npos;
  }
  auto const killed = run(server, context, call([] { ::kill(::getpid(), SIGKILL); }));
  BOOST_TEST(killed.what.how() == ending::killed);
  auto const late = run(server, context, call(hang), {.timeout = 1ms});
  BOOST_TEST(late.what.how() == ending::timed_out);
  auto const large = run(server, context, call(count_to, 10000), {.max_result = 1000});
  BOOST_TEST(large.what.how() == ending::undelivered);
  auto const refused = run(server, context, call([] {}), {.limits = {.nice = 1}, .max_result = 10});
  BOOST_TEST(refused.what.how() == ending::returned);
}

BOOST_AUTO_TEST_CASE(arguments_that_cannot_be_read_are_undelivered_and_nothing_ran) {
  asio::io_context context;
  fork_server server{context};
  auto const done = run(server, context, call([](picky what) { return what.value; }, picky{13}));
  BOOST_TEST(done.what.how() == ending::undelivered);
  BOOST_TEST(done.what.ran() == isolatte::ran::no);
  BOOST_CHECK_THROW(done.what.value(), isolatte::abnormal_end);
}

BOOST_AUTO_TEST_CASE(large_arguments_and_results) {
  asio::io_context context;
  fork_server server{context};
  std::vector<int> const many(4'000'000, 1);
  BOOST_TEST(run(server, context, call(size_of, many)).what.value() == many.size());
  BOOST_TEST(run(server, context, call(count_to, 4'000'000)).what.value().size() == many.size());
}

BOOST_AUTO_TEST_CASE(its_descriptors_are_those_that_it_is_given) {
  asio::io_context context;
  fork_server server{context};
  auto const served = [&](auto fn, options opts) {
    return run(server, context, std::move(fn), std::move(opts));
  };
  check_that_streams_travel(served);
  check_that_there_are_no_others(served);
}

/// Runs it by a fresh server, and again by a child that stands by.
template <class Call>
std::string twice(Call fn, const options& opts) {
  asio::io_context context;
  fork_server server{context};
  std::string text;
  for (int i = 0; i != 2; ++i) {
    auto const done = run(server, context, fn, opts);
    text += done.what ? "returned " + done.what.out_text() + ' ' : done.ec.message() + ' ';
  }
  return text;
}

BOOST_AUTO_TEST_CASE(standard_streams_are_those_of_their_own_options) {
  auto const talk = [] { write_all(1, "here"); };
  BOOST_TEST(twice(call(talk), {.out = isolatte::capture{}, .keep = {2, 1, 0, 1}}) ==
             "returned here returned here ");
}

BOOST_AUTO_TEST_CASE(a_descriptor_may_be_kept_twice) {
  wire given;
  int const fd = given.write_end();
  auto const talk = [](int to) { write_all(to, "."); };
  BOOST_TEST(twice(call(talk, fd), {.keep = {fd, fd}}) == "returned  returned  ");
  BOOST_TEST(given.read_rest() == "..");
}

BOOST_AUTO_TEST_CASE(a_descriptor_may_be_kept_at_the_end_of_the_table) {
  BOOST_TEST(in_bare_process([] {
               rlimit const limit{64, 64};
               ::setrlimit(RLIMIT_NOFILE, &limit);
               wire given;
               ::dup2(given.write_end(), 63);
               ::dup2(given.write_end(), 62);
               auto const talk = [](int one, int other) {
                 write_all(one, "a");
                 write_all(other, "b");
               };
               std::string const how = twice(call(talk, 63, 62), {.keep = {63, 62}});
               ::close(62);
               ::close(63);
               return how + given.read_rest();
             }) == "returned  returned  abab");
}

BOOST_AUTO_TEST_CASE(a_program_may_begin_a_session) {
  BOOST_TEST(in_bare_process([]() -> std::string {
               asio::io_context context;
               fork_server server{context};
               if (::setsid() == -1) return "no session";
               auto const done = run(server, context, call(add, 1, 2), {.kill_tree = false});
               return done.ec ? done.ec.message() : std::to_string(done.what.value());
             }) == "3");
}

BOOST_AUTO_TEST_CASE(keeping_everything_is_refused) {
  asio::io_context context;
  fork_server server{context};
  auto const done = run(server, context, call([] {}), {.keep = isolatte::all_descriptors});
  BOOST_TEST(done.ec == boost::system::errc::operation_not_supported);
  BOOST_TEST(done.what.how() == ending::not_started);
}

BOOST_AUTO_TEST_CASE(memory_is_that_of_the_servers_making) {
  static int global = 1;
  asio::io_context context;
  fork_server server{context};
  global = 2;
  BOOST_TEST(run(server, context, call([] { return global; })).what.value() == 1);
  BOOST_TEST(isolatte::fork([] { return global; }).value() == 2);
}

BOOST_AUTO_TEST_CASE(cancelled_before_it_is_sent_it_creates_none) {
  asio::io_context context;
  fork_server server{context};
  asio::cancellation_signal stop;
  remembered<void> done;
  server.async_fork(call(hang), {}, asio::bind_cancellation_slot(stop.slot(), done.handler()));
  stop.emit(asio::cancellation_type::terminal);
  context.run();
  BOOST_TEST(done.ec == asio::error::operation_aborted);
  BOOST_TEST((done.what.how() == ending::not_started || done.what.how() == ending::cancelled));
}

BOOST_AUTO_TEST_CASE(cancelled_it_is_killed) {
  asio::io_context context;
  fork_server server{context};
  asio::cancellation_signal stop;
  remembered<void> done;
  server.async_fork(call([] {
                      write_all(1, "here\n");
                      hang();
                    }),
                    {.out = isolatte::by_line{[&](std::string_view) {
                       stop.emit(asio::cancellation_type::terminal);
                     }}},
                    asio::bind_cancellation_slot(stop.slot(), done.handler()));
  context.run();
  BOOST_TEST(done.ec == asio::error::operation_aborted);
  BOOST_TEST(done.what.how() == ending::cancelled);
}

BOOST_AUTO_TEST_CASE(many_at_once_from_many_threads) {
  asio::thread_pool threads{4};
  {
    fork_server server{threads};
    std::vector<std::thread> users;
    std::atomic<int> right = 0;
    for (int t = 0; t != 4; ++t)
      users.emplace_back([&, t] {
        std::vector<std::future<outcome<int>>> results;
        for (int i = 0; i != 25; ++i)
          results.push_back(server.async_fork(call(add, t, i), {}, asio::use_future));
        for (int i = 0; i != 25; ++i)
          if (results[static_cast<std::size_t>(i)].get().value() == t + i) ++right;
      });
    for (auto& user : users) user.join();
    BOOST_TEST(right == 100);
  }
  threads.join();
}

BOOST_AUTO_TEST_CASE(several_servers) {
  asio::io_context context;
  fork_server one{context};
  fork_server two{context};
  BOOST_TEST(one.pid() != two.pid());
  BOOST_TEST(run(one, context, call(add, 1, 2)).what.value() == 3);
  fork_server moved{std::move(one)};
  BOOST_TEST(run(moved, context, call(add, 1, 2)).what.value() == 3);
  moved = std::move(two);
  BOOST_TEST(run(moved, context, call(add, 1, 2)).what.value() == 3);
}

BOOST_AUTO_TEST_CASE(a_dead_server_is_replaced) {
  asio::io_context context;
  fork_server server{context};
  int const first = server.pid();
  ::kill(first, SIGKILL);
  while (alive(first)) std::this_thread::yield();
  auto const done = run(server, context, call(add, 1, 2));
  BOOST_TEST(done.what.value() == 3);
  BOOST_TEST(server.pid() != first);
}

BOOST_AUTO_TEST_CASE(a_dead_server_that_cannot_be_replaced_is_an_error) {
  asio::io_context context;
  fork_server server{context};
  int const first = server.pid();
  ::kill(first, SIGKILL);
  while (alive(first)) std::this_thread::yield();
  remembered<int> done;
  {
    // Which is EAGAIN, as a full socket is.
    fail_calls const refused{{.how = failure::mode::every, .entry = "fork"}};
    server.async_fork(call(add, 1, 2), {}, done.handler());
    context.run_for(10s);
  }
  BOOST_TEST(done.calls == 1);
  BOOST_TEST((done.ec == boost::system::errc::resource_unavailable_try_again), done.ec.message());
  BOOST_TEST(done.what.how() == ending::not_started);
  BOOST_TEST(run(server, context, call(add, 1, 2)).what.value() == 3);
}

BOOST_AUTO_TEST_CASE(a_function_that_was_loaded_later_is_unknown) {
  char const* const path = std::getenv("ISOLATTE_TEST_PLUGIN");
  if (path == nullptr) {
    BOOST_TEST_MESSAGE("skipped: ISOLATTE_TEST_PLUGIN does not name a library to load");
    return;
  }
  asio::io_context context;
  fork_server server{context};
  void* const library = ::dlopen(path, RTLD_NOW);
  BOOST_REQUIRE(library != nullptr);
  auto* const twice = reinterpret_cast<int (*)(int)>(::dlsym(library, "plugin_twice"));
  BOOST_REQUIRE(twice != nullptr);

  int const first = server.pid();
  auto const unknown = run(server, context, call(twice, 21));
  BOOST_TEST((unknown.ec == isolatte::error::unknown_function), unknown.ec.message());
  BOOST_TEST(unknown.what.how() == ending::not_started);
  BOOST_TEST((unknown.what.ran() == isolatte::ran::no));
  // The server goes on after a refusal, and is not replaced.
  BOOST_TEST(run(server, context, call(add, 1, 2)).what.value() == 3);
  BOOST_TEST(server.pid() == first);

  ::kill(first, SIGKILL);
  wait_until_gone(first);
  BOOST_TEST(run(server, context, call(twice, 21)).what.value() == 42);
  ::dlclose(library);
}

BOOST_AUTO_TEST_CASE(what_runs_ends_with_the_server) {
  asio::io_context context;
  fork_server server{context};
  remembered<void> done;
  server.async_fork(
      call([] {
        write_all(1, "here\n");
        hang();
      }),
      {.out = isolatte::by_line{[&](std::string_view) { ::kill(server.pid(), SIGKILL); }}},
      done.handler());
  context.run();
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(done.ec == make_error_code(isolatte::error::server_died), done.ec.message());
  BOOST_TEST(done.what.how() == ending::cancelled);
}

BOOST_AUTO_TEST_CASE(destroyed_it_ends_what_runs) {
  asio::io_context context;
  std::optional<fork_server> server{std::in_place, context};
  remembered<void> done;
  server->async_fork(call([] {
                       write_all(1, "here\n");
                       hang();
                     }),
                     {.out = isolatte::by_line{[&](std::string_view) { server.reset(); }}},
                     done.handler());
  remembered<int> queued;
  context.run();
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(done.ec == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(the_context_takes_all_with_it) {
  auto context = std::make_unique<asio::io_context>();
  auto* const server = new fork_server{*context};
  bool called = false;
  for (int i = 0; i != 3; ++i)
    server->async_fork(call(hang), {}, [&](error_code, const outcome<void>&) { called = true; });
  context->poll();
  delete server;
  context.reset();
  BOOST_TEST(!called);
}

BOOST_AUTO_TEST_CASE(an_idle_server_keeps_no_loop) {
  asio::io_context context;
  fork_server server{context};
  BOOST_TEST(context.run() == 0u);
}

BOOST_AUTO_TEST_CASE(children_may_have_servers_and_forks) {
  asio::io_context context;
  fork_server server{context};
  auto const done =
      run(server, context, call([] {
            asio::io_context inner;
            fork_server own{inner};
            int sum = isolatte::fork([] { return 1; }).value();
            own.async_fork(call(add, 1, 2), {},
                           [&](error_code, const outcome<int>& o) { sum += o.value(); });
            inner.run();
            return sum;
          }));
  BOOST_TEST(done.what.value() == 4, done.what);
}

BOOST_AUTO_TEST_CASE(one_that_does_not_answer_is_replaced) {
  asio::io_context context;
  fork_server server{context};
  int const first = server.pid();
  stop_child(first);
  asio::cancellation_signal stop;
  remembered<int> cancelled;
  server.async_fork(call(add, 1, 2), {},
                    asio::bind_cancellation_slot(stop.slot(), cancelled.handler()));
  remembered<int> lost;
  server.async_fork(call(add, 1, 2), {}, lost.handler());
  context.poll();
  stop.emit(asio::cancellation_type::terminal);
  context.run();
  BOOST_TEST(cancelled.ec == asio::error::operation_aborted);
  BOOST_TEST(cancelled.what.how() == ending::not_started);
  BOOST_TEST(lost.ec == make_error_code(isolatte::error::server_died));
  BOOST_TEST(!alive(first));
  BOOST_TEST(run(server, context, call(add, 1, 2)).what.value() == 3);
}

// Numbers of children

/// Writes another number into all memory that this process shares, says so, and goes on.
void claim_to_be(int number, int has_claimed) {
  for (auto const& each : shared_mappings())
    for (std::size_t at = 0; at != each.size; at += sizeof number)
      std::memcpy(each.begin + at, &number, sizeof number);
  write_all(has_claimed, "!");
  hang();
}

/// Has a server make a child that lies about its number, and ends the server before its answer is
/// read.
void lose_server_of_child_that_claims_to_be(int number) {
  asio::io_context context;
  fork_server server{context};
  int const pid = server.pid();
  gate has_claimed;
  remembered<void> lost;
  // The answer is not read: the loop does not run any more when it comes.
  stop_child(pid);
  server.async_fork(call(claim_to_be, number, has_claimed.ends().fds()[1]),
                    {.keep = has_claimed.ends()}, lost.handler());
  context.poll();
  ::kill(pid, SIGCONT);
  has_claimed.pass();
  ::kill(pid, SIGKILL);
  wait_until_gone(pid);
  // This finds the server gone before anything looks for an answer.
  remembered<int> next;
  server.async_fork(call(add, 1, 2), {}, next.handler());
  context.run();
  BOOST_TEST(lost.ec == make_error_code(isolatte::error::server_died));
  BOOST_TEST(lost.what.how() == ending::cancelled, lost.what);
  BOOST_TEST(next.what.value() == 3, next.what);
}

BOOST_AUTO_TEST_CASE(a_child_that_denies_its_number_does_not_outlive_its_server) {
  for (int const number : {0, -1, 1, 0x7fffffff}) {
    lose_server_of_child_that_claims_to_be(number);
    BOOST_TEST(children_vanish());
  }
}

BOOST_AUTO_TEST_CASE(a_child_that_claims_the_number_of_another_does_not_end_that) {
  asio::io_context context;
  gate end;
  auto other = isolatte::spawn_child(context,
                                     [&] {
                                       end.pass();
                                       return 7;
                                     },
                                     {.keep = end.ends()});
  BOOST_TEST(other.pid() > 0);
  lose_server_of_child_that_claims_to_be(other.pid());
  end.open();
  remembered<int> done;
  other.async_wait(done.handler());
  context.run();
  BOOST_TEST(done.what.value() == 7, done.what);
}

BOOST_AUTO_TEST_CASE(more_requests_than_a_server_can_be_asked_at_once) {
  asio::io_context context;
  fork_server server{context};
  stop_child(server.pid());
  constexpr int many = 300;
  std::vector<remembered<int>> all(many);
  for (int i = 0; i != many; ++i) server.async_fork(call(add, i, 1), {}, all[i].handler());
  context.poll();
  ::kill(server.pid(), SIGCONT);
  context.run();
  for (int i = 0; i != many; ++i) BOOST_TEST(all[i].what.value() == i + 1);
}

BOOST_AUTO_TEST_CASE(more_bytes_than_a_server_can_be_sent_at_once) {
  asio::io_context context;
  fork_server server{context};
  stop_child(server.pid());
  auto const size_of = [](const std::string& text) { return text.size(); };
  // Each has its arguments in the message, and there are fewer than places for numbers.
  std::vector<remembered<std::size_t>> all(50);
  for (auto& each : all)
    server.async_fork(call(size_of, std::string(15'000, 'x')), {}, each.handler());
  context.poll();
  ::kill(server.pid(), SIGCONT);
  context.run();
  for (auto const& each : all) BOOST_TEST(each.what.value_or(0) == 15'000u, each.what);
}

BOOST_AUTO_TEST_CASE(more_descriptors_than_a_server_can_be_sent) {
  asio::io_context context;
  fork_server server{context};
  std::vector<int> many;
  for (int i = 0; i != 260; ++i) many.push_back(::dup(0));
  auto const done = run(server, context, call(add, 1, 2), {.keep = many});
  for (int const fd : many) ::close(fd);
  BOOST_TEST((done.ec == boost::system::errc::too_many_files_open), done.ec.message());
  BOOST_TEST(done.what.how() == ending::not_started);
  BOOST_TEST(run(server, context, call(add, 1, 2)).what.value() == 3);
}

/// Ends the server after each number of handlers while a fault is told, until it is told before.
template <class End>
void end_while_a_fault_is_told(End end) {
  bool is_told = false;
  for (int handlers = 0; !is_told; ++handlers) {
    asio::io_context context;
    std::optional<fork_server> server{std::in_place, context};
    remembered<void> done;
    server->async_fork(call(crash_below, handlers), {}, done.handler());
    for (int i = 0; i != handlers && done.calls == 0; ++i) context.run_one();
    is_told = done.calls != 0;
    end(server);
    context.run();
    BOOST_TEST_CONTEXT("after " << handlers << " handlers: " << done.what) {
      BOOST_TEST(done.calls == 1);
      if (done.what.how() == ending::faulted) {
        BOOST_TEST(!done.ec, done.ec.message());
        BOOST_TEST(done.what.fault().has_value());
      } else {
        BOOST_TEST(
            (done.what.how() == ending::cancelled || done.what.how() == ending::not_started));
        BOOST_TEST(bool{done.ec});
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(killed_at_any_time_while_a_fault_is_told) {
  end_while_a_fault_is_told([](std::optional<fork_server>& server) {
    int const pid = server->pid();
    ::kill(pid, SIGKILL);
    wait_until_gone(pid);
  });
}

BOOST_AUTO_TEST_CASE(destroyed_at_any_time_while_a_fault_is_told) {
  end_while_a_fault_is_told([](std::optional<fork_server>& server) { server.reset(); });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace fork_server_test
