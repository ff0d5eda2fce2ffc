// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/user_code.hpp"

namespace isolatte::inline v0_1::posix {

// The fault handler recognises this function in the stack, so it has to have a frame.
[[gnu::noinline]] void run_user_code(detail::child_task& task, task_step step,
                                     detail::byte_buffer* out) {
  switch (step) {
    case task_step::receive: task.receive(); break;
    case task_step::invoke: task.invoke(); break;
    case task_step::encode: task.encode(*out); break;
  }
  // Without something after the calls they would become jumps, which leave no frame.
  asm volatile("" : : : "memory");
}

}  // namespace isolatte::inline v0_1::posix
