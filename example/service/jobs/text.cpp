// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "text.hpp"

#include <array>

namespace service {

namespace {

struct character {
  std::size_t size = 0;  ///< 0 if these bytes are none
  char32_t code = 0;
};

character first_of(std::string_view text) {
  auto const byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  unsigned const lead = byte(0);
  if (lead < 0x80) return {1, lead};
  std::size_t const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return {};
  char32_t code = lead & (0xffU >> (size + 1));
  for (std::size_t i = 1; i != size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3f);
  }
  constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {size, code};
}

bool is_harmless(char32_t code) {
  if (code < 0x20) return code == '\n' || code == '\t';
  if (code >= 0x7f && code < 0xa0) return false;
  bool const turns = code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
                     (code >= 0x2066 && code <= 0x2069);
  return !turns;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string clean(std::string_view bytes, std::size_t most) {
  std::string made;
  while (!bytes.empty()) {
    if (made.size() >= most) return made + "…";
    auto const [size, code] = first_of(bytes);
    if (size != 0 && is_harmless(code))
      made += bytes.substr(0, size);
    else
      made += "\xef\xbf\xbd";
    bytes.remove_prefix(size == 0 ? 1 : size);
  }
  return made;
}

std::string decode_percent(std::string_view text) {
  std::string made;
  for (std::size_t i = 0; i != text.size(); ++i) {
    if (text[i] == '%' && text.size() - i > 2) {
      int const high = digit(text[i + 1]);
      int const low = digit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        made += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    made += text[i];
  }
  return made;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string made;
  made.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::string_view const three = bytes.substr(i, 3);
    unsigned bits = 0;
    for (std::size_t k = 0; k != 3; ++k)
      bits = bits << 8 | (k < three.size() ? static_cast<unsigned char>(three[k]) : 0U);
    for (std::size_t k = 0; k != 4; ++k)
      made += k <= three.size() ? digits[bits >> (18 - 6 * k) & 63] : '=';
  }
  return made;
}

}  // namespace service
