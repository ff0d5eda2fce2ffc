// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool/pool.hpp"

#include "launch/symboliser.hpp"
#include "posix/child/worker_main.hpp"
#include "vocabulary/errors.hpp"
#include "vocabulary/sinks.hpp"

#include <isolatte/detail/operation/map_operation.hpp>
#include <isolatte/error.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace isolatte::pool {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Replies handled before others get their turn of the event loop.
constexpr int replies_per_turn = 256;

logic::pool_policy policy_of(const pool_options& opts) {
  logic::pool_policy policy;
  policy.workers = opts.workers != 0 ? opts.workers : detail::processors();
  policy.max_jobs_per_worker = opts.max_jobs_per_worker;
  policy.max_queued = opts.max_queued;
  policy.max_worker_memory = opts.max_worker_memory;
  policy.lets_idle_ones_go = opts.idle_timeout.has_value();
  policy.attributes_output = detail::is_read(opts.worker.out) || detail::is_read(opts.worker.err);
  return policy;
}

detail::byte_buffer copy_of(const detail::byte_buffer& from) {
  detail::byte_buffer copy;
  copy.append(from.data(), from.size());
  return copy;
}

}  // namespace

std::shared_ptr<pool> pool::make(const asio::any_io_executor& executor, pool_options opts,
                                 error_code& ec) {
  if (opts.worker.keep.all()) {
    // A fork server's children cannot have it, and to keep less would be to say nothing of it.
    ec = make_error_code(boost::system::errc::operation_not_supported);
    return nullptr;
  }
  auto self = std::make_shared<pool>(only_make{}, executor, std::move(opts));
  self->server_ = launch::template_process::make(executor, launch::ahead_of_need::nothing, ec);
  if (ec) return nullptr;
  supervise::context_service::join(executor, self->membership_, self);
  asio::post(self->strand_, [self] { self->maintain(); });
  return self;
}

pool::pool(only_make, const asio::any_io_executor& executor, pool_options opts)
    : executor_{executor},
      strand_{executor},
      opts_{std::move(opts)},
      policy_{policy_of(opts_)},
      retry_timer_{strand_},
      idle_timer_{strand_} {}

// Jobs

void pool::async_run(const detail::remote_call& call, const job_options& opts,
                     detail::report_handler handler) {
  auto what = std::make_shared<job>();
  what->header.size = call.arguments.size();
  what->header.max_result = opts.max_result;
  what->header.entry = posix::locate_code(reinterpret_cast<std::uintptr_t>(call.entry));
  if (call.function != 0) what->header.function = posix::locate_code(call.function);
  what->arguments.append(call.arguments.data(), call.arguments.size());
  what->timeout = opts.timeout ? opts.timeout : opts_.worker.timeout;
  what->grace = opts.grace.value_or(opts_.worker.grace);
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected())
    slot.assign([pool = weak_from_this(), job = std::weak_ptr{what}](asio::cancellation_type type) {
      auto const self = pool.lock();
      auto const meant = job.lock();
      if (self && meant)
        asio::post(self->strand_, [self, meant, type] { self->cancel(meant, type); });
    });
  what->handler.emplace(std::move(handler), executor_);
  enter([self = shared_from_this(), what = std::move(what)]() mutable {
    self->accept(std::move(what));
  });
}

/// A line callback runs on the strand, in the middle of something: what it asks for comes behind.
template <class Step>
void pool::enter(Step what) {
  if (strand_.running_in_this_thread())
    asio::post(strand_, std::move(what));
  else
    asio::dispatch(strand_, std::move(what));
}

void pool::accept(job_pointer what) {
  // Cancelled before it came here.
  if (!what->handler) return;
  if (stopped_) return refuse(what, asio::error::operation_aborted, "the pool is stopped");
  if (broken_) return refuse(what, error::broken_pool, "initialising a worker");
  std::size_t jobs = queued_.size();
  for (auto const& each : workers_) jobs += each->jobs.size();
  if (!logic::has_room(policy_, jobs))
    return refuse(what, error::queue_full, "waiting for a worker");
  queued_.push_back(std::move(what));
  // A job does not wait for a retry that may be far off.
  if (retrying_ && workers_.empty()) retry_timer_.cancel();
  dispatch();
  maintain();
}

void pool::cancel(const job_pointer& what, asio::cancellation_type type) {
  if (!what->handler) return;
  worker* const at = what->at;
  if (at && !at->take_back(what)) {
    auto const found = std::find_if(workers_.begin(), workers_.end(),
                                    [at](auto const& each) { return each.get() == at; });
    if (what->stopped_for == job::cause::none) what->stopped_for = job::cause::cancel;
    stop_worker(*found, type, what->grace);
    return;
  }
  std::erase(queued_, what);
  refuse(what, asio::error::operation_aborted, "waiting for a worker");
  dispatch();
  check_drained();
}

bool pool::is_busy() const noexcept {
  return !queued_.empty() || std::any_of(workers_.begin(), workers_.end(),
                                         [](auto const& each) { return !each->jobs.empty(); });
}

pool::worker_pointer pool::choose() const {
  auto const busy = static_cast<std::size_t>(std::count_if(
      workers_.begin(), workers_.end(), [](auto const& each) { return !each->jobs.empty(); }));
  worker_pointer best;
  for (auto const& each : workers_) {
    logic::worker_load const load{each->jobs.size(), each->given,
                                  each->ready && !each->retiring && !each->stopping};
    if (logic::may_take(policy_, load, busy) && (!best || load.jobs < best->jobs.size()))
      best = each;
  }
  return best;
}

void pool::dispatch() {
  while (!queued_.empty()) {
    auto const to = choose();
    if (!to) break;
    auto const what = std::move(queued_.front());
    queued_.pop_front();
    give(to, what);
  }
  count();
}

void pool::give(const worker_pointer& to, const job_pointer& what) {
  bool const is_first = to->jobs.empty();
  to->give(what, next_id_++);
  if (!std::exchange(what->was_started, true)) ++counters_.started;
  if (is_first) first_changed(to);
  if (std::exchange(to->writing, true)) return;
  // All that this turn of the event loop brings about goes at once.
  asio::post(strand_, [self = shared_from_this(), to] { self->flush(to); });
}

void pool::flush(const worker_pointer& to) {
  to->writing = false;
  if (!to->socket.is_open()) return;
  error_code ec;
  if (to->flush(ec)) return;
  if (ec) {
    // Where there is no other end any more it ends by itself, and that tells more.
    if (ec != asio::error::broken_pipe && ec != asio::error::connection_reset)
      stop_worker(to, asio::cancellation_type::terminal, {});
    return;
  }
  to->writing = true;
  to->socket.async_wait(supervise::stream_descriptor::wait_write,
                        [self = shared_from_this(), to](const error_code& e) {
                          if (e)
                            to->writing = false;
                          else
                            self->flush(to);
                        });
}

/// A worker with nothing to do takes what another one has not begun with.
void pool::even_out() {
  while (queued_.empty()) {
    auto const idle = choose();
    if (!idle || !idle->jobs.empty()) return;
    auto const most = std::max_element(
        workers_.begin(), workers_.end(),
        [](auto const& a, auto const& b) { return a->jobs.size() < b->jobs.size(); });
    if ((*most)->jobs.size() < 2) return;
    auto const what = (*most)->jobs.back();
    if (!(*most)->take_back(what)) return;
    give(idle, what);
    count();
  }
}

// Workers

void pool::maintain() {
  if (stopped_ || retrying_) return;
  std::size_t jobs = queued_.size();
  std::size_t alive = 0;
  for (auto const& each : workers_) {
    jobs += each->jobs.size();
    alive += !each->retiring && !each->stopping;
  }
  if (broken_) {
    // What came back from a worker that died is for nobody where no other is left.
    if (alive == 0) refuse_queued(error::broken_pool, "initialising a worker");
    return;
  }
  for (std::size_t const wanted = logic::wanted_workers(policy_, jobs);
       alive < wanted && !broken_ && !retrying_; ++alive)
    start_worker();
  count();
}

void pool::start_worker() {
  error_code ec;
  try {
    auto const fresh = std::make_shared<worker>(strand_, opts_.worker, unwanted_);
    worker::child_side child = fresh->open(ec);
    if (ec) return start_failed(ec);
    options opts = opts_.worker;
    opts.timeout.reset();
    opts.early = false;
    if (child.out) opts.out = to_fd{child.out.get()};
    if (child.err) opts.err = to_fd{child.err.get()};
    auto kept = opts.keep.fds();
    kept.push_back(child.socket.get());
    kept.push_back(child.page.get());
    opts.keep = kept;
    posix::worker_plan plan;
    plan.socket = child.socket.get();
    plan.page = child.page.get();
    plan.report_memory = policy_.max_worker_memory ? 1 : 0;
    auto const* const initializer = opts_.initializer.get();
    if (initializer) {
      plan.initializer = posix::locate_code(reinterpret_cast<std::uintptr_t>(initializer->entry));
      if (initializer->function != 0)
        plan.initializer_function = posix::locate_code(initializer->function);
    }
    auto const call = posix::make_worker_call(
        plan, initializer ? initializer->arguments.bytes() : std::span<const std::byte>{});
    fresh->run = supervise::supervisor::make(executor_, opts, launch::template_process::streams,
                                             opts.fault_report ? launch::symbolise : nullptr, ec);
    if (ec) return start_failed(ec);
    // Once the run has its handler, its end alone lets go of the worker: nothing may throw past it.
    std::list<worker_pointer> place{fresh};
    fresh->run->async_own(
        [self = shared_from_this(), fresh](const error_code& e, detail::report what) {
          asio::dispatch(self->strand_, [self, fresh, e, what = std::move(what)]() mutable {
            self->on_end(fresh, e, std::move(what));
          });
        });
    workers_.splice(workers_.end(), place);
    try {
      server_->launch(fresh->run, call, opts, ec);
    } catch (const std::bad_alloc&) {
      ec = make_error_code(boost::system::errc::not_enough_memory);
    }
    if (ec) {
      fresh->run->fail(ec, "starting a worker");
      return;
    }
    if (ends_to_replace_ != 0) {
      --ends_to_replace_;
      ++counters_.restarts;
    }
    await_replies(fresh);
    await_output(fresh, &worker::out);
    await_output(fresh, &worker::err);
  } catch (...) {
    start_failed(detail::error_of_caught());
  }
}

/// The system has refused a process, a descriptor, memory: for now, perhaps. With workers left
/// their jobs go on; with none, waiting for ever would help nobody.
void pool::start_failed(const error_code& ec) {
  if (++refused_starts_ >= logic::most_failed_starts && workers_.empty()) {
    refuse_queued(ec, "starting a worker");
    if (policy_.lets_idle_ones_go) return;
  }
  retry_later();
}

void pool::retry_later() {
  if (std::exchange(retrying_, true)) return;
  retry_timer_.expires_after(logic::time_until_retry(refused_starts_));
  retry_timer_.async_wait([self = shared_from_this()](const error_code&) {
    self->retrying_ = false;
    self->maintain();
  });
}

void pool::await_replies(const worker_pointer& from) {
  from->socket.async_wait(supervise::stream_descriptor::wait_read,
                          [self = shared_from_this(), from](const error_code& ec) {
                            if (!ec && self->read_some_replies(from)) self->await_replies(from);
                          });
}

void pool::await_output(const worker_pointer& from,
                        std::optional<supervise::output_reader> worker::* which) {
  auto& reader = (*from).*which;
  if (!reader || !reader->is_open()) return;
  reader->descriptor().async_wait(
      supervise::stream_descriptor::wait_read,
      [self = shared_from_this(), from, which](const error_code& ec) {
        if (ec) return;
        // What a line callback throws leaves the event loop's run(); the pool goes on.
        asio::post(self->strand_, [self, from, which] { self->await_output(from, which); });
        auto& ready = (*from).*which;
        if (ready->is_open()) ready->read();
      });
}

void pool::take_output(const worker_pointer& from, detail::run_summary& into) {
  try {
    from->take_output(into);
  } catch (...) {
    asio::post(executor_, [error = std::current_exception()] { std::rethrow_exception(error); });
  }
}

/// @return whether more may come later
bool pool::read_some_replies(const worker_pointer& from) {
  for (int turn = 0; turn != replies_per_turn; ++turn) {
    if (!from->socket.is_open()) return false;
    error_code ec;
    std::size_t const most = from->jobs.empty() ? 0 : from->jobs.front()->header.max_result;
    std::optional<reply> next;
    try {
      next = from->next_reply(most, ec);
    } catch (const std::bad_alloc&) {
      ec = make_error_code(boost::system::errc::not_enough_memory);
    }
    if (ec == asio::error::eof || ec == asio::error::connection_reset) return false;
    if (ec) {
      // Not what a worker says: what its jobs do to its memory it may do to its replies.
      stop_worker(from, asio::cancellation_type::terminal, {});
      return false;
    }
    if (!next) return true;
    take_reply(from, std::move(*next));
  }
  return true;
}

void pool::take_reply(const worker_pointer& from, reply what) {
  if (!from->ready) return take_readiness(from, std::move(what));
  if (from->jobs.empty() || from->jobs.front()->header.id != what.header.id)
    return stop_worker(from, asio::cancellation_type::terminal, {});
  auto const done = from->take_first();
  from->was_of_use = true;
  failed_starts_ = 0;
  counters_.busy += std::chrono::nanoseconds{what.header.usage.wall}.count();

  detail::report report;
  int const pid = from->run->pid();
  report.summary.pid = pid != 0 ? pid : what.header.pid;
  take_output(from, report.summary);
  if (what.header.unknown_function) {
    complete(done, error::unknown_function, std::move(report));
  } else {
    using detail::payload_kind;
    report.summary.usage = what.header.usage;
    report.summary.ran = ran::yes;
    report.summary.how = what.header.kind == payload_kind::value       ? ending::returned
                         : what.header.kind == payload_kind::exception ? ending::threw
                                                                       : ending::undelivered;
    if (report.summary.how == ending::undelivered)
      report.summary.reason = "the value could not be serialised";
    report.kind = what.header.kind;
    report.payload = std::move(what.payload);
    report.max_result = done->header.max_result;
    complete(done, {}, std::move(report));
  }

  if (!from->retiring &&
      logic::is_worn(policy_, from->given - from->jobs.size(), what.header.resident)) {
    requeue(from);
    if (from->jobs.empty()) {
      from->retire();
      ++ends_to_replace_;
    }
  }
  first_changed(from);
  dispatch();
  if (from->jobs.empty()) became_idle(from);
  maintain();
  check_drained();
}

void pool::take_readiness(const worker_pointer& from, reply what) {
  if (what.header.id != posix::reply_header::ready || what.header.unknown_function)
    return break_down({});
  if (what.header.kind == detail::payload_kind::exception)
    return break_down(std::move(what.payload));
  from->ready = true;
  refused_starts_ = 0;
  dispatch();
  if (from->jobs.empty()) became_idle(from);
}

void pool::became_idle(const worker_pointer& which) {
  if (broken_) return which->retire();
  which->idle_since = clock::now();
  even_out();
  await_idleness();
}

void pool::await_idleness() {
  if (!opts_.idle_timeout || awaiting_idleness_) return;
  clock::time_point first = clock::time_point::max();
  for (auto const& each : workers_)
    if (each->ready && each->jobs.empty() && !each->retiring && !each->stopping)
      first = std::min(first, each->idle_since);
  if (first == clock::time_point::max()) return;
  awaiting_idleness_ = true;
  idle_timer_.expires_at(first + *opts_.idle_timeout);
  idle_timer_.async_wait([self = shared_from_this()](const error_code& ec) {
    self->awaiting_idleness_ = false;
    if (ec) return;
    for (auto const& each : self->workers_)
      if (each->ready && each->jobs.empty() && !each->retiring && !each->stopping &&
          clock::now() - each->idle_since >= *self->opts_.idle_timeout)
        each->retire();
    self->await_idleness();
  });
}

void pool::first_changed(const worker_pointer& of) {
  of->first_since = clock::now();
  if (of->jobs.empty()) {
    of->timer.cancel();
    return;
  }
  auto const first = of->jobs.front();
  if (!first->timeout) {
    of->timer.cancel();
    return;
  }
  of->timer.expires_after(std::min<clock::duration>(*first->timeout, std::chrono::hours{24 * 365}));
  of->timer.async_wait([self = shared_from_this(), of, first](const error_code& ec) {
    if (!ec) self->on_timeout(of, first);
  });
}

void pool::on_timeout(const worker_pointer& of, const job_pointer& what) {
  // What is done by now is not late.
  read_some_replies(of);
  if (of->jobs.empty() || of->jobs.front() != what || what->stopped_for != job::cause::none) return;
  what->stopped_for = job::cause::timeout;
  if (of->take_back(what)) {
    detail::report report;
    report.summary.how = ending::timed_out;
    complete(what, {}, std::move(report));
    first_changed(of);
    dispatch();
    return check_drained();
  }
  stop_worker(of, asio::cancellation_type::partial, what->grace);
}

void pool::stop_worker(const worker_pointer& which, asio::cancellation_type type,
                       std::chrono::nanoseconds grace) {
  if (!std::exchange(which->stopping, true)) ++ends_to_replace_;
  requeue(which);
  which->run->stop(type, grace);
  dispatch();
  maintain();
}

/// What the worker has not begun with others do.
void pool::requeue(const worker_pointer& from) {
  auto const jobs = from->jobs;
  for (auto each = jobs.rbegin(); each != jobs.rend(); ++each)
    if (from->take_back(*each)) {
      queued_.push_front(*each);
      from->had_jobs = true;
    }
}

void pool::on_end(const worker_pointer& which, const error_code& ec, detail::report what) {
  // What it has said before its end counts.
  bool const was_ready = which->ready;
  while (which->socket.is_open() && !which->jobs.empty()) {
    auto const before = which->jobs.size();
    if (!read_some_replies(which) || which->jobs.size() == before) break;
  }
  if (!was_ready && which->socket.is_open()) read_some_replies(which);
  requeue(which);
  detail::run_summary const& summary = what.summary;
  for (auto const& victim : std::exchange(which->jobs, {})) {
    which->was_of_use = true;
    failed_starts_ = 0;
    detail::report report;
    report.summary = summary;
    report.summary.ran = ran::yes;
    take_output(which, report.summary);
    report.summary.usage.wall = clock::now() - which->first_since;
    error_code error;
    if (summary.how == ending::cancelled) {
      bool const late = victim->stopped_for == job::cause::timeout;
      bool const refused = victim->stopped_for == job::cause::none && !stopped_ &&
                           ec == asio::error::operation_aborted;
      report.summary.how = late      ? ending::timed_out
                           : refused ? ending::undelivered
                                     : ending::cancelled;
      if (refused) report.summary.reason = "the job's reply was malformed or too large";
      if (report.summary.how == ending::cancelled) error = asio::error::operation_aborted;
    } else if (summary.how == ending::returned || summary.how == ending::threw) {
      report.summary.how = ending::undelivered;
      report.summary.reason = "the job closed its worker's channel";
    }
    if (ec && ec != asio::error::operation_aborted) error = ec;
    counters_.busy += std::chrono::nanoseconds{report.summary.usage.wall}.count();
    complete(victim, error, std::move(report));
  }
  which->close();
  workers_.remove(which);
  if (!which->stopping && !which->retiring) ++ends_to_replace_;
  // One that has never done anything is not to be followed by another one for ever.
  bool const was_useless = !which->was_of_use && (!which->ready || which->had_jobs);
  if (was_useless && !stopped_ && !broken_) {
    bool const failed_itself = !which->ready && !which->stopping && opts_.initializer.get();
    if (summary.how == ending::not_started)
      start_failed(ec);
    else if (failed_itself || ++failed_starts_ >= logic::most_failed_starts)
      break_down({});
  }
  dispatch();
  maintain();
  check_drained();
}

// Completion

void pool::complete(const job_pointer& what, const error_code& ec, detail::report report) {
  ++counters_.endings[static_cast<std::size_t>(report.summary.how)];
  auto next = std::move(*what->handler);
  what->handler.reset();
  what->at = nullptr;
  asio::post(executor_, [next = std::move(next), ec, report = std::move(report)]() mutable {
    std::move(next).complete(ec, std::move(report));
  });
}

void pool::refuse(const job_pointer& what, const error_code& ec, const char* why) {
  detail::report report;
  report.summary.reason = why;
  if (broken_ && !why_broken_.empty()) {
    report.kind = detail::payload_kind::exception;
    report.payload = copy_of(why_broken_);
  }
  complete(what, ec, std::move(report));
  count();
}

void pool::refuse_queued(const error_code& ec, const char* why) {
  for (auto const& what : std::exchange(queued_, {})) refuse(what, ec, why);
  check_drained();
}

void pool::break_down(detail::byte_buffer why) {
  if (std::exchange(broken_, true)) return;
  why_broken_ = std::move(why);
  refuse_queued(error::broken_pool, "initialising a worker");
  // Those that do jobs go when they have done them.
  for (auto const& each : workers_)
    if (each->ready && each->jobs.empty() && !each->retiring && !each->stopping) each->retire();
}

void pool::check_drained() {
  count();
  if (drains_.empty() || is_busy()) return;
  for (auto& each : std::exchange(drains_, {}))
    asio::post(executor_, [next = std::move(each)]() mutable { std::move(next).complete({}); });
}

void pool::async_drain(drain_handler handler) {
  asio::post(strand_, [self = shared_from_this(),
                       next = pending_drain{std::move(handler), executor_}]() mutable {
    self->drains_.push_back(std::move(next));
    self->check_drained();
  });
}

void pool::release() {
  unwanted_ = true;
  stop();
}

void pool::stop() {
  server_->close();
  enter([self = shared_from_this()] {
    if (std::exchange(self->stopped_, true)) return;
    self->retry_timer_.cancel();
    self->idle_timer_.cancel();
    for (auto const& each : self->workers_) {
      self->requeue(each);
      each->stopping = true;
      each->run->abort(asio::error::operation_aborted);
    }
    self->refuse_queued(asio::error::operation_aborted, "the pool is stopped");
  });
}

void pool::count() {
  std::size_t waiting = queued_.size();
  std::size_t running = 0;
  for (auto const& each : workers_) {
    running += !each->jobs.empty();
    waiting += each->jobs.empty() ? 0 : each->jobs.size() - 1;
  }
  counters_.running = running;
  counters_.queued = waiting;
  counters_.workers = workers_.size();
}

pool_stats pool::stats() const {
  pool_stats result;
  result.started = counters_.started;
  result.running = counters_.running;
  result.queued = counters_.queued;
  for (std::size_t i = 0; i != counters_.endings.size(); ++i)
    if (std::uint64_t const number = counters_.endings[i])
      result.endings[static_cast<ending>(i)] = number;
  result.workers = counters_.workers;
  result.restarts = counters_.restarts;
  result.busy = std::chrono::nanoseconds{counters_.busy};
  return result;
}

void pool::abandon() noexcept {
  membership_.forget();
  stopped_ = true;
  for (auto const& each : workers_) {
    each->close();
    each->jobs.clear();
  }
  workers_.clear();
  queued_.clear();
  drains_.clear();
}

}  // namespace isolatte::pool
