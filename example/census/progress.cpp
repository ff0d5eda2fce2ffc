// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "progress.hpp"

#include "text.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace census {

namespace {

constexpr std::size_t bar_width = 32;

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 ? size.ws_col : 80;
}

/// Draws a bar with a resolution of an eighth of a character.
std::string bar(std::size_t done, std::size_t total) {
  static constexpr std::string_view parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  std::size_t const eighths = done * bar_width * 8 / total;
  std::string text;
  for (std::size_t i = 0; i != eighths / 8; ++i) text += "█";
  text += parts[eighths % 8];
  text.append(bar_width - eighths / 8 - (eighths % 8 != 0 ? 1 : 0), ' ');
  return text;
}

}  // namespace

progress::progress(std::size_t total) : total_{total} {
  const char* const kind = std::getenv("TERM");
  terminal_ = ::isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view{kind} != "dumb";
}

progress::~progress() {
  if (terminal_ && done_ != 0) std::cerr << "\r\033[K" << std::flush;
}

void progress::operator()(const finding& latest) {
  ++done_;
  if (latest.outcome) ++well_;
  if (terminal_) {
    auto const now = std::chrono::steady_clock::now();
    if (now - drawn_ < std::chrono::milliseconds{40} && done_ != total_) return;
    drawn_ = now;
    draw(latest);
  } else if (std::size_t const tenth = done_ * 10 / total_; tenth != told_) {
    told_ = tenth;
    std::cerr << "census: " << done_ << " of " << total_ << ", " << done_ - well_
              << " ended badly\n";
  }
}

void progress::draw(const finding& latest) const {
  std::string const numbers = ' ' + std::to_string(done_) + " of " + std::to_string(total_) + ", " +
                              std::to_string(done_ - well_) + " ended badly  ";
  std::size_t const taken = 2 + bar_width + 1 + numbers.size();
  std::size_t const width = terminal_width();
  std::string const name = printable(latest.what.program.filename().string());
  std::cerr << "\r▕" << bar(done_, total_) << "▏" << numbers
            << (width > taken + 10 ? shorten(name, width - taken - 1) : "") << "\033[K"
            << std::flush;
}

}  // namespace census
