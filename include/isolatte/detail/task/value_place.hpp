// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_VALUE_PLACE_HPP
#define ISOLATTE_DETAIL_TASK_VALUE_PLACE_HPP

#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1::detail {

/// A value on the heap, or none: what an optional does for an object too large for the stack.
///
/// Every handler and every coroutine in between holds what it passes on in its frame, and a thread
/// has room for few objects of a MiB.
template <class T>
class heap_value {
 public:
  heap_value() noexcept = default;
  heap_value(const heap_value& other)
    requires std::is_copy_constructible_v<T>
      : object_{other.object_ ? new T(*other.object_) : nullptr} {}
  heap_value(heap_value&& other) noexcept = default;
  heap_value& operator=(const heap_value& other)
    requires std::is_copy_constructible_v<T>
  {
    return *this = heap_value(other);
  }
  heap_value& operator=(heap_value&& other) noexcept = default;
  ~heap_value() = default;

  bool has_value() const noexcept { return object_ != nullptr; }
  explicit operator bool() const noexcept { return has_value(); }
  T& operator*() & noexcept { return *object_; }
  const T& operator*() const& noexcept { return *object_; }
  T&& operator*() && noexcept { return std::move(*object_); }

  template <class... Args>
  void emplace(Args&&... args) {
    object_.reset(new T(std::forward<Args>(args)...));
  }
  void reset() noexcept { object_.reset(); }
  /// Keeps what a function returns. The function makes it in its place on the heap.
  template <class Make>
  void emplace_result(Make make) {
    object_.reset(new T(make()));
  }

 private:
  std::unique_ptr<T> object_;
};

/// The size from which on a value is kept on the heap.
inline constexpr std::size_t largest_value_in_place = 4096;

/// A place for the value of an operation, or for none. A type that cannot be moved is refused
/// elsewhere, in words; here it is to cause no further errors.
template <class T>
using value_place =
    std::conditional_t<(sizeof(T) > largest_value_in_place) || !std::is_move_constructible_v<T>,
                       heap_value<T>, std::optional<T>>;

/// Keeps what a function returns, a T.
template <class T, class Make>
void emplace_result(std::optional<T>& place, Make make) {
  place.emplace(make());
}
template <class T, class Make>
void emplace_result(heap_value<T>& place, Make make) {
  place.emplace_result(std::move(make));
}

}  // namespace isolatte::inline v0_1::detail

#endif
