// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_GIVEN_TASK_HPP
#define ISOLATTE_LIB_POSIX_CHILD_GIVEN_TASK_HPP

#include "posix/code_image.hpp"

#include <isolatte/detail/task/child_task.hpp>
#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <memory>
#include <vector>

namespace isolatte::inline v0_1::posix {

/// The task of a call in a child that is a copy of this process, and has the call's descriptors
/// under their numbers.
class given_task final : public detail::child_task {
 public:
  /// In the program.
  explicit given_task(const detail::remote_call& call) : call_{call}, code_{loaded_code()} {}
  void receive() override;
  void invoke() override;
  void encode(detail::byte_buffer& out) const override;

 private:
  const detail::remote_call& call_;
  /// The code that is loaded, found out before the fork: in a copy of a program with threads the
  /// loader's lock may never be released.
  std::vector<code_segment> const code_;
  std::unique_ptr<detail::child_task> task_;
};

}  // namespace isolatte::inline v0_1::posix

#endif
