// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "supervise/operation_memory.hpp"

namespace isolatte::inline v0_1::supervise {

template <class T>
struct operation_memory::in_room {
  using value_type = T;

  in_room() noexcept = default;
  template <class U>
  in_room(const in_room<U>&) noexcept {}

  T* allocate(std::size_t) {
    static_assert(sizeof(T) <= posix::room_size);
    return static_cast<T*>(posix::take_room());
  }
  void deallocate(T* room, std::size_t) noexcept { posix::give_room(room); }

  template <class U>
  bool operator==(const in_room<U>&) const noexcept {
    return true;
  }
};

std::shared_ptr<operation_memory> operation_memory::make() {
  return std::allocate_shared<operation_memory>(in_room<operation_memory>{}, only_make{});
}

void* operation_memory::take(std::size_t size, use how) noexcept {
  constexpr std::size_t unit = alignof(std::max_align_t);
  size = (size + unit - 1) / unit * unit;
  if (how == use::often && size <= first_size - first_)
    return room_ + std::exchange(first_, first_ + size);
  if (size > sizeof room_ - rest_) return nullptr;
  return room_ + std::exchange(rest_, rest_ + size);
}

}  // namespace isolatte::inline v0_1::supervise
