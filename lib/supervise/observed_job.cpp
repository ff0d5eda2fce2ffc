// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "supervise/observed_job.hpp"

#include <boost/asio/error.hpp>

#include <new>
#include <utility>

namespace isolatte::inline v0_1::supervise {

namespace {

std::atomic<std::uint64_t> jobs = 0;
std::atomic<std::uint64_t> pools = 0;

void tell(job_event& event, job_moment what) noexcept {
  event.moment = what;
  event.at = std::chrono::steady_clock::now();
  tell_observers(event);
}

/// Tells the observers of a job what its report has kept from them.
class told_job final : public detail::report_listener {
 public:
  explicit told_job(std::unique_ptr<job_event> last) noexcept : last_{std::move(last)} {}

  void on_undecodable(const run_summary& how) noexcept override {
    last_->summary = &how;
    tell(*last_, job_moment::undecodable);
  }

 private:
  std::unique_ptr<job_event> last_;
};

}  // namespace

std::uint64_t observed_job::next_pool() noexcept { return ++pools; }

void observed_job::begin(launcher by, std::uint64_t pool, std::uint64_t generation) noexcept {
  if (!has_observers()) return;
  told_.reset(new (std::nothrow) job_event);
  if (!told_) return;
  told_->job = ++jobs;
  told_->by = by;
  told_->pool = pool;
  if (generation != 0) told_->worker.emplace().generation = generation;
  tell(*told_, job_moment::queued);
}

void observed_job::tell_start(int pid, const worker_id* worker) noexcept {
  if (told_->pid != 0) return;
  told_->pid = pid;
  if (worker != nullptr)
    told_->worker = *worker;
  else if (told_->worker)
    told_->worker->pid = pid;
  tell(*told_, job_moment::started);
}

void observed_job::forget_start() noexcept {
  told_->pid = 0;
  told_->worker.reset();
}

void observed_job::tell_end() noexcept {
  if (told_->pid != 0) tell(*told_, job_moment::ended);
}

void observed_job::tell_completion(const boost::system::error_code& ec,
                                   detail::report& what) noexcept {
  auto last = std::move(told_);
  last->ec = ec;
  last->summary = &what.summary;
  tell(*last, job_moment::completed);
  if (what.kind == detail::payload_kind::none) return;
  // Without memory for it, an observer is told less.
  what.listener.reset(new (std::nothrow) told_job{std::move(last)});
}

void observed_job::give_up() noexcept {
  detail::report report;
  auto& summary = report.summary;
  summary.how = told_->pid != 0 ? ending::cancelled : ending::not_started;
  summary.ran = told_->pid != 0 ? ran::unknown : ran::no;
  summary.pid = told_->pid;
  summary.worker = told_->worker;
  tell_completion(boost::asio::error::operation_aborted, report);
}

}  // namespace isolatte::inline v0_1::supervise
