// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_EXAMINE_HPP
#define ISOLATTE_EXAMPLE_SERVICE_EXAMINE_HPP

#include "report.hpp"
#include "stage.hpp"

#include <string>
#include <string_view>

namespace service {

// These run in workers alone. The service itself never looks into what people send.

/// Looks at a file of any kind.
/// @throws std::runtime_error if the file is damaged, or of no kind that is known
report examine_file(progress& told, const std::string& bytes);

/// Searches a text with a regular expression.
/// @throws std::regex_error if the expression is none
report examine_pattern(progress& told, const std::string& pattern, const std::string& text);

/// Tells whether there is a hostile sample of that name.
bool is_sample(std::string_view name) noexcept;

/// Attacks the service.
report run_sample(progress& told, const std::string& name);

/// Does what examine_file() does for one kind.
report examine_elf(progress& told, std::string_view bytes);
report examine_png(progress& told, std::string_view bytes);

}  // namespace service

#endif
