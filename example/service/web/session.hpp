// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_SESSION_HPP
#define ISOLATTE_EXAMPLE_SERVICE_SESSION_HPP

#include "../jobs/event_log.hpp"
#include "../jobs/laboratory.hpp"
#include "../settings.hpp"
#include "counters.hpp"
#include "routes.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <string>

namespace service {

/// The objects that all sessions share.
struct surroundings {
  routes& to;
  laboratory& jobs;
  event_log& log;
  counters& counted;
  const settings& given;
  bool is_stopping = false;
};

/// The two ends of a connection.
struct ends {
  std::string client;
  /// The address that the client has reached, as a URL has it.
  std::string reached;
};

/// Serves one connection until either side has enough.
/// @param is_idle says whether the connection waits for a request, so that nothing is lost if it is
/// closed
boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket, ends of, surroundings& all,
                                   bool& is_idle);

}  // namespace service

#endif
