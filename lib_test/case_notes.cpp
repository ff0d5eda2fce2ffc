// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "case_notes.hpp"

#include "text.hpp"

#include <isolatte/test.hpp>

#include <boost/test/unit_test_log.hpp>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <sstream>

namespace isolatte::inline v0_1::test {

case_notes* notes_of_this_child = nullptr;

namespace {

// The size is written last, and the program reads it after the child's end. A child that is killed
// between the two leaves the beginning of a text.
template <std::size_t Room>
struct noted_text {
  std::atomic<std::size_t> size;
  char bytes[Room];

  void assign(std::string_view text) noexcept {
    std::size_t const count = std::min(text.size(), Room);
    // Most checkpoints are in the file of the one before.
    if (text.substr(0, count) == std::string_view{bytes, size.load(std::memory_order_relaxed)})
      return;
    size.store(0, std::memory_order_release);
    std::memcpy(bytes, text.data(), count);
    size.store(count, std::memory_order_release);
  }
  std::string get() const { return {bytes, std::min(size.load(std::memory_order_acquire), Room)}; }
};

}  // namespace

struct case_notes::page {
  std::atomic<std::uint64_t> passed;
  std::atomic<std::uint64_t> line;
  std::atomic<bool> has_loss;
  noted_text<1024> file;
  noted_text<2048> message;
  noted_text<4096> contexts;
};

case_notes::case_notes() : memory_{sizeof(page)} { new (memory_.data()) page{}; }

void case_notes::count_passed() noexcept { at().passed.fetch_add(1, std::memory_order_relaxed); }

std::uint64_t case_notes::passed() const noexcept {
  return at().passed.load(std::memory_order_relaxed);
}

void case_notes::set_checkpoint(std::string_view file, std::uint64_t line,
                                std::string_view message) noexcept {
  at().file.assign(file);
  at().line.store(line, std::memory_order_relaxed);
  at().message.assign(message);
}

checkpoint case_notes::last_checkpoint() const {
  return {at().file.get(), at().line.load(std::memory_order_relaxed), at().message.get()};
}

void case_notes::note_loss() noexcept { at().has_loss.store(true, std::memory_order_relaxed); }

bool case_notes::has_loss() const noexcept { return at().has_loss.load(std::memory_order_relaxed); }

void case_notes::begin_context(std::string_view text) {
  beginnings_.push_back(contexts_.size());
  contexts_.append(text) += '\0';
  at().contexts.assign(contexts_);
}

void case_notes::end_context() noexcept {
  if (beginnings_.empty()) return;
  contexts_.resize(beginnings_.back());
  beginnings_.pop_back();
  at().contexts.assign(contexts_);
}

std::vector<std::string> case_notes::contexts() const {
  std::vector<std::string> found;
  std::istringstream noted{at().contexts.get()};
  for (std::string text; std::getline(noted, text, '\0');) found.push_back(text);
  return found;
}

namespace detail {

namespace {

case_notes* notes_of_this_process() noexcept {
  return notes_of_this_child && notes_of_this_child->is_writer() ? notes_of_this_child : nullptr;
}

}  // namespace

noted_context::noted_context(const boost::unit_test::lazy_ostream& text) : context_frame{text} {
  case_notes* const notes = notes_of_this_process();
  if (!notes) return;
  // To print the text once more could have effects, and Boost.Test has kept it.
  std::vector<std::string> const all = context_frames();
  notes->begin_context(all.empty() ? "" : all.back());
}

noted_context::~noted_context() {
  if (case_notes* const notes = notes_of_this_process()) notes->end_context();
}

void set_checkpoint(boost::unit_test::const_string file, std::size_t line,
                    boost::unit_test::const_string message) {
  boost::unit_test::unit_test_log.set_checkpoint(file, line, message);
  if (case_notes* const notes = notes_of_this_process())
    notes->set_checkpoint({file.begin(), file.size()}, line, {message.begin(), message.size()});
}

}  // namespace detail

}  // namespace isolatte::inline v0_1::test
