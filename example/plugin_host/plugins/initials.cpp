// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// A plugin of the usual kind: it keeps state, writes a log that its host has not asked for, and
// crashes when it meets a text that its author did not think of.

#include <cstring>
#include <fstream>
#include <string>

extern "C" const char* transform(const char* text) {
  static int texts = 0;
  static std::string result;
  std::string copy{text};
  result = std::to_string(++texts) + ": ";
  // There is always a first word.
  for (char* word = std::strtok(copy.data(), " ");;) {
    result += *word;
    word = std::strtok(nullptr, " ");
    if (word == nullptr) break;
  }
  std::ofstream log{"/tmp/initials.log", std::ios::app};
  result += log << text << '\n' ? " (logged)" : " (no log)";
  return result.c_str();
}
