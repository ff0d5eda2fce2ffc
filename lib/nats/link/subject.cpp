// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/link/subject.hpp"

#include <algorithm>
#include <random>

namespace isolatte::inline v0_1::nats::link {

namespace {

bool is_graphic(char c) noexcept {
  auto const code = static_cast<unsigned char>(c);
  return code > 0x20 && code != 0x7f;
}

}  // namespace

bool is_subject(std::string_view text, bool wildcards) noexcept {
  while (true) {
    auto const end = text.find('.');
    auto const token = text.substr(0, end);
    if (token.empty() || !std::all_of(token.begin(), token.end(), is_graphic)) return false;
    bool const is_last = end == std::string_view::npos;
    if (token == "*" && !wildcards) return false;
    if (token == ">" && (!wildcards || !is_last)) return false;
    if (is_last) return true;
    text.remove_prefix(end + 1);
  }
}

bool is_header_name(std::string_view text) noexcept {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_graphic(c) && c != ':'; });
}

bool is_header_value(std::string_view text) noexcept {
  return !text.empty() && text.front() != ' ' && text.back() != ' ' &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_graphic(c) || c == ' '; });
}

std::string new_inbox() {
  static constexpr std::string_view digits =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::random_device source;
  std::uniform_int_distribution<std::size_t> any{0, digits.size() - 1};
  std::string result = "_INBOX.";
  for (int i = 0; i != 22; ++i) result += digits[any(source)];
  return result;
}

std::string violated_subject(std::string_view text) {
  auto const begin = text.find('"');
  if (begin == std::string_view::npos) return {};
  auto const end = text.find('"', begin + 1);
  // libnats cuts long texts.
  return std::string{text.substr(begin + 1, end == std::string_view::npos ? end : end - begin - 1)};
}

}  // namespace isolatte::inline v0_1::nats::link
