// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/describe.hpp"

#include <boost/stacktrace/frame.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace isolatte::inline v0_1::launch {

std::string describe(std::uintptr_t address) {
  boost::stacktrace::frame const frame{
      reinterpret_cast<boost::stacktrace::frame::native_frame_ptr_t>(address)};
  std::string line = frame.name();
  if (line.empty()) line = hexadecimal(address);
  if (std::size_t const number = frame.source_line(); number != 0)
    line += " at " + frame.source_file() + ':' + std::to_string(number);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

std::string hexadecimal(std::uintptr_t address) {
  char text[2 + 2 * sizeof address] = {'0', 'x'};
  char* const end = std::to_chars(text + 2, text + sizeof text, address, 16).ptr;
  return {text, end};
}

std::string number(std::span<const std::string> frames) {
  std::string text;
  for (std::size_t i = 0; i != frames.size(); ++i) {
    text += i < 10 ? " #" : "#";
    text += std::to_string(i);
    text += ' ';
    text += frames[i];
    text += '\n';
  }
  return text;
}

}  // namespace isolatte::inline v0_1::launch
