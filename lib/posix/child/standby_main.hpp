// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_STANDBY_MAIN_HPP
#define ISOLATTE_LIB_POSIX_CHILD_STANDBY_MAIN_HPP

#include "posix/child_page.hpp"
#include "posix/descriptor.hpp"

#include <cstddef>
#include <span>

namespace isolatte::inline v0_1::posix {

/// The belongings of a child that is made before it is known what it will run.
struct standby_ends {
  /// Shared with the program.
  child_page page;
  descriptor leash;
  /// The socket over which it will be told what to run. The program alone has the other end.
  descriptor link;
};

/// Runs a standby child: prepares as far as possible without a job, waits for a request, and runs
/// it. The child exits if the other end of its link is closed before a request has come.
///
/// Entered with all signals blocked.
/// @param template_socket a descriptor that it inherited from its template and is not to hold
/// @param room for a message
[[noreturn]] void standby_main(standby_ends ends, int template_socket,
                               std::span<std::byte> room) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
