// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_SUPERVISE_OPERATION_MEMORY_HPP
#define ISOLATTE_LIB_SUPERVISE_OPERATION_MEMORY_HPP

#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <utility>

namespace isolatte::inline v0_1::supervise {

/// Room for the objects of one operation, next to each other. After a fork the first write to each
/// page costs as much as ten allocations, so the objects share as few pages as they can.
///
/// For one thread while objects are made; for any when they are destroyed. The room comes back as a
/// whole, with the last object.
class operation_memory {
 public:
  // Defaulted, the constructor would have make_shared() fill the room with zeros.
  operation_memory() noexcept {}
  operation_memory(const operation_memory&) = delete;
  operation_memory& operator=(const operation_memory&) = delete;

  /// @return null if the room is taken
  void* take(std::size_t size) noexcept {
    std::size_t const rounded = (size + alignof(std::max_align_t) - 1) / alignof(std::max_align_t) *
                                alignof(std::max_align_t);
    if (rounded > sizeof room_ - taken_) return nullptr;
    void* const place = room_ + taken_;
    taken_ += rounded;
    return place;
  }
  bool holds(const void* place) const noexcept {
    auto const* const byte = static_cast<const std::byte*>(place);
    std::less<const std::byte*> const before;
    return !before(byte, room_) && before(byte, room_ + sizeof room_);
  }

 private:
  /// An operation that needs more has it from the system.
  static constexpr std::size_t usual_size = 10 * 1024;

  std::size_t taken_ = 0;
  alignas(std::max_align_t) std::byte room_[usual_size];
};

/// Allocates from the memory of an operation, and keeps it alive.
template <class T>
class operation_allocator {
 public:
  using value_type = T;

  explicit operation_allocator(std::shared_ptr<operation_memory> from) noexcept
      : from_{std::move(from)} {}
  template <class U>
  operation_allocator(const operation_allocator<U>& other) noexcept : from_{other.from_} {}

  T* allocate(std::size_t count) {
    static_assert(alignof(T) <= alignof(std::max_align_t));
    void* const place = from_->take(count * sizeof(T));
    return static_cast<T*>(place ? place : ::operator new(count * sizeof(T)));
  }
  void deallocate(T* place, std::size_t) noexcept {
    if (!from_->holds(place)) ::operator delete(place);
  }

  template <class U>
  bool operator==(const operation_allocator<U>& other) const noexcept {
    return from_ == other.from_;
  }

 private:
  template <class>
  friend class operation_allocator;
  std::shared_ptr<operation_memory> from_;
};

}  // namespace isolatte::inline v0_1::supervise

#endif
