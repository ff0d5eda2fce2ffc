// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_PLACE_TABLE_HPP
#define ISOLATTE_LIB_POSIX_PLACE_TABLE_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::posix {

/// Values in places that stay theirs, close together, the first of them in this object. In a linked
/// list each operation would write to its neighbours' pages, which are copied after a fork.
template <class T>
class place_table {
 public:
  /// No place.
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

  /// Makes add() not throw as long as no more values are there.
  /// @throws std::bad_alloc
  void reserve(std::size_t count) {
    if (count <= first_.size() + rest_.capacity()) return;
    rest_.reserve(std::max(count - first_.size(), 2 * rest_.capacity()));
  }
  /// @return its place
  std::size_t add(T value) {
    std::size_t which = free_;
    if (which == nowhere) {
      if (begun_ >= first_.size()) rest_.emplace_back();
      which = begun_++;
    } else {
      free_ = at(which).next;
    }
    at(which) = {std::move(value), taken};
    return which;
  }
  /// @param which the place of a value, or nowhere
  void remove(std::size_t& which) noexcept {
    if (which == nowhere) return;
    at(which) = {T{}, free_};
    free_ = std::exchange(which, nowhere);
  }
  void clear() noexcept {
    for (std::size_t i = 0; i != std::min(begun_, first_.size()); ++i) first_[i] = {};
    rest_.clear();
    begun_ = 0;
    free_ = nowhere;
  }

  /// Calls the function for each value until it returns true.
  template <class Function>
  bool any(Function&& function) {
    for (std::size_t i = 0; i != begun_; ++i)
      if (place& each = at(i); each.next == taken && function(each.value)) return true;
    return false;
  }

 private:
  static constexpr std::size_t taken = nowhere - 1;
  struct place {
    T value{};
    /// The next free place, or `taken`.
    std::size_t next = nowhere;
  };

  place& at(std::size_t which) noexcept {
    return which < first_.size() ? first_[which] : rest_[which - first_.size()];
  }

  std::array<place, 32> first_{};
  std::vector<place> rest_;
  /// The number of places that have been taken at least once.
  std::size_t begun_ = 0;
  std::size_t free_ = nowhere;
};

}  // namespace isolatte::inline v0_1::posix

#endif
