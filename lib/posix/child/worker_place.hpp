// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_WORKER_PLACE_HPP
#define ISOLATTE_LIB_POSIX_CHILD_WORKER_PLACE_HPP

#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/worker_slot.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <span>

namespace isolatte::inline v0_1::posix {

/// Whether a process of this program's can have the place.
/// @return `invalid_argument` if a variable has no name that the system takes, or a processor is
/// none that the program may use
boost::system::error_code check_place(const worker_slot& place);

/// Writes down a place that check_place() has found to be right.
void encode_place(detail::byte_buffer& out, const worker_slot& place);

/// Gives this process a place.
/// @throws boost::system::system_error
void take_place(std::span<const std::byte> place);

}  // namespace isolatte::inline v0_1::posix

#endif
