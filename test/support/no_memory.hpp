// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_SUPPORT_NO_MEMORY_HPP
#define ISOLATTE_TEST_SUPPORT_NO_MEMORY_HPP

#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include <sys/resource.h>

namespace isolatte::inline v0_1::test {

/// While an object of this class exists, malloc has no block of @p least bytes or more. Only for
/// programs of one thread, and if malloc_refuses. Boost.Test may allocate, so no check comes
/// meanwhile.
class no_memory {
 public:
  explicit no_memory(std::size_t least) {
    grow_stack();
    if (::getrlimit(RLIMIT_AS, &before_) != 0) throw std::runtime_error{"getrlimit"};
    rlimit none = before_;
    none.rlim_cur = 0;
    if (::setrlimit(RLIMIT_AS, &none) != 0) throw std::runtime_error{"setrlimit"};
    // malloc may have blocks that have been freed.
    while (void* const memory = std::malloc(least)) {
      auto* const taken = static_cast<block*>(memory);
      taken->next = std::exchange(first_, taken);
    }
  }
  no_memory(const no_memory&) = delete;
  no_memory& operator=(const no_memory&) = delete;
  ~no_memory() {
    while (first_) std::free(std::exchange(first_, first_->next));
    ::setrlimit(RLIMIT_AS, &before_);
  }

 private:
  struct block {
    block* next;
  };

  /// The limit applies to the stack, too, so it has to have grown already.
  [[gnu::noinline]] static void grow_stack() {
    char volatile some[64 * 1024];
    for (std::size_t i = 0; i < sizeof some; i += 1024) some[i] = 0;
  }

  rlimit before_{};
  block* first_ = nullptr;
};

}  // namespace isolatte::inline v0_1::test

#endif
