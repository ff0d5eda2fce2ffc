// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool/retired_counts.hpp"

#include <new>

namespace isolatte::inline v0_1::pool {

using logic::retire_cause;

namespace {

constexpr std::size_t most_reasons = 64;

/// Its key in pool_stats::retired; null if it is not told there.
const char* name_of(retire_cause why) noexcept {
  switch (why) {
    case retire_cause::max_jobs: return "max_jobs_per_worker";
    case retire_cause::max_memory: return "max_worker_memory";
    case retire_cause::idle: return "idle_timeout";
    case retire_cause::age: return "age";
    case retire_cause::memory_growth: return "memory_growth";
    case retire_cause::unhealthy: return "unhealthy";
    case retire_cause::recycled: return "recycled";
    case retire_cause::resized: return "resized";
    case retire_cause::credentials: return "credentials";
    case retire_cause::none:
    case retire_cause::not_started:
    case retire_cause::asked: break;
  }
  return nullptr;
}

}  // namespace

void retired_counts::count(retire_cause why, const std::string& reason) noexcept {
  std::lock_guard const lock{mutex_};
  if (why != retire_cause::asked) {
    ++by_cause_[static_cast<std::size_t>(why)];
    return;
  }
  if (by_reason_.size() < most_reasons || by_reason_.contains(reason)) try {
      ++by_reason_[reason];
      return;
    } catch (const std::bad_alloc&) {
      // Without memory for the name the worker counts among the others.
    }
  ++others_;
}

std::map<std::string, std::uint64_t> retired_counts::get() const {
  std::lock_guard const lock{mutex_};
  auto all = by_reason_;
  for (std::size_t i = 0; i != by_cause_.size(); ++i) {
    auto const* const name = name_of(static_cast<retire_cause>(i));
    if (name && by_cause_[i] != 0) all[name] += by_cause_[i];
  }
  if (others_ != 0) all["other"] += others_;
  return all;
}

}  // namespace isolatte::inline v0_1::pool
