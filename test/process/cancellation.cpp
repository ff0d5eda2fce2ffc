// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "process/gate.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <functional>
#include <initializer_list>
#include <optional>
#include <ostream>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace cancellation_test {

namespace asio = boost::asio;
using asio::cancellation_type;
using boost::system::error_code;
using isolatte::async_fork;
using isolatte::ending;
using isolatte::options;
using isolatte::outcome;
using isolatte::test::gate;
using isolatte::test::nothing_left;
using namespace std::chrono_literals;

[[noreturn]] void pause_for_ever() {
  for (;;) ::pause();
}

sigset_t all_signals() {
  sigset_t set;
  sigfillset(&set);
  return set;
}

void block_all() {
  sigset_t const set = all_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

/// Waits for the next of these signals, which the caller has blocked.
int next_signal(std::initializer_list<int> which = {SIGINT, SIGTERM}) {
  sigset_t set;
  sigemptyset(&set);
  for (int const signal : which) sigaddset(&set, signal);
  int signal = 0;
  ::sigwait(&set, &signal);
  return signal;
}

/// One operation that can be cancelled, and how it completed.
template <class R>
class run {
 public:
  template <class F>
  run(asio::io_context& context, F fn, options opts = {}) {
    async_fork(context, std::move(fn), std::move(opts),
               asio::bind_cancellation_slot(signal_.slot(), [this](error_code ec, outcome<R> what) {
                 BOOST_TEST(!emitting_);
                 ++calls;
                 this->ec = ec;
                 this->what = std::move(what);
               }));
  }

  void cancel(cancellation_type type) {
    emitting_ = true;
    signal_.emit(type);
    emitting_ = false;
  }

  void check_cancelled() const {
    BOOST_TEST(calls == 1);
    BOOST_TEST(ec == asio::error::operation_aborted);
    BOOST_TEST(what.how() == ending::cancelled);
    BOOST_TEST(!what.success());
    BOOST_TEST(what.pid() > 0);
    BOOST_TEST(!isolatte::test::alive(what.pid()));
  }

  int calls = 0;
  error_code ec;
  outcome<R> what;

 private:
  asio::cancellation_signal signal_;
  bool emitting_ = false;
};

/// Calls a function when a child has opened a gate.
class when_open {
 public:
  when_open(asio::io_context& context, const gate& at, std::function<void()> then)
      : descriptor_{context, ::dup(at.descriptor())}, gate_{at}, then_{std::move(then)} {
    wait();
  }

 private:
  void wait() {
    descriptor_.async_wait(asio::posix::descriptor_base::wait_read, [this](error_code ec) {
      if (ec) return;
      gate_.pass();
      then_();
    });
  }

  asio::posix::stream_descriptor descriptor_;
  const gate& gate_;
  std::function<void()> then_;
};

BOOST_AUTO_TEST_SUITE(cancellation)

// One signal for each cancellation type

struct kind {
  cancellation_type type;
  int signal;
};

std::ostream& operator<<(std::ostream& os, const kind& what) {
  return os << ::strsignal(what.signal);
}

const kind polite_kinds[] = {{cancellation_type::partial, SIGTERM},
                             {cancellation_type::total, SIGINT}};

BOOST_FIXTURE_TEST_CASE(terminal_kills, nothing_left) {
  for (auto const grace : {0ns, std::chrono::nanoseconds{1h}}) {
    asio::io_context context;
    run<void> child{context, pause_for_ever, {.grace = grace}};
    child.cancel(cancellation_type::terminal);
    context.run();
    child.check_cancelled();
    BOOST_TEST((child.what.signal() == SIGKILL));
    BOOST_TEST(!child.what.exit_code().has_value());
  }
}

BOOST_FIXTURE_TEST_CASE(terminal_prevails_over_the_others, nothing_left) {
  asio::io_context context;
  run<void> child{context, pause_for_ever, {.grace = 1h}};
  child.cancel(cancellation_type::all);
  context.run();
  child.check_cancelled();
  BOOST_TEST((child.what.signal() == SIGKILL));
}

BOOST_FIXTURE_TEST_CASE(partial_prevails_over_total, nothing_left) {
  asio::io_context context;
  gate const ready;
  run<int> child{context,
                 [&] {
                   block_all();
                   ready.open();
                   return next_signal();
                 },
                 {.grace = 1h, .keep = ready.ends()}};
  ready.pass();
  child.cancel(cancellation_type::partial | cancellation_type::total);
  context.run();
  child.check_cancelled();
  BOOST_TEST(child.what.value() == SIGTERM);
}

BOOST_DATA_TEST_CASE_F(nothing_left, a_polite_signal_may_suffice, polite_kinds) {
  asio::io_context context;
  gate const ready;
  run<void> child{context,
                  [&] {
                    ready.open();
                    pause_for_ever();
                  },
                  {.grace = 1h, .keep = ready.ends()}};
  ready.pass();
  child.cancel(sample.type);
  context.run();
  child.check_cancelled();
  BOOST_TEST((child.what.signal() == sample.signal));
}

BOOST_DATA_TEST_CASE_F(nothing_left, a_child_may_exit_for_a_polite_signal, polite_kinds) {
  asio::io_context context;
  gate const ready;
  run<void> child{context,
                  [&] {
                    ::signal(sample.signal, [](int) { ::_exit(7); });
                    ready.open();
                    pause_for_ever();
                  },
                  {.grace = 1h, .keep = ready.ends()}};
  ready.pass();
  child.cancel(sample.type);
  context.run();
  child.check_cancelled();
  BOOST_TEST((child.what.exit_code() == 7));
  BOOST_TEST(!child.what.signal().has_value());
}

BOOST_DATA_TEST_CASE_F(nothing_left, a_child_may_deliver_its_value_in_time, polite_kinds) {
  asio::io_context context;
  gate const ready;
  run<int> child{context,
                 [&] {
                   block_all();
                   ready.open();
                   return next_signal();
                 },
                 {.grace = 1h, .keep = ready.ends()}};
  ready.pass();
  child.cancel(sample.type);
  context.run();
  child.check_cancelled();
  BOOST_REQUIRE(static_cast<bool>(child.what));
  BOOST_TEST(child.what.value() == sample.signal);
}

BOOST_DATA_TEST_CASE_F(nothing_left, a_child_may_throw_in_time, polite_kinds) {
  asio::io_context context;
  gate const ready;
  run<int> child{context,
                 [&]() -> int {
                   block_all();
                   ready.open();
                   throw std::length_error{std::to_string(next_signal())};
                 },
                 {.grace = 1h, .keep = ready.ends()}};
  ready.pass();
  child.cancel(sample.type);
  context.run();
  child.check_cancelled();
  BOOST_CHECK_EXCEPTION(child.what.value(), std::length_error, [&](auto const& error) {
    return error.what() == std::to_string(sample.signal);
  });
}

BOOST_DATA_TEST_CASE_F(nothing_left, a_deaf_child_is_killed_after_its_grace, polite_kinds) {
  asio::io_context context;
  gate const ready;
  run<void> child{context,
                  [&] {
                    block_all();
                    ready.open();
                    pause_for_ever();
                  },
                  {.grace = 10ms, .keep = ready.ends()}};
  ready.pass();
  auto const before = std::chrono::steady_clock::now();
  child.cancel(sample.type);
  context.run();
  BOOST_TEST((std::chrono::steady_clock::now() - before >= 10ms));
  child.check_cancelled();
  BOOST_TEST((child.what.signal() == SIGKILL));
}

BOOST_DATA_TEST_CASE_F(nothing_left, a_deaf_child_without_grace_is_killed_at_once, polite_kinds) {
  asio::io_context context;
  gate const ready;
  run<void> child{context,
                  [&] {
                    block_all();
                    ready.open();
                    pause_for_ever();
                  },
                  {.keep = ready.ends()}};
  ready.pass();
  child.cancel(sample.type);
  context.run();
  child.check_cancelled();
  BOOST_TEST((child.what.signal() == SIGKILL));
}

BOOST_FIXTURE_TEST_CASE(a_stopped_child_hears_it_too, nothing_left) {
  for (auto const type :
       {cancellation_type::terminal, cancellation_type::partial, cancellation_type::total}) {
    asio::io_context context;
    run<void> child{context, [] { ::raise(SIGSTOP); }, {.grace = 1h}};
    auto const pids = isolatte::test::children();
    BOOST_REQUIRE(pids.size() == 1U);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pids[0]), &info, WSTOPPED | WNOWAIT);
    child.cancel(type);
    context.run();
    child.check_cancelled();
  }
}

BOOST_FIXTURE_TEST_CASE(a_spinning_child_is_no_harder, nothing_left) {
  asio::io_context context;
  run<void> child{context, [] {
                    for (bool const volatile on = true; on;) {
                    }
                  }};
  child.cancel(cancellation_type::partial);
  context.run();
  child.check_cancelled();
}

// Cancellations at any time, and any number of them

BOOST_FIXTURE_TEST_CASE(before_the_loop_runs, nothing_left) {
  asio::io_context context;
  run<void> child{context, pause_for_ever};
  child.cancel(cancellation_type::terminal);
  BOOST_TEST(child.calls == 0);
  context.run();
  child.check_cancelled();
}

BOOST_FIXTURE_TEST_CASE(from_inside_the_loop, nothing_left) {
  asio::io_context context;
  run<void> child{context, pause_for_ever};
  asio::post(context, [&] { child.cancel(cancellation_type::terminal); });
  context.run();
  child.check_cancelled();
}

BOOST_FIXTURE_TEST_CASE(right_behind_the_start_inside_the_loop, nothing_left) {
  asio::io_context context;
  std::optional<run<void>> child;
  asio::post(context, [&] {
    child.emplace(context, pause_for_ever);
    child->cancel(cancellation_type::terminal);
    BOOST_TEST(child->calls == 0);
  });
  context.run();
  child->check_cancelled();
}

void await_zombie() {
  auto const pids = isolatte::test::children();
  BOOST_REQUIRE(pids.size() == 1U);
  siginfo_t info{};
  BOOST_TEST(::waitid(P_PID, static_cast<id_t>(pids[0]), &info, WEXITED | WNOWAIT) == 0);
}

BOOST_FIXTURE_TEST_CASE(of_a_child_that_has_ended_changes_nothing, nothing_left) {
  for (auto const type :
       {cancellation_type::terminal, cancellation_type::partial, cancellation_type::total}) {
    asio::io_context context;
    run<int> returned{context, [] { return 1; }};
    await_zombie();
    returned.cancel(type);
    context.run();
    BOOST_TEST(returned.ec == error_code{});
    BOOST_TEST(returned.what.how() == ending::returned);
    BOOST_TEST(returned.what.value() == 1);

    context.restart();
    run<void> exited{context, [] { ::_exit(4); }};
    await_zombie();
    asio::post(context, [&] { exited.cancel(type); });
    context.run();
    BOOST_TEST(exited.ec == error_code{});
    BOOST_TEST(exited.what.how() == ending::exited);

    context.restart();
    run<void> signaled{context, [] { ::raise(SIGTERM); }, {.grace = 1h}};
    await_zombie();
    signaled.cancel(type);
    context.run();
    BOOST_TEST(signaled.ec == error_code{});
    BOOST_TEST(signaled.what.how() == ending::signaled);
  }
}

BOOST_FIXTURE_TEST_CASE(behind_the_completion_changes_nothing, nothing_left) {
  asio::io_context context;
  run<int> child{context, [] { return 1; }};
  context.run();
  child.cancel(cancellation_type::terminal);
  context.restart();
  context.run();
  BOOST_TEST(child.calls == 1);
  BOOST_TEST(child.ec == error_code{});
  BOOST_TEST(child.what.value() == 1);
}

BOOST_FIXTURE_TEST_CASE(twice_is_once, nothing_left) {
  for (auto const type :
       {cancellation_type::terminal, cancellation_type::partial, cancellation_type::total}) {
    asio::io_context context;
    run<void> child{context, pause_for_ever, {.grace = 1h}};
    child.cancel(type);
    child.cancel(type);
    context.run();
    child.check_cancelled();
  }
}

BOOST_FIXTURE_TEST_CASE(more_firmly_the_second_time, nothing_left) {
  for (auto const first : {cancellation_type::partial, cancellation_type::total}) {
    asio::io_context context;
    gate const ready;
    run<void> child{context,
                    [&] {
                      block_all();
                      ready.open();
                      next_signal();
                      ready.open();
                      pause_for_ever();
                    },
                    {.grace = 1h, .keep = ready.ends()}};
    ready.pass();
    when_open const heard{context, ready, [&] { child.cancel(cancellation_type::terminal); }};
    child.cancel(first);
    context.run();
    child.check_cancelled();
    BOOST_TEST((child.what.signal() == SIGKILL));
  }
}

BOOST_FIXTURE_TEST_CASE(politely_in_both_ways, nothing_left) {
  asio::io_context context;
  gate const ready;
  run<int> child{context,
                 [&] {
                   block_all();
                   ready.open();
                   int const first = next_signal({SIGINT, SIGTERM});
                   ready.open();
                   return 100 * first + next_signal({SIGINT, SIGTERM});
                 },
                 {.grace = 1h, .keep = ready.ends()}};
  ready.pass();
  when_open const heard{context, ready, [&] { child.cancel(cancellation_type::partial); }};
  child.cancel(cancellation_type::total);
  context.run();
  child.check_cancelled();
  BOOST_TEST(child.what.value() == 100 * SIGINT + SIGTERM);
}

BOOST_FIXTURE_TEST_CASE(from_another_thread, nothing_left) {
  asio::io_context context;
  gate const ready;
  asio::cancellation_signal stop;
  outcome<void> what;
  // Emitting a signal is not thread-safe, so a strand orders it with the completion.
  auto const strand = asio::make_strand(context);
  async_fork(
      strand,
      [&] {
        ready.open();
        pause_for_ever();
      },
      {.keep = ready.ends()},
      asio::bind_cancellation_slot(
          stop.slot(), asio::bind_executor(strand, [&](error_code ec, outcome<void> result) {
            BOOST_TEST(ec == asio::error::operation_aborted);
            what = std::move(result);
          })));
  std::thread other{[&] { context.run(); }};
  ready.pass();
  asio::post(strand, [&] { stop.emit(cancellation_type::terminal); });
  context.run();
  other.join();
  BOOST_TEST(what.how() == ending::cancelled);
}

// Several causes for one end

BOOST_FIXTURE_TEST_CASE(of_a_timed_out_child_hastens_its_end, nothing_left) {
  asio::io_context context;
  gate const ready;
  run<void> child{context,
                  [&] {
                    block_all();
                    ready.open();
                    next_signal();
                    ready.open();
                    pause_for_ever();
                  },
                  {.timeout = 1ms, .grace = 1h, .keep = ready.ends()}};
  // The loop looks at the deadline only when it runs, so the child is ready by then.
  ready.pass();
  when_open const heard{context, ready, [&] { child.cancel(cancellation_type::terminal); }};
  context.run();
  BOOST_TEST(child.calls == 1);
  // The timeout came first, so the later cancellation is not the cause.
  BOOST_TEST(child.what.how() == ending::timed_out);
  BOOST_TEST(child.ec == error_code{});
}

BOOST_FIXTURE_TEST_CASE(of_a_child_that_has_time_left, nothing_left) {
  asio::io_context context;
  run<void> child{context, pause_for_ever, {.timeout = 1h, .grace = 1h}};
  child.cancel(cancellation_type::terminal);
  context.run();
  child.check_cancelled();
}

BOOST_FIXTURE_TEST_CASE(of_a_child_that_dies_of_something_else, nothing_left) {
  asio::io_context context;
  gate const ready;
  run<void> child{
      context,
      [&] {
        block_all();
        ready.open();
        next_signal();
        std::abort();
      },
      {.grace = 1h, .limits = {.core_size = 0}, .keep = ready.ends(), .fault_report = false}};
  ready.pass();
  child.cancel(cancellation_type::partial);
  context.run();
  BOOST_TEST(child.calls == 1);
  BOOST_TEST(child.what.how() == ending::faulted);
  BOOST_TEST((child.what.signal() == SIGABRT));
}

// Parallel groups

BOOST_FIXTURE_TEST_CASE(ends_the_losers_of_a_parallel_group, nothing_left) {
  asio::io_context context;
  int calls = 0;
  asio::experimental::make_parallel_group(async_fork(
                                              context, [] { return 1; }, {}, asio::deferred),
                                          async_fork(context, pause_for_ever, {}, asio::deferred))
      .async_wait(asio::experimental::wait_for_one(),
                  [&](std::array<std::size_t, 2> order, error_code won, outcome<int> value,
                      error_code lost, outcome<void> nothing) {
                    BOOST_TEST(order[0] == 0U);
                    BOOST_TEST(won == error_code{});
                    BOOST_TEST(value.value() == 1);
                    BOOST_TEST(lost == asio::error::operation_aborted);
                    BOOST_TEST(nothing.how() == ending::cancelled);
                    ++calls;
                  });
  context.run();
  BOOST_TEST(calls == 1);
}

BOOST_FIXTURE_TEST_CASE(ends_a_whole_group, nothing_left) {
  asio::io_context context;
  std::vector<decltype(async_fork(context, pause_for_ever))> children;
  for (int i = 0; i != 5; ++i) children.push_back(async_fork(context, pause_for_ever));
  asio::cancellation_signal stop;
  int calls = 0;
  asio::experimental::make_parallel_group(std::move(children))
      .async_wait(asio::experimental::wait_for_all(),
                  asio::bind_cancellation_slot(
                      stop.slot(), [&](std::vector<std::size_t>, std::vector<error_code> errors,
                                       std::vector<outcome<void>> outcomes) {
                        ++calls;
                        for (auto const& ec : errors)
                          BOOST_TEST(ec == asio::error::operation_aborted);
                        for (auto const& what : outcomes)
                          BOOST_TEST(what.how() == ending::cancelled);
                      }));
  stop.emit(cancellation_type::terminal);
  context.run();
  BOOST_TEST(calls == 1);
}

BOOST_FIXTURE_TEST_CASE(ends_the_loser_of_an_or, nothing_left) {
  using namespace asio::experimental::awaitable_operators;
  asio::io_context context;
  int checks = 0;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        auto const first = co_await (async_fork(
                                         context, [] { return 1; }, {}, asio::use_awaitable) ||
                                     async_fork(context, pause_for_ever, {}, asio::use_awaitable));
        checks += first.index() == 0 && std::get<0>(first).value() == 1;
        BOOST_TEST(isolatte::test::children().empty());

        asio::steady_timer timer{context, 5ms};
        auto const second =
            co_await (async_fork(context, pause_for_ever, {}, asio::use_awaitable) ||
                      timer.async_wait(asio::use_awaitable));
        checks += second.index() == 1;
        BOOST_TEST(isolatte::test::children().empty());
      },
      asio::detached);
  context.run();
  BOOST_TEST(checks == 2);
}

// In coroutines

BOOST_FIXTURE_TEST_CASE(of_a_coroutine_is_terminal_unless_it_says_otherwise, nothing_left) {
  asio::io_context context;
  gate const ready;
  // The options have a name, because GCC 12 destroys temporaries in a co_await expression twice.
  options const opts{.grace = 1h, .keep = ready.ends()};
  asio::cancellation_signal stop;
  std::optional<outcome<void>> got;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        auto [ec, what] = co_await async_fork(
            context,
            [&] {
              ready.open();
              pause_for_ever();
            },
            opts, asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(ec == asio::error::operation_aborted);
        got = std::move(what);
      },
      asio::bind_cancellation_slot(stop.slot(), asio::detached));
  when_open const running{context, ready, [&] {
                            stop.emit(cancellation_type::total);
                            stop.emit(cancellation_type::partial);
                            stop.emit(cancellation_type::terminal);
                          }};
  context.run();
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST(got->how() == ending::cancelled);
  BOOST_TEST((got->signal() == SIGKILL));
}

BOOST_DATA_TEST_CASE_F(nothing_left, of_a_coroutine_that_lets_all_through, polite_kinds) {
  asio::io_context context;
  gate const ready;
  // The options have a name, because GCC 12 destroys temporaries in a co_await expression twice.
  options const opts{.grace = 1h, .keep = ready.ends()};
  asio::cancellation_signal stop;
  std::optional<outcome<int>> got;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
        auto [ec, what] = co_await async_fork(
            context,
            [&] {
              block_all();
              ready.open();
              return next_signal();
            },
            opts, asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(ec == asio::error::operation_aborted);
        got = std::move(what);
      },
      asio::bind_cancellation_slot(stop.slot(), asio::detached));
  when_open const running{context, ready, [&] { stop.emit(sample.type); }};
  context.run();
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST(got->how() == ending::cancelled);
  BOOST_TEST(got->value() == sample.signal);
}

BOOST_FIXTURE_TEST_CASE(before_the_child_exists_creates_none, nothing_left) {
  asio::io_context context;
  asio::cancellation_signal stop;
  bool forked = false;
  bool threw = false;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        stop.emit(cancellation_type::terminal);
        try {
          static_cast<void>(co_await async_fork(context, [] {}, asio::use_awaitable));
          forked = true;
        } catch (const boost::system::system_error& error) {
          threw = error.code() == asio::error::operation_aborted;
        }
        // Without the reset Asio would abort the coroutine, too.
        co_await asio::this_coro::reset_cancellation_state();
      },
      asio::bind_cancellation_slot(stop.slot(), asio::detached));
  context.run();
  BOOST_TEST(!forked);
  BOOST_TEST(threw);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cancellation_test
