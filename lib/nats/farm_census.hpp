// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_FARM_CENSUS_HPP
#define ISOLATTE_LIB_NATS_FARM_CENSUS_HPP

#include "nats/link/server_link.hpp"
#include "nats/link/strand.hpp"

#include <isolatte/nats.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>

namespace isolatte::inline v0_1::nats {

/// Counts the jobs of a code: asks its hosts, and the server how many messages wait.
class farm_census : public std::enable_shared_from_this<farm_census> {
 public:
  struct places {
    std::string hosts_subject;
    std::string stream;
    std::string consumer;
    /// So many wait if no host has made the consumer yet.
    std::uint64_t known_jobs = 0;
  };
  using handler = std::function<void(const farm_stats&)>;

  /// @param link lives as long as this
  farm_census(const link::strand& on, link::server_link& link, places where);
  ~farm_census();

  /// @param done is called once, half a second later at the most
  /// @throws std::bad_alloc, and then it is not called
  void run(handler done);

 private:
  void heard(std::span<link::message> answers);

  link::server_link& link_;
  places where_;
  link::server_link::subscription_id subscription_ = 0;
  std::set<std::string, std::less<>> hosts_;
  farm_stats stats_;
  link::timer timer_;
};

}  // namespace isolatte::inline v0_1::nats

#endif
