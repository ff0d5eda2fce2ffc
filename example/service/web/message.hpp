// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_MESSAGE_HPP
#define ISOLATTE_EXAMPLE_SERVICE_MESSAGE_HPP

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace service {

/// The parts of an HTTP request that the service looks at.
struct request {
  std::string client;
  /// The address that the client has reached, as a URL has it.
  std::string reached;
  std::string method;
  std::string path;
  // Headers; empty if they are not there.
  std::string host;
  std::string origin;
  std::string fetch_site;
  std::string marker;
  std::string content_type;
  std::string file_name;
  std::string last_event_id;
  std::string body;
};

struct response {
  unsigned status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Makes a response that says why there is no better one.
response refusal(unsigned status, std::string_view why);

}  // namespace service

#endif
