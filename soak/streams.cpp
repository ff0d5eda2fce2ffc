// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "streams.hpp"

#include "allocations.hpp"

#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace soak {

namespace {

/// The text of a file before a job appends to it.
constexpr std::string_view earlier_text = "what was there before\n";

}  // namespace

scratch_file::~scratch_file() {
  if (fd_ != -1) ::close(fd_);
  std::error_code ignored;
  if (is_made_) std::filesystem::remove(path_, ignored);
}

bool scratch_file::write(std::string_view text) {
  std::ofstream file{path_, std::ios::binary};
  is_made_ = is_made_ || file.is_open();
  return static_cast<bool>(file << text << std::flush);
}

int scratch_file::open() {
  if (fd_ == -1) fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  is_made_ = is_made_ || fd_ != -1;
  return fd_;
}

std::string scratch_file::text() const {
  std::ifstream file{path_, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

input::input(const plan& job, std::filesystem::path file)
    : what_{job.what}, kind_{job.in}, file_{std::move(file)} {}

isolatte::source input::source() {
  if (what_.what != act::echo_input) return isolatte::discard;
  std::string text = input_of(what_);
  if (kind_ == source_kind::file && file_.write(text)) return isolatte::from_file{file_.path()};
  if (kind_ == source_kind::descriptor && file_.write(text) && file_.open() != -1)
    return isolatte::from_fd{file_.open()};
  return isolatte::from_text{std::move(text)};
}

stream::stream(const plan& job, sink_kind kind, std::size_t limit, std::filesystem::path file)
    : what_{job.what}, kind_{kind}, limit_{limit}, file_{std::move(file)} {}

isolatte::sink stream::sink() {
  switch (kind_) {
    case sink_kind::discard: return isolatte::discard;
    case sink_kind::inherit: return isolatte::inherit;
    case sink_kind::capture: return isolatte::capture{.limit = limit_};
    case sink_kind::file: return isolatte::to_file{.path = file_.path()};
    case sink_kind::append:
      if (file_.write(earlier_text)) return isolatte::to_file{.path = file_.path(), .append = true};
      break;
    case sink_kind::descriptor:
      if (int const fd = file_.open(); fd != -1) return isolatte::to_fd{fd};
      break;
    case sink_kind::by_line:
      return isolatte::by_line{[what = what_, got = lines_](std::string_view line) {
        allocations_hold const hold;
        got->are_right =
            got->are_right && what.what == act::flood && line == flood_line(what, got->count);
        ++got->count;
      }};
  }
  // The program is short of descriptors.
  kind_ = sink_kind::discard;
  return isolatte::discard;
}

std::string stream::whole() const {
  std::string text;
  if (what_.what != act::flood) return text;
  for (std::size_t line = 0; line != flood_lines(what_); ++line) {
    text += flood_line(what_, line);
    text += '\n';
  }
  return text;
}

std::string stream::check_lines() const {
  std::size_t const expected = what_.what == act::flood ? flood_lines(what_) : 0;
  if (!lines_->are_right) return "wrong lines";
  return lines_->count == expected ? "" : "another number of lines";
}

std::string stream::check_text(std::string_view captured, bool was_truncated) const {
  std::string const all = whole();
  bool const is_cut = all.size() > limit_;
  if (was_truncated != is_cut) return "another truth about the length of a captured text";
  return captured == (is_cut ? all.substr(all.size() - limit_) : all) ? ""
                                                                      : "another captured text";
}

std::string stream::check(std::string_view captured, bool was_truncated, bool is_whole) const {
  bool const is_attack = natural_end_of(what_).any;
  if (is_attack || (what_.what == act::flood && !is_whole)) return {};
  switch (kind_) {
    case sink_kind::discard:
    case sink_kind::inherit: return captured.empty() ? "" : "a text that was not to be captured";
    case sink_kind::by_line: return check_lines();
    case sink_kind::capture: return check_text(captured, was_truncated);
    case sink_kind::file:
    case sink_kind::descriptor: return file_.text() == whole() ? "" : "another text in the file";
    case sink_kind::append:
      return file_.text() == std::string{earlier_text} + whole() ? "" : "another text in the file";
  }
  return {};
}

}  // namespace soak
