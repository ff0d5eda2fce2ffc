// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_VOCABULARY_REPORT_HPP
#define ISOLATTE_DETAIL_VOCABULARY_REPORT_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/run_summary.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <exception>
#include <memory>

namespace isolatte::inline v0_1::detail {

using isolatte::captured_text;
using isolatte::run_summary;

/// Says what a frame of the child's holds.
enum class payload_kind : unsigned char {
  none = 0,
  value = 1,
  exception = 2,
  /// An encoded exception that tells why the value could not be encoded.
  unencodable = 3,
};

/// Hears that the bytes of a report gave no object.
class report_listener {
 public:
  report_listener() = default;
  report_listener(const report_listener&) = delete;
  report_listener& operator=(const report_listener&) = delete;
  virtual ~report_listener() = default;

  /// @param how the end that the outcome tells
  virtual void on_undecodable(const run_summary& how) noexcept = 0;
};

/// All that the compiled library knows of a run, to be decoded where the value's type is known.
///
/// Every handler of a program is instantiated with a report. Its special members are compiled once,
/// in the library, which keeps the handlers small.
struct report {
  ISOLATTE_DECL report() noexcept;
  ISOLATTE_DECL report(report&& other) noexcept;
  ISOLATTE_DECL report& operator=(report&& other) noexcept;
  ISOLATTE_DECL ~report();
  /// @return the same; made by name, because a payload may be large
  ISOLATTE_DECL report copy() const;

  run_summary summary{};
  payload_kind kind = payload_kind::none;
  byte_buffer payload{};
  /// Bytes that decoding the payload may allocate.
  std::size_t max_result = 0;
  /// The exception of reading a message back for which the run was ended; or null.
  std::exception_ptr refused_with{};
  /// Null unless the run is observed.
  std::unique_ptr<report_listener> listener{};
};

/// The result of one run of several.
struct told_report {
  boost::system::error_code ec{};
  report what{};
};

}  // namespace isolatte::inline v0_1::detail

#endif
