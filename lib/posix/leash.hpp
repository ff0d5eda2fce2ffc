// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_LEASH_HPP
#define ISOLATTE_LIB_POSIX_LEASH_HPP

#include "posix/descriptor.hpp"

#include <boost/system/error_code.hpp>

namespace isolatte::inline v0_1::posix {

// A leash ends a child when the program ends, by whatever cause. A leash is a pipe, and only the
// program has its write end. The child has the read end, armed (posix/child/arm_leash.hpp): when
// the last writer is gone, the kernel sends SIGKILL. PR_SET_PDEATHSIG will not do, because it
// follows the thread that forked and not the process.
//
// Each child needs an open file description of its own, because the process to be killed is noted
// there. So the program opens one shared pipe anew for each child, through /proc. If that fails (no
// /proc, another user since the pipe was made), the child gets a pipe of its own.
//
// A child that can change permissions could open the pipe for writing, through /proc, and be its
// last writer. The leash of such a child is one of a pair of sockets, which cannot be opened.

/// The write end of a leash. The program may close all its descriptors and use the number for
/// another file. So this class touches the number only while its device and inode are the pipe's.
///
/// Not an owner: the end of the shared pipe has to outlive every static destructor.
class leash_end {
 public:
  constexpr leash_end() noexcept = default;
  leash_end(descriptor end, boost::system::error_code& ec) noexcept;

  int get() const noexcept { return fd_; }
  /// Whether the number still is the pipe.
  /// @param ec is set if the system does not tell
  bool is_open(boost::system::error_code& ec) const noexcept;
  void close() noexcept;

 private:
  int fd_ = -1;
  file_identity identity_;
};

struct leash_ends {
  /// An open file description for one child alone, because the process to be killed is noted in it.
  descriptor child;
  /// The other end if the pipe is the child's own, to be kept until the child has ended.
  leash_end program;
};

/// Whether a child could open its leash a second time.
enum class leash_kind { pipe, socket };

/// Opens a leash for a child that is about to be made. The caller holds the lock of the registry.
leash_ends open_leash(leash_kind kind, boost::system::error_code& ec) noexcept;

/// Whether a child has ever been given a pipe of its own.
bool has_separate_leashes() noexcept;

/// Closes the program's end of the shared pipe in a child after a fork. A child that kept that end
/// would keep the other children alive after the program has ended.
void disown_leash() noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
