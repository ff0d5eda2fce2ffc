// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_ORIGIN_HPP
#define ISOLATTE_LIB_POSIX_ORIGIN_HPP

#include <atomic>
#include <cstdint>

namespace isolatte::inline v0_1::posix {

/// Remembers the process in which an object was made. A fork of the program copies its objects, but
/// not what they stand for: children, and pages that they share with children, stay the original's.
///
/// The registry of processes counts the forks (posix/process_registry.hpp). An object that is made
/// before the registry does not notice a fork before the registry.
class origin {
 public:
  origin() noexcept : generation_{current.load()} {}
  origin(const origin& other) noexcept : generation_{other.generation_.load()} {}
  origin& operator=(const origin& other) noexcept {
    generation_ = other.generation_.load();
    return *this;
  }

  /// Whether this process is a copy of the one in which the object was made.
  bool is_elsewhere() const noexcept { return generation_ != current; }
  /// Has the object be made here.
  /// @return whether it was made elsewhere; once for each copy
  bool move_here() noexcept { return generation_.exchange(current.load()) != current; }

  /// This process has just become a copy, and has one thread.
  static void enter_copy() noexcept { ++current; }

 private:
  /// The number of forks between the program's first process and this one.
  static inline constinit std::atomic<std::uint32_t> current = 0;

  std::atomic<std::uint32_t> generation_;
};

}  // namespace isolatte::inline v0_1::posix

#endif
