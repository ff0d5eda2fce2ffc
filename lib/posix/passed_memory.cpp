// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/passed_memory.hpp"

#include "posix/system_calls.hpp"

#include <cerrno>
#include <cstdlib>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace isolatte::inline v0_1::posix {

namespace {

thread_local constinit passed_memory* to_pass = nullptr;

}  // namespace

passed_memory::passed_memory(const std::array<part, most_parts>& parts) noexcept : parts_{parts} {
  to_pass = this;
}

passed_memory::~passed_memory() { to_pass = nullptr; }

void passed_memory::show() noexcept {
  error_ = 0;
#ifdef MADV_DONTFORK
  for (part const& each : parts_)
    if (each.address != nullptr && sys.madvise(each.address, each.size, MADV_DOFORK) == -1)
      error_ = errno;
#endif
}

void passed_memory::hide() noexcept {
#ifdef MADV_DONTFORK
  // A failure costs little, and there is a child already: a later child could lie about this one's
  // progress.
  for (part const& each : parts_)
    if (each.address != nullptr) sys.madvise(each.address, each.size, MADV_DONTFORK);
#endif
}

void passed_memory::before_fork() noexcept {
  if (to_pass != nullptr) to_pass->show();
}

void passed_memory::forked_in_parent() noexcept {
  if (to_pass != nullptr) to_pass->hide();
}

void passed_memory::forked_in_child() noexcept {
  auto const* const passed = std::exchange(to_pass, nullptr);
  // Without the memory the child could not even say that it has failed.
  if (passed != nullptr && passed->error_ != 0) ::_exit(EXIT_FAILURE);
}

}  // namespace isolatte::inline v0_1::posix
