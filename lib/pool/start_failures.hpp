// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POOL_START_FAILURES_HPP
#define ISOLATTE_LIB_POOL_START_FAILURES_HPP

#include <isolatte/detail/vocabulary/report.hpp>

#include <boost/system/error_code.hpp>

#include <mutex>

namespace isolatte::inline v0_1::pool {

/// Remembers how the last worker that did not start has ended. For any thread.
class start_failures {
 public:
  struct failure {
    boost::system::error_code ec{};
    detail::report how{};
  };

  void take(failure last) noexcept;
  /// @return that; not_started and no error if there is none
  failure last() const;
  /// The report for a job that does not run because of it.
  detail::report for_job() const;

 private:
  mutable std::mutex mutex_;
  failure last_;
};

}  // namespace isolatte::inline v0_1::pool

#endif
