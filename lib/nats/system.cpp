// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/system.hpp"

#include <chrono>

#include <time.h>
#include <unistd.h>

namespace isolatte::inline v0_1::nats {

isolatte::logic::moment now() noexcept {
#if defined(CLOCK_BOOTTIME)
  constexpr auto clock = CLOCK_BOOTTIME;
#else
  constexpr auto clock = CLOCK_MONOTONIC;
#endif
  timespec time{};
  // The clock is there on every system that the library runs on.
  ::clock_gettime(clock, &time);
  return isolatte::logic::moment{std::chrono::seconds{time.tv_sec} +
                                 std::chrono::nanoseconds{time.tv_nsec}};
}

int process_id() noexcept { return ::getpid(); }

}  // namespace isolatte::inline v0_1::nats
