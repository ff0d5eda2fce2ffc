// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "gate.hpp"
#include "helpers.hpp"
#include "remembered.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <list>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <signal.h>
#include <unistd.h>

// Tests of what a copy of the program, which it forks itself, finds of the library's objects, and
// of the original, which must not notice.

namespace copies_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::async_fork;
using isolatte::async_map;
using isolatte::call;
using isolatte::ending;
using isolatte::fork_server;
using isolatte::options;
using isolatte::outcome;
using isolatte::worker_pool;
using namespace isolatte::test;

int add(int a, int b) { return a + b; }

int pass(int gate_end) {
  char byte;
  while (::read(gate_end, &byte, 1) == -1) {
  }
  return 7;
}

/// Says "here", then waits until the gate is open.
int meet(int tell_end, int gate_end) {
  write_all(tell_end, ".");
  return pass(gate_end);
}

/// Collects what is wrong in a copy.
class complaints {
 public:
  void expect(bool right, std::string_view what) {
    if (!right) text_.append(text_.empty() ? "" : ", ").append(what);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// How a copy behaves towards its event loop. A silent one has to use the library before it runs
/// the loop: Asio's part of the loop is the original's until then.
enum class manners { notifies, silent };

struct original {
  nothing_left nothing;
  asio::io_context context;
  std::optional<fork_server> server;
  std::optional<worker_pool> pool;

  ~original() {
    if (pool) pool->stop();
    server.reset();
    pool.reset();
    go_on();
  }

  void go_on() {
    context.restart();
    context.run();
  }

  template <class Condition>
  void run_until(Condition holds) {
    context.restart();
    while (!holds() && context.run_one() != 0) {
    }
  }

  int by_server(int a, int b) {
    remembered<int> done;
    server->async_fork(call(add, a, b), {}, done.handler());
    run_until([&] { return done.calls != 0; });
    return done.what.value_or(-1);
  }

  int by_pool(int a, int b) {
    remembered<int> done;
    pool->async_run(call(add, a, b), {}, done.handler());
    run_until([&] { return done.calls != 0; });
    return done.what.value_or(-1);
  }

  /// Runs checks in a copy of this process.
  /// @return what they complain about
  template <class Checks>
  std::string in_copy(manners how, Checks checks) {
    return in_bare_process([&] {
      if (how == manners::notifies) context.notify_fork(asio::io_context::fork_child);
      complaints all;
      checks(all);
      return all.text();
    });
  }

  template <class Checks>
  void check_in_copies(Checks checks) {
    BOOST_TEST(in_copy(manners::notifies, checks) == "");
    BOOST_TEST(in_copy(manners::silent, checks) == "");
    // A copy of a copy.
    BOOST_TEST(
        in_copy(manners::notifies, [&](complaints& all) {
          checks(all);
          all.expect(in_copy(manners::notifies, checks) == "", "the copy of a copy complains");
          all.expect(in_copy(manners::silent, checks) == "", "the silent copy of a copy complains");
        }) == "");
  }
};

template <class R>
void expect_lost(complaints& all, const remembered<R>& done) {
  all.expect(done.calls == 1, "calls: " + std::to_string(done.calls));
  all.expect(done.ec == asio::error::operation_aborted, "error: " + done.ec.message());
  all.expect(done.what.how() == ending::lost, "it is not lost");
  all.expect(done.what.ran() == isolatte::ran::unknown, "it claims to know whether it ran");
}

BOOST_FIXTURE_TEST_SUITE(copies, original)

BOOST_AUTO_TEST_CASE(a_used_server_starts_anew) {
  server.emplace(context);
  BOOST_TEST(by_server(1, 2) == 3);
  int const first = server->pid();
  check_in_copies([&](complaints& all) {
    all.expect(server->pid() == 0, "the server has a number");
    for (int i = 0; i != 3; ++i) all.expect(by_server(i, 1) == i + 1, "a wrong sum");
    all.expect(server->pid() != first, "it is the original's server");
  });
  BOOST_TEST(server->pid() == first);
  BOOST_TEST(alive(first));
  for (int i = 0; i != 3; ++i) BOOST_TEST(by_server(i, 1) == i + 1);
  BOOST_TEST(server->pid() == first);
}

BOOST_AUTO_TEST_CASE(an_unused_server_starts_anew) {
  server.emplace(context);
  check_in_copies([&](complaints& all) { all.expect(by_server(1, 2) == 3, "a wrong sum"); });
  BOOST_TEST(by_server(1, 2) == 3);
}

BOOST_AUTO_TEST_CASE(operations_of_a_server_are_lost) {
  server.emplace(context);
  gate opened;
  wire told;
  remembered<int> running;
  remembered<int> queued;
  options opts;
  opts.keep = {told.write_end(), opened.descriptor()};
  server->async_fork(call(meet, told.write_end(), opened.descriptor()), opts, running.handler());
  std::size_t handled = 0;
  while (!handled) handled = context.poll_one();
  // The event loop has heard of the child, or is about to.
  context.poll();
  BOOST_TEST(told.await());
  server->async_fork(call(add, 1, 2), {}, queued.handler());
  check_in_copies([&](complaints& all) {
    all.expect(by_server(1, 2) == 3, "a wrong sum");
    go_on();
    expect_lost(all, running);
    expect_lost(all, queued);
  });
  opened.open();
  go_on();
  BOOST_TEST(running.calls == 1);
  BOOST_TEST(running.what.value_or(-1) == 7);
  BOOST_TEST(queued.what.value_or(-1) == 3);
}

// A copy that read it would take it from the original, and cannot know whether it is true.
BOOST_AUTO_TEST_CASE(a_reply_that_has_come_is_left_to_the_original) {
  server.emplace(context);
  BOOST_TEST(by_server(1, 2) == 3);
  int const first = server->pid();
  context.poll();
  context.restart();
  gate opened;
  wire told;
  options opts;
  opts.keep = {told.write_end(), opened.descriptor()};
  // One of them may be given to a child that stands by, and the other two are asked for.
  std::list<remembered<int>> running(3);
  for (auto& each : running)
    server->async_fork(call(meet, told.write_end(), opened.descriptor()), opts, each.handler());
  bool asked = false;
  asio::post(context, [&] { asked = true; });
  while (!asked) context.run_one();
  // Before the last child is made, the one before it has been reported.
  BOOST_TEST(told.await(running.size()));
  // The loop finds the reply while the template's strand has something else to do first.
  remembered<int> late;
  bool found = false;
  asio::post(context, [&] {
    asio::post(context, [&] { found = true; });
    server->async_fork(call(add, 1, 2), {}, late.handler());
  });
  while (!found) context.run_one();
  check_in_copies([&](complaints& all) {
    all.expect(by_server(1, 2) == 3, "a wrong sum");
    go_on();
    for (auto const& each : running) expect_lost(all, each);
    expect_lost(all, late);
  });
  for (std::size_t i = 0; i != running.size(); ++i) opened.open();
  go_on();
  for (auto const& each : running) BOOST_TEST(each.what.value_or(-1) == 7);
  BOOST_TEST(late.what.value_or(-1) == 3);
  // A server whose answer is not found is given up.
  BOOST_TEST(server->pid() == first);
}

BOOST_AUTO_TEST_CASE(an_operation_is_lost) {
  gate opened;
  wire told;
  remembered<int> done;
  options opts;
  opts.out = isolatte::capture{};
  opts.keep = {told.write_end(), opened.descriptor()};
  opts.timeout = std::chrono::hours{1};
  async_fork(
      context, [&] { return meet(told.write_end(), opened.descriptor()); }, opts, done.handler());
  context.poll();
  BOOST_TEST(told.await());
  check_in_copies([&](complaints& all) {
    remembered<int> fresh;
    async_fork(context, [] { return 9; }, {}, fresh.handler());
    go_on();
    expect_lost(all, done);
    all.expect(fresh.what.value_or(0) == 9, "a new operation fails");
  });
  opened.open();
  go_on();
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(done.what.value_or(-1) == 7);
}

BOOST_AUTO_TEST_CASE(a_handle_is_empty_handed) {
  gate opened;
  // The children of copies have a gate of their own: they end only after their copy has, and until
  // then one of them could take what lets the original's child through.
  gate of_copies;
  auto child = isolatte::spawn_child(context.get_executor(),
                                     [&] {
                                       opened.pass();
                                       return 7;
                                     },
                                     {.keep = opened.ends()});
  context.poll();
  check_in_copies([&](complaints& all) {
    all.expect(!child.running(), "it runs");
    all.expect(child.pid() == 0, "it has a number");
    for (auto const& ec : {child.terminate(), child.suspend(), child.interrupt(),
                           child.request_exit(), child.resume()})
      all.expect(ec == boost::system::errc::no_such_process, "signalled: " + ec.message());
    remembered<int> done;
    child.async_wait(done.handler());
    go_on();
    expect_lost(all, done);
    // For a copy of the copy, whose handle has a child again.
    child =
        isolatte::spawn_child(context.get_executor(), [&] { return pass(of_copies.descriptor()); },
                              {.keep = of_copies.ends()});
    all.expect(child.running(), "a new child does not run");
  });
  check_in_copies([&](complaints&) { isolatte::child<int> const gone = std::move(child); });
  BOOST_TEST(child.running());
  remembered<int> done;
  child.async_wait(done.handler());
  opened.open();
  go_on();
  BOOST_TEST(done.what.value_or(-1) == 7);
}

// Otherwise the copy's loop would wait on the original's epoll set, and take its events.
BOOST_AUTO_TEST_CASE(any_use_of_a_handle_makes_the_loop_the_copys_own) {
  gate opened;
  auto child = isolatte::spawn_child(context.get_executor(),
                                     [&] {
                                       opened.pass();
                                       return 7;
                                     },
                                     {.keep = opened.ends()});
  remembered<int> done;
  child.async_wait(done.handler());
  context.poll();
  std::function<void()> const uses[] = {[&] { child.pid(); }, [&] { child.running(); },
                                        [&] { child.suspend(); }, [&] { child.terminate(); }};
  for (auto const& use : uses)
    BOOST_TEST(in_copy(manners::silent, [&](complaints& all) {
                 use();
                 context.restart();
                 context.poll();
                 expect_lost(all, done);
               }) == "");
  opened.open();
  go_on();
  BOOST_TEST(done.what.value_or(-1) == 7);
}

BOOST_AUTO_TEST_CASE(a_pool_starts_anew) {
  pool.emplace(context, isolatte::pool_options{.workers = 2});
  for (int i = 0; i != 5; ++i) BOOST_TEST(by_pool(i, 1) == i + 1);
  // The server and its workers, of which one may have served all of these jobs.
  while (children().size() != 3) context.poll();
  auto const before = children();
  check_in_copies([&](complaints& all) {
    for (int i = 0; i != 5; ++i) all.expect(by_pool(i, 1) == i + 1, "a wrong sum");
    pool->stop();
    go_on();
    all.expect(children_vanish(), "children are left");
    pool.emplace(context, isolatte::pool_options{.workers = 1});
    all.expect(by_pool(1, 2) == 3, "a new pool fails");
  });
  BOOST_TEST(children() == before, boost::test_tools::per_element());
  for (int i = 0; i != 5; ++i) BOOST_TEST(by_pool(i, 1) == i + 1);
  BOOST_TEST(pool->stats().restarts == 0u);
}

BOOST_AUTO_TEST_CASE(waits_for_a_pool_end) {
  pool.emplace(context, isolatte::pool_options{.workers = 1, .initializer = [] {
                                                 for (;;) ::pause();
                                               }});
  std::vector<error_code> ends;
  pool->async_ready([&](error_code ec) { ends.push_back(ec); });
  pool->async_resize(2, [&](error_code ec) { ends.push_back(ec); });
  remembered<int> waits;
  pool->async_run(call(add, 1, 2), {}, waits.handler());
  pool->async_drain([&](error_code ec) { ends.push_back(ec); });
  context.poll();
  check_in_copies([&](complaints& all) {
    bool is_drained = false;
    pool->async_drain([&](error_code ec) { is_drained = !ec; });
    run_until([&] { return ends.size() == 3 && waits.calls == 1 && is_drained; });
    for (auto const& each : ends)
      all.expect(each == asio::error::operation_aborted, "a wait ends with " + each.message());
  });
  BOOST_TEST(ends.empty());
  pool->stop();
  go_on();
  BOOST_TEST(ends.size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_copy_that_does_not_use_a_pool_gets_no_workers) {
  pool.emplace(context, isolatte::pool_options{.workers = 2});
  BOOST_TEST(by_pool(1, 2) == 3);
  BOOST_TEST(in_copy(manners::notifies, [&](complaints& all) {
               go_on();
               all.expect(children().empty(), "it has children");
               all.expect(pool->stats().workers == 0, "it says that it has");
             }) == "");
  BOOST_TEST(by_pool(1, 2) == 3);
}

BOOST_AUTO_TEST_CASE(jobs_are_lost) {
  gate opened;
  wire told;
  isolatte::pool_options opts{.workers = 1};
  opts.worker.keep = {told.write_end(), opened.descriptor()};
  pool.emplace(context, opts);
  remembered<int> running;
  std::list<remembered<int>> waiting(20);
  pool->async_run(call(meet, told.write_end(), opened.descriptor()), {}, running.handler());
  for (auto& each : waiting) pool->async_run(call(add, 1, 2), {}, each.handler());
  while (pool->stats().running == 0) context.run_one();
  // The job is sent in a turn of its own.
  context.poll();
  BOOST_TEST(told.await());
  remembered<int> late;
  pool->async_run(call(add, 1, 2), {}, late.handler());
  check_in_copies([&](complaints& all) {
    all.expect(by_pool(1, 2) == 3, "a wrong sum");
    run_until([&] { return late.calls != 0 && running.calls != 0 && waiting.back().calls != 0; });
    expect_lost(all, running);
    expect_lost(all, late);
    for (auto const& each : waiting) expect_lost(all, each);
  });
  opened.open();
  run_until([&] { return late.calls != 0; });
  BOOST_TEST(running.calls == 1);
  BOOST_TEST(running.what.value_or(-1) == 7);
  for (auto const& each : waiting) BOOST_TEST(each.what.value_or(-1) == 3);
  BOOST_TEST(late.what.value_or(-1) == 3);
}

BOOST_AUTO_TEST_CASE(maps_end) {
  gate opened;
  isolatte::pool_options opts{.workers = 1};
  opts.worker.keep = opened.ends();
  pool.emplace(context, opts);
  std::vector<int> const many(20, opened.descriptor());
  struct result {
    int calls = 0;
    error_code ec;
    int values = 0;
    auto handler() {
      return [this](error_code error, std::vector<outcome<int>> all) {
        ++calls;
        ec = error;
        for (auto const& each : all) values += each.value_or(0);
      };
    }
  } by_pool_of_workers, by_forks;
  async_map(*pool, many, pass, {}, by_pool_of_workers.handler());
  async_map(context, many, pass, {.max_concurrency = 3, .child = {.keep = opened.ends()}},
            by_forks.handler());
  while (pool->stats().running == 0) context.run_one();
  check_in_copies([&](complaints& all) {
    all.expect(by_pool(1, 2) == 3, "a wrong sum");
    run_until([&] { return by_pool_of_workers.calls != 0 && by_forks.calls != 0; });
    for (auto const* each : {&by_pool_of_workers, &by_forks}) {
      all.expect(each->calls == 1, "not told");
      all.expect(each->ec == asio::error::operation_aborted, each->ec.message());
      all.expect(each->values == 0, "it has values");
    }
  });
  for (std::size_t i = 0; i != 2 * many.size(); ++i) opened.open();
  run_until([&] { return by_pool_of_workers.calls != 0 && by_forks.calls != 0; });
  BOOST_TEST(by_pool_of_workers.ec == error_code{});
  BOOST_TEST(by_pool_of_workers.values == 140);
  BOOST_TEST(by_forks.ec == error_code{});
  BOOST_TEST(by_forks.values == 140);
}

BOOST_AUTO_TEST_CASE(all_may_be_destroyed) {
  auto inner = std::make_unique<asio::io_context>();
  gate opened;
  auto own_server = std::make_unique<fork_server>(*inner);
  auto own_pool = std::make_unique<worker_pool>(*inner, isolatte::pool_options{.workers = 2});
  int sum = 0;
  auto const count = [&](error_code, outcome<int> what) { sum += what.value_or(1'000'000); };
  own_server->async_fork(call(add, 1, 2), {}, count);
  own_pool->async_run(call(add, 1, 2), {}, count);
  while (sum < 6) inner->run_one();
  options opts;
  opts.keep = opened.ends();
  opts.out = isolatte::capture{};
  own_server->async_fork(call(pass, opened.descriptor()), opts, count);
  async_fork(*inner, [&] { return pass(opened.descriptor()); }, opts, count);
  auto child = std::make_unique<isolatte::child<int>>(isolatte::spawn_child(
      inner->get_executor(), [&] { return pass(opened.descriptor()); }, opts));
  inner->poll();
  auto const before = children();
  std::vector<std::function<void()>> const orders{
      [&] {
        own_server.reset();
        own_pool.reset();
        child.reset();
        inner.reset();
      },
      [&] {
        inner->notify_fork(asio::io_context::fork_child);
        child.reset();
        own_pool.reset();
        own_server.reset();
        inner->run();
        inner.reset();
      },
      [&] { inner.reset(); },
      [&] { leave_main(0); },
  };
  for (auto const& order : orders) {
    pid_t const copy = bare_fork(order);
    BOOST_TEST(wait_for(copy) == 0);
  }
  for (int const each : before) BOOST_TEST(alive(each));
  sum = 0;
  for (int i = 0; i != 3; ++i) opened.open();
  own_server->async_fork(call(add, 1, 2), {}, count);
  own_pool->async_run(call(add, 1, 2), {}, count);
  child->async_wait(count);
  while (sum < 27) BOOST_REQUIRE(inner->run_one() == 1u);
  BOOST_TEST(sum == 27);
}

BOOST_AUTO_TEST_CASE(a_daemon_uses_what_was_made_before) {
  for (bool const notifies : {true, false}) {
    wire said;
    pid_t const starter = bare_fork([&] {
      asio::io_context inner;
      fork_server own_server{inner};
      worker_pool own_pool{inner, {.workers = 1}};
      remembered<int> before;
      own_server.async_fork(call(add, 1, 2), {}, before.handler());
      inner.run_one();
      inner.notify_fork(asio::io_context::fork_prepare);
      if (::fork() != 0) ::_exit(0);
      ::setsid();
      if (notifies) inner.notify_fork(asio::io_context::fork_child);
      remembered<int> first;
      remembered<int> second;
      own_server.async_fork(call(add, 1, 2), {}, first.handler());
      own_pool.async_run(call(add, 3, 4), {}, second.handler());
      while (first.calls == 0 || second.calls == 0) inner.run_one();
      write_all(said.write_end(), std::to_string(first.what.value_or(-1)) + " " +
                                      std::to_string(second.what.value_or(-1)));
    });
    BOOST_TEST(said.read_rest() == "3 7");
    BOOST_TEST(wait_for(starter) == 0);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace copies_test
