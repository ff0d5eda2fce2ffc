// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_COMMAND_TEXT_OUTPUT_HPP
#define ISOLATTE_COMMAND_TEXT_OUTPUT_HPP

#include <functional>
#include <string>
#include <string_view>
#include <system_error>

namespace isolatte_run {

/// Writes text to a descriptor, at once and in full. A stream of the standard library would lose
/// the cause of a failure.
class text_output {
 public:
  /// Is asked again and again while a reader is slow, and tells whether to wait any longer.
  using patience = std::function<bool()>;

  /// @param name what is written, for messages
  text_output(int descriptor, std::string name, patience wait = {});

  /// Does nothing after a failure. Throws what the patience throws.
  void write(std::string_view text);
  /// Has the output fail for another reason than a write.
  void fail(int error) noexcept;
  /// The first failure. An output that cannot be written once is not tried again.
  const std::error_code& error() const noexcept { return error_; }
  /// @throws std::system_error if something has not been written
  void check() const;

 private:
  bool await_room();

  int descriptor_;
  std::string name_;
  patience wait_;
  std::error_code error_;
};

}  // namespace isolatte_run

#endif
