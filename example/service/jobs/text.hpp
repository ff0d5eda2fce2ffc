// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_TEXT_HPP
#define ISOLATTE_EXAMPLE_SERVICE_TEXT_HPP

#include <cstddef>
#include <string>
#include <string_view>

namespace service {

/// Makes UTF-8 of any bytes. All that is not UTF-8 becomes U+FFFD, and so do control characters and
/// those that change the direction of writing.
/// @param most bytes; a longer text is cut
std::string clean(std::string_view bytes, std::size_t most = 16384);

/// Decodes `%41`. Wrong sequences stay as they are.
std::string decode_percent(std::string_view text);

/// Encodes bytes as base64.
std::string base64(std::string_view bytes);

}  // namespace service

#endif
