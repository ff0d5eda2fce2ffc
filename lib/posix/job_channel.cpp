// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/job_channel.hpp"

#include "posix/system_calls.hpp"

#include <new>

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace isolatte::posix {

job_page job_page::make(descriptor& file, boost::system::error_code& ec) noexcept {
  file = descriptor{retry([&] { return sys.temporary_file(); })};
  if (file) file = above_stdio(std::move(file), ec);
  if (ec) return {};
  if (!file || retry([&] { return sys.ftruncate(file.get(), sizeof(data)); }) == -1) {
    ec = last_error();
    return {};
  }
  job_page page = of_file(file.get(), ec);
  if (!ec) new (page.data_) data{};
  return page;
}

job_page job_page::of_file(int fd, boost::system::error_code& ec) noexcept {
  void* const memory = sys.map_file(sizeof(data), PROT_READ | PROT_WRITE, fd);
  job_page page;
  if (memory == MAP_FAILED)
    ec = last_error();
  else
    page.data_ = static_cast<data*>(memory);
  return page;
}

job_page::~job_page() {
  if (data_) sys.munmap(data_, sizeof(data));
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
