// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LINK_MEMORY_HPP
#define ISOLATTE_LIB_NATS_LINK_MEMORY_HPP

#include <isolatte/config.hpp>

#include <chrono>
#include <new>
#include <thread>

namespace isolatte::inline v0_1::nats::link {

/// Does a step that needs a little memory, again and again until there is some. For steps without
/// which a handler or a job would be lost.
/// @param step leaves all as it was if it throws std::bad_alloc
template <class Step>
decltype(auto) until_memory(Step step) {
  for (;;) {
    try {
      return step();
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  }
}

/// Does a step that may fail for lack of memory, since something else makes good for it.
/// @return whether it has been done
template <class Step>
bool if_memory(Step step) {
  try {
    step();
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

}  // namespace isolatte::inline v0_1::nats::link

#endif
