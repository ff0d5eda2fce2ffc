// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CODE_ADDRESS_HPP
#define ISOLATTE_LIB_POSIX_CODE_ADDRESS_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isolatte::inline v0_1::posix {

/// An address of code, with a digest by which another process tells whether it has the same code
/// there.
struct code_address {
  std::uintptr_t address = 0;
  /// A digest of the object that the address is in: where it is loaded, its name, its segments, its
  /// build id. 0: the address is in no object.
  std::uint64_t object = 0;
};

/// Finds out in which loaded object an address is.
code_address locate_code(std::uintptr_t address) noexcept;

/// A segment of code, with the digest of its object.
struct code_segment {
  std::uintptr_t begin = 0;
  std::size_t size = 0;
  std::uint64_t object = 0;

  bool holds(std::uintptr_t address) const noexcept {
    return address >= begin && address - begin < size;
  }
};

/// All code that this process has loaded.
std::vector<code_segment> loaded_code();

/// Makes this process look there first from now on, and ask the loader for the rest alone: in a
/// child of a program with threads the loader's lock may never be released.
/// @param loaded must not change or go while the process lives
void rely_on(const std::vector<code_segment>& loaded) noexcept;

/// Whether this process has the same code at the address.
bool has_code(const code_address& what) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
