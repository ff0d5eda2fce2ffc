// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "adopter.hpp"
#include "helpers.hpp"
#include "remembered.hpp"
#include "served_descriptors.hpp"
#include "support/nothing_left.hpp"

#include <isolatte/call.hpp>
#include <isolatte/error.hpp>
#include <isolatte/fork_server.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Tests of the child that a fork server makes ahead of need.

namespace standby_test {

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

/// Whether the process sleeps. A child does so only after it has begun to run, when the program
/// knows of it.
bool waits(int pid) {
  std::string const stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  auto const name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.compare(name_end, 3, ") S") == 0;
}

/// Makes a server have a standby child, and nothing else under way.
int prepare(asio::io_context& context, fork_server& server) {
  remembered<int> done;
  server.async_fork(call(add, 1, 2), {}, done.handler());
  context.restart();
  context.run();
  if (done.calls != 1 || done.what.value() != 3) return -1;
  for (;;) {
    for (int const child : children())
      if (child != server.pid() && waits(child)) return child;
    std::this_thread::yield();
  }
}

struct served {
  nothing_left nothing;
  asio::io_context context;
  std::optional<fork_server> server{std::in_place, context};

  int prepare() {
    int const standby = standby_test::prepare(context, *server);
    BOOST_TEST(standby > 0);
    return standby;
  }

  template <class Call>
  auto run(Call fn, options opts = {}) {
    remembered<isolatte::result_of<Call>> done;
    server->async_fork(std::move(fn), std::move(opts), done.handler());
    context.restart();
    context.run();
    BOOST_TEST(done.calls == 1);
    return done;
  }

  /// Runs a call in a standby child.
  template <class Call>
  auto run_prepared(Call fn, options opts = {}) {
    int const standby = prepare();
    auto done = run(std::move(fn), std::move(opts));
    if (done.what.how() != ending::not_started) BOOST_TEST(done.what.pid() == standby);
    return done;
  }
};

BOOST_FIXTURE_TEST_SUITE(standby, served)

BOOST_AUTO_TEST_CASE(the_next_call_runs_in_it) {
  int const first = prepare();
  auto const done = run(call(::getpid));
  BOOST_TEST(done.what.value() == first);
  BOOST_TEST(done.what.pid() == first);
  BOOST_TEST(prepare() != first);
}

BOOST_AUTO_TEST_CASE(every_ending) {
  auto const threw = run_prepared(call([] { throw std::out_of_range{"text"}; }));
  BOOST_TEST(threw.what.how() == ending::threw);
  BOOST_CHECK_THROW(threw.what.value(), std::out_of_range);
  auto const exited = run_prepared(call([] { std::exit(7); }));
  BOOST_TEST(exited.what.how() == ending::exited);
  BOOST_TEST((exited.what.exit_code() == 7));
  auto const faulted = run_prepared(call([] { ::raise(SIGSEGV); }), {.limits = {.core_size = 0}});
  BOOST_TEST(faulted.what.how() == ending::faulted);
  BOOST_REQUIRE(faulted.what.fault().has_value());
  BOOST_TEST(!faulted.what.fault()->trace.empty());
  auto const signaled = run_prepared(call([] { ::raise(SIGSEGV); }),
                                     {.limits = {.core_size = 0}, .fault_report = false});
  BOOST_TEST((signaled.what.signal() == SIGSEGV));
  BOOST_TEST(!signaled.what.fault().has_value());
  auto const killed = run_prepared(call([] { ::kill(::getpid(), SIGKILL); }));
  BOOST_TEST(killed.what.how() == ending::killed);
  auto const late = run_prepared(call(hang), {.timeout = 1ms});
  BOOST_TEST(late.what.how() == ending::timed_out);
  auto const large =
      run_prepared(call([] { return std::vector<int>(10'000, 1); }), {.max_result = 1000});
  BOOST_TEST(large.what.how() == ending::undelivered);
}

BOOST_AUTO_TEST_CASE(its_time_runs_from_the_call) {
  prepare();
  auto const before = std::chrono::steady_clock::now();
  auto const done = run(call([] {}));
  BOOST_TEST((done.what.usage().wall <= std::chrono::steady_clock::now() - before));
}

BOOST_AUTO_TEST_CASE(its_descriptors_are_those_that_it_is_given) {
  auto const prepared = [&](auto fn, options opts) {
    return run_prepared(std::move(fn), std::move(opts));
  };
  check_that_streams_travel(prepared);
  check_that_there_are_no_others(prepared);
}

BOOST_AUTO_TEST_CASE(its_signals_and_its_group_are_those_of_any_child) {
  auto const state = [] {
    sigset_t blocked;
    ::sigprocmask(SIG_BLOCK, nullptr, &blocked);
    int count = 0;
    for (int signal = 1; signal != 32; ++signal) count += sigismember(&blocked, signal);
    return std::pair{count, ::getpgrp()};
  };
  auto const own = run_prepared(call(state));
  BOOST_TEST(own.what.value().first == 0);
  BOOST_TEST(own.what.value().second == own.what.pid());
  auto const shared = run_prepared(call(state), {.kill_tree = false});
  BOOST_TEST(shared.what.value().second == ::getpgrp());
}

BOOST_AUTO_TEST_CASE(large_arguments_and_limits) {
  std::vector<int> const many(100'000, 1);
  auto const sum = [](const std::vector<int>& all) {
    return std::accumulate(all.begin(), all.end(), 0);
  };
  BOOST_TEST(run_prepared(call(sum, many)).what.value() == 100'000);
  auto const nice = run_prepared(call([] { return ::nice(0); }), {.limits = {.nice = 3}});
  BOOST_TEST(nice.what.value() == 3);
  auto const refused =
      run_prepared(call([] {}), {.limits = {.cpu_time = std::chrono::seconds{-1}}});
  BOOST_TEST(refused.ec == boost::system::errc::invalid_argument, refused.ec.message());
  BOOST_TEST(refused.what.how() == ending::not_started);
}

BOOST_AUTO_TEST_CASE(a_function_that_was_loaded_later_is_unknown) {
  char const* const path = std::getenv("ISOLATTE_TEST_PLUGIN");
  if (path == nullptr) {
    BOOST_TEST_MESSAGE("skipped: ISOLATTE_TEST_PLUGIN does not name a library to load");
    return;
  }
  prepare();
  void* const library = ::dlopen(path, RTLD_NOW);
  BOOST_REQUIRE(library != nullptr);
  auto* const twice = reinterpret_cast<int (*)(int)>(::dlsym(library, "plugin_twice"));
  BOOST_REQUIRE(twice != nullptr);
  auto const unknown = run(call(twice, 21));
  BOOST_TEST((unknown.ec == isolatte::error::unknown_function), unknown.ec.message());
  BOOST_TEST(unknown.what.how() == ending::not_started);
  BOOST_TEST((unknown.what.ran() == isolatte::ran::no));
  BOOST_TEST(unknown.what.pid() == 0);
  ::dlclose(library);
}

BOOST_AUTO_TEST_CASE(a_call_in_it_can_be_cancelled) {
  int const standby = prepare();
  asio::cancellation_signal stop;
  remembered<void> done;
  server->async_fork(call([] {
                       write_all(1, "here\n");
                       hang();
                     }),
                     {.out = isolatte::by_line{[&](std::string_view) {
                        stop.emit(asio::cancellation_type::terminal);
                      }}},
                     asio::bind_cancellation_slot(stop.slot(), done.handler()));
  context.restart();
  context.run();
  BOOST_TEST(done.ec == asio::error::operation_aborted);
  BOOST_TEST(done.what.how() == ending::cancelled);
  BOOST_TEST(done.what.pid() == standby);
}

BOOST_AUTO_TEST_CASE(one_that_was_killed_is_missed_by_nobody) {
  int const standby = prepare();
  ::kill(standby, SIGKILL);
  wait_until_gone(standby);
  auto const done = run(call(add, 1, 2));
  BOOST_TEST(done.what.value() == 3);
  BOOST_TEST(done.what.pid() != standby);
}

// The template has the child's end of the link, too, until it comes back from making the child.
BOOST_AUTO_TEST_CASE(one_that_was_killed_is_missed_by_nobody_while_its_link_is_open) {
  int const standby = prepare();
  auto const handle = static_cast<int>(::syscall(SYS_pidfd_open, standby, 0));
  BOOST_REQUIRE(handle != -1);
  std::vector<int> held;
  for (int fd = 0; fd != 64; ++fd)
    if (auto const copy = static_cast<int>(::syscall(SYS_pidfd_getfd, handle, fd, 0)); copy != -1)
      held.push_back(copy);
  BOOST_REQUIRE(held.size() > 3u);
  ::kill(standby, SIGKILL);
  wait_until_gone(standby);
  auto const done = run(call(add, 1, 2));
  BOOST_TEST(done.what.value() == 3);
  BOOST_TEST(done.what.pid() != standby);
  for (int const fd : held) ::close(fd);
  ::close(handle);
}

BOOST_AUTO_TEST_CASE(it_is_not_used_when_its_server_is_gone) {
  int const standby = prepare();
  int const first = server->pid();
  ::kill(first, SIGKILL);
  wait_until_gone(first);
  auto const done = run(call(add, 1, 2));
  BOOST_TEST(done.what.value() == 3);
  BOOST_TEST(done.what.pid() != standby);
  BOOST_TEST(server->pid() != first);
  BOOST_TEST(!alive(standby));
}

BOOST_AUTO_TEST_CASE(a_server_that_dies_while_it_makes_one_is_replaced) {
  for (int i = 0; i != 30; ++i) {
    BOOST_TEST(run(call(add, 1, 2)).what.value() == 3);
    int const first = server->pid();
    ::kill(first, SIGKILL);
    wait_until_gone(first);
    auto const done = run(call(add, 1, 2));
    BOOST_TEST(done.ec == error_code{}, done.ec.message());
    BOOST_TEST(done.what.how() == ending::returned);
    BOOST_TEST(server->pid() != first);
  }
}

BOOST_AUTO_TEST_CASE(what_runs_in_it_ends_with_the_server) {
  prepare();
  remembered<void> done;
  server->async_fork(
      call([] {
        write_all(1, "here\n");
        hang();
      }),
      {.out = isolatte::by_line{[&](std::string_view) { ::kill(server->pid(), SIGKILL); }}},
      done.handler());
  context.restart();
  context.run();
  BOOST_TEST(done.ec == make_error_code(isolatte::error::server_died), done.ec.message());
  BOOST_TEST(done.what.how() == ending::cancelled);
}

BOOST_AUTO_TEST_CASE(it_is_ended_with_the_server_object) {
  prepare();
  server.reset();
  BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(so_is_one_that_is_being_made) {
  for (int i = 0; i != 20; ++i) {
    server.emplace(context);
    BOOST_TEST(run(call(add, 1, 2)).what.value() == 3);
    server.reset();
    BOOST_TEST(children().empty());
  }
}

BOOST_AUTO_TEST_CASE(what_runs_in_it_is_ended_with_the_server_object) {
  prepare();
  remembered<void> done;
  server->async_fork(call(hang), {}, done.handler());
  server.reset();
  context.restart();
  context.run();
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(done.ec == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(it_dies_with_the_program) {
  server.reset();
  wire told;
  pid_t const program = bare_fork([&] {
    asio::io_context inner;
    fork_server own{inner};
    write_all(told.write_end(), std::to_string(standby_test::prepare(inner, own)));
    told.close_write();
    hang();
  });
  int const standby_pid = std::stoi(told.read_rest());
  BOOST_TEST(standby_pid > 0);
  BOOST_TEST(alive(standby_pid));
  end_child(program);
  wait_until_gone(standby_pid);
}

BOOST_AUTO_TEST_CASE(it_is_reaped_by_a_program_that_leaves_main) {
  server.reset();
  adopter const here;
  pid_t const program = bare_fork([] {
    // Never destroyed, like objects that other threads may still use.
    auto* const inner = new asio::io_context;
    standby_test::prepare(*inner, *new fork_server{*inner});
    leave_main(24);
  });
  BOOST_TEST(WEXITSTATUS(wait_for(program)) == 24);
  BOOST_TEST(here.adopted() == std::vector<int>{}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(so_is_one_that_the_program_has_not_heard_of) {
  server.reset();
  adopter const here;
  pid_t const program = bare_fork([] {
    auto* const inner = new asio::io_context;
    auto* const own = new fork_server{*inner};
    own->async_fork(call(hang), {}, [](error_code, const outcome<void>&) {});
    inner->poll();
    while (children().size() < 2) std::this_thread::yield();
    leave_main(24);
  });
  BOOST_TEST(WEXITSTATUS(wait_for(program)) == 24);
  BOOST_TEST(here.adopted() == std::vector<int>{}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(its_call_may_outlive_the_program) {
  server.reset();
  wire question;
  wire answer;
  wire ready;
  pid_t const program = bare_fork([&] {
    asio::io_context inner;
    fork_server own{inner};
    standby_test::prepare(inner, own);
    std::vector<int> const ends{question.read_end(), answer.write_end(), ready.write_end()};
    options opts;
    opts.die_with_parent = false;
    opts.keep = {ends[0], ends[1], ends[2]};
    own.async_fork(call(
                       [](const std::vector<int>& fds) {
                         char byte = 0;
                         write_all(fds[2], ".");
                         while (::read(fds[0], &byte, 1) == -1) {
                         }
                         write_all(fds[1], ".");
                         ::_exit(0);
                       },
                       ends),
                   opts, [](error_code, const outcome<void>&) {});
    inner.restart();
    inner.run();
  });
  BOOST_TEST(ready.await());
  end_child(program);
  question.tell();
  BOOST_TEST(answer.await());
  answer.wait_until_closed();
}

BOOST_AUTO_TEST_CASE(many_threads_share_few) {
  server.reset();
  asio::thread_pool threads{2};
  {
    fork_server shared{threads};
    std::vector<std::thread> users;
    std::atomic<int> right = 0;
    for (int t = 0; t != 3; ++t)
      users.emplace_back([&, t] {
        for (int i = 0; i != 30; ++i)
          if (shared.async_fork(call(add, t, i), {}, asio::use_future).get().value() == t + i)
            ++right;
      });
    for (auto& user : users) user.join();
    BOOST_TEST(right == 90);
  }
  threads.join();
}

BOOST_AUTO_TEST_CASE(a_copy_of_the_program_orders_none_of_the_originals_server) {
  prepare();
  remembered<int> done;
  server->async_fork(call(add, 1, 2), {}, done.handler());
  pid_t const copy = ::fork();
  if (copy == 0) {
    context.restart();
    context.run();
    ::_exit(0);
  }
  BOOST_TEST(wait_for(copy) == 0);
  context.restart();
  context.run();
  BOOST_TEST(done.what.value_or(-1) == 3);
  for (int i = 0; i != 3; ++i) BOOST_TEST(run(call(add, 2, 2)).what.value_or(-1) == 4);
  server.reset();
  context.restart();
  context.run();
  BOOST_TEST(children_vanish());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace standby_test
