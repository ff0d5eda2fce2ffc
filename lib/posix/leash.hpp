// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_LEASH_HPP
#define ISOLATTE_LIB_POSIX_LEASH_HPP

#include "posix/descriptor.hpp"

#include <boost/system/error_code.hpp>

namespace isolatte::posix {

/// The process's leash: a pipe whose write end no other process holds. When this process dies,
/// however it dies, the pipe loses its last writer, and the kernel kills whoever is armed on it.
/// Unlike PR_SET_PDEATHSIG it follows the process, not the thread that forked.
///
/// The pipe is made when first asked for, and kept for ever.
/// @return a read end for one child that is about to be made: an open file description of its own,
/// since who is killed, and how, belongs to the description. Opened here, where that is cheap: the
/// kernel has this process's part of /proc at hand, and would have to make a new child's first.
descriptor open_leash(boost::system::error_code& ec) noexcept;
/// The same, of the leash on which this process is armed itself.
descriptor open_worn_leash(boost::system::error_code& ec) noexcept;

/// In the child: kill this process, or its group, when the leash's owner is gone; at once if it is
/// gone already.
/// @param leash_fd what was opened for this child
/// @return whether it worked; errno tells why not
bool arm_leash(int leash_fd, bool whole_group) noexcept;

/// In the child: what the parent has of its own leash must not live on here.
void disown_leash() noexcept;

}  // namespace isolatte::posix

#endif
