// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_STREAMS_HPP
#define ISOLATTE_SOAK_STREAMS_HPP

#include "plan.hpp"

#include <isolatte/outcome.hpp>
#include <isolatte/stdio.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace soak {

/// A file that a job reads or writes. Removed with this object.
class scratch_file {
 public:
  explicit scratch_file(std::filesystem::path path) : path_{std::move(path)} {}
  ~scratch_file();
  scratch_file(const scratch_file&) = delete;
  scratch_file& operator=(const scratch_file&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  /// Makes the file.
  /// @return whether the program has a descriptor for that
  bool write(std::string_view text);
  /// Opens the file, and makes it if there is none. The descriptor is closed with this object.
  /// @return the descriptor, or -1 if the program has none to spare
  int open();
  std::string text() const;

 private:
  std::filesystem::path path_;
  bool is_made_ = false;
  int fd_ = -1;
};

/// The input of a job that reads what input_of() says.
class input {
 public:
  input(const plan& job, std::filesystem::path file);

  isolatte::source source();

 private:
  work what_;
  source_kind kind_;
  scratch_file file_;
};

/// One output of a job: the sink, and what has come there.
class stream {
 public:
  /// @param limit bytes that are captured
  stream(const plan& job, sink_kind kind, std::size_t limit, std::filesystem::path file);

  isolatte::sink sink();
  /// Compares what has come with what the job has written: a flood, or nothing.
  /// @param captured the outcome's text
  /// @param is_whole whether the job has written all that it was to write
  /// @return what is wrong, or nothing
  std::string check(std::string_view captured, bool was_truncated, bool is_whole) const;

 private:
  struct lines {
    std::size_t count = 0;
    bool are_right = true;
  };
  std::string check_lines() const;
  std::string check_text(std::string_view captured, bool was_truncated) const;
  std::string whole() const;

  work what_;
  sink_kind kind_;
  std::size_t limit_;
  scratch_file file_;
  std::shared_ptr<lines> lines_ = std::make_shared<lines>();
};

}  // namespace soak

#endif
