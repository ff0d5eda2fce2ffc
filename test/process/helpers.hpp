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

#include <fcntl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

// Helpers for tests with real children. All are safe to use in a child, and call nothing of
// Boost.Test.

namespace isolatte::inline v0_1::test {

/// Keeps the compiler from removing an allocation that has no other use.
template <class T>
T* used(T* pointer) {
  asm volatile("" : "+r"(pointer) : : "memory");
  return pointer;
}

/// Writes the whole text. Returns false if the other end is closed.
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

/// Owns both ends of a pipe.
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

  /// Closes the write end, and reads until no other process has it open.
  std::string read_rest() {
    close_write();
    return read_all(read_end());
  }
  void wait_until_closed() { static_cast<void>(read_rest()); }
  /// Blocks until `count` bytes have come. Returns false at end-of-file.
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
  /// Writes one byte for an await() in another process.
  void tell() const { write_all(ends_[1], "."); }

 private:
  static void close(int& fd) {
    if (fd != -1) ::close(fd);
    fd = -1;
  }
  int ends_[2] = {-1, -1};
};

/// Stops a child, which does nothing any more when this returns.
inline void stop_child(pid_t pid) {
  ::kill(pid, SIGSTOP);
  siginfo_t info;
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED | WNOWAIT) == -1 &&
         errno == EINTR) {
  }
}

[[noreturn]] inline void hang() {
  for (;;) ::pause();
}

/// Forks without the library. The child ends in _exit() in any case.
template <class F>
pid_t bare_fork(F function) {
  // ThreadSanitizer's _exit() would write buffered output a second time.
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

/// Ends a program made by bare_fork() in the same way as a return from main().
[[noreturn]] inline void leave_main(int code) {
  // exit() runs the destructors of the test program, which do no harm in a copy. Only a report must
  // not be written twice. The numbers stay taken: other threads of the program may start children.
  int const null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::dup2(null, 1);
  ::dup2(null, 2);
  std::exit(code);
}

/// Waits for a child of this process, and returns its status.
inline int wait_for(pid_t pid) {
  int status = -1;
  while (::waitpid(pid, &status, 0) == -1 && errno == EINTR) {
  }
  return status;
}

/// Kills and reaps a child of this process.
inline void end_child(pid_t pid) {
  ::kill(pid, SIGKILL);
  wait_for(pid);
}

/// Runs a function in a process made without the library. Returns the text that the function
/// returns, or a text that names the failure.
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

/// Owns a new temporary folder.
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

}  // namespace isolatte::inline v0_1::test

#endif
