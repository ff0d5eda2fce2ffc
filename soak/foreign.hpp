// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_FOREIGN_HPP
#define ISOLATTE_SOAK_FOREIGN_HPP

#include "incidents.hpp"
#include "ledger.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <thread>

#include <sys/types.h>

namespace soak {

/// A part of the program that knows nothing of the library: a thread with children of its own,
/// which are made by fork() and by posix_spawn(), or adopted, and waited for by their numbers. Each
/// has to have its own status.
class foreign {
 public:
  /// @param seen knows the children that another part of the program has reaped
  foreign(ledger& book, const incidents& seen, std::uint64_t seed);
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
  /// How a child is made, and how it ends.
  enum class kind { forked, killed, slow, spawned, orphan, end };
  struct child {
    kind made = kind::forked;
    int code = 0;
    pid_t pid = -1;
  };

  void work(std::uint64_t seed);
  bool start(child& what);
  void check(const child& what);

  ledger& book_;
  const incidents& seen_;
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
/// How often it was called.
std::uint64_t handled_signals();

}  // namespace soak

#endif
