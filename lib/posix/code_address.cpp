// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/code_address.hpp"

#include "posix/code_image.hpp"

namespace isolatte::inline v0_1::posix {

code_address locate_code(std::uintptr_t address) noexcept {
  auto const* const segment = find_segment(address);
  return {address, segment ? segment->digest : 0};
}

bool has_code(const code_address& what) noexcept {
  return what.object != 0 && locate_code(what.address).object == what.object;
}

}  // namespace isolatte::inline v0_1::posix
