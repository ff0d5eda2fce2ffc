// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_LAUNCHED_HPP
#define ISOLATTE_LIB_LAUNCH_LAUNCHED_HPP

#include "posix/child/fork_child.hpp"
#include "supervise/supervisor.hpp"
#include "vocabulary/errors.hpp"

#include <isolatte/options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <memory>

namespace isolatte::launch {

/// A supervised child which is still to be begun.
struct launched {
  std::shared_ptr<supervise::supervisor> supervisor;
  posix::forked_child child;

  void begin() { supervisor->begin(child.process, std::move(child.page)); }
};

/// Makes a supervisor, and a child for it: `create(ends, ec)` gives a posix::forked_child. Where it
/// fails nothing is left, and `step` tells what failed.
template <class Create>
launched launch(const boost::asio::any_io_executor& executor, const options& opts,
                supervise::symbolise_function symbolise, Create create,
                boost::system::error_code& ec, const char*& step) {
  launched result;
  try {
    step = "opening the child's streams";
    result.supervisor = supervise::supervisor::make(
        executor, opts, posix::inherited_streams::parents, symbolise, ec);
    if (ec) return {};
    step = "creating the child";
    result.child = create(result.supervisor->ends(), ec);
    if (ec) return {};
  } catch (...) {
    // An event loop opens its own descriptors when it is first used.
    ec = detail::error_of_caught();
    return {};
  }
  return result;
}

}  // namespace isolatte::launch

#endif
