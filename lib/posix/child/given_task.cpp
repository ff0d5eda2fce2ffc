// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/given_task.hpp"

#include "posix/child/requested_child.hpp"
#include "posix/child/user_code.hpp"

namespace isolatte::inline v0_1::posix {

void given_task::receive() {
  rely_on(code_);
  set_given_descriptors(call_.descriptors);
  task_ = call_.entry(call_.arguments.bytes());
  run_user_code(*task_, task_step::receive);
}

void given_task::invoke() { run_user_code(*task_, task_step::invoke); }

void given_task::encode(detail::byte_buffer& out) const {
  run_user_code(*task_, task_step::encode, &out);
}

}  // namespace isolatte::inline v0_1::posix
