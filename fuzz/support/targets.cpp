// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "target.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace isolatte::fuzz {

namespace {

std::vector<target>& registered() {
  static std::vector<target> all;
  return all;
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

}  // namespace isolatte::fuzz
