// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte.hpp>

#include <iostream>
#include <stdexcept>
#include <string>

int main() {
  const auto answer = isolatte::fork([] { return std::string("from a child"); });
  const auto error = isolatte::fork([] { throw std::out_of_range("far away"); });
  std::cout << answer << '\n' << error << '\n';
  try {
    error.value();
  } catch (const std::out_of_range& e) {
    return answer.value() == "from a child" && e.what() == std::string("far away") ? 0 : 1;
  }
  return 1;
}
