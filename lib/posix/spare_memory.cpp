// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/spare_memory.hpp"

#include "posix/origin.hpp"
#include "posix/process_registry.hpp"
#include "posix/system_calls.hpp"

#include <utility>

#include <sys/mman.h>

namespace isolatte::inline v0_1::posix {

#ifdef MADV_DONTFORK

namespace {

struct held_memory {
  void* address = nullptr;
  std::size_t size = 0;

  void unmap() const noexcept {
    if (address != nullptr) sys.munmap(address, size);
  }
};

/// Memory that is hidden from children: a copy of the program has only its address. Guarded by the
/// registry's lock, which no child finds locked.
class kept_place {
 public:
  /// @return what was here
  held_memory exchange(held_memory with) noexcept {
    auto const lock = lock_registry();
    held_memory const old = std::exchange(held_, with);
    return made_.move_here() ? held_memory{} : old;
  }

 private:
  held_memory held_;
  origin made_;
};

kept_place& spare() noexcept {
  static kept_place instance;
  return instance;
}

kept_place& served() noexcept {
  static kept_place instance;
  return instance;
}

}  // namespace

void* take_spare_memory(std::size_t size) noexcept {
  held_memory const found = spare().exchange({});
  if (found.address == nullptr) return nullptr;
  if (found.size == size && sys.madvise(found.address, size, MADV_DOFORK) == 0)
    return found.address;
  found.unmap();
  return nullptr;
}

void unmap_later(void* address, std::size_t size) noexcept {
  served().exchange({address, size}).unmap();
}

void replace_spare_memory(std::size_t size) noexcept {
  served().exchange({}).unmap();
  held_memory const made{sys.mmap(size), size};
  if (made.address == MAP_FAILED) return;
  if (sys.madvise(made.address, size, MADV_DONTFORK) == -1) return made.unmap();
  // Brings the memory in.
  *static_cast<volatile char*>(made.address) = 0;
  spare().exchange(made).unmap();
}

#else

void* take_spare_memory(std::size_t) noexcept { return nullptr; }
void unmap_later(void* address, std::size_t size) noexcept { sys.munmap(address, size); }
void replace_spare_memory(std::size_t) noexcept {}

#endif

}  // namespace isolatte::inline v0_1::posix
