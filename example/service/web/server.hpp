// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_SERVER_HPP
#define ISOLATTE_EXAMPLE_SERVICE_SERVER_HPP

#include "../jobs/event_log.hpp"
#include "../jobs/laboratory.hpp"
#include "../settings.hpp"
#include "counters.hpp"
#include "limits.hpp"
#include "routes.hpp"
#include "session.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <functional>
#include <list>
#include <string>
#include <utility>

namespace service {

/// Accepts connections and serves each, until it is told to stop.
class server {
 public:
  /// Listens.
  /// @throws boost::system::system_error if the address cannot be had
  server(boost::asio::io_context& context, const settings& given, laboratory& jobs, event_log& log);

  /// The address for a browser.
  std::string url() const;

  /// Says what else `/metrics` shows.
  void add_metrics(std::function<std::string()> text) { routes_.add_metrics(std::move(text)); }

  /// Serves until stop() has done all.
  boost::asio::awaitable<void> run();

  /// Accepts no more, lets jobs end for a bounded time, and ends the event streams.
  /// @return how many jobs were cut short
  boost::asio::awaitable<std::size_t> stop();

 private:
  struct connection {
    boost::asio::cancellation_signal cancel;
    bool is_idle = true;
  };

  void accept(boost::asio::ip::tcp::socket socket);

  boost::asio::io_context& context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  laboratory& jobs_;
  event_log& log_;
  counters counters_;
  routes routes_;
  places places_;
  surroundings all_;
  std::list<connection> connections_;
  /// Never expires; cancelled when the last connection ends.
  boost::asio::steady_timer empty_;
};

}  // namespace service

#endif
