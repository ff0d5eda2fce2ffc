// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

namespace callbacks_test {

namespace asio = boost::asio;
using isolatte::ending;
using isolatte::fork;
using isolatte::options;
using isolatte::outcome;
using isolatte::test::nothing_left;
using strings = std::vector<std::string>;

std::string message_of(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "?";
  }
}

/// Makes callbacks that add a line each to a record.
template <class R>
isolatte::callbacks<R> recorded(strings& record) {
  isolatte::callbacks<R> on;
  if constexpr (std::is_void_v<R>)
    on.success = [&] { record.push_back("success"); };
  else
    on.success = [&](int value) { record.push_back("success " + std::to_string(value)); };
  on.error = [&](std::exception_ptr e) { record.push_back("error " + message_of(e)); };
  on.exit = [&](int code) { record.push_back("exit " + std::to_string(code)); };
  on.fault = [&](int signal) { record.push_back("fault " + std::to_string(signal)); };
  on.kill = [&] { record.push_back("kill"); };
  on.signal = [&](int signal) { record.push_back("signal " + std::to_string(signal)); };
  on.timeout = [&] { record.push_back("timeout"); };
  on.finish = [&](bool success, int code) {
    record.push_back("finish " + std::string{success ? "true " : "false "} + std::to_string(code));
  };
  return on;
}

/// Runs a callable in both ways, blocking and asynchronous, and checks that the callbacks are the
/// same.
template <class F>
strings run(F fn, options opts = {}) {
  using R = isolatte::result_of<F>;
  strings blocking;
  fork(fn, opts, recorded<R>(blocking));
  strings asynchronous;
  asio::io_context context;
  isolatte::async_fork(context, fn, opts, recorded<R>(asynchronous));
  context.run();
  BOOST_TEST(blocking == asynchronous, boost::test_tools::per_element());
  return blocking;
}

void check(const strings& record, const strings& expected) {
  BOOST_TEST(record == expected, boost::test_tools::per_element());
}

options plain() { return {.limits = {.core_size = 0}, .fault_report = false}; }

struct throws_when_saved {
  template <class Archive>
  void serialize(Archive&, unsigned) {
    throw std::domain_error{"does not travel"};
  }
};

BOOST_AUTO_TEST_SUITE(callbacks)

// Every ending

BOOST_FIXTURE_TEST_CASE(for_a_value, nothing_left) {
  check(run([] { return 5; }), {"success 5", "finish true 0"});
}

BOOST_FIXTURE_TEST_CASE(for_nothing, nothing_left) {
  check(run([] {}), {"success", "finish true 0"});
}

BOOST_FIXTURE_TEST_CASE(for_an_exception, nothing_left) {
  check(run([]() -> int { throw std::runtime_error{"wrong"}; }), {"error wrong", "finish false 1"});
  check(run([] { throw std::runtime_error{"wrong"}; }), {"error wrong", "finish false 1"});
}

BOOST_FIXTURE_TEST_CASE(for_an_explicit_exit, nothing_left) {
  for (int const code : {1, 122, 123, 127, 128, 137, 255}) {
    std::string const text = std::to_string(code);
    check(run([code] { ::_exit(code); }), {"exit " + text, "finish false " + text});
    check(run([code]() -> int { std::exit(code); }), {"exit " + text, "finish false " + text});
  }
}

BOOST_FIXTURE_TEST_CASE(for_an_exit_with_0, nothing_left) {
  check(run([] { std::exit(0); }), {"success", "exit 0", "finish true 0"});
  // There is no value to hand over, so `success` does not run.
  check(run([]() -> int { std::exit(0); }), {"exit 0", "finish true 0"});
}

BOOST_FIXTURE_TEST_CASE(for_a_fault, nothing_left) {
  for (int const signal : {SIGSEGV, SIGABRT, SIGFPE})
    check(run([signal] { ::raise(signal); }, plain()),
          {"fault " + std::to_string(signal), "finish false " + std::to_string(128 + signal)});
}

BOOST_FIXTURE_TEST_CASE(for_a_kill, nothing_left) {
  check(run([] { ::raise(SIGKILL); }), {"kill", "finish false 137"});
}

BOOST_FIXTURE_TEST_CASE(for_any_other_signal, nothing_left) {
  for (int const signal : {SIGTERM, SIGHUP, SIGRTMIN + 1})
    check(run([signal] { ::raise(signal); }),
          {"signal " + std::to_string(signal), "finish false " + std::to_string(128 + signal)});
}

BOOST_FIXTURE_TEST_CASE(for_a_timeout, nothing_left) {
  check(run([] { ::pause(); }, {.timeout = std::chrono::milliseconds{10}}),
        {"timeout", "kill", "finish false 137"});
}

BOOST_FIXTURE_TEST_CASE(for_a_value_that_does_not_travel, nothing_left) {
  strings record;
  isolatte::callbacks<throws_when_saved> on;
  on.success = [&](throws_when_saved) { record.push_back("success"); };
  on.error = [&](std::exception_ptr e) {
    BOOST_CHECK_THROW(std::rethrow_exception(e), isolatte::abnormal_end);
    record.push_back("error");
  };
  on.finish = [&](bool success, int) { record.push_back(success ? "true" : "false"); };
  fork([] { return throws_when_saved{}; }, {}, on);
  check(record, {"error", "false"});
}

BOOST_FIXTURE_TEST_CASE(for_a_cancellation, nothing_left) {
  asio::io_context context;
  asio::cancellation_signal stop;
  strings record;
  isolatte::async_fork(
      context, [] { ::pause(); }, {},
      asio::bind_cancellation_slot(stop.slot(), recorded<void>(record)));
  stop.emit(asio::cancellation_type::terminal);
  context.run();
  check(record, {"finish false 137"});
}

BOOST_FIXTURE_TEST_CASE(for_no_child_at_all, nothing_left) {
  strings record;
  options const wrong{.in = isolatte::from_file{"/does/not/exist"}};
  fork([] {}, wrong, recorded<void>(record));
  // No child was started, so `finish` does not run.
  BOOST_REQUIRE(record.size() == 1U);
  BOOST_TEST(record[0].starts_with("error "));

  isolatte::callbacks<void> const none;
  BOOST_CHECK_THROW(fork([] {}, wrong, none), boost::system::system_error);
}

BOOST_FIXTURE_TEST_CASE(for_a_status_that_is_lost, nothing_left) {
  struct sigaction before{};
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGCHLD, &ignore, &before);
  strings record;
  fork([] { ::_exit(0); }, {}, recorded<void>(record));
  ::sigaction(SIGCHLD, &before, nullptr);
  BOOST_REQUIRE(!record.empty());
  BOOST_TEST(record.back().starts_with("finish false"));
}

// Missing callbacks

BOOST_FIXTURE_TEST_CASE(may_all_be_missing, nothing_left) {
  BOOST_TEST(fork([] { return 1; }, {}, {}).value() == 1);
  fork([] { ::_exit(1); }, {}, {});
  fork([] { ::raise(SIGTERM); }, {}, {});
  fork([] { ::raise(SIGKILL); }, {}, {});
  fork([] { std::abort(); }, plain(), {});
  fork([] { ::pause(); }, {.timeout = std::chrono::milliseconds{1}}, {});
}

BOOST_FIXTURE_TEST_CASE(are_named_one_by_one, nothing_left) {
  int got = 0;
  int finished = 0;
  fork([] { return 20; }, {},
       {.success = [&](int value) { got = value; }, .finish = [&](bool, int) { ++finished; }});
  BOOST_TEST(got == 20);
  BOOST_TEST(finished == 1);
}

BOOST_FIXTURE_TEST_CASE(leave_the_outcome, nothing_left) {
  std::string seen;
  auto const what = fork([] { return std::string{"kept"}; }, {},
                         {.success = [&](std::string value) { seen = std::move(value); }});
  BOOST_TEST(seen == "kept");
  BOOST_TEST(what.value() == "kept");
}

// Exceptions

BOOST_FIXTURE_TEST_CASE(let_an_exception_out_of_fork_behind_finish, nothing_left) {
  strings record;
  auto on = recorded<int>(record);
  on.error = nullptr;
  BOOST_CHECK_EXCEPTION(fork([]() -> int { throw std::out_of_range{"wrong"}; }, {}, on),
                        std::out_of_range,
                        [](auto const& error) { return error.what() == std::string{"wrong"}; });
  check(record, {"finish false 1"});
}

BOOST_FIXTURE_TEST_CASE(let_an_exception_out_of_run_behind_finish, nothing_left) {
  strings record;
  auto on = recorded<int>(record);
  on.error = nullptr;
  asio::io_context context;
  isolatte::async_fork(context, []() -> int { throw std::out_of_range{"wrong"}; }, {}, on);
  BOOST_CHECK_THROW(context.run(), std::out_of_range);
  check(record, {"finish false 1"});
  // The loop can run again.
  isolatte::async_fork(context, [] { return 3; }, {}, on);
  context.restart();
  context.run();
  check(record, {"finish false 1", "success 3", "finish true 0"});
}

BOOST_FIXTURE_TEST_CASE(let_out_what_they_throw_themselves_behind_finish, nothing_left) {
  bool finished = false;
  isolatte::callbacks<void> on{.success = [] { throw std::logic_error{"in success"}; },
                               .finish = [&](bool success, int) { finished = success; }};
  BOOST_CHECK_THROW(fork([] {}, {}, on), std::logic_error);
  BOOST_TEST(finished);

  finished = false;
  asio::io_context context;
  isolatte::async_fork(context, [] {}, {}, on);
  BOOST_CHECK_THROW(context.run(), std::logic_error);
  BOOST_TEST(finished);
}

BOOST_FIXTURE_TEST_CASE(may_swallow_the_exception, nothing_left) {
  int errors = 0;
  auto const what = fork([] { throw 1; }, {}, {.error = [&](std::exception_ptr) { ++errors; }});
  BOOST_TEST(errors == 1);
  BOOST_TEST(what.how() == ending::threw);
}

// Move-only values

BOOST_FIXTURE_TEST_CASE(are_given_what_can_only_be_moved, nothing_left) {
  int got = 0;
  isolatte::callbacks<std::unique_ptr<int>> const on{
      .success = [&](std::unique_ptr<int> value) { got += *value; }};
  auto const make = [] { return std::make_unique<int>(21); };
  auto const what = fork(make, {}, on);
  BOOST_TEST(what.how() == ending::returned);
  BOOST_TEST(what.success());

  asio::io_context context;
  isolatte::async_fork(context, make, {}, on);
  context.run();
  BOOST_TEST(got == 42);
}

BOOST_FIXTURE_TEST_CASE(run_where_fork_was_called_or_the_loop_runs, nothing_left) {
  std::thread::id ran_in;
  isolatte::callbacks<void> const on{
      .finish = [&](bool, int) { ran_in = std::this_thread::get_id(); }};
  fork([] {}, {}, on);
  BOOST_TEST((ran_in == std::this_thread::get_id()));
  asio::io_context context;
  isolatte::async_fork(context, [] {}, {}, on);
  std::thread other{[&] { context.run(); }};
  auto const id = other.get_id();
  other.join();
  BOOST_TEST((ran_in == id));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace callbacks_test
