// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/launched.hpp"

#include <utility>
#include <variant>

namespace isolatte::inline v0_1::launch {

launched::launched(std::optional<launcher> by, const boost::asio::any_io_executor& executor,
                   const options& opts, supervise::symbolise_function symbolise,
                   detail::talk_wish&& wish, detail::report_handler waiting)
    : refused{{}, "opening the child's streams"} {
  supervise::observed_job observed;
  if (by) observed = supervise::observed_job{*by};
  try {
    supervisor = supervise::supervisor::make(executor, opts, posix::inherited_streams::parents,
                                             std::move(symbolise), std::move(wish), refused.ec);
  } catch (...) {
    // An event loop opens its own descriptors when it is first used.
    refused.ec = detail::error_of_caught();
  }
  if (refused) {
    auto report = supervise::not_started(refused);
    observed.completed(refused.ec, report);
    handler.emplace(std::move(waiting));
    return;
  }
  supervisor->observe(std::move(observed));
  if (waiting) supervisor->async_own(std::move(waiting));
}

void launched::take(forked_child made) noexcept {
  if (!refused) child = std::move(made);
}

void launched::begin() {
  supervisor->set_gaps(std::move(child.gaps));
  supervisor->begin(std::move(child.process), std::move(child.page));
}

void launched::begin_or_refuse(const boost::asio::any_io_executor& executor) {
  if (!refused) return begin();
  if (supervisor) {
    supervisor->set_gaps(std::move(refused.gaps));
    return supervisor->refuse(refused.ec, refused.step);
  }
  supervise::complete_refused(executor, std::move(*handler), refused);
}

}  // namespace isolatte::inline v0_1::launch
