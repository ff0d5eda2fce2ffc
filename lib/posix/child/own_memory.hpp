// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_OWN_MEMORY_HPP
#define ISOLATTE_LIB_POSIX_CHILD_OWN_MEMORY_HPP

#include "posix/descriptor.hpp"

#include <isolatte/config.hpp>

#include <cstdint>

namespace isolatte::inline v0_1::posix {

/// Measures the memory of this process that it does not share with the process that forked it.
///
/// A job that touches no new page costs nothing: memory comes with page faults. After faults the
/// resident memory tells at once what the process can have got: what that has grown by, and a page
/// for each fault. Only if this is too much the system is asked for the exact answer, which takes
/// milliseconds for each GiB.
class own_memory {
 public:
  /// Starts to measure, in a process that has just been forked. To be called before files can be
  /// opened no more.
  void begin() noexcept;
  /// @param enough a value up to which the answer need not be exact, but may be too high
  /// @param faults the page faults of this process until now, of both kinds
  /// @return bytes; 0 if the system does not tell
  std::uint64_t bytes(std::uint64_t enough, std::uint64_t faults) noexcept;

 private:
  std::uint64_t resident() const noexcept;

  descriptor statm_;
  descriptor rollup_;
  /// The last answer, and the faults at that time.
  std::uint64_t last_ = 0;
  std::uint64_t last_faults_ = 0;
  /// The last exact answer, and what there was at that time.
  std::uint64_t exact_ = 0;
  std::uint64_t resident_then_ = 0;
  std::uint64_t faults_then_ = 0;
};

}  // namespace isolatte::inline v0_1::posix

#endif
