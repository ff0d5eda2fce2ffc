// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: the class has a serialize\(\) that Boost.Serialization cannot call
// errors: 1

#include <isolatte.hpp>

struct part {
  bool serialize = true;
};
struct whole {
  part first;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & first;
  }
};

void f() {
  isolatte::fork([] { return whole{}; });
}
