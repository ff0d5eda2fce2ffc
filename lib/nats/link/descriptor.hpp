// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LINK_DESCRIPTOR_HPP
#define ISOLATTE_LIB_NATS_LINK_DESCRIPTOR_HPP

#include <isolatte/config.hpp>

#include <utility>

#include <unistd.h>

namespace isolatte::inline v0_1::nats::link {

/// A file descriptor, closed when destroyed.
class descriptor {
 public:
  explicit descriptor(int number = -1) noexcept : number_{number} {}
  descriptor(descriptor&& from) noexcept : number_{std::exchange(from.number_, -1)} {}
  descriptor& operator=(descriptor&& from) noexcept {
    std::swap(number_, from.number_);
    return *this;
  }
  ~descriptor() {
    if (number_ != -1) ::close(number_);
  }

  explicit operator bool() const noexcept { return number_ != -1; }
  int get() const noexcept { return number_; }

 private:
  int number_;
};

}  // namespace isolatte::inline v0_1::nats::link

#endif
