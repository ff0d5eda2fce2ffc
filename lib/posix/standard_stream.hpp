// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_STANDARD_STREAM_HPP
#define ISOLATTE_LIB_POSIX_STANDARD_STREAM_HPP

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <string_view>

namespace isolatte::inline v0_1::posix {

/// Whether a child may inherit 0, 1 or 2 as a standard stream. In a program that was started with a
/// closed one, the number may belong to an event loop by now: a child's output would go into the
/// loop's own descriptors.
bool is_standard_stream(int fd, boost::system::error_code& ec) noexcept;

/// Writes to a standard stream as much as there is room for, and so never waits for its reader.
/// @return how many bytes; all of them if the program has no such stream
std::size_t write_without_waiting(int fd, std::string_view text) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
