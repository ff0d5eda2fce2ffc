// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/shared_page.hpp"

#include "posix/page_slabs.hpp"
#include "posix/spare_memory.hpp"
#include "posix/system_calls.hpp"

#include <sys/mman.h>

namespace isolatte::inline v0_1::posix {

namespace {

#ifdef MADV_DONTFORK
constexpr bool hides_memory = true;
#else
constexpr bool hides_memory = false;
#endif

}  // namespace

bool hide_from_children([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t size) noexcept {
#ifdef MADV_DONTFORK
  return sys.madvise(memory, size, MADV_DONTFORK) == 0;
#else
  return true;
#endif
}

shared_memory::shared_memory(void* mapped, std::size_t size, boost::system::error_code& ec) noexcept
    : size_{size} {
  if (mapped == MAP_FAILED)
    ec = last_error();
  else
    data_ = mapped;
}

shared_memory shared_memory::make(std::size_t size, boost::system::error_code& ec) noexcept {
  if (void* const spare = take_spare_memory(size)) {
    shared_memory made{spare, size, ec};
    made.hidden_ = true;
    return made;
  }
  // A child that another thread forks meanwhile would have the memory, too.
  auto const no_fork = lock_registry();
  shared_memory made{sys.mmap(size), size, ec};
  if (!ec) made.hide_from_children(ec);
  return made;
}

shared_memory shared_memory::make_in_slab(std::size_t size,
                                          boost::system::error_code& ec) noexcept {
  void* const page = take_slab_page();
  if (page == nullptr) return make(size, ec);
  shared_memory made{page, size, ec};
  made.hidden_ = true;
  made.in_slab_ = true;
  return made;
}

shared_memory shared_memory::of_file(std::size_t size, int fd,
                                     boost::system::error_code& ec) noexcept {
  return {sys.map_file(size, PROT_READ | PROT_WRITE, fd), size, ec};
}

shared_memory::~shared_memory() {
  // In a copy of the program that the memory was hidden from, something else may be at its place.
  if (!data_ || !is_here()) return;
  if (in_slab_) {
    give_slab_page(data_);
  } else if (hidden_) {
    unmap_later(data_, size_);
  } else {
    sys.munmap(data_, size_);
  }
}

void shared_memory::hide_from_children(boost::system::error_code& ec) noexcept {
  if (data() == nullptr) return;
  if (!posix::hide_from_children(data_, size_)) {
    ec = last_error();
    return;
  }
  hidden_ = hides_memory;
  // A child that has got the memory keeps it, and its own children do not get it.
  origin_.move_here();
}

}  // namespace isolatte::inline v0_1::posix
