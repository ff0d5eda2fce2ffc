// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace service {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

namespace {

/// A socket of IPv6 that takes connections of IPv4, too, maps their addresses.
asio::ip::address unmapped(const asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
}

/// Writes an address as a URL has it.
std::string text_of(const asio::ip::address& address) {
  auto const shown = unmapped(address);
  if (shown.is_v4()) return shown.to_string();
  return '[' + asio::ip::address_v6{shown.to_v6().to_bytes()}.to_string() + ']';  // without a scope
}

std::vector<std::string> names_of(const settings& given) {
  std::vector<std::string> made{"localhost", "127.0.0.1", "[::1]"};
  made.insert(made.end(), given.hosts.begin(), given.hosts.end());
  return made;
}

/// Names a client. One that has IPv6 has more addresses than there are buckets, in one network.
std::string client_of(const asio::ip::address& address) {
  auto const shown = unmapped(address);
  if (shown.is_v4()) return shown.to_string();
  auto bytes = shown.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return asio::ip::address_v6{bytes}.to_string();
}

tcp::acceptor listen(asio::io_context& context, const tcp::endpoint& at) {
  try {
    return tcp::acceptor{context, at};
  } catch (const boost::system::system_error& error) {
    // The text of the error itself ends with a line of a header of Asio.
    throw std::runtime_error{"cannot listen on " + text_of(at.address()) + ':' +
                             std::to_string(at.port()) + ": " + error.code().message()};
  }
}

}  // namespace

server::server(asio::io_context& context, const settings& given, laboratory& jobs, event_log& log)
    : context_{context},
      acceptor_{listen(context, {given.address, given.port})},
      jobs_{jobs},
      log_{log},
      routes_{given, jobs, cross_site{names_of(given)}},
      places_{given.client_connections, given.connections},
      all_{routes_, jobs, log, counters_, given},
      empty_{context, asio::steady_timer::time_point::max()} {
  routes_.add_metrics(
      [this] { return prometheus_text(counters_, places_.taken(), routes_.streams()); });
}

std::string server::url() const {
  auto const endpoint = acceptor_.local_endpoint();
  auto const address = endpoint.address();
  return "http://" + (address.is_unspecified() ? "localhost" : text_of(address)) + ':' +
         std::to_string(endpoint.port()) + '/';
}

asio::awaitable<void> server::run() {
  asio::steady_timer pause{context_};
  while (!all_.is_stopping) {
    auto accepting = acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
    auto [error, socket] = co_await std::move(accepting);
    if (all_.is_stopping) break;
    if (!error) {
      accept(std::move(socket));
      continue;
    }
    // The system is short of descriptors or memory, for example. Some will be free again.
    std::cerr << "service: accept: " << error.message() << '\n';
    pause.expires_after(100ms);
    auto paused = pause.async_wait(asio::use_awaitable);
    co_await std::move(paused);
  }
}

void server::accept(tcp::socket socket) {
  boost::system::error_code error;
  auto const peer = socket.remote_endpoint(error);
  if (error) return;  // gone already
  auto const here = socket.local_endpoint(error);
  if (error) return;
  ends of{client_of(peer.address()), text_of(here.address())};
  auto place = places_.take(of.client);
  if (!place) {
    ++counters_.turned_away;
    return;
  }
  socket.set_option(tcp::no_delay{true}, error);
  auto const kept = connections_.emplace(connections_.end());
  asio::co_spawn(
      context_, serve(std::move(socket), std::move(of), all_, kept->is_idle),
      asio::bind_cancellation_slot(
          kept->cancel.slot(), [this, kept, place = std::move(*place)](std::exception_ptr thrown) {
            try {
              if (thrown) std::rethrow_exception(thrown);
            } catch (const boost::system::system_error&) {
              // The client has gone, or is too slow.
            } catch (const std::exception& error) {
              std::cerr << "service: a connection: " << error.what() << '\n';
            }
            connections_.erase(kept);
            if (connections_.empty()) empty_.cancel();
          }));
}

//[stop
asio::awaitable<std::size_t> server::stop() {
  all_.is_stopping = true;
  routes_.stop();
  boost::system::error_code error;
  acceptor_.close(error);
  for (auto& each : connections_)
    if (each.is_idle) each.cancel.emit(asio::cancellation_type::terminal);
  log_.push("stopping", "{}");

  auto finishing = jobs_.finish();
  std::size_t const left = co_await std::move(finishing);
  log_.push("stopped", "{}");
  log_.close();  // event streams end when they have sent all

  if (!connections_.empty()) {
    empty_.expires_after(2s);
    auto waiting = empty_.async_wait(asio::as_tuple(asio::use_awaitable));
    co_await std::move(waiting);
  }
  for (auto& each : connections_) each.cancel.emit(asio::cancellation_type::terminal);
  co_return left;
}
//]

}  // namespace service
