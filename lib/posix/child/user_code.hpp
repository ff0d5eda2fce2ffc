// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_USER_CODE_HPP
#define ISOLATTE_LIB_POSIX_CHILD_USER_CODE_HPP

#include <isolatte/detail/task/child_task.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <cstdint>

namespace isolatte::inline v0_1::posix {

/// The steps of a task. Each runs code of the user's.
enum class task_step : std::uint8_t { receive, invoke, encode };

/// Runs one step of a task, and lets its exceptions through. Stack traces end above this function:
/// the frames below are the library's and the program's.
/// @param out what encode() appends to; unused by the other steps
void run_user_code(detail::child_task& task, task_step step, detail::byte_buffer* out = nullptr);

}  // namespace isolatte::inline v0_1::posix

#endif
