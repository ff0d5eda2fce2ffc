// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/memory_file.hpp"

#include "posix/system_calls.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

namespace isolatte::inline v0_1::posix {

namespace {

bool is_pending() noexcept {
  sigset_t pending;
  sigemptyset(&pending);
  ::sigpending(&pending);
  return sigismember(&pending, SIGXFSZ) == 1;
}

/// Makes a call that may exceed RLIMIT_FSIZE with SIGXFSZ blocked, and takes back the signal that
/// this brings about. One that was pending before stays pending.
/// @param call returns whether it worked; errno tells why not
template <class Call>
bool without_signal(Call call) noexcept {
  sigset_t signal;
  sigset_t before;
  sigemptyset(&signal);
  sigaddset(&signal, SIGXFSZ);
  // Not through the table: there is no better answer to a failure than to go on.
  ::pthread_sigmask(SIG_BLOCK, &signal, &before);
  // A signal that was not blocked cannot have been pending.
  bool const was_pending = sigismember(&before, SIGXFSZ) == 1 && is_pending();
  bool const worked = call();
  int const error = errno;
  int taken = 0;
  if (!worked && error == EFBIG && !was_pending && is_pending()) ::sigwait(&signal, &taken);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return worked;
}

descriptor make_empty(boost::system::error_code& ec) noexcept {
  descriptor file{retry([&] { return sys.temporary_file(); })};
  if (!file) {
    ec = last_error();
    return file;
  }
  return above_stdio(std::move(file), ec);
}

}  // namespace

descriptor make_memory_file(std::size_t size, boost::system::error_code& ec) noexcept {
  descriptor file = make_empty(ec);
  if (ec) return {};
  if (!without_signal([&] {
        auto const length = static_cast<off_t>(size);
        return retry([&] { return sys.ftruncate(file.get(), length); }) != -1;
      })) {
    ec = last_error();
    return {};
  }
  return file;
}

descriptor make_memory_file(std::span<const std::byte> bytes,
                            boost::system::error_code& ec) noexcept {
  descriptor file = make_empty(ec);
  if (ec) return {};
  if (!without_signal([&] { return write_all(file.get(), bytes); }) ||
      sys.lseek(file.get(), 0, SEEK_SET) == -1) {
    ec = last_error();
    return {};
  }
  return file;
}

captured_text read_end(int file, std::size_t most) {
  captured_text found;
  off_t const size = sys.lseek(file, 0, SEEK_END);
  if (size <= 0) return found;
  auto const length = std::min(most, static_cast<std::size_t>(size));
  found.truncated = length != static_cast<std::size_t>(size);
  found.text.resize(length);
  ssize_t const count = retry(
      [&] { return ::pread(file, found.text.data(), length, size - static_cast<off_t>(length)); });
  found.text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return found;
}

void drop_beginning(int file, std::size_t kept) noexcept {
#if defined(__linux__)
  // Not through the table: there is no better answer to a failure than to keep the memory.
  struct stat status{};
  if (::fstat(file, &status) == -1) return;
  auto const length = status.st_size - static_cast<off_t>(kept);
  if (length > 0) ::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, length);
#else
  (void)file, (void)kept;
#endif
}

}  // namespace isolatte::inline v0_1::posix
