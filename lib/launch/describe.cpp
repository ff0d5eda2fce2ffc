// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/describe.hpp"

#include <boost/stacktrace/frame.hpp>

#include <algorithm>
#include <cstddef>

namespace isolatte::inline v0_1::launch {

std::string describe(std::uintptr_t address) {
  boost::stacktrace::frame const frame{
      reinterpret_cast<boost::stacktrace::frame::native_frame_ptr_t>(address)};
  std::string line = frame.name();
  if (line.empty()) return line;
  if (std::size_t const number = frame.source_line(); number != 0)
    line += " at " + frame.source_file() + ':' + std::to_string(number);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

}  // namespace isolatte::inline v0_1::launch
