// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/leash.hpp"

#include "posix/message_socket.hpp"
#include "posix/system_calls.hpp"

#include <charconv>
#include <cstring>
#include <utility>

#include <fcntl.h>

namespace isolatte::inline v0_1::posix {

namespace {

#if defined(F_SETSIG) && defined(O_ASYNC)

constinit leash_end shared_pipe;
bool separate_pipes = false;

/// Makes the pipe for all children if there is none, or none any more.
void renew_shared_pipe(boost::system::error_code& ec) noexcept {
  if (shared_pipe.is_open(ec) || ec) return;
  pipe_ends ends = make_pipe(ec);
  if (ec) return;
  // A child that opened its end for writing would keep the pipe from ever losing its last writer.
  sys.fchmod(ends.write.get(), S_IRUSR);
  shared_pipe = leash_end{std::move(ends.write), ec};
}

/// Opens a pipe's read end by way of its write end. The path is that of this thread: a process
/// whose first thread has ended has no other.
descriptor open_read_end(int write_end, boost::system::error_code& ec) noexcept {
  char path[48] = "/proc/thread-self/fd/";
  *std::to_chars(path + std::strlen(path), path + sizeof path - 1, write_end).ptr = '\0';
  descriptor fd{retry([&] { return sys.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0); })};
  if (!fd) {
    ec = last_error();
    return {};
  }
  return above_stdio(std::move(fd), ec);
}

leash_ends open_separate_pipe(boost::system::error_code& ec) noexcept {
  pipe_ends ends = make_pipe(ec);
  if (ec) return {};
  separate_pipes = true;
  return {std::move(ends.read), leash_end{std::move(ends.write), ec}};
}

leash_ends open_socket(boost::system::error_code& ec) noexcept {
  socket_ends ends = make_stream_sockets(ec);
  if (ec) return {};
  separate_pipes = true;
  return {std::move(ends.theirs), leash_end{std::move(ends.mine), ec}};
}

#endif

}  // namespace

leash_end::leash_end(descriptor end, boost::system::error_code& ec) noexcept
    : identity_{identify(end.get(), ec)} {
  if (!ec) fd_ = end.release();
}

bool leash_end::is_open(boost::system::error_code& ec) const noexcept {
  if (fd_ == -1) return false;
  boost::system::error_code failed;
  bool const same = identify(fd_, failed) == identity_;
  if (failed && failed != boost::system::errc::bad_file_descriptor) ec = failed;
  return same && !failed;
}

void leash_end::close() noexcept {
  if (fd_ == -1) return;
  boost::system::error_code ignored;
  if (is_open(ignored)) sys.close(fd_);
  fd_ = -1;
}

#if defined(F_SETSIG) && defined(O_ASYNC)

leash_ends open_leash(leash_kind kind, boost::system::error_code& ec) noexcept {
  if (kind == leash_kind::socket) return open_socket(ec);
  renew_shared_pipe(ec);
  if (ec) return {};
  boost::system::error_code refused;
  leash_ends ends{open_read_end(shared_pipe.get(), refused), {}};
  if (refused) return open_separate_pipe(ec);
  return ends;
}

bool has_separate_leashes() noexcept { return separate_pipes; }

void disown_leash() noexcept { shared_pipe.close(); }

#else

leash_ends open_leash(leash_kind, boost::system::error_code& ec) noexcept {
  ec = make_error_code(boost::system::errc::not_supported);
  return {};
}

bool has_separate_leashes() noexcept { return false; }

void disown_leash() noexcept {}

#endif

}  // namespace isolatte::inline v0_1::posix
