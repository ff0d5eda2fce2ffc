// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_FARM_WAITS_HPP
#define ISOLATTE_LIB_NATS_FARM_WAITS_HPP

#include "nats/farm_census.hpp"
#include "nats/pending.hpp"

#include <isolatte/nats.hpp>

#include <boost/system/error_code.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

namespace isolatte::inline v0_1::nats {

/// The operations of a farm that wait for no job of their own.
class farm_waits {
 public:
  using drain = pending<boost::system::error_code>;
  using stats = pending<boost::system::error_code, farm_stats>;

  bool empty() const noexcept { return drains_.empty() && censuses_.empty(); }

  void add(std::uint64_t number, drain&& handler);
  /// @param asks ends with the operation
  void add(std::uint64_t number, stats&& handler, std::shared_ptr<farm_census> asks);
  void cancel(std::uint64_t number);
  void counted(std::uint64_t number, const farm_stats& what);
  void fail_census(std::uint64_t number, const boost::system::error_code& ec);

  void complete_drains();
  void fail_censuses(const boost::system::error_code& ec);

 private:
  struct census {
    census(stats&& to, std::shared_ptr<farm_census> with) noexcept
        : handler{std::move(to)}, asks{std::move(with)} {}

    stats handler;
    std::shared_ptr<farm_census> asks;
  };

  std::map<std::uint64_t, drain> drains_;
  std::map<std::uint64_t, census> censuses_;
};

}  // namespace isolatte::inline v0_1::nats

#endif
