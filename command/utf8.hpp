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

/// A name in a message: what would move the cursor, or do more to a terminal, is replaced as in
/// "\x1b", and what is long is cut.
std::string printable(std::string_view name);

}  // namespace isolatte_run

#endif
