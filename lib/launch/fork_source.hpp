// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_FORK_SOURCE_HPP
#define ISOLATTE_LIB_LAUNCH_FORK_SOURCE_HPP

#include "launch/child_source.hpp"

#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/options.hpp>

#include <boost/system/error_code.hpp>

#include <memory>

namespace isolatte::inline v0_1::launch {

/// Forks children from the program as it is.
class fork_source final : public child_source {
 public:
  posix::inherited_streams inherited() const noexcept override {
    return posix::inherited_streams::parents;
  }
  supervise::symbolise_function symboliser_for(const options& opts) override;
  void launch(std::shared_ptr<supervise::supervisor> run, const detail::remote_call& call,
              const options& opts, sandboxed when, boost::system::error_code& ec) override;
  /// The pool ends its children itself.
  void close() override {}
};

}  // namespace isolatte::inline v0_1::launch

#endif
