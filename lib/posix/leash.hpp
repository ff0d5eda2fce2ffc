// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_LEASH_HPP
#define ISOLATTE_LIB_POSIX_LEASH_HPP

#include "posix/descriptor.hpp"

#include <boost/system/error_code.hpp>

namespace isolatte::posix {

// A leash ends a child when the program ends, however that ends. It is a pipe whose write end the
// program alone has. The child has the read end, armed (posix/child/arm_leash.hpp): when the last
// writer is gone the kernel sends it SIGKILL. Unlike PR_SET_PDEATHSIG a leash follows the process,
// not the thread that forked.
//
// One pipe serves all children, since it is opened anew for each through /proc. If that is
// impossible (no /proc, another user since the pipe was made) a child gets a pipe of its own.

/// The write end of a leash. The program may close it with all its other descriptors and use the
/// number for another file, so nothing is done to the number unless the file is still the pipe.
///
/// Not an owner: the one of the process has to outlive every static destructor.
class leash_end {
 public:
  constexpr leash_end() noexcept = default;
  leash_end(descriptor end, boost::system::error_code& ec) noexcept;

  int get() const noexcept { return fd_; }
  /// Whether the number still is the pipe. That it cannot be told is an error.
  bool is_open(boost::system::error_code& ec) const noexcept;
  void close() noexcept;

 private:
  int fd_ = -1;
  file_identity identity_;
};

struct leash_ends {
  /// An open file description for one child alone: the process to be killed is written in it.
  descriptor child;
  /// The other end if the pipe is the child's own, to be kept until the child has ended.
  leash_end program;
};

/// Opens a leash for a child that is about to be made. With the registry locked.
leash_ends open_leash(boost::system::error_code& ec) noexcept;

/// Whether a child has ever been given a pipe of its own.
bool has_separate_leashes() noexcept;

/// In a copy of the program that a fork has made: closes the program's end of the common pipe, so
/// that the copy does not keep the program's children alive.
void disown_leash() noexcept;

}  // namespace isolatte::posix

#endif
