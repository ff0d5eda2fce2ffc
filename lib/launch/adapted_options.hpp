// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_ADAPTED_OPTIONS_HPP
#define ISOLATTE_LIB_LAUNCH_ADAPTED_OPTIONS_HPP

#include <isolatte/options.hpp>

#include <memory>

namespace isolatte::inline v0_1::launch {

/// Changes the options of a child for where this process is.
///
/// A child that is to read the terminal in whose foreground this process is stays in this process's
/// group, in spite of options::kill_tree: in a group of its own it would be in the background, and
/// could not read. In a sandbox, too, a child stays in the group, which nothing can leave, and the
/// end of the group stands for options::die_with_parent.
/// @param is_job whether the child is handed the terminal, in a group of its own
/// @return nothing if nothing changes
std::unique_ptr<options> adapted(const options& opts, bool is_job = false);

/// Whether the end of a child ends the processes that it leaves: they are in its group, or in that
/// of a sandbox around it.
bool ends_tree(const options& opts) noexcept;

}  // namespace isolatte::inline v0_1::launch

#endif
