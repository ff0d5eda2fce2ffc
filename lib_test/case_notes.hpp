// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_TEST_CASE_NOTES_HPP
#define ISOLATTE_LIB_TEST_CASE_NOTES_HPP

#include "event.hpp"
#include "system.hpp"

#include <isolatte/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace isolatte::inline v0_1::test {

/// A case notes here what is too frequent for messages: passing assertions, checkpoints and
/// contexts. The notes are in memory that the program shares with the child, so they outlive it,
/// however it ends.
class case_notes {
 public:
  /// @throws std::system_error if there is no memory
  case_notes();

  /// Has this process note from now on. Its own children have a copy of this, and note nothing.
  void begin() noexcept { writer_ = process_id(); }
  /// Tells whether this is the process that notes.
  bool is_writer() const noexcept { return process_id() == writer_; }

  void count_passed() noexcept;
  std::uint64_t passed() const noexcept;

  /// Notes a checkpoint; a file or a message that has no room is cut.
  void set_checkpoint(std::string_view file, std::uint64_t line, std::string_view message) noexcept;
  /// Returns the last checkpoint, once the child has ended.
  checkpoint last_checkpoint() const;

  /// Notes that the program cannot be told of something.
  void note_loss() noexcept;
  /// Tells whether there was such a thing, once the child has ended.
  bool has_loss() const noexcept;

  /// Notes that a context begins inside the others; what has no room is cut.
  void begin_context(std::string_view text);
  /// Notes that the innermost context ends.
  void end_context() noexcept;
  /// Returns the contexts that had not ended, outermost first, once the child has.
  std::vector<std::string> contexts() const;

 private:
  struct page;
  page& at() const noexcept { return *static_cast<page*>(memory_.data()); }

  shared_memory memory_;
  int writer_ = 0;
  // The contexts in the child, each with a null character, and the place where each begins.
  std::string contexts_;
  std::vector<std::size_t> beginnings_;
};

/// The notes of the case that runs in this process; null in the program.
extern case_notes* notes_of_this_child;

}  // namespace isolatte::inline v0_1::test

#endif
