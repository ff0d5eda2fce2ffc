// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_FARM_FARM_FIXTURE_HPP
#define ISOLATTE_TEST_FARM_FARM_FIXTURE_HPP

#include "nats/link/server_link.hpp"
#include "support/nats_server.hpp"

#include <isolatte/nats.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Farms, and a server of their own, which tests ask what it has.
namespace farm_test {

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace nats = isolatte::nats;
using boost::system::error_code;
using isolatte::test::nats_server;

/// Remembers with what an operation has completed, and how often.
template <class R>
struct kept {
  int calls = 0;
  error_code ec{};
  isolatte::outcome<R> what{};

  auto handler() {
    return [this](error_code error, isolatte::outcome<R> result) {
      ++calls;
      ec = error;
      what = std::move(result);
    };
  }
};

/// A connection to the server that is no part of the farm.
class observer final : nats::link::link_events {
 public:
  observer(asio::io_context& context, const std::string& url) : context_{context} {
    nats::link::link_options options;
    options.servers = {url};
    link_ = nats::link::server_link::make(context.get_executor(), options);
    link_->start(*this);
  }
  ~observer() { link_->stop(); }

  nats::link::server_link& link() { return *link_; }
  bool is_up() const { return link_->is_up(); }

  std::string ask(std::string_view subject, std::string_view body = {}) {
    asio::executor_work_guard<asio::io_context::executor_type> const work{context_.get_executor()};
    if (context_.stopped()) context_.restart();
    while (!link_->is_up()) context_.run_one();
    std::optional<std::string> answer;
    link_->request(subject, std::as_bytes(std::span{body}), 1min,
                   [&answer](error_code ec, nats::link::message what) {
                     answer = ec ? ec.message() : std::string{what.text()};
                   });
    while (!answer) context_.run_one();
    return *answer;
  }

 private:
  void link_up(const nats::link::server_info&) override {}
  void link_down(const error_code&, const std::string&) override {}
  void link_refused(const error_code&, const std::string&) override {}
  void link_violation(const std::string&, const std::string&) override {}

  asio::io_context& context_;
  std::shared_ptr<nats::link::server_link> link_;
};

/// The members of the stream's state, as the server writes them.
inline std::int64_t number_in(const std::string& text, const std::string& name) {
  auto const at = text.find("\"" + name + "\":");
  if (at == std::string::npos) return -1;
  return std::stoll(text.substr(at + name.size() + 3));
}

struct farm_world {
  explicit farm_world(std::string configuration = {}) : server{std::move(configuration)} {}

  nats::farm_options options() const {
    nats::farm_options made;
    made.servers = {server.url()};
    made.lease = 1s;
    return made;
  }

  /// Runs the loop until the condition holds. The timeout of ctest limits the wait.
  template <class Condition>
  void until(Condition condition) {
    asio::executor_work_guard<asio::io_context::executor_type> const work{context.get_executor()};
    if (context.stopped()) context.restart();
    while (!condition()) context.run_one_for(10ms);
  }
  /// Asks the server again and again.
  template <class Condition>
  void until_server_says(std::string_view subject, Condition condition) {
    if (!watcher) watcher.emplace(context, server.url());
    while (!condition(watcher->ask(subject))) {
    }
  }
  void until_messages(std::int64_t count) {
    until_server_says("$JS.API.STREAM.INFO.ISOLATTE_farm_JOBS", [count](const std::string& info) {
      return number_in(info, "messages") == count;
    });
  }

  nats_server server;
  asio::io_context context{1};
  std::optional<observer> watcher;
};

}  // namespace farm_test

#endif
