// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/launched.hpp"

#include <utility>

namespace isolatte::inline v0_1::launch {

launched::launched(const boost::asio::any_io_executor& executor, const options& opts,
                   supervise::symbolise_function symbolise)
    : refused{{}, "opening the child's streams"} {
  try {
    supervisor = supervise::supervisor::make(executor, opts, posix::inherited_streams::parents,
                                             std::move(symbolise), refused.ec);
  } catch (...) {
    // An event loop opens its own descriptors when it is first used.
    refused.ec = detail::error_of_caught();
  }
}

void launched::take(forked_child made) noexcept {
  if (refused)
    supervisor.reset();
  else
    child = std::move(made);
}

void launched::begin() { supervisor->begin(std::move(child.process), std::move(child.page)); }

}  // namespace isolatte::inline v0_1::launch
