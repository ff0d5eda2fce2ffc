// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_RESULT_TASK_HPP
#define ISOLATTE_DETAIL_TASK_RESULT_TASK_HPP

#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/detail/task/child_task.hpp>
#include <isolatte/detail/task/talk_end.hpp>
#include <isolatte/detail/task/talking.hpp>
#include <isolatte/detail/task/value_place.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1::detail {

/// Fails to compile, in words, if a result is not transportable.
template <class R>
consteval void require_transportable() {
  if constexpr (!std::is_void_v<R>) static_cast<void>(check_whole<R>());
}

/// Keeps and encodes the result of a task, whatever its callable is.
template <class R>
class result_task : public child_task {
 public:
  void connect(talk_end& end) noexcept final { talk_ = &end; }
  void encode([[maybe_unused]] byte_buffer& out) const final {
    if constexpr (!std::is_void_v<R>) codec<R>::encode(out, *result_);
  }

 protected:
  template <class F>
  void keep_result_of(F&& callable) {
    if constexpr (std::is_void_v<R>)
      run_talking(talk_, std::forward<F>(callable));
    else
      emplace_result(result_, [&]() -> R {
        return static_cast<R>(run_talking(talk_, std::forward<F>(callable)));
      });
  }

 private:
  struct nothing {};
  talk_end* talk_ = nullptr;
  /// On the heap if it is large: the frame of the initiating function has this object, too.
  value_place<std::conditional_t<std::is_void_v<R>, nothing, R>> result_;
};

}  // namespace isolatte::inline v0_1::detail

#endif
