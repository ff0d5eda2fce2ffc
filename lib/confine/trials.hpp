// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_CONFINE_TRIALS_HPP
#define ISOLATTE_LIB_CONFINE_TRIALS_HPP

#include "posix/descriptor.hpp"

#include <boost/system/error_code.hpp>

namespace isolatte::inline v0_1::confine {

// The mechanisms of the system are tried, each mechanism once in the life of a program, in a child
// process. Versions tell little: a container's filter refuses calls of a kernel that has them, and
// an administrator lets a namespace be made whose maps may not be written.

/// The mechanisms that need no privilege, as they were tried.
struct mechanisms {
  /// Why no filter of system calls can be loaded; 0 if one can.
  int filter_error = 0;
  /// 0: there is no Landlock, for the reason in landlock_error.
  int landlock_version = 0;
  int landlock_error = 0;
  /// Whether RLIMIT_NPROC binds this user without privileges: root is not bound.
  bool limits_processes = false;
};

/// @param ec why no child could be made to try; then nothing is remembered
mechanisms try_mechanisms(boost::system::error_code& ec);

/// The namespaces that all children with isolation::network join.
struct network_namespaces {
  /// -1 if the program may make the others without one.
  int user = -1;
  int network = -1;
  int ipc = -1;
};

/// Makes the namespaces, once.
/// @param ec why there are none
network_namespaces make_network_namespaces(boost::system::error_code& ec);

/// Tries whether a child can have a PID namespace, once.
/// @return 0, or the errno for which it cannot
/// @param ec why no child could be made to try
int try_process_namespace(boost::system::error_code& ec);

}  // namespace isolatte::inline v0_1::confine

#endif
