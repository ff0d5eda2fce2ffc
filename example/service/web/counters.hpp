// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_COUNTERS_HPP
#define ISOLATTE_EXAMPLE_SERVICE_COUNTERS_HPP

#include <cstdint>
#include <map>
#include <string>

namespace service {

/// The counts of the web side.
struct counters {
  std::map<unsigned, std::uint64_t> responses;  ///< by status
  std::uint64_t turned_away = 0;                ///< connections that found no place
};

/// Writes them in the text format of Prometheus.
std::string prometheus_text(const counters& all, std::size_t connections, std::size_t streams);

}  // namespace service

#endif
