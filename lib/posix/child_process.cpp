// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child_process.hpp"

#include "posix/system_calls.hpp"

#include <unistd.h>

#include <cerrno>

namespace isolatte::posix {

namespace {

#ifndef P_PIDFD
constexpr auto P_PIDFD = static_cast<idtype_t>(3);
#endif

/// PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9.
constexpr unsigned to_process_group = 1U << 2;

run::exit_status status_of(const siginfo_t& info) noexcept {
  using kind = run::exit_status::kind;
  switch (info.si_code) {
    case CLD_EXITED: return {kind::exited, info.si_status & 0xff};
    case CLD_DUMPED: return {kind::dumped, info.si_status};
    default: return {kind::signaled, info.si_status};
  }
}

run::exit_status status_of(int status) noexcept {
  using kind = run::exit_status::kind;
  if (WIFEXITED(status)) return {kind::exited, WEXITSTATUS(status)};
#ifdef WCOREDUMP
  if (WCOREDUMP(status)) return {kind::dumped, WTERMSIG(status)};
#endif
  return {kind::signaled, WTERMSIG(status)};
}

std::chrono::microseconds duration(const struct timeval& time) noexcept {
  return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
}

resource_usage usage_of(const struct rusage& usage) noexcept {
  resource_usage result;
  result.user = duration(usage.ru_utime);
  result.system = duration(usage.ru_stime);
#if defined(__APPLE__)
  constexpr std::uint64_t unit = 1;
#else
  constexpr std::uint64_t unit = 1024;
#endif
  result.max_resident_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * unit;
  result.minor_faults = static_cast<std::uint64_t>(usage.ru_minflt);
  result.major_faults = static_cast<std::uint64_t>(usage.ru_majflt);
  result.voluntary_switches = static_cast<std::uint64_t>(usage.ru_nvcsw);
  result.involuntary_switches = static_cast<std::uint64_t>(usage.ru_nivcsw);
  return result;
}

/// A child has ended, yet its status is not to be had yet: nothing but an injected or a passing
/// failure of the call. It is asked again a few times, and given up as lost.
constexpr int reap_attempts = 16;

}  // namespace

child_process::child_process() { lock_registry(); }

void child_process::adopt(int pid, bool leads_group,
                          std::chrono::steady_clock::time_point began) noexcept {
  pid_ = pid;
  owner_ = ::getpid();
  leads_group_ = leads_group;
  began_ = began;
  state_ = state::running;
#if ISOLATTE_HAS_PIDFD
  // Race-free: the child is ours and unreaped. Where it fails (no descriptor left, say) the child
  // is watched in the portable way.
  boost::system::error_code ignored;
  pidfd_ = above_stdio(descriptor{sys.pidfd_open(pid)}, ignored);
#endif
  auto const lock = lock_registry();
  enlist(hook_, *this);
}

child_process::~child_process() {
  if (::getpid() != owner_) return;
  {
    auto const lock = lock_registry();
    delist(hook_);
  }
  kill_and_reap();
}

/// WNOWAIT leaves the zombie: as long as it is there its number and its group are its own.
child_process::state child_process::look(int flags) noexcept {
  siginfo_t info{};
  int const result = retry([&] {
    info.si_pid = 0;
    return pidfd_ ? sys.waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info,
                               WEXITED | WNOWAIT | flags, nullptr)
                  : sys.waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT | flags,
                               nullptr);
  });
  if (result == -1) return errno == ECHILD ? state::lost : state::running;
  return info.si_pid == 0 ? state::running : state::zombie;
}

bool child_process::ended() noexcept {
  std::lock_guard const lock{mutex_};
  if (state_ == state::running) state_ = look(WNOHANG);
  return state_ != state::running;
}

bool child_process::send_locked(int signal) noexcept {
  if (leads_group_) {
    if (sys.kill(-pid_, signal) == 0) return true;
    // The child has left its group, or has not made it yet: then the child alone.
  }
  if (pidfd_) return sys.pidfd_send_signal(pidfd_.get(), signal, 0) == 0;
  return sys.kill(pid_, signal) == 0;
}

boost::system::error_code child_process::send(int signal, bool wake) noexcept {
  boost::system::error_code const ended{ESRCH, boost::system::system_category()};
  if (::getpid() != owner_) return ended;
  std::lock_guard const lock{mutex_};
  if (state_ == state::running) state_ = look(WNOHANG);
  if (state_ != state::running) return ended;
  if (!send_locked(signal)) return last_error();
  if (wake) send_locked(SIGCONT);
  return {};
}

boost::system::error_code child_process::interrupt() noexcept { return send(SIGINT, true); }
boost::system::error_code child_process::request_exit() noexcept { return send(SIGTERM, true); }
boost::system::error_code child_process::terminate() noexcept { return send(SIGKILL, false); }
boost::system::error_code child_process::suspend() noexcept { return send(SIGSTOP, false); }
boost::system::error_code child_process::resume() noexcept { return send(SIGCONT, false); }

void child_process::sweep_locked() noexcept {
  if (!leads_group_) return;
  if (state_ == state::zombie)
    sys.kill(-pid_, SIGKILL);
  else if (pidfd_)
    // The number may be someone else's, but the descriptor still means this child's group.
    sys.pidfd_send_signal(pidfd_.get(), SIGKILL, to_process_group);
}

reaped_child child_process::reap_locked() noexcept {
  reaped_child result;
  if (state_ == state::gone) return result;
  sweep_locked();
  for (int attempt = 0; state_ == state::zombie && attempt != reap_attempts; ++attempt) {
    struct rusage usage {};
#if ISOLATTE_HAS_PIDFD
    siginfo_t info{};
    int const error = retry([&] {
      return pidfd_ ? sys.waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info,
                                 WEXITED | WNOHANG, &usage)
                    : sys.waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG, &usage);
    });
    bool const reaped = error == 0 && info.si_pid != 0;
    if (reaped) result.status = status_of(info);
#else
    int status = 0;
    pid_t const error = retry([&] { return sys.wait4(pid_, &status, WNOHANG, &usage); });
    bool const reaped = error == pid_;
    if (reaped) result.status = status_of(status);
#endif
    if (reaped) {
      state_ = state::gone;
      result.usage = usage_of(usage);
      result.usage.wall = std::chrono::steady_clock::now() - began_;
      break;
    }
    if (error == -1 && errno == ECHILD) state_ = state::lost;
  }
  if (state_ != state::gone) state_ = state::lost;
  return result;
}

std::optional<reaped_child> child_process::try_reap() noexcept {
  std::lock_guard const lock{mutex_};
  if (state_ == state::running) state_ = look(WNOHANG);
  if (state_ == state::running) return std::nullopt;
  reaped_child result = reap_locked();
  pidfd_.reset();
  return result;
}

void child_process::kill_and_reap() noexcept {
  if (::getpid() != owner_) return;
  std::lock_guard const lock{mutex_};
  if (state_ == state::gone) return;
  if (state_ == state::running) state_ = look(WNOHANG);
  for (int attempt = 0; state_ == state::running && attempt != reap_attempts; ++attempt) {
    send_locked(SIGKILL);
    // The group may have been left by its leader.
    if (pidfd_)
      sys.pidfd_send_signal(pidfd_.get(), SIGKILL, 0);
    else
      sys.kill(pid_, SIGKILL);
    state_ = look(0);
  }
  if (state_ == state::zombie) reap_locked();
}

}  // namespace isolatte::posix
