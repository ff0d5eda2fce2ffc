// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "case_trace.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace isolatte::inline v0_1::test {

namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    std::size_t const end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// The frame without its number.
std::string_view without_number(std::string_view frame) {
  std::size_t const number = frame.find('#');
  std::size_t const end = number == frame.npos ? frame.npos : frame.find(' ', number);
  return end == frame.npos ? frame : frame.substr(end + 1);
}

/// Whether Boost.Test has called this function, and not the case.
bool is_of_recorder(std::string_view frame) {
  return frame.find("::test::recorder::run(") != frame.npos;
}

/// Whether this function hands a call on: std::bind binds the samples of a data set.
bool is_glue(std::string_view frame) {
  std::string_view name = without_number(frame);
  if (name.starts_with("void ")) name.remove_prefix(5);
  return name.starts_with("boost::") || name.starts_with("std::");
}

/// Whether the last frame is the function that BOOST_AUTO_TEST_CASE makes to call a case.
bool is_invoker(std::span<const std::string_view> frames) {
  return frames.size() > 1 && frames.back().find("_invoker()") != std::string_view::npos &&
         frames[frames.size() - 2].find("::test_method()") != std::string_view::npos;
}

std::span<const std::string_view> frames_of_case(std::span<const std::string_view> frames) {
  auto const recorder = std::find_if(frames.begin(), frames.end(), is_of_recorder);
  if (recorder == frames.end()) return frames;
  auto kept = frames.first(static_cast<std::size_t>(recorder - frames.begin()));
  while (!kept.empty() && (is_glue(kept.back()) || is_invoker(kept)))
    kept = kept.first(kept.size() - 1);
  return kept.empty() ? frames : kept;
}

}  // namespace

std::string trace_of_case(std::string_view trace) {
  std::vector<std::string_view> const lines = lines_of(trace);
  std::string text;
  for (auto rest = frames_of_case(lines); !rest.empty();) {
    auto const same = [of = without_number(rest.front())](std::string_view frame) {
      return without_number(frame) == of;
    };
    auto const after = std::find_if_not(rest.begin(), rest.end(), same);
    auto const times = static_cast<std::size_t>(after - rest.begin());
    if (!text.empty()) text += '\n';
    text += rest.front();
    // Two lines say no less than one line and a count.
    if (times == 2) text.append("\n").append(rest[1]);
    if (times > 2) text += "\n    (and " + std::to_string(times - 1) + " times more)";
    rest = rest.subspan(times);
  }
  return text;
}

}  // namespace isolatte::inline v0_1::test
