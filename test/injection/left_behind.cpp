// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The system refuses to kill children, or to tell of their ends. No operation waits for that, and
// what could not be ended is reaped later.

#include "posix/child_process.hpp"
#include "support/fail_calls.hpp"
#include "support/nothing_left.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <chrono>
#include <memory>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace left_behind_test {

using isolatte::logic::exit_status;
using isolatte::posix::child_process;
using isolatte::test::alive;
using isolatte::test::fail_calls;
using isolatte::test::failure;

/// A child that ends with 7 when it is let go. No object of the library's watches it yet.
class lone_child {
 public:
  /// @param group to join; 0: one of its own
  explicit lone_child(pid_t group = 0) {
    BOOST_REQUIRE(::pipe(gate_) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      char byte = 0;
      ::_exit(::read(gate_[0], &byte, 1) == 1 ? 7 : 1);
    }
    BOOST_REQUIRE(pid_ > 0);
    BOOST_REQUIRE(::setpgid(pid_, group) == 0);
    ::close(gate_[0]);
  }
  lone_child(const lone_child&) = delete;
  lone_child& operator=(const lone_child&) = delete;
  ~lone_child() { ::close(gate_[1]); }

  pid_t pid() const { return pid_; }
  /// Lets it end, and leaves the zombie.
  void end() {
    BOOST_REQUIRE(::write(gate_[1], ".", 1) == 1);
    siginfo_t info;
    BOOST_REQUIRE(::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) == 0);
  }
  bool is_reaped() const {
    siginfo_t info;
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == -1 &&
           errno == ECHILD;
  }

 private:
  int gate_[2] = {-1, -1};
  pid_t pid_ = -1;
};

constexpr const char* killing = "kill pidfd_send_signal";
constexpr const char* waiting = "waitid wait4";

BOOST_FIXTURE_TEST_SUITE(left_behind, isolatte::test::nothing_left)

BOOST_AUTO_TEST_CASE(a_child_that_may_not_be_killed_is_reaped_when_it_has_ended) {
  lone_child one;
  {
    fail_calls const refused{{.how = failure::mode::every, .entry = killing}};
    child_process watched;
    watched.adopt(one.pid(), true, std::chrono::steady_clock::now());
  }
  BOOST_TEST(alive(one.pid()));
  child_process const early;
  BOOST_TEST(alive(one.pid()));
  one.end();
  BOOST_TEST(!one.is_reaped());
  child_process const next;
  BOOST_TEST(one.is_reaped());
}

BOOST_AUTO_TEST_CASE(no_further_child_has_to_be_made_for_that) {
  lone_child one;
  auto earlier = std::make_unique<child_process>();
  {
    fail_calls const refused{{.how = failure::mode::every, .entry = killing}};
    child_process watched;
    watched.adopt(one.pid(), true, std::chrono::steady_clock::now());
  }
  one.end();
  BOOST_TEST(!one.is_reaped());
  earlier.reset();
  BOOST_TEST(one.is_reaped());
}

BOOST_AUTO_TEST_CASE(so_is_another_child_of_the_group_that_it_led) {
  lone_child leader;
  lone_child other{leader.pid()};
  {
    fail_calls const refused{{.how = failure::mode::every, .entry = killing}};
    child_process watched;
    watched.adopt(leader.pid(), true, std::chrono::steady_clock::now());
    leader.end();
  }
  BOOST_TEST(leader.is_reaped());
  BOOST_TEST(alive(other.pid()));
  child_process const early;
  BOOST_TEST(alive(other.pid()));
  other.end();
  child_process const next;
  BOOST_TEST(other.is_reaped());
}

BOOST_AUTO_TEST_CASE(a_child_whose_end_the_system_does_not_tell_counts_as_running) {
  lone_child one;
  child_process watched;
  watched.adopt(one.pid(), true, std::chrono::steady_clock::now());
  one.end();
  {
    fail_calls const silent{{.how = failure::mode::every, .entry = waiting}};
    BOOST_TEST(!watched.ended());
    BOOST_TEST(!watched.try_reap().has_value());
  }
  BOOST_TEST(watched.ended());
  auto const reaped = watched.try_reap();
  BOOST_REQUIRE(reaped.has_value());
  BOOST_TEST((reaped->status == exit_status{exit_status::kind::exited, 7}));
  BOOST_TEST(one.is_reaped());
}

BOOST_AUTO_TEST_CASE(an_end_is_taken_by_the_call_that_works) {
  for (auto const* const broken : {"waitid", "wait4"}) BOOST_TEST_CONTEXT(broken << " fails") {
      lone_child one;
      child_process watched;
      watched.adopt(one.pid(), true, std::chrono::steady_clock::now());
      one.end();
      // The zombie has been seen, and is still there.
      BOOST_TEST(watched.ended());
      fail_calls const refused{{.how = failure::mode::every, .entry = broken}};
      auto const reaped = watched.try_reap();
      BOOST_REQUIRE(reaped.has_value());
      BOOST_TEST((reaped->status == exit_status{exit_status::kind::exited, 7}));
      BOOST_TEST(one.is_reaped());
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace left_behind_test
