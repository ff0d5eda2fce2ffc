// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_LABORATORY_HPP
#define ISOLATTE_EXAMPLE_SERVICE_LABORATORY_HPP

#include "../examine/report.hpp"
#include "../examine/stage.hpp"
#include "../settings.hpp"
#include "event_log.hpp"
#include "job.hpp"
#include "json.hpp"
#include "lease.hpp"
#include "timeline.hpp"

#include <isolatte/outcome.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace service {

/// Runs jobs in workers, and tells in an event log how they fare.
class laboratory {
 public:
  /// Starts the workers. They are copies of the program as it is then, so there should be no
  /// secrets in it yet.
  laboratory(boost::asio::io_context& context, const settings& given, event_log& log);

  /// Examines a file.
  /// @param client its sender; clients take turns
  /// @param held ends with the job
  /// @return the job's number
  std::uint64_t submit_file(const std::string& client, std::string name, std::string bytes,
                            lease held);
  /// Searches a text.
  std::uint64_t submit_pattern(const std::string& client, pattern_request what, lease held);
  /// Runs a hostile sample.
  std::uint64_t submit_sample(const std::string& client, const std::string& name, lease held);

  /// All that is known of a job, as JSON.
  /// @return nothing if there is no such job, or not any more
  std::optional<std::string> details(std::uint64_t id) const;

  /// An event with the present state, for a page that begins to watch.
  std::string snapshot() const;

  /// Sends the events of each second, until finish() is called.
  boost::asio::awaitable<void> tick();

  /// Waits for all jobs, for a bounded time, and ends the workers.
  /// @return how many jobs were cut short
  boost::asio::awaitable<std::size_t> finish();

 private:
  static job made_job(std::string kind, std::string label, std::size_t bytes);
  template <class Call>
  std::uint64_t start(job what, const std::string& client, const Call& call, lease held);
  template <class Call>
  void run(std::uint64_t id, const std::string& client, const Call& call, lease held);
  void on_stage(std::uint64_t id, stage said);
  void on_end(std::uint64_t id, boost::system::error_code error,
              const isolatte::outcome<report>& end);
  void forget_old();
  overview view() const;
  void tell(const job& of) { log_.push("job", json_of(of, view())); }

  const settings& settings_;
  event_log& log_;
  isolatte::worker_pool pool_;
  boost::asio::steady_timer clock_;
  std::chrono::steady_clock::time_point const begun_ = std::chrono::steady_clock::now();
  /// In the order of their numbers.
  std::map<std::uint64_t, job> jobs_;
  std::uint64_t last_ = 0;
  std::size_t unfinished_ = 0;
  bool is_finishing_ = false;
  std::map<std::string, std::uint64_t> endings_;
  std::vector<worker_view> workers_;
  timeline timeline_;
};

}  // namespace service

#endif
