// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/fork_request.hpp"

#include <cstring>

// Runs in the program, which sends a request, and in the template or standby child that reads it.

namespace isolatte::inline v0_1::posix {

namespace {

/// Calls the function with every limit, in the order in which they are sent.
template <class Limits, class Function>
void for_each_limit(Limits& all, Function function) {
  function(all.address_space);
  function(all.cpu_time);
  function(all.file_size);
  function(all.open_files);
  function(all.processes);
  function(all.core_size);
  function(all.stack);
  function(all.nice);
  function(all.oom_score_adj);
}

std::int64_t number_of(std::chrono::seconds value) noexcept { return value.count(); }
template <class Integer>
std::int64_t number_of(Integer value) noexcept {
  return static_cast<std::int64_t>(value);
}

}  // namespace

void set_limits(fork_request& request, const resource_limits& limits) noexcept {
  std::size_t i = 0;
  for_each_limit(limits, [&](const auto& limit) {
    if (limit) {
      request.limits_set |= 1U << i;
      request.limits[i] = number_of(*limit);
    }
    ++i;
  });
}

resource_limits limits_of(const fork_request& request) noexcept {
  resource_limits limits;
  std::size_t i = 0;
  for_each_limit(limits, [&]<class T>(std::optional<T>& limit) {
    if ((request.limits_set & 1U << i) != 0) limit = T(request.limits[i]);
    ++i;
  });
  return limits;
}

fork_request read_request(std::span<const std::byte> message) noexcept {
  fork_request request;
  std::memcpy(&request, message.data(), sizeof request);
  return request;
}

}  // namespace isolatte::inline v0_1::posix
