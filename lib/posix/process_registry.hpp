// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_PROCESS_REGISTRY_HPP
#define ISOLATTE_LIB_POSIX_PROCESS_REGISTRY_HPP

#include <boost/system/error_code.hpp>

#include <mutex>

namespace isolatte::inline v0_1::posix {

class child_process;

/// A link of the list of children that are not reaped yet.
struct registry_hook {
  registry_hook* previous = nullptr;
  registry_hook* next = nullptr;
  child_process* process = nullptr;
};

/// Guards the list and the leash. Every fork of the process waits for it, so no child finds it
/// locked.
std::unique_lock<std::mutex> lock_registry();

/// With the registry locked.
void enlist(registry_hook& hook, child_process& process) noexcept;
/// With the registry locked.
void delist(registry_hook& hook) noexcept;

/// Says that this process has just become a copy of another one by other means than fork(), which
/// tells by itself, and has one thread.
void enter_copy() noexcept;

/// Hands over a child that may not be killed: it is reaped when it has ended by itself and another
/// child is made.
void leave_behind(int pid) noexcept;
/// With the registry locked: reaps those that have ended.
void reap_left_behind() noexcept;

/// Announces a child until it is enlisted, or will not be made. A program that leaves main() waits
/// for the announced ones; from then on more are refused, with `operation_canceled`.
class child_announced {
 public:
  explicit child_announced(boost::system::error_code& ec);
  ~child_announced();
  child_announced(const child_announced&) = delete;
  child_announced& operator=(const child_announced&) = delete;

 private:
  bool counted_ = false;
};

}  // namespace isolatte::inline v0_1::posix

#endif
