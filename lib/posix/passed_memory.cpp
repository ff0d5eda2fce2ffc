// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/passed_memory.hpp"

#include "posix/descriptor.hpp"
#include "posix/process_registry.hpp"
#include "posix/system_calls.hpp"

#include <utility>

#include <sys/mman.h>

namespace isolatte::inline v0_1::posix {

namespace {

thread_local constinit passed_memory* under_way = nullptr;

}  // namespace

passed_memory::passed_memory(const std::array<part, most_parts>& parts,
                             boost::system::error_code& ec) noexcept
    : parts_{parts}, locked_{lock_registry().release()} {
  under_way = this;
#ifdef MADV_DONTFORK
  for (part const& each : parts_)
    if (!ec && each.address != nullptr && sys.madvise(each.address, each.size, MADV_DOFORK) == -1)
      ec = last_error();
#else
  static_cast<void>(ec);
#endif
}

passed_memory::~passed_memory() {
  // A child that another process has forked has the object, too.
  if (under_way != this) return;
  hide();
  under_way = nullptr;
  locked_->unlock();
}

void passed_memory::hide() noexcept {
#ifdef MADV_DONTFORK
  // A failure costs little, and there may be a child already: a later child could lie about this
  // one's progress.
  for (part const& each : parts_)
    if (each.address != nullptr) sys.madvise(each.address, each.size, MADV_DONTFORK);
#endif
}

bool passed_memory::is_under_way() noexcept { return under_way != nullptr; }

void passed_memory::forked_in_parent() noexcept {
  if (auto* const what = std::exchange(under_way, nullptr)) what->hide();
}

void passed_memory::forked_in_child() noexcept { under_way = nullptr; }

}  // namespace isolatte::inline v0_1::posix
