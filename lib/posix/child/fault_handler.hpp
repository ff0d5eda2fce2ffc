// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_FAULT_HANDLER_HPP
#define ISOLATTE_LIB_POSIX_CHILD_FAULT_HANDLER_HPP

#include "posix/child_page.hpp"

namespace isolatte::inline v0_1::posix {

/// Makes this process record fatal signals with their stack in the page, and then die of them. The
/// stack ends above run_user_code().
/// @return whether it worked; errno tells why not
bool install_fault_handler(child_page_data& page) noexcept;

/// Does so for SIGSYS, in a template whose children inherit a filter: with that no handler can be
/// set any more. In a child without install_fault_handler() the signal does what it does by
/// default.
bool install_violation_handler() noexcept;

/// Resets the signals that still have the handler: children of this process are not to report
/// their faults as its own.
void remove_fault_handler() noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
