// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_TIMELINE_HPP
#define ISOLATTE_EXAMPLE_SERVICE_TIMELINE_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace service {

/// One second.
struct sample {
  struct end {
    double milliseconds = 0;
    std::string ending;
  };

  std::int64_t at = 0;  ///< seconds since 1970
  std::size_t ended = 0;
  std::size_t failed = 0;
  /// Some of the jobs that ended.
  std::vector<end> ends;
};

/// The last minute, second by second.
class timeline {
 public:
  /// Counts a job.
  void add(std::chrono::nanoseconds took, const std::string& ending, bool has_failed);
  /// Ends a second.
  const sample& close(std::chrono::system_clock::time_point now);
  const std::deque<sample>& samples() const noexcept { return samples_; }

 private:
  static constexpr std::size_t most_samples = 60;
  static constexpr std::size_t most_ends = 24;

  sample open_;
  std::deque<sample> samples_;
};

}  // namespace service

#endif
