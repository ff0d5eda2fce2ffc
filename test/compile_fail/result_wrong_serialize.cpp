// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: the class has a serialize\(\) that Boost.Serialization cannot call
// errors: 1

#include <isolatte.hpp>

struct unversioned {
  template <class Archive>
  void serialize(Archive& archive) {
    archive & value;
  }
  int value = 0;
};

void f() {
  isolatte::fork([] { return unversioned{}; });
}
