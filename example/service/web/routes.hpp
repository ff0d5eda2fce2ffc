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

  /// Takes memory for a body, until the job that it becomes is done.
  /// @return nothing if others have taken it
  std::optional<lease> reserve(std::size_t bytes) { return uploads_.take(bytes); }

  /// Answers a request whose body is there.
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
  byte_budget uploads_;
  places streams_;
  std::vector<std::function<std::string()>> metrics_;
  bool is_stopping_ = false;
};

}  // namespace service

#endif
