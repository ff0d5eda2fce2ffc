// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "hunter.hpp"

#include "numbers.hpp"
#include "processes.hpp"

#include <csignal>

#include <unistd.h>

namespace soak {

hunter::hunter(foreign& spared, incidents& seen, std::uint64_t seed)
    : spared_{spared}, seen_{seen}, thread_{[this, seed] { work(seed); }} {}

hunter::~hunter() {
  ends_ = true;
  thread_.join();
}

void hunter::work(std::uint64_t seed) {
  numbers random{seed, 5, 0};
  while (!ends_) {
    ::usleep(static_cast<useconds_t>(random.between(2000, 30'000)));
    auto const all = children();
    if (all.empty()) continue;
    // A number is used again only after all others, so a process that has ended meanwhile is
    // missed, and no other one is hit.
    pid_t const pid = all[random.below(all.size())];
    bool const kills = !random.one_in(3);
    spared_.unless_ours(pid, [&] {
      if (kills) seen_.note_kill(pid);
      ::kill(pid, kills ? SIGKILL : SIGSTOP);
    });
    if (kills) continue;
    ::usleep(5000);
    spared_.unless_ours(pid, [&] { ::kill(pid, SIGCONT); });
  }
}

}  // namespace soak
