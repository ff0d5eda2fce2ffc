// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/execute.hpp"
#include "supervise/pending_handler.hpp"

#include <isolatte/async_execute.hpp>

#include <utility>

namespace isolatte::inline v0_1::detail {

void async_execute(const boost::asio::any_io_executor& executor, program&& what, options&& opts,
                   report_handler handler) {
  // A program has no result, so nothing could be there before its end.
  opts.early = false;
  launch::launched child = launch::execute(executor, what, opts, std::move(handler));
  // Released first: another thread may call the handler before this one returns.
  what = {};
  opts = {};
  child.begin_or_refuse(executor);
}

}  // namespace isolatte::inline v0_1::detail
