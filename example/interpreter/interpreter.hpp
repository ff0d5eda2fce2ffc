// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_INTERPRETER_INTERPRETER_HPP
#define ISOLATTE_EXAMPLE_INTERPRETER_INTERPRETER_HPP

#include <map>
#include <string>
#include <vector>

/// A small language of numbers: `x = 3`, `square(n) = n * n`, `if(x < 4, square(x), 0)`.
///
/// The interpreter trusts its users, like many real ones: a function that calls itself without end
/// takes the whole stack, and a long computation cannot be interrupted.
class interpreter {
 public:
  struct function {
    std::vector<std::string> parameters;
    std::string body;
  };
  using scope = std::map<std::string, double>;

  /// Runs a line.
  /// @return what a person is to read
  /// @throws std::invalid_argument if the line makes no sense
  std::string run(const std::string& line);

 private:
  friend class evaluation;

  scope variables_;
  std::map<std::string, function> functions_;
};

#endif
