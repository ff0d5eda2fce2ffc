// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_WIRE_RESULTS_HPP
#define ISOLATTE_LIB_NATS_WIRE_RESULTS_HPP

#include "nats/logic/words.hpp"
#include "nats/wire/message.hpp"

#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/detail/vocabulary/report.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::nats::wire {

/// A host's word on one job.
struct job_result {
  std::uint64_t number = 0;
  std::uint32_t attempt = 1;
  logic::told kind = logic::told::returned;
  /// So often the server had handed the job out when the host said this.
  std::uint32_t deliveries = 1;
  /// The holder that asked for leave to begin the job; 0 if none did.
  std::uint64_t holder = 0;
  /// Why the job was refused.
  std::string reason{};
  /// For told::report: the error with which the pool completed the job. Errors of the system and of
  /// this library arrive as they are; any other one as errc::io_error.
  boost::system::error_code ec{};
  /// For told::report, otherwise null. The limit of what decoding it may allocate does not travel:
  /// the farm knows it. Nor does the exception of reading a message of the job's back, because the
  /// jobs of a farm have no messages.
  std::unique_ptr<detail::report> report{};
  /// The payload was larger than the job allows; it is left out.
  bool is_over_limit = false;
};

/// A message with what became of jobs of one submitter.
struct results {
  /// The host's name.
  std::string host{};
  /// 1 to `most_in_message`.
  std::vector<job_result> jobs{};
};

/// The bytes that a result adds to a message.
std::size_t size_in_results(const job_result& result) noexcept;
/// The bytes that a message of results has at most besides.
constexpr std::size_t results_overhead = 4 + 255;

/// Bytes that an exception may have even if a value may not.
constexpr std::size_t exception_allowance = 16 * 1024;

/// @throw std::length_error if a text or the payload has 4 GiB or more
void encode(const results& what, detail::byte_buffer& to);
/// @param limit says for the number of a job how large its payload may be; of payload kinds other
///   than a value, `exception_allowance` bytes are always allowed
decoded<results> decode_results(std::span<const std::byte> from,
                                const std::function<std::size_t(std::uint64_t)>& limit);

}  // namespace isolatte::inline v0_1::nats::wire

#endif
