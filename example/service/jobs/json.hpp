// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_JSON_HPP
#define ISOLATTE_EXAMPLE_SERVICE_JSON_HPP

#include "../examine/report.hpp"
#include "../settings.hpp"
#include "job.hpp"
#include "timeline.hpp"

#include <isolatte/outcome.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace service {

struct worker_view {
  std::uint64_t generation = 0;
  int pid = 0;
  /// The job that runs in it, or 0.
  std::uint64_t job = 0;
};

/// The state of the laboratory in numbers.
struct overview {
  std::size_t queued = 0;
  std::size_t running = 0;
  std::uint64_t ended = 0;
  std::uint64_t restarts = 0;
  std::map<std::string, std::uint64_t> endings;
  /// One for each slot.
  std::vector<worker_view> workers;
  double uptime = 0;
};

/// Describes a job as the list shows it, and how things are since it has changed.
std::string json_of(const job& of, const overview& all);

/// A second, and how things are at its end.
std::string json_of(const sample& second, const overview& all);

/// All that a page needs that begins to watch.
std::string snapshot_json(const settings& given, const overview& all,
                          const std::deque<sample>& seconds,
                          const std::map<std::uint64_t, job>& jobs);

/// All that is known of a job's end.
std::string json_of(const isolatte::outcome<report>& end);

/// A job, and job::details if it has ended.
std::string details_json(const job& of);

/// An object of one text.
std::string object_json(std::string_view name, std::string_view value);
/// An object of one number.
std::string object_json(std::string_view name, std::uint64_t value);

struct pattern_request {
  std::string pattern;
  std::string text;
};

/// Reads `{"pattern": "...", "text": "..."}`.
/// @return nothing if it is anything else
std::optional<pattern_request> pattern_from_json(std::string_view body);

}  // namespace service

#endif
