// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/job_channel.hpp"

#include "logic/frame.hpp"
#include "posix/system_calls.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <sys/socket.h>
#include <sys/uio.h>

namespace isolatte::inline v0_1::posix {

job_page job_page::make(descriptor& file, boost::system::error_code& ec) noexcept {
  return job_page{shared_page<data>::make_file(file, ec)};
}

job_page job_page::of_file(int fd, boost::system::error_code& ec) noexcept {
  return job_page{shared_page<data>::of_file(fd, ec)};
}

bool reply_header::well_formed(std::uint64_t most) const noexcept {
  if (magic != expected_magic) return false;
  switch (what()) {
    case reply_kind::value: return size <= most;
    case reply_kind::exception:
    case reply_kind::unencodable:
    case reply_kind::unreceivable:
      return size <= logic::payload_limit(detail::payload_kind::exception, most);
    case reply_kind::unknown_function:
    case reply_kind::not_begun: return size == 0;
    case reply_kind::retires: return size <= longest_reason;
  }
  return false;
}

void set_needs(job_header& header, detail::talk_needs needs) noexcept {
  header.talks = (needs.stops ? 1U : 0U) | (needs.hears ? 2U : 0U) | (needs.speaks ? 4U : 0U);
}

detail::talk_needs needs_of(const job_header& header) noexcept {
  return {(header.talks & 1) != 0, (header.talks & 2) != 0, (header.talks & 4) != 0};
}

void job_page::offer(const job_header& job) noexcept {
  // A copy of the program does not have the page.
  if (data_) (*data_)[job.slot % slots] = word(job, offered);
}

void job_page::begin(const job_header& job) noexcept {
  (*data_)[job.slot % slots] = word(job, begun);
}

bool job_page::was_taken_back(const job_header& job) const noexcept {
  std::uint64_t const says = (*data_)[job.slot % slots];
  if (says == word(job, taken_back)) return true;
  // The place may be another job's by now, whose id is a little greater.
  constexpr std::uint64_t most_ids_between = std::uint64_t{1} << 32;
  std::uint64_t const id = says >> 2;
  return id > job.id && id - job.id < most_ids_between;
}

logic::job_stage job_page::stage(const job_header& job) const noexcept {
  if (!data_) return logic::job_stage::begun;
  std::uint64_t const says = (*data_)[job.slot % slots];
  if (says == word(job, offered)) return logic::job_stage::not_begun;
  if (says == word(job, received)) return logic::job_stage::receiving;
  return logic::job_stage::begun;
}

bool job_page::move_on(const job_header& job, state to) noexcept {
  if (!data_) return false;
  std::uint64_t expected = word(job, offered);
  return (*data_)[job.slot % slots].compare_exchange_strong(expected, word(job, to));
}

std::size_t send_some(int socket, std::span<const std::span<const std::byte>> parts,
                      boost::system::error_code& ec, int along) noexcept {
  std::array<iovec, most_parts> pieces;
  msghdr message{};
  message.msg_iov = pieces.data();
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  if (along != -1) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof along);
    std::memcpy(CMSG_DATA(header), &along, sizeof along);
  }
  for (auto const part : parts.first(std::min(parts.size(), most_parts)))
    pieces[message.msg_iovlen++] = {const_cast<std::byte*>(part.data()), part.size()};
  ssize_t const count =
      retry([&] { return sys.sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT); });
  if (count == -1) ec = last_error();
  return count == -1 ? 0 : static_cast<std::size_t>(count);
}

void end_sending(int socket) noexcept { sys.shutdown(socket, SHUT_WR); }

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

}  // namespace isolatte::inline v0_1::posix
