// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_TEMPLATE_MAIN_HPP
#define ISOLATTE_LIB_POSIX_CHILD_TEMPLATE_MAIN_HPP

namespace isolatte::posix {

/// What a fork server does, for as long as the other end of the socket is open: makes a child of
/// its parent's for every request, and never calls anything of the user's itself.
void template_main(int socket);

}  // namespace isolatte::posix

#endif
