// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "confine/ruleset.hpp"

#include "posix/system_calls.hpp"

#include <boost/system/error_code.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <fcntl.h>

// The calls are answered here, so the version of the kernel does not matter.

namespace ruleset_test {

using boost::system::error_code;
using isolatte::sandbox;
namespace confine = isolatte::confine;
namespace posix = isolatte::posix;

constexpr int of_path = 1;
constexpr int of_port = 2;

/// Files, network, and what is scoped.
std::array<std::uint64_t, 3> attributes;
std::size_t size_of_attributes;
std::vector<int> rules;
/// The kind of rules that the kernel refuses.
int refused;

int create_ruleset(const void* from, std::size_t size, unsigned) {
  attributes = {};
  size_of_attributes = size;
  std::memcpy(attributes.data(), from, std::min(size, sizeof attributes));
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int add_rule(int, int type, const void*) {
  if (type == refused) {
    errno = ENOMEM;
    return -1;
  }
  rules.push_back(type);
  return 0;
}

struct a_kernel {
  a_kernel() {
    posix::sys.landlock_create_ruleset = create_ruleset;
    posix::sys.landlock_add_rule = add_rule;
    rules.clear();
    refused = 0;
  }
  ~a_kernel() { posix::sys = before; }

  posix::descriptor make(int version, error_code& ec) {
    std::vector<std::string> gaps;
    auto made = confine::make_ruleset(
        {.read = {"/"}, .network = isolatte::tcp{.connect = {80, 443}, .bind = {8080}}},
        {.files = true, .tcp_ports = true, .signals = true, .socket_files = true}, version, gaps,
        ec);
    BOOST_TEST(gaps.empty());
    return made;
  }

  posix::system_calls const before = posix::sys;
};

BOOST_FIXTURE_TEST_SUITE(ruleset, a_kernel)

BOOST_AUTO_TEST_CASE(a_kernel_is_asked_for_what_its_version_knows) {
  for (int version = 1; version != 10; ++version) {
    rules.clear();
    error_code ec;
    BOOST_TEST(bool(make(version, ec)));
    BOOST_TEST(!ec);
    auto const ports = std::count(rules.begin(), rules.end(), of_port);
    BOOST_TEST_CONTEXT("version " << version) {
      BOOST_TEST(attributes[0] != 0u);
      BOOST_TEST((attributes[1] != 0) == (version >= 4));
      BOOST_TEST((attributes[2] != 0) == (version >= 6));
      BOOST_TEST(size_of_attributes == (version >= 6 ? 24u : version >= 4 ? 16u : 8u));
      BOOST_TEST(ports == (version >= 4 ? 3 : 0));
      BOOST_TEST(std::count(rules.begin(), rules.end(), of_path) == 1);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_port_that_the_kernel_refuses_is_an_error) {
  refused = of_port;
  error_code ec;
  BOOST_TEST(!make(7, ec));
  BOOST_TEST(ec.value() == ENOMEM);
  BOOST_TEST(std::count(rules.begin(), rules.end(), of_path) == 1);
  BOOST_TEST(std::count(rules.begin(), rules.end(), of_port) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ruleset_test
