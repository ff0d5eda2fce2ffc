// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_JOB_HPP
#define ISOLATTE_EXAMPLE_SERVICE_JOB_HPP

#include <isolatte/worker_id.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace service {

enum class phase { queued, running, ended };

struct job {
  std::uint64_t id = 0;
  /// "file", "pattern" or "sample".
  std::string kind;
  std::string label;
  std::size_t bytes = 0;

  phase now = phase::queued;
  /// The last word of the job while it ran.
  std::string stage;
  std::chrono::system_clock::time_point sent;
  std::chrono::steady_clock::time_point queued;
  std::chrono::nanoseconds waited{0};
  std::chrono::nanoseconds took{0};
  std::optional<isolatte::worker_id> worker;

  /// The name of the ending, and one line about it.
  std::string ending;
  std::string headline;
  /// All that is known of the end, as JSON.
  std::string details;
};

}  // namespace service

#endif
