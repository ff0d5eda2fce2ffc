// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: the handler of on_message.* cannot be called with what the channel posts

#include <isolatte.hpp>

#include <string>

void f() {
  isolatte::fork(isolatte::on_message([](isolatte::channel<int>&) {}, [](std::string) {}));
}
