// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_FORK_REQUEST_HPP
#define ISOLATTE_LIB_POSIX_CHILD_FORK_REQUEST_HPP

#include "posix/code_address.hpp"

#include <isolatte/detail/vocabulary/talk_needs.hpp>
#include <isolatte/resource_limits.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace isolatte::inline v0_1::posix {

/// A request of the program's to a template. After it in the message: the numbers of the
/// descriptors to keep, those of the supplementary groups, the plan of the sandbox, and the
/// arguments unless they are in a file of their own. With it, in this order: the child's page, its
/// leash if it has one, its result channel, its end of the conversation, its standard streams as
/// far as they are given, the descriptors of the call, the sandbox's descriptors, the file with the
/// arguments, the descriptors to keep.
///
/// A standby child, which is ordered ahead of need, is sent the same later, without page and leash.
/// The order itself is a request without a call. With it: the child's page, its leash, and its end
/// of the link over which it will be told what to run. An order of another template is the same,
/// with that template's end of its socket.
///
/// Before the first request, a template is sent the file with the memory for the children's numbers
/// (birth_numbers), which it does not answer.
///
/// Sent as it is in memory, so it has no padding: that would carry bytes of the program's memory
/// into every child.
struct fork_request {
  enum flag : std::uint32_t {
    orders_standby = 1 << 0,
    leads_group = 1 << 1,
    reports_faults = 1 << 2,
    has_leash = 1 << 3,
    arguments_in_file = 1 << 4,
    /// Shifted by a stream's number: the stream is given.
    stream_given = 1 << 5,
    is_early = 1 << 8,
    /// SIGTTIN and SIGTTOU are ignored.
    ignores_terminal_stops = 1 << 9,
    has_sandbox = 1 << 10,
    /// The call itself enters the sandbox, once it is ready for that.
    defers_sandbox = 1 << 11,
    orders_template = 1 << 12,
    /// The child keeps the credentials of the process that makes it.
    keeps_credentials = 1 << 13,
    /// The child talks with the program: talk_needs.
    has_stop_token = 1 << 14,
    is_heard = 1 << 15,
    is_spoken_to = 1 << 16,
    brings_birth_numbers = 1 << 17,
  };

  std::uint64_t id = 0;
  code_address entry;
  code_address function;
  std::uint64_t arguments_size = 0;
  std::uint64_t max_result = 0;
  std::uint64_t message_window = 0;
  std::uint32_t flags = 0;
  std::uint32_t kept = 0;
  /// The process group to join, or 0.
  std::int32_t group = 0;
  /// A bit for each limit that is set.
  std::uint32_t limits_set = 0;
  std::array<std::int64_t, 9> limits{};
  /// The credentials that the child takes on, except the supplementary groups.
  std::array<std::uint64_t, 3> capabilities{};
  std::array<std::uint32_t, 3> users{};
  std::array<std::uint32_t, 3> groups{};
  std::uint32_t supplementary = 0;
  /// The number of descriptors of the call, which have any numbers in the child.
  std::uint16_t given = 0;
  /// The place in the birth numbers for the number of the child.
  std::uint16_t birth_place = none;

  /// The number of the child, or of the helper that makes it, goes into its page: nothing that is
  /// not to be trusted runs before the program knows the number.
  static constexpr std::uint16_t none = 0xffff;

  bool has(flag one) const noexcept { return (flags & one) != 0; }
  void set(flag one, bool whether) noexcept {
    if (whether) flags |= one;
  }
  detail::talk_needs needs() const noexcept {
    return {has(has_stop_token), has(is_heard), has(is_spoken_to)};
  }
  bool has_stream(int fd) const noexcept { return (flags & (stream_given << fd)) != 0; }
  void set_stream(int fd) noexcept { flags |= static_cast<std::uint32_t>(stream_given) << fd; }
};
static_assert(std::has_unique_object_representations_v<fork_request>);

void set_limits(fork_request& request, const resource_limits& limits) noexcept;
resource_limits limits_of(const fork_request& request) noexcept;

/// A template's answer to a request.
struct fork_reply {
  std::uint64_t id = 0;
  /// The child's number, or 0.
  std::int32_t pid = 0;
  /// Why there is no child: an errno, or 0 for a function that is not there.
  std::int32_t error = 0;
  /// When the child was made, by the steady clock.
  std::int64_t began = 0;
};
static_assert(std::has_unique_object_representations_v<fork_reply>);

/// The request at the beginning of a message, which is long enough for one.
fork_request read_request(std::span<const std::byte> message) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
