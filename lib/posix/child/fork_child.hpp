// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_FORK_CHILD_HPP
#define ISOLATTE_LIB_POSIX_CHILD_FORK_CHILD_HPP

#include "posix/child/child_plan.hpp"
#include "posix/child_ends.hpp"
#include "posix/child_page.hpp"
#include "posix/child_process.hpp"

#include <isolatte/detail/task/child_task.hpp>
#include <isolatte/options.hpp>

#include <boost/system/error_code.hpp>

#include <functional>
#include <memory>

namespace isolatte::posix {

struct forked_child {
  std::shared_ptr<child_process> process;
  child_page page;
};

/// Forks, with all signals blocked, a child that is prepared by the plan and never returns here.
/// @return the child's number, or -1 and an error
using fork_function = std::function<int(const child_plan& plan, boost::system::error_code& ec)>;

/// Makes a child by that function. Takes nothing over, changes nothing where it fails.
/// @return the child, or an error and no child
forked_child fork_child_by(const fork_function& fork, child_kind kind, const child_ends& ends,
                           const options& opts, boost::system::error_code& ec);

/// Forks a child that runs the task. Takes nothing over, changes nothing where it fails.
/// @return the child, or an error and no child
forked_child fork_child(detail::child_task& task, const child_ends& ends, const options& opts,
                        boost::system::error_code& ec);

}  // namespace isolatte::posix

#endif
