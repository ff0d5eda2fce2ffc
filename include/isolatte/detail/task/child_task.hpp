// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_CHILD_TASK_HPP
#define ISOLATTE_DETAIL_TASK_CHILD_TASK_HPP

#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace isolatte::detail {

/// Says in readable words, early, that a result cannot travel.
template <class R>
consteval void require_transportable() {
  if constexpr (!std::is_void_v<R>) static_cast<void>(check_transportable<R>());
}

/// What the child is to do, with its types erased. Lives in the frame of the initiating function.
class child_task {
 public:
  virtual ~child_task() = default;
  /// Runs the callable and keeps its result. Lets its exceptions through.
  virtual void invoke() = 0;
  /// Encodes the result that invoke() kept.
  virtual void encode(byte_buffer& out) const = 0;
  /// In the parent, once the child is made: lets go of the callable.
  virtual void release() noexcept = 0;
};

template <class F, class R>
class callable_task final : public child_task {
 public:
  explicit callable_task(F&& callable) : callable_{std::move(callable)} {
    if constexpr (!std::is_void_v<R>) codec<R>::prepare();
  }

  void invoke() override {
    if constexpr (std::is_void_v<R>)
      std::invoke(std::move(*callable_));
    else
      result_.emplace(std::invoke(std::move(*callable_)));
  }

  void release() noexcept override { callable_.reset(); }

  void encode([[maybe_unused]] byte_buffer& out) const override {
    if constexpr (!std::is_void_v<R>) codec<R>::encode(out, *result_);
  }

 private:
  struct nothing {};
  std::optional<F> callable_;
  std::optional<std::conditional_t<std::is_void_v<R>, nothing, R>> result_;
};

}  // namespace isolatte::detail

#endif
