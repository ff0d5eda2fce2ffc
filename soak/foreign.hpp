// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_FOREIGN_HPP
#define ISOLATTE_SOAK_FOREIGN_HPP

#include "ledger.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <thread>

#include <sys/types.h>

namespace soak {

/// A part of the program that knows nothing of the library: a thread with children of its own,
/// which are made by fork() and by posix_spawn() and waited for by their numbers. Each has to have
/// its own status.
class foreign {
 public:
  foreign(ledger& book, std::uint64_t seed);
  /// Ends the thread, and its children.
  ~foreign();
  foreign(const foreign&) = delete;
  foreign& operator=(const foreign&) = delete;

  /// Calls a function unless the process is one of these children, which stay what they are during
  /// the call.
  template <class Function>
  void unless_ours(pid_t pid, Function function) {
    std::scoped_lock const lock{mutex_};
    if (!ours_.contains(pid)) function();
  }
  std::uint64_t count() const noexcept { return count_; }

 private:
  void work(std::uint64_t seed);
  pid_t start(std::uint64_t kind, int code);

  ledger& book_;
  std::mutex mutex_;
  std::set<pid_t> ours_;
  std::atomic<bool> ends_ = false;
  std::atomic<std::uint64_t> count_ = 0;
  std::thread thread_;
};

/// Installs a handler of SIGCHLD, as a program may. The handler interrupts system calls.
void handle_sigchld();
/// Says whether the handler is still there.
bool handles_sigchld();

}  // namespace soak

#endif
