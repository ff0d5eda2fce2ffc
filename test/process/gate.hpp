// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_PROCESS_GATE_HPP
#define ISOLATTE_TEST_PROCESS_GATE_HPP

#include <isolatte/options.hpp>

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace isolatte::inline v0_1::test {

/// Lets a child and a test wait for each other. Each open() lets one pass() through.
class gate {
 public:
  gate() { BOOST_REQUIRE(::pipe2(fds_, O_CLOEXEC) == 0); }
  ~gate() {
    ::close(fds_[0]);
    ::close(fds_[1]);
  }
  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;

  void open() const noexcept {
    char const byte = '!';
    if (::write(fds_[1], &byte, 1) != 1) ::_exit(97);
  }
  void pass() const noexcept {
    char byte;
    while (::read(fds_[0], &byte, 1) == -1) {
    }
  }

  /// Readable if the gate is open.
  int descriptor() const noexcept { return fds_[0]; }
  /// The value of options::keep for a child that uses the gate.
  kept_descriptors ends() const { return {fds_[0], fds_[1]}; }

 private:
  int fds_[2] = {-1, -1};
};

}  // namespace isolatte::inline v0_1::test

#endif
