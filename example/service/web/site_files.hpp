// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_SITE_FILES_HPP
#define ISOLATTE_EXAMPLE_SERVICE_SITE_FILES_HPP

#include <span>
#include <string_view>

namespace service {

/// A file of the folder `site`, which the build puts into the program.
struct site_file {
  std::string_view path;
  std::string_view type;
  std::string_view content;
};

std::span<const site_file> site_files() noexcept;

}  // namespace service

#endif
