// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_VOCABULARY_REPORT_HPP
#define ISOLATTE_DETAIL_VOCABULARY_REPORT_HPP

#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/ending.hpp>
#include <isolatte/fault_info.hpp>
#include <isolatte/resource_usage.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace isolatte::detail {

/// What the child says that its frame holds.
enum class payload_kind : unsigned char {
  none = 0,
  value = 1,
  exception = 2,
  /// An encoded exception that tells why the value could not be encoded.
  unencodable = 3,
};

struct captured_text {
  std::string text;
  bool truncated = false;
};

/// All that is known of one run, save its value.
struct run_summary {
  ending how = ending::not_started;
  isolatte::ran ran = isolatte::ran::no;
  std::optional<int> exit_code{};
  std::optional<int> signal{};
  bool core_dumped = false;
  int pid = 0;
  resource_usage usage{};
  std::optional<fault_info> fault{};
  captured_text out{};
  captured_text err{};
  /// For ending::undelivered: why. For ending::not_started: which step failed.
  std::string reason{};
};

/// What the compiled library hands to who knows the value's type, and can decode it.
struct report {
  run_summary summary{};
  payload_kind kind = payload_kind::none;
  byte_buffer payload{};
  /// What decoding the payload may allocate.
  std::size_t max_result = 0;
};

}  // namespace isolatte::detail

#endif
