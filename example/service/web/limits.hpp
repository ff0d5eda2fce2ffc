// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_LIMITS_HPP
#define ISOLATTE_EXAMPLE_SERVICE_LIMITS_HPP

#include "../jobs/lease.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

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

/// A number of places: so many for each client, and so many for all. Leases may outlive it.
class places {
 public:
  places(std::size_t each, std::size_t all) : each_{each}, all_{all} {}

  /// Takes a place.
  /// @return nothing if there is none
  std::optional<lease> take(const std::string& client);
  std::size_t taken() const noexcept { return now_->taken; }
  /// Tells whether no client gets a place. Otherwise one that gets none has used up its share.
  bool is_full() const noexcept { return now_->taken == all_; }

 private:
  struct state {
    std::size_t taken = 0;
    std::map<std::string, std::size_t> clients;
  };

  std::size_t each_;
  std::size_t all_;
  std::shared_ptr<state> now_ = std::make_shared<state>();
};

/// The memory for uploads: so many bytes for each client, and so many for all. A client's share is
/// charged with the bytes that it announces, the memory of all with those that have come. So a
/// client that announces much and sends little is in no other client's way.
class byte_budget {
 public:
  byte_budget(std::size_t each, std::size_t all) : each_{each}, left_{all} {}

  /// Charges a client's share.
  /// @return false if less than that is left of it
  bool announce(const std::string& client, std::size_t bytes);
  /// Gives back what announce() has charged.
  void withdraw(const std::string& client, std::size_t bytes);

  /// Charges the memory of all.
  /// @return false if less than that is left of it
  bool take(std::size_t bytes) noexcept;
  /// Gives back what take() has charged.
  void give_back(std::size_t bytes) noexcept { left_ += bytes; }

  /// The bytes that all clients together may still take.
  std::size_t left() const noexcept { return left_; }

 private:
  std::size_t each_;
  std::size_t left_;
  std::map<std::string, std::size_t> announced_;
};

/// The charges of one upload. The budget gets them back when this ends.
class upload_bytes {
 public:
  /// Announces an upload.
  /// @return nothing if less than that is left of the client's share
  static std::optional<upload_bytes> announce(std::shared_ptr<byte_budget> budget,
                                              std::string client, std::size_t bytes);

  upload_bytes(upload_bytes&&) noexcept = default;
  upload_bytes& operator=(upload_bytes&&) = delete;
  ~upload_bytes();

  /// Charges bytes that have come.
  /// @return false if there is no memory for them
  bool take(std::size_t bytes) noexcept;

  /// Makes a lease of it when all bytes have come. Bytes that were announced and have not come are
  /// given back at once.
  lease keep() &&;

 private:
  upload_bytes(std::shared_ptr<byte_budget> budget, std::string client, std::size_t bytes)
      : budget_{std::move(budget)}, client_{std::move(client)}, announced_{bytes} {}

  std::shared_ptr<byte_budget> budget_;
  std::string client_;
  std::size_t announced_;
  std::size_t taken_ = 0;
};

}  // namespace service

#endif
