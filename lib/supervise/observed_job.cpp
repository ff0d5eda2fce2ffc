// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "supervise/observed_job.hpp"

#include <boost/asio/error.hpp>

#include <new>
#include <utility>

namespace isolatte::inline v0_1::supervise {

namespace {

std::atomic<std::uint64_t> pools = 0;

job_event& at_moment(job_event& event, job_moment what) noexcept {
  event.moment = what;
  event.at = std::chrono::steady_clock::now();
  return event;
}

/// Tells the observers of a job what its report has kept from them.
class told_job final : public detail::report_listener {
 public:
  explicit told_job(const job_event& last) noexcept : last_{last} {}

  void on_undecodable(const run_summary& how) noexcept override {
    last_.summary = &how;
    tell_observers(at_moment(last_, job_moment::undecodable));
  }

 private:
  job_event last_;
};

}  // namespace

std::uint64_t observed_job::next_pool() noexcept { return ++pools; }

void observed_job::begin(launcher by, std::uint64_t pool, std::uint64_t generation) noexcept {
  if (!has_observers()) return;
  told_.reset(new (std::nothrow) kept_event);
  if (!told_) return;
  auto& event = told_->what;
  event.job = number_job();
  event.by = by;
  event.pool = pool;
  if (generation != 0) event.worker.emplace().generation = generation;
  // No observer hears of the middle of a job without its beginning.
  if (!tell_observers(at_moment(event, job_moment::queued))) told_.reset();
}

void observed_job::tell_start(int pid, const worker_id* worker) noexcept {
  auto& event = told_->what;
  if (event.pid != 0) return;
  event.pid = pid;
  if (worker != nullptr)
    event.worker = *worker;
  else if (event.worker)
    event.worker->pid = pid;
  tell_observers(at_moment(event, job_moment::started));
}

void observed_job::forget_start() noexcept {
  told_->what.pid = 0;
  told_->what.worker.reset();
}

void observed_job::tell_end() noexcept {
  auto& event = told_->what;
  if (event.pid != 0) tell_observers(at_moment(event, job_moment::ended));
}

void observed_job::tell_completion(const boost::system::error_code& ec,
                                   detail::report& what) noexcept {
  auto last = std::move(told_);
  auto& event = at_moment(last->what, job_moment::completed);
  event.ec = ec;
  event.summary = &what.summary;
  // Without memory for it, an observer is told less.
  if (what.kind != detail::payload_kind::none)
    what.listener.reset(new (std::nothrow) told_job{event});
  tell_observers(std::move(last));
}

void observed_job::give_up() noexcept {
  auto const& event = told_->what;
  detail::report report;
  auto& summary = report.summary;
  summary.how = event.pid != 0 ? ending::cancelled : ending::not_started;
  summary.ran = event.pid != 0 ? ran::unknown : ran::no;
  summary.pid = event.pid;
  summary.worker = event.worker;
  tell_completion(boost::asio::error::operation_aborted, report);
}

}  // namespace isolatte::inline v0_1::supervise
