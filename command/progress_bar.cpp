// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "progress_bar.hpp"

#include <iostream>
#include <string>

#include <unistd.h>

namespace isolatte_run {

namespace {

constexpr std::chrono::milliseconds between_frames{50};
constexpr std::size_t width = 30;
/// Moves to the beginning of the line, and clears it.
constexpr const char* fresh_line = "\r\033[K";

std::string bar(std::size_t done, std::size_t all) {
  std::size_t const filled = all == 0 ? width : width * done / all;
  return '[' + std::string(filled, '#') + std::string(width - filled, '.') + "] ";
}

}  // namespace

progress_bar::progress_bar() : is_terminal_{::isatty(2) == 1} {}

void progress_bar::show(const state& now) {
  if (!is_terminal_) return;
  auto const time = std::chrono::steady_clock::now();
  if (is_shown_ && time - drawn_ < between_frames) return;
  drawn_ = time;
  is_shown_ = true;
  std::cerr << fresh_line;
  if (now.all) std::cerr << bar(now.done, *now.all);
  std::cerr << now.done;
  if (now.all) std::cerr << " of " << *now.all;
  std::cerr << " done, " << now.failed << " failed, " << now.running << " running" << std::flush;
}

void progress_bar::clear() {
  if (is_shown_) std::cerr << fresh_line << std::flush;
  is_shown_ = false;
}

}  // namespace isolatte_run
