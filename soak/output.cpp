// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "output.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace soak {

namespace {

int output = 1;
bool is_terminal = false;
bool is_line_begun = false;
std::mutex mutex;

void write_all(std::string_view text) {
  while (!text.empty()) {
    ssize_t const count = ::write(output, text.data(), text.size());
    if (count == -1 && errno == EINTR) continue;
    // Without a reader there is no one to tell of it.
    if (count == -1) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

void keep_output_from_jobs() {
  output = ::fcntl(1, F_DUPFD_CLOEXEC, 10);
  int const null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (output == -1 || null == -1) std::abort();
  for (int const fd : {0, 1, 2})
    if (::dup2(null, fd) == -1) std::abort();
  ::close(null);
  is_terminal = ::isatty(output) == 1;
}

int output_descriptor() { return output; }

bool speaks_to_terminal() { return is_terminal; }

void say(const std::string& line) {
  std::scoped_lock const lock{mutex};
  if (is_line_begun) write_all("\r\033[K");
  is_line_begun = false;
  write_all(line + '\n');
}

void say_for_now(const std::string& line) {
  std::scoped_lock const lock{mutex};
  is_line_begun = true;
  write_all("\r\033[K" + line);
}

}  // namespace soak
