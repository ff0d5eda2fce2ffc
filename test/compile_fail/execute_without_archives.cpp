// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// A program that only runs other programs compiles no archives.

// error: is not a namespace-name|expected namespace name

#include <isolatte/async_execute.hpp>

using namespace boost::archive;
