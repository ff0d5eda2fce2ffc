// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/limits.hpp"

#include "posix/system_calls.hpp"

#include <cerrno>
#include <charconv>

#include <fcntl.h>

// Async-signal-safe throughout: runs between fork and exec in a copy of a program with threads,
// too.

namespace isolatte::inline v0_1::posix {

namespace {

bool limit(int resource, std::uint64_t soft, std::uint64_t hard) noexcept {
  struct rlimit const value{static_cast<rlim_t>(soft), static_cast<rlim_t>(hard)};
  return sys.setrlimit(resource, &value) == 0;
}

bool limit(int resource, const std::optional<std::uint64_t>& value) noexcept {
  return !value || limit(resource, *value, *value);
}

/// Sets the hard limit a second later: with both equal Linux sends SIGKILL and never SIGXCPU. A
/// program whose own hard limit is no later, and may not be raised, leaves its child that.
bool limit_cpu_time(std::uint64_t seconds) noexcept {
  if (limit(RLIMIT_CPU, seconds, seconds + 1)) return true;
  struct rlimit present{};
  return errno == EPERM && ::getrlimit(RLIMIT_CPU, &present) == 0 &&
         limit(RLIMIT_CPU, seconds, present.rlim_max);
}

bool set_oom_score(int score) noexcept {
#if defined(__linux__)
  char text[16];
  char* const end = std::to_chars(text, text + sizeof text, score).ptr;
  int const fd =
      retry([&] { return sys.open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC, 0); });
  if (fd == -1) return false;
  auto const size = static_cast<std::size_t>(end - text);
  bool const written =
      retry([&] { return sys.write(fd, text, size); }) == static_cast<ssize_t>(size);
  int const error = errno;
  sys.close(fd);
  errno = error;
  return written;
#else
  (void)score;
  errno = ENOTSUP;
  return false;
#endif
}

}  // namespace

bool forbid_cores() noexcept {
  struct rlimit present{};
  if (::getrlimit(RLIMIT_CORE, &present) == -1) return false;
  if (present.rlim_cur == 1 && present.rlim_max == 1) return true;
  // With 1 the kernel writes no file, and hands none to a handler. A program whose hard limit is 0,
  // and may not be raised, leaves its child that.
  return limit(RLIMIT_CORE, 1, 1) || (errno == EPERM && present.rlim_max == 0);
}

bool apply_limits(const resource_limits& limits) noexcept {
  if (limits.cpu_time) {
    auto const seconds = limits.cpu_time->count();
    if (seconds < 0) {
      errno = EINVAL;
      return false;
    }
    if (!limit_cpu_time(static_cast<std::uint64_t>(seconds))) return false;
  }
  if (limits.nice && sys.setpriority(*limits.nice) != 0) return false;
  if (limits.oom_score_adj && !set_oom_score(*limits.oom_score_adj)) return false;
  return limit(RLIMIT_FSIZE, limits.file_size) && limit(RLIMIT_NOFILE, limits.open_files) &&
         limit(RLIMIT_NPROC, limits.processes) && limit(RLIMIT_CORE, limits.core_size) &&
         limit(RLIMIT_STACK, limits.stack) && limit(RLIMIT_AS, limits.address_space);
}

}  // namespace isolatte::inline v0_1::posix
