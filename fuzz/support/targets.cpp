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

double seconds_by(clockid_t clock) {
  timespec now{};
  require(::clock_gettime(clock, &now) == 0, "a clock can be read");
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// The seconds that an input takes.
double time_of(const target& what, input bytes, clockid_t clock) {
  double const before = seconds_by(clock);
  what.run(bytes);
  return seconds_by(clock) - before;
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
  // A target has one thread, so it takes no more processor time than time. Only processor time
  // tells what it takes on a busy machine, but to ask for that is a system call.
  if (time_of(what, bytes, CLOCK_MONOTONIC) <= most) return;
  require(time_of(what, bytes, CLOCK_PROCESS_CPUTIME_ID) <= most,
          "an input takes no more than half a second");
}

}  // namespace isolatte::fuzz
