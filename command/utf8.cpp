// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "utf8.hpp"

#include <cstddef>

namespace isolatte_run {

namespace {

unsigned at(std::string_view bytes, std::size_t index) {
  return static_cast<unsigned char>(bytes[index]);
}

/// The length of the character at the beginning; 0 if there is none. Unicode, table 3-7.
std::size_t length_of_first(std::string_view bytes) {
  unsigned const first = at(bytes, 0);
  if (first < 0x80) return 1;
  std::size_t const length = first < 0xc2   ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
  if (length == 0 || bytes.size() < length) return 0;
  unsigned const least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  unsigned const most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (at(bytes, 1) < least || at(bytes, 1) > most) return 0;
  for (std::size_t i = 2; i != length; ++i)
    if (at(bytes, i) < 0x80 || at(bytes, i) > 0xbf) return 0;
  return length;
}

constexpr std::size_t most_bytes_of_name = 200;

/// Control characters are those of ASCII, and U+0080 to U+009F.
bool is_control(std::string_view character) {
  unsigned const first = at(character, 0);
  return first < 0x20 || first == 0x7f || (first == 0xc2 && at(character, 1) < 0xa0);
}

std::string escaped(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (char const character : bytes) {
    auto const each = static_cast<unsigned char>(character);
    text += "\\x";
    text += digits[each >> 4];
    text += digits[each & 0xf];
  }
  return text;
}

}  // namespace

std::string printable(std::string_view name) {
  std::string text;
  while (!name.empty()) {
    std::size_t const length = length_of_first(name);
    auto const character = name.substr(0, length != 0 ? length : 1);
    text += length == 0 || is_control(character) ? escaped(character) : std::string{character};
    name.remove_prefix(character.size());
    if (text.size() >= most_bytes_of_name && !name.empty()) return text + "...";
  }
  return text;
}

std::string valid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    std::size_t const length = length_of_first(bytes);
    text += length != 0 ? bytes.substr(0, length) : std::string_view{"\xef\xbf\xbd"};
    bytes.remove_prefix(length != 0 ? length : 1);
  }
  return text;
}

}  // namespace isolatte_run
