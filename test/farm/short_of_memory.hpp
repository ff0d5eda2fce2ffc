// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_FARM_SHORT_OF_MEMORY_HPP
#define ISOLATTE_TEST_FARM_SHORT_OF_MEMORY_HPP

#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <new>
#include <utility>

namespace farm_test {

namespace asio = boost::asio;

/// An executor that has no memory for the first functions it is given.
struct short_of_memory {
  asio::io_context* context = nullptr;
  int* failures = nullptr;

  asio::execution_context& query(asio::execution::context_t) const noexcept { return *context; }
  static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
    return asio::execution::blocking.never;
  }
  short_of_memory require(asio::execution::blocking_t::never_t) const noexcept { return *this; }
  template <class Function>
  void execute(Function what) const {
    if (*failures > 0) {
      --*failures;
      throw std::bad_alloc{};
    }
    asio::post(*context, std::move(what));
  }
  bool operator==(const short_of_memory& other) const noexcept {
    return context == other.context && failures == other.failures;
  }
  bool operator!=(const short_of_memory& other) const noexcept { return !(*this == other); }
};

}  // namespace farm_test

#endif
