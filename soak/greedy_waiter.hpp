// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_GREEDY_WAITER_HPP
#define ISOLATTE_SOAK_GREEDY_WAITER_HPP

#include "incidents.hpp"

#include <atomic>
#include <thread>

namespace soak {

/// A thread that waits for any child, also for those that the library has made.
class greedy_waiter {
 public:
  explicit greedy_waiter(incidents& seen);
  /// Ends the thread.
  ~greedy_waiter();
  greedy_waiter(const greedy_waiter&) = delete;
  greedy_waiter& operator=(const greedy_waiter&) = delete;

 private:
  void work();

  incidents& seen_;
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

}  // namespace soak

#endif
