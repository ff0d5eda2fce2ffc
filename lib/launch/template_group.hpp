// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_TEMPLATE_GROUP_HPP
#define ISOLATTE_LIB_LAUNCH_TEMPLATE_GROUP_HPP

#include "launch/template_process.hpp"

#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/fork_server.hpp>
#include <isolatte/options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace isolatte::inline v0_1::launch {

/// A template and copies of it, so that several children can be made at once. The copies are made
/// by the first one.
///
/// The destructor ends the templates and their running children. Otherwise safe from several
/// threads at once.
class template_group {
  struct only_make {};

 public:
  static std::unique_ptr<template_group> make(const boost::asio::any_io_executor& executor,
                                              std::size_t templates, template_settings settings,
                                              boost::system::error_code& ec);
  explicit template_group(only_make) noexcept {}
  ~template_group();
  template_group(const template_group&) = delete;
  template_group& operator=(const template_group&) = delete;

  /// Launches a child, as the template does that has the least to do.
  void launch(std::shared_ptr<supervise::supervisor> run, const detail::remote_call& call,
              const options& opts, sandboxed when, boost::system::error_code& ec);
  /// Any of the templates has the same addresses.
  supervise::symbolise_function symboliser_for(const options& opts) {
    return first_->symboliser_for(opts);
  }
  fork_server_stats stats() const noexcept;
  int pid() noexcept { return first_->pid(); }

 private:
  template_process& least_busy() noexcept;

  std::shared_ptr<template_process> first_;
  std::vector<std::shared_ptr<template_process>> copies_;
};

}  // namespace isolatte::inline v0_1::launch

#endif
