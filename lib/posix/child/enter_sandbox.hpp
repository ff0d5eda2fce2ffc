// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_ENTER_SANDBOX_HPP
#define ISOLATTE_LIB_POSIX_CHILD_ENTER_SANDBOX_HPP

#include "confine/sandbox_plan.hpp"
#include "posix/child_page.hpp"
#include "posix/descriptor.hpp"

namespace isolatte::inline v0_1::posix {

/// Joins the namespaces of the plan, if it has any that have not been joined yet.
/// @return whether it worked; errno tells why not
bool join_namespaces(confine::sandbox_plan& plan) noexcept;

/// The number that the leashes of a template's children have: the filter that they inherit guards
/// it. -1 if they inherit none.
int leash_number_of_children() noexcept;

/// The ruleset that each of a template's children restricts itself by, which stays open until then;
/// null if there is none.
descriptor* ruleset_of_children() noexcept;

/// Opens what a callable's sandbox reads later, when this process may be another user's.
/// @return whether it worked; errno tells why not
bool prepare_sandbox(confine::sandbox_plan& plan) noexcept;

/// Confines this process as planned, in its role. Nothing can be undone afterwards, and what is not
/// planned for is forbidden. Async-signal-safe.
/// @param plan its filter is changed: it becomes this child's own
/// @param leash the child's leash, which the filter then guards, or -1
/// @param page stays mapped
/// @return the step that failed, with errno, or none
setup_step enter_sandbox(confine::sandbox_plan& plan, int leash,
                         const child_page_data* page) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
