// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_LAUNCHED_HPP
#define ISOLATTE_LIB_LAUNCH_LAUNCHED_HPP

#include "launch/child_birth.hpp"
#include "supervise/supervisor.hpp"
#include "vocabulary/errors.hpp"

#include <isolatte/options.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace isolatte::inline v0_1::launch {

/// Whether the child is to read the terminal in whose foreground this process is. Such a child
/// stays in this process's group, in spite of options::kill_tree: in a group of its own it would be
/// in the background, and could not read.
bool shares_terminal(const options& opts) noexcept;

/// A supervised child that is still to be begun, or why there is none.
struct launched {
  /// No error: there is a child, or there may still be one. Otherwise nothing has been left.
  detail::refusal refused;
  std::shared_ptr<supervise::supervisor> supervisor;
  forked_child child;

  launched() = default;
  /// Makes the supervisor, which opens the child's streams.
  launched(const boost::asio::any_io_executor& executor, const options& opts,
           supervise::symbolise_function symbolise);
  /// Takes the child, or, after a refusal, lets go of everything.
  void take(forked_child made) noexcept;
  /// Has the supervisor take the child on.
  void begin();
};

}  // namespace isolatte::inline v0_1::launch

#endif
