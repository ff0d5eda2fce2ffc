// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_OPERATION_REQUEST_TYPE_HPP
#define ISOLATTE_LIB_OPERATION_REQUEST_TYPE_HPP

#include <isolatte/detail/operation/operation.hpp>

#include <boost/asio/cancellation_type.hpp>

namespace isolatte::inline v0_1::detail {

/// Whether a request is to end the run.
constexpr bool ends(run_request what) noexcept {
  return what != run_request::suspend && what != run_request::resume;
}

/// The cancellation that a request to end a run amounts to.
constexpr boost::asio::cancellation_type type_of(run_request what) noexcept {
  switch (what) {
    case run_request::interrupt: return boost::asio::cancellation_type::total;
    case run_request::request_exit: return boost::asio::cancellation_type::partial;
    case run_request::terminate:
    case run_request::suspend:
    case run_request::resume: break;
  }
  return boost::asio::cancellation_type::terminal;
}

}  // namespace isolatte::inline v0_1::detail

#endif
