// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_CHILD_SOURCE_HPP
#define ISOLATTE_LIB_LAUNCH_CHILD_SOURCE_HPP

#include "launch/fork_message.hpp"
#include "posix/child_ends.hpp"
#include "supervise/supervisor.hpp"

#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/options.hpp>

#include <boost/system/error_code.hpp>

#include <memory>

namespace isolatte::inline v0_1::launch {

/// Makes the processes of a pool.
class child_source {
 public:
  child_source() noexcept = default;
  child_source(const child_source&) = delete;
  child_source& operator=(const child_source&) = delete;

  /// The standard streams of a child that is given no others.
  virtual posix::inherited_streams inherited() const noexcept = 0;
  /// Names the frames of a child's fault; null if the options ask for no report.
  virtual supervise::symbolise_function symboliser_for(const options& opts) = 0;
  /// Launches a child that runs the call.
  /// @param run the child's supervisor; its begin() is called when the child is there
  virtual void launch(std::shared_ptr<supervise::supervisor> run, const detail::remote_call& call,
                      const options& opts, sandboxed when, boost::system::error_code& ec) = 0;
  /// Ends what is to be done before the first child, if that takes too long, and if nothing else
  /// needs it. For any thread.
  virtual void end_preload() {}
  /// The owner goes, and its children with it.
  virtual void close() = 0;

 protected:
  ~child_source() = default;
};

}  // namespace isolatte::inline v0_1::launch

#endif
