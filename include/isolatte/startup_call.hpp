// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_STARTUP_CALL_HPP
#define ISOLATTE_STARTUP_CALL_HPP

#include <isolatte/call.hpp>
#include <isolatte/config.hpp>
#include <isolatte/detail/task/remote_call.hpp>

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1 {

/// A call that a process runs when it starts: pool_options::initializer, and the `preload` of pools
/// and fork servers.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: safe for const members.
class startup_call {
 public:
  /// Runs nothing.
  startup_call() = default;
  /// Runs a call, whose result is dropped; or a function without arguments, as of a call.
  /// @param f what @ref call made, or could make a call of: a function pointer, a captureless
  /// lambda, a transportable function object
  /// @par Exception safety
  /// Strong guarantee: `std::bad_alloc`, and what saving the arguments throws.
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, startup_call> && std::invocable<std::decay_t<F>>)
  startup_call(F&& f) {
    if constexpr (is_call<F>)
      call_ = std::make_shared<const detail::remote_call>(detail::encode_call(f));
    else
      call_ = std::make_shared<const detail::remote_call>(
          detail::encode_call(isolatte::call(std::forward<F>(f))));
  }

  /// @cond
  explicit startup_call(detail::remote_call call)
      : call_{std::make_shared<const detail::remote_call>(std::move(call))} {}
  const detail::remote_call* get() const noexcept { return call_.get(); }
  /// @endcond

 private:
  std::shared_ptr<const detail::remote_call> call_;
};

}  // namespace isolatte::inline v0_1

#endif
