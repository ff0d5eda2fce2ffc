// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// A build that cannot work is told so once, whatever the rest of the program is.
// flags: -fno-rtti
// error: isolatte needs exceptions and run-time type information
// errors: 2

#include <isolatte.hpp>

int main() { return typeid(int).hash_code() == 0 ? throw 1 : 0; }
