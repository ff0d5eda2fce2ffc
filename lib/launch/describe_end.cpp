// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/describe_end.hpp"

#include <isolatte/detail/task/make_outcome.hpp>
#include <isolatte/outcome.hpp>

#include <sstream>
#include <utility>

namespace isolatte::inline v0_1::launch {

std::string describe_end(const char* step, const detail::report& what) {
  detail::report copy = what.copy();
  copy.summary.pid = 0;
  std::ostringstream text;
  text << step << ": " << detail::make_outcome<void>({}, std::move(copy));
  return std::move(text).str();
}

}  // namespace isolatte::inline v0_1::launch
