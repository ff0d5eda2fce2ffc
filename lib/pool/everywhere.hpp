// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POOL_EVERYWHERE_HPP
#define ISOLATTE_LIB_POOL_EVERYWHERE_HPP

#include "pool/job.hpp"
#include "supervise/pending_handler.hpp"

#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/vocabulary/report.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::pool {

/// One call in every worker: collects what becomes of its jobs, which may be done in any thread.
class everywhere final {
 public:
  everywhere(detail::reports_handler handler, const boost::asio::any_io_executor& executor)
      : executor_{executor}, handler_{std::move(handler), executor} {}

  /// To be called before the jobs are begun.
  void expect(const std::vector<std::shared_ptr<job>>& jobs) {
    results_.resize(jobs.size());
    missing_ = jobs.size();
    jobs_.assign(jobs.begin(), jobs.end());
  }
  void done(std::size_t index, const boost::system::error_code& ec, detail::report what) {
    results_[index] = {ec, std::move(what)};
    if (--missing_ == 0) finish({});
  }
  /// @pre no job is missing
  void finish(boost::system::error_code ec) {
    if (!ec && cancelled) ec = boost::asio::error::operation_aborted;
    std::move(handler_).complete_later(executor_, ec, std::move(results_));
  }
  const std::vector<std::weak_ptr<job>>& jobs() const noexcept { return jobs_; }

  /// The wait has been cancelled, or the pool stopped.
  std::atomic<bool> cancelled = false;

 private:
  boost::asio::any_io_executor const executor_;
  supervise::basic_pending_handler<boost::system::error_code, std::vector<detail::told_report>>
      handler_;
  /// Their handlers own this.
  std::vector<std::weak_ptr<job>> jobs_;
  std::vector<detail::told_report> results_;
  std::atomic<std::size_t> missing_ = 0;
};

}  // namespace isolatte::inline v0_1::pool

#endif
