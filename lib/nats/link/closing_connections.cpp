// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/link/closing_connections.hpp"

#include "nats/system.hpp"

#include <chrono>
#include <cstdlib>
#include <new>

namespace isolatte::inline v0_1::nats::link {

namespace {

constexpr std::chrono::milliseconds longest_wait{500};

}  // namespace

closing_connections::closing_connections() noexcept : process_{process_id()} {}

/// Never destroyed: threads may still end while the program exits.
closing_connections& closing_connections::instance() noexcept {
  alignas(closing_connections) static std::byte room[sizeof(closing_connections)];
  static closing_connections& only = *new (room) closing_connections;
  return only;
}

void closing_connections::begin() noexcept {
  auto& all = instance();
  std::lock_guard const lock{all.mutex_};
  ++all.count_;
}

void closing_connections::end() noexcept {
  auto& all = instance();
  std::lock_guard const lock{all.mutex_};
  --all.count_;
  all.changed_.notify_all();
}

void closing_connections::wait_at_exit(bool are_encrypted) noexcept {
  static std::once_flag plain, encrypted;
  // If there is no room for another function, the program exits without waiting.
  std::call_once(are_encrypted ? encrypted : plain, [] { static_cast<void>(std::atexit(wait)); });
}

void closing_connections::wait() noexcept {
  auto& all = instance();
  // A copy of the program has none of the threads.
  if (process_id() != all.process_) return;
  std::unique_lock lock{all.mutex_};
  all.changed_.wait_for(lock, longest_wait, [&] { return all.count_ == 0; });
}

}  // namespace isolatte::inline v0_1::nats::link
