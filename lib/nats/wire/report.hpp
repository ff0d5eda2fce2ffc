// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_WIRE_REPORT_HPP
#define ISOLATTE_LIB_NATS_WIRE_REPORT_HPP

#include "nats/wire/byte_reader.hpp"
#include "nats/wire/byte_writer.hpp"

#include <isolatte/detail/vocabulary/report.hpp>

#include <cstddef>

namespace isolatte::inline v0_1::nats::wire {

/// The bytes of an encoded report.
std::size_t size_of(const detail::report& what) noexcept;

void write(byte_writer& to, const detail::report& what);

/// @param largest_value bytes that a value may have
/// @param largest_exception bytes that any other payload may have
/// @param is_over_limit set if the payload is larger, and left out
void read_report(byte_reader& from, std::size_t largest_value, std::size_t largest_exception,
                 detail::report& what, bool& is_over_limit);

}  // namespace isolatte::inline v0_1::nats::wire

#endif
