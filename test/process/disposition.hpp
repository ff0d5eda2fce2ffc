// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_PROCESS_DISPOSITION_HPP
#define ISOLATTE_TEST_PROCESS_DISPOSITION_HPP

#include <signal.h>

namespace isolatte::inline v0_1::test {

/// Changes the disposition of a signal, and restores it in the destructor.
class disposition {
 public:
  disposition(int signal, void (*handler)(int)) : signal_{signal} {
    struct sigaction action{};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    ::sigaction(signal, &action, &before_);
  }
  ~disposition() { ::sigaction(signal_, &before_, nullptr); }
  disposition(const disposition&) = delete;
  disposition& operator=(const disposition&) = delete;

 private:
  int signal_;
  struct sigaction before_{};
};

}  // namespace isolatte::inline v0_1::test

#endif
