// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_SUPERVISE_OPERATION_MEMORY_HPP
#define ISOLATTE_LIB_SUPERVISE_OPERATION_MEMORY_HPP

#include "posix/kept_rooms.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <utility>

namespace isolatte::inline v0_1::supervise {

/// Whether most operations use an object, or few.
enum class use { often, rarely };

/// Room for the objects of one operation, next to each other. After a fork the first write to each
/// page costs as much as ten allocations, so the objects share as few pages as they can: what every
/// operation uses lies on the first page, the rest on the others.
///
/// For one thread while objects are made; for any when they are destroyed. The room comes back as a
/// whole, with the last object.
class operation_memory {
  struct only_make {};

 public:
  /// @throws std::bad_alloc
  static std::shared_ptr<operation_memory> make();
  // Defaulted, the constructor would have allocate_shared() fill the room with zeros.
  explicit operation_memory(only_make) noexcept {}
  operation_memory(const operation_memory&) = delete;
  operation_memory& operator=(const operation_memory&) = delete;

  /// @return null if the room is taken
  void* take(std::size_t size, use how) noexcept;
  bool holds(const void* place) const noexcept {
    auto const* const byte = static_cast<const std::byte*>(place);
    std::less<const std::byte*> const before;
    return !before(byte, room_) && before(byte, room_ + sizeof room_);
  }

 private:
  template <class T>
  struct in_room;

  /// For the counts of references to the room, which come first.
  static constexpr std::size_t head = 64;

  static constexpr std::size_t first_size = posix::usual_page - head;

  std::size_t first_ = 0;
  std::size_t rest_ = first_size;
  /// An operation that needs more has it from the system.
  alignas(std::max_align_t) std::byte room_[posix::room_size - head];
};

/// Allocates from the memory of an operation, and keeps it alive. Without one it allocates from the
/// system.
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
    std::size_t const size = count * sizeof(T);
    void* const place = from_ ? from_->take(size, use::often) : nullptr;
    return static_cast<T*>(place ? place : ::operator new(size));
  }
  void deallocate(T* place, std::size_t) noexcept {
    if (!from_ || !from_->holds(place)) ::operator delete(place);
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

/// An object that few operations have. Its memory is there from the beginning, but not among that
/// of the objects that all operations have.
template <class T>
class rarely_used {
 public:
  /// @param room outlives this
  /// @throws std::bad_alloc
  explicit rarely_used(operation_memory& room)
      : room_{room}, place_{room.take(sizeof(T), use::rarely)} {
    static_assert(alignof(T) <= alignof(std::max_align_t));
    if (place_ == nullptr) place_ = ::operator new(sizeof(T));
  }
  ~rarely_used() {
    reset();
    if (!room_.holds(place_)) ::operator delete(place_);
  }
  rarely_used(const rarely_used&) = delete;
  rarely_used& operator=(const rarely_used&) = delete;

  template <class... Args>
  T& emplace(Args&&... args) {
    reset();
    value_ = ::new (place_) T(std::forward<Args>(args)...);
    return *value_;
  }
  void reset() noexcept {
    if (T* const old = std::exchange(value_, nullptr)) old->~T();
  }

  explicit operator bool() const noexcept { return value_ != nullptr; }
  T& operator*() const noexcept { return *value_; }
  T* operator->() const noexcept { return value_; }

 private:
  operation_memory& room_;
  void* place_;
  T* value_ = nullptr;
};

}  // namespace isolatte::inline v0_1::supervise

#endif
