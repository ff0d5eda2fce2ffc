// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/memory_mapping.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace isolatte::inline v0_1::posix {

namespace {

/// Takes a hexadecimal number, and the character after it.
std::uintptr_t take_number(std::string_view& text) noexcept {
  std::uintptr_t number = 0;
  char const* const end = std::from_chars(text.data(), text.data() + text.size(), number, 16).ptr;
  auto const count = static_cast<std::size_t>(end - text.data());
  text.remove_prefix(std::min(count + 1, text.size()));
  return number;
}

std::string_view take_word(std::string_view& text) noexcept {
  auto const word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

}  // namespace

/// @param line as in "7f0000001000-7f0000002000 r-xp 00001000 08:01 1234    /lib/libfoo.so"
memory_mapping parse_mapping(std::string_view line) noexcept {
  memory_mapping mapping;
  mapping.begin = take_number(line);
  mapping.end = take_number(line);
  mapping.permissions = take_word(line);
  mapping.offset = take_number(line);
  take_word(line);  // device
  take_word(line);  // inode
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  mapping.name = line;
  return mapping;
}

}  // namespace isolatte::inline v0_1::posix
