// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/pool_machine.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace isolatte::inline v0_1::logic {

namespace {

using std::chrono::nanoseconds;

/// A worker that has nothing else to do begins its job within this time, or never will: somebody
/// stopped it, or a thread that an earlier job left holds what the worker needs.
constexpr std::chrono::seconds patience_to_begin{2};
/// A worker that a job is given to after another worker did not begin it is let go on after this
/// time, in case that somebody has stopped it.
constexpr std::chrono::seconds patience_to_wake{1};
/// A job whose time is over before it has begun is looked at again after this time and more, up to
/// the longer one, by which its time may seem too long.
constexpr std::chrono::milliseconds first_look{1};
constexpr std::chrono::milliseconds longest_look{20};
/// A worker without jobs ends within this time after it was told that no more will come.
constexpr std::chrono::seconds patience_to_retire{10};
/// The same when more of them are leaving than the pool has workers: something in the jobs makes
/// each of them stay.
constexpr std::chrono::seconds patience_in_a_crowd{1};

/// A worker that ends this soon after it was ready, without ever having had a job, has not started.
/// A worker that crashes at once may need a second and more for its stack trace.
constexpr std::chrono::seconds shortest_life{5};

}  // namespace

pool_machine::~pool_machine() { abandon(); }

// Events

void pool_machine::submit(pool_job& job, moment now) noexcept {
  now_ = now;
  if (stopped_) return finish(job, job_end::pool_stopped);
  if (stays_lost_) return finish(job, job_end::state_lost);
  // A job may try again to have a state made.
  if (gave_up_ && policy_.state == bound_state::restarts) resume();
  if (gave_up_) return finish(job, job_end::gave_up);
  job.state_ = state_;
  bool const has_room = has_room_for_one();
  if (!has_room && !job.waits_for_room_) return finish(job, job_end::queue_full);
  if (job.deadline() <= now) return finish(job, job_end::expired);
  deadlines_.insert(job);
  if (has_room) return enter_queue(job);
  job.is_outside_ = true;
  outside_.push_back(job);
}

bool pool_machine::has_room_for_one() const noexcept {
  return outside_.empty() && has_room(policy_, queued_.size() + given_);
}

void pool_machine::enter_queue(pool_job& job) noexcept {
  dormant_ = false;
  if (job.is_ranked())
    send_none_ahead();
  else if (sends_none_ahead_ && queued_.empty() && given_ == 0)
    sends_none_ahead_ = false;
  queued_.push(job);
  // A job without any worker does not wait for a retry that may be far off.
  if (workers_.empty()) backoff_.hurry();
}

/// Takes a job out that no worker has.
void pool_machine::leave_queue(pool_job& job) noexcept {
  if (pool_worker* const worker = job.errand_of_) {
    worker->errands_.erase(worker->errands_.iterator_to(job));
    --errands_;
    if (job.is_check_) --checks_waiting_;
    if (worker->errands_.empty()) with_errands_.erase(with_errands_.iterator_to(*worker));
    return;
  }
  if (std::exchange(job.is_outside_, false))
    outside_.erase(outside_.iterator_to(job));
  else
    queued_.erase(job);
}

/// From now on workers are given one job at a time, and what they have not begun comes back.
void pool_machine::send_none_ahead() noexcept {
  if (sends_none_ahead_) return;
  for (auto& worker : workers_) leave_loads(worker);
  sends_none_ahead_ = true;
  for (auto& worker : workers_) {
    enter_loads(worker);
    if (worker.jobs_.size() < 2) continue;
    worker.recalls_ = true;
    put_on_agenda(worker);
  }
}

void pool_machine::cancel(pool_job& job, cancel_kind kind, moment now) noexcept {
  now_ = now;
  if (job.done_) return;
  if (job.worker_) {
    cancelled_ = &job;
    how_cancelled_ = kind;
    why_cancelled_ = purpose::cancel;
    return;
  }
  leave_queue(job);
  finish(job, job_end::cancelled);
}

void pool_machine::cut_off(pool_job& job, moment now) noexcept {
  now_ = now;
  if (job.worker_) {
    cancelled_ = &job;
    why_cancelled_ = purpose::cut_off;
    return;
  }
  leave_queue(job);
  finish(job, job_end::cut_off);
}

void pool_machine::withdraw(pool_job& job, moment now) noexcept {
  if (job.worker_ && was_asked(job)) return;
  cancel(job, cancel_kind::terminate, now);
  why_cancelled_ = purpose::withdraw;
}

void pool_machine::started(pool_worker& worker, std::optional<std::size_t> slot,
                           moment now) noexcept {
  now_ = now;
  workers_.push_back(worker);
  worker.started_at_ = now;
  worker.state_ = state_;
  ++alive_;
  if (slot) claim(worker, *slot);
  if (policy_.startup.timeout) set_due(worker, later(now, *policy_.startup.timeout));
  if (to_replace_ == 0) return;
  --to_replace_;
  ++restarts_;
  worker.replaces_another_ = true;
}

void pool_machine::start_refused(moment now) noexcept {
  now_ = now;
  // A system that is short of something may have it again at once, or much later. The jobs of a
  // pool with workers go on meanwhile; those of a pool without any are not kept waiting.
  backoff_.refused(now);
  release_suspended();
  heed_failed_starts();
  if (backoff_.is_refused_for_long() && workers_.empty()) refuse_all(job_end::no_worker);
}

void pool_machine::ready(pool_worker& worker, moment now) noexcept {
  now_ = now;
  if (!goes_on(worker)) return;
  worker.ready_ = true;
  worker.ready_since_ = now;
  worker.is_due_ = false;
  worker.due_ = moment::max();
  worker.failures_before_ = backoff_.failures();
  backoff_.succeeded();
  proven_ = true;
  gave_up_ = false;
  if (policy_.recycle.age) set_old_at(worker, later(now, longest_life(policy_, births_++)));
  if (!find_seat(worker) && alive_ > wanted() + count_replacements())
    return retire(worker, retire_cause::resized);
  enter_loads(worker);
  rest_or_retire(worker);
}

void pool_machine::start_failed(pool_worker& worker, moment now) noexcept {
  now_ = now;
  if (!goes_on(worker)) return;
  replace(worker, false);
  retire(worker, retire_cause::not_started);
  release_suspended();
  // The pool gives up in ended() at the earliest, when the driver knows all of this failure.
  backoff_.failed(worker.started_at_, now_);
}

/// After many failures in a row there are no more starts like those. A pool with workers that can
/// take jobs, or may yet, goes on, and tries ever more rarely.
void pool_machine::heed_failed_starts() noexcept {
  if (stopped_ || gave_up_ || !backoff_.gives_up()) return;
  if (can_go_back_)
    goes_back_ = true;
  else if (count_able() == 0 && !has_unready())
    give_up();
}

void pool_machine::give_up() noexcept {
  gave_up_ = true;
  end_recycling();
  refuse_all(job_end::gave_up);
}

void pool_machine::wake() noexcept { dormant_ = false; }

/// Jobs that come from now on are for another state.
void pool_machine::lose_state(const pool_worker& worker) noexcept {
  if (policy_.state == bound_state::none || !worker.ready_ || worker.state_ != state_) return;
  ++state_;
  stays_lost_ = policy_.state == bound_state::stays_lost;
  refuse_all(job_end::state_lost);
}

void pool_machine::restart() noexcept {
  if (stopped_) return;
  for (auto& worker : workers_) {
    if (!goes_on(worker)) continue;
    worker.recalls_ = true;
    stop(worker, stop_cause::outdated, cancel_kind::terminate, {});
  }
  ++state_;
  refuse_all(job_end::state_lost);
  stays_lost_ = false;
  resume();
}

void pool_machine::resume() noexcept {
  if (stopped_) return;
  gave_up_ = false;
  dormant_ = false;
  backoff_.reset();
}

pool_job& pool_machine::replied(pool_worker& worker, const worker_memory& memory,
                                moment now) noexcept {
  now_ = now;
  pool_job& done = worker.jobs_.front();
  leave_loads(worker);
  unlink(done);
  mark_done(done);
  if (!done.errand_of_) ++worker.done_;
  if (worker.stopped_for_ != stop_cause::none) {
    // The worker was to end for this job's sake, and would wait for jobs that do not come.
    if (worker.jobs_.empty()) stop(worker, worker.stopped_for_, cancel_kind::terminate, {});
    return done;
  }
  if (is_worn(policy_, worker.done_)) wear_out(worker, retire_cause::max_jobs);
  heed_memory(worker, memory);
  if (policy_.recycle.checks_health && !done.errand_of_ && !worker.worn_) {
    worker.is_in_doubt_ = true;
    worker.asks_for_health_ = true;
    put_on_agenda(worker);
  }
  enter_loads(worker);
  if (worker.jobs_.empty()) rest_or_retire(worker);
  return done;
}

void pool_machine::wear_out(pool_worker& worker, retire_cause why) noexcept {
  if (worker.worn_ || !goes_on(worker)) return;
  leave_loads(worker);
  lose_state(worker);
  worker.worn_ = true;
  worker.retires_for_ = why;
  drop_errands(worker);
  worker.recalls_ = true;
  put_on_agenda(worker);
}

/// The worker takes jobs until its replacement is ready.
void pool_machine::replace_when_possible(pool_worker& worker, retire_cause why) noexcept {
  if (worker.outdated_ || worker.worn_ || !goes_on(worker)) return;
  worker.outdated_ = true;
  worker.retires_for_ = why;
  replaces_ = true;
}

/// Gives the worker no jobs, if its replacement is likely to come soon and not too many workers are
/// missing.
void pool_machine::suspend(pool_worker& worker) noexcept {
  if (worker.is_suspended_ || worker.worn_ || !goes_on(worker)) return;
  if (backoff_.waits() || backoff_.is_careful()) return;
  auto const missing = static_cast<std::size_t>(
      std::count_if(workers_.begin(), workers_.end(),
                    [](const pool_worker& each) { return each.is_suspended_ || !each.stays(); }));
  if (missing >= policy_.recycle.max_unavailable) return;
  leave_loads(worker);
  worker.is_suspended_ = true;
  worker.recalls_ = true;
  put_on_agenda(worker);
}

/// A replacement has not come.
void pool_machine::release_suspended() noexcept {
  for (auto& worker : workers_)
    if (std::exchange(worker.is_suspended_, false)) enter_loads(worker);
}

void pool_machine::heed_memory(pool_worker& worker, const worker_memory& memory) noexcept {
  if (policy_.max_worker_memory && memory.own > *policy_.max_worker_memory) {
    replace_when_possible(worker, retire_cause::max_memory);
    suspend(worker);
  }
  auto const& most = policy_.recycle.memory_growth;
  if (most && memory.own > memory.at_start && memory.own - memory.at_start > *most)
    replace_when_possible(worker, retire_cause::memory_growth);
}

/// Replaces the workers whose age is too high.
void pool_machine::heed_age() noexcept {
  if (now_ < first_old_) return;
  first_old_ = moment::max();
  for (auto& worker : workers_) {
    if (worker.old_at_ > now_) {
      first_old_ = std::min(first_old_, worker.old_at_);
      continue;
    }
    worker.old_at_ = moment::max();
    replace_when_possible(worker, retire_cause::age);
  }
}

void pool_machine::set_old_at(pool_worker& worker, moment when) noexcept {
  worker.old_at_ = when;
  first_old_ = std::min(first_old_, when);
}

// Errands

void pool_machine::submit_errand(pool_job& job, pool_worker& to, moment now) noexcept {
  now_ = now;
  if (stopped_) return finish(job, job_end::pool_stopped);
  if (job.deadline() <= now) return finish(job, job_end::expired);
  job.errand_of_ = &to;
  if (to.worn_ || !goes_on(to)) return finish(job, job_end::worker_gone);
  deadlines_.insert(job);
  put_errand(job);
}

void pool_machine::submit_check(pool_job& job, pool_worker& to, moment now) noexcept {
  job.is_check_ = true;
  job.done_ = job.was_given_ = job.was_lost_ = false;
  job.stopped_for_ = job.asked_for_ = stop_cause::none;
  submit_errand(job, to, now);
}

void pool_machine::checked(pool_worker& worker, bool is_healthy) noexcept {
  if (!goes_on(worker)) return;
  leave_loads(worker);
  worker.is_in_doubt_ = false;
  if (!is_healthy) wear_out(worker, retire_cause::unhealthy);
  enter_loads(worker);
  if (worker.jobs_.empty()) rest_or_retire(worker);
}

void pool_machine::put_errand(pool_job& job) noexcept {
  pool_worker& to = *job.errand_of_;
  if (to.errands_.empty()) with_errands_.push_back(to);
  to.errands_.push_back(job);
  ++errands_;
  if (job.is_check_) ++checks_waiting_;
}

/// The worker will run no more of them.
void pool_machine::drop_errands(pool_worker& worker) noexcept {
  while (!worker.errands_.empty()) {
    pool_job& job = worker.errands_.front();
    leave_queue(job);
    finish(job, job_end::worker_gone);
  }
}

/// An errand whose worker can take it; null if there is none.
pool_job* pool_machine::choose_errand() noexcept {
  for (auto& worker : with_errands_) {
    bool const has_room =
        worker.jobs_.empty() || (worker.jobs_.size() < depth(policy_) && !sends_none_ahead_);
    // A check goes before all else.
    auto const is_next = [&](const pool_job& job) { return job.is_check_ || !worker.is_in_doubt_; };
    if (!worker.ready_ || !has_room) continue;
    auto const next = std::find_if(worker.errands_.begin(), worker.errands_.end(), is_next);
    if (next == worker.errands_.end()) continue;
    if (worker.jobs_.empty() || !next->is_never_ahead_) return &*next;
  }
  return nullptr;
}

void pool_machine::malformed(pool_worker& worker) noexcept {
  worker.recalls_ = true;
  stop(worker, stop_cause::malformed_reply, cancel_kind::terminate, {});
}

void pool_machine::left_its_jobs(pool_worker& worker) noexcept {
  worker.left_its_jobs_ = true;
  stop(worker, stop_cause::unresponsive, cancel_kind::terminate, {});
}

void pool_machine::taken_back() noexcept {
  purpose const why = asked_.why;
  pool_job& job = answered();
  pool_worker& worker = take_from_worker(job);
  switch (why) {
    case purpose::cancel:
    case purpose::withdraw: finish(job, job_end::cancelled); break;
    case purpose::cut_off: finish(job, job_end::cut_off); break;
    case purpose::expire: finish(job, job_end::expired); break;
    // A look is answered by stage_is().
    case purpose::look:
    case purpose::steal: requeue(job); break;
    case purpose::recall:
      // The page of a worker whose reply was malformed is believed once.
      if (worker.jobs_.empty() && worker.stopped_for_ == stop_cause::malformed_reply &&
          std::exchange(job.was_lost_, true))
        finish(job, job_end::not_begun);
      else
        requeue(job);
      break;
    case purpose::unresponsive:
      if (std::exchange(job.was_lost_, true))
        finish(job, job_end::not_begun);
      else
        requeue(job);
      worker.recalls_ = true;
      stop(worker, stop_cause::unresponsive, cancel_kind::terminate, {});
      return;
  }
  if (worker.jobs_.empty()) rest_or_retire(worker);
}

void pool_machine::has_begun() noexcept {
  purpose const why = asked_.why;
  pool_job& job = answered();
  pool_worker& worker = *job.worker_;
  switch (why) {
    case purpose::cancel: end_for(job, stop_cause::cancelled, how_cancelled_); break;
    // A look is answered by stage_is().
    case purpose::look:
    case purpose::withdraw: break;
    case purpose::cut_off: malformed(worker); break;
    case purpose::expire: end_for_time(job); break;
    case purpose::steal: worker.keeps_its_jobs_ = true; break;
    // The jobs before it have begun, too.
    case purpose::recall: worker.recalls_ = false; break;
    case purpose::unresponsive: on_deadline(job, job_stage::begun); break;
  }
}

void pool_machine::recycle() noexcept {
  if (stopped_) return;
  // Workers with other data may start.
  gave_up_ = false;
  stop_unready();
  for (auto& worker : workers_) {
    replace_when_possible(worker, retire_cause::recycled);
    worker.is_of_before_ = true;
  }
  recycling_ = replaces_ = true;
  // Workers that have not been proven are not gone back to.
  if (std::exchange(proven_, false)) can_go_back_ = true;
  goes_back_ = false;
  backoff_.reset();
}

void pool_machine::end_recycling() noexcept { recycling_ = can_go_back_ = goes_back_ = false; }

/// A worker that does not become ready must not hold up those that are to take its place.
void pool_machine::stop_unready() noexcept {
  for (auto& worker : workers_)
    if (!worker.ready_ && goes_on(worker))
      stop(worker, stop_cause::outdated, cancel_kind::terminate, {});
}

/// Ends the recycling. The workers that have not been replaced stay.
void pool_machine::keep_outdated() noexcept {
  stop_unready();
  for (auto& worker : workers_) {
    worker.is_of_before_ = false;
    if (worker.worn_ || worker.retires_for_ != retire_cause::recycled) continue;
    worker.outdated_ = false;
    worker.retires_for_ = retire_cause::none;
  }
  end_recycling();
  proven_ = true;
  backoff_.reset();
  // The workers that were to replace others are not replaced themselves.
  to_replace_ = std::min(to_replace_, wanted() - std::min(wanted(), alive_));
}

void pool_machine::resize(std::size_t workers) {
  if (stopped_) return;
  if (workers > seats_.size()) seats_.resize(workers);
  std::size_t const before = std::exchange(policy_.workers, workers);
  for (auto slot = before; slot < workers; ++slot) pass_on(slot);
  for (auto& worker : workers_) {
    if (!worker.slot_ || *worker.slot_ < workers || !goes_on(worker) || worker.worn_) continue;
    if (!worker.ready_) {
      stop(worker, stop_cause::outdated, cancel_kind::terminate, {});
      continue;
    }
    worker.outdated_ = false;
    wear_out(worker, retire_cause::resized);
  }
  // Workers that are to leave already are not among those that are too many.
  auto const staying = static_cast<std::size_t>(std::count_if(
      workers_.begin(), workers_.end(), [](auto& each) { return goes_on(each) && !each.worn_; }));
  auto too_many = staying - std::min(staying, wanted() + count_substitutes());
  for (auto end = without_seat_.end(); too_many != 0 && end != without_seat_.begin();) {
    pool_worker& worker = *std::prev(end);
    if (worker.worn_) {
      --end;
      continue;
    }
    --too_many;
    if (worker.jobs_.empty()) {
      retire(worker, retire_cause::resized);
      continue;
    }
    // The worker has an errand, and leaves after that.
    --end;
    worker.outdated_ = false;
    wear_out(worker, retire_cause::resized);
  }
  to_replace_ = std::min(to_replace_, wanted() - std::min(wanted(), alive_));
}

void pool_machine::stage_is(job_stage stage) noexcept { on_deadline(answered(), stage); }

/// The first job's time may be over, or its worker may not have begun it for too long.
void pool_machine::on_deadline(pool_job& job, job_stage stage) noexcept {
  pool_worker& worker = *job.worker_;
  if (stage == job_stage::not_begun) {
    // The first worker that does not begin the job is replaced. If somebody stops one worker after
    // the other, the job is not to suffer for it.
    if (job.was_lost_ && now_ >= later(worker.first_since_, patience_to_wake) &&
        !std::exchange(worker.woken_, true)) {
      wake(worker);
      if (now_ >= later(worker.first_since_, patience_to_begin)) return;
    }
    // A job that has not begun is not late.
    moment const patience = later(worker.first_since_, patience_to_begin);
    if (now_ < patience) {
      worker.begun_after_ =
          std::min(patience, now_ + std::clamp<std::chrono::steady_clock::duration>(
                                        now_ - worker.first_since_, first_look, longest_look));
      return set_due(worker, worker.begun_after_);
    }
    worker.is_unresponsive_ = true;
    return put_on_agenda(worker);
  }
  // No other time limits how long a stopped worker takes to receive the arguments.
  if (!job.timeout_ && stage == job_stage::receiving) return wake(worker);
  if (!job.timeout_) return;
  moment const due = later(worker.begun_after_, *job.timeout_);
  if (due > now_) return set_due(worker, due);
  end_for_time(job);
}

void pool_machine::end_for_time(pool_job& job) noexcept {
  end_for(job, stop_cause::timeout,
          job.grace_ > nanoseconds::zero() ? cancel_kind::request_exit : cancel_kind::terminate);
}

/// Ends the jobs that wait and whose deadline has come, and asks the workers that have others.
void pool_machine::expire() noexcept {
  while (auto* const expired = deadlines_.take_expired(now_)) {
    auto& job = static_cast<pool_job&>(*expired);
    if (job.worker_) {
      job.has_expired_ = true;
      job.worker_->has_expired_ = true;
      // A job that is done is not late.
      job.worker_->reads_ = true;
      put_on_agenda(*job.worker_);
    } else {
      leave_queue(job);
      finish(job, job_end::expired);
    }
  }
}

void pool_machine::wake(pool_worker& worker) noexcept {
  worker.wakes_ = true;
  worker.begun_after_ = now_;
  set_due(worker, later(now_, patience_to_begin));
  put_on_agenda(worker);
}

lost_job pool_machine::ended(pool_worker& worker, job_stage stage, worker_end why,
                             moment now) noexcept {
  bool const refused = why == worker_end::refused || why == worker_end::unprepared;
  now_ = now;
  leave_loads(worker);
  if (worker.in_agenda_.is_linked()) agenda_.erase(agenda_.iterator_to(worker));
  workers_.erase(workers_.iterator_to(worker));
  lose_state(worker);
  bool const expected = worker.retiring_ || worker.stopped_for_ != stop_cause::none;
  if (is_leaving(worker)) --leaving_;
  worker.worn_ = true;
  drop_errands(worker);
  leave_seat(worker);
  if (!expected) {
    --alive_;
    replace(worker, !refused && worker.ready_);
  }

  while (worker.jobs_.size() > 1) {
    pool_job& job = worker.jobs_.back();
    unlink(job);
    requeue(job);
  }
  lost_job lost;
  if (!worker.jobs_.empty()) {
    pool_job& job = worker.jobs_.front();
    unlink(job);
    // The pool asked the job to stop, or ended the worker for this job's sake, only after the job
    // had been received or begun, whatever the page says now. A worker that left its jobs says
    // itself that it began none.
    bool const had_begun = job.stopped_for_ != stop_cause::none || was_asked(job);
    if (worker.left_its_jobs_)
      stage = had_begun ? job_stage::receiving : job_stage::not_begun;
    else if (stage == job_stage::not_begun && had_begun)
      stage = job_stage::begun;
    if (stage == job_stage::not_begun && !std::exchange(job.was_lost_, true)) {
      requeue(job);
    } else {
      mark_done(job);
      lost = {&job, stage == job_stage::begun       ? job_loss::ran
                    : stage == job_stage::receiving ? job_loss::not_received
                                                    : job_loss::unknown};
    }
  }
  lost.has_failed_to_start = count_start(worker, expected, why);
  heed_failed_starts();
  return lost;
}

/// Judges by the end of a worker whether it is of any use to start more.
/// @return whether the worker counts as one that has not started
bool pool_machine::count_start(const pool_worker& worker, bool expected, worker_end why) noexcept {
  bool const is_unwanted = worker.stopped_for_ == stop_cause::outdated ||
                           worker.stopped_for_ == stop_cause::pool_stopped;
  if (is_unwanted || stopped_) return false;
  if (why == worker_end::refused) {
    start_refused(now_);
    return true;
  }
  // The end of the server says nothing of the worker, but the server may die again at once.
  if (why == worker_end::with_server) {
    backoff_.interrupted(now_);
    release_suspended();
    return false;
  }
  // Replacing workers that have had jobs is safe without a limit: one job ends two at most.
  bool const was_of_use = worker.ready_ && (expected || worker.given_ != 0 ||
                                            now_ >= later(worker.ready_since_, shortest_life));
  bool const was_counted = worker.retires_for_ == retire_cause::not_started ||
                           worker.stopped_for_ == stop_cause::start_timeout;
  if (worker.ready_ && !was_of_use)
    backoff_.succeeded_in_vain(worker.failures_before_, worker.started_at_, now_);
  else if (!was_of_use && !was_counted)
    backoff_.failed(worker.started_at_, now_);
  if (!was_of_use) release_suspended();
  return !was_of_use;
}

void pool_machine::tick(moment now) noexcept {
  now_ = now;
  backoff_.tick(now);
  expire();
  heed_age();
  if (policy_.idle_timeout)
    while (may_shrink() && later(takers_[0].front().idle_since_, *policy_.idle_timeout) <= now)
      retire(takers_[0].front(), retire_cause::idle);
  if (now < first_due_) return;
  first_due_ = moment::max();
  for (auto& worker : workers_) {
    if (worker.due_ > now) {
      first_due_ = std::min(first_due_, worker.due_);
      continue;
    }
    worker.due_ = moment::max();
    if (pool_job* const first = worker.first(); first && asked_until(*first) <= now) {
      end_for(*first, first->asked_for_, cancel_kind::terminate);
      continue;
    }
    worker.is_due_ = true;
    worker.reads_ = true;
    put_on_agenda(worker);
  }
}

/// Whether there is an idle worker that would not be missed.
bool pool_machine::may_shrink() const noexcept { return !takers_[0].empty() && alive_ > wanted(); }

void pool_machine::stop() noexcept {
  if (std::exchange(stopped_, true)) return;
  end_recycling();
  refuse_all(job_end::pool_stopped);
  for (auto& worker : workers_) {
    worker.recalls_ = true;
    stop(worker, stop_cause::pool_stopped, cancel_kind::terminate, {});
  }
}

void pool_machine::disown() noexcept {
  refuse_all(job_end::disowned);
  for (auto& worker : workers_)
    while (!worker.jobs_.empty()) {
      pool_job& job = worker.jobs_.front();
      worker.jobs_.pop_front();
      job.worker_ = nullptr;
      finish(job, job_end::disowned);
    }
  forget_workers();
  to_replace_ = 0;
  backoff_.reset();
  first_due_ = first_old_ = moment::max();
  dormant_ = true;
  if (policy_.state != bound_state::none) stopped_ = true;
}

void pool_machine::abandon() noexcept {
  stopped_ = true;
  for (auto& worker : workers_) {
    worker.jobs_.clear();
    worker.errands_.clear();
  }
  forget_workers();
  queued_.clear();
  outside_.clear();
  ending_.clear();
  deadlines_.clear();
}

void pool_machine::forget_workers() noexcept {
  agenda_.clear();
  with_errands_.clear();
  without_seat_.clear();
  for (auto& each : seats_) each = {};
  for (auto& list : takers_) list.clear();
  full_.clear();
  workers_.clear();
  asked_ = {};
  cancelled_ = nullptr;
  given_ = busy_ = alive_ = leaving_ = errands_ = checks_given_ = checks_waiting_ = 0;
  end_recycling();
}

// Actions

pool_action pool_machine::next() noexcept {
  for (;;) {
    if (!ending_.empty()) {
      pool_job& job = ending_.front();
      ending_.pop_front();
      return {.what = pool_action::kind::complete, .job = &job, .end = job.end_};
    }
    if (goes_back_) {
      keep_outdated();
      return {.what = pool_action::kind::go_back};
    }
    if (pool_job* const job = std::exchange(cancelled_, nullptr); job && !job->done_) {
      if (why_cancelled_ != purpose::cancel) return ask(why_cancelled_, *job);
      if (!was_asked(*job)) return ask(purpose::cancel, *job);
      if (how_cancelled_ == cancel_kind::terminate)
        end_for(*job, job->asked_for_, cancel_kind::terminate);
      continue;
    }
    if (!agenda_.empty()) {
      if (auto const todo = follow_agenda(agenda_.front())) return *todo;
      continue;
    }
    while (!outside_.empty() && has_room(policy_, queued_.size() + given_)) {
      pool_job& job = outside_.front();
      outside_.pop_front();
      job.is_outside_ = false;
      enter_queue(job);
    }
    if (pool_job* const job = choose_errand()) {
      leave_queue(*job);
      return give(*job, *job->errand_of_);
    }
    if (!queued_.empty()) {
      pool_job& job = first_queued();
      if (pool_worker* const to = choose(job)) {
        queued_.pop_front();
        return give(job, *to);
      }
    } else if (given_ > busy_ && !takers_[0].empty()) {
      // A worker with nothing to do takes what another one has not begun.
      if (pool_worker* const from = choose_donor()) return ask(purpose::steal, from->jobs_.back());
    }
    if (replaces_) {
      if (pool_worker* const old = choose_outdated()) {
        wear_out(*old, old->retires_for_);
        continue;
      }
      if (pool_worker* const idle = choose_misplaced()) {
        retire(*idle, retire_cause::recycled);
        continue;
      }
    }
    if (lacks_worker()) return {.what = pool_action::kind::start_worker, .slot = choose_slot()};
    return {};
  }
}

pool_action pool_machine::ask(purpose why, pool_job& job) noexcept {
  asked_ = {&job, why};
  return {.what = why == purpose::look ? pool_action::kind::look : pool_action::kind::take_back,
          .worker = job.worker_,
          .job = &job};
}

pool_job& pool_machine::answered() noexcept { return *std::exchange(asked_, question{}).job; }

pool_action pool_machine::give(pool_job& job, pool_worker& to) noexcept {
  leave_loads(to);
  to.jobs_.push_back(job);
  if (!job.errand_of_) ++to.given_;
  if (job.is_check_) ++checks_given_;
  ++given_;
  job.worker_ = &to;
  if (!std::exchange(job.was_given_, true) && !job.is_check_) ++jobs_started_;
  if (job.key_ != 0 && !has_key(to, job.key_))
    to.keys_[to.next_key_++ % to.keys_.size()] = job.key_;
  if (to.jobs_.size() == 1) {
    ++busy_;
    first_changed(to);
  }
  enter_loads(to);
  return {.what = pool_action::kind::give, .worker = &to, .job = &job};
}

std::optional<pool_action> pool_machine::follow_agenda(pool_worker& worker) noexcept {
  using kind = pool_action::kind;
  if (worker.recalls_) {
    // If the job that the worker is ended for is done after all, the next one must not begin.
    if (!worker.jobs_.empty() && &worker.jobs_.back() != worker.to_end_ &&
        !was_asked(worker.jobs_.back()))
      return ask(purpose::recall, worker.jobs_.back());
    worker.recalls_ = false;
    if (worker.worn_ && worker.jobs_.empty()) rest_or_retire(worker);
  }
  if (std::exchange(worker.reads_, false))
    return pool_action{.what = kind::read_replies, .worker = &worker};
  if (worker.has_expired_) {
    for (auto& job : worker.jobs_)
      if (std::exchange(job.has_expired_, false) && !was_asked(job))
        return ask(purpose::expire, job);
    worker.has_expired_ = false;
  }
  if (std::exchange(worker.is_due_, false)) {
    if (worker.retiring_) {
      stop(worker, stop_cause::unresponsive, cancel_kind::terminate, {});
    } else if (!worker.ready_ && worker.stopped_for_ == stop_cause::none) {
      stop(worker, stop_cause::start_timeout, cancel_kind::terminate, {});
      release_suspended();
      backoff_.failed(worker.started_at_, now_);
    } else if (worker.stopped_for_ == stop_cause::none && worker.first()) {
      return ask(purpose::look, *worker.first());
    }
  }
  if (std::exchange(worker.wakes_, false))
    return pool_action{.what = kind::wake, .worker = &worker};
  if (std::exchange(worker.is_unresponsive_, false) && worker.first())
    return ask(purpose::unresponsive, *worker.first());
  if (pool_job* const job = std::exchange(worker.to_end_, nullptr)) {
    if (job == worker.first() && !worker.left_its_jobs_) {
      if (is_to_be_asked(*job, worker.how_to_end_)) {
        if (worker.stopped_for_ == stop_cause::none) return ask_to_stop(*job, worker.why_to_end_);
        // The worker is being ended for another reason, so the job has no grace.
        worker.how_to_end_ = cancel_kind::terminate;
      }
      if (job->stopped_for_ == stop_cause::none) job->stopped_for_ = worker.why_to_end_;
      stop(worker, worker.why_to_end_, worker.how_to_end_, job->grace_);
    } else {
      // All replies are read, so only the first job can have begun. The page lies.
      if (worker.why_to_end_ == stop_cause::cancelled) {
        take_from_worker(*job);
        finish(*job, job_end::cancelled);
      }
      stop(worker, stop_cause::malformed_reply, cancel_kind::terminate, {});
    }
  }
  if (std::exchange(worker.asks_for_health_, false) && goes_on(worker) && !worker.worn_)
    return pool_action{.what = kind::check_health, .worker = &worker};
  if (std::exchange(worker.tells_to_stop_, false))
    return pool_action{
        .what = kind::stop, .worker = &worker, .how = worker.how_to_stop_, .grace = worker.grace_};
  if (std::exchange(worker.tells_to_retire_, false))
    return pool_action{.what = kind::retire, .worker = &worker};
  agenda_.erase(agenda_.iterator_to(worker));
  return std::nullopt;
}

void pool_machine::put_on_agenda(pool_worker& worker) noexcept {
  if (!worker.in_agenda_.is_linked()) agenda_.push_back(worker);
}

moment pool_machine::wakeup() const noexcept {
  moment first = std::min({first_due_, first_old_, deadlines_.first(), backoff_.retry_at()});
  if (policy_.idle_timeout && may_shrink())
    first = std::min(first, later(takers_[0].front().idle_since_, *policy_.idle_timeout));
  return first;
}

// Workers, by what they may be given

pool_machine::load_list& pool_machine::list_of(pool_worker& worker) noexcept {
  bool const takes_another = has_capacity(policy_, worker.jobs_.size(), worker.given_) &&
                             (worker.jobs_.empty() || !sends_none_ahead_);
  return takes_another ? takers_[worker.jobs_.size()] : full_;
}

/// Has no effect for a worker that takes no jobs.
void pool_machine::enter_loads(pool_worker& worker) noexcept {
  if (worker.is_seated_ && !worker.is_in_doubt_ && !worker.is_suspended_ && !worker.worn_ &&
      goes_on(worker))
    list_of(worker).push_back(worker);
}

/// To be called before what list_of() goes by changes.
void pool_machine::leave_loads(pool_worker& worker) noexcept {
  if (!worker.in_loads_.is_linked()) return;
  auto& list = list_of(worker);
  list.erase(list.iterator_to(worker));
}

bool pool_machine::has_key(const pool_worker& worker, std::uint64_t key) noexcept {
  return std::find(worker.keys_.begin(), worker.keys_.end(), key) != worker.keys_.end();
}

/// The worker to run the job; null if it has to wait. One that has run the job's key is preferred
/// to another one that would begin the job as early.
pool_worker* pool_machine::choose(const pool_job& job) noexcept {
  pool_worker* const found = choose_by_load();
  if (found && !found->jobs_.empty() && job.is_never_ahead_) return nullptr;
  if (!found || job.key_ == 0 || has_key(*found, job.key_)) return found;
  for (auto& worker : takers_[found->jobs_.size()])
    if (has_key(worker, job.key_)) return &worker;
  return found;
}

/// The worker with the fewest jobs; of those without any the one that had some last, whose memory
/// is warm.
pool_worker* pool_machine::choose_by_load() noexcept {
  if (!takers_[0].empty()) return &takers_[0].back();
  for (auto& list : takers_)
    if (!list.empty() && &list != &takers_[0]) return &list.front();
  return nullptr;
}

/// The worker with the most jobs, if the last of them may still be taken back.
pool_worker* pool_machine::choose_donor() noexcept {
  pool_worker* most = nullptr;
  for (auto& worker : workers_)
    if (worker.in_loads_.is_linked() && worker.jobs_.size() > 1 && !worker.keeps_its_jobs_ &&
        !worker.jobs_.back().errand_of_ && (!most || worker.jobs_.size() > most->jobs_.size()))
      most = &worker;
  return most;
}

/// The outdated worker that there is a replacement for: first those that were there at the last
/// recycle(), and of these the idle ones. Notices that all are replaced.
pool_worker* pool_machine::choose_outdated() noexcept {
  pool_worker* chosen = nullptr;
  auto const worth = [](const pool_worker& each) {
    return (each.is_of_before_ ? 2 : 0) + (each.jobs_.empty() ? 1 : 0);
  };
  bool has_outdated = false;
  bool has_any_of_before = false;
  for (auto& worker : workers_) {
    if (!goes_on(worker) || worker.worn_ || !worker.outdated_) continue;
    has_outdated = true;
    if (worker.is_of_before_) has_any_of_before = true;
    if (worker.ready_ && (!chosen || worth(worker) > worth(*chosen)) && may_be_replaced(worker))
      chosen = &worker;
  }
  if (!has_any_of_before && (proven_ || wanted() == 0)) end_recycling();
  replaces_ = recycling_ || has_outdated || count_outworn() != 0;
  return chosen;
}

/// Whether another worker can take the place of this one at once.
bool pool_machine::may_be_replaced(const pool_worker& worker) const noexcept {
  if (count_able() <= wanted()) return false;
  if (!worker.is_seated_ || count_seated() > wanted()) return true;
  return std::any_of(without_seat_.begin(), without_seat_.end(), [&](const pool_worker& each) {
    return goes_on(each) && !each.outdated_ && each.slot_.value_or(*worker.slot_) == *worker.slot_;
  });
}

/// A worker that waits for the seat of one that goes on, while others are to be replaced. The slot
/// was chosen when more workers were there; without this the others would wait without end.
pool_worker* pool_machine::choose_misplaced() noexcept {
  if (count_outdated() == 0 || count_able() <= wanted() || policy_.max_jobs_per_worker == 1)
    return nullptr;
  for (auto& worker : without_seat_) {
    if (!worker.slot_ || worker.outdated_ || !worker.stays() || !worker.jobs_.empty()) continue;
    auto const* const holder = seats_[*worker.slot_].holder;
    if (holder && holder->stays() && !holder->outdated_) return &worker;
  }
  return nullptr;
}

/// Counts the workers that are ready, and to be given jobs.
std::size_t pool_machine::count_able() const noexcept {
  return static_cast<std::size_t>(std::count_if(
      workers_.begin(), workers_.end(),
      [](const pool_worker& each) { return goes_on(each) && each.ready_ && !each.worn_; }));
}

/// Counts those of them that have a seat.
std::size_t pool_machine::count_seated() const noexcept {
  return static_cast<std::size_t>(std::count_if(
      workers_.begin(), workers_.end(),
      [](const pool_worker& each) { return goes_on(each) && each.is_seated_ && !each.worn_; }));
}

/// Counts the outdated workers that still take jobs.
std::size_t pool_machine::count_outdated() const noexcept {
  return static_cast<std::size_t>(std::count_if(
      workers_.begin(), workers_.end(),
      [](const pool_worker& each) { return goes_on(each) && each.outdated_ && !each.worn_; }));
}

/// Counts the workers that take no more jobs and have not been told to leave, but for those that
/// are replaced after that.
std::size_t pool_machine::count_outworn() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(workers_.begin(), workers_.end(), [](const pool_worker& each) {
        return goes_on(each) && each.worn_ &&
               (each.outdated_ || each.retires_for_ == retire_cause::resized);
      }));
}

/// How many workers there may be besides those that are wanted. One that has to end a long job
/// first does not hold up the replacement of the others.
std::size_t pool_machine::count_replacements() const noexcept {
  return replaces_ ? count_substitutes() + count_outworn() : 0;
}

/// How many of those are to take the places of workers that still take jobs.
std::size_t pool_machine::count_substitutes() const noexcept {
  std::size_t const at_once = std::max<std::size_t>(policy_.recycle.max_unavailable, 1);
  return std::min(at_once, count_outdated());
}

std::size_t pool_machine::wanted() const noexcept {
  return wanted_workers(policy_, queued_.size() + given_);
}

bool pool_machine::has_unready() const noexcept {
  return std::any_of(workers_.begin(), workers_.end(),
                     [](const pool_worker& each) { return goes_on(each) && !each.ready_; });
}

bool pool_machine::lacks_worker() const noexcept {
  // The pool gives up, or goes back, when the worker has ended that was one failure too many.
  bool const is_about_to = backoff_.gives_up() && (can_go_back_ || count_able() == 0);
  return !stopped_ && !gave_up_ && !stays_lost_ && !dormant_ && !backoff_.waits() && !is_about_to &&
         leaving_ < 2 * policy_.workers + 2 && alive_ < wanted() + count_replacements() &&
         !(backoff_.is_careful() && has_unready()) && may_start();
}

bool pool_machine::stands() const noexcept {
  bool const shrinks = std::any_of(workers_.begin(), workers_.end(), [](const pool_worker& each) {
    return goes_on(each) && each.retires_for_ == retire_cause::resized;
  });
  return count_able() >= wanted() && !shrinks;
}

// Slots

/// The worker has the slot, or waits for it.
void pool_machine::claim(pool_worker& worker, std::size_t slot) noexcept {
  worker.slot_ = slot;
  worker.has_claim_ = true;
  ++seats_[slot].claims;
}

void pool_machine::take_seat(pool_worker& worker, std::size_t slot) noexcept {
  if (!worker.slot_) claim(worker, slot);
  seats_[slot].holder = &worker;
  worker.is_seated_ = true;
}

/// @return whether the worker, which is ready, has a seat now; otherwise it waits for one
bool pool_machine::find_seat(pool_worker& worker) noexcept {
  std::size_t const first = worker.slot_.value_or(0);
  std::size_t const end = worker.slot_ ? first + 1 : policy_.workers;
  for (auto slot = first; slot < end; ++slot) {
    if (seats_[slot].holder) continue;
    take_seat(worker, slot);
    return true;
  }
  without_seat_.push_back(worker);
  return false;
}

/// The worker takes no seat any more.
void pool_machine::stop_waiting(pool_worker& worker) noexcept {
  if (worker.in_waiting_.is_linked()) without_seat_.erase(without_seat_.iterator_to(worker));
}

/// The worker uses no more what belongs to its slot.
void pool_machine::leave_seat(pool_worker& worker) noexcept {
  stop_waiting(worker);
  if (!worker.has_claim_) return;
  worker.has_claim_ = false;
  --seats_[*worker.slot_].claims;
  if (!std::exchange(worker.is_seated_, false)) return;
  seats_[*worker.slot_].holder = nullptr;
  pass_on(*worker.slot_);
}

/// Gives a free seat to the worker that has waited longest for it.
void pool_machine::pass_on(std::size_t slot) noexcept {
  if (slot >= policy_.workers || seats_[slot].holder) return;
  for (auto& worker : without_seat_) {
    if (worker.slot_.value_or(slot) != slot || worker.worn_ || !goes_on(worker)) continue;
    without_seat_.erase(without_seat_.iterator_to(worker));
    take_seat(worker, slot);
    return enter_loads(worker);
  }
}

/// The slot for the next worker, if it has one from its start: a free one, or else that of a worker
/// that is to be replaced, which is better if it can be at once, and is there for long.
std::optional<std::size_t> pool_machine::choose_slot() const noexcept {
  if (policy_.seats == seating::when_ready) return std::nullopt;
  auto const cost = [this](std::size_t slot) {
    auto const& at = seats_[slot];
    // A slot that is in use until its worker's end is shared with a replacement alone.
    bool const goes = at.holder && (policy_.seats == seating::until_end
                                        ? at.holder->outdated_ && goes_on(*at.holder)
                                        : at.holder->outdated_ || !at.holder->stays());
    return std::tuple{at.claims - (goes ? 1 : 0), at.claims, !goes || !at.holder->is_of_before_,
                      !goes || !at.holder->jobs_.empty(),
                      goes ? at.holder->started_at_ : moment::max()};
  };
  std::size_t best = 0;
  for (std::size_t slot = 1; slot < policy_.workers; ++slot)
    if (cost(slot) < cost(best)) best = slot;
  return best;
}

/// Whether there is a slot for one more worker.
bool pool_machine::may_start() const noexcept {
  if (policy_.seats != seating::until_end) return true;
  auto const& at = seats_[*choose_slot()];
  // A replacement shares the slot of the one that it replaces, which goes on until then.
  return at.claims == 0 ||
         (at.claims == 1 && at.holder && at.holder->outdated_ && goes_on(*at.holder));
}

// Steps that several events share

void pool_machine::unlink(pool_job& job) noexcept {
  pool_worker& worker = *std::exchange(job.worker_, nullptr);
  bool const was_first = worker.first() == &job;
  worker.jobs_.erase(worker.jobs_.iterator_to(job));
  --given_;
  if (job.is_check_) --checks_given_;
  worker.keeps_its_jobs_ = false;
  if (worker.to_end_ == &job) worker.to_end_ = nullptr;
  if (worker.jobs_.empty()) --busy_;
  if (was_first) first_changed(worker);
}

/// @return the worker that had the job, and has not done it
pool_worker& pool_machine::take_from_worker(pool_job& job) noexcept {
  pool_worker& worker = *job.worker_;
  leave_loads(worker);
  unlink(job);
  if (!job.errand_of_) --worker.given_;
  enter_loads(worker);
  return worker;
}

void pool_machine::requeue(pool_job& job) noexcept {
  if (stopped_) return finish(job, job_end::pool_stopped);
  if (job.has_expired_) return finish(job, job_end::expired);
  if (gave_up_) return finish(job, job_end::gave_up);
  if (job.state_ != state_ && policy_.state != bound_state::none)
    return finish(job, job_end::state_lost);
  if (job.errand_of_) {
    bool const may_run = goes_on(*job.errand_of_) && !job.errand_of_->worn_;
    return may_run ? put_errand(job) : finish(job, job_end::worker_gone);
  }
  queued_.put_back(job);
}

/// Another worker is to take the place of this one.
/// @param has_started otherwise the other one replaces what this one was to replace, if anything
void pool_machine::replace(const pool_worker& worker, bool has_started) noexcept {
  if (!has_started && worker.replaces_another_) --restarts_;
  if (has_started || worker.replaces_another_) ++to_replace_;
}

void pool_machine::mark_done(pool_job& job) noexcept {
  job.done_ = true;
  deadlines_.erase(job);
}

void pool_machine::finish(pool_job& job, job_end how) noexcept {
  mark_done(job);
  job.end_ = how;
  ending_.push_back(job);
}

void pool_machine::refuse_all(job_end how) noexcept {
  while (!with_errands_.empty()) {
    pool_job& job = with_errands_.front().errands_.front();
    leave_queue(job);
    finish(job, how);
  }
  while (!queued_.empty()) {
    pool_job& job = static_cast<pool_job&>(queued_.oldest());
    queued_.erase(job);
    finish(job, how);
  }
  while (!outside_.empty()) {
    pool_job& job = outside_.front();
    leave_queue(job);
    finish(job, how);
  }
}

/// Ends the worker for the sake of its first job, or asks that job to stop, unless the job proves
/// to be done.
void pool_machine::end_for(pool_job& job, stop_cause why, cancel_kind kind) noexcept {
  pool_worker& worker = *job.worker_;
  worker.to_end_ = &job;
  worker.why_to_end_ = why;
  bool const asks = is_to_be_asked(job, kind);
  // A job that listens brings its worker no signal but SIGKILL.
  worker.how_to_end_ = job.listens_ && !asks ? cancel_kind::terminate : kind;
  // A job that is asked does not end its worker, so the jobs after it stay.
  if (!asks) worker.recalls_ = true;
  worker.reads_ = true;
  put_on_agenda(worker);
}

/// Whether the job is asked to stop, in place of a polite signal to its worker.
bool pool_machine::is_to_be_asked(const pool_job& job, cancel_kind kind) noexcept {
  return job.listens_ && kind != cancel_kind::terminate && job.grace_ > nanoseconds::zero();
}

bool pool_machine::was_asked(const pool_job& job) noexcept {
  return job.asked_for_ != stop_cause::none;
}

/// When the grace of a job is over that was asked to stop; the end of time for any other.
moment pool_machine::asked_until(const pool_job& job) noexcept {
  return was_asked(job) ? job.asked_until_ : moment::max();
}

/// The job has until the end of its grace, whatever its timeout says.
pool_action pool_machine::ask_to_stop(pool_job& job, stop_cause why) noexcept {
  pool_worker& worker = *job.worker_;
  job.asked_for_ = why;
  job.asked_until_ = later(now_, job.grace_);
  set_due(worker, job.asked_until_);
  return {.what = pool_action::kind::ask_to_stop, .worker = &worker, .job = &job};
}

void pool_machine::stop(pool_worker& worker, stop_cause why, cancel_kind kind,
                        nanoseconds grace) noexcept {
  if (worker.stopped_for_ == stop_cause::none) {
    leave_loads(worker);
    lose_state(worker);
    drop_errands(worker);
    stop_waiting(worker);
    // A job that has a grace still uses the slot. Another state does not wait for it.
    bool const keeps_seat = worker.is_seated_ && policy_.state == bound_state::none;
    if (!keeps_seat && policy_.seats != seating::until_end) leave_seat(worker);
    if (is_leaving(worker)) --leaving_;
    if (!worker.retiring_) {
      --alive_;
      replace(worker, why != stop_cause::start_timeout);
    }
    worker.stopped_for_ = why;
  }
  worker.due_ = moment::max();
  worker.tells_to_stop_ = true;
  worker.how_to_stop_ = kind;
  worker.grace_ = grace;
  put_on_agenda(worker);
}

void pool_machine::retire(pool_worker& worker, retire_cause why) noexcept {
  leave_loads(worker);
  lose_state(worker);
  --alive_;
  ++leaving_;
  worker.retiring_ = true;
  if (worker.retires_for_ == retire_cause::none) worker.retires_for_ = why;
  drop_errands(worker);
  stop_waiting(worker);
  if (policy_.seats != seating::until_end) leave_seat(worker);
  worker.tells_to_retire_ = true;
  bool const crowded = leaving_ > policy_.workers;
  set_due(worker, later(now_, crowded ? patience_in_a_crowd : patience_to_retire));
  put_on_agenda(worker);
}

bool pool_machine::is_leaving(const pool_worker& worker) noexcept {
  return worker.retiring_ && worker.stopped_for_ == stop_cause::none;
}

bool pool_machine::goes_on(const pool_worker& worker) noexcept {
  return !worker.retiring_ && worker.stopped_for_ == stop_cause::none;
}

void pool_machine::first_changed(pool_worker& worker) noexcept {
  pool_job* const first = worker.first();
  worker.first_since_ = worker.begun_after_ = now_;
  worker.is_due_ = worker.is_unresponsive_ = worker.wakes_ = worker.woken_ = false;
  if (!first || worker.stopped_for_ != stop_cause::none) {
    worker.due_ = moment::max();
    return;
  }
  moment const due = later(now_, first->was_lost_ ? patience_to_wake : patience_to_begin);
  set_due(worker, first->timeout_ ? std::min(due, later(now_, *first->timeout_)) : due);
}

void pool_machine::set_due(pool_worker& worker, moment when) noexcept {
  worker.due_ = when;
  first_due_ = std::min(first_due_, when);
}

/// The worker has no jobs.
void pool_machine::rest_or_retire(pool_worker& worker) noexcept {
  if (!goes_on(worker)) return;
  if (worker.worn_) {
    // The replacement of an outdated worker is there already.
    if (worker.outdated_)
      ++restarts_;
    else if (worker.retires_for_ != retire_cause::resized)
      ++to_replace_;
    return retire(worker, worker.retires_for_);
  }
  worker.idle_since_ = now_;
}

}  // namespace isolatte::inline v0_1::logic
