// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_PROCESS_HPP
#define ISOLATTE_LIB_POSIX_CHILD_PROCESS_HPP

#include "logic/exit_status.hpp"
#include "posix/descriptor.hpp"
#include "posix/leash.hpp"
#include "posix/origin.hpp"
#include "posix/process_registry.hpp"

#include <isolatte/resource_usage.hpp>

#include <boost/system/error_code.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>

#include <signal.h>
#include <sys/resource.h>

namespace isolatte::inline v0_1::posix {

/// Whether a child of this process has ended, reaped or not.
bool has_ended(int pid) noexcept;

/// Reaps those in the group of a child that have ended and are children of this process, or threads
/// that it traces. The child itself is left: after it has been reaped a process with its number is
/// another one.
/// @return whether some have not ended
bool reap_group(int group) noexcept;

/// The number of a process that makes a child for another one; that of the child if there is no
/// such helper.
/// @param made where the kernel writes the helper's number, and later the child's
/// @param helper where the helper has written its own before it made the child
int number_of_helper(const std::atomic<int>& made, const std::atomic<int>& helper) noexcept;

struct reaped_child {
  logic::exit_status status;
  resource_usage usage;
};

/// Owns a child: the destructor kills the child, with its group, and reaps it.
///
/// Signals go through the process descriptor, or to a child that is known to be unreaped, so that
/// no recycled number is ever hit. In a copy of the program the child has ended as far as this
/// object is concerned, and its status is lost: the child is the original's.
///
/// Safe from several threads at once.
class child_process {
 public:
  /// Owns no child yet, so that nothing has to be allocated once there is one.
  child_process();
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  /// Opens the leash of the child that is about to be made, and keeps this process's part of it
  /// until the child has been reaped.
  /// @return the child's end
  descriptor open_leash(leash_kind kind, boost::system::error_code& ec) noexcept;

  /// Says that another process is being asked to make the child, and that the kernel will write the
  /// child's number there. A child that is made and never adopted is ended with this object all the
  /// same, so the object has to live until no one can make the child any more. May be called again
  /// when yet another process is asked, since the one before has not made the child.
  /// @param number lives as long as this object, or until adopt(); no one who is not to be trusted
  /// may write there before that
  /// @param helper becomes the number of a process that makes the child, and is to be reaped, too;
  /// null: there is none. Until it is there the other number is the helper's.
  void expect(const std::atomic<int>& number, const std::atomic<int>* helper,
              bool leads_group) noexcept;
  /// Whether the child is still to be adopted.
  bool expected() noexcept;

  /// Takes on a child of this process that nothing else reaps.
  void adopt(int pid, bool leads_group, std::chrono::steady_clock::time_point began) noexcept;

  int pid() const noexcept { return pid_; }
  /// Whether this process is a copy of the child's parent.
  bool is_elsewhere() const noexcept { return origin_.is_elsewhere(); }
  /// The number, or 0 in a copy of the program.
  int pid_here() const noexcept { return origin_.is_elsewhere() ? 0 : pid_; }
  std::chrono::steady_clock::time_point began() const noexcept { return began_; }

  /// Takes on the expected child if it has been made.
  /// @return false if there is none
  bool adopt_expected(std::chrono::steady_clock::time_point began) noexcept;

  /// A descriptor that becomes readable when the child ends; or -1, and then ended() must be asked
  /// from time to time.
  int descriptor_of_end() const noexcept { return pidfd_.get(); }

  /// Whether the child has ended, reaped or not, as far as the kernel reports that.
  bool ended() noexcept;
  /// The same, also if a tracer is to reap first, until when the kernel reports nothing. Reads
  /// `/proc`, which takes as long as dozens of system calls.
  bool ended_unreported() noexcept;

  /// After the child's end: kills what is left of its group, reaps it, and closes
  /// descriptor_of_end(). The status is lost if someone else has reaped the child.
  std::optional<reaped_child> try_reap() noexcept;

  /// After try_reap(): reaps those of the killed group that are children of this process. The child
  /// has made them so (CLONE_PARENT), or they are orphans, and this process is process 1 or a
  /// subreaper.
  /// @return whether some are still dying
  bool reap_group() noexcept;

  /// @{
  /// Signals the child, or its group if it leads one: SIGINT, SIGTERM, SIGKILL, SIGSTOP, SIGCONT. A
  /// stopped child is woken for SIGINT and SIGTERM. `no_such_process` if it has ended.
  boost::system::error_code interrupt() noexcept;
  boost::system::error_code request_exit() noexcept;
  boost::system::error_code terminate() noexcept;
  boost::system::error_code suspend() noexcept;
  boost::system::error_code resume() noexcept;
  /// @}

  /// Whether somebody has stopped the child.
  bool stopped() noexcept;
  /// Sends SIGCONT if the child is stopped.
  void continue_if_stopped() noexcept;

  /// Says in which group the keeper of the child's PID namespace is, which ends after the child. To
  /// be called before others know the child.
  void set_keeper_group(int group) noexcept { keeper_group_ = group; }

  /// Sends signals to the child alone from now on: processes that are not its descendants pass
  /// through its group.
  void spare_group() noexcept {
    std::lock_guard const lock{mutex_};
    leads_group_ = false;
  }

  /// Ends and reaps the child, and waits no longer than that takes.
  void kill_and_reap() noexcept;

  /// In a copy of the program that a fork has made: closes what keeps the child alive.
  void disown() noexcept { leash_.close(); }

 private:
  /// `taken`: the child has been reaped, and its status is kept until it is asked for.
  enum class state { none, expected, running, zombie, taken, gone, lost };
  void adopt_locked(int pid) noexcept;
  state look() noexcept;
  state look_behind_tracers() noexcept;
  int wait_for_status(siginfo_t& info, int flags, struct rusage* usage) noexcept;
  state take_by_waitid() noexcept;
  state take_by_wait4() noexcept;
  state took(const logic::exit_status& status, const struct rusage& usage) noexcept;
  boost::system::error_code send(int signal, bool wake) noexcept;
  bool stopped_locked() noexcept;
  bool send_locked(int signal) noexcept;
  bool send_to_child(int signal) noexcept;
  void kill_locked() noexcept;
  void sweep_locked() noexcept;
  reaped_child reap_locked() noexcept;
  bool reap_group_locked() noexcept;
  bool find_expected() noexcept;
  void await_expected_helper() noexcept;
  bool wait_for_descriptor(int timeout_ms) noexcept;
  void close_descriptors() noexcept;

  int pid_ = 0;
  origin const origin_;
  bool leads_group_ = false;
  int keeper_group_ = 0;
  std::chrono::steady_clock::time_point began_;
  descriptor pidfd_;
  /// Open if the leash's pipe is the child's own.
  leash_end leash_;
  std::mutex mutex_;
  state state_ = state::none;
  const std::atomic<int>* expected_ = nullptr;
  const std::atomic<int>* helper_ = nullptr;
  reaped_child taken_;
  /// Some of the killed group, or of its keeper's, are this process's children and have not ended
  /// yet.
  bool group_is_dying_ = false;
  bool keeper_is_dying_ = false;
  registry_hook hook_;
};

}  // namespace isolatte::inline v0_1::posix

#endif
