// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_PROCESS_HPP
#define ISOLATTE_LIB_POSIX_CHILD_PROCESS_HPP

#include "logic/exit_status.hpp"
#include "posix/descriptor.hpp"
#include "posix/process_registry.hpp"

#include <isolatte/resource_usage.hpp>

#include <boost/system/error_code.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>

#include <signal.h>
#include <sys/resource.h>

namespace isolatte::posix {

struct reaped_child {
  logic::exit_status status;
  resource_usage usage;
};

/// Owns a child: whoever destroys this kills the child, with its group, and reaps it.
///
/// Nothing is sent to a number that may be someone else's by now: signals go through the process
/// descriptor, or to a child that is known to be unreaped. A child that this process did not fork
/// (the object was copied by a fork) is left alone.
///
/// Safe from several threads at once.
class child_process {
 public:
  /// No child yet, so that nothing has to be allocated once there is one.
  child_process();
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  /// Someone else is being asked to make the child, and the kernel will write its number there,
  /// where it has to stay as long as this. Where it is not adopted it is ended with this all the
  /// same: not before nobody can make it any more.
  void expect(const std::atomic<int>& number, bool leads_group) noexcept;
  /// Whether it is still to be adopted.
  bool expected() noexcept;

  /// Takes on a child of this process that nobody else reaps.
  void adopt(int pid, bool leads_group, std::chrono::steady_clock::time_point began) noexcept;

  int pid() const noexcept { return pid_; }
  std::chrono::steady_clock::time_point began() const noexcept { return began_; }

  /// A descriptor that is readable once the child has ended, or -1 where there is none: then
  /// ended() must be asked from time to time.
  int descriptor_of_end() const noexcept { return pidfd_.get(); }

  /// Whether the child has ended, reaped or not.
  bool ended() noexcept;

  /// Once the child has ended: kills what is left of its group, reaps it, and closes
  /// descriptor_of_end(). Its status is lost where someone else has reaped it.
  std::optional<reaped_child> try_reap() noexcept;

  /// @{
  /// Signals the child, or its group where it leads one: SIGINT, SIGTERM, SIGKILL, SIGSTOP,
  /// SIGCONT. A stopped child is woken for the polite ones. `no_such_process` when it has ended.
  boost::system::error_code interrupt() noexcept;
  boost::system::error_code request_exit() noexcept;
  boost::system::error_code terminate() noexcept;
  boost::system::error_code suspend() noexcept;
  boost::system::error_code resume() noexcept;
  /// @}

  /// From now on what is sent is for the child alone: others than its descendants pass through its
  /// group. To be called before others know the child.
  void spare_group() noexcept { leads_group_ = false; }

  /// Ends and reaps the child, and waits no longer than that takes.
  void kill_and_reap() noexcept;

 private:
  /// `taken`: the child is reaped, and its status is kept until it is asked for.
  enum class state { none, expected, running, zombie, taken, gone, lost };
  void adopt_locked(int pid) noexcept;
  state look(int flags) noexcept;
  int wait_for_status(siginfo_t& info, int flags, struct rusage* usage) noexcept;
  state take_by_waitid() noexcept;
  state take_by_wait4(int flags) noexcept;
  state took(const logic::exit_status& status, const struct rusage& usage) noexcept;
  boost::system::error_code send(int signal, bool wake) noexcept;
  bool send_locked(int signal) noexcept;
  bool send_to_child(int signal) noexcept;
  void sweep_locked() noexcept;
  reaped_child reap_locked() noexcept;

  int pid_ = 0;
  int const owner_;
  bool leads_group_ = false;
  std::chrono::steady_clock::time_point began_;
  descriptor pidfd_;
  std::mutex mutex_;
  state state_ = state::none;
  const std::atomic<int>* expected_ = nullptr;
  reaped_child taken_;
  registry_hook hook_;
};

}  // namespace isolatte::posix

#endif
