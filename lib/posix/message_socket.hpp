// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_MESSAGE_SOCKET_HPP
#define ISOLATTE_LIB_POSIX_MESSAGE_SOCKET_HPP

#include "posix/descriptor.hpp"

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace isolatte::inline v0_1::posix {

/// The ends of a socket pair on which messages travel whole, with descriptors.
struct socket_ends {
  descriptor mine;
  descriptor theirs;
};

socket_ends make_message_sockets(boost::system::error_code& ec) noexcept;
/// Makes a pair of sockets on which bytes stream.
socket_ends make_stream_sockets(boost::system::error_code& ec) noexcept;

/// Has the kernel tell who has sent each message that is sent to this socket from now on. Does
/// nothing on systems on which no template can make children, either.
void tell_senders(int socket, boost::system::error_code& ec) noexcept;

/// The most descriptors that one message can carry.
constexpr std::size_t most_descriptors = 250;
constexpr std::size_t longest_message = 32 * 1024;

/// Sends a message whole, or nothing. Never raises SIGPIPE.
/// @param wait whether to wait for room; otherwise it is an error (`resource_unavailable`)
void send_message(int socket, std::span<const std::byte> bytes, std::span<const int> descriptors,
                  bool wait, boost::system::error_code& ec) noexcept;

/// Receives a message whole.
/// @param room where its bytes go
/// @param wait whether to wait for one; otherwise it is an error (`resource_unavailable`)
/// @param sender becomes the number of the process that has sent it, as far as the kernel tells:
/// see tell_senders(). 0: a process that has no number here
/// @return its bytes; none at the end of all messages, and with every error except a lack of
/// descriptors, with which the message can be answered
std::span<const std::byte> receive_message(int socket, std::span<std::byte> room,
                                           std::vector<descriptor>& descriptors, bool wait,
                                           boost::system::error_code& ec, int* sender = nullptr);

}  // namespace isolatte::inline v0_1::posix

#endif
