// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "greedy_waiter.hpp"

#include <unistd.h>

namespace soak {

greedy_waiter::greedy_waiter(incidents& seen) : seen_{seen}, thread_{[this] { work(); }} {}

greedy_waiter::~greedy_waiter() {
  ends_ = true;
  thread_.join();
}

void greedy_waiter::work() {
  while (!ends_) {
    while (seen_.reap_any() != 0) {
    }
    ::usleep(300);
  }
}

}  // namespace soak
