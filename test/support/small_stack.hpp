// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_SUPPORT_SMALL_STACK_HPP
#define ISOLATTE_TEST_SUPPORT_SMALL_STACK_HPP

#include <boost/context/fiber.hpp>
#include <boost/context/fixedsize_stack.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace isolatte::inline v0_1::test {

/// Calls a function on a stack of its own, as a coroutine of Boost.Asio does.
template <class Function>
void on_small_stack(Function function) {
  std::exception_ptr thrown;
  boost::context::fiber(std::allocator_arg, boost::context::fixedsize_stack(128 * 1024),
                        [&](boost::context::fiber&& back) {
                          try {
                            function();
                          } catch (const std::exception&) {
                            thrown = std::current_exception();
                          }
                          return std::move(back);
                        })
      .resume();
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace isolatte::inline v0_1::test

#endif
