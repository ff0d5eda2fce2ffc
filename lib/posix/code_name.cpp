// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/code_image.hpp"

#include <isolatte/detail/vocabulary/code_name.hpp>

namespace isolatte::inline v0_1::detail {

std::optional<code_name> name_code(std::uintptr_t address) noexcept {
  auto const* const segment = posix::find_segment(address);
  if (!segment || segment->id.empty()) return {};
  return code_name{segment->id, address - segment->bias};
}

std::uintptr_t find_code(const code_name& name) noexcept {
  auto const* const segment = posix::find_segment(name);
  return segment ? segment->bias + static_cast<std::uintptr_t>(name.offset) : 0;
}

std::optional<std::string> program_build_id() {
  build_id const id = posix::id_of_program();
  if (id.empty()) return {};
  std::string text;
  for (std::byte const each : id.bytes()) {
    auto const number = std::to_integer<unsigned>(each);
    for (unsigned const digit : {number >> 4, number & 15}) text += "0123456789abcdef"[digit];
  }
  return text;
}

}  // namespace isolatte::inline v0_1::detail
