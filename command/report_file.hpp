// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_COMMAND_REPORT_FILE_HPP
#define ISOLATTE_COMMAND_REPORT_FILE_HPP

#include "outcome_report.hpp"
#include "text_output.hpp"

#include <filesystem>
#include <optional>

namespace isolatte_run {

/// The file of --report. Opened before a program runs, so that no work is lost for a wrong path.
class report_file {
 public:
  /// @param path may be empty: nothing is reported then
  /// @throws std::system_error
  explicit report_file(const std::filesystem::path& path);
  ~report_file();
  report_file(const report_file&) = delete;
  report_file& operator=(const report_file&) = delete;

  /// @param with_output adds what the program has written
  void add(const finished& what, bool with_output);
  /// @throws std::system_error if something has not been written
  void check() const;
  /// @throws std::system_error if something has not been written
  void close();

 private:
  int descriptor_ = -1;
  std::optional<text_output> output_;
};

}  // namespace isolatte_run

#endif
