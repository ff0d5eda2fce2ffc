// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Each call fails in turn while the mechanisms of a sandbox are tried. A failure that may pass is
// an error, and the next trial tells the truth. Another one is a gap, and says why.

#include "process/helpers.hpp"
#include "process/sandbox_helpers.hpp"
#include "support/fail_calls.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace trials_test {

using boost::system::error_code;
using isolatte::sandbox;
using isolatte::test::fail_calls;
using isolatte::test::findings;
using isolatte::test::side;
using gap_list = std::vector<std::string>;

const sandbox everything{.read = {"/"},
                         .network = isolatte::tcp{.connect = {80}},
                         .processes = true,
                         .isolate = {.processes = true, .network = true}};

gap_list gaps() { return isolatte::sandbox_support().gaps(everything); }

enum class user { same, nobody };

/// A process knows nothing yet of what the kernel offers.
template <class Check>
std::string in_new_process(user who, Check check) {
  return isolatte::test::in_bare_process([&] {
    if (who == user::nobody) {
      isolatte::test::become_nobody();
      // A program that such a user has started can be dumped.
      ::prctl(PR_SET_DUMPABLE, 1);
    }
    return check();
  });
}

std::string text_of(const gap_list& all) {
  std::string text;
  for (auto const& each : all) text += each + "; ";
  return text;
}

/// @return "done" if the trials make fewer calls
std::string with_failure(side where, unsigned nth, const std::string& expected) {
  findings all;
  bool has_failed = false;
  {
    fail_calls const calls{{.where = where, .nth = nth}};
    try {
      auto const found = text_of(gaps());
      if (!calls.injected()) return found == expected ? "done" : "without a failure: " + found;
      auto const why = error_code{calls.error(), boost::system::system_category()}.message();
      all.expect(found == expected || found.find(why) != std::string::npos,
                 calls.entry() + " -> " + found);
    } catch (const boost::system::system_error& error) {
      has_failed = true;
      all.expect(calls.injected(), "an error without a failure");
      all.expect(error.code().value() == calls.error(),
                 calls.entry() + " -> " + error.code().message());
    }
  }
  if (has_failed) {
    auto const found = text_of(gaps());
    all.expect(found == expected, "after the error: " + found);
  }
  all.expect(::waitpid(-1, nullptr, 0) == -1 && errno == ECHILD, "a child remains");
  return all.text();
}

void fail_each(user who) {
  auto const expected = in_new_process(who, [] { return text_of(gaps()); });
  for (auto const where : {side::parent, side::child})
    for (unsigned nth = 1;; ++nth) {
      BOOST_REQUIRE(nth < 1000);
      auto const found = in_new_process(who, [&] { return with_failure(where, nth, expected); });
      if (found == "done") {
        BOOST_TEST(nth > 10u);
        break;
      }
      BOOST_TEST_CONTEXT("call " << nth << " fails in the "
                                 << (where == side::parent ? "parent" : "child"))
      BOOST_TEST(found == "");
    }
}

BOOST_FIXTURE_TEST_SUITE(trials, isolatte::test::nothing_left)

BOOST_AUTO_TEST_CASE(each_call_of_a_trial_fails) { fail_each(user::same); }

BOOST_AUTO_TEST_CASE(each_call_of_a_trial_fails_for_a_user_without_privileges) {
  if (::geteuid() == 0) fail_each(user::nobody);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace trials_test
