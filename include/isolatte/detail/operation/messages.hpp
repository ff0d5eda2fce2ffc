// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_OPERATION_MESSAGES_HPP
#define ISOLATTE_DETAIL_OPERATION_MESSAGES_HPP

#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/detail/operation/initiate.hpp>
#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/task/message.hpp>
#include <isolatte/detail/task/typed_taker.hpp>
#include <isolatte/error.hpp>

#include <boost/system/error_code.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1::detail {

template <class Out>
using message_signature = void(boost::system::error_code, Out);
using sent_signature = void(boost::system::error_code);

/// Reads a message back on the executor of the user's handler.
template <class Out>
struct deliver_message {
  template <class Handler>
  void operator()(Handler&& handler, const boost::system::error_code& ec, message&& what) const {
    if (ec) return std::move(handler)(ec, Out{});
    std::optional<Out> value = read_back<Out>(what);
    // The operation holds nothing when its handler is called.
    what = {};
    if (value)
      std::move(handler)(ec, std::move(*value));
    else
      std::move(handler)(make_error_code(error::bad_message), Out{});
  }
};

template <class Out>
using receive_initiation = initiation<&receive_from, run_handle*, deliver_message<Out>>;
using send_initiation = initiation<&send_to, run_handle*, void>;

template <class In>
byte_buffer encode_message(const In& message) {
  byte_buffer bytes;
  codec<In>::encode(bytes, message);
  return bytes;
}

}  // namespace isolatte::inline v0_1::detail

#endif
