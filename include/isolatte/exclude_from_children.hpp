// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXCLUDE_FROM_CHILDREN_HPP
#define ISOLATTE_EXCLUDE_FROM_CHILDREN_HPP

#include <isolatte/config.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>

namespace isolatte {

/// @{
/// Leaves memory out of the children that are forked from now on, by this library or others: a fork
/// of a program with a large buffer takes as long as one without it, and writing to the buffer
/// while a child lives copies nothing. In a child the memory is not there: using it is a fault.
///
/// Only whole pages are left out; what shares a page with other memory stays. Undo it with
/// @ref include_in_children before the memory is given back (by `free`, `delete`, `munmap`): the
/// allocator would give the pages to somebody else, whom children would miss.
///
/// @param data the beginning of the memory
/// @param size its size in bytes
/// @throws boost::system::system_error when the system refuses: the memory is not mapped, or the
/// system has no way to leave memory out (Linux has)
///
/// @par Thread safety
/// May be called from any thread.
ISOLATTE_DECL void exclude_from_children(const void* data, std::size_t size);
/// @param data the beginning of the memory
/// @param size its size in bytes
/// @param ec set to what the system refused it for, or cleared
ISOLATTE_DECL void exclude_from_children(const void* data, std::size_t size,
                                         boost::system::error_code& ec) noexcept;
/// @}

/// @{
/// Gives memory to the children that are forked from now on, as it was before
/// @ref exclude_from_children.
///
/// @param data the beginning of the memory
/// @param size its size in bytes
/// @throws boost::system::system_error when the system refuses
///
/// @par Thread safety
/// May be called from any thread.
ISOLATTE_DECL void include_in_children(const void* data, std::size_t size);
/// @param data the beginning of the memory
/// @param size its size in bytes
/// @param ec set to what the system refused it for, or cleared
ISOLATTE_DECL void include_in_children(const void* data, std::size_t size,
                                       boost::system::error_code& ec) noexcept;
/// @}

}  // namespace isolatte

#endif
