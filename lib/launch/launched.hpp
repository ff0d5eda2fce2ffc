// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_LAUNCHED_HPP
#define ISOLATTE_LIB_LAUNCH_LAUNCHED_HPP

#include "launch/child_birth.hpp"
#include "supervise/supervisor.hpp"
#include "vocabulary/errors.hpp"

#include <memory>
#include <utility>

namespace isolatte::launch {

/// A supervised child that is still to be begun, or why there is none.
struct launched {
  /// No error: there is a child. Otherwise nothing has been left.
  detail::refusal refused;
  std::shared_ptr<supervise::supervisor> supervisor{};
  forked_child child{};

  void begin() { supervisor->begin(std::move(child.process), std::move(child.page)); }
};

}  // namespace isolatte::launch

#endif
