// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_WIRE_PARCEL_HPP
#define ISOLATTE_LIB_NATS_WIRE_PARCEL_HPP

#include "nats/wire/code_name.hpp"
#include "nats/wire/message.hpp"

#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::nats::wire {

/// A job on its way to a host.
struct parcel_job {
  std::uint64_t number = 0;
  /// 1 for the first.
  std::uint32_t attempt = 1;
  /// So many hosts have been lost over it in earlier attempts.
  std::uint32_t lost_before = 0;
  /// At least 1.
  std::uint32_t max_hosts = 1;
  code_name decoder{};
  std::optional<code_name> function{};
  /// Not negative.
  std::optional<std::chrono::nanoseconds> timeout{};
  std::optional<std::chrono::nanoseconds> grace{};
  std::uint64_t max_result = 0;
  /// The bytes of someone else: of the message, if it was read.
  std::span<const std::byte> arguments{};
};

/// A message with jobs of one submitter.
struct parcel {
  std::string submitter{};
  /// 1 to `most_in_message`.
  std::vector<parcel_job> jobs{};
};

/// The bytes that a parcel has at most besides those of its jobs.
constexpr std::size_t parcel_overhead = 4 + longest_submitter;
/// The bytes that a job adds to a parcel.
std::size_t size_in_parcel(const parcel_job& job) noexcept;

/// @throw std::length_error if arguments have 4 GiB or more
void encode(const parcel& what, detail::byte_buffer& to);
/// @return a parcel whose jobs refer to the bytes
decoded<parcel> decode_parcel(std::span<const std::byte> from);

}  // namespace isolatte::inline v0_1::nats::wire

#endif
