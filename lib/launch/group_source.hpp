// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_GROUP_SOURCE_HPP
#define ISOLATTE_LIB_LAUNCH_GROUP_SOURCE_HPP

#include "launch/child_source.hpp"
#include "launch/template_group.hpp"

#include <isolatte/error.hpp>

#include <memory>
#include <utility>

namespace isolatte::inline v0_1::launch {

/// Has the templates of a fork server, which may go before this, make the children.
class group_source final : public child_source {
 public:
  explicit group_source(std::weak_ptr<template_group> group) noexcept : group_{std::move(group)} {}

  posix::inherited_streams inherited() const noexcept override { return template_process::streams; }
  supervise::symbolise_function symboliser_for(const options& opts) override {
    auto const group = group_.lock();
    return group ? group->symboliser_for(opts) : nullptr;
  }
  void launch(std::shared_ptr<supervise::supervisor> run, const detail::remote_call& call,
              const options& opts, sandboxed when, boost::system::error_code& ec) override {
    if (auto const group = group_.lock())
      group->launch(std::move(run), call, opts, when, ec);
    else
      ec = error::server_died;
  }
  /// The pool ends its children itself, and others have theirs of the same server.
  void close() override {}

 private:
  std::weak_ptr<template_group> const group_;
};

}  // namespace isolatte::inline v0_1::launch

#endif
