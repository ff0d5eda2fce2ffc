// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// usage: http_pool [PORT]
// An HTTP server of Boost.Beast whose requests run on a pool of workers: a request that crashes or
// hangs is an answer with an error. Without a port it sends itself a few requests, and ends.

#include <isolatte.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <cctype>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>

#include <unistd.h>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

//[work
// Runs in a worker. Some texts crash it, and some keep it busy without end.
std::string shout(std::string text) {
  if (text.empty()) throw std::invalid_argument{"there is no text"};
  if (text == "crash") std::abort();
  while (text == "hang") ::pause();
  for (char& letter : text)
    letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  return text;
}
//]

//[status
http::status status_of(error_code error, const isolatte::outcome<std::string>& result) {
  using enum isolatte::ending;
  if (error) return http::status::service_unavailable;  // the queue is full, or the pool stops
  switch (result.how()) {
    case returned: return http::status::ok;
    case threw: return http::status::unprocessable_entity;
    case timed_out: return http::status::gateway_timeout;
    default: return http::status::internal_server_error;
  }
}
//]

//[session
asio::awaitable<void> serve(beast::tcp_stream client, tcp::acceptor& acceptor,
                            isolatte::worker_pool& pool) {
  beast::flat_buffer buffer;
  for (bool is_open = true; is_open;) {
    http::request<http::string_body> request;  // Beast refuses more than 1 MiB
    client.expires_after(30s);
    auto const [end, bytes] =
        co_await http::async_read(client, buffer, request, asio::as_tuple(asio::use_awaitable));
    if (end) break;

    auto job = pool.async_run(isolatte::call(shout, request.body()), {.timeout = 2s},
                              asio::as_tuple(asio::deferred));
    auto const [error, result] = co_await std::move(job);

    http::response<http::string_body> answer{status_of(error, result), request.version()};
    if (result) answer.body() = result.value() + '\n';
    answer.keep_alive(request.keep_alive() && acceptor.is_open());
    answer.prepare_payload();
    client.expires_after(30s);
    co_await http::async_write(client, answer, asio::use_awaitable);
    is_open = answer.keep_alive();
  }
}
//]

//[listen
asio::awaitable<void> listen(tcp::acceptor& acceptor, isolatte::worker_pool& pool) {
  auto const executor = co_await asio::this_coro::executor;
  for (;;) {
    auto [error, client] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
    if (!acceptor.is_open()) break;
    if (error) {  // the system has no descriptor left, for instance
      asio::steady_timer pause{executor, 100ms};
      co_await pause.async_wait(asio::use_awaitable);
      continue;
    }
    // A client that goes away ends its own session.
    asio::co_spawn(executor, serve(beast::tcp_stream{std::move(client)}, acceptor, pool),
                   asio::detached);
  }
  auto drained = pool.async_drain();
  co_await std::move(drained);
  pool.stop();
}
//]

/// Sends a text, and prints the status line and the body of the answer.
asio::awaitable<void> ask(tcp::endpoint server, std::string text) {
  tcp::socket socket{co_await asio::this_coro::executor};
  co_await socket.async_connect(server, asio::use_awaitable);
  std::string const request =
      "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
      "Content-Length: " +
      std::to_string(text.size()) + "\r\n\r\n" + text;
  co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
  std::string answer;
  co_await asio::async_read(socket, asio::dynamic_buffer(answer),
                            asio::as_tuple(asio::use_awaitable));
  std::cout << text << ": " << answer.substr(0, answer.find('\r')) << "; "
            << answer.substr(answer.find("\r\n\r\n") + 4) << std::endl;
}

asio::awaitable<void> try_out(tcp::acceptor& acceptor, isolatte::worker_pool& pool) {
  for (std::string const text : {"hello", "", "crash", "hang", "still here"}) {
    auto asking = ask(acceptor.local_endpoint(), text);
    co_await std::move(asking);
  }
  std::cout << pool.stats().restarts << " workers replaced\n";
  acceptor.close();
}

}  // namespace

//[main
int main(int count, char** arguments) {
  auto const port = static_cast<std::uint16_t>(count > 1 ? std::atoi(arguments[1]) : 0);
  asio::io_context context;
  isolatte::worker_pool pool{context, {.workers = 2, .max_queued = 100}};  // before all else
  tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), port}};
  asio::signal_set signals{context, SIGINT, SIGTERM};
  signals.async_wait([&](error_code error, int) {
    if (!error) acceptor.close();
  });
  auto const rethrow = [&](std::exception_ptr error) {
    signals.cancel();
    if (error) std::rethrow_exception(error);
  };
  asio::co_spawn(context, listen(acceptor, pool), rethrow);
  if (port == 0) asio::co_spawn(context, try_out(acceptor, pool), asio::detached);
  context.run();
}
//]
