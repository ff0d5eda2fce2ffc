// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// A module for boost_test.sh. With ISOLATTE_SAMPLE=isolated in the environment its cases run in
// children, and otherwise in the program: the suites `same` and `order` must not show which.

#include <isolatte/test.hpp>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <boost/test/unit_test_monitor.hpp>
#include <boost/throw_exception.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <list>
#include <memory>
#include <new>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <fcntl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ut = boost::unit_test;
using isolatte::test::death;
using isolatte::test::in_process;
using isolatte::test::isolated;
using namespace std::chrono_literals;

namespace {

bool is_isolated() {
  const char* const mode = std::getenv("ISOLATTE_SAMPLE");
  return mode && mode == std::string_view{"isolated"};
}

pid_t const program = ::getpid();

struct isolation {
  isolation() {
    if (is_isolated()) isolatte::test::isolate_all{};
  }
};
BOOST_TEST_GLOBAL_CONFIGURATION(isolation);

/// Changes the stream that prints it.
struct sticky {
  int value;
  friend std::ostream& operator<<(std::ostream& os, const sticky& s) {
    return os << std::hex << std::showbase << std::setfill('.') << s.value;
  }
  friend bool operator==(const sticky& s, int i) { return s.value == i; }
};

/// Cannot be printed.
struct unprintable {
  friend std::ostream& operator<<(std::ostream&, const unprintable&) {
    throw std::runtime_error{"cannot print"};
  }
  friend bool operator==(const unprintable&, const unprintable&) { return false; }
};

struct translated {
  int code;
};

struct noisy_fixture {
  noisy_fixture() { BOOST_TEST_MESSAGE("the fixture is made"); }
  ~noisy_fixture() { BOOST_TEST_MESSAGE("the fixture goes"); }
  int value = 7;
};

struct suite_fixture {
  suite_fixture() { BOOST_TEST_INFO("told by the fixture of the suite"); }
  void setup() { BOOST_TEST_MESSAGE("set up"); }
  void teardown() { BOOST_TEST(true); }
};

struct broken_fixture {
  void setup() { throw std::runtime_error{"cannot set up"}; }
  void teardown() { BOOST_TEST_MESSAGE("torn down"); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(same, *ut::description("cases that must look the same in both ways"))

BOOST_AUTO_TEST_CASE(passes) {
  for (int i = 0; i != 100; ++i) BOOST_TEST(i == i);
}

BOOST_AUTO_TEST_CASE(fails) {
  int const a = 1;
  int const b = 2;
  BOOST_TEST(a == a);
  BOOST_TEST(a == b);
  BOOST_CHECK(a == b);
  BOOST_CHECK_MESSAGE(a == b, "a is " << a << ", b is " << b);
  BOOST_CHECK_EQUAL(a, b);
  BOOST_CHECK_NE(a, a);
  BOOST_CHECK_LT(b, a);
  BOOST_TEST(a == b, "with a message " << a);
  BOOST_ERROR("an error");
  BOOST_TEST(a == a);
}

BOOST_AUTO_TEST_CASE(warns) {
  BOOST_TEST_WARN(1 == 2);
  BOOST_WARN_EQUAL(1, 2);
  BOOST_TEST(true);
}

BOOST_AUTO_TEST_CASE(requires_too_much) {
  BOOST_TEST(1 == 2);
  BOOST_TEST_REQUIRE(1 == 2);
  BOOST_TEST(2 == 3);
}

BOOST_AUTO_TEST_CASE(gives_up) { BOOST_FAIL("no more"); }

BOOST_AUTO_TEST_CASE(tells) {
  BOOST_TEST_MESSAGE("a message " << 1 << ' ' << std::string(300, 'x'));
  BOOST_TEST_MESSAGE("<&\"'>]]> \xc3\xa4 \n two lines");
}

BOOST_AUTO_TEST_CASE(checks_nothing) {}

BOOST_AUTO_TEST_CASE(has_context) {
  BOOST_TEST_INFO("dropped by what passes");
  BOOST_TEST(true);
  BOOST_TEST_CONTEXT("outer " << 1) {
    BOOST_TEST_INFO("once " << 2);
    BOOST_TEST(1 == 2);
    BOOST_TEST(1 == 3);
    BOOST_TEST_CONTEXT("inner") {
      BOOST_TEST_INFO_SCOPE("scope");
      BOOST_TEST_MESSAGE("in a context");
      BOOST_TEST(1 == 4);
    }
    BOOST_TEST(1 == 5);
  }
  BOOST_TEST_CONTEXT("", "after an empty one") { BOOST_TEST(1 == 6); }
  BOOST_TEST_INFO("left over");
}

BOOST_AUTO_TEST_CASE(throws_with_empty_context) {
  BOOST_TEST_INFO("");
  throw std::out_of_range{"near"};
}

BOOST_AUTO_TEST_CASE(throws_in_context) {
  BOOST_TEST_INFO("shown with the exception");
  BOOST_TEST_CONTEXT("gone when it is caught") { throw std::out_of_range{"far"}; }
}

BOOST_AUTO_TEST_CASE(throws_standard) {
  BOOST_TEST(true);
  throw std::runtime_error{"what was thrown"};
}

BOOST_AUTO_TEST_CASE(throws_at_checkpoint) {
  BOOST_TEST_CHECKPOINT("here it is " << 5);
  throw std::bad_alloc{};
}

BOOST_AUTO_TEST_CASE(throws_with_location) {
  BOOST_THROW_EXCEPTION(std::domain_error{"from somewhere"});
}

BOOST_AUTO_TEST_CASE(throws_number) { throw 42; }

BOOST_AUTO_TEST_CASE(throws_text) { throw std::string{"a string"}; }

BOOST_AUTO_TEST_CASE(throws_literal) { throw "a literal"; }

BOOST_AUTO_TEST_CASE(throws_translated) { throw translated{5}; }

BOOST_AUTO_TEST_CASE(catches) {
  BOOST_CHECK_THROW(throw std::runtime_error{"x"}, std::runtime_error);
  BOOST_CHECK_THROW(throw std::runtime_error{"x"}, std::logic_error);
}

BOOST_AUTO_TEST_CASE(expects_failures, *ut::expected_failures(2)) {
  BOOST_TEST(1 == 2);
  BOOST_TEST(1 == 3);
}

BOOST_AUTO_TEST_CASE(expects_more_failures, *ut::expected_failures(2)) { BOOST_TEST(1 == 2); }

BOOST_AUTO_TEST_CASE(is_tolerant, *ut::tolerance(0.01)) {
  BOOST_TEST(1.0 == 1.001);
  BOOST_TEST(1.0 == 1.1);
  BOOST_CHECK_CLOSE(1.0, 1.5, 1.0);
  BOOST_CHECK_SMALL(0.5, 0.1);
}

BOOST_AUTO_TEST_CASE(prints_strangely) {
  BOOST_CHECK_EQUAL(sticky{300}, 301);
  BOOST_CHECK_EQUAL('\x01', '\x02');
  BOOST_CHECK_EQUAL(true, false);
  BOOST_TEST(sticky{300} == 17);
  BOOST_TEST_MESSAGE(sticky{200} << ' ' << 100);
  BOOST_TEST_MESSAGE(100);
}

BOOST_AUTO_TEST_CASE(cannot_print) {
  BOOST_TEST_INFO("shown with the entry");
  BOOST_CHECK_EQUAL(unprintable{}, unprintable{});
}

BOOST_AUTO_TEST_CASE(cannot_print_and_goes_on) {
  BOOST_CHECK_THROW(BOOST_TEST(unprintable{} == unprintable{}), std::runtime_error);
  BOOST_TEST(1 == 2);
}

/// A process that an isolated case forks asserts, and has a checkpoint, which the log does not
/// have.
BOOST_AUTO_TEST_CASE(forks) {
  BOOST_TEST_CHECKPOINT("of the case");
  pid_t const other = ::fork();
  if (other == 0) {
    if (::getppid() != program) {
      for (int i = 0; i != 10; ++i) BOOST_TEST(i >= 0);
      BOOST_TEST_CHECKPOINT("of another process");
    }
    ::_exit(0);
  }
  int status = -1;
  ::waitpid(other, &status, 0);
  if (status == 0) throw std::runtime_error{"after it"};
}

BOOST_AUTO_TEST_CASE(compares_collections) {
  std::vector<int> const a{1, 2, 3};
  std::list<int> const b{1, 5, 3, 4};
  BOOST_CHECK_EQUAL_COLLECTIONS(a.begin(), a.end(), b.begin(), b.end());
  BOOST_TEST(a == (std::vector<int>{1, 2, 4}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(writes_itself) {
  std::cout << "to standard output\n";
  BOOST_TEST(1 == 2);
  std::cout << "without a newline";
  BOOST_TEST_MESSAGE("between");
  std::cerr << "to standard error\n";
  std::puts("by stdio");
  BOOST_TEST(1 == 3);
  std::cout << "last\n";
}

BOOST_FIXTURE_TEST_CASE(uses_fixture, noisy_fixture) { BOOST_TEST(value == 8); }

BOOST_AUTO_TEST_CASE(uses_broken_fixture, *ut::fixture<broken_fixture>()) { BOOST_TEST(false); }

BOOST_AUTO_TEST_CASE(uses_functions, *ut::fixture([] { BOOST_TEST_MESSAGE("before"); },
                                                  [] { BOOST_TEST(1 == 2); })) {
  BOOST_TEST(true);
}

BOOST_AUTO_TEST_CASE(is_disabled, *ut::disabled()) { BOOST_TEST(false); }

BOOST_AUTO_TEST_CASE(depends_on_failure, *ut::depends_on("same/fails")) { BOOST_TEST(true); }

BOOST_AUTO_TEST_CASE(depends_on_success, *ut::depends_on("same/passes")) { BOOST_TEST(true); }

BOOST_AUTO_TEST_CASE(has_condition, *ut::precondition([](ut::test_unit_id) { return false; })) {
  BOOST_TEST(true);
}

BOOST_DATA_TEST_CASE(has_data, ut::data::xrange(4), number) { BOOST_TEST(number != 2); }

using types = std::tuple<int, char, double>;
BOOST_AUTO_TEST_CASE_TEMPLATE(has_types, T, types) { BOOST_TEST(sizeof(T) == 1u); }

BOOST_FIXTURE_TEST_SUITE(with_fixture, suite_fixture)
BOOST_AUTO_TEST_CASE(first) { BOOST_TEST(1 == 2); }
BOOST_AUTO_TEST_CASE(second) { BOOST_TEST(true); }
BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(set_up_once, *ut::fixture<suite_fixture>())
BOOST_AUTO_TEST_CASE(first) { BOOST_TEST(1 == 2); }
BOOST_AUTO_TEST_CASE(second) { BOOST_TEST(1 == 3); }
BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

// Boost.Test gives such an entry to the first of its formats alone.
BOOST_AUTO_TEST_SUITE(same_in_one_format)
BOOST_AUTO_TEST_CASE(cannot_print) { BOOST_TEST_MESSAGE("begun " << unprintable{} << 1); }
BOOST_AUTO_TEST_SUITE_END()

namespace {

std::size_t words_in(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), ' ')) + 1;
}

}  // namespace

//[isolated
BOOST_AUTO_TEST_CASE(counts_words, *isolatte::test::isolated({.timeout = 2s})) {
  BOOST_TEST(words_in("one and two") == 3u);
}
//]

BOOST_AUTO_TEST_CASE(divides, *isolated()) {
  double volatile zero = 0;
  BOOST_TEST(zero / zero != 1);
}

// Each case fails in its own way, and the next one runs.
BOOST_AUTO_TEST_SUITE(ends, *isolated({.timeout = 60s}))

BOOST_AUTO_TEST_CASE(reads_null) {
  BOOST_TEST(true);
  int* volatile nowhere = nullptr;
  BOOST_TEST(*nowhere == 1);
}

BOOST_AUTO_TEST_CASE(aborts) {
  BOOST_TEST(1 == 2);
  std::abort();
}

BOOST_DATA_TEST_CASE(aborts_at, ut::data::xrange(2), number) {
  BOOST_TEST(number >= 0);
  if (number == 1) std::abort();
}

BOOST_AUTO_TEST_CASE(leaves) {
  BOOST_TEST_CHECKPOINT("about to leave");
  std::exit(3);
}

BOOST_AUTO_TEST_CASE(leaves_well) { std::exit(0); }

BOOST_AUTO_TEST_CASE(hangs, *isolated({.timeout = 200ms})) {
  BOOST_TEST(true);
  BOOST_TEST_CHECKPOINT("about to hang");
  for (;;) ::pause();
}

BOOST_AUTO_TEST_CASE(hangs_too, *ut::timeout(1)) {
  BOOST_TEST_CONTEXT("left before") {}
  BOOST_TEST_INFO_SCOPE("outermost " << 1);
  BOOST_TEST_CONTEXT("outer " << 2, "inner " << 3) {
    for (;;) ::pause();
  }
}

BOOST_AUTO_TEST_CASE(hoards, *isolated({.limits = {.address_space = std::size_t{1} << 30}})) {
  std::vector<std::unique_ptr<char[]>> hoard;
  for (;;) hoard.emplace_back(new char[std::size_t{16} << 20]);
}

BOOST_AUTO_TEST_CASE(counts_to_the_end) {
  for (int i = 0; i != 1000; ++i) BOOST_TEST(i != -1);
  ::_exit(0);
}

/// Writes to what this process shares with the program, as a wild pointer may do.
BOOST_AUTO_TEST_CASE(overwrites_its_count) {
  constexpr std::uint64_t checks = 7919;
  for (std::uint64_t i = 0; i != checks; ++i) BOOST_TEST(i != checks);
  std::ifstream maps{"/proc/self/maps"};
  for (std::string line; std::getline(maps, line);) {
    if (line.find(" rw-s ") == line.npos) continue;
    auto* const begin = reinterpret_cast<volatile std::uint64_t*>(std::stoull(line, nullptr, 16));
    if (*begin == checks) *begin = ~std::uint64_t{0};
  }
}

int deeper(int depth) {
  volatile char room[4096];
  room[0] = static_cast<char>(depth);
  return depth < 0 ? 0 : deeper(depth + 1) + room[0];
}

BOOST_AUTO_TEST_CASE(overflows, *ut::fixture([] { BOOST_TEST(true); })) {
  BOOST_TEST(deeper(0) == 0);
}

BOOST_AUTO_TEST_CASE(is_well) { BOOST_TEST(::getpid() != program); }

BOOST_AUTO_TEST_CASE(stays_in_the_program, *in_process()) { BOOST_TEST(::getpid() == program); }

BOOST_AUTO_TEST_SUITE_END()

// Each case closes a descriptor, which may be the one that tells of the assertion.
BOOST_AUTO_TEST_SUITE(closes, *isolated({.timeout = 60s}))
BOOST_DATA_TEST_CASE(one, ut::data::xrange(3, 16), number) {
  ::close(number);
  BOOST_TEST(1 == 2);
}
BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(where, *isolated()) {
  std::cout << "in the program: " << (::getpid() == program ? "yes" : "no") << '\n';
  BOOST_TEST(true);
}

BOOST_AUTO_TEST_SUITE(deaths)

//[death
BOOST_AUTO_TEST_CASE(dies_as_told, *isolatte::test::death("not a number", SIGABRT)) {
  std::cerr << "fatal: \"one\" is not a number\n";
  std::abort();
}
//]

BOOST_AUTO_TEST_CASE(dies_anyhow, *death()) { ::raise(SIGTERM); }

BOOST_AUTO_TEST_CASE(lives_on, *death("text")) { BOOST_TEST(true); }

BOOST_AUTO_TEST_CASE(dies_otherwise, *death("", SIGABRT)) { ::raise(SIGTERM); }

BOOST_AUTO_TEST_CASE(dies_silently, *death("last words", SIGABRT)) {
  std::cerr << "other words\n";
  std::abort();
}

BOOST_AUTO_TEST_CASE(leaves_instead, *death("", SIGABRT)) { std::exit(1); }

BOOST_AUTO_TEST_CASE(throws_instead, *death("", SIGABRT)) { throw std::runtime_error{"thrown"}; }

BOOST_AUTO_TEST_SUITE_END()

// `first` ends only if `last` runs at the same time.
BOOST_AUTO_TEST_SUITE(meeting, *isolated({.timeout = 60s}))

namespace {

void meet(const char* mine, const char* other) {
  std::string const folder = std::getenv("ISOLATTE_SAMPLE_FOLDER");
  BOOST_TEST_REQUIRE(::creat((folder + '/' + mine).c_str(), 0600) != -1);
  while (::access((folder + '/' + other).c_str(), F_OK) == -1) ::usleep(1000);
  std::cout << mine << " has met " << other << '\n';
  BOOST_TEST(true);
}

}  // namespace

BOOST_AUTO_TEST_CASE(first) { meet("first", "last"); }
BOOST_AUTO_TEST_CASE(last) { meet("last", "first"); }

BOOST_AUTO_TEST_SUITE_END()

// The case of another suite makes `first` run after `second`, and with it all of its suite.
BOOST_AUTO_TEST_SUITE(ranks)

int changes = 0;

BOOST_AUTO_TEST_CASE(begins, *isolated()) { BOOST_TEST(changes == 0); }

BOOST_AUTO_TEST_SUITE(first, *isolated())
BOOST_AUTO_TEST_CASE(depends, *ut::depends_on("ranks/second/last")) { BOOST_TEST(changes == 1); }
BOOST_AUTO_TEST_CASE(is_there) { BOOST_TEST(changes == 1); }
BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(second)
BOOST_AUTO_TEST_CASE(changes_the_program, *in_process()) {
  ++changes;
  BOOST_TEST(true);
}
BOOST_AUTO_TEST_CASE(last, *isolated()) { BOOST_TEST(changes == 1); }
BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

int main(int argc, char* argv[]) {
  ut::unit_test_monitor.register_exception_translator<translated>([](const translated& thrown) {
    BOOST_TEST_MESSAGE("translated: " << thrown.code);
    BOOST_TEST(thrown.code == 0);
  });
  return ut::unit_test_main([] { return true; }, argc, argv);
}
