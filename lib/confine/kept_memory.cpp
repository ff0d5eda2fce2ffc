// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "confine/kept_memory.hpp"

#include "posix/process_registry.hpp"

#include <isolatte/sandbox.hpp>

#include <cstddef>
#include <map>

namespace isolatte::inline v0_1 {

namespace {

/// The size of each range, by its beginning. Guarded by the registry's lock, which no child finds
/// locked.
std::map<std::uintptr_t, std::size_t>& ranges() {
  static auto& all = *new std::map<std::uintptr_t, std::size_t>;
  return all;
}

}  // namespace

std::vector<confine::memory_range> confine::kept_memory() {
  auto const lock = posix::lock_registry();
  std::vector<memory_range> kept;
  for (auto const& [begin, size] : ranges()) kept.push_back({begin, begin + size});
  return kept;
}

void keep_in_sandboxes(const void* data, std::size_t size) {
  auto const begin = reinterpret_cast<std::uintptr_t>(data);
  auto const lock = posix::lock_registry();
  if (size == 0)
    ranges().erase(begin);
  else
    ranges().insert_or_assign(begin, size);
}

}  // namespace isolatte::inline v0_1
