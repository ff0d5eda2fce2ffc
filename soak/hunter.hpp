// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_HUNTER_HPP
#define ISOLATTE_SOAK_HUNTER_HPP

#include "foreign.hpp"
#include "incidents.hpp"

#include <atomic>
#include <cstdint>
#include <thread>

namespace soak {

/// A thread that kills, or stops for a moment, children of the program at random: jobs, workers,
/// servers and what stands by.
class hunter {
 public:
  hunter(foreign& spared, incidents& seen, std::uint64_t seed);
  /// Ends the thread. No process stays stopped.
  ~hunter();
  hunter(const hunter&) = delete;
  hunter& operator=(const hunter&) = delete;

 private:
  void work(std::uint64_t seed);

  foreign& spared_;
  incidents& seen_;
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

}  // namespace soak

#endif
