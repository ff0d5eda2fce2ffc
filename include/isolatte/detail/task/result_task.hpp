// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_RESULT_TASK_HPP
#define ISOLATTE_DETAIL_TASK_RESULT_TASK_HPP

#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/detail/task/child_task.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1::detail {

/// Fails to compile, in words, if a result is not transportable.
template <class R>
consteval void require_transportable() {
  if constexpr (!std::is_void_v<R>) static_cast<void>(check_transportable<R>());
}

/// Keeps and encodes the result of a task, whatever its callable is.
template <class R>
class result_task : public child_task {
 public:
  void encode([[maybe_unused]] byte_buffer& out) const final {
    if constexpr (!std::is_void_v<R>) codec<R>::encode(out, *result_);
  }

 protected:
  template <class F>
  void keep_result_of(F&& callable) {
    if constexpr (std::is_void_v<R>)
      std::invoke(std::forward<F>(callable));
    else
      result_.emplace(std::invoke(std::forward<F>(callable)));
  }

 private:
  struct nothing {};
  std::optional<std::conditional_t<std::is_void_v<R>, nothing, R>> result_;
};

}  // namespace isolatte::inline v0_1::detail

#endif
