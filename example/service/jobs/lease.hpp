// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_LEASE_HPP
#define ISOLATTE_EXAMPLE_SERVICE_LEASE_HPP

#include <functional>
#include <utility>

namespace service {

/// Gives back what it stands for when it ends. Without a function it stands for nothing.
class [[nodiscard]] lease {
 public:
  lease() = default;
  explicit lease(std::function<void()> give_back) : give_back_{std::move(give_back)} {}
  lease(lease&& other) noexcept : give_back_{std::exchange(other.give_back_, nullptr)} {}
  lease& operator=(lease&& other) noexcept {
    std::swap(give_back_, other.give_back_);
    return *this;
  }
  ~lease() {
    if (give_back_) give_back_();
  }

  /// Makes this stand for what the other one stands for, too.
  void join(lease other) {
    give_back_ = [mine = std::move(give_back_), more = std::move(other.give_back_)] {
      if (mine) mine();
      if (more) more();
    };
    other.give_back_ = nullptr;
  }

 private:
  std::function<void()> give_back_;
};

}  // namespace service

#endif
