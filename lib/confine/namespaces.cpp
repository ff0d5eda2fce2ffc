// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "confine/namespaces.hpp"

#include "posix/system_calls.hpp"

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

// Async-signal-safe throughout: runs in a child of a program that may have threads.

namespace isolatte::inline v0_1::confine {

#if defined(__linux__)

namespace {

bool write_file(const char* path, std::string_view text) noexcept {
  int const file = posix::retry([&] { return posix::sys.open(path, O_WRONLY | O_CLOEXEC, 0); });
  if (file == -1) return false;
  // The kernel takes such a file in one piece.
  bool const written = posix::retry([&] {
                         return posix::sys.write(file, text.data(), text.size());
                       }) == static_cast<ssize_t>(text.size());
  int const error = errno;
  posix::sys.close(file);
  errno = error;
  return written;
}

/// Maps one number to itself: "1000 1000 1".
bool map_to_itself(const char* path, unsigned id) noexcept {
  constexpr std::size_t most_digits = 10;
  char digits[most_digits];
  auto const count =
      static_cast<std::size_t>(std::to_chars(digits, digits + most_digits, id).ptr - digits);
  char text[2 * most_digits + 3];
  if (count > most_digits) return false;
  std::memcpy(text, digits, count);
  text[count] = ' ';
  std::memcpy(text + count + 1, digits, count);
  std::memcpy(text + 2 * count + 1, " 1", 2);
  return write_file(path, {text, 2 * count + 3});
}

}  // namespace

bool enter_new_namespaces(int flags, bool& with_user) noexcept {
  with_user = false;
  if (posix::sys.unshare(flags) == 0) return true;
  if (errno != EPERM) return false;
  unsigned const user = ::geteuid();
  unsigned const group = ::getegid();
  with_user = true;
  // Without "deny" the kernel refuses the map of groups.
  return posix::sys.unshare(CLONE_NEWUSER | flags) == 0 &&
         map_to_itself("/proc/self/uid_map", user) && write_file("/proc/self/setgroups", "deny") &&
         map_to_itself("/proc/self/gid_map", group);
}

#else

bool enter_new_namespaces(int, bool&) noexcept {
  errno = ENOSYS;
  return false;
}

#endif

}  // namespace isolatte::inline v0_1::confine
