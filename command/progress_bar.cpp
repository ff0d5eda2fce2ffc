// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "progress_bar.hpp"

#include <algorithm>
#include <iostream>
#include <string>

#include <sys/ioctl.h>
#include <unistd.h>

namespace isolatte_run {

namespace {

constexpr std::size_t widest_bar = 30;
constexpr std::size_t usual_columns = 80;
/// Moves to the beginning of the line, and clears it.
constexpr const char* fresh_line = "\r\033[K";

/// How much fits into a line. The last column may begin a new one.
std::size_t columns() {
  winsize size{};
  bool const is_known = ::ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col != 0;
  return (is_known ? size.ws_col : usual_columns) - 1;
}

std::string bar(std::size_t done, std::size_t all, std::size_t width) {
  std::size_t const filled = all == 0 ? width : width * done / all;
  return '[' + std::string(filled, '#') + std::string(width - filled, '.') + "] ";
}

}  // namespace

progress_bar::progress_bar() : is_terminal_{::isatty(2) == 1} {}

void progress_bar::show(const state& now) {
  if (!is_terminal_) return;
  std::string text = std::to_string(now.done);
  if (now.all) text += " of " + std::to_string(*now.all);
  text += " done, " + std::to_string(now.failed) + " failed, " + std::to_string(now.running) +
          " running";
  std::size_t const room = columns();
  constexpr std::size_t edges = 3;
  if (now.all && text.size() + edges < room)
    text = bar(now.done, *now.all, std::min(widest_bar, room - text.size() - edges)) + text;
  is_shown_ = true;
  std::cerr << fresh_line << text.substr(0, room) << std::flush;
}

void progress_bar::clear() {
  if (is_shown_) std::cerr << fresh_line << std::flush;
  is_shown_ = false;
}

}  // namespace isolatte_run
