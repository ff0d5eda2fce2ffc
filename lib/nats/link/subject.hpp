// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LINK_SUBJECT_HPP
#define ISOLATTE_LIB_NATS_LINK_SUBJECT_HPP

#include <isolatte/config.hpp>

#include <string>
#include <string_view>

namespace isolatte::inline v0_1::nats::link {

/// Whether the server takes this for one subject: tokens with points between, none of them empty,
/// without white space and control characters.
/// @param wildcards whether the tokens `*` and, at the end, `>` are allowed
bool is_subject(std::string_view text, bool wildcards) noexcept;

/// Whether the text can stand in a header, as its name or its value, and arrives as it was sent:
/// libnats trims values, and takes the next line for the value of a header that has none.
bool is_header_name(std::string_view text) noexcept;
bool is_header_value(std::string_view text) noexcept;

/// Makes the first part of a subject that no other connection has.
std::string new_inbox();

/// Finds the subject in the server's text about a violation: `Permissions Violation for
/// Publish to "a.b"`; empty if there is none.
std::string violated_subject(std::string_view text);

}  // namespace isolatte::inline v0_1::nats::link

#endif
