// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "support/empty_result.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <thread>

namespace asio = boost::asio;
using namespace isolatte::test;
using namespace std::chrono_literals;
using boost::system::error_code;
using isolatte::ending;
using isolatte::options;

namespace {

/// Waits until no child and no new descriptor remains. With `early`, both may outlive the return of
/// fork() for a moment.
struct nothing_left_soon {
  nothing_left_soon() : before{open_descriptors()} {}
  ~nothing_left_soon() {
    while (!children().empty() || open_descriptors() != before) std::this_thread::yield();
  }
  std::vector<std::string> before;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(early)

BOOST_FIXTURE_TEST_CASE(the_value_comes_without_usage_and_status, nothing_left) {
  asio::io_context context;
  bool ended = false;
  isolatte::async_fork(
      context, [] { return std::string(1024 * 1024, 'v'); }, {.early = true},
      [&](error_code ec, isolatte::outcome<std::string> done) {
        ended = true;
        BOOST_TEST(!ec);
        BOOST_TEST(done.how() == ending::returned);
        BOOST_TEST(done.value().size() == 1024U * 1024);
        BOOST_TEST(done.ran() == isolatte::ran::yes);
        BOOST_TEST(done.pid() > 0);
        BOOST_TEST(!done.exit_code());
        BOOST_TEST(!done.signal());
        BOOST_TEST(done.usage().max_resident_bytes == 0U);
        BOOST_TEST((done.usage().wall == 0ns));
      });
  context.run();
  BOOST_TEST(ended);
  // The loop had to run until the child was reaped.
  BOOST_TEST(children().empty());
}

BOOST_FIXTURE_TEST_CASE(a_child_that_hangs_behind_its_frame_is_ended, nothing_left) {
  asio::io_context context;
  bool ended = false;
  isolatte::async_fork(
      context,
      [] {
        sigset_t all;
        sigfillset(&all);
        ::sigprocmask(SIG_SETMASK, &all, nullptr);
        send_empty_result();
        hang();
      },
      {.early = true},
      [&](error_code, isolatte::outcome<void> done) {
        ended = true;
        BOOST_TEST(done.how() == ending::returned);
      });
  context.run();
  BOOST_TEST(ended);
  BOOST_TEST(children().empty());
}

BOOST_FIXTURE_TEST_CASE(a_child_that_stops_behind_its_frame_is_ended, nothing_left) {
  asio::io_context context;
  int ended = 0;
  isolatte::async_fork(
      context,
      [] {
        send_empty_result();
        ::raise(SIGSTOP);
      },
      {.early = true}, [&](error_code, isolatte::outcome<void>) { ++ended; });
  context.run();
  BOOST_TEST(ended == 1);
}

BOOST_FIXTURE_TEST_CASE(a_timeout_behind_the_frame_tells_nobody, nothing_left) {
  asio::io_context context;
  int ended = 0;
  isolatte::async_fork(
      context,
      [] {
        send_empty_result();
        hang();
      },
      {.timeout = 50ms, .early = true},
      [&](error_code ec, isolatte::outcome<void> done) {
        ++ended;
        BOOST_TEST(!ec);
        // The frame or the deadline came first, depending on the loop.
        BOOST_TEST((done.how() == ending::returned || done.how() == ending::timed_out));
      });
  context.run();
  BOOST_TEST(ended == 1);
}

BOOST_FIXTURE_TEST_CASE(an_exception_comes_early_too, nothing_left) {
  asio::io_context context;
  bool ended = false;
  isolatte::async_fork(
      context, []() -> int { throw std::out_of_range{"early"}; }, {.early = true},
      [&](error_code, isolatte::outcome<int> done) {
        ended = true;
        BOOST_TEST(done.how() == ending::threw);
        BOOST_TEST(!done.exit_code());
        BOOST_CHECK_EXCEPTION(done.value(), std::out_of_range,
                              [](auto& error) { return error.what() == std::string{"early"}; });
      });
  context.run();
  BOOST_TEST(ended);
}

BOOST_FIXTURE_TEST_CASE(endings_without_a_frame_are_what_they_always_are, nothing_left) {
  options const opts{.limits = {.core_size = 0}, .early = true};
  auto const exited = isolatte::fork([] { ::_exit(3); }, opts);
  BOOST_TEST(exited.how() == ending::exited);
  BOOST_TEST((exited.exit_code() == 3));
  BOOST_TEST(exited.usage().max_resident_bytes != 0U);
  auto const faulted = isolatte::fork([] { ::raise(SIGSEGV); }, opts);
  BOOST_TEST(faulted.how() == ending::faulted);
  BOOST_TEST(faulted.fault().has_value());
  auto const killed = isolatte::fork([] { ::raise(SIGKILL); }, opts);
  BOOST_TEST(killed.how() == ending::killed);
  auto const timed_out = isolatte::fork([] { hang(); }, {.timeout = 20ms, .early = true});
  BOOST_TEST(timed_out.how() == ending::timed_out);
}

BOOST_FIXTURE_TEST_CASE(what_the_child_wrote_before_its_result_is_there, nothing_left) {
  for (int i = 0; i != 20; ++i) {
    asio::io_context context;
    std::vector<std::string> lines;
    bool ended = false;
    isolatte::async_fork(
        context,
        [] {
          write_all(1, "one\ntwo\nlast");
          write_all(2, std::string(50'000, 'e') + "end");
          return 1;
        },
        {.out = isolatte::by_line{[&](std::string line) {
           BOOST_TEST(!ended);
           lines.push_back(std::move(line));
         }},
         .err = isolatte::capture{},
         .early = true},
        [&](error_code, isolatte::outcome<int> done) {
          ended = true;
          BOOST_TEST(done.value() == 1);
          BOOST_TEST(done.err_text() == std::string(50'000, 'e') + "end");
          BOOST_TEST((lines == std::vector<std::string>{"one", "two", "last"}));
        });
    context.run();
    BOOST_TEST(ended);
    BOOST_TEST(lines.size() == 3U);
  }
}

BOOST_FIXTURE_TEST_CASE(no_line_comes_behind_the_completion, nothing_left) {
  asio::io_context context;
  bool ended = false;
  bool late = false;
  isolatte::async_fork(
      context,
      [] {
        send_empty_result();
        while (write_all(1, "line\n")) {
        }
      },
      {.out = isolatte::by_line{[&](std::string_view) { late |= ended; }}, .early = true},
      [&](error_code, isolatte::outcome<void>) { ended = true; });
  context.run();
  BOOST_TEST(ended);
  // The captures of the callback may be gone, so a late line must not call it.
  BOOST_TEST(!late);
}

BOOST_FIXTURE_TEST_CASE(destroying_the_context_reaps_what_came_early, nothing_left) {
  bool ended = false;
  {
    asio::io_context context;
    isolatte::async_fork(
        context,
        [] {
          send_empty_result();
          hang();
        },
        {.early = true}, [&](error_code, isolatte::outcome<void>) { ended = true; });
    while (!ended) context.run_one();
  }
  BOOST_TEST(children().empty());
}

BOOST_FIXTURE_TEST_CASE(blocking_fork_returns_early, nothing_left_soon) {
  auto const done = isolatte::fork([] { return 42; }, {.early = true});
  BOOST_TEST(done.value() == 42);
  BOOST_TEST(!done.exit_code());
  BOOST_TEST(done.usage().max_resident_bytes == 0U);
}

BOOST_FIXTURE_TEST_CASE(blocking_fork_does_not_wait_for_a_child_that_hangs, nothing_left_soon) {
  auto const done = isolatte::fork(
      [] {
        send_empty_result();
        hang();
      },
      {.early = true});
  BOOST_TEST(done.how() == ending::returned);
}

BOOST_FIXTURE_TEST_CASE(blocking_fork_gives_an_exception_early, nothing_left_soon) {
  auto const done =
      isolatte::fork([]() -> int { throw std::length_error{"early"}; }, {.early = true});
  BOOST_CHECK_THROW(done.value(), std::length_error);
}

BOOST_FIXTURE_TEST_CASE(a_handle_waits_for_the_end_all_the_same, nothing_left) {
  asio::io_context context;
  auto child = isolatte::spawn_child(context, [] { return 1; }, {.early = true});
  bool ended = false;
  child.async_wait([&](error_code, isolatte::outcome<int> done) {
    ended = true;
    BOOST_TEST(done.value() == 1);
    BOOST_TEST((done.exit_code() == 0));
    BOOST_TEST(done.usage().max_resident_bytes != 0U);
  });
  context.run();
  BOOST_TEST(ended);
}

BOOST_AUTO_TEST_SUITE_END()
