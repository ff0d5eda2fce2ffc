// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_SUPERVISE_COMPLETE_LATER_HPP
#define ISOLATTE_LIB_SUPERVISE_COMPLETE_LATER_HPP

#include "supervise/pending_handler.hpp"

#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/vocabulary/report.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <utility>

namespace isolatte::supervise {

/// Of a run that came to nothing, and the step that failed.
inline detail::report not_started(const char* step) {
  detail::report what;
  what.summary.reason = step;
  return what;
}

/// Completes from the event loop, never from here.
inline void complete_later(const boost::asio::any_io_executor& executor,
                           detail::report_handler handler, const boost::system::error_code& ec,
                           detail::report what) {
  boost::asio::post(executor, [next = pending_handler{std::move(handler), executor}, ec,
                               what = std::move(what)]() mutable {
    std::move(next).complete(ec, std::move(what));
  });
}

}  // namespace isolatte::supervise

#endif
