// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_PROCESS_GATE_HPP
#define ISOLATTE_TEST_PROCESS_GATE_HPP

#include <isolatte/options.hpp>

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace isolatte::test {

/// What a child and a test tell each other through that they have come so far. Who passes blocks
/// until it has been opened as often as it was passed.
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

  /// Readable when open.
  int descriptor() const noexcept { return fds_[0]; }
  /// For the children that use it.
  kept_descriptors ends() const { return {fds_[0], fds_[1]}; }

 private:
  int fds_[2] = {-1, -1};
};

}  // namespace isolatte::test

#endif
