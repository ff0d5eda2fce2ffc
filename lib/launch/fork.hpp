// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_FORK_HPP
#define ISOLATTE_LIB_LAUNCH_FORK_HPP

#include "launch/child_birth.hpp"
#include "launch/launched.hpp"
#include "posix/child_ends.hpp"
#include "vocabulary/errors.hpp"

#include <isolatte/detail/task/child_task.hpp>
#include <isolatte/options.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <optional>

namespace isolatte::inline v0_1::launch {

/// Forks a child that runs the task. Takes nothing over, changes nothing if it fails.
/// @param deferred a sandbox that the task enters itself, in place of the options' one
/// @param room for what belongs to the child's run, or null
/// @param also a second page that the child is to have, or null
/// @return the child; none if `why` has become an error
forked_child fork_child(detail::child_task& task, const posix::child_ends& ends,
                        const options& opts, std::optional<confine::sandbox_plan> deferred,
                        detail::refusal& why,
                        const std::shared_ptr<supervise::operation_memory>& room = nullptr,
                        const posix::child_page* also = nullptr);

/// Launches a child that runs the task.
/// @param by as for launched
launched fork(const boost::asio::any_io_executor& executor, detail::child_task& task,
              const options& opts, supervise::symbolise_function symbolise,
              detail::talk_wish&& wish, detail::report_handler waiting = {},
              std::optional<launcher> by = launcher::fork);

}  // namespace isolatte::inline v0_1::launch

#endif
