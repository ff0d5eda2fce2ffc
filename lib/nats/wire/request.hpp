// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_WIRE_REQUEST_HPP
#define ISOLATTE_LIB_NATS_WIRE_REQUEST_HPP

#include "nats/logic/words.hpp"
#include "nats/wire/message.hpp"

#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::nats::wire {

/// Numbers in one request.
constexpr std::size_t most_in_request = 4096;

/// From a farm to all hosts of its code. No answer comes: hosts publish what they know as results.
struct request {
  enum class subject : std::uint8_t {
    /// A host that has one of the jobs does what the farm wishes. wish::none is a question: a host
    /// that has the job says told::held.
    jobs,
    /// The submitter is gone: hosts end its jobs and tell nothing of them.
    submitter,
  };

  std::string submitter{};
  subject what = subject::jobs;
  logic::wish wish = logic::wish::none;
  /// The jobs of the submitter; none if the subject is the submitter.
  std::vector<std::uint64_t> numbers{};

  friend bool operator==(const request&, const request&) = default;
};

/// @throw std::length_error if there are more than `most_in_request` numbers
void encode(const request& what, detail::byte_buffer& to);
decoded<request> decode_request(std::span<const std::byte> from);

/// A question to all hosts of a code: how much they have.
void encode_count(detail::byte_buffer& to);
/// @return null, or why the bytes are no such question
const char* decode_count(std::span<const std::byte> from) noexcept;

/// The answer of one host.
struct counts {
  std::string host{};
  std::uint32_t workers = 0;
  std::uint64_t running = 0;
  std::uint64_t waiting = 0;

  friend bool operator==(const counts&, const counts&) = default;
};

void encode(const counts& what, detail::byte_buffer& to);
decoded<counts> decode_counts(std::span<const std::byte> from);

/// From a host to a farm: may it begin a job that may be run at most once?
struct begin {
  std::uint64_t number = 0;
  std::uint32_t attempt = 1;
  /// Another one each time a host comes to hold a job: a farm gives leave to one holder alone.
  std::uint64_t holder = 0;
  /// So often the server has handed the job out.
  std::uint32_t deliveries = 1;

  friend bool operator==(const begin&, const begin&) = default;
};

void encode(const begin& what, detail::byte_buffer& to);
decoded<begin> decode_begin(std::span<const std::byte> from);

/// The farm's answer.
void encode(logic::leave what, detail::byte_buffer& to);
decoded<logic::leave> decode_leave(std::span<const std::byte> from);

}  // namespace isolatte::inline v0_1::nats::wire

#endif
