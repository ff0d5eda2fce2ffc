// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_CALLABLE_TASK_HPP
#define ISOLATTE_DETAIL_TASK_CALLABLE_TASK_HPP

#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/detail/task/result_task.hpp>
#include <isolatte/detail/task/value_place.hpp>
#include <isolatte/outcome.hpp>

#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1::detail {

/// The task of a callable that the child has because it is a copy of this process.
///
/// @tparam R the result. A parameter of its own, for GCC warns of a class that is not named after a
/// type without linkage and depends on it
template <class F, class R = result_of<F>>
class callable_task final : public result_task<R> {
 public:
  explicit callable_task(F&& callable) {
    callable_.emplace(std::move(callable));
    if constexpr (!std::is_void_v<R>) codec<R>::prepare();
  }

  void invoke() override { this->keep_result_of(std::move(*callable_)); }

  void release() noexcept override { callable_.reset(); }

 private:
  value_place<F> callable_;
};

}  // namespace isolatte::inline v0_1::detail

#endif
