// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/page_slabs.hpp"

#include "posix/process_registry.hpp"
#include "posix/system_calls.hpp"

#include <functional>

#include <sys/mman.h>
#include <unistd.h>

namespace isolatte::inline v0_1::posix {

#ifdef MADV_DONTFORK

/// Has the current slab be one that has pages left.
bool page_slabs::make_next() noexcept {
  if (made_.move_here()) all_ = {};
  if (slab const& now = all_[current_]; now.pages != nullptr && now.begun != pages_at_once)
    return true;
  if (page_size_ == 0) page_size_ = static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
  for (std::uint32_t i = 0; i != all_.size(); ++i) {
    if (all_[i].pages != nullptr) continue;
    std::size_t const size = pages_at_once * page_size_;
    void* const fresh = sys.mmap(size);
    if (fresh == MAP_FAILED) return false;
    if (sys.madvise(fresh, size, MADV_DONTFORK) == -1) {
      sys.munmap(fresh, size);
      return false;
    }
    all_[i] = {static_cast<char*>(fresh), 0, 0};
    current_ = i;
    return true;
  }
  return false;
}

void* page_slabs::next() noexcept {
  if (!make_next()) return nullptr;
  slab const& now = all_[current_];
  return now.pages + now.begun * page_size_;
}

void* page_slabs::take() noexcept {
  void* const page = next();
  if (page == nullptr) return nullptr;
  ++all_[current_].begun;
  ++all_[current_].taken;
  return page;
}

void page_slabs::give(const void* page) noexcept {
  if (made_.is_elsewhere()) return;
  std::less<const void*> const before;
  for (slab& each : all_) {
    std::size_t const size = pages_at_once * page_size_;
    if (each.pages == nullptr || before(page, each.pages) || !before(page, each.pages + size))
      continue;
    if (--each.taken != 0 || each.begun != pages_at_once) return;
    sys.munmap(each.pages, size);
    each = {};
    return;
  }
}

bool page_slabs::clear() noexcept {
  if (made_.move_here()) all_ = {};
  for (slab const& each : all_)
    if (each.taken != 0) return false;
  for (slab& each : all_) {
    if (each.pages != nullptr) sys.munmap(each.pages, pages_at_once * page_size_);
    each = {};
  }
  return true;
}

void* take_slab_page() noexcept {
  auto const lock = lock_registry();
  return shared_pages().take();
}

void give_slab_page(void* page) noexcept {
  auto const lock = lock_registry();
  shared_pages().give(page);
}

void prepare_slab_page() noexcept {
  auto const lock = lock_registry();
  if (auto* const page = static_cast<volatile char*>(shared_pages().next())) *page = 0;
}

#else

bool page_slabs::clear() noexcept { return true; }
void* take_slab_page() noexcept { return nullptr; }
void give_slab_page(void*) noexcept {}
void prepare_slab_page() noexcept {}

#endif

}  // namespace isolatte::inline v0_1::posix
