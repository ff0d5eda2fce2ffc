// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "entry_recorder.hpp"

#include "recorder.hpp"
#include "text.hpp"

#include <ios>
#include <utility>

namespace isolatte::inline v0_1::test {

namespace {

/// Whether a stream prints as a new one does.
bool is_as_new(const std::ios& stream) {
  static const std::ostringstream fresh;
  return stream.flags() == fresh.flags() && stream.precision() == fresh.precision() &&
         stream.fill() == fresh.fill() && stream.width() == fresh.width();
}

}  // namespace

void entry_recorder::log_exception_start(stream&, const boost::unit_test::log_checkpoint_data& last,
                                         const boost::execution_exception&) {
  checkpoint_ = &last;
}

void entry_recorder::log_entry_start(stream&, const boost::unit_test::log_entry_data& data,
                                     log_entry_types) {
  entry_ = {};
  entry_.what = event::kind::entry;
  entry_.file = data.m_file_name;
  entry_.line = data.m_line_num;
  entry_.code = data.m_level;
}

void entry_recorder::log_entry_value(stream&, const_string value) {
  entry_.values.push_back({.text = text_of(value), .alone = {}, .is_lazy = false});
}

// An expression may change the stream into which it is printed, and the next ones of the entry are
// then printed otherwise into that stream. Formats that print each into a new one see no change.
void entry_recorder::log_entry_value(stream& printed, const boost::unit_test::lazy_ostream& value) {
  auto& into = static_cast<std::ostringstream&>(printed);
  std::string alone;
  bool const may_differ = !is_as_new(into);
  if (may_differ) {
    std::ostringstream fresh;
    fresh << value;
    alone = std::move(fresh).str();
  }
  into.str({});
  try {
    into << value;
  } catch (...) {
    // Formats that print into a new stream have nothing of it.
    entry_.values.push_back({.text = into.str(), .alone = {}, .is_lazy = true});
    throw;
  }
  std::string text = into.str();
  if (!may_differ) alone = text;
  entry_.values.push_back({.text = std::move(text), .alone = std::move(alone), .is_lazy = true});
}

void entry_recorder::log_entry_finish(stream&) { to_.tell_entry(std::exchange(entry_, {})); }

void entry_recorder::log_entry_context(stream&, level, const_string frame) {
  entry_.context.push_back(text_of(frame));
}

// A context whose first frame is empty has a heading and no frames.
void entry_recorder::entry_context_finish(stream&, level) {
  if (entry_.context.empty()) entry_.context.emplace_back();
}

}  // namespace isolatte::inline v0_1::test
