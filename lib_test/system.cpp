// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "system.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

namespace isolatte::inline v0_1::test {

namespace {

[[noreturn]] void fail(const char* step) {
  throw std::system_error{errno, std::generic_category(), step};
}

}  // namespace

shared_memory::shared_memory(std::size_t size)
    : data_{::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)},
      size_{size} {
  if (data_ == MAP_FAILED) fail("isolatte: no memory to share with a test case");
}

shared_memory::~shared_memory() { ::munmap(data_, size_); }

output_file::output_file() {
  std::string path = std::filesystem::temp_directory_path() / "isolatte-test-XXXXXX";
  fd_ = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd_ == -1) fail("isolatte: no file for the output of a test case");
  if (::unlink(path.c_str()) == -1) {
    int const why = errno;
    ::close(fd_);
    errno = why;
    fail("isolatte: the file for the output of a test case keeps its name");
  }
}

output_file::~output_file() { ::close(fd_); }

std::string output_file::read(std::int64_t from, std::int64_t to) const {
  std::string text;
  std::array<char, 4096> buffer;
  while (to < 0 || from < to) {
    std::size_t const wanted =
        to < 0 ? buffer.size() : std::min<std::size_t>(buffer.size(), to - from);
    ssize_t const got = ::pread(fd_, buffer.data(), wanted, from);
    if (got == -1 && errno == EINTR) continue;
    if (got == -1) fail("isolatte: the output of a test case cannot be read");
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    from += got;
  }
  return text;
}

int process_id() noexcept { return ::getpid(); }

std::int64_t place_of(int stream) noexcept { return ::lseek(stream, 0, SEEK_CUR); }

signal_stack::signal_stack() {
  stack_t stack{};
  if (::sigaltstack(nullptr, &stack) == -1) fail("isolatte: the signal stack is unknown");
  if ((stack.ss_flags & SS_DISABLE) != 0) return;
  base_ = stack.ss_sp;
  size_ = stack.ss_size;
}

void signal_stack::restore() const {
  if (!base_) return;
  stack_t stack{};
  stack.ss_sp = base_;
  stack.ss_size = size_;
  if (::sigaltstack(&stack, nullptr) == -1) fail("isolatte: the signal stack cannot be set");
}

std::optional<unsigned> cancel_alarm() noexcept {
  unsigned const left = ::alarm(0);
  if (left == 0) return std::nullopt;
  return left;
}

}  // namespace isolatte::inline v0_1::test
