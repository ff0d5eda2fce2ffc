// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CODE_ADDRESS_HPP
#define ISOLATTE_LIB_POSIX_CODE_ADDRESS_HPP

#include <cstdint>

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

/// Whether this process has the same code at the address.
bool has_code(const code_address& what) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
