// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_KEPT_ROOMS_HPP
#define ISOLATTE_LIB_POSIX_KEPT_ROOMS_HPP

#include <cstddef>

namespace isolatte::inline v0_1::posix {

constexpr std::size_t usual_page = 4096;
/// The size of the memory that an operation gets for its objects.
constexpr std::size_t room_size = 3 * usual_page;

/// Gives memory that begins with a page. An allocator would write between the rooms, and put what
/// the event loop needs for each operation there, so that more pages were copied after each fork.
///
/// The rooms are kept until the last one comes back.
/// @throws std::bad_alloc
void* take_room();
void give_room(void* room) noexcept;

/// Which rooms there are. Lies with the registry, which every child makes the program write to.
/// Guarded by the registry's lock.
class room_list {
 public:
  struct slab {
    std::byte* rooms;
    std::size_t count;
    slab* next;
  };

  /// @return the room that came back last: if no child has been made since, its first page need not
  /// be copied; null if there is none
  void* take() noexcept;
  /// @return slabs to destroy
  slab* give(void* room) noexcept;
  void add(slab* fresh) noexcept;
  /// How many rooms another slab should have: each is a mapping, which takes a microsecond of each
  /// fork.
  std::size_t wanted() const noexcept { return slabs_ == nullptr ? 16 : 2 * slabs_->count; }

 private:
  struct free_room {
    free_room* next;
  };

  free_room* free_ = nullptr;
  slab* slabs_ = nullptr;
  /// The number of rooms of the newest slab that have been taken at least once.
  std::size_t begun_ = 0;
  std::size_t taken_ = 0;
};

}  // namespace isolatte::inline v0_1::posix

#endif
