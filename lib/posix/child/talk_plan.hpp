// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_TALK_PLAN_HPP
#define ISOLATTE_LIB_POSIX_CHILD_TALK_PLAN_HPP

#include <isolatte/detail/vocabulary/talk_needs.hpp>

#include <cstddef>

namespace isolatte::inline v0_1::posix {

/// How a job talks with its program.
struct talk_plan {
  /// The job's end of the socket, above 2; -1: they do not talk.
  int socket = -1;
  detail::talk_needs needs{};
  /// options::message_window.
  std::size_t window = 0;
};

}  // namespace isolatte::inline v0_1::posix

#endif
