// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: the messages of a channel cannot travel

#include <isolatte.hpp>

struct mute {
  int* place = nullptr;
};

void f() {
  isolatte::fork(
      isolatte::on_message([](isolatte::channel<mute>& talk) { talk.post({}); }, [](mute) {}));
}
