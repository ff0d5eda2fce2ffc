// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_LIMITS_HPP
#define ISOLATTE_EXAMPLE_SERVICE_LIMITS_HPP

#include "../jobs/lease.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

namespace service {

/// Lets so many events a second through, and a burst of some more.
class token_bucket {
 public:
  using clock = std::chrono::steady_clock;

  token_bucket(double rate, double burst, clock::time_point now)
      : rate_{rate}, burst_{burst}, level_{burst}, at_{now} {}

  /// Tells how long an event has to wait: not at all if it may come now.
  std::chrono::nanoseconds wait(clock::time_point now);
  /// Counts an event that may come now.
  void take() { level_ -= 1; }
  bool is_full(clock::time_point now);

 private:
  void fill(clock::time_point now);

  double rate_;
  double burst_;
  double level_;
  clock::time_point at_;
};

/// Limits events a second: those of each client, and those of all.
class rate_limit {
 public:
  using clock = token_bucket::clock;

  rate_limit(double rate, double burst, double total_rate, double total_burst,
             clock::time_point now = clock::now())
      : rate_{rate}, burst_{burst}, all_{total_rate, total_burst, now} {}

  /// Counts an event, or tells how long the client has to wait.
  /// @return zero if the event was counted
  std::chrono::nanoseconds take(const std::string& client, clock::time_point now = clock::now());

 private:
  void forget_idle(clock::time_point now);

  /// More clients at a time than this share one bucket.
  static constexpr std::size_t most_clients = 10'000;

  double rate_;
  double burst_;
  token_bucket all_;
  std::map<std::string, token_bucket> clients_;
};

/// A number of places: so many for each client, and so many for all.
class places {
 public:
  places(std::size_t each, std::size_t all) : each_{each}, all_{all} {}

  /// Takes a place.
  /// @return nothing if there is none
  std::optional<lease> take(const std::string& client);
  std::size_t taken() const noexcept { return taken_; }

 private:
  std::size_t each_;
  std::size_t all_;
  std::size_t taken_ = 0;
  std::map<std::string, std::size_t> clients_;
};

/// An amount of bytes.
class byte_budget {
 public:
  explicit byte_budget(std::size_t bytes) : left_{bytes} {}

  /// Takes some.
  /// @return nothing if there are not so many
  std::optional<lease> take(std::size_t bytes);

 private:
  std::size_t left_;
};

}  // namespace service

#endif
