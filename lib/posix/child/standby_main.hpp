// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_STANDBY_MAIN_HPP
#define ISOLATTE_LIB_POSIX_CHILD_STANDBY_MAIN_HPP

#include "posix/child_page.hpp"
#include "posix/descriptor.hpp"

#include <cstddef>
#include <span>

namespace isolatte::posix {

/// What a child has that is made before anyone knows what it will run.
struct standby_ends {
  /// What it shares with the program.
  child_page page;
  /// Where it will be told what to run; its other end is the program's alone.
  descriptor link;
  descriptor leash;
};

/// All that such a child does. Gets ready as far as it can, waits, and runs what it is told.
/// Nothing told, it ends when the other end of its link is closed.
///
/// Entered with all signals blocked.
/// @param server_socket what it inherited of its server and is not to hold
/// @param room for a message
[[noreturn]] void standby_main(standby_ends ends, int server_socket,
                               std::span<std::byte> room) noexcept;

}  // namespace isolatte::posix

#endif
