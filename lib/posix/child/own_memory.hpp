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
/// The system's exact answer takes long in a process with much memory: milliseconds for each GiB.
/// Between two of those, what the process can have got since is known at once: what its resident
/// memory has grown by, and a page for each fault. The system is asked only if that is too much.
class own_memory {
 public:
  /// Starts to measure, in a process that has just been forked. To be called before files can be
  /// opened no more.
  void begin() noexcept;
  /// @param enough a value up to which the answer need not be exact, but may be too high
  /// @return bytes; 0 if the system does not tell
  std::uint64_t bytes(std::uint64_t enough) noexcept;

 private:
  struct quick {
    std::uint64_t resident = 0;
    std::uint64_t faulted = 0;
  };
  quick look() const noexcept;

  descriptor statm_;
  descriptor rollup_;
  std::uint64_t known_ = 0;
  quick since_{};
};

}  // namespace isolatte::inline v0_1::posix

#endif
