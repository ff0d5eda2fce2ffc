// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: async_receive.* needs a default constructor

#include <isolatte.hpp>

struct numbered {
  explicit numbered(int n) : number{n} {}
  int number;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & number;
  }
};

void f(isolatte::child<void, numbered>& job) {
  job.async_receive([](boost::system::error_code, numbered) {});
}
