// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_COMMAND_STANDARD_FILES_HPP
#define ISOLATTE_COMMAND_STANDARD_FILES_HPP

namespace isolatte_run {

/// Occupies the descriptors 0, 1 and 2 as far as they are closed. Otherwise the next file that is
/// opened, such as a report, would be the standard input or output. Reading and writing fail with
/// EBADF, as they do with a closed descriptor.
/// @throws std::system_error
void occupy_closed_standard_files();

}  // namespace isolatte_run

#endif
