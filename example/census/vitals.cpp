// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "vitals.hpp"

#include <algorithm>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace census {

vitals take_vitals() {
  vitals found;
  long const most = std::clamp(::sysconf(_SC_OPEN_MAX), 256L, 65536L);
  for (int fd = 0; fd != most; ++fd)
    if (struct stat status{}; ::fstat(fd, &status) == 0)
      found.descriptors.emplace_back(fd, status.st_dev, status.st_ino);
  // ECHILD means that there is no child, alive or a zombie. WNOWAIT leaves a zombie in place.
  siginfo_t info{};
  found.has_child = ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
  return found;
}

}  // namespace census
