// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool_fixture.hpp"
#include "remembered.hpp"
#include "support/nothing_left.hpp"
#include "support/plugin.hpp"

#include <isolatte.hpp>
#include <isolatte/detail/task/distant_call.hpp>
#include <isolatte/detail/task/make_outcome.hpp>

#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <span>
#include <sstream>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace distant_jobs_test {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using isolatte::call;
using isolatte::ending;
using isolatte::detail::build_id;
using isolatte::detail::byte_buffer;
using isolatte::detail::code_name;
using isolatte::detail::distant_call;
using isolatte::test::nothing_left;
using isolatte::test::plugin;
using isolatte::test::plugin_file;
using isolatte::test::remembered;

int add(int a, int b) { return a + b; }
int subtract(int a, int b) { return a - b; }

template <class Call>
distant_call encoded(const Call& what) {
  auto made = isolatte::detail::encode_distant_call(what);
  BOOST_REQUIRE(made.has_value());
  return std::move(*made);
}

/// A pool that is given calls from elsewhere.
struct distant_pool : nothing_left {
  asio::io_context context;
  isolatte::detail::pool_handle pool{context.get_executor(), {.workers = 1}};

  template <class R>
  remembered<R> run(distant_call what, isolatte::job_options opts = {}) {
    auto const found = isolatte::detail::resolve(std::move(what));
    BOOST_REQUIRE(found.has_value());
    remembered<R> done;
    pool.async_run(*found, opts,
                   [handle = done.handler()](boost::system::error_code ec,
                                             isolatte::detail::report what) mutable {
                     handle(ec, isolatte::detail::make_outcome<R>(ec, std::move(what)));
                   });
    if (context.stopped()) context.restart();
    while (done.calls == 0) BOOST_REQUIRE(context.run_one() == 1U);
    return done;
  }
  ~distant_pool() {
    pool.stop();
    if (context.stopped()) context.restart();
    context.run();
  }
};

// Calls as text, for the variables of another start of this program.

std::string text_of(std::span<const std::byte> bytes) {
  std::string text;
  for (std::byte const each : bytes)
    for (unsigned const digit :
         {std::to_integer<unsigned>(each) >> 4, std::to_integer<unsigned>(each) & 15})
      text += "0123456789abcdef"[digit];
  return text;
}
std::vector<std::byte> bytes_of(const std::string& text) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoul(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

std::string text_of(const distant_call& what) {
  std::ostringstream text;
  for (auto const& name : {what.decoder, what.function.value()})
    text << text_of(name.object.bytes()) << ' ' << name.offset << ' ';
  text << text_of(what.arguments.bytes());
  return text.str();
}
distant_call call_of(const std::string& text) {
  std::istringstream words{text};
  distant_call what;
  what.function.emplace();
  std::string bytes;
  for (code_name* name : {&what.decoder, &*what.function}) {
    words >> bytes >> name->offset;
    name->object = build_id::of(bytes_of(bytes)).value();
  }
  words >> bytes;
  auto const arguments = bytes_of(bytes);
  what.arguments.append(arguments.data(), arguments.size());
  return what;
}

constexpr char call_variable[] = "ISOLATTE_TEST_DISTANT_CALL";

BOOST_AUTO_TEST_SUITE(distant_jobs)

BOOST_FIXTURE_TEST_CASE(run_in_the_workers_of_a_pool, distant_pool) {
  BOOST_TEST(run<int>(encoded(call(add, 20, 22))).what.value() == 42);
  auto const shout = [](std::string text) { return text + '!'; };
  BOOST_TEST(run<std::string>(encoded(call(shout, std::string(5000, 'x')))).what.value() ==
             std::string(5000, 'x') + '!');
  BOOST_TEST(
      run<std::size_t>(encoded(call(&std::string::length, std::string{"four"}))).what.value() ==
      4U);
  BOOST_TEST((run<void>(encoded(call([] { std::_Exit(3); }))).what.exit_code() == 3));
}

BOOST_FIXTURE_TEST_CASE(are_asked_to_stop, distant_pool) {
  auto const obey = [](std::stop_token stop) {
    while (!stop.stop_requested()) std::this_thread::sleep_for(1ms);
    return 5;
  };
  auto const done = run<int>(encoded(call(obey)), {.timeout = 50ms, .grace = 60s});
  BOOST_TEST(done.what.how() == ending::timed_out);
  BOOST_TEST(done.what.value() == 5);
}

BOOST_FIXTURE_TEST_CASE(that_name_no_code_in_their_arguments_do_not_start, distant_pool) {
  // The function that is named next to the arguments is found. The one in them is to be called.
  auto what = encoded(call(add, 20, 22));
  std::byte* const id = what.arguments.data() + 2;
  id[0] ^= std::byte{1};
  auto const done = run<int>(std::move(what));
  BOOST_TEST((done.ec == isolatte::error::unknown_function), done.ec.message());
  BOOST_TEST(done.what.how() == ending::not_started);
  BOOST_TEST((done.what.ran() == isolatte::ran::no));
  // The worker goes on.
  auto const next = run<int>(encoded(call(add, 20, 22)));
  BOOST_TEST(next.what.value() == 42);
  auto const first = next.what.pid();
  BOOST_TEST(run<int>(encoded(call(subtract, 3, 2))).what.pid() == first);
}

BOOST_FIXTURE_TEST_CASE(that_take_a_stop_token_and_name_no_code_do_not_start, distant_pool) {
  auto const stopping = [](std::stop_token, int n) { return n; };
  BOOST_TEST(run<int>(encoded(call(stopping, 1))).what.value() == 1);
  int (*const function)(std::stop_token, int) = stopping;
  auto what = encoded(call(function, 2));
  what.arguments.data()[2] ^= std::byte{1};
  auto const done = run<int>(std::move(what));
  BOOST_TEST((done.ec == isolatte::error::unknown_function), done.ec.message());
  BOOST_TEST(run<int>(encoded(call(function, 3))).what.value() == 3);
}

BOOST_FIXTURE_TEST_CASE(in_a_library_that_was_loaded_later_do_not_start, distant_pool) {
  auto const* const path = plugin_file();
  if (path == nullptr) return;
  BOOST_TEST(run<int>(encoded(call(add, 1, 2))).what.value() == 3);
  plugin const loaded{path};
  auto const done = run<int>(encoded(call(loaded.twice(), 21)));
  BOOST_TEST((done.ec == isolatte::error::unknown_function), done.ec.message());
  BOOST_TEST(run<int>(encoded(call(add, 1, 2))).what.value() == 3);
}

BOOST_FIXTURE_TEST_CASE(run_in_another_start_of_the_program, nothing_left) {
  asio::io_context context;
  remembered<void> done;
  isolatte::async_execute(
      context,
      {.executable = "/proc/self/exe",
       .args = {"--run_test=distant_jobs/come_from_another_start", "--color_output=no"},
       .environment =
           isolatte::inherited_with({{call_variable, text_of(encoded(call(add, 20, 22)))}})},
      {.out = isolatte::capture{}, .err = isolatte::capture{}}, done.handler());
  context.run();
  BOOST_TEST(done.what.success(), done.what << ": " << done.what.err_text());
  BOOST_TEST(done.what.out_text().find("the sum is 42\n") != std::string::npos,
             done.what.out_text());
}

boost::test_tools::assertion_result is_another_start(boost::unit_test::test_unit_id) {
  return std::getenv(call_variable) != nullptr;
}

// The other start of the program runs this case alone.
BOOST_AUTO_TEST_CASE(come_from_another_start, *boost::unit_test::precondition(is_another_start)) {
  char const* const text = std::getenv(call_variable);
  distant_pool here;
  auto const done = here.run<int>(call_of(text));
  BOOST_TEST(done.what.has_value(), done.what);
  std::cout << "the sum is " << done.what.value() << std::endl;
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace distant_jobs_test
