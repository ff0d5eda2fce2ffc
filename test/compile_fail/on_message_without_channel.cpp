// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// error: isolatte: on_message.* needs a callable whose first parameter.* is a channel

#include <isolatte.hpp>

void f() {
  isolatte::fork(isolatte::on_message([] { return 1; }, [](int) {}));
}
