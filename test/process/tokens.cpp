// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "remembered.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tokens_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::job_options;
using isolatte::map_options;
using isolatte::options;
using isolatte::outcome;
using isolatte::test::nothing_left;
using isolatte::test::remembered;
using namespace std::chrono_literals;

using awaitable_token = asio::use_awaitable_t<>;
using awaitable_executor = awaitable_token::executor_with_default<asio::io_context::executor_type>;

int answer() { return 42; }
int twice(int number) { return 2 * number; }

/// Runs a coroutine to its end and lets its exception through.
template <class Body>
void await(asio::io_context& context, Body body) {
  auto done = asio::co_spawn(context, std::move(body), asio::use_future);
  context.run();
  context.restart();
  done.get();
}

BOOST_AUTO_TEST_SUITE(tokens)

// Options may be left out before the token

BOOST_FIXTURE_TEST_CASE(of_async_fork, nothing_left) {
  asio::io_context context;
  auto const executor = context.get_executor();
  options const opts{.timeout = 60s};
  remembered<int> done;
  isolatte::async_fork(context, answer, done.handler());
  isolatte::async_fork(context, answer, {}, done.handler());
  isolatte::async_fork(context, answer, opts, done.handler());
  isolatte::async_fork(context, answer, {.timeout = 60s}, done.handler());
  isolatte::async_fork(context, answer)(done.handler());
  isolatte::async_fork(context, answer, {})(done.handler());
  isolatte::async_fork(context, answer, opts)(done.handler());
  isolatte::async_fork(executor, answer, done.handler());
  isolatte::async_fork(executor, answer, {}, done.handler());
  isolatte::async_fork(executor, answer)(done.handler());
  isolatte::async_fork(asio::any_io_executor{executor}, answer, done.handler());
  isolatte::async_fork(asio::make_strand(context), answer, done.handler());
  context.run();
  BOOST_TEST(done.calls == 12);
  BOOST_TEST(done.what.value() == 42);
}

BOOST_FIXTURE_TEST_CASE(of_async_execute, nothing_left) {
  asio::io_context context;
  auto const executor = context.get_executor();
  options const opts{.timeout = 60s};
  isolatte::program const nothing{"true"};
  remembered<void> done;
  isolatte::async_execute(context, {"true"}, done.handler());
  isolatte::async_execute(context, nothing, opts, done.handler());
  isolatte::async_execute(context, nothing)(done.handler());
  isolatte::async_execute(context, nothing, {})(done.handler());
  isolatte::async_execute(executor, nothing, done.handler());
  isolatte::async_execute(executor, nothing, {}, done.handler());
  context.run();
  BOOST_TEST(done.calls == 6);
  BOOST_TEST(done.what.success());
}

BOOST_FIXTURE_TEST_CASE(of_async_map, nothing_left) {
  asio::io_context context;
  auto const executor = context.get_executor();
  std::vector<int> const numbers{1, 2};
  map_options const opts{.max_concurrency = 1};
  int sum = 0;
  auto const add = [&](error_code ec, std::vector<outcome<int>> all) {
    BOOST_TEST(!ec);
    for (auto const& one : all) sum += one.value();
  };
  isolatte::async_map(context, numbers, twice, add);
  isolatte::async_map(context, numbers, twice, {}, add);
  isolatte::async_map(context, numbers, twice, opts, add);
  isolatte::async_map(context, numbers, twice)(add);
  isolatte::async_map(executor, numbers, twice, add);
  isolatte::async_map(executor, numbers, twice, opts)(add);
  context.run();
  BOOST_TEST(sum == 6 * 6);
}

BOOST_FIXTURE_TEST_CASE(of_a_fork_server, nothing_left) {
  asio::io_context context;
  isolatte::fork_server server{context};
  options const opts{.timeout = 60s};
  remembered<int> done;
  server.async_fork(call(answer), done.handler());
  server.async_fork(call(answer), {}, done.handler());
  server.async_fork(call(answer), opts, done.handler());
  server.async_fork(call(answer))(done.handler());
  server.async_fork(call(answer), opts)(done.handler());
  context.run();
  BOOST_TEST(done.calls == 5);
  BOOST_TEST(done.what.value() == 42);
}

BOOST_FIXTURE_TEST_CASE(of_a_pool, nothing_left) {
  asio::io_context context;
  isolatte::worker_pool pool{context, {.workers = 1}};
  job_options const opts{.timeout = 60s};
  remembered<int> done;
  pool.async_run(call(answer), done.handler());
  pool.async_run(call(answer), {}, done.handler());
  pool.async_run(call(answer), opts, done.handler());
  pool.async_run(call(answer))(done.handler());
  pool.async_run(call(answer), {.timeout = 60s})(done.handler());
  int sum = 0;
  int maps = 0;
  std::vector<int> const numbers{1, 2};
  auto const add = [&](error_code, std::vector<outcome<int>> all) {
    for (auto const& one : all) sum += one.value();
    // The maps' jobs come after the others.
    if (++maps == 3) pool.stop();
  };
  isolatte::async_map(pool, numbers, twice, add);
  isolatte::async_map(pool, numbers, twice, {.max_concurrency = 1}, add);
  isolatte::async_map(pool, numbers, twice)(add);
  context.run();
  BOOST_TEST(done.calls == 5);
  BOOST_TEST(done.what.value() == 42);
  BOOST_TEST(sum == 3 * 6);
}

// The executor's default token

BOOST_FIXTURE_TEST_CASE(by_default_that_of_the_executor, nothing_left) {
  asio::io_context context;
  std::string trace;
  await(context, [&]() -> asio::awaitable<void> {
    awaitable_executor const executor{context.get_executor()};
    options const opts{.timeout = 60s};
    isolatte::program const nothing{"true"};
    std::vector<int> const numbers{1, 2};
    static_assert(std::is_same_v<decltype(isolatte::async_fork(executor, answer)),
                                 asio::awaitable<outcome<int>>>);
    trace += std::to_string((co_await isolatte::async_fork(executor, answer)).value());
    trace += std::to_string((co_await isolatte::async_fork(executor, answer, opts)).value());
    trace += std::to_string((co_await isolatte::async_map(executor, numbers, twice)).size());
    trace += (co_await isolatte::async_execute(executor, nothing)).success() ? "true" : "false";
  });
  BOOST_TEST(trace == "42422true");
}

/// An execution context whose executor has a default token.
class awaitable_context : public asio::execution_context {
 public:
  using executor_type = awaitable_executor;
  explicit awaitable_context(asio::io_context& inner) : inner_{inner} {}
  executor_type get_executor() noexcept { return inner_.get_executor(); }

 private:
  asio::io_context& inner_;
};

BOOST_FIXTURE_TEST_CASE(by_default_that_of_the_contexts_executor, nothing_left) {
  asio::io_context context;
  awaitable_context adapted{context};
  int got = 0;
  await(context, [&]() -> asio::awaitable<void> {
    got = (co_await isolatte::async_fork(adapted, answer)).value();
  });
  BOOST_TEST(got == 42);
}

BOOST_FIXTURE_TEST_CASE(by_default_that_of_a_server, nothing_left) {
  asio::io_context context;
  auto server = awaitable_token::as_default_on(isolatte::fork_server{context});
  static_assert(
      std::is_same_v<decltype(server), awaitable_token::as_default_on_t<isolatte::fork_server>>);
  int got = 0;
  await(context, [&]() -> asio::awaitable<void> {
    options const opts{.timeout = 60s};
    got += (co_await server.async_fork(call(answer))).value();
    got += (co_await server.async_fork(call(answer), opts)).value();
  });
  BOOST_TEST(got == 2 * 42);
  BOOST_TEST((server.get_executor() == asio::any_io_executor{context.get_executor()}));
}

BOOST_FIXTURE_TEST_CASE(by_default_that_of_a_pool, nothing_left) {
  asio::io_context context;
  auto pool = awaitable_token::as_default_on(isolatte::worker_pool{context, {.workers = 1}});
  int got = 0;
  await(context, [&]() -> asio::awaitable<void> {
    job_options const opts{.timeout = 60s};
    std::vector<int> const numbers{1, 2};
    got += (co_await pool.async_run(call(answer))).value();
    got += (co_await pool.async_run(call(answer), opts)).value();
    got += static_cast<int>((co_await isolatte::async_map(pool, numbers, twice)).size());
    co_await pool.async_drain();
    pool.stop();
  });
  BOOST_TEST(got == 2 * 42 + 2);
}

BOOST_FIXTURE_TEST_CASE(or_deferred, nothing_left) {
  asio::io_context context;
  auto const executor = context.get_executor();
  isolatte::fork_server server{context};
  isolatte::worker_pool pool{executor, {.workers = 1}};
  auto child = isolatte::spawn_child(context, answer);
  static_assert(asio::is_deferred<decltype(isolatte::async_fork(executor, answer))>::value);
  static_assert(asio::is_deferred<decltype(server.async_fork(call(answer)))>::value);
  static_assert(asio::is_deferred<decltype(pool.async_run(call(answer)))>::value);
  static_assert(asio::is_deferred<decltype(pool.async_drain())>::value);
  static_assert(asio::is_deferred<decltype(child.async_wait())>::value);
  remembered<int> done;
  child.async_wait()(done.handler());
  pool.stop();
  context.run();
  BOOST_TEST(done.what.value() == 42);
}

// A requires expression can name the call of an initiating function

template <class... Args>
concept forks = requires(Args&&... args) { isolatte::async_fork(std::forward<Args>(args)...); };

BOOST_AUTO_TEST_CASE(are_checked_before_the_function_is_chosen) {
  using function = int (*)();
  using handler = void (*)(error_code, outcome<int>);
  using other_handler = void (*)(error_code, outcome<std::string>);
  static_assert(forks<asio::io_context&, function>);
  static_assert(forks<asio::io_context&, function, handler>);
  static_assert(forks<asio::io_context&, function, options, handler>);
  static_assert(forks<asio::io_context::executor_type, function, handler>);
  static_assert(forks<const asio::any_io_executor&, function, options&>);
  static_assert(!forks<asio::io_context&, int>);
  static_assert(!forks<asio::io_context&, function, other_handler>);
  static_assert(!forks<asio::io_context&, function, job_options>);
  static_assert(!forks<int, function>);
  static_assert(!forks<function>);
  static_assert(std::is_void_v<decltype(isolatte::async_fork(std::declval<asio::io_context&>(),
                                                             answer, handler{}))>);
  static_assert(std::is_same_v<decltype(isolatte::async_fork(std::declval<asio::io_context&>(),
                                                             answer, asio::use_future)),
                               std::future<outcome<int>>>);
  BOOST_TEST((forks<asio::io_context&, function>));
}

BOOST_AUTO_TEST_CASE(executors_are_had_without_an_exception) {
  static_assert(noexcept(std::declval<const isolatte::fork_server&>().get_executor()));
  static_assert(noexcept(std::declval<const isolatte::worker_pool&>().get_executor()));
  static_assert(noexcept(std::declval<const isolatte::child<int>&>().get_executor()));
  BOOST_TEST((isolatte::child<int>{}.get_executor() == asio::any_io_executor{}));
}

// Options are released before the handler is called

BOOST_FIXTURE_TEST_CASE(release_what_the_options_hold, nothing_left) {
  asio::io_context context;
  isolatte::fork_server server{context};
  auto const held = std::make_shared<int>(0);
  int calls = 0;
  auto const hold = [&] { return options{.out = isolatte::by_line{[held](std::string_view) {}}}; };
  auto const look = [&](error_code, outcome<int>) {
    ++calls;
    BOOST_TEST(held.use_count() == 1);
  };
  auto const run = [&] {
    context.run();
    context.restart();
  };
  isolatte::async_fork(context, answer, hold(), look);
  run();
  server.async_fork(call(answer), hold(), look);
  run();
  // A deferred operation keeps its arguments until after the operation's end.
  auto forking = isolatte::async_fork(context, answer, hold());
  std::move(forking)(look);
  run();
  auto asking = server.async_fork(call(answer), hold());
  std::move(asking)(look);
  run();
  BOOST_TEST(calls == 4);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tokens_test
