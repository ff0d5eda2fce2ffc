// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_CHILD_STAGE_HPP
#define ISOLATTE_LIB_LOGIC_CHILD_STAGE_HPP

#include <cstdint>

namespace isolatte::inline v0_1::logic {

/// How far the child has come, as it says itself.
enum class child_stage : std::uint32_t {
  /// The child prepares itself: the callable has not begun.
  setup = 0,
  setup_failed = 1,
  running = 2,
  /// The callable has ended, and its result is being saved.
  finished = 3,
  /// The result has been saved and is to be sent. An exit before that is not the library's.
  sending = 4,
  /// The result has been sent. The child runs the handlers that it has registered with atexit().
  sent = 5,
  /// The library could not send the result.
  unsent = 6,
  /// Another thread of the child has called exit() while the result was being saved.
  left = 7,
};

}  // namespace isolatte::inline v0_1::logic

#endif
