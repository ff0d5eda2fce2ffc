// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_TYPED_TAKER_HPP
#define ISOLATTE_DETAIL_TASK_TYPED_TAKER_HPP

#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/detail/task/message.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace isolatte::inline v0_1::detail {

/// Reads a message back.
/// @return nothing if it threw, which the conversation has been told of then
template <class Out>
std::optional<Out> read_back(const message& what) {
  std::optional<Out> value;
  try {
    value.emplace(codec<Out>::decode(what.bytes.bytes(), what.most));
  } catch (...) {
    value.reset();
    what.from->refuse(std::current_exception());
  }
  return value;
}

template <class Out, class Handler>
class typed_taker final : public message_taker {
 public:
  explicit typed_taker(Handler handler) : handler_(std::move(handler)) {}
  void take(const message& what) override {
    if (auto value = read_back<Out>(what)) handler_(std::move(*value));
  }

 private:
  Handler handler_;
};

}  // namespace isolatte::inline v0_1::detail

#endif
