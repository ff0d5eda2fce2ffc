// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/kept_rooms.hpp"

#include "posix/process_registry.hpp"

#include <memory>
#include <new>
#include <utility>

namespace isolatte::inline v0_1::posix {

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool keeps_rooms = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool keeps_rooms = false;
#else
constexpr bool keeps_rooms = true;
#endif
#else
constexpr bool keeps_rooms = true;
#endif

constexpr std::align_val_t page_alignment{usual_page};

/// The slab's own data follows its rooms.
room_list::slab* make_slab(std::size_t rooms) {
  void* const memory = ::operator new(rooms * room_size + sizeof(room_list::slab), page_alignment);
  auto* const first = static_cast<std::byte*>(memory);
  return ::new (first + rooms * room_size) room_list::slab{first, rooms, nullptr};
}

void destroy_slabs(room_list::slab* all) noexcept {
  while (all != nullptr) ::operator delete(std::exchange(all, all->next)->rooms, page_alignment);
}

struct slab_owner {
  void operator()(room_list::slab* owned) const noexcept { destroy_slabs(owned); }
};

}  // namespace

void* room_list::take() noexcept {
  if (free_ == nullptr && (slabs_ == nullptr || begun_ == slabs_->count)) return nullptr;
  ++taken_;
  if (free_ != nullptr) return std::exchange(free_, free_->next);
  return slabs_->rooms + begun_++ * room_size;
}

room_list::slab* room_list::give(void* room) noexcept {
  free_ = ::new (room) free_room{free_};
  if (--taken_ != 0) return nullptr;
  free_ = nullptr;
  begun_ = 0;
  // The first one stays.
  slab* const surplus = slabs_->next == nullptr ? nullptr : slabs_;
  if (surplus == nullptr) return nullptr;
  slab* last = slabs_;
  while (last->next->next != nullptr) last = last->next;
  slabs_ = std::exchange(last->next, nullptr);
  return surplus;
}

void room_list::add(slab* fresh) noexcept {
  fresh->next = slabs_;
  slabs_ = fresh;
  begun_ = 0;
}

void* take_room() {
  // For AddressSanitizer, which finds uses of what the allocator has got back.
  if (!keeps_rooms) return ::operator new(room_size, page_alignment);
  std::size_t wanted = 0;
  {
    auto const lock = lock_registry();
    if (void* const found = kept_rooms().take()) return found;
    wanted = kept_rooms().wanted();
  }
  // Not with the lock held: the program may have an allocator of its own. Another thread may make a
  // slab, too, or give a room back.
  std::unique_ptr<room_list::slab, slab_owner> fresh{make_slab(wanted)};
  auto const lock = lock_registry();
  if (void* const found = kept_rooms().take()) return found;
  kept_rooms().add(fresh.release());
  return kept_rooms().take();
}

void give_room(void* room) noexcept {
  if (!keeps_rooms) return ::operator delete(room, page_alignment);
  room_list::slab* surplus = nullptr;
  {
    auto const lock = lock_registry();
    surplus = kept_rooms().give(room);
  }
  destroy_slabs(surplus);
}

}  // namespace isolatte::inline v0_1::posix
