// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "text.hpp"

#include <isolatte/remote_exception.hpp>

#include <boost/core/demangle.hpp>

#include <cstdio>
#include <typeinfo>

namespace census {

namespace {

std::string format(double number, const char* unit) {
  char text[48];
  std::snprintf(text, sizeof text, number < 100 ? "%.1f %s" : "%.0f %s", number, unit);
  return text;
}

std::string join(std::string type, const std::string& message) {
  return message.empty() || message == type ? type : type + ": " + message;
}

/// Returns the length in bytes of the first character, or 0 if it is not printable UTF-8.
std::size_t character(std::string_view text) {
  auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned const first = byte(0);
  if (first < 0x80) return first < 0x20 || first == 0x7f ? 0 : 1;
  std::size_t const size = first < 0xc2   ? 0
                           : first < 0xe0 ? 2
                           : first < 0xf0 ? 3
                           : first < 0xf5 ? 4
                                          : 0;
  if (size == 0 || text.size() < size) return 0;
  for (std::size_t i = 1; i != size; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  // Excludes C1 controls, overlong forms, surrogates, and values above U+10FFFF.
  unsigned const second = byte(1);
  bool const wrong = (first == 0xc2 && second < 0xa0) || (first == 0xe0 && second < 0xa0) ||
                     (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
                     (first == 0xf4 && second > 0x8f);
  return wrong ? 0 : size;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    std::size_t const size = character(text);
    if (size == 0)
      safe += '?';
    else
      safe += text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return safe;
}

std::string shorten(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t const front = most * 2 / 3;
  return text.substr(0, front) + "..." + text.substr(text.size() - (most - front - 3));
}

std::string count(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string count(std::uint64_t number, const std::string& what) {
  return count(number) + ' ' + what + (number == 1 ? "" : "s");
}

std::string duration(std::chrono::nanoseconds time) {
  auto const ns = static_cast<double>(time.count());
  return time < std::chrono::seconds{1} ? format(ns / 1e6, "ms") : format(ns / 1e9, "s");
}

std::string bytes(std::uint64_t number) {
  auto const value = static_cast<double>(number);
  if (number < 1 << 10) return std::to_string(number) + " B";
  if (number < 1 << 20) return format(value / (1 << 10), "KiB");
  if (number < 1 << 30) return format(value / (1 << 20), "MiB");
  return format(value / (1 << 30), "GiB");
}

std::string describe(const std::exception_ptr& exception) {
  try {
    if (!exception) return {};
    std::rethrow_exception(exception);
  } catch (const isolatte::remote_exception& error) {
    return printable(join(error.type_name(), error.message()));
  } catch (const std::exception& error) {
    return printable(join(boost::core::demangle(typeid(error).name()), error.what()));
  } catch (...) {
    return "not a std::exception";
  }
}

}  // namespace census
