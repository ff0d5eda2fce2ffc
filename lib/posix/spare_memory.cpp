// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/spare_memory.hpp"

#include "posix/process_registry.hpp"
#include "posix/system_calls.hpp"

#include <sys/mman.h>

namespace isolatte::inline v0_1::posix {

void held_memory::unmap() const noexcept {
  if (address != nullptr) sys.munmap(address, size);
}

#ifdef MADV_DONTFORK

namespace {

held_memory exchange(kept_place spare_pages::* which, held_memory with) noexcept {
  auto const lock = lock_registry();
  return (kept_pages().*which).exchange(with);
}

}  // namespace

void* take_spare_memory(std::size_t size) noexcept {
  held_memory const found = exchange(&spare_pages::spare, {});
  if (found.size == size) return found.address;
  found.unmap();
  return nullptr;
}

void unmap_later(void* address, std::size_t size) noexcept {
  exchange(&spare_pages::served, {address, size}).unmap();
}

void replace_spare_memory(std::size_t size) noexcept {
  exchange(&spare_pages::served, {}).unmap();
  held_memory const made{sys.mmap(size), size};
  if (made.address == MAP_FAILED) return;
  if (sys.madvise(made.address, size, MADV_DONTFORK) == -1) return made.unmap();
  // Brings the memory in.
  *static_cast<volatile char*>(made.address) = 0;
  exchange(&spare_pages::spare, made).unmap();
}

#else

void* take_spare_memory(std::size_t) noexcept { return nullptr; }
void unmap_later(void* address, std::size_t size) noexcept { sys.munmap(address, size); }
void replace_spare_memory(std::size_t) noexcept {}

#endif

}  // namespace isolatte::inline v0_1::posix
