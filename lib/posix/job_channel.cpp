// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/job_channel.hpp"

#include "posix/system_calls.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

namespace isolatte::posix {

job_page job_page::make(descriptor& file, boost::system::error_code& ec) noexcept {
  return job_page{shared_page<data>::make_file(file, ec)};
}

job_page job_page::of_file(int fd, boost::system::error_code& ec) noexcept {
  return job_page{shared_page<data>::of_file(fd, ec)};
}

void job_page::offer(const job_header& job) noexcept {
  (*data_)[job.slot % slots] = job.id << 2 | offered;
}

bool job_page::move_on(const job_header& job, state to) noexcept {
  std::uint64_t expected = job.id << 2 | offered;
  return (*data_)[job.slot % slots].compare_exchange_strong(expected, job.id << 2 | to);
}

std::size_t send_some(int socket, std::span<const std::byte> bytes,
                      boost::system::error_code& ec) noexcept {
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ssize_t const count =
      retry([&] { return sys.sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT); });
  if (count == -1) ec = last_error();
  return count == -1 ? 0 : static_cast<std::size_t>(count);
}

std::size_t receive_some(int socket, std::span<std::byte> room,
                         boost::system::error_code& ec) noexcept {
  iovec part{room.data(), room.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ssize_t const count = retry([&] { return sys.recvmsg(socket, &message, MSG_DONTWAIT); });
  if (count == -1) ec = last_error();
  return count == -1 ? 0 : static_cast<std::size_t>(count);
}

}  // namespace isolatte::posix
