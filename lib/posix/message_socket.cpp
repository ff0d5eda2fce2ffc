// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/message_socket.hpp"

#include "posix/system_calls.hpp"

#include <array>
#include <cstring>

#include <sys/socket.h>
#include <sys/uio.h>

namespace isolatte::inline v0_1::posix {

namespace {

#ifdef MSG_CMSG_CLOEXEC
constexpr int receive_flags = MSG_CMSG_CLOEXEC;
#else
constexpr int receive_flags = 0;
#endif

#ifdef SCM_CREDENTIALS
constexpr std::size_t room_for_sender = CMSG_SPACE(sizeof(ucred));
#else
constexpr std::size_t room_for_sender = 0;
#endif

constexpr std::size_t room_for_descriptors = CMSG_SPACE(most_descriptors * sizeof(int));

struct control_buffer {
  alignas(cmsghdr) std::array<char, room_for_descriptors + room_for_sender> bytes;
};

void take_descriptors(msghdr& message, std::vector<descriptor>& descriptors) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    std::size_t const count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i != count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      descriptors.emplace_back(fd);
    }
  }
}

void take_sender(msghdr& message, int& sender) noexcept {
#ifdef SCM_CREDENTIALS
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS) continue;
    ucred who;
    std::memcpy(&who, CMSG_DATA(header), sizeof who);
    sender = who.pid;
  }
#else
  static_cast<void>(message);
  static_cast<void>(sender);
#endif
}

socket_ends make_sockets(int type, boost::system::error_code& ec) noexcept {
  int fds[2];
  if (sys.socketpair(type, fds) == -1) {
    ec = last_error();
    return {};
  }
  auto [mine, theirs] = own_pair(fds, ec);
  return {std::move(mine), std::move(theirs)};
}

}  // namespace

socket_ends make_message_sockets(boost::system::error_code& ec) noexcept {
  return make_sockets(SOCK_SEQPACKET, ec);
}

socket_ends make_stream_sockets(boost::system::error_code& ec) noexcept {
  return make_sockets(SOCK_STREAM, ec);
}

void tell_senders(int socket, boost::system::error_code& ec) noexcept {
#ifdef SCM_CREDENTIALS
  int const on = 1;
  if (sys.setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == -1) ec = last_error();
#else
  static_cast<void>(socket);
  static_cast<void>(ec);
#endif
}

void send_message(int socket, std::span<const std::byte> bytes, std::span<const int> descriptors,
                  bool wait, boost::system::error_code& ec) noexcept {
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  control_buffer control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    std::memset(control.bytes.data(), 0, message.msg_controllen);
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  int const flags = MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT);
  if (retry([&] { return sys.sendmsg(socket, &message, flags); }) == -1) ec = last_error();
}

std::span<const std::byte> receive_message(int socket, std::span<std::byte> room,
                                           std::vector<descriptor>& descriptors, bool wait,
                                           boost::system::error_code& ec, int* sender) {
  descriptors.clear();
  // Reserved first: nothing may throw after a descriptor has come and before it has an owner.
  descriptors.reserve(most_descriptors);
  iovec part{room.data(), room.size()};
  control_buffer control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t const count = retry(
      [&] { return sys.recvmsg(socket, &message, receive_flags | (wait ? 0 : MSG_DONTWAIT)); });
  if (count == -1) {
    ec = last_error();
    return {};
  }
  take_descriptors(message, descriptors);
  if (sender != nullptr) take_sender(message, *sender);
  if ((message.msg_flags & MSG_TRUNC) != 0) {
    ec = make_error_code(boost::system::errc::message_size);
    return {};
  }
  // This process had no room for the descriptors.
  if ((message.msg_flags & MSG_CTRUNC) != 0)
    ec = make_error_code(boost::system::errc::too_many_files_open);
  return room.first(static_cast<std::size_t>(count));
}

}  // namespace isolatte::inline v0_1::posix
