// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_PROCESS_HELPERS_HPP
#define ISOLATTE_TEST_PROCESS_HELPERS_HPP

#include "support/sanitizers.hpp"

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

// What tests with real children need beside the library: everything here is safe to use in a child,
// too, and says nothing to Boost.Test.

namespace isolatte::test {

/// Keeps the compiler from doing without an allocation that nobody seems to use.
template <class T>
T* used(T* pointer) {
  asm volatile("" : "+r"(pointer) : : "memory");
  return pointer;
}

/// Writes all of it, however often that takes. False where nobody takes it any more.
inline bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t const written = ::write(fd, text.data(), text.size());
    if (written == -1 && errno == EINTR) continue;
    if (written == -1) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Reads up to end-of-file.
inline std::string read_all(int fd) {
  std::string text;
  char bytes[4096];
  for (;;) {
    ssize_t const count = ::read(fd, bytes, sizeof bytes);
    if (count == -1 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(bytes, static_cast<std::size_t>(count));
  }
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// A pipe whose ends are closed when it goes.
class wire {
 public:
  wire() {
    if (::pipe(ends_) == -1) throw std::system_error{errno, std::system_category(), "pipe"};
  }
  ~wire() {
    close_read();
    close_write();
  }
  wire(const wire&) = delete;
  wire& operator=(const wire&) = delete;

  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close_read() { close(ends_[0]); }
  void close_write() { close(ends_[1]); }

  /// All that is written until the last writer is gone; this one is the first to go.
  std::string read_rest() {
    close_write();
    return read_all(read_end());
  }
  void wait_until_closed() { static_cast<void>(read_rest()); }
  /// Blocks until that many bytes have come; false at end-of-file.
  bool await(std::size_t count = 1) const {
    char byte = 0;
    while (count != 0) {
      ssize_t const got = ::read(ends_[0], &byte, 1);
      if (got == -1 && errno == EINTR) continue;
      if (got <= 0) return false;
      --count;
    }
    return true;
  }
  /// Adds a byte, for someone else's await().
  void tell() const { write_all(ends_[1], "."); }

 private:
  static void close(int& fd) {
    if (fd != -1) ::close(fd);
    fd = -1;
  }
  int ends_[2] = {-1, -1};
};

[[noreturn]] inline void hang() {
  for (;;) ::pause();
}

/// Forks behind the library's back. The function ends in _exit(), whatever it does.
template <class F>
pid_t bare_fork(F function) {
  // A thread sanitizer's _exit() writes what is buffered.
  std::fflush(nullptr);
  pid_t const pid = ::fork();
  if (pid != 0) return pid;
  try {
    function();
  } catch (...) {
    ::_exit(99);
  }
  ::_exit(0);
}

/// Ends a program that bare_fork() has made as one that leaves main().
[[noreturn]] inline void leave_main(int code) {
  // exit() goes on with the destructors of the test program's statics, which are fine to run in a
  // copy, save that a report must not be written twice.
  ::close(1);
  ::close(2);
  std::exit(code);
}

/// How a child of our own ended.
inline int wait_for(pid_t pid) {
  int status = -1;
  while (::waitpid(pid, &status, 0) == -1 && errno == EINTR) {
  }
  return status;
}

/// Ends and reaps a child of our own.
inline void end_child(pid_t pid) {
  ::kill(pid, SIGKILL);
  wait_for(pid);
}

/// Runs a function in a process of its own, made without the library, and gives the text that it
/// returns, or what went wrong.
template <class F>
std::string in_bare_process(F function) {
  wire answer;
  pid_t const pid = bare_fork([&] {
    std::string text;
    try {
      text = function();
    } catch (const std::exception& error) {
      text = std::string{"threw "} + error.what();
    }
    write_all(answer.write_end(), text);
  });
  std::string text = answer.read_rest();
  if (int const status = wait_for(pid); status != 0)
    text += " [status " + std::to_string(status) + "]";
  return text;
}

/// A folder that is gone in the end.
class scratch_folder {
 public:
  scratch_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "isolatte-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw std::system_error{errno, std::system_category(), "mkdtemp"};
    path_ = name;
  }
  ~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;

  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace isolatte::test

#endif
