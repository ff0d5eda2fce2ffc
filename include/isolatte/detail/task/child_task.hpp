// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_CHILD_TASK_HPP
#define ISOLATTE_DETAIL_TASK_CHILD_TASK_HPP

#include <isolatte/detail/task/talk_end.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

namespace isolatte::inline v0_1::detail {

/// A callable and its result without their types, as the compiled library runs it in a child. Lives
/// in the frame of the initiating function.
class child_task {
 public:
  virtual ~child_task() = default;
  /// Decodes the arguments, if they came as bytes. Lets exceptions through: then nothing has run.
  virtual void receive() {}
  /// Gives the callable its end of the conversation with the program, before invoke().
  virtual void connect(talk_end&) noexcept {}
  /// Runs the callable and keeps its result. Lets its exceptions through.
  virtual void invoke() = 0;
  /// Encodes the result that invoke() kept.
  virtual void encode(byte_buffer& out) const = 0;
  /// Destroys the callable, if there is one. The parent calls this once the child is made, before
  /// any handler runs.
  virtual void release() noexcept {}
};

}  // namespace isolatte::inline v0_1::detail

#endif
