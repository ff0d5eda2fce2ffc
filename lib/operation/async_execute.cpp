// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/program_launcher.hpp"
#include "supervise/complete_later.hpp"

#include <isolatte/async_execute.hpp>

#include <utility>

namespace isolatte::detail {

void async_execute(const boost::asio::any_io_executor& executor, program&& what, options&& opts,
                   report_handler handler) {
  // There is no result that could be there before the program's end.
  opts.early = false;
  boost::system::error_code ec;
  const char* step = "";
  launch::launched child = launch::execute(executor, what, opts, ec, step);
  // Another thread may call the handler before this one returns.
  what = {};
  opts = {};
  if (ec) {
    supervise::complete_later(executor, std::move(handler), ec, supervise::not_started(step));
    return;
  }
  child.supervisor->async_own(std::move(handler));
  child.begin();
}

}  // namespace isolatte::detail
