// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "text_output.hpp"

#include <cerrno>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace isolatte_run {

text_output::text_output(int descriptor, std::string name)
    : descriptor_{descriptor}, name_{std::move(name)} {}

void text_output::write(std::string_view text) noexcept {
  while (!error_ && !text.empty()) {
    auto const written = ::write(descriptor_, text.data(), text.size());
    if (written != -1) {
      text.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    int error = errno;
    // A process that has the descriptor, too, may have set it to not block.
    if (error == EAGAIN) {
      pollfd room{descriptor_, POLLOUT, 0};
      error = ::poll(&room, 1, -1) == -1 ? errno : 0;
    }
    if (error != 0 && error != EINTR) fail(error);
  }
}

void text_output::fail(int error) noexcept {
  if (!error_) error_.assign(error, std::generic_category());
}

void text_output::check() const {
  if (error_) throw std::system_error{error_, "writing " + name_};
}

}  // namespace isolatte_run
