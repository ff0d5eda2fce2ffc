// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXCLUDE_FROM_CHILDREN_HPP
#define ISOLATTE_EXCLUDE_FROM_CHILDREN_HPP

#include <isolatte/config.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>

namespace isolatte::inline v0_1 {

/// @{
/// Leaves memory out of the children that are forked from now on, by this library or others.
///
/// A fork then takes as long as in a program without that memory, and writing to the memory while a
/// child lives copies nothing. A child does not have the memory: using it there is a fault.
///
/// Only whole pages are left out; memory that shares a page with other memory stays. Call
/// @ref include_in_children before the memory is freed (by `free`, `delete`, `munmap`): otherwise
/// the allocator reuses the pages for other data, which children will then lack.
///
/// @param data the beginning of the memory
/// @param size its size in bytes
/// @throws boost::system::system_error when the system refuses: the memory is not mapped, or the
/// system has no way to leave memory out (Linux has)
///
/// @par Exception safety
/// Basic guarantee: some of the pages may be left out.
/// @par Thread safety
/// May be called from any thread.
ISOLATTE_DECL void exclude_from_children(const void* data, std::size_t size);
/// @param data the beginning of the memory
/// @param size its size in bytes
/// @param ec set to the error of the system, or cleared
ISOLATTE_DECL void exclude_from_children(const void* data, std::size_t size,
                                         boost::system::error_code& ec) noexcept;
/// @}

/// @{
/// Lets the children that are forked from now on have memory again that @ref exclude_from_children
/// left out.
///
/// @param data the beginning of the memory
/// @param size its size in bytes
/// @throws boost::system::system_error when the system refuses
///
/// @par Exception safety
/// Basic guarantee: some of the pages may still be left out.
/// @par Thread safety
/// May be called from any thread.
ISOLATTE_DECL void include_in_children(const void* data, std::size_t size);
/// @param data the beginning of the memory
/// @param size its size in bytes
/// @param ec set to the error of the system, or cleared
ISOLATTE_DECL void include_in_children(const void* data, std::size_t size,
                                       boost::system::error_code& ec) noexcept;
/// @}

}  // namespace isolatte::inline v0_1

#endif
