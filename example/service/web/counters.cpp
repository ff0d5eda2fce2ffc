// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "counters.hpp"

#include <cstddef>
#include <sstream>

namespace service {

std::string prometheus_text(const counters& all, std::size_t connections, std::size_t streams) {
  std::ostringstream text;
  text << "# HELP service_responses_total HTTP responses by status.\n"
          "# TYPE service_responses_total counter\n";
  for (auto const& [status, count] : all.responses)
    text << "service_responses_total{status=\"" << status << "\"} " << count << '\n';
  text << "# HELP service_turned_away_total Connections that found no place.\n"
          "# TYPE service_turned_away_total counter\n"
          "service_turned_away_total "
       << all.turned_away
       << "\n"
          "# HELP service_connections Connections that are open.\n"
          "# TYPE service_connections gauge\n"
          "service_connections "
       << connections
       << "\n"
          "# HELP service_streams Pages that watch.\n"
          "# TYPE service_streams gauge\n"
          "service_streams "
       << streams << '\n';
  return text.str();
}

}  // namespace service
