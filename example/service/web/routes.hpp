// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_ROUTES_HPP
#define ISOLATTE_EXAMPLE_SERVICE_ROUTES_HPP

#include "../jobs/laboratory.hpp"
#include "../jobs/lease.hpp"
#include "../settings.hpp"
#include "counters.hpp"
#include "cross_site.hpp"
#include "limits.hpp"
#include "message.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace service {

/// The answer to the head of a request: read a body of at most so many bytes, then ask again.
struct read_body {
  std::size_t most = 0;
};

/// The answer to the head of a request: send events.
struct send_events {
  lease place;
};

/// Answers requests.
class routes {
 public:
  routes(const settings& given, laboratory& jobs, cross_site guard);

  /// Decides by the head of a request, before there is a body.
  std::variant<response, read_body, send_events> admit(const request& asked);

  /// Announces a body.
  /// @param bytes the most that it has
  /// @return a refusal if there is no memory for it
  std::variant<upload_bytes, response> announce(const std::string& client, std::size_t bytes);

  /// The refusal of a body for which there is no memory.
  static response no_memory();

  /// Answers a request whose body is there.
  /// @param held the memory of the body, until the job that it becomes is done
  response answer(request asked, lease held);

  /// Says what else `/metrics` shows.
  void add_metrics(std::function<std::string()> text) { metrics_.push_back(std::move(text)); }

  /// Jobs are refused from now on.
  void stop() { is_stopping_ = true; }

  std::size_t streams() const noexcept { return streams_.taken(); }

 private:
  std::variant<response, read_body, send_events> get(const request& asked);
  std::variant<response, read_body, send_events> post(const request& asked);
  response metrics() const;

  const settings& settings_;
  laboratory& jobs_;
  cross_site guard_;
  rate_limit job_rate_;
  std::shared_ptr<byte_budget> uploads_;
  /// Jobs that wait or run.
  places jobs_there_;
  places streams_;
  std::vector<std::function<std::string()>> metrics_;
  bool is_stopping_ = false;
};

}  // namespace service

#endif
