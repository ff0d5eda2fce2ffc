// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_CENSUS_PROGRESS_HPP
#define ISOLATTE_EXAMPLE_CENSUS_PROGRESS_HPP

#include "survey.hpp"

#include <chrono>
#include <cstddef>

namespace census {

/// Shows the progress on standard error: a bar on a terminal, otherwise a line now and then.
class progress {
 public:
  explicit progress(std::size_t total);
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  ~progress();

  void operator()(const finding& latest);

 private:
  void draw(const finding& latest) const;

  std::size_t total_;
  std::size_t done_ = 0;
  std::size_t well_ = 0;
  std::size_t told_ = 0;
  bool terminal_;
  std::chrono::steady_clock::time_point drawn_{};
};

}  // namespace census

#endif
