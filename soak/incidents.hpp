// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_INCIDENTS_HPP
#define ISOLATTE_SOAK_INCIDENTS_HPP

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>

#include <sys/types.h>

namespace soak {

/// A record of the harm done to the processes of a round, by which the ends of its jobs are judged.
///
/// Thread-safe.
class incidents {
 public:
  /// To be called before the process is killed.
  void note_kill(pid_t pid);
  bool was_killed(pid_t pid) const;

  /// Reaps any child that has ended, as a program may that takes all children for its own. No one
  /// can see that the child is gone before this object knows it.
  /// @return the child, or 0
  pid_t reap_any();
  bool was_reaped(pid_t pid) const;

  /// To be called for each other disturbance.
  void note() noexcept { ++count_; }
  std::uint64_t count() const noexcept { return count_; }

 private:
  mutable std::mutex mutex_;
  std::set<pid_t> killed_;
  std::set<pid_t> reaped_;
  std::atomic<std::uint64_t> count_ = 0;
};

}  // namespace soak

#endif
