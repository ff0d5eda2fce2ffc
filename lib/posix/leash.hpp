// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_LEASH_HPP
#define ISOLATTE_LIB_POSIX_LEASH_HPP

#include <boost/system/error_code.hpp>

namespace isolatte::posix {

/// The process's leash: a pipe whose write end no other process holds. When this process dies,
/// however it dies, the pipe loses its last writer, and the kernel kills whoever is armed on it.
/// Unlike PR_SET_PDEATHSIG it follows the process, not the thread that forked.
///
/// @return the read end, made when first asked for, kept for ever
int leash(boost::system::error_code& ec) noexcept;

/// In the child: kill this process, or its group, when the leash's owner is gone; at once if it is
/// gone already.
/// @return whether it worked; errno tells why not
bool arm_leash(int leash_fd, bool whole_group) noexcept;

/// In the child: the leash is the parent's. Its write end must not live on here, and the read end
/// only if it is armed.
void disown_leash(bool armed) noexcept;

}  // namespace isolatte::posix

#endif
