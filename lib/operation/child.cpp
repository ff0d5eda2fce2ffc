// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/child.hpp>

#include <boost/system/system_error.hpp>

#include <utility>

namespace isolatte::inline v0_1::detail {

void require_child(const run_handle& run) {
  if (run.empty())
    throw boost::system::system_error{error::no_child, "isolatte: waiting for a child"};
}

void wait_for(run_handle* run, report_handler handler) {
  // A deferred operation may be started after its handle has been moved from.
  require_child(*run);
  run->async_wait(std::move(handler));
}

}  // namespace isolatte::inline v0_1::detail
