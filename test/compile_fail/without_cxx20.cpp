// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// A build that cannot work is told so once, whatever the rest of the program is.
// flags: -std=c++17
// error: isolatte needs C\+\+20
// errors: 2

#include <isolatte.hpp>
