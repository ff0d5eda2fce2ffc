// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "process/gate.hpp"
#include "remembered.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <future>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace child_handle_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::child;
using isolatte::ending;
using isolatte::options;
using isolatte::outcome;
using isolatte::spawn_child;
using isolatte::test::gate;
using isolatte::test::nothing_left;
using isolatte::test::remembered;
using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<child<int>>);
static_assert(std::is_nothrow_move_constructible_v<child<int>>);
static_assert(std::is_nothrow_move_assignable_v<child<int>>);

[[noreturn]] void pause_for_ever() {
  for (;;) ::pause();
}

void block(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (int const signal : signals) sigaddset(&set, signal);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

int next_signal(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (int const signal : signals) sigaddset(&set, signal);
  int signal = 0;
  ::sigwait(&set, &signal);
  return signal;
}

void await_zombie(int pid) {
  siginfo_t info{};
  BOOST_TEST(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
}

/// Waits until a child stops or goes on, and returns the kind of change.
int next_change(int pid, int flag) {
  siginfo_t info{};
  BOOST_TEST(::waitid(P_PID, static_cast<id_t>(pid), &info, flag) == 0);
  return info.si_code;
}

BOOST_AUTO_TEST_SUITE(child_handle)

BOOST_FIXTURE_TEST_CASE(of_nothing, nothing_left) {
  child<int> none;
  BOOST_TEST(none.pid() == 0);
  BOOST_TEST(!none.running());
  BOOST_TEST(none.interrupt() == make_error_code(isolatte::error::no_child));
  BOOST_TEST(none.request_exit() == make_error_code(isolatte::error::no_child));
  BOOST_TEST(none.terminate() == make_error_code(isolatte::error::no_child));
  BOOST_TEST(none.suspend() == make_error_code(isolatte::error::no_child));
  BOOST_TEST(none.resume() == make_error_code(isolatte::error::no_child));
}

bool tells_of_no_child(const boost::system::system_error& thrown) {
  return thrown.code() == make_error_code(isolatte::error::no_child);
}

std::ptrdiff_t threads() {
  std::filesystem::directory_iterator const all{"/proc/self/task"};
  return std::distance(begin(all), end(all));
}

// The operation would have no executor but Asio's system executor, and a program that forks is to
// get no threads from that.
BOOST_FIXTURE_TEST_CASE(of_nothing_is_not_waited_for, nothing_left) {
  // A sanitizer may have a thread of its own.
  std::ptrdiff_t const before = threads();
  child<int> none;
  remembered<int> done;
  BOOST_CHECK_EXCEPTION(none.async_wait(done.handler()), boost::system::system_error,
                        tells_of_no_child);
  asio::io_context context;
  BOOST_CHECK_EXCEPTION(none.async_wait(asio::bind_executor(context, done.handler())),
                        boost::system::system_error, tells_of_no_child);
  BOOST_CHECK_EXCEPTION(none.async_wait(asio::use_future), boost::system::system_error,
                        tells_of_no_child);
  BOOST_TEST((none.get_executor() == asio::any_io_executor{}));
  BOOST_TEST(context.run() == 0U);
  BOOST_TEST(done.calls == 0);
  BOOST_TEST(threads() == before);
}

BOOST_FIXTURE_TEST_CASE(moved_from_is_not_waited_for, nothing_left) {
  asio::io_context context;
  child<int> one = spawn_child(context, [] { return 1; });
  auto late = one.async_wait(asio::deferred);
  child<int> const other = std::move(one);
  remembered<int> done;
  BOOST_CHECK_EXCEPTION(one.async_wait(done.handler()), boost::system::system_error,
                        tells_of_no_child);
  BOOST_CHECK_EXCEPTION(std::move(late)(done.handler()), boost::system::system_error,
                        tells_of_no_child);
  BOOST_TEST(done.calls == 0);
}

BOOST_FIXTURE_TEST_CASE(gives_the_outcome, nothing_left) {
  asio::io_context context;
  child<int> one = spawn_child(context, [] { return ::getpid(); });
  BOOST_TEST(one.pid() > 0);
  BOOST_TEST((one.get_executor() == context.get_executor()));
  remembered<int> done;
  one.async_wait(done.handler());
  BOOST_TEST(done.calls == 0);
  context.run();
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(done.ec == error_code{});
  BOOST_TEST(done.what.how() == ending::returned);
  BOOST_TEST(done.what.value() == one.pid());
  BOOST_TEST(!one.running());
}

BOOST_FIXTURE_TEST_CASE(takes_every_token, nothing_left) {
  asio::io_context context;
  auto first = spawn_child(context, [] { return 1; });
  auto second = spawn_child(asio::any_io_executor{context.get_executor()}, [] { return 2; });
  auto third = spawn_child(context, [] { return std::make_unique<int>(3); });
  int sum = 0;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        sum += (co_await first.async_wait(asio::use_awaitable)).value();
        auto const [ec, what] = co_await second.async_wait(asio::as_tuple(asio::use_awaitable));
        sum += what.value();
      },
      asio::detached);
  auto future = third.async_wait(asio::use_future);
  context.run();
  sum += *std::move(future.get()).value();
  BOOST_TEST(sum == 6);
}

BOOST_FIXTURE_TEST_CASE(knows_whether_it_runs, nothing_left) {
  asio::io_context context;
  gate const leave;
  auto one = spawn_child(context, [&] { leave.pass(); }, {.keep = leave.ends()});
  BOOST_TEST(one.running());
  BOOST_TEST(isolatte::test::alive(one.pid()));
  leave.open();
  await_zombie(one.pid());
  // running() has to see the end although the event loop does not run.
  BOOST_TEST(!one.running());
  remembered<void> done;
  one.async_wait(done.handler());
  context.run();
  BOOST_TEST(done.what.how() == ending::returned);
}

BOOST_FIXTURE_TEST_CASE(may_be_waited_for_long_after_its_end, nothing_left) {
  asio::io_context context;
  auto one = spawn_child(context, [] { return 5; });
  context.run();
  BOOST_TEST(!one.running());
  BOOST_TEST(isolatte::test::children().empty());
  context.restart();
  remembered<int> done;
  one.async_wait(done.handler());
  BOOST_TEST(done.calls == 0);
  context.run();
  BOOST_TEST(done.what.value() == 5);
}

// Signals

BOOST_FIXTURE_TEST_CASE(sends_what_its_members_say, nothing_left) {
  asio::io_context context;
  gate const ready;
  auto one = spawn_child(context,
                         [&] {
                           block({SIGINT, SIGTERM});
                           ready.open();
                           int const first = next_signal({SIGINT, SIGTERM});
                           ready.open();
                           return 100 * first + next_signal({SIGINT, SIGTERM});
                         },
                         {.keep = ready.ends()});
  ready.pass();
  BOOST_TEST(one.interrupt() == error_code{});
  ready.pass();
  BOOST_TEST(one.request_exit() == error_code{});
  remembered<int> done;
  one.async_wait(done.handler());
  context.run();
  BOOST_TEST(done.ec == error_code{});
  BOOST_TEST(done.what.how() == ending::returned);
  BOOST_TEST(done.what.value() == 100 * SIGINT + SIGTERM);
}

BOOST_FIXTURE_TEST_CASE(tells_signals_that_were_not_caught, nothing_left) {
  asio::io_context context;
  gate const ready;
  auto const start = [&] {
    auto one = spawn_child(context,
                           [&] {
                             ready.open();
                             pause_for_ever();
                           },
                           {.keep = ready.ends()});
    ready.pass();
    return one;
  };
  auto interrupted = start();
  auto asked = start();
  auto killed = start();
  BOOST_TEST(interrupted.interrupt() == error_code{});
  BOOST_TEST(asked.request_exit() == error_code{});
  BOOST_TEST(killed.terminate() == error_code{});
  remembered<void> a;
  remembered<void> b;
  remembered<void> c;
  interrupted.async_wait(a.handler());
  asked.async_wait(b.handler());
  killed.async_wait(c.handler());
  context.run();
  BOOST_TEST((a.what.signal() == SIGINT));
  BOOST_TEST((b.what.signal() == SIGTERM));
  BOOST_TEST((c.what.signal() == SIGKILL));
  // `killed` would mean a SIGKILL from outside. There is no error, because the wait was not
  // cancelled.
  BOOST_TEST(c.what.how() == ending::cancelled);
  BOOST_TEST(c.ec == error_code{});
}

BOOST_FIXTURE_TEST_CASE(leaves_alone_what_has_ended, nothing_left) {
  asio::io_context context;
  auto one = spawn_child(context, [] { return 1; });
  await_zombie(one.pid());
  BOOST_TEST(one.terminate() == boost::system::errc::no_such_process);
  BOOST_TEST(one.interrupt() == boost::system::errc::no_such_process);
  remembered<int> done;
  one.async_wait(done.handler());
  context.run();
  BOOST_TEST(done.what.how() == ending::returned);
  BOOST_TEST(one.request_exit() == boost::system::errc::no_such_process);
  BOOST_TEST(one.suspend() == boost::system::errc::no_such_process);
  BOOST_TEST(one.resume() == boost::system::errc::no_such_process);
  BOOST_TEST(one.pid() == done.what.pid());
}

BOOST_FIXTURE_TEST_CASE(suspends_and_resumes, nothing_left) {
  asio::io_context context;
  gate const leave;
  auto one = spawn_child(context,
                         [&] {
                           leave.pass();
                           return 8;
                         },
                         {.keep = leave.ends()});
  remembered<int> done;
  one.async_wait(done.handler());
  for (int i = 0; i != 3; ++i) {
    BOOST_TEST(one.suspend() == error_code{});
    BOOST_TEST(next_change(one.pid(), WSTOPPED) == CLD_STOPPED);
    BOOST_TEST(one.running());
    // A stop must not look like an end to the loop.
    context.poll();
    BOOST_TEST(done.calls == 0);
    BOOST_TEST(one.resume() == error_code{});
    BOOST_TEST(next_change(one.pid(), WCONTINUED) == CLD_CONTINUED);
  }
  leave.open();
  context.run();
  BOOST_TEST(done.what.value() == 8);
}

BOOST_FIXTURE_TEST_CASE(terminates_what_is_suspended, nothing_left) {
  asio::io_context context;
  auto one = spawn_child(context, pause_for_ever);
  one.suspend();
  BOOST_TEST(next_change(one.pid(), WSTOPPED) == CLD_STOPPED);
  BOOST_TEST(one.terminate() == error_code{});
  remembered<void> done;
  one.async_wait(done.handler());
  context.run();
  BOOST_TEST((done.what.signal() == SIGKILL));
}

// Waits

BOOST_FIXTURE_TEST_CASE(is_waited_for_once_at_a_time, nothing_left) {
  asio::io_context context;
  gate const leave;
  auto one = spawn_child(context,
                         [&] {
                           leave.pass();
                           return 6;
                         },
                         {.keep = leave.ends()});
  remembered<int> first;
  remembered<int> second;
  remembered<int> third;
  one.async_wait(first.handler());
  one.async_wait(second.handler());
  BOOST_TEST(second.calls == 0);
  while (second.calls == 0) context.run_one();
  BOOST_TEST(second.ec == make_error_code(isolatte::error::already_waiting));
  BOOST_TEST(second.what.how() == ending::not_started);
  BOOST_TEST(first.calls == 0);
  leave.open();
  context.run();
  BOOST_TEST(first.what.value() == 6);
  context.restart();
  one.async_wait(third.handler());
  context.run();
  BOOST_TEST(third.calls == 1);
  BOOST_TEST(third.ec == make_error_code(isolatte::error::already_delivered));
}

BOOST_FIXTURE_TEST_CASE(lives_on_when_a_wait_is_cancelled, nothing_left) {
  for (auto const type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                          asio::cancellation_type::total}) {
    asio::io_context context;
    gate const leave;
    auto one = spawn_child(context,
                           [&] {
                             leave.pass();
                             return 9;
                           },
                           {.keep = leave.ends()});
    asio::cancellation_signal stop;
    remembered<int> cancelled;
    bool emitting = false;
    one.async_wait(asio::bind_cancellation_slot(stop.slot(), [&](error_code ec, outcome<int> what) {
      BOOST_TEST(!emitting);
      cancelled.handler()(ec, std::move(what));
    }));
    asio::post(context, [&] {
      emitting = true;
      stop.emit(type);
      emitting = false;
    });
    while (cancelled.calls == 0) context.run_one();
    BOOST_TEST(cancelled.ec == asio::error::operation_aborted);
    BOOST_TEST(cancelled.what.how() == ending::not_started);
    BOOST_TEST(one.running());
    BOOST_TEST(isolatte::test::alive(one.pid()));

    remembered<int> done;
    one.async_wait(done.handler());
    leave.open();
    context.run();
    BOOST_TEST(done.ec == error_code{});
    BOOST_TEST(done.what.value() == 9);
  }
}

BOOST_FIXTURE_TEST_CASE(may_be_given_up_waiting_for_before_the_loop_runs, nothing_left) {
  asio::io_context context;
  auto one = spawn_child(context, [] { return 3; });
  asio::cancellation_signal stop;
  remembered<int> first;
  remembered<int> second;
  one.async_wait(asio::bind_cancellation_slot(stop.slot(), first.handler()));
  stop.emit(asio::cancellation_type::terminal);
  context.run();
  context.restart();
  BOOST_TEST(first.calls == 1);
  // The cancellation or the outcome came first. The outcome is handed out once in both cases.
  one.async_wait(second.handler());
  context.run();
  BOOST_TEST(second.calls == 1);
  if (first.ec)
    BOOST_TEST(second.what.value() == 3);
  else
    BOOST_TEST(second.ec == make_error_code(isolatte::error::already_delivered));
}

// Destruction

BOOST_FIXTURE_TEST_CASE(kills_when_destroyed, nothing_left) {
  asio::io_context context;
  int pid = 0;
  {
    auto const one = spawn_child(context, pause_for_ever);
    pid = one.pid();
    BOOST_TEST(isolatte::test::alive(pid));
  }
  // The child is reaped although the loop never ran.
  BOOST_TEST(isolatte::test::children().empty());
  BOOST_TEST((::kill(pid, 0) == -1 && errno == ESRCH));
  context.run();
}

BOOST_FIXTURE_TEST_CASE(kills_the_whole_tree_when_destroyed, nothing_left) {
  asio::io_context context;
  int ends[2];
  BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  {
    auto const one =
        spawn_child(context,
                    [&] {
                      pid_t const grandchild = ::fork();
                      if (grandchild == 0) pause_for_ever();
                      static_cast<void>(!::write(ends[1], &grandchild, sizeof grandchild));
                      block({SIGTERM, SIGINT, SIGHUP});
                      pause_for_ever();
                    },
                    {.keep = {ends[1]}});
    pid_t grandchild = 0;
    BOOST_TEST(::read(ends[0], &grandchild, sizeof grandchild) == int{sizeof grandchild});
    BOOST_TEST(isolatte::test::alive(grandchild));
    ::close(ends[1]);
  }
  // No process has the write end of the pipe open.
  char byte;
  BOOST_TEST(::read(ends[0], &byte, 1) == 0);
  ::close(ends[0]);
  context.run();
}

BOOST_FIXTURE_TEST_CASE(aborts_the_wait_when_destroyed, nothing_left) {
  asio::io_context context;
  remembered<void> done;
  {
    auto one = spawn_child(context, pause_for_ever);
    one.async_wait(done.handler());
  }
  BOOST_TEST(done.calls == 0);
  BOOST_TEST(isolatte::test::children().empty());
  context.run();
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(done.ec == asio::error::operation_aborted);
  BOOST_TEST(!done.what);
}

BOOST_FIXTURE_TEST_CASE(may_be_destroyed_in_the_handler, nothing_left) {
  asio::io_context context;
  auto one = std::make_unique<child<int>>(spawn_child(context, [] { return 1; }));
  int calls = 0;
  one->async_wait([&](error_code ec, outcome<int> what) {
    one.reset();
    BOOST_TEST(ec == error_code{});
    BOOST_TEST(what.value() == 1);
    ++calls;
  });
  context.run();
  BOOST_TEST(calls == 1);
}

BOOST_FIXTURE_TEST_CASE(may_be_destroyed_while_threads_run_the_loop, nothing_left) {
  asio::thread_pool pool{2};
  std::atomic<int> calls = 0;
  for (int i = 0; i != 50; ++i) {
    auto one = spawn_child(pool, [i] {
      if (i % 2 == 0) pause_for_ever();
    });
    one.async_wait([&](error_code, outcome<void>) { ++calls; });
  }
  BOOST_TEST(isolatte::test::children().empty());
  pool.join();
  BOOST_TEST(calls == 50);
}

BOOST_FIXTURE_TEST_CASE(may_be_destroyed_behind_the_end, nothing_left) {
  asio::io_context context;
  {
    auto const one = spawn_child(context, [] { return 1; });
    await_zombie(one.pid());
  }
  BOOST_TEST(isolatte::test::children().empty());
  context.run();
}

// Moves

BOOST_FIXTURE_TEST_CASE(moves, nothing_left) {
  asio::io_context context;
  gate const leave;
  remembered<int> done;
  auto one = spawn_child(context,
                         [&] {
                           leave.pass();
                           return 2;
                         },
                         {.keep = leave.ends()});
  one.async_wait(done.handler());
  int const pid = one.pid();
  child<int> const other = std::move(one);
  BOOST_TEST(other.pid() == pid);
  BOOST_TEST(other.running());
  BOOST_TEST(one.pid() == 0);
  BOOST_TEST(!one.running());
  leave.open();
  context.run();
  BOOST_TEST(done.what.value() == 2);
}

BOOST_FIXTURE_TEST_CASE(kills_what_it_held_when_assigned_to, nothing_left) {
  asio::io_context context;
  auto one = spawn_child(context, pause_for_ever);
  auto two = spawn_child(context, pause_for_ever);
  remembered<void> done;
  one.async_wait(done.handler());
  int const first = one.pid();
  int const second = two.pid();
  one = std::move(two);
  BOOST_TEST(one.pid() == second);
  BOOST_TEST(!isolatte::test::alive(first));
  BOOST_TEST(isolatte::test::alive(second));
  while (done.calls == 0) context.run_one();
  BOOST_TEST(done.ec == asio::error::operation_aborted);
  one = {};
  BOOST_TEST(one.pid() == 0);
  BOOST_TEST(isolatte::test::children().empty());
  context.run();
}

// Children that could not be started

BOOST_FIXTURE_TEST_CASE(tells_what_kept_the_child_from_being_created, nothing_left) {
  asio::io_context context;
  auto one = spawn_child(context, [] { return 1; }, {.in = isolatte::from_file{"/does/not/exist"}});
  BOOST_TEST(one.pid() == 0);
  BOOST_TEST(!one.running());
  BOOST_TEST(one.terminate() == boost::system::errc::no_such_file_or_directory);
  remembered<int> done;
  one.async_wait(done.handler());
  BOOST_TEST(done.calls == 0);
  context.run();
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(done.ec == boost::system::errc::no_such_file_or_directory);
  BOOST_TEST(done.what.how() == ending::not_started);
  BOOST_CHECK_THROW(done.what.value(), boost::system::system_error);
}

BOOST_FIXTURE_TEST_CASE(tells_what_kept_the_callable_from_running, nothing_left) {
  asio::io_context context;
  auto one = spawn_child(context, [] { return 1; }, {.limits = {.oom_score_adj = 5000}});
  remembered<int> done;
  one.async_wait(done.handler());
  context.run();
  BOOST_TEST(done.ec == boost::system::errc::invalid_argument);
  BOOST_TEST(done.what.how() == ending::not_started);
  BOOST_TEST(done.what.ran() == isolatte::ran::no);
}

// Options

BOOST_FIXTURE_TEST_CASE(times_out, nothing_left) {
  asio::io_context context;
  auto one = spawn_child(context, pause_for_ever, {.timeout = 5ms});
  // The timeout works without an async_wait().
  context.run();
  BOOST_TEST(!one.running());
  context.restart();
  remembered<void> done;
  one.async_wait(done.handler());
  context.run();
  BOOST_TEST(done.ec == error_code{});
  BOOST_TEST(done.what.how() == ending::timed_out);
}

BOOST_FIXTURE_TEST_CASE(waits_for_the_end_whatever_early_says, nothing_left) {
  asio::io_context context;
  auto one = spawn_child(context, [] { return 1; }, {.early = true});
  remembered<int> done;
  one.async_wait(done.handler());
  context.run();
  BOOST_TEST(done.what.value() == 1);
  BOOST_TEST((done.what.exit_code() == 0));
}

BOOST_FIXTURE_TEST_CASE(cancelling_a_refused_wait_leaves_the_other, nothing_left) {
  asio::io_context context;
  gate const go;
  auto one = spawn_child(context,
                         [&] {
                           go.pass();
                           return 7;
                         },
                         {.keep = go.ends()});
  remembered<int> first;
  remembered<int> second;
  asio::cancellation_signal stop;
  one.async_wait(first.handler());
  one.async_wait(asio::bind_cancellation_slot(stop.slot(), second.handler()));
  stop.emit(asio::cancellation_type::terminal);
  go.open();
  context.run();
  BOOST_TEST(second.ec == make_error_code(isolatte::error::already_waiting));
  BOOST_TEST(first.ec == error_code{});
  BOOST_TEST(first.what.value() == 7);
}

BOOST_FIXTURE_TEST_CASE(a_waits_handler_may_block_on_the_next_wait, nothing_left) {
  asio::thread_pool threads{3};
  gate const go;
  auto one = spawn_child(threads,
                         [&] {
                           go.pass();
                           return 7;
                         },
                         {.keep = go.ends()});
  asio::strand<asio::thread_pool::executor_type> strand{threads.get_executor()};
  asio::cancellation_signal stop;
  std::promise<int> value;
  asio::post(strand, [&] {
    one.async_wait(
        asio::bind_cancellation_slot(stop.slot(), [&](error_code ec, const outcome<int>&) {
          if (ec != asio::error::operation_aborted) return value.set_value(-1);
          auto next = one.async_wait(asio::use_future);
          go.open();
          value.set_value(next.get().value());
        }));
    asio::post(strand, [&] { stop.emit(asio::cancellation_type::terminal); });
  });
  BOOST_TEST(value.get_future().get() == 7);
  threads.join();
}

/// Runs a function at once, in the thread that calls execute().
struct inline_executor {
  template <class F>
  void execute(F f) const {
    f();
  }
  auto require(asio::execution::blocking_t::never_t never) const {
    return asio::require(asio::system_executor{}, never);
  }
  bool operator==(const inline_executor&) const noexcept = default;
};

BOOST_FIXTURE_TEST_CASE(a_handler_that_throws_at_its_destruction_leaves_nothing, nothing_left) {
  asio::io_context context;
  auto token = std::make_shared<int>();
  std::weak_ptr const watched = token;
  std::optional one =
      spawn_child(context, pause_for_ever,
                  {.out = isolatte::by_line{[token](std::string_view) {}}, .timeout = 1h});
  token.reset();
  context.poll();
  one->async_wait(
      asio::bind_executor(inline_executor{}, [](error_code, const outcome<void>&) { throw 1; }));
  context.restart();
  context.poll();
  one.reset();
  context.restart();
  BOOST_CHECK_THROW(context.run(), int);
  context.run();
  BOOST_TEST(watched.expired());
}

BOOST_FIXTURE_TEST_CASE(destroyed_by_a_line_it_hands_over_no_other, nothing_left) {
  asio::io_context context;
  std::optional<child<void>> one;
  int lines = 0;
  one = spawn_child(context,
                    [] {
                      isolatte::test::write_all(1, "a\nb\nc\n");
                      pause_for_ever();
                    },
                    {.out = isolatte::by_line{[&](std::string_view) {
                       ++lines;
                       one.reset();
                     }}});
  context.run();
  BOOST_TEST(lines == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace child_handle_test
