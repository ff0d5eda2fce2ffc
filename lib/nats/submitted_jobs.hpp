// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_SUBMITTED_JOBS_HPP
#define ISOLATTE_LIB_NATS_SUBMITTED_JOBS_HPP

#include "logic/moment.hpp"
#include "nats/logic/farm_job.hpp"
#include "nats/pending.hpp"
#include "nats/wire/parcel.hpp"

#include <isolatte/detail/task/distant_call.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/detail/vocabulary/code_name.hpp>
#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/nats.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::nats {

using isolatte::logic::moment;

/// A job of a farm, from when it is asked for until its handler is called.
struct submitted_job {
  submitted_job(std::uint64_t of, const farm_job_options& opts,
                isolatte::detail::distant_call&& call, isolatte::detail::report_handler&& to,
                const boost::asio::any_io_executor& executor, moment now,
                std::chrono::nanoseconds lease);

  /// The job as it is to be published next.
  wire::parcel_job on_wire() const;
  bool is_cancelled() const noexcept { return machine.wished() > logic::wish::withdraw; }
  bool runs_at_most_once() const noexcept { return options.max_hosts <= 1; }

  std::uint64_t const number;
  farm_job_options const options;
  isolatte::detail::code_name const decoder;
  std::optional<isolatte::detail::code_name> const function;
  isolatte::detail::byte_buffer const arguments;
  pending<boost::system::error_code, isolatte::detail::report> handler;
  logic::farm_job machine;
  /// The server has had the job.
  bool was_stored = false;
  /// The set of all jobs knows it by this moment.
  moment wakes_at = moment::max();
};

/// The jobs that a farm keeps, and when the machine of which is to be woken next.
class submitted_jobs {
 public:
  using number = std::uint64_t;

  /// @param job is taken, unless this throws
  submitted_job& add(std::unique_ptr<submitted_job>& job);
  /// @return null if the job has ended
  submitted_job* find(number of) const noexcept;
  /// In the order in which the jobs came: so they keep it if all are published again.
  std::vector<number> numbers() const;
  /// @pre the job is here
  std::unique_ptr<submitted_job> take(number of);
  bool empty() const noexcept { return jobs_.empty(); }
  std::size_t size() const noexcept { return jobs_.size(); }

  /// To be called after each step of the job's machine.
  void note_wake(submitted_job& of);
  moment wake_at() const noexcept { return wakes_.empty() ? moment::max() : wakes_.begin()->first; }
  /// @return a job whose machine is to be woken now, once; or null
  submitted_job* next_to_wake(moment now);

 private:
  std::unordered_map<number, std::unique_ptr<submitted_job>> jobs_;
  std::set<std::pair<moment, number>> wakes_;
};

}  // namespace isolatte::inline v0_1::nats

#endif
