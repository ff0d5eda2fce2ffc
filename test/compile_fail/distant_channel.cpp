// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: a job on another machine has no conversation.*its function must not take a
// channel errors: 1

#include <isolatte.hpp>

auto f() {
  return isolatte::detail::encode_distant_call(
      isolatte::call([](isolatte::channel<int>& talk) { talk.post(1); }));
}
