// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_COMMAND_UTF8_HPP
#define ISOLATTE_COMMAND_UTF8_HPP

#include <string>
#include <string_view>

namespace isolatte_run {

/// Replaces each byte that is part of no UTF-8 character by U+FFFD: programs write any bytes, and
/// JSON is text.
std::string valid_utf8(std::string_view bytes);

}  // namespace isolatte_run

#endif
