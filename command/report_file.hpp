// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_COMMAND_REPORT_FILE_HPP
#define ISOLATTE_COMMAND_REPORT_FILE_HPP

#include "outcome_report.hpp"

#include <filesystem>
#include <fstream>

namespace isolatte_run {

/// The file of --report. Opened before a program runs, so that no work is lost for a wrong path.
class report_file {
 public:
  /// @param path may be empty: nothing is reported then
  /// @throws std::system_error
  explicit report_file(std::filesystem::path path);

  /// @param with_output adds what the program has written
  void add(const finished& what, bool with_output);
  /// @throws std::system_error if something has not been written
  void close();

 private:
  std::filesystem::path path_;
  std::ofstream file_;
};

}  // namespace isolatte_run

#endif
