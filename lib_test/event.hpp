// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_TEST_EVENT_HPP
#define ISOLATTE_LIB_TEST_EVENT_HPP

#include <isolatte/config.hpp>
#include <isolatte/serialization.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::test {

/// A value of a log entry.
struct entry_value {
  /// The text, printed into a stream that has printed the entry's earlier values.
  std::string text;
  /// The text, printed into a new stream: some formats of the log do so.
  std::string alone;
  /// Whether it was given as an expression, to be printed by the formatter.
  bool is_lazy = false;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & text & alone & is_lazy;
  }
};

/// A checkpoint of a case; without a file if there was none.
struct checkpoint {
  std::string file;
  std::uint64_t line = 0;
  std::string message;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & file & line & message;
  }
};

/// Something that a case did, and that the program's log and report have to know.
struct event {
  enum class kind : std::uint8_t {
    /// An entry of the log, with its context.
    entry,
    /// An assertion failed.
    failed,
    /// A warning was given.
    warned,
    /// The rest of the case is left out.
    aborted,
    /// An exception left the case, or a fixture of it.
    exception,
    /// Nothing; its place in the message window shows that those before have been shown.
    nothing,
  };

  kind what = kind::nothing;
  /// The assertions that had passed before.
  std::uint64_t passed = 0;
  /// Places in standard output and error; -1 if they cannot be told.
  std::int64_t out_at = -1;
  std::int64_t err_at = -1;

  std::string file;
  std::uint64_t line = 0;
  /// The log level of an entry, the code of an exception.
  int code = 0;
  std::vector<entry_value> values;
  std::vector<std::string> context;
  /// The message of an exception, the function that threw it, and the last checkpoint before.
  std::string text;
  std::string function;
  checkpoint last;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & what & passed & out_at & err_at & file & line & code & values & context & text &
        function & last;
  }
};

}  // namespace isolatte::inline v0_1::test

#endif
