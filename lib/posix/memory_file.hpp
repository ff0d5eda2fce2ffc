// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_MEMORY_FILE_HPP
#define ISOLATTE_LIB_POSIX_MEMORY_FILE_HPP

#include "posix/descriptor.hpp"

#include <isolatte/run_summary.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <span>

namespace isolatte::inline v0_1::posix {

// Files without a name, closed on exec, none of them 0, 1 or 2. A file larger than RLIMIT_FSIZE is
// an error (`file_too_large`), and never a SIGXFSZ, which would end the program.

/// Makes a file of so many bytes, all zero.
descriptor make_memory_file(std::size_t size, boost::system::error_code& ec) noexcept;
/// Makes a file of these bytes, to be read from its beginning.
descriptor make_memory_file(std::span<const std::byte> bytes,
                            boost::system::error_code& ec) noexcept;

/// Reads the end of a file.
/// @param most the bytes that are read
captured_text read_end(int file, std::size_t most);
/// Gives back the memory of all but the end of a file that others write to, if the system can.
/// @param kept the bytes that stay
void drop_beginning(int file, std::size_t kept) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
