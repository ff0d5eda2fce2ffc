// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "process/marked_executor.hpp"
#include "remembered.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/spawn.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace async_fork_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::ending;
using isolatte::options;
using isolatte::outcome;
using isolatte::test::nothing_left;
using isolatte::test::remembered;

int answer() { return 42; }

BOOST_AUTO_TEST_SUITE(async_fork)

// Completion tokens

BOOST_FIXTURE_TEST_CASE(completes_a_callback, nothing_left) {
  asio::io_context context;
  remembered<int> done;
  isolatte::async_fork(context, answer, {}, done.handler());
  BOOST_TEST(done.calls == 0);
  context.run();
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(done.ec == error_code{});
  BOOST_TEST(done.what.how() == ending::returned);
  BOOST_TEST(done.what.success());
  BOOST_TEST(done.what.value() == 42);
}

BOOST_FIXTURE_TEST_CASE(completes_a_handler_that_can_only_be_moved, nothing_left) {
  asio::io_context context;
  int got = 0;
  isolatte::async_fork(context, answer, {},
                       [&got, owned = std::make_unique<int>(1)](error_code, outcome<int> what) {
                         got = what.value() + *owned;
                       });
  context.run();
  BOOST_TEST(got == 43);
}

BOOST_FIXTURE_TEST_CASE(completes_a_coroutine, nothing_left) {
  asio::io_context context;
  std::optional<int> got;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        auto const executor = co_await asio::this_coro::executor;
        outcome<int> const what =
            co_await isolatte::async_fork(executor, answer, {}, asio::use_awaitable);
        got = what.value();
      },
      asio::detached);
  context.run();
  BOOST_TEST((got == 42));
}

BOOST_FIXTURE_TEST_CASE(is_awaitable_without_a_token, nothing_left) {
  asio::io_context context;
  std::optional<int> got;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        outcome<int> const what =
            co_await isolatte::async_fork(context, answer)(asio::use_awaitable);
        got = what.value();
      },
      asio::detached);
  context.run();
  BOOST_TEST((got == 42));
}

// Options have names, because GCC 12 destroys an aggregate inside a co_await expression twice.

BOOST_FIXTURE_TEST_CASE(throws_the_error_into_a_coroutine, nothing_left) {
  asio::io_context context;
  error_code got;
  options const wrong{.in = isolatte::from_file{"/does/not/exist"}};
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        try {
          static_cast<void>(
              co_await isolatte::async_fork(context, answer, wrong, asio::use_awaitable));
        } catch (const boost::system::system_error& error) {
          got = error.code();
        }
      },
      asio::detached);
  context.run();
  BOOST_TEST(got == boost::system::errc::no_such_file_or_directory);
}

BOOST_FIXTURE_TEST_CASE(gives_a_tuple, nothing_left) {
  asio::io_context context;
  int checks = 0;
  options const wrong{.in = isolatte::from_fd{-1}};
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        auto const [ec, what] =
            co_await isolatte::async_fork(context, answer, {}, asio::as_tuple(asio::use_awaitable));
        checks += !ec && what.value() == 42;
        auto const [error, nothing] = co_await isolatte::async_fork(
            context, answer, wrong, asio::as_tuple(asio::use_awaitable));
        checks += error == boost::system::errc::bad_file_descriptor &&
                  nothing.how() == ending::not_started;
      },
      asio::detached);
  context.run();
  BOOST_TEST(checks == 2);
}

BOOST_FIXTURE_TEST_CASE(starts_nothing_before_a_deferred_operation_is_launched, nothing_left) {
  asio::io_context context;
  auto operation = isolatte::async_fork(context, answer, {}, asio::deferred);
  context.run();
  BOOST_TEST(isolatte::test::children().empty());
  context.restart();
  remembered<int> done;
  std::move(operation)(done.handler());
  context.run();
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(done.what.value() == 42);
}

BOOST_FIXTURE_TEST_CASE(launches_a_deferred_operation_as_often_as_wanted, nothing_left) {
  asio::io_context context;
  auto const operation = isolatte::async_fork(context, [] { return std::string{"again"}; });
  remembered<std::string> first;
  remembered<std::string> second;
  operation(first.handler());
  operation(second.handler());
  context.run();
  BOOST_TEST(first.what.value() == "again");
  BOOST_TEST(second.what.value() == "again");
  BOOST_TEST(first.what.pid() != second.what.pid());
}

BOOST_FIXTURE_TEST_CASE(chains_deferred_operations, nothing_left) {
  asio::io_context context;
  int got = 0;
  auto chain = isolatte::async_fork(
      context, answer, {}, asio::deferred([&](error_code, outcome<int> what) {
        return isolatte::async_fork(context, [n = what.value()] { return n + 1; });
      }));
  std::move(chain)([&](error_code, outcome<int> what) { got = what.value(); });
  context.run();
  BOOST_TEST(got == 43);
}

BOOST_FIXTURE_TEST_CASE(gives_a_future, nothing_left) {
  asio::io_context context;
  std::future<outcome<int>> future = isolatte::async_fork(context, answer, {}, asio::use_future);
  std::future<outcome<int>> refused = isolatte::async_fork(
      context, answer, {.out = isolatte::to_file{"/does/not/exist"}}, asio::use_future);
  context.run();
  BOOST_TEST(future.get().value() == 42);
  BOOST_CHECK_EXCEPTION(static_cast<void>(refused.get()), boost::system::system_error,
                        [](auto const& error) {
                          return error.code() == boost::system::errc::no_such_file_or_directory;
                        });
}

BOOST_FIXTURE_TEST_CASE(gives_a_future_of_another_threads_loop, nothing_left) {
  asio::thread_pool pool{1};
  BOOST_TEST(isolatte::async_fork(pool, answer, {}, asio::use_future).get().value() == 42);
  pool.join();
}

BOOST_FIXTURE_TEST_CASE(resumes_a_stackful_coroutine, nothing_left) {
  asio::io_context context;
  int checks = 0;
  asio::spawn(
      context,
      [&](asio::yield_context yield) {
        checks += isolatte::async_fork(context, answer, {}, yield).value() == 42;
        error_code ec;
        auto const what = isolatte::async_fork(
            context, answer, {.in = isolatte::from_file{"/does/not/exist"}}, yield[ec]);
        checks += ec == boost::system::errc::no_such_file_or_directory &&
                  what.how() == ending::not_started;
        try {
          static_cast<void>(isolatte::async_fork(
              context, answer, {.in = isolatte::from_file{"/does/not/exist"}}, yield));
        } catch (const boost::system::system_error&) {
          ++checks;
        }
      },
      asio::detached);
  context.run();
  BOOST_TEST(checks == 3);
}

BOOST_FIXTURE_TEST_CASE(runs_detached, nothing_left) {
  asio::io_context context;
  isolatte::async_fork(context, answer, {}, asio::detached);
  context.run();
}

BOOST_FIXTURE_TEST_CASE(is_part_of_a_parallel_group, nothing_left) {
  asio::io_context context;
  int got = 0;
  asio::experimental::make_parallel_group(
      isolatte::async_fork(context, answer, {}, asio::deferred),
      isolatte::async_fork(
          context, [] { return std::string{"x"}; }, {}, asio::deferred))
      .async_wait(
          asio::experimental::wait_for_all(),
          [&](std::array<std::size_t, 2>, error_code, outcome<int> a, error_code,
              outcome<std::string> b) { got = a.value() + static_cast<int>(b.value().size()); });
  context.run();
  BOOST_TEST(got == 43);
}

BOOST_FIXTURE_TEST_CASE(is_joined_by_awaitable_operators, nothing_left) {
  using namespace asio::experimental::awaitable_operators;
  asio::io_context context;
  int got = 0;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        auto const [a, b] =
            co_await (isolatte::async_fork(context, answer, {}, asio::use_awaitable) &&
                      isolatte::async_fork(context, [] { return 1; }, {}, asio::use_awaitable));
        got = a.value() + b.value();
      },
      asio::detached);
  context.run();
  BOOST_TEST(got == 43);
}

// Callables

BOOST_FIXTURE_TEST_CASE(takes_callables_of_every_kind, nothing_left) {
  struct once {
    std::unique_ptr<int> owned;
    int operator()() && { return *owned; }
  };
  static_assert(std::is_same_v<isolatte::result_of<once>, int>);
  asio::io_context context;
  remembered<int> function;
  remembered<int> closure;
  remembered<int> moved;
  remembered<int> wrapped;
  isolatte::async_fork(context, &answer, {}, function.handler());
  isolatte::async_fork(context, [n = 1]() mutable { return ++n; }, {}, closure.handler());
  isolatte::async_fork(context, once{std::make_unique<int>(3)}, {}, moved.handler());
  isolatte::async_fork(context, std::function<int()>{[] { return 4; }}, {}, wrapped.handler());
  auto deferred = isolatte::async_fork(context, once{std::make_unique<int>(5)});
  auto later = std::move(deferred)(asio::use_future);
  context.run();
  BOOST_TEST(function.what.value() == 42);
  BOOST_TEST(closure.what.value() == 2);
  BOOST_TEST(moved.what.value() == 3);
  BOOST_TEST(wrapped.what.value() == 4);
  BOOST_TEST(later.get().value() == 5);
}

BOOST_FIXTURE_TEST_CASE(captures_by_reference_what_lives_until_it_returns, nothing_left) {
  asio::io_context context;
  remembered<std::string> done;
  {
    std::string const local = "a copy of this lives in the child";
    isolatte::async_fork(context, [&] { return local; }, {}, done.handler());
  }
  context.run();
  BOOST_TEST(done.what.value() == "a copy of this lives in the child");
}

BOOST_FIXTURE_TEST_CASE(changes_nothing_here, nothing_left) {
  asio::io_context context;
  int mine = 1;
  remembered<int> done;
  isolatte::async_fork(context, [&] { return mine = 2; }, {}, done.handler());
  context.run();
  BOOST_TEST(done.what.value() == 2);
  BOOST_TEST(mine == 1);
}

BOOST_FIXTURE_TEST_CASE(gives_results_of_every_kind, nothing_left) {
  asio::io_context context;
  std::string const text = "referred to";
  auto refer = [&]() -> const std::string& { return text; };
  static_assert(std::is_same_v<isolatte::result_of<decltype(refer)>, std::string>);
  static_assert(std::is_same_v<isolatte::result_of<void (*)()>, void>);
  remembered<std::string> referred;
  remembered<void> nothing;
  remembered<std::unique_ptr<int>> owned;
  isolatte::async_fork(context, refer, {}, referred.handler());
  isolatte::async_fork(context, [] {}, {}, nothing.handler());
  isolatte::async_fork(context, [] { return std::make_unique<int>(7); }, {}, owned.handler());
  context.run();
  BOOST_TEST(referred.what.value() == text);
  BOOST_TEST(nothing.what.how() == ending::returned);
  BOOST_TEST(static_cast<bool>(nothing.what));
  BOOST_CHECK_NO_THROW(nothing.what.value());
  std::unique_ptr<int> const taken = std::move(owned.what).value();
  BOOST_REQUIRE(taken);
  BOOST_TEST(*taken == 7);
}

// Place and time of the handler

BOOST_FIXTURE_TEST_CASE(never_calls_the_handler_inside_the_initiating_function, nothing_left) {
  asio::io_context context;
  int calls = 0;
  asio::post(context, [&] {
    bool initiating = true;
    auto const handler = [&](error_code, outcome<int>) {
      BOOST_TEST(!initiating);
      ++calls;
    };
    isolatte::async_fork(context, answer, {}, handler);
    isolatte::async_fork(context, answer, {.in = isolatte::from_file{"/does/not/exist"}}, handler);
    isolatte::async_fork(context, answer, {.limits = {.oom_score_adj = 5000}}, handler);
    // The second operation has failed by the time the third one starts.
    initiating = false;
    // The loop runs while `initiating` is alive, because queued handlers refer to it.
    while (context.poll_one() != 0) {
    }
    while (calls != 3) context.run_one();
  });
  context.run();
  BOOST_TEST(calls == 3);
}

BOOST_FIXTURE_TEST_CASE(calls_the_handler_on_its_own_executor, nothing_left) {
  asio::io_context context;
  isolatte::test::marked_executor const marked{context};
  int calls = 0;
  auto handler = asio::bind_executor(marked, [&](error_code, outcome<int>) {
    BOOST_TEST(marked.running());
    ++calls;
  });
  isolatte::async_fork(context, answer, {}, handler);
  isolatte::async_fork(context, answer, {.in = isolatte::from_file{"/does/not/exist"}}, handler);
  isolatte::async_fork(context, [] { return ::raise(SIGTERM); }, {}, handler);
  context.run();
  BOOST_TEST(calls == 3);
  BOOST_TEST(marked.functions() >= 3);
}

BOOST_FIXTURE_TEST_CASE(does_everything_on_the_operations_executor, nothing_left) {
  asio::io_context context;
  isolatte::test::marked_executor const marked{context};
  int lines = 0;
  int calls = 0;
  isolatte::async_fork(
      asio::any_io_executor{marked}, [] { return static_cast<int>(::write(1, "one\ntwo\n", 8)); },
      {.out = isolatte::by_line{[&](std::string_view) {
         BOOST_TEST(marked.running());
         ++lines;
       }}},
      [&](error_code, outcome<int> what) {
        BOOST_TEST(marked.running());
        BOOST_TEST(what.value() == 8);
        ++calls;
      });
  context.run();
  BOOST_TEST(lines == 2);
  BOOST_TEST(calls == 1);
}

BOOST_FIXTURE_TEST_CASE(keeps_the_handlers_executor_at_work, nothing_left) {
  asio::io_context operation_context;
  asio::io_context handler_context;
  std::thread::id ran_in;
  isolatte::async_fork(operation_context, answer, {},
                       asio::bind_executor(handler_context, [&](error_code, outcome<int> what) {
                         BOOST_TEST(what.value() == 42);
                         ran_in = std::this_thread::get_id();
                       }));
  std::thread other{[&] { operation_context.run(); }};
  // run() must not return before the handler is due, although there is nothing to do until then.
  handler_context.run();
  BOOST_TEST((ran_in == std::this_thread::get_id()));
  other.join();
}

BOOST_FIXTURE_TEST_CASE(runs_on_strands, nothing_left) {
  asio::thread_pool pool{3};
  auto const strand = asio::make_strand(pool);
  // A plain int: the strand guards it, and ThreadSanitizer would find a race if it did not.
  int calls = 0;
  int lines = 0;
  for (int i = 0; i != 20; ++i)
    isolatte::async_fork(
        strand, [] { return static_cast<int>(::write(2, "line\n", 5)); },
        {.err = isolatte::by_line{[&](std::string_view) { ++lines; }}},
        [&](error_code, outcome<int>) {
          BOOST_TEST(strand.running_in_this_thread());
          ++calls;
        });
  for (int i = 0; i != 20; ++i)
    isolatte::async_fork(pool, answer, {},
                         asio::bind_executor(strand, [&](error_code, outcome<int>) {
                           BOOST_TEST(strand.running_in_this_thread());
                           ++calls;
                         }));
  pool.join();
  BOOST_TEST(calls == 40);
  BOOST_TEST(lines == 20);
}

BOOST_FIXTURE_TEST_CASE(runs_in_thread_pools, nothing_left) {
  asio::thread_pool pool{2};
  std::atomic<int> sum = 0;
  auto const add = [&](error_code, outcome<int> what) { sum += what.value(); };
  isolatte::async_fork(pool, answer, {}, add);
  isolatte::async_fork(asio::any_io_executor{pool.get_executor()}, answer, {}, add);
  pool.join();
  BOOST_TEST(sum == 84);
}

BOOST_FIXTURE_TEST_CASE(waits_for_a_stopped_context_to_go_on, nothing_left) {
  asio::io_context context;
  remembered<int> done;
  context.stop();
  isolatte::async_fork(context, answer, {}, done.handler());
  context.run();
  BOOST_TEST(done.calls == 0);
  context.restart();
  context.run();
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(done.what.value() == 42);
}

// Memory and other resources

struct tally {
  std::size_t live = 0;
  std::size_t ever = 0;
};

template <class T>
struct counting_allocator {
  using value_type = T;
  tally* count;

  explicit counting_allocator(tally& to) noexcept : count{&to} {}
  template <class U>
  counting_allocator(const counting_allocator<U>& other) noexcept : count{other.count} {}

  T* allocate(std::size_t n) {
    count->live += n * sizeof(T);
    ++count->ever;
    return std::allocator<T>{}.allocate(n);
  }
  void deallocate(T* at, std::size_t n) noexcept {
    count->live -= n * sizeof(T);
    std::allocator<T>{}.deallocate(at, n);
  }
  template <class U>
  bool operator==(const counting_allocator<U>& other) const noexcept {
    return count == other.count;
  }
};

BOOST_FIXTURE_TEST_CASE(uses_the_handlers_allocator_and_is_done_with_it, nothing_left) {
  asio::io_context context;
  for (auto const* const file : {"/dev/null", "/does/not/exist"}) {
    tally memory;
    int calls = 0;
    isolatte::async_fork(
        context, answer, {.in = isolatte::from_file{file}},
        asio::bind_allocator(counting_allocator<char>{memory}, [&](error_code, outcome<int>) {
          BOOST_TEST(memory.live == 0U);
          ++calls;
        }));
    BOOST_TEST(memory.ever > 0U);
    BOOST_TEST(memory.live > 0U);
    context.run();
    context.restart();
    BOOST_TEST(calls == 1);
    BOOST_TEST(memory.live == 0U);
  }
}

BOOST_FIXTURE_TEST_CASE(holds_nothing_any_more_when_it_calls_the_handler, nothing_left) {
  asio::io_context context;
  // Makes the context open its own descriptors, which it keeps.
  isolatte::async_fork(context, answer, {.timeout = std::chrono::hours{1}}, asio::detached);
  context.run();
  context.restart();
  auto const descriptors = isolatte::test::open_descriptors();

  auto const in_callable = std::make_shared<int>();
  auto const in_out = std::make_shared<int>();
  auto const in_err = std::make_shared<int>();
  int calls = 0;
  auto const check = [&](error_code, outcome<int>) {
    ++calls;
    BOOST_TEST(in_callable.use_count() == 1);
    BOOST_TEST(in_out.use_count() == 1);
    BOOST_TEST(in_err.use_count() == 1);
    BOOST_TEST(isolatte::test::open_descriptors() == descriptors, boost::test_tools::per_element());
    BOOST_TEST(isolatte::test::children().empty());
  };
  auto const opts = [&] {
    return options{.in = isolatte::from_text{"text"},
                   .out = isolatte::by_line{[in_out](std::string_view) {}},
                   .err = isolatte::by_line{[in_err](std::string_view) {}},
                   .timeout = std::chrono::hours{1}};
  };
  auto const run = [&] {
    context.run();
    context.restart();
  };

  isolatte::async_fork(
      context, [in_callable] { return static_cast<int>(::write(1, "\n", 1)); }, opts(), check);
  run();
  BOOST_TEST_CONTEXT("an exception") {
    isolatte::async_fork(context, [in_callable]() -> int { throw 1; }, opts(), check);
    run();
  }
  BOOST_TEST_CONTEXT("a signal") {
    isolatte::async_fork(context, [in_callable] { return ::raise(SIGKILL); }, opts(), check);
    run();
  }
  BOOST_TEST_CONTEXT("a failure before the child") {
    options wrong = opts();
    wrong.keep = {12345};
    isolatte::async_fork(context, [in_callable] { return 1; }, std::move(wrong), check);
    run();
  }
  BOOST_TEST_CONTEXT("a failure of the child to prepare itself") {
    options wrong = opts();
    wrong.limits.oom_score_adj = 5000;
    isolatte::async_fork(context, [in_callable] { return 1; }, std::move(wrong), check);
    run();
  }
  BOOST_TEST_CONTEXT("a cancellation") {
    asio::cancellation_signal stop;
    isolatte::async_fork(
        context, [in_callable] { return ::pause(); }, opts(),
        asio::bind_cancellation_slot(stop.slot(), check));
    stop.emit(asio::cancellation_type::terminal);
    run();
  }
  BOOST_TEST_CONTEXT("a deferred operation that is launched for good") {
    auto deferred =
        isolatte::async_fork(context, [held = in_callable] { return held.use_count(); }, opts());
    std::move(deferred)([&](error_code ec, auto) { check(ec, {}); });
    run();
  }
  BOOST_TEST(calls == 7);
}

BOOST_FIXTURE_TEST_CASE(honours_the_cancellation_slot, nothing_left) {
  asio::io_context context;
  asio::cancellation_signal stop;
  remembered<int> done;
  isolatte::async_fork(
      context, [] { return ::pause(); }, {},
      asio::bind_cancellation_slot(stop.slot(), done.handler()));
  BOOST_TEST(stop.slot().has_handler());
  stop.emit(asio::cancellation_type::terminal);
  context.run();
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(done.ec == asio::error::operation_aborted);
  BOOST_TEST(done.what.how() == ending::cancelled);
}

BOOST_FIXTURE_TEST_CASE(leaves_the_slot_to_the_next_operation, nothing_left) {
  asio::io_context context;
  asio::cancellation_signal stop;
  remembered<int> second;
  isolatte::async_fork(context, answer, {},
                       asio::bind_cancellation_slot(stop.slot(), [&](error_code, outcome<int>) {
                         // The first operation is complete, so this cancels nothing.
                         stop.emit(asio::cancellation_type::terminal);
                         isolatte::async_fork(
                             context, [] { return ::pause(); }, {},
                             asio::bind_cancellation_slot(stop.slot(), second.handler()));
                         stop.emit(asio::cancellation_type::terminal);
                         BOOST_TEST(second.calls == 0);
                       }));
  context.run();
  BOOST_TEST(second.calls == 1);
  BOOST_TEST(second.ec == asio::error::operation_aborted);
  stop.emit(asio::cancellation_type::terminal);
}

// Errors

struct refusal {
  const char* name;
  options opts;
  boost::system::errc::errc_t error;
};

std::vector<refusal> refusals() {
  namespace errc = boost::system::errc;
  return {
      {"in from a missing file",
       {.in = isolatte::from_file{"/does/not/exist"}},
       errc::no_such_file_or_directory},
      {"in from a bad descriptor", {.in = isolatte::from_fd{-1}}, errc::bad_file_descriptor},
      {"in from a closed descriptor", {.in = isolatte::from_fd{12345}}, errc::bad_file_descriptor},
      {"out to a missing directory",
       {.out = isolatte::to_file{"/does/not/exist"}},
       errc::no_such_file_or_directory},
      {"out to a directory", {.out = isolatte::to_file{"/"}}, errc::is_a_directory},
      {"out to a bad descriptor", {.out = isolatte::to_fd{-1}}, errc::bad_file_descriptor},
      {"err to a missing directory",
       {.err = isolatte::to_file{"/does/not/exist", true}},
       errc::no_such_file_or_directory},
      {"err to a bad descriptor", {.err = isolatte::to_fd{12345}}, errc::bad_file_descriptor},
      {"keeping a bad descriptor", {.keep = {-1}}, errc::bad_file_descriptor},
      {"keeping a closed descriptor", {.keep = {0, 12345}}, errc::bad_file_descriptor},
      {"a limit out of range", {.limits = {.oom_score_adj = 5000}}, errc::invalid_argument},
      {"a time that is none",
       {.limits = {.cpu_time = std::chrono::seconds{-1}}},
       errc::invalid_argument},
  };
}

template <class R>
void check_refused(const outcome<R>& what, boost::system::errc::errc_t error) {
  BOOST_TEST(what.how() == ending::not_started);
  BOOST_TEST(what.ran() == isolatte::ran::no);
  BOOST_TEST(!what.success());
  BOOST_TEST(!what);
  BOOST_TEST(!what.exit_code().has_value());
  BOOST_TEST(!what.signal().has_value());
  BOOST_REQUIRE(what.exception());
  BOOST_CHECK_EXCEPTION(std::rethrow_exception(what.exception()), boost::system::system_error,
                        [&](auto const& e) { return e.code() == error; });
  BOOST_CHECK_EXCEPTION(what.value(), boost::system::system_error,
                        [&](auto const& e) { return e.code() == error; });
}

BOOST_FIXTURE_TEST_CASE(reports_what_kept_the_child_from_running, nothing_left) {
  asio::io_context context;
  for (auto const& [name, opts, error] : refusals()) BOOST_TEST_CONTEXT(name) {
      remembered<int> done;
      isolatte::async_fork(context, answer, opts, done.handler());
      context.run();
      context.restart();
      BOOST_TEST(done.calls == 1);
      BOOST_TEST(done.ec == error);
      check_refused(done.what, error);
    }
}

BOOST_FIXTURE_TEST_CASE(reports_it_without_an_event_loop_too, nothing_left) {
  for (auto const& [name, opts, error] : refusals())
    BOOST_TEST_CONTEXT(name) check_refused(isolatte::fork([] {}, opts), error);
}

BOOST_FIXTURE_TEST_CASE(runs_nothing_that_it_says_did_not_run, nothing_left) {
  int ends[2];
  BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  options const opts{.limits = {.oom_score_adj = 5000}, .keep = {ends[1]}};
  BOOST_TEST(isolatte::fork([&] { return ::write(ends[1], "!", 1); }, opts).how() ==
             ending::not_started);
  ::close(ends[1]);
  char byte;
  BOOST_TEST(::read(ends[0], &byte, 1) == 0);
  ::close(ends[0]);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace async_fork_test
