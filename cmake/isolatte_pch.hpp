// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_CMAKE_PCH_HPP
#define ISOLATTE_CMAKE_PCH_HPP

// These headers are slow to parse and seldom change. Sources still include what they use, because
// not every build has precompiled headers.
#include <boost/asio.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#endif
