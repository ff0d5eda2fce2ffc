// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_REMOTE_CALL_HPP
#define ISOLATTE_DETAIL_TASK_REMOTE_CALL_HPP

#include <isolatte/detail/task/child_task.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

namespace isolatte::detail {

/// Makes, in a process that did not make the call, the task that the arguments' bytes stand for.
/// The bytes stay where they are until the task has run.
using make_task = std::unique_ptr<child_task> (*)(std::span<const std::byte> arguments);

/// A call without its types, as it is sent to a process with the same code at the same addresses.
struct remote_call {
  make_task entry = nullptr;
  /// The function that the arguments name by its address, which has to be checked before it is
  /// called; 0 for none.
  std::uintptr_t function = 0;
  byte_buffer arguments{};
};

/// Runs a call that has just arrived.
template <class Call>
class arrived_task final : public child_task {
  using R = std::decay_t<std::invoke_result_t<Call>>;

 public:
  explicit arrived_task(std::span<const std::byte> arguments) noexcept : arguments_{arguments} {}

  static std::unique_ptr<child_task> make(std::span<const std::byte> arguments) {
    return std::make_unique<arrived_task>(arguments);
  }

  void invoke() override {
    if constexpr (std::is_void_v<R>)
      std::invoke(Call::decode(arguments_));
    else
      result_.emplace(std::invoke(Call::decode(arguments_)));
  }

  void encode([[maybe_unused]] byte_buffer& out) const override {
    if constexpr (!std::is_void_v<R>) codec<R>::encode(out, *result_);
  }

  void release() noexcept override {}

 private:
  struct nothing {};
  std::span<const std::byte> arguments_;
  std::optional<std::conditional_t<std::is_void_v<R>, nothing, R>> result_;
};

/// Takes the types off a call.
template <class Call>
remote_call make_remote(const Call& call) {
  remote_call result{&arrived_task<Call>::make, call.function_address(), {}};
  call.encode(result.arguments);
  return result;
}

}  // namespace isolatte::detail

#endif
