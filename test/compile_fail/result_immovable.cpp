// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: the callable's result type cannot be moved
// errors: 1

#include <isolatte.hpp>

struct pinned {
  pinned() = default;
  pinned(pinned&&) = delete;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & value;
  }
  int value = 0;
};

void f() {
  isolatte::fork([] { return pinned{}; });
}
