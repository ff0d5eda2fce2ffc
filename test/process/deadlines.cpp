// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <stdexcept>

namespace asio = boost::asio;
using namespace isolatte::test;
using namespace std::chrono_literals;
using boost::system::error_code;
using isolatte::ending;
using isolatte::options;
using isolatte::outcome;

namespace {

options within(std::chrono::nanoseconds timeout, std::chrono::nanoseconds grace = 0ns) {
  return {.timeout = timeout, .grace = grace, .limits = {.core_size = 0}};
}

/// Runs the callable, but does not run the loop before the callable says that it is ready. So a
/// deadline that passes at once still finds the child in the intended state.
template <class F>
auto run_once_ready(F function, options opts) {
  using R = std::invoke_result_t<F, const wire&>;
  wire ready;
  opts.keep = {ready.write_end()};
  asio::io_context context;
  std::optional<outcome<R>> result;
  isolatte::async_fork(
      context, [&] { return function(ready); }, opts,
      [&](error_code ec, outcome<R> done) {
        BOOST_TEST(!ec);
        result = std::move(done);
      });
  BOOST_TEST(ready.await());
  context.run();
  BOOST_REQUIRE(result.has_value());
  return std::move(*result);
}

volatile unsigned spun = 0;
volatile std::sig_atomic_t asked = 0;

void on_request(int) { asked = 1; }

void block_everything() {
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
}

/// Waits for SIGTERM, and blocks it around the check: a signal between check and wait would be
/// missed.
void wait_until_asked() {
  sigset_t term;
  sigset_t before;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &term, &before);
  while (asked == 0) ::sigsuspend(&before);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

void check_timed_out(const isolatte::outcome_base& done, std::optional<int> signal,
                     std::optional<int> code = std::nullopt) {
  BOOST_TEST(done.how() == ending::timed_out);
  BOOST_TEST((done.signal() == signal));
  BOOST_TEST((done.exit_code() == code));
  BOOST_TEST(!done.success());
  BOOST_TEST(!done.exception());
}

/// Checks a child that may end before its deadline or at it. The outcome has to be one of both, and
/// not a mixture.
template <class R>
void check_one_of_both(const outcome<R>& done, ending otherwise, int code) {
  if (done.how() == ending::timed_out) {
    check_timed_out(done, SIGKILL);
  } else {
    BOOST_TEST(done.how() == otherwise);
    BOOST_TEST((done.exit_code() == code));
    BOOST_TEST(!done.signal());
  }
  BOOST_TEST(done.pid() > 0);
  BOOST_TEST(done.usage().wall.count() > 0);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(deadlines, isolatte::test::nothing_left)

BOOST_AUTO_TEST_CASE(a_hanging_child_is_killed_at_its_timeout) {
  auto const done = isolatte::fork([] { hang(); }, within(20ms));
  check_timed_out(done, SIGKILL);
  BOOST_TEST((done.usage().wall >= 20ms));
  BOOST_CHECK_THROW(done.value(), isolatte::abnormal_end);
}

BOOST_AUTO_TEST_CASE(a_spinning_child_is_killed_at_its_timeout) {
  for (auto const grace : {0ms, 10ms}) {
    auto const done = run_once_ready(
        [](const wire& ready) {
          ready.tell();
          for (;;) spun = spun + 1;
        },
        within(1ms, grace));
    check_timed_out(done, grace == 0ms ? SIGKILL : SIGTERM);
    BOOST_TEST(done.ran() == isolatte::ran::yes);
  }
}

BOOST_AUTO_TEST_CASE(a_timeout_of_nothing_or_less_is_at_once) {
  for (auto const timeout : {0ns, -1ns, -1'000'000'000ns, std::chrono::nanoseconds::min()}) {
    check_timed_out(isolatte::fork([] { hang(); }, within(timeout)), SIGKILL);
    auto const ready = run_once_ready([](const wire& r) { r.tell(), hang(); }, within(timeout));
    check_timed_out(ready, SIGKILL);
    BOOST_TEST(ready.ran() == isolatte::ran::yes);
  }
}

BOOST_AUTO_TEST_CASE(a_timeout_beyond_the_clocks_end_never_comes) {
  for (auto const timeout : {std::chrono::nanoseconds::max(), std::chrono::nanoseconds::max() - 1ns,
                             std::chrono::nanoseconds{std::chrono::hours{24 * 365 * 250}}})
    for (auto const grace : {0ns, std::chrono::nanoseconds::max()}) {
      auto const done = isolatte::fork([] { return 1; }, within(timeout, grace));
      BOOST_TEST(done.value() == 1);
    }
}

BOOST_AUTO_TEST_CASE(a_pending_timeout_holds_up_nobody) {
  auto const done = isolatte::fork([] { return 1; }, within(24h, 24h));
  BOOST_TEST(done.value() == 1);
}

// Grace

BOOST_AUTO_TEST_CASE(a_child_that_obeys_within_the_grace_has_an_exit_code) {
  auto const done = run_once_ready(
      [](const wire& ready) {
        std::signal(SIGTERM, [](int) { ::_exit(5); });
        ready.tell();
        hang();
      },
      within(1ms, 24h));
  check_timed_out(done, std::nullopt, 5);
}

BOOST_AUTO_TEST_CASE(a_child_without_a_handler_dies_of_the_polite_signal) {
  auto const done =
      run_once_ready([](const wire& ready) { ready.tell(), hang(); }, within(1ms, 24h));
  check_timed_out(done, SIGTERM);
}

BOOST_AUTO_TEST_CASE(a_grace_beyond_the_clocks_end_is_a_long_one) {
  auto const done = run_once_ready([](const wire& ready) { ready.tell(), hang(); },
                                   within(1ms, std::chrono::nanoseconds::max()));
  check_timed_out(done, SIGTERM);
}

BOOST_AUTO_TEST_CASE(a_child_that_finishes_within_the_grace_has_finished) {
  auto const finish = [](const wire& ready) {
    std::signal(SIGTERM, on_request);
    ready.tell();
    wait_until_asked();
  };
  auto const returned = run_once_ready(
      [&](const wire& ready) {
        finish(ready);
        return 7;
      },
      within(1ms, 24h));
  BOOST_TEST(returned.how() == ending::returned);
  BOOST_TEST(returned.value() == 7);
  auto const threw = run_once_ready(
      [&](const wire& ready) -> int {
        finish(ready);
        throw std::runtime_error{"asked to end"};
      },
      within(1ms, 24h));
  BOOST_TEST(threw.how() == ending::threw);
  BOOST_CHECK_THROW(threw.value(), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_deaf_child_is_killed_behind_the_grace) {
  auto const ignoring = run_once_ready(
      [](const wire& ready) {
        std::signal(SIGTERM, SIG_IGN);
        ready.tell();
        hang();
      },
      within(1ms, 10ms));
  check_timed_out(ignoring, SIGKILL);
  auto const blocking = run_once_ready(
      [](const wire& ready) {
        block_everything();
        ready.tell();
        for (;;) spun = spun + 1;
      },
      within(1ms, 10ms));
  check_timed_out(blocking, SIGKILL);
}

BOOST_AUTO_TEST_CASE(a_negative_grace_is_none) {
  auto const done = run_once_ready(
      [](const wire& ready) {
        std::signal(SIGTERM, [](int) { ::_exit(5); });
        ready.tell();
        hang();
      },
      within(1ms, -1h));
  check_timed_out(done, SIGKILL);
}

BOOST_AUTO_TEST_CASE(the_whole_tree_is_asked) {
  wire told;
  options opts = within(1ms, 24h);
  asio::io_context context;
  opts.keep = {told.write_end()};
  wire ready;
  opts.keep = {told.write_end(), ready.write_end()};
  bool ended = false;
  isolatte::async_fork(
      context,
      [&] {
        std::signal(SIGTERM, on_request);
        pid_t const grandchild = bare_fork([&] {
          ready.tell();
          wait_until_asked();
          write_all(told.write_end(), "grandchild");
        });
        ready.tell();
        wait_until_asked();
        wait_for(grandchild);
        return 3;
      },
      opts,
      [&](error_code, outcome<int> done) {
        ended = true;
        BOOST_TEST(done.value() == 3);
      });
  BOOST_TEST(ready.await(2));
  context.run();
  BOOST_TEST(ended);
  BOOST_TEST(told.read_rest() == "grandchild");
}

// Stopped children

BOOST_AUTO_TEST_CASE(a_stopped_child_is_killed) {
  auto const done = run_once_ready(
      [](const wire& ready) {
        ready.tell();
        ::raise(SIGSTOP);
      },
      within(1ms));
  check_timed_out(done, SIGKILL);
}

BOOST_AUTO_TEST_CASE(a_stopped_child_is_woken_for_the_polite_signal) {
  for (bool const handles : {false, true}) {
    auto const done = run_once_ready(
        [&](const wire& ready) {
          if (handles) std::signal(SIGTERM, [](int) { ::_exit(6); });
          ready.tell();
          for (;;) ::raise(SIGSTOP);
        },
        within(1ms, 24h));
    if (handles)
      check_timed_out(done, std::nullopt, 6);
    else
      check_timed_out(done, SIGTERM);
  }
}

BOOST_AUTO_TEST_CASE(a_suspended_childs_timeout_goes_on) {
  asio::io_context context;
  auto child = isolatte::spawn_child(context, [] { hang(); }, within(20ms));
  BOOST_TEST(!child.suspend());
  bool ended = false;
  child.async_wait([&](error_code ec, outcome<void> done) {
    ended = true;
    BOOST_TEST(!ec);
    check_timed_out(done, SIGKILL);
  });
  context.run();
  BOOST_TEST(ended);
}

// Races

BOOST_AUTO_TEST_CASE(a_child_that_ended_before_its_deadline_was_seen_has_ended) {
  // The loop runs late, when both the deadline and the end of the child are past.
  auto const late = [](auto function, auto check) {
    asio::io_context context;
    bool ended = false;
    isolatte::async_fork(context, function, within(0ms), [&](error_code, auto done) {
      ended = true;
      check(done);
    });
    auto const mine = children();
    BOOST_REQUIRE(mine.size() == 1U);
    siginfo_t info{};
    BOOST_TEST(::waitid(P_PID, static_cast<id_t>(mine.front()), &info, WEXITED | WNOWAIT) == 0);
    context.run();
    BOOST_TEST(ended);
  };
  late([] { return 8; }, [](const outcome<int>& done) { BOOST_TEST(done.value() == 8); });
  late([] { ::_exit(9); },
       [](const outcome<void>& done) { BOOST_TEST(done.how() == ending::exited); });
  late([] { ::raise(SIGKILL); },
       [](const outcome<void>& done) { BOOST_TEST(done.how() == ending::killed); });
}

BOOST_AUTO_TEST_CASE(a_deadline_that_races_with_the_end_has_one_winner) {
  for (int i = 0; i != 150; ++i) {
    auto const timeout = std::chrono::microseconds{i * 20};
    check_one_of_both(isolatte::fork([] { return 1; }, within(timeout)), ending::returned, 0);
    check_one_of_both(isolatte::fork([] { ::_exit(3); }, within(timeout)), ending::exited, 3);
  }
}

BOOST_AUTO_TEST_CASE(a_deadline_may_come_while_a_large_result_is_under_way) {
  auto const stuck = run_once_ready(
      [](const wire& ready) {
        ready.tell();
        return std::string(16 * 1024 * 1024, 'x');
      },
      within(1ms));
  check_one_of_both(stuck, ending::returned, 0);
  for (int i = 0; i != 10; ++i) {
    auto const done = isolatte::fork([] { return std::string(16 * 1024 * 1024, 'x'); },
                                     within(std::chrono::milliseconds{i * 4}));
    check_one_of_both(done, ending::returned, 0);
    if (done) BOOST_TEST(done.value().size() == 16U * 1024 * 1024);
  }
}

BOOST_AUTO_TEST_CASE(many_deadlines_pass_at_once) {
  asio::io_context context;
  int ended = 0;
  for (int i = 0; i != 50; ++i)
    isolatte::async_fork(
        context, [] { hang(); }, within(10ms, i % 2 == 0 ? 0ms : 1ms),
        [&](error_code ec, outcome<void> done) {
          ++ended;
          BOOST_TEST(!ec);
          BOOST_TEST(done.how() == ending::timed_out);
        });
  context.run();
  BOOST_TEST(ended == 50);
}

BOOST_AUTO_TEST_SUITE_END()
