// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_REMOTE_CALL_HPP
#define ISOLATTE_DETAIL_TASK_REMOTE_CALL_HPP

#include <isolatte/detail/task/child_task.hpp>
#include <isolatte/detail/task/message.hpp>
#include <isolatte/detail/task/result_task.hpp>
#include <isolatte/detail/task/talking.hpp>
#include <isolatte/detail/task/value_place.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace isolatte::inline v0_1::detail {

/// Makes the task of a call from its arguments' bytes, in the process that runs it. The bytes must
/// not be moved before the task has run.
using make_task = std::unique_ptr<child_task> (*)(std::span<const std::byte> arguments);

/// A call without its types, as it is sent to a process that has the same code at the same
/// addresses.
struct remote_call {
  make_task entry = nullptr;
  /// The address of the function that the arguments name, or 0. The other process checks it before
  /// the call, since its library may not be loaded there.
  std::uintptr_t function = 0;
  byte_buffer arguments{};
  /// Descriptors that the other process gets copies of, which have numbers of their own there.
  std::vector<int> descriptors{};
  talk_wish talk{};
};

/// The task of a call that has arrived.
template <class Call, class R = typename signature_of<Call>::result>
class arrived_task final : public result_task<R> {
 public:
  explicit arrived_task(std::span<const std::byte> arguments) noexcept : arguments_{arguments} {}

  static std::unique_ptr<child_task> make(std::span<const std::byte> arguments) {
    return std::make_unique<arrived_task>(arguments);
  }

  void receive() override {
    emplace_result(call_, [&] { return Call::decode(arguments_); });
  }
  void invoke() override { this->keep_result_of(std::move(*call_)); }

 private:
  std::span<const std::byte> arguments_;
  value_place<Call> call_;
};

/// Encodes a call.
template <class Call>
remote_call make_remote(const Call& call) {
  remote_call result{&arrived_task<Call>::make, call.function_address(), {}};
  call.encode(result.arguments);
  return result;
}

}  // namespace isolatte::inline v0_1::detail

#endif
