// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "incidents.hpp"

#include <algorithm>

#include <sys/wait.h>

namespace soak {

void incidents::note_kill(pid_t pid) {
  note();
  std::scoped_lock const lock{mutex_};
  killed_.insert(pid);
}

bool incidents::was_killed(pid_t pid) const {
  std::scoped_lock const lock{mutex_};
  return killed_.contains(pid);
}

pid_t incidents::reap_any() {
  std::scoped_lock const lock{mutex_};
  pid_t const pid = std::max(::waitpid(-1, nullptr, WNOHANG), 0);
  if (pid == 0) return 0;
  reaped_.insert(pid);
  note();
  return pid;
}

bool incidents::was_reaped(pid_t pid) const {
  std::scoped_lock const lock{mutex_};
  return reaped_.contains(pid);
}

}  // namespace soak
