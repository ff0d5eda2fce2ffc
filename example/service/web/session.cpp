// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

namespace service {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

namespace {

constexpr auto quiet = asio::as_tuple(asio::use_awaitable);

constexpr auto head_time = 15s;
constexpr auto write_time = 15s;

using parser = http::request_parser<http::string_body>;

std::string text_of(std::string_view from) { return std::string{from}; }

request head_of(const http::request<http::string_body>& from, const ends& of) {
  auto const header = [&](auto name) {
    auto const value = from[name];
    return std::string{value.data(), value.size()};
  };
  request made;
  made.client = of.client;
  made.reached = of.reached;
  made.method = text_of({from.method_string().data(), from.method_string().size()});
  std::string_view const target{from.target().data(), from.target().size()};
  made.path = text_of(target.substr(0, target.find('?')));
  made.host = header(http::field::host);
  made.origin = header(http::field::origin);
  made.fetch_site = header("Sec-Fetch-Site");
  made.marker = header("X-Isolatte");
  made.content_type = header(http::field::content_type);
  made.file_name = header("X-File-Name");
  made.last_event_id = header("Last-Event-ID");
  return made;
}

template <class Message>
void set_headers(Message& to, std::string_view type) {
  to.set(http::field::server, "isolatte");
  to.set(http::field::content_type, beast::string_view{type.data(), type.size()});
  for (auto const& [name, value] : security_headers()) to.set(name, value);
}

class session {
 public:
  session(asio::ip::tcp::socket socket, ends of, surroundings& all, bool& is_idle)
      : stream_{std::move(socket)}, ends_{std::move(of)}, all_{all}, is_idle_{is_idle} {}

  asio::awaitable<void> run() {
    while (!all_.is_stopping) {
      parser reading;
      reading.header_limit(8192);
      reading.body_limit(all_.given.max_file);
      is_idle_ = true;
      stream_.expires_after(head_time);
      auto head = http::async_read_header(stream_, buffer_, reading, quiet);
      auto const [error, bytes] = co_await std::move(head);
      is_idle_ = false;
      if (error) {
        auto refusing = refuse(error);
        co_await std::move(refusing);
        break;
      }
      // A proxy before the service may have looked at another one than the service would.
      if (reading.get().count(http::field::host) > 1) {
        auto refusing = send(refusal(400, "more than one Host"), {11, false, false});
        co_await std::move(refusing);
        break;
      }
      auto answering = answer(reading);
      bool const goes_on = co_await std::move(answering);
      if (!goes_on) break;
    }
    auto closing = close();
    co_await std::move(closing);
  }

 private:
  /// Answers what is not HTTP, or too large. A connection that only ends gets no answer.
  asio::awaitable<void> refuse(beast::error_code error) {
    if (error.category() != beast::error_code{http::error::bad_method}.category() ||
        error == http::error::end_of_stream || error == http::error::partial_message)
      co_return;
    response made = error == http::error::body_limit     ? too_large(all_.given.max_file)
                    : error == http::error::header_limit ? refusal(431, "the head is too large")
                                                         : refusal(400, error.message());
    auto sending = send(std::move(made), {11, false, false});
    co_await std::move(sending);
  }

  /// @return whether the connection stays open
  asio::awaitable<bool> answer(parser& reading) {
    request asked = head_of(reading.get(), ends_);
    how_to_send const how{reading.get().version(), reading.get().keep_alive(),
                          reading.get().method() == http::verb::head};
    auto admitted = all_.to.admit(asked);
    if (std::holds_alternative<send_events>(admitted)) {
      auto streaming = stream_events(asked);
      co_await std::move(streaming);
      co_return false;
    }
    if (auto* const ready = std::get_if<response>(&admitted)) {
      // A body that is not read would be taken for the next request.
      bool const has_body = !reading.is_done();
      auto sending =
          send(std::move(*ready), {how.version, how.keep_alive && !has_body, how.is_head});
      bool const goes_on = co_await std::move(sending);
      co_return goes_on;
    }
    auto reading_body = read(reading, std::get<read_body>(admitted).most);
    auto body = co_await std::move(reading_body);
    response made = body.refused ? std::move(*body.refused) : response{};
    bool const is_read = !body.refused;
    if (is_read) {
      asked.body = std::move(reading.get().body());
      made = all_.to.answer(std::move(asked), std::move(body.held));
    }
    auto sending = send(std::move(made), {how.version, how.keep_alive && is_read, false});
    bool const goes_on = co_await std::move(sending);
    co_return goes_on;
  }

  struct body_read {
    std::optional<response> refused;
    lease held;
  };

  asio::awaitable<body_read> read(parser& reading, std::size_t most) {
    body_read made;
    auto const length = reading.content_length();
    if (length && *length > most) {
      made.refused = too_large(most);
      co_return made;
    }
    auto announced =
        all_.to.announce(ends_.client, length ? static_cast<std::size_t>(*length) : most);
    if (auto* const refused = std::get_if<response>(&announced)) {
      made.refused = std::move(*refused);
      co_return made;
    }
    auto& held = std::get<upload_bytes>(announced);
    reading.body_limit(most);
    if (beast::iequals(reading.get()[http::field::expect], "100-continue")) {
      http::response<http::empty_body> go_on{http::status::continue_, reading.get().version()};
      stream_.expires_after(write_time);
      auto writing = http::async_write(stream_, go_on, quiet);
      auto const [error, bytes] = co_await std::move(writing);
      if (error) throw boost::system::system_error{error};
    }
    auto receiving = receive(reading, most, held);
    made.refused = co_await std::move(receiving);
    if (!made.refused) made.held = std::move(held).keep();
    co_return made;
  }

  //[body
  /// Reads a body. Each piece that comes gives the client some more time for the next.
  asio::awaitable<std::optional<response>> receive(parser& reading, std::size_t most,
                                                   upload_bytes& held) {
    asio::steady_timer deadline{co_await asio::this_coro::executor};
    auto const latest = std::chrono::steady_clock::now() + all_.given.patience;
    stream_.expires_never();  // a stream that expires is closed, and takes no answer
    for (std::size_t come = 0; !reading.is_done();) {
      deadline.expires_at(latest + come * 1'000'000'000ns / all_.given.slowest);
      auto either =
          http::async_read_some(stream_, buffer_, reading, quiet) || deadline.async_wait(quiet);
      auto const first = co_await std::move(either);
      if (first.index() == 1) co_return refusal(408, "the body takes too long");
      auto const error = std::get<0>(std::get<0>(first));
      if (error == http::error::body_limit) co_return too_large(most);
      if (error) co_return refusal(400, "the body is damaged");
      std::size_t const size = reading.get().body().size();
      if (!held.take(size - come)) co_return routes::no_memory();
      come = size;
    }
    co_return std::nullopt;
  }
  //]

  static response too_large(std::size_t most) {
    return refusal(413, "more than " + std::to_string(most) + " bytes");
  }

  struct how_to_send {
    unsigned version = 11;
    bool keep_alive = false;
    bool is_head = false;
  };

  /// @return whether the connection stays open
  asio::awaitable<bool> send(response from, how_to_send how) {
    http::response<http::string_body> message{static_cast<http::status>(from.status), how.version};
    set_headers(message, from.type);
    for (auto const& [name, value] : from.headers) message.set(name, value);
    message.keep_alive(how.keep_alive && !all_.is_stopping);
    message.content_length(from.body.size());
    if (!how.is_head) message.body() = std::move(from.body);
    ++all_.counted.responses[from.status];
    stream_.expires_after(write_time);
    auto writing = http::async_write(stream_, message, quiet);
    auto const [error, bytes] = co_await std::move(writing);
    co_return !error && message.keep_alive();
  }

  //[events
  /// Sends the state as it is, and then what changes.
  asio::awaitable<void> stream_events(const request& asked) {
    http::response<http::empty_body> head{http::status::ok, 11};
    set_headers(head, "text/event-stream");
    head.keep_alive(false);
    ++all_.counted.responses[200];
    http::response_serializer<http::empty_body> serializer{head};
    stream_.expires_after(write_time);
    auto writing = http::async_write_header(stream_, serializer, asio::use_awaitable);
    co_await std::move(writing);

    std::uint64_t next = 0;  // no event has this number, so a page gets a snapshot first
    if (auto const last = all_.log.number_of(asked.last_event_id)) next = *last + 1;
    std::string text = "retry: 1000\n\n";
    asio::steady_timer pause{co_await asio::this_coro::executor};
    for (;;) {
      auto events = all_.log.since(next);
      text += events ? *events : all_.jobs.snapshot();
      next = all_.log.next();
      stream_.expires_after(write_time);
      auto sending = asio::async_write(stream_, asio::buffer(text), asio::use_awaitable);
      co_await std::move(sending);
      text.clear();
      if (all_.log.is_closed() && next == all_.log.next()) break;
      // Events that come one after the other are sent together.
      pause.expires_after(30ms);
      auto paused = pause.async_wait(asio::use_awaitable);
      co_await std::move(paused);
      auto waiting = all_.log.wait(next);
      co_await std::move(waiting);
    }
  }
  //]

  /// Ends the connection. A client that still sends something would lose the answer by a reset, so
  /// this reads a little more.
  asio::awaitable<void> close() {
    beast::error_code error;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
    std::array<char, 16384> rest;
    stream_.expires_after(2s);
    for (int i = 0; i != 1024 && !error; ++i) {
      auto reading = stream_.async_read_some(asio::buffer(rest), quiet);
      auto const [read_error, bytes] = co_await std::move(reading);
      error = read_error;
    }
    stream_.close();
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{std::size_t{64} << 10};
  ends ends_;
  surroundings& all_;
  bool& is_idle_;
};

}  // namespace

asio::awaitable<void> serve(asio::ip::tcp::socket socket, ends of, surroundings& all,
                            bool& is_idle) {
  session one{std::move(socket), std::move(of), all, is_idle};
  auto running = one.run();
  co_await std::move(running);
}

}  // namespace service
