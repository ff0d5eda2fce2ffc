// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "support/empty_result.hpp"
#include "support/fail_calls.hpp"
#include "support/nothing_left.hpp"
#include "support/sanitizers.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace exhaustion_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::ending;
using isolatte::outcome;
using isolatte::test::fail_calls;

// Each attempt has a process of its own, because it uses descriptors up. Also, the first use of the
// library in a process opens the leash.

constexpr int most_descriptors = 64;

int open_count() {
  int count = 0;
  for (int fd = 0; fd != most_descriptors; ++fd) count += ::fcntl(fd, F_GETFD) != -1;
  return count;
}

/// Limits the process to a number of descriptors that it can still open.
void leave_descriptors(int available) {
  rlimit const limit{most_descriptors, most_descriptors};
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::_exit(99);
  std::vector<int> filled;
  for (int fd; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) != -1;) filled.push_back(fd);
  for (; available != 0; --available) {
    ::close(filled.back());
    filled.pop_back();
  }
}

error_code refusal(const isolatte::outcome_base& from) {
  try {
    if (from.exception()) std::rethrow_exception(from.exception());
  } catch (const boost::system::system_error& error) {
    return error.code();
  } catch (...) {
  }
  return {};
}

using answer = std::pair<ending, std::string>;

answer one_run() {
  outcome<int> const o = isolatte::fork(
      [] { return 42; },
      {.in = isolatte::from_text{"text"}, .out = isolatte::capture{}, .err = isolatte::capture{}});
  std::string wrong;
  if (o.how() == ending::returned) {
    if (o.value() != 42) wrong = "another value";
  } else if (o.how() != ending::not_started) {
    wrong = "another ending";
  } else if (refusal(o).value() != EMFILE) {
    wrong = "refused for " + refusal(o).message();
  } else if (o.ran() != isolatte::ran::no) {
    wrong = "it ran, though it was not started";
  }
  return {o.how(), wrong};
}

BOOST_FIXTURE_TEST_SUITE(exhaustion, isolatte::test::nothing_left)

BOOST_AUTO_TEST_CASE(every_number_of_descriptors_left) {
  if (isolatte::test::ubsan_needs_descriptors) return;
  bool worked = false;
  int refused = 0;
  for (int available = 0; available != 32; ++available) {
    BOOST_TEST_CONTEXT(available << " descriptors left") {
      outcome<answer> const told = isolatte::fork([available] {
        leave_descriptors(available);
        one_run();
        // The first run may have made the leash, which stays open.
        int const before = open_count();
        answer result = one_run();
        if (open_count() != before) result.second += " and a descriptor is left";
        if (::waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD)
          result.second += " and a child is left";
        return result;
      });
      BOOST_REQUIRE_MESSAGE(told, told);
      auto const& [how, wrong] = told.value();
      BOOST_TEST(wrong == "");
      BOOST_TEST((how == ending::returned || !worked), "works with fewer, but not with these");
      worked = how == ending::returned;
      refused += !worked;
    }
  }
  BOOST_TEST(worked);
  BOOST_TEST(refused > 2);
}

BOOST_AUTO_TEST_CASE(more_at_once_than_there_are_descriptors) {
  outcome<std::string> const told = isolatte::fork([]() -> std::string {
    leave_descriptors(30);
    constexpr int jobs = 40;
    int returned = 0;
    int refused = 0;
    std::string wrong;
    {
      asio::io_context ctx;
      for (int i = 0; i != jobs; ++i)
        isolatte::async_fork(
            ctx, [i] { return i; }, {},
            [&, i](error_code ec, outcome<int> o) {
              if (o.how() == ending::returned && o.value() == i)
                ++returned;
              else if (o.how() == ending::not_started && ec.value() == EMFILE)
                ++refused;
              else
                wrong += o.how() == ending::not_started ? ec.message() : "another ending ";
            });
      ctx.run();
      // All descriptors are free again.
      isolatte::async_fork(
          ctx, [] { return 1; }, {},
          [&](error_code, outcome<int> o) {
            if (!o) wrong += "nothing has come back";
          });
      ctx.restart();
      ctx.run();
    }
    if (returned == 0 || refused == 0) wrong += "not at the edge";
    if (returned + refused != jobs) wrong += "not all completed";
    return wrong;
  });
  BOOST_REQUIRE_MESSAGE(told, told);
  BOOST_TEST(told.value() == "");
}

BOOST_AUTO_TEST_CASE(no_thread_to_be_had) {
  if (!isolatte::test::malloc_refuses) return;
  // The C library keeps the stack of a thread that has ended, and a child inherits it.
  std::thread{[] {}}.join();
  outcome<int> const told = isolatte::fork([] {
    pthread_attr_t larger_than_any_kept;
    if (::pthread_attr_init(&larger_than_any_kept) != 0 ||
        ::pthread_attr_setstacksize(&larger_than_any_kept, 256 * 1024 * 1024) != 0 ||
        ::pthread_setattr_default_np(&larger_than_any_kept) != 0)
      return 5;
    std::size_t pages = 0;
    std::ifstream{"/proc/self/statm"} >> pages;
    rlim_t const room = pages * static_cast<std::size_t>(::getpagesize()) + 4 * 1024 * 1024;
    rlimit const limit{room, room};
    if (::setrlimit(RLIMIT_AS, &limit) != 0) return 1;
    try {
      std::thread{[] {}}.join();
      return 2;
    } catch (const std::system_error&) {
    }
    outcome<int> const o = isolatte::fork([] { return 42; }, {.early = true});
    if (o.value_or(0) != 42) return 3;
    // This one is still to be reaped when its result has come.
    auto const lingers = [] {
      isolatte::test::send_empty_result();
      for (;;) ::pause();
    };
    if (isolatte::fork(lingers, {.early = true}).how() != ending::returned) return 6;
    return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD ? 0 : 4;
  });
  BOOST_REQUIRE_MESSAGE(told, told);
  BOOST_TEST(told.value() == 0);
}

BOOST_AUTO_TEST_CASE(the_first_run_of_a_process) {
  for (unsigned nth = 1;; ++nth) {
    BOOST_REQUIRE(nth < 1000);
    outcome<std::vector<int>> const told = isolatte::fork([nth] {
      bool injected = false;
      bool right = false;
      {
        fail_calls const calls{{.nth = nth}};
        outcome<int> const o = isolatte::fork([] { return 42; });
        injected = calls.injected();
        right = o.how() == ending::not_started ? refusal(o).value() == calls.error()
                                               : o.value_or(0) == 42;
      }
      bool const works = isolatte::fork([] { return 43; }).value_or(0) == 43;
      return std::vector<int>{injected, right, works};
    });
    BOOST_TEST_CONTEXT("call " << nth << " fails") {
      BOOST_REQUIRE_MESSAGE(told, told);
      BOOST_TEST(told.value()[1] == 1, "wrong outcome");
      BOOST_TEST(told.value()[2] == 1, "broken afterwards");
    }
    if (told.value()[0] == 0) break;
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace exhaustion_test
