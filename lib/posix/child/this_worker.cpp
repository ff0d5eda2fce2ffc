// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/this_worker.hpp"

#include <isolatte/this_worker.hpp>
#include <isolatte/worker_id.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <stdexcept>

namespace isolatte::inline v0_1 {

namespace {

enum class retirement { none, being_written, written };

/// 0: this process is no worker.
std::atomic<std::uint64_t> own_generation = 0;
std::atomic<std::size_t> own_slot = worker_id::no_slot;
std::atomic<retirement> own_retirement = retirement::none;
std::array<char, 64> own_reason;
std::size_t own_reason_size = 0;

bool is_printable(char letter) noexcept { return letter >= ' ' && letter <= '~'; }

}  // namespace

namespace posix {

void become_worker(std::uint64_t generation, std::size_t slot) noexcept {
  own_retirement = retirement::none;
  own_slot = slot;
  own_generation = generation;
}

void set_worker_slot(std::size_t slot) noexcept { own_slot = slot; }

std::string_view reason_to_retire() noexcept {
  if (own_retirement != retirement::written) return {};
  return {own_reason.data(), own_reason_size};
}

}  // namespace posix

namespace this_worker {

void retire(std::string_view why) noexcept {
  auto none = retirement::none;
  if (own_generation == 0 ||
      !own_retirement.compare_exchange_strong(none, retirement::being_written))
    return;
  if (why.empty()) why = "retired";
  why = why.substr(0, own_reason.size());
  std::transform(why.begin(), why.end(), own_reason.begin(),
                 [](char each) { return is_printable(each) ? each : '?'; });
  own_reason_size = why.size();
  own_retirement = retirement::written;
}

std::size_t slot() {
  std::size_t const found = own_slot;
  if (generation() != 0 && found == worker_id::no_slot)
    throw std::logic_error{"isolatte: this worker has no slot yet"};
  return found;
}

std::uint64_t generation() {
  std::uint64_t const found = own_generation;
  if (found == 0) throw std::logic_error{"isolatte: this process is no worker of a pool"};
  return found;
}

}  // namespace this_worker

}  // namespace isolatte::inline v0_1
