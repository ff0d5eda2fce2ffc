// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_SESSION_HPP
#define ISOLATTE_EXAMPLE_SERVICE_SESSION_HPP

#include "../jobs/event_log.hpp"
#include "../jobs/laboratory.hpp"
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
  std::size_t max_body;
  bool is_stopping = false;
};

/// Serves one connection until either side has enough.
/// @param is_idle says whether the connection waits for a request, so that nothing is lost if it is
/// closed
boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket, std::string client,
                                   surroundings& all, bool& is_idle);

}  // namespace service

#endif
