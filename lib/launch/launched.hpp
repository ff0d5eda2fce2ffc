// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_LAUNCHED_HPP
#define ISOLATTE_LIB_LAUNCH_LAUNCHED_HPP

#include "launch/child_birth.hpp"
#include "supervise/supervisor.hpp"
#include "vocabulary/errors.hpp"

#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/observe.hpp>
#include <isolatte/options.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <optional>

namespace isolatte::inline v0_1::launch {

/// A supervised child that is still to be begun, or why there is none.
struct launched {
  /// No error: there is a child, or there may still be one. Otherwise nothing has been left but the
  /// handler.
  detail::refusal refused;
  std::shared_ptr<supervise::supervisor> supervisor;
  forked_child child;
  /// The handler that waits for the outcome, unless the supervisor has it. Emplaced, never
  /// assigned: Boost 1.81's assignment never returns.
  std::optional<detail::report_handler> handler;

  launched() = default;
  launched(launched&&) = default;
  launched& operator=(launched&&) = delete;
  /// Makes the supervisor, which opens the child's streams, and gives it the handler if there is
  /// one: to keep a handler takes memory, and nothing may fail once there is a child.
  /// @param by what observers are told; of a child without it, which is the library's own, nothing
  launched(std::optional<launcher> by, const boost::asio::any_io_executor& executor,
           const options& opts, supervise::symbolise_function symbolise, detail::talk_wish&& wish,
           detail::report_handler waiting = {});
  /// Takes the child, or, after a refusal, lets go of everything.
  void take(forked_child made) noexcept;
  /// Has the supervisor take the child on.
  void begin();
  /// Has the supervisor take the child on, or completes with the refusal.
  void begin_or_refuse(const boost::asio::any_io_executor& executor);
};

}  // namespace isolatte::inline v0_1::launch

#endif
