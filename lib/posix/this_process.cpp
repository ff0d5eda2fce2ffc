// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/this_process.hpp"

#include "posix/system_calls.hpp"

#include <fcntl.h>

#if defined(__linux__)
#include <sys/prctl.h>
#endif
#include <unistd.h>

#if !defined(__linux__)
extern "C" char** environ;
#endif

namespace isolatte::inline v0_1::posix {

const char* const* own_variables() noexcept { return environ; }

int own_group() noexcept { return ::getpgrp(); }

bool has_terminal() noexcept {
  int const terminal =
      retry([] { return sys.open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0); });
  if (terminal == -1) return false;
  sys.close(terminal);
  return true;
}

int foreground_group(int fd) noexcept { return ::tcgetpgrp(fd); }

bool is_in_foreground_of(int fd) noexcept { return foreground_group(fd) == own_group(); }

bool adopts_orphans() noexcept {
#if defined(PR_GET_CHILD_SUBREAPER)
  int subreaper = 0;
  if (::prctl(PR_GET_CHILD_SUBREAPER, &subreaper) == 0 && subreaper != 0) return true;
#endif
  return ::getpid() == 1;
}

std::string default_path() {
  std::size_t const size = ::confstr(_CS_PATH, nullptr, 0);
  if (size == 0) return "/bin:/usr/bin";
  std::string text(size, '\0');
  ::confstr(_CS_PATH, text.data(), size);
  text.resize(size - 1);
  return text;
}

}  // namespace isolatte::inline v0_1::posix
