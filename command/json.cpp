// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Compiles Boost.JSON, so that no library of it has to be installed.

#include <boost/json/src.hpp>
