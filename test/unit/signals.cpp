// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "vocabulary/signals.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstring>
#include <set>
#include <string>

namespace signals_test {

using isolatte::detail::is_fault;
using isolatte::detail::is_request_to_end;
using isolatte::detail::signal_name;

BOOST_AUTO_TEST_SUITE(signals)

BOOST_AUTO_TEST_CASE(the_seven_of_the_contract_are_faults_and_no_others) {
  std::set<int> const faults{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
  for (int signal = -1; signal <= SIGRTMAX + 1; ++signal)
    BOOST_TEST(is_fault(signal) == faults.contains(signal), "signal " << signal);
}

BOOST_AUTO_TEST_CASE(five_ask_a_process_to_end) {
  std::set<int> const requests{SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT};
  for (int signal = -1; signal <= SIGRTMAX + 1; ++signal)
    BOOST_TEST(is_request_to_end(signal) == requests.contains(signal), "signal " << signal);
}

BOOST_AUTO_TEST_CASE(names_are_those_of_the_headers) {
  BOOST_TEST(signal_name(SIGKILL) == "SIGKILL");
  BOOST_TEST(signal_name(SIGSEGV) == "SIGSEGV");
  BOOST_TEST(signal_name(SIGTERM) == "SIGTERM");
  BOOST_TEST(signal_name(SIGINT) == "SIGINT");
  BOOST_TEST(signal_name(SIGXCPU) == "SIGXCPU");
  BOOST_TEST(signal_name(SIGUSR1) == "SIGUSR1");
}

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
BOOST_AUTO_TEST_CASE(names_agree_with_the_c_library) {
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    const char* const known = ::sigabbrev_np(signal);
    if (known == nullptr) continue;
    std::string const name = std::string{"SIG"} + known;
    // SIGPOLL and SIGIO are two names of one number.
    if (name == "SIGPOLL" || name == "SIGIO") continue;
    BOOST_TEST(signal_name(signal) == name);
  }
}
#endif

BOOST_AUTO_TEST_CASE(real_time_signals_count_from_the_first) {
  BOOST_TEST(signal_name(SIGRTMIN) == "SIGRTMIN");
  BOOST_TEST(signal_name(SIGRTMIN + 3) == "SIGRTMIN+3");
  BOOST_TEST(signal_name(SIGRTMAX) == "SIGRTMIN+" + std::to_string(SIGRTMAX - SIGRTMIN));
}

BOOST_AUTO_TEST_CASE(what_has_no_name_is_told_by_number) {
  BOOST_TEST(signal_name(0) == "signal 0");
  BOOST_TEST(signal_name(-5) == "signal -5");
  BOOST_TEST(signal_name(SIGRTMAX + 1) == "signal " + std::to_string(SIGRTMAX + 1));
}

BOOST_AUTO_TEST_CASE(every_signal_has_one_name) {
  std::set<std::string> names;
  for (int signal = 1; signal <= SIGRTMAX; ++signal)
    BOOST_TEST(names.insert(signal_name(signal)).second, signal_name(signal));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace signals_test
