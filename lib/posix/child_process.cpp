// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child_process.hpp"

#include "posix/system_calls.hpp"
#include "posix/this_process.hpp"
#include "posix/traced_threads.hpp"

#include <cerrno>

namespace isolatte::inline v0_1::posix {

namespace {

#ifndef P_PIDFD
constexpr auto P_PIDFD = static_cast<idtype_t>(3);
#endif

#ifdef __WALL
/// Waits also for children that send another signal than SIGCHLD at their end, or none.
constexpr int of_any_kind = __WALL;
#else
constexpr int of_any_kind = 0;
#endif

/// PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9.
constexpr unsigned to_process_group = 1U << 2;

/// Whether that tells of an end. If this process traces the child it is told of stops, too,
/// whatever it asks for.
bool is_end(const siginfo_t& info) noexcept {
  return info.si_pid != 0 &&
         (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED);
}
bool is_end(int status) noexcept { return WIFEXITED(status) || WIFSIGNALED(status); }

logic::exit_status status_of(const siginfo_t& info) noexcept {
  using kind = logic::exit_status::kind;
  switch (info.si_code) {
    case CLD_EXITED: return {kind::exited, info.si_status & 0xff};
    case CLD_DUMPED: return {kind::dumped, info.si_status};
    default: return {kind::signaled, info.si_status};
  }
}

logic::exit_status status_of(int status) noexcept {
  using kind = logic::exit_status::kind;
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

/// Retries of a failing call before another call is tried.
constexpr int attempts = 4;

/// Attempts to kill a child before it is given up: it must not keep its owner waiting.
constexpr int kill_attempts = 16;

/// Milliseconds between two looks at what has been killed and is still there.
constexpr int dying_time = 10;

}  // namespace

bool has_ended(int pid) noexcept {
  siginfo_t info{};
  int const looked = retry([&] {
    return sys.waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT, nullptr);
  });
  return looked == 0 ? info.si_pid != 0 : errno == ECHILD;
}

bool reap_group(int group) noexcept {
  auto const look_for = [](idtype_t type, int id, int flags, siginfo_t& info) {
    info = {};
    return retry([&] {
      return sys.waitid(type, static_cast<id_t>(id), &info, flags | WEXITED | WNOHANG | of_any_kind,
                        nullptr);
    });
  };
  for (int failures = 0; failures != attempts;) {
    siginfo_t info;
    if (look_for(P_PGID, group, WNOWAIT, info) == -1) {
      if (errno == ECHILD) return false;
      ++failures;
      continue;
    }
    if (info.si_pid == group) return false;
    if (!is_end(info)) return true;
    if (look_for(P_PID, info.si_pid, 0, info) == -1) ++failures;
  }
  return false;
}

int number_of_helper(const std::atomic<int>& made, const std::atomic<int>& helper) noexcept {
  // Read first: a helper says its own number before the one that it makes takes its place here.
  int const number = made;
  int const said = helper;
  return said != 0 ? said : number;
}

child_process::child_process() {
  auto const lock = lock_registry();
  reap_left_behind();
  add_place();
}

descriptor child_process::open_leash(leash_kind kind, boost::system::error_code& ec) noexcept {
  auto const lock = lock_registry();
  leash_ends ends = posix::open_leash(kind, ec);
  leash_ = ends.program;
  // A copy of the program finds it by the registry, and closes it.
  if (leash_.get() != -1) enlist(hook_, *this);
  return std::move(ends.child);
}

void child_process::expect(const std::atomic<int>& number, const std::atomic<int>* helper,
                           bool leads_group) noexcept {
  {
    std::lock_guard const lock{mutex_};
    expected_ = &number;
    helper_ = helper;
    leads_group_ = leads_group;
    state_ = state::expected;
  }
  auto const lock = lock_registry();
  enlist(hook_, *this);
}

void child_process::adopt(int pid, bool leads_group,
                          std::chrono::steady_clock::time_point began) noexcept {
  // In a copy that a fork has made the child is the parent's.
  if (origin_.is_elsewhere()) return;
  {
    std::lock_guard const lock{mutex_};
    // An expected child may have been ended already, because the program is leaving main().
    if (state_ != state::none && state_ != state::expected) return;
    leads_group_ = leads_group;
    began_ = began;
    adopt_locked(pid);
  }
  auto const lock = lock_registry();
  enlist(hook_, *this);
}

void child_process::adopt_locked(int pid) noexcept {
  pid_ = pid;
  expected_ = nullptr;
  state_ = state::running;
#if ISOLATTE_HAS_PIDFD
  // Race-free: the child is ours and unreaped. If this fails (no descriptor left, say) the child is
  // watched in the portable way.
  boost::system::error_code ignored;
  pidfd_ = above_stdio(descriptor{sys.pidfd_open(pid)}, ignored);
#endif
}

child_process::~child_process() {
  if (origin_.is_elsewhere()) return;
  {
    auto const lock = lock_registry();
    delist(hook_);
    remove_place();
  }
  kill_and_reap();
  leash_.close();
  if (state_ == state::running) leave_behind(pid_);
  if (group_is_dying_) leave_group_behind(pid_);
  if (keeper_is_dying_) leave_group_behind(keeper_group_);
  // If this child has traced one that was left behind, the kernel tells of that one's end only now.
  // The next child, at which it would be reaped, may never be made.
  auto const lock = lock_registry();
  reap_left_behind();
}

bool child_process::expected() noexcept {
  if (origin_.is_elsewhere()) return false;
  std::lock_guard const lock{mutex_};
  return state_ == state::expected;
}

int child_process::wait_for_status(siginfo_t& info, int flags, struct rusage* usage) noexcept {
  return retry([&] {
    info.si_pid = 0;
    return pidfd_ ? sys.waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, flags, usage)
                  : sys.waitid(P_PID, static_cast<id_t>(pid_), &info, flags, usage);
  });
}

/// Leaves the zombie (WNOWAIT): as long as it is there its number and its group are its own.
child_process::state child_process::look() noexcept {
  for (int attempt = 0; attempt != attempts; ++attempt) {
    siginfo_t info{};
    if (wait_for_status(info, WEXITED | WNOWAIT | WNOHANG, nullptr) == 0)
      return is_end(info) ? state::zombie : state::running;
    if (errno == ECHILD) return state::lost;
  }
  // A filter of system calls may refuse this one always. The other takes the zombie with it.
  return take_by_wait4();
}

/// Sees an end that the kernel does not report, because a tracer has to reap first. This process
/// may trace threads of the child. A process of the child's group, which dies with the child
/// anyhow, may trace the child itself. Threads are in the group, too, so that they are found there
/// if nothing else tells of them.
child_process::state child_process::look_behind_tracers() noexcept {
  state const seen = look();
  if (seen != state::running) return seen;
  thread_ends const threads = reap_traced_threads(pid_);
  if (threads == thread_ends::some_run || !leads_group_) return look();
  if (threads == thread_ends::all_ended)
    sys.kill(-pid_, SIGKILL);
  else
    posix::reap_group(pid_);
  return look();
}

/// @return whether the descriptor says that the child has ended
bool child_process::wait_for_descriptor(int timeout_ms) noexcept {
  struct pollfd end{pidfd_.get(), POLLIN, 0};
  return retry([&] { return sys.poll(&end, 1, timeout_ms); }) > 0;
}

child_process::state child_process::take_by_wait4() noexcept {
  for (int attempt = 0; attempt != attempts; ++attempt) {
    int status = 0;
    struct rusage usage{};
    pid_t const found = retry([&] { return sys.wait4(pid_, &status, WNOHANG, &usage); });
    if (found == 0) return state::running;
    if (found == pid_ && is_end(status)) return took(status_of(status), usage);
    if (found == -1 && errno == ECHILD) return state::lost;
  }
  return state::running;
}

child_process::state child_process::take_by_waitid() noexcept {
  for (int attempt = 0; attempt != attempts; ++attempt) {
    siginfo_t info{};
    struct rusage usage{};
    if (wait_for_status(info, WEXITED | WNOHANG, &usage) == 0)
      return is_end(info) ? took(status_of(info), usage) : state::running;
    if (errno == ECHILD) return state::lost;
  }
  return state::running;
}

child_process::state child_process::took(const logic::exit_status& status,
                                         const struct rusage& usage) noexcept {
  taken_.status = status;
  taken_.usage = usage_of(usage);
  taken_.usage.wall = std::chrono::steady_clock::now() - began_;
  return state::taken;
}

bool child_process::ended() noexcept {
  // Another thread of the original may have had the lock at the fork.
  if (origin_.is_elsewhere()) return true;
  std::lock_guard const lock{mutex_};
  if (state_ == state::running) state_ = look();
  return state_ != state::running;
}

bool child_process::ended_unreported() noexcept {
  if (origin_.is_elsewhere()) return true;
  std::lock_guard const lock{mutex_};
  if (state_ == state::running) state_ = look_behind_tracers();
  return state_ != state::running;
}

bool child_process::send_to_child(int signal) noexcept {
  if (pidfd_) {
    if (sys.pidfd_send_signal(pidfd_.get(), signal, 0) == 0) return true;
    if (errno == ESRCH) return false;
  }
  // The child is unreaped, so the number is its own.
  for (int attempt = 0; attempt != attempts; ++attempt) {
    if (sys.kill(pid_, signal) == 0) return true;
    if (errno == ESRCH) break;
  }
  return false;
}

bool child_process::send_locked(int signal) noexcept {
  bool const sent = leads_group_ && sys.kill(-pid_, signal) == 0;
  // The child may have left its group, or not have made it yet. A second SIGKILL is harmless; a
  // second SIGTERM may not be.
  if (sent && signal != SIGKILL) return true;
  // A process of the group may have got the signal that the child may not be sent.
  return send_to_child(signal) || (sent && errno == ESRCH);
}

boost::system::error_code child_process::send(int signal, bool wake) noexcept {
  boost::system::error_code const ended{ESRCH, boost::system::system_category()};
  if (origin_.is_elsewhere()) return ended;
  std::lock_guard const lock{mutex_};
  if (state_ == state::running) state_ = look();
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

bool child_process::stopped_locked() noexcept {
  siginfo_t info{};
  return state_ == state::running &&
         wait_for_status(info, WSTOPPED | WNOHANG | WNOWAIT, nullptr) == 0 && info.si_pid != 0 &&
         info.si_code == CLD_STOPPED;
}

bool child_process::stopped() noexcept {
  if (origin_.is_elsewhere()) return false;
  std::lock_guard const lock{mutex_};
  return stopped_locked();
}

void child_process::continue_if_stopped() noexcept {
  if (origin_.is_elsewhere()) return;
  std::lock_guard const lock{mutex_};
  if (stopped_locked()) send_locked(SIGCONT);
}

void child_process::sweep_locked() noexcept {
  if (!leads_group_) return;
  for (int attempt = 0; state_ == state::zombie && attempt != attempts; ++attempt)
    if (sys.kill(-pid_, SIGKILL) == 0) return;
  // The number may be another group's by now, but the descriptor still means this child's.
  if (pidfd_) sys.pidfd_send_signal(pidfd_.get(), SIGKILL, to_process_group);
}

reaped_child child_process::reap_locked() noexcept {
  if (state_ == state::gone || state_ == state::none) return {};
  sweep_locked();
  if (state_ == state::zombie) {
#if ISOLATTE_HAS_PIDFD
    state_ = take_by_waitid();
    if (state_ == state::running) state_ = take_by_wait4();
#else
    // POSIX's waitid does not give the usage; wait4 does.
    state_ = take_by_wait4();
    if (state_ == state::running) state_ = take_by_waitid();
#endif
  }
  reaped_child result;
  if (state_ == state::taken) result = taken_;
  state_ = state_ == state::taken ? state::gone : state::lost;
  return result;
}

std::optional<reaped_child> child_process::try_reap() noexcept {
  if (origin_.is_elsewhere()) return reaped_child{};
  std::lock_guard const lock{mutex_};
  if (state_ == state::running) state_ = look();
  if (state_ == state::running) return std::nullopt;
  reaped_child result = reap_locked();
  close_descriptors();
  return result;
}

void child_process::close_descriptors() noexcept {
  pidfd_.reset();
  leash_.close();
}

bool child_process::reap_group_locked() noexcept {
  group_is_dying_ = false;
  keeper_is_dying_ = false;
  if (state_ != state::gone) return false;
  // The child may have given this process children (CLONE_PARENT), also if orphans go elsewhere.
  if (leads_group_) group_is_dying_ = posix::reap_group(pid_);
  if (keeper_group_ != 0 && adopts_orphans()) keeper_is_dying_ = posix::reap_group(keeper_group_);
  return group_is_dying_ || keeper_is_dying_;
}

bool child_process::reap_group() noexcept {
  if (origin_.is_elsewhere()) return false;
  std::lock_guard const lock{mutex_};
  return reap_group_locked();
}

bool child_process::adopt_expected(std::chrono::steady_clock::time_point began) noexcept {
  if (origin_.is_elsewhere()) return false;
  std::lock_guard const lock{mutex_};
  began_ = began;
  return state_ == state::expected && find_expected();
}

/// Takes on only an unreaped child of this process. If somebody else has reaped the process since
/// the kernel wrote its number, that may be another process's by now.
bool child_process::find_expected() noexcept {
  if (helper_ != nullptr) await_expected_helper();
  int const pid = *expected_;
  if (pid <= 0) return false;
  siginfo_t info{};
  int const looked = retry([&] {
    return sys.waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT, nullptr);
  });
  if (looked == -1 && errno == ECHILD) return false;
  adopt_locked(pid);
  return true;
}

/// Ends the helper. The child's number is there then, unless there is no child.
void child_process::await_expected_helper() noexcept {
  int const helper = number_of_helper(*expected_, *helper_);
  if (helper <= 0) return;
  siginfo_t info{};
  auto const wait = [&](int flags) {
    return retry([&] {
      return sys.waitid(P_PID, static_cast<id_t>(helper), &info, WEXITED | WNOWAIT | flags,
                        nullptr);
    });
  };
  if (wait(WNOHANG) == -1) return;
  // The child is to end in any case. A helper that has been stopped would be waited for without
  // end.
  sys.kill(helper, SIGKILL);
  if (wait(0) == -1) return;
  keeper_group_ = helper;
  // A helper without a child is the one to adopt.
  if (*expected_ == 0 || *expected_ == helper) return;
  retry([&] { return sys.wait4(helper, nullptr, 0, nullptr); });
}

void child_process::kill_and_reap() noexcept {
  if (origin_.is_elsewhere()) return;
  std::lock_guard const lock{mutex_};
  if (state_ == state::expected) find_expected();
  if (state_ == state::none || state_ == state::expected) return;
  if (state_ != state::gone) {
    kill_locked();
    if (state_ == state::running) return;
    reap_locked();
    reap_group_locked();
  }
  for (int attempt = 0; (group_is_dying_ || keeper_is_dying_) && attempt != kill_attempts;
       ++attempt) {
    sys.poll(nullptr, 0, dying_time);
    reap_group_locked();
  }
}

void child_process::kill_locked() noexcept {
  if (state_ == state::running) state_ = look();
  for (int futile = 0; state_ == state::running && futile != kill_attempts;) {
    bool const sent = send_locked(SIGKILL);
    // Without a descriptor only a look tells of the end.
    bool const end_is_told = wait_for_descriptor(pidfd_ || !sent ? dying_time : 1);
    state_ = look_behind_tracers();
    // A child that may not be killed (it may be another user's by now) may be about to end by
    // itself. One that has ended may have a tracer that has not reaped it yet. Neither is waited
    // for longer than that.
    if (state_ != state::running || (sent && !end_is_told)) continue;
    ++futile;
    if (end_is_told) sys.poll(nullptr, 0, dying_time);
  }
}

}  // namespace isolatte::inline v0_1::posix
