// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "streams.hpp"

#include "allocations.hpp"

#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace soak {

stream::stream(const plan& job, sink_kind kind, std::filesystem::path file)
    : what_{job.what}, kind_{kind}, limit_{job.capture_limit}, file_{std::move(file)} {}

stream::~stream() {
  std::error_code ignored;
  if (kind_ == sink_kind::file) std::filesystem::remove(file_, ignored);
}

isolatte::sink stream::sink() {
  switch (kind_) {
    case sink_kind::discard: return isolatte::discard;
    case sink_kind::inherit: return isolatte::inherit;
    case sink_kind::capture: return isolatte::capture{.limit = limit_};
    case sink_kind::file: return isolatte::to_file{.path = file_};
    case sink_kind::by_line: break;
  }
  return isolatte::by_line{[what = what_, got = lines_](std::string_view line) {
    allocations_hold const hold;
    if (what.what != act::flood) return;
    got->are_right = got->are_right && line == flood_line(what, got->count);
    ++got->count;
  }};
}

std::string stream::whole() const {
  std::string text;
  for (std::size_t line = 0; line != flood_lines(what_); ++line) {
    text += flood_line(what_, line);
    text += '\n';
  }
  return text;
}

std::string stream::check(std::string_view captured, bool was_truncated) const {
  if (what_.what != act::flood) return {};
  switch (kind_) {
    case sink_kind::discard:
    case sink_kind::inherit: break;
    case sink_kind::by_line:
      if (!lines_->are_right) return "wrong lines";
      if (lines_->count != flood_lines(what_)) return "another number of lines";
      break;
    case sink_kind::capture: {
      std::string const all = whole();
      bool const is_cut = all.size() > limit_;
      if (was_truncated != is_cut) return "another truth about the length of a captured text";
      if (captured != (is_cut ? all.substr(all.size() - limit_) : all))
        return "another captured text";
      break;
    }
    case sink_kind::file: {
      std::ifstream file{file_, std::ios::binary};
      std::string const text{std::istreambuf_iterator<char>{file}, {}};
      if (text != whole()) return "another text in the file";
      break;
    }
  }
  return {};
}

}  // namespace soak
