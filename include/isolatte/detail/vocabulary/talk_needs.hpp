// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_VOCABULARY_TALK_NEEDS_HPP
#define ISOLATTE_DETAIL_VOCABULARY_TALK_NEEDS_HPP

namespace isolatte::inline v0_1::detail {

/// The conversation that a job and its program have while the job runs.
struct talk_needs {
  /// The callable takes a stop token.
  bool stops = false;
  /// The program takes what the job posts.
  bool hears = false;
  /// The program may send messages to the job.
  bool speaks = false;

  /// Whether they need a connection at all.
  explicit operator bool() const noexcept { return stops || hears || speaks; }
  bool has_channel() const noexcept { return hears || speaks; }
};

}  // namespace isolatte::inline v0_1::detail

#endif
