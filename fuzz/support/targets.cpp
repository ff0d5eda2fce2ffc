// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "target.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <time.h>

namespace isolatte::fuzz {

namespace {

std::vector<target>& registered() {
  static std::vector<target> all;
  return all;
}

double processor_seconds() {
  timespec used{};
  require(::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0, "processor time can be read");
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

}  // namespace

registration::registration(const target& what) { registered().push_back(what); }

const std::vector<target>& all_targets() { return registered(); }

const target* find_target(std::string_view name) {
  auto const found = std::find_if(registered().begin(), registered().end(),
                                  [name](const target& each) { return each.name == name; });
  return found != registered().end() ? &*found : nullptr;
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

void run_in_time(const target& what, input bytes) {
  constexpr double most = 0.5;
  double const before = processor_seconds();
  what.run(bytes);
  require(processor_seconds() - before <= most, "an input takes no more than half a second");
}

}  // namespace isolatte::fuzz
