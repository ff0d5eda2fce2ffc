// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "examine.hpp"

#include <stdexcept>

namespace service {

report examine_file(progress& told, const std::string& bytes) {
  using namespace std::string_view_literals;
  tell(told, "looking at the first bytes");
  std::string_view const file = bytes;
  if (file.starts_with("\x7f"
                       "ELF"sv))
    return examine_elf(told, file);
  if (file.starts_with("\x89PNG\r\n\x1a\n"sv)) return examine_png(told, file);
  throw std::runtime_error{"neither an ELF file nor a PNG image"};
}

}  // namespace service
