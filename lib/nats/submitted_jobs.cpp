// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/submitted_jobs.hpp"

#include "nats/link/memory.hpp"

#include <algorithm>

namespace isolatte::inline v0_1::nats {

using isolatte::logic::later;
using std::chrono::nanoseconds;

submitted_job::submitted_job(std::uint64_t of, const farm_job_options& opts,
                             isolatte::detail::distant_call&& call,
                             isolatte::detail::report_handler&& to,
                             const boost::asio::any_io_executor& executor, moment now,
                             nanoseconds lease)
    : number{of},
      options{opts},
      decoder{call.decoder},
      function{call.function},
      arguments{std::move(call.arguments)},
      handler{std::move(to), executor},
      machine{{.lease = lease,
               .max_hosts = std::max(opts.max_hosts, 1u),
               .begin_by = opts.start_within ? later(now, *opts.start_within) : moment::max()}} {}

wire::parcel_job submitted_job::on_wire() const {
  wire::parcel_job made;
  made.number = number;
  made.attempt = machine.attempt();
  made.lost_before = machine.lost_before();
  made.max_hosts = std::max(options.max_hosts, 1u);
  made.decoder = decoder;
  made.function = function;
  if (options.timeout) made.timeout = std::max(*options.timeout, nanoseconds{0});
  if (options.grace) made.grace = std::max(*options.grace, nanoseconds{0});
  made.max_result = options.max_result;
  made.arguments = arguments.bytes();
  return made;
}

submitted_job& submitted_jobs::add(std::unique_ptr<submitted_job>& job) {
  auto& place = jobs_[job->number];
  place = std::move(job);
  return *place;
}

submitted_job* submitted_jobs::find(number of) const noexcept {
  auto const found = jobs_.find(of);
  return found == jobs_.end() ? nullptr : found->second.get();
}

std::vector<submitted_jobs::number> submitted_jobs::numbers() const {
  std::vector<number> all;
  link::until_memory([&] { all.reserve(jobs_.size()); });
  for (auto const& [of, job] : jobs_) all.push_back(of);
  std::ranges::sort(all);
  return all;
}

std::unique_ptr<submitted_job> submitted_jobs::take(number of) {
  auto const found = jobs_.find(of);
  auto job = std::move(found->second);
  jobs_.erase(found);
  if (job->wakes_at != moment::max()) wakes_.erase({job->wakes_at, of});
  return job;
}

void submitted_jobs::note_wake(submitted_job& of) {
  auto const at = of.machine.wake_at();
  if (at == of.wakes_at) return;
  if (at != moment::max()) link::until_memory([&] { wakes_.emplace(at, of.number); });
  if (of.wakes_at != moment::max()) wakes_.erase({of.wakes_at, of.number});
  of.wakes_at = at;
}

submitted_job* submitted_jobs::next_to_wake(moment now) {
  if (wake_at() > now) return nullptr;
  auto* const job = find(wakes_.begin()->second);
  wakes_.erase(wakes_.begin());
  job->wakes_at = moment::max();
  return job;
}

}  // namespace isolatte::inline v0_1::nats
