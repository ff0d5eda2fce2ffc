// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CODE_IMAGE_HPP
#define ISOLATTE_LIB_POSIX_CODE_IMAGE_HPP

#include <isolatte/detail/vocabulary/code_name.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isolatte::inline v0_1::posix {

/// A segment of code that is loaded, and the object that it is part of.
struct code_segment {
  std::uintptr_t begin = 0;
  std::size_t size = 0;
  /// The loader has added this to the addresses in the file of the object.
  std::uintptr_t bias = 0;
  /// A digest of the object: where it is loaded, its name, its segments, its build id.
  std::uint64_t digest = 0;
  /// Empty if the object has none.
  detail::build_id id{};

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

/// Finds the segment of code that an address is in.
/// @return null if there is none; valid until this thread looks for another one
const code_segment* find_segment(std::uintptr_t address) noexcept;

/// Finds the segment of code that has the name.
/// @return null if there is none; valid until this thread looks for another one
const code_segment* find_segment(const detail::code_name& name) noexcept;

/// The build id of the program itself; empty if it has none.
detail::build_id id_of_program() noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
