// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "standard_files.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>

namespace isolatte_run {

void occupy_closed_standard_files() {
  for (int const each : {0, 1, 2}) {
    if (::fcntl(each, F_GETFD) != -1) continue;
    // The lowest free descriptor is this one. The program has it, too.
    if (::open("/dev/null", each == 0 ? O_WRONLY : O_RDONLY) == -1)
      throw std::system_error{errno, std::generic_category(), "opening /dev/null"};
  }
}

}  // namespace isolatte_run
