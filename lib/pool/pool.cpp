// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool/pool.hpp"

#include "launch/template_process.hpp"
#include "posix/child/worker_main.hpp"
#include "posix/child/worker_place.hpp"
#include "vocabulary/errors.hpp"
#include "vocabulary/sinks.hpp"

#include <isolatte/detail/operation/map_operation.hpp>
#include <isolatte/detail/task/make_outcome.hpp>
#include <isolatte/error.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <algorithm>
#include <exception>
#include <functional>
#include <new>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

namespace isolatte::inline v0_1::pool {

namespace asio = boost::asio;
using boost::system::error_code;
using logic::job_end;
using logic::job_loss;
using logic::pool_action;
using logic::stop_cause;

namespace {

/// More processes than any system has.
constexpr std::size_t most_workers = std::size_t{1} << 22;

/// How long an idle worker stays that pool_options::min_workers does not keep.
constexpr std::chrono::minutes usual_idle_timeout{1};

/// How long an event loop that spins lets other handlers wait.
constexpr std::chrono::microseconds spin_turn{5};

logic::pool_policy policy_of(const pool_options& opts, logic::bound_state state) {
  logic::pool_policy policy;
  policy.state = state;
  auto const usual = opts.slots.empty() ? detail::processors() : opts.slots.size();
  policy.workers = opts.workers != 0 ? opts.workers : usual;
  policy.max_jobs_per_worker = opts.max_jobs_per_worker;
  policy.max_queued = opts.max_queued;
  policy.max_worker_memory = opts.max_worker_memory;
  policy.idle_timeout = opts.idle_timeout;
  policy.min_workers = opts.min_workers;
  if (opts.min_workers && !opts.idle_timeout) policy.idle_timeout = usual_idle_timeout;
  policy.startup = {.timeout = opts.startup.timeout,
                    .backoff_min = opts.startup.backoff_min,
                    .backoff_max = opts.startup.backoff_max,
                    .give_up_after = opts.startup.give_up_after};
  policy.recycle = {.age = opts.recycle.age,
                    .memory_growth = opts.recycle.memory_growth,
                    .checks_health = opts.recycle.healthy.get() != nullptr,
                    .jitter = opts.recycle.jitter,
                    .max_unavailable = opts.recycle.max_unavailable};
  policy.seats = !opts.slots.empty()      ? logic::seating::until_end
                 : opts.initializer.get() ? logic::seating::at_start
                                          : logic::seating::when_ready;
  policy.seed =
      static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  policy.attributes_output = detail::is_read(opts.worker.out) || detail::is_read(opts.worker.err);
  return policy;
}

/// Says what is wrong with options that make no sense.
detail::refusal check(const pool_options& opts, std::size_t workers) {
  using std::chrono::nanoseconds;
  auto const wrong = [](const char* what) {
    return detail::refusal{make_error_code(boost::system::errc::invalid_argument), what};
  };
  auto const is_too_short = [](const std::optional<nanoseconds>& time) {
    return time && *time <= nanoseconds::zero();
  };
  // A fork server's children cannot have all descriptors of the program, and fewer would be a
  // silent change of the meaning.
  if (opts.worker.keep.all())
    return {make_error_code(boost::system::errc::operation_not_supported),
            "pool_options::worker: keep cannot be all_descriptors"};
  if (workers > most_workers) return wrong("pool_options::workers: too many");
  if (!opts.slots.empty() && opts.slots.size() < workers)
    return wrong("pool_options::slots: there are fewer than workers");
  for (auto const& each : opts.slots)
    if (auto const ec = posix::check_place(each))
      return {ec,
              "pool_options::slots: a processor that the program may not use, or a variable "
              "whose name or value no environment can have"};
  if (opts.spin < nanoseconds::zero() || opts.spin > std::chrono::seconds{1})
    return wrong("pool_options::spin: negative, or more than a second");
  if (opts.min_workers && *opts.min_workers > workers)
    return wrong("pool_options::min_workers: more than workers");
  if (is_too_short(opts.startup.timeout))
    return wrong("pool_options::startup: the timeout is not positive");
  if (opts.startup.backoff_min < nanoseconds::zero() ||
      opts.startup.backoff_max < opts.startup.backoff_min)
    return wrong("pool_options::startup: backoff_min is negative, or more than backoff_max");
  if (opts.recycle.healthy.get() && opts.recycle.healthy.limit() <= nanoseconds::zero())
    return wrong("pool_options::recycle: the limit of the health check is not positive");
  if (opts.recycle.max_unavailable == 0)
    return wrong("pool_options::recycle: max_unavailable is 0, so none could be replaced");
  if (is_too_short(opts.recycle.age))
    return wrong("pool_options::recycle: the age is not positive");
  if (!(opts.recycle.jitter >= 0 && opts.recycle.jitter <= 1))
    return wrong("pool_options::recycle: the jitter is not from 0 to 1");
  return {};
}

detail::byte_buffer copy_of(const detail::byte_buffer& from) {
  detail::byte_buffer copy;
  copy.append(from.data(), from.size());
  return copy;
}

/// Handlers on the strand at once: each worker's waits for replies, output, and room, and what it
/// sends; the rest is for the pool itself. A worker may end while another takes its place.
std::size_t handlers_at_once(std::size_t workers) noexcept { return 16 + 10 * workers; }

constexpr auto known_types = asio::cancellation_type::terminal | asio::cancellation_type::partial |
                             asio::cancellation_type::total;

logic::cancel_kind kind_of(asio::cancellation_type type) noexcept {
  using asio::cancellation_type;
  auto const asks = [type](cancellation_type what) {
    return (type & what) != cancellation_type::none;
  };
  if (asks(cancellation_type::terminal)) return logic::cancel_kind::terminate;
  if (asks(cancellation_type::partial)) return logic::cancel_kind::request_exit;
  return logic::cancel_kind::interrupt;
}

logic::job_wishes wishes_of(const job_options& opts, const detail::talk_needs& talk) {
  logic::job_wishes wishes;
  wishes.listens = talk.stops;
  // Its end of the conversation goes with it, and a worker that runs another job could use that.
  wishes.is_never_ahead = bool{talk};
  wishes.rank.priority = opts.priority;
  wishes.rank.tenant = opts.tenant.view();
  if (opts.deadline) wishes.rank.deadline = *opts.deadline;
  if (auto const key = opts.key.view(); !key.empty()) {
    wishes.key = std::hash<std::string_view>{}(key);
    // 0 is no key.
    if (wishes.key == 0) wishes.key = 1;
  }
  wishes.waits_for_room = opts.when_full == admission::wait;
  return wishes;
}

/// Whether an initializer's stderr leads to the pool, which tells how the initializer failed.
bool diverts_err(const pool_options& opts) noexcept {
  auto const& err = opts.worker.err;
  return opts.initializer.get() &&
         (std::holds_alternative<inherit_t>(err) || std::holds_alternative<discard_t>(err));
}
bool passes_err_on(const pool_options& opts) noexcept {
  return std::holds_alternative<inherit_t>(opts.worker.err);
}

asio::cancellation_type type_of(logic::cancel_kind kind) noexcept {
  switch (kind) {
    case logic::cancel_kind::interrupt: return asio::cancellation_type::total;
    case logic::cancel_kind::request_exit: return asio::cancellation_type::partial;
    case logic::cancel_kind::terminate: break;
  }
  return asio::cancellation_type::terminal;
}

}  // namespace

std::shared_ptr<pool> pool::make(const asio::any_io_executor& executor, pool_options opts,
                                 detail::refusal& why) {
  why = check(opts, policy_of(opts, logic::bound_state::none).workers);
  if (why) return nullptr;
  auto self =
      std::make_shared<pool>(only_make{}, executor, std::move(opts), logic::bound_state::none);
  for (auto const& each : self->opts_.slots)
    posix::encode_place(self->places_.emplace_back(), each);
  why.step = "starting the pool's fork server";
  self->server_ =
      launch::template_process::make(executor, {.preload = self->opts_.preload}, why.ec);
  if (why) return nullptr;
  supervise::context_service::join(executor, self->membership_, self);
  asio::post(self->strand_, [self] { self->settle(); });
  return self;
}

std::shared_ptr<pool> pool::make_bound(const asio::any_io_executor& executor, pool_options opts,
                                       logic::bound_state state, server_pointer source,
                                       detail::refusal& why) {
  why = check(opts, 1);
  if (why) return nullptr;
  opts.workers = 1;
  auto self = std::make_shared<pool>(only_make{}, executor, std::move(opts), state);
  self->server_ = std::move(source);
  supervise::context_service::join(executor, self->membership_, self);
  asio::post(self->strand_, [self] { self->settle(); });
  return self;
}

pool::pool(only_make, const asio::any_io_executor& executor, pool_options opts,
           logic::bound_state state)
    : executor_{executor},
      opts_{std::move(opts)},
      policy_{policy_of(opts_, state)},
      strand_{executor, handlers_at_once(policy_.workers)},
      machine_{policy_},
      most_workers_{policy_.workers},
      timer_{strand_} {
  counters_.size = policy_.workers;
}

// Jobs

std::shared_ptr<job> pool::make_job(const asio::any_io_executor& talk_executor,
                                    const detail::remote_call& call,
                                    const job_options& opts) const {
  auto const timeout = opts.timeout ? opts.timeout : opts_.worker.timeout;
  auto what = std::make_shared<job>(timeout, opts.grace.value_or(opts_.worker.grace),
                                    wishes_of(opts, call.talk.needs));
  what->header.size = call.arguments.size();
  what->header.max_result = opts.max_result.value_or(opts_.worker.max_result);
  what->header.entry = posix::locate_code(reinterpret_cast<std::uintptr_t>(call.entry));
  if (call.function != 0) what->header.function = posix::locate_code(call.function);
  what->arguments = copy_of(call.arguments);
  if (!call.talk.needs) return what;
  posix::set_needs(what->header, call.talk.needs);
  what->header.message_window = opts_.worker.message_window;
  what->talk = std::make_shared<job_talk>(
      supervise::talk::make(talk_executor,
                            {call.talk, opts_.worker.message_window, what->header.max_result}),
      strand_);
  return what;
}

supervise::observed_job pool::observe_job() const noexcept {
  return supervise::observed_job{
      policy_.state == logic::bound_state::none ? launcher::pool : launcher::resident, number_};
}

void pool::async_run(const detail::remote_call& call, const job_options& opts,
                     detail::report_handler handler) {
  submit(executor_, call, opts, std::move(handler));
}

void pool::async_run_on(const asio::any_io_executor& talk_executor, const detail::remote_call& call,
                        const job_options& opts, detail::report_handler handler) {
  submit(talk_executor, call, opts, std::move(handler));
}

std::shared_ptr<job> pool::submit(const asio::any_io_executor& talk_executor,
                                  const detail::remote_call& call, const job_options& opts,
                                  detail::report_handler handler,
                                  std::shared_ptr<detail::job_witness> witness) {
  auto what = make_job(talk_executor, call, opts);
  what->witness = std::move(witness);
  if (what->talk) what->talk->set_owner(shared_from_this(), what);
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected())
    slot.assign([pool = weak_from_this(), job = std::weak_ptr{what}](asio::cancellation_type type) {
      auto const self = pool.lock();
      auto const meant = job.lock();
      if (self && meant) self->ask_to_cancel(meant, type);
    });
  what->handler.emplace(std::move(handler), executor_);
  what->observed = observe_job();
  enter([self = shared_from_this(), what]() mutable { self->accept(std::move(what)); });
  return what;
}

/// Runs a step on the strand. A line callback runs there in the middle of another step, so what it
/// asks for is done after that step.
template <class Step>
void pool::enter(Step what) {
  membership_.notice_copy();
  if (strand_.running_in_this_thread())
    strand_.post_own(std::move(what));
  else
    strand_.dispatch_own(std::move(what));
}

void pool::accept(job_pointer what) {
  // A job that was cancelled before it came here is done.
  if (what->done()) return;
  admit(std::move(what));
  settle();
}

/// Takes a job in. The job of which this program is a copy is the original's.
void pool::admit(job_pointer what) {
  heed_copy();
  job& fresh = *what;
  kept_.push_back(fresh);
  fresh.self = std::move(what);
  if (fresh.made.is_elsewhere())
    machine_.refuse(fresh, job_end::disowned);
  else
    machine_.submit(fresh, clock::now());
}

void pool::ask_to_cancel(const job_pointer& what, asio::cancellation_type type) {
  request(what, static_cast<unsigned>(type & known_types));
}

void pool::ask_to_withdraw(const job_pointer& what) { request(what, job::withdrawal); }

void pool::request(const job_pointer& what, unsigned types) {
  // A step that is on its way performs this request, too.
  if (what->cancellations.fetch_or(types) != 0) return;
  what->cancelling_in = shared_from_this();
  what->cancelling = what;
  strand_.post(*what);
}

void pool::forsake(const job_pointer& what) {
  what->is_forsaken = true;
  ask_to_cancel(what, asio::cancellation_type::terminal);
}

void job::note_given(int number) noexcept {
  pid = number;
  if (witness) witness->given(number);
}

void job::note_taken_back() noexcept {
  pid = 0;
  if (witness) witness->taken_back();
}

void job::ask_to_stop() noexcept { talk->talk()->request_stop(); }

void job::run() {
  auto const in = std::move(cancelling_in);
  auto const meant = std::move(cancelling);
  in->cancel(meant, cancellations.exchange(0));
}

void job::drop() noexcept {
  auto const in = std::move(cancelling_in);
  auto const last = std::move(cancelling);
}

void pool::cancel(const job_pointer& what, unsigned types) {
  heed_copy();
  // Here, because the conversation is opened on the strand, too.
  if (what->is_forsaken && what->talk) what->talk->close();
  // A job that is done by now is not cancelled.
  if (what->worker()) read_replies(static_cast<worker&>(*what->worker()));
  if (what->done()) return settle();
  // The step that brings it may not have come yet.
  if (!what->self) admit(what);
  if (types == job::withdrawal)
    machine_.withdraw(*what, clock::now());
  else
    machine_.cancel(*what, kind_of(static_cast<asio::cancellation_type>(types)), clock::now());
  settle();
  if (types == job::withdrawal && !what->done() && what->witness) what->witness->kept();
}

// Performing actions

/// Performs what the machine asks for until it rests, and tells the outside what has changed.
void pool::settle() {
  // The loop that performs an action settles the events that the action causes, too.
  if (settling_) return;
  struct guard {
    bool& flag;
    ~guard() { flag = false; }
  };
  {
    settling_ = true;
    guard const settled{settling_};
    if (stop_asked_) machine_.stop();
    for (;;) {
      heed_copy();
      if (!perform(machine_.next())) break;
    }
  }
  count();
  set_timer();
  check_drained();
  check_recycled();
  check_standing();
}

/// @return false if there is nothing to do
bool pool::perform(const pool_action& todo) {
  using kind = pool_action::kind;
  auto* const who = static_cast<worker*>(todo.worker);
  auto* const what = static_cast<job*>(todo.job);
  switch (todo.what) {
    case kind::rest: return false;
    case kind::start_worker: start_worker(todo.slot); break;
    case kind::give: give(*who, *what); break;
    case kind::look: machine_.stage_is(who->stage(*what)); break;
    case kind::wake: who->run->wake(); break;
    case kind::take_back:
      if (who->take_back(*what)) {
        what->note_taken_back();
        what->observed.taken_back();
        machine_.taken_back();
      } else {
        machine_.has_begun();
      }
      break;
    case kind::read_replies: read_replies(*who); break;
    case kind::check_health:
      who->check->self = who->check;
      machine_.submit_check(*who->check, *who, clock::now());
      break;
    case kind::ask_to_stop: what->ask_to_stop(); break;
    case kind::retire:
      retired_.count(who->retires_for(), who->retire_reason);
      who->retire();
      break;
    case kind::stop:
      // A preload may take as long as a worker.
      if (who->stopped_for() == stop_cause::start_timeout && who->run->pid() == 0)
        who->server->end_preload();
      who->run->stop(type_of(todo.how), todo.grace);
      break;
    case kind::go_back: go_back(); break;
    case kind::complete: refuse(*what, todo.end); break;
  }
  return true;
}

void pool::set_timer() {
  clock::time_point const when = machine_.wakeup();
  if (when >= timer_set_to_ || machine_.stopped()) return;
  timer_set_to_ = when;
  timer_.expires_at(when);
  try {
    timer_.async_wait(
        supervise::on_reserve(strand_, [self = shared_from_this()](const error_code& ec) {
          if (ec) return;
          self->timer_set_to_ = clock::time_point::max();
          self->machine_.tick(clock::now());
          self->settle();
        }));
  } catch (const std::bad_alloc&) {
    timer_set_to_ = clock::time_point::max();
    tick_later();
  }
}

/// Ticks in the next turn of the event loop, which has no memory for a timer.
void pool::tick_later() {
  if (std::exchange(tick_is_posted_, true)) return;
  tick_step_.post(strand_, shared_from_this());
}

void pool::tick() {
  tick_is_posted_ = false;
  machine_.tick(clock::now());
  settle();
}

void pool::give(worker& to, job& what) {
  what.note_given(to.id().pid);
  if (what.talk) {
    error_code ec;
    what.talk->lend_end(ec);
    what.header.talk_error = static_cast<std::uint64_t>(ec.value());
  }
  to.give(what, next_id_++);
  tell_start(to);
  if (std::exchange(to.writing, true)) return;
  // All that this turn of the event loop brings about goes at once.
  to.flushing.in = shared_from_this();
  to.flushing.of = to.shared_from_this();
  strand_.post(to.flushing);
}

void flush_step::run() {
  auto const self = std::move(in);
  auto const to = std::move(of);
  self->flush(to);
}

void flush_step::drop() noexcept {
  auto const last = std::move(in);
  auto const to = std::move(of);
}

/// Tells the observers of the job that a worker runs now.
void pool::tell_start(worker& by) noexcept {
  auto* const runs = static_cast<job*>(by.first());
  if (runs == nullptr || !runs->observed) return;
  auto const id = by.id();
  runs->observed.started(id.pid, &id);
}

void pool::flush(const worker_pointer& to) {
  to->writing = false;
  membership_.notice_copy();
  if (to->run->disowned()) return;
  if (!to->socket.is_open()) return;
  error_code ec;
  if (posix::credentials::own(ec) != to->as || ec) {
    // A job must not run with rights that the program does not have any more.
    machine_.wear_out(*to, logic::retire_cause::credentials);
    settle();
  }
  ec = {};
  if (to->flush(ec)) return spin_on();
  if (ec) {
    // A worker that is gone (EPIPE) ends by itself, and on_end() tells how; stopping it here would
    // hide that.
    if (ec != asio::error::broken_pipe && ec != asio::error::connection_reset) {
      to->refused_because = "the job could not be sent to its worker";
      machine_.malformed(*to);
      settle();
    }
    return;
  }
  to->writing = true;
  to->socket.async_wait(
      supervise::stream_descriptor::wait_write,
      supervise::on_reserve(strand_, [self = shared_from_this(), to](const error_code& e) {
        if (e)
          to->writing = false;
        else
          self->flush(to);
      }));
}

// Workers

void pool::start_worker(std::optional<std::size_t> slot) {
  error_code ec;
  worker_pointer fresh;
  worker::child_side child;
  options opts;
  detail::remote_call call;
  // Once the run has its handler only its end lets go of the worker: nothing may throw past it.
  std::list<worker_pointer> place;
  server_pointer const from = server_;
  try {
    opts = opts_.worker;
    opts.timeout.reset();
    opts.early = false;
    fresh = std::make_shared<worker>(strand_, opts, diverts_err(opts_), unwanted_);
    fresh->server = from;
    fresh->as = posix::credentials::own(ec);
    if (ec) return start_refused(ec);
    fresh->generation = ++generations_;
    fresh->check = make_check();
    child = fresh->open(ec);
    if (ec) return start_refused(ec);
    if (child.out) opts.out = to_fd{child.out.get()};
    if (child.err) opts.err = to_fd{child.err.get()};
    call = worker_call(child, fresh->generation, slot);
    fresh->run = supervise::supervisor::make(executor_, opts, from->inherited(),
                                             from->symboliser_for(opts), {}, ec);
    if (ec) return start_refused(ec);
    fresh->run->observe(supervise::observed_job{launcher::worker, number_, fresh->generation});
    place.push_back(fresh);
    fresh->run->async_own(asio::bind_executor(
        strand_, [self = shared_from_this(), fresh](const error_code& e, detail::report what) {
          self->on_end(fresh, e, std::move(what));
        }));
  } catch (...) {
    return start_refused(detail::error_of_caught());
  }
  workers_.splice(workers_.end(), place);
  machine_.started(*fresh, slot, clock::now());
  try {
    from->launch(fresh->run, call, opts, launch::sandboxed::by_the_call, ec);
  } catch (...) {
    ec = detail::error_of_caught();
  }
  if (ec) return fresh->run->fail(ec, "starting a worker");
  await_replies(fresh);
  await_output(fresh, &worker::out);
  await_output(fresh, &worker::err);
  await_output(fresh, &worker::initial_err);
}

/// The call that makes a worker of a child.
detail::remote_call pool::worker_call(const worker::child_side& child, std::uint64_t generation,
                                      std::optional<std::size_t> slot) const {
  posix::worker_plan plan;
  plan.generation = generation;
  plan.slot = slot.value_or(worker_id::no_slot);
  plan.most_memory = policy_.max_worker_memory.value_or(0);
  plan.most_growth = policy_.recycle.memory_growth.value_or(0);
  plan.spin = static_cast<std::uint64_t>(opts_.spin.count());
  plan.reports_memory = policy_.max_worker_memory || policy_.recycle.memory_growth ? 1 : 0;
  std::span<const std::byte> place;
  if (slot && *slot < places_.size()) place = places_[*slot].bytes();
  posix::worker_files const files{child.socket.get(), child.page.get(), child.initial_err.get()};
  auto const* const initializer = opts_.initializer.get();
  if (!initializer) return posix::make_worker_call(plan, files, place, {});
  plan.initializer = posix::locate_code(reinterpret_cast<std::uintptr_t>(initializer->entry));
  if (initializer->function != 0)
    plan.initializer_function = posix::locate_code(initializer->function);
  return posix::make_worker_call(plan, files, place, initializer->arguments.bytes());
}

/// The job that asks a worker for its health; null if the pool does not ask.
std::shared_ptr<job> pool::make_check() const {
  auto const& healthy = opts_.recycle.healthy;
  if (!healthy.get()) return nullptr;
  return make_job(executor_, *healthy.get(),
                  {.timeout = healthy.limit(), .grace = std::chrono::seconds{0}});
}

void pool::start_refused(const error_code& ec) {
  last_refusal_ = ec;
  refused_gaps_.clear();
  start_failures::failure refused{ec, {}};
  detail::give_reason(refused.how.summary.reason, "starting a worker");
  tell_failed_start(std::move(refused));
  machine_.start_refused(clock::now());
}

void pool::await_replies(const worker_pointer& from) {
  from->socket.async_wait(
      supervise::stream_descriptor::wait_read,
      supervise::on_reserve(strand_, [self = shared_from_this(), from](const error_code& ec) {
        self->membership_.notice_copy();
        if (ec || from->run->disowned()) return;
        self->read_replies(*from);
        self->settle();
        if (from->socket.is_open()) self->await_replies(from);
      }));
}

/// Has the event loop look for replies for a while, if the pool is to: the jobs that have just been
/// sent may be short.
void pool::spin_on() {
  if (opts_.spin == std::chrono::nanoseconds::zero()) return;
  spins_until_ = clock::now() + opts_.spin;
  post_spin();
}

void pool::post_spin() {
  if (!std::exchange(spins_, true)) spin_step_.post(strand_, shared_from_this());
}

void pool::spin() {
  spins_ = false;
  heed_copy();
  auto const turn_ends = std::min(clock::now() + spin_turn, spins_until_);
  bool has_heard = false;
  bool waits = false;
  do {
    waits = false;
    for (auto const& each : workers_) {
      if (each->first() == nullptr || !each->socket.is_open() || each->run->disowned()) continue;
      waits = true;
      if (read_replies(*each)) has_heard = true;
    }
  } while (waits && !has_heard && clock::now() < turn_ends);
  if (has_heard) settle();
  if (waits && clock::now() < spins_until_) post_spin();
}

void pool::await_output(const worker_pointer& from,
                        std::optional<supervise::output_reader> worker::* which) {
  auto& reader = (*from).*which;
  if (!reader || !reader->is_open()) return;
  reader->descriptor().async_wait(
      supervise::stream_descriptor::wait_read,
      supervise::on_reserve(
          strand_, [self = shared_from_this(), from, which](const error_code& ec) {
            self->membership_.notice_copy();
            if (ec || from->run->disowned()) return;
            // An exception of a line callback leaves the event loop's run(); the pool goes on.
            asio::post(self->strand_, [self, from, which] { self->await_output(from, which); });
            auto& ready = (*from).*which;
            if (ready->is_open()) ready->read();
            if (which == &worker::initial_err) from->take_initial_err(passes_err_on(self->opts_));
          }));
}

void pool::drop_output(worker& from) {
  detail::run_summary dropped;
  take_output(from, dropped);
}

void pool::take_output(worker& from, detail::run_summary& into) {
  try {
    from.take_output(into);
  } catch (...) {
    asio::post(strand_, [error = std::current_exception()] { std::rethrow_exception(error); });
  }
}

/// Takes all replies that are here. No worker has more of them than it has been given jobs, but for
/// one that says that it is to be replaced.
bool pool::read_replies(worker& from) {
  bool has_come = false;
  while (from.socket.is_open()) {
    auto* const first = static_cast<job*>(from.first());
    error_code ec;
    std::optional<reply> next;
    try {
      next = from.next_reply(first ? first->header.max_result : 0, ec);
    } catch (...) {
      ec = detail::error_of_caught();
    }
    if (!ec && !next) return has_come;
    has_come = true;
    // A worker that has closed its end is about to end, and on_end() tells how.
    error_code ignored;
    if (ec == asio::error::eof || ec == asio::error::connection_reset) {
      from.socket.close(ignored);
      return true;
    }
    bool const is_expected =
        !from.ready() ||
        (first && next && next->header.id == first->header.id && from.has_sent(*first));
    bool const is_once_too_often =
        next && (from.ready() ? next->header.what() == posix::reply_kind::retires &&
                                    std::exchange(from.has_asked_to_retire, true)
                              : std::exchange(from.has_answered, true));
    if (ec || !is_expected || is_once_too_often) {
      from.refused_because = ec == boost::system::errc::not_enough_memory
                                 ? "no memory for the result"
                                 : "the job's reply was malformed or too large";
      from.socket.close(ignored);
      machine_.malformed(from);
      return true;
    }
    if (from.ready() && next->header.what() == posix::reply_kind::not_begun) {
      from.socket.close(ignored);
      machine_.left_its_jobs(from);
      return true;
    }
    if (from.ready() && next->header.what() == posix::reply_kind::retires)
      take_retirement(from, *next);
    else if (from.ready())
      take_reply(from, std::move(*next));
    else
      take_readiness(from, std::move(*next));
  }
  return has_come;
}

void pool::take_reply(worker& from, reply what) {
  using posix::reply_kind;
  job& done = static_cast<job&>(machine_.replied(
      from, {.own = what.header.own_memory, .at_start = from.memory_at_start}, clock::now()));
  from.leave_slot(done);
  done.observed.ended();
  tell_start(from);
  if (done.is_check()) {
    auto const last = std::move(done.self);
    drop_output(from);
    return machine_.checked(from, what.header.what() == reply_kind::value);
  }
  counters_.busy += std::chrono::nanoseconds{what.header.usage.wall}.count();

  detail::report report;
  worker_id by = from.id();
  if (by.pid == 0) by.pid = what.header.pid;
  report.summary.pid = by.pid;
  report.summary.worker = by;
  detail::give_gaps(report.summary.gaps, from.run->gaps());
  take_output(from, report.summary);
  report.payload = std::move(what.payload);
  report.max_result = done.header.max_result;
  error_code ec;
  switch (what.header.what()) {
    case reply_kind::value:
      report.summary.how = ending::returned;
      report.kind = detail::payload_kind::value;
      break;
    case reply_kind::exception:
      report.summary.how = ending::threw;
      report.kind = detail::payload_kind::exception;
      break;
    case reply_kind::unencodable:
      report.summary.how = ending::undelivered;
      detail::give_reason(report.summary.reason, "the value could not be serialised");
      report.kind = detail::payload_kind::unencodable;
      break;
    case reply_kind::unreceivable:
      report.summary.how = ending::undelivered;
      detail::give_reason(report.summary.reason, "the arguments could not be received");
      report.kind = detail::payload_kind::unencodable;
      break;
    // read_replies() has taken the first two.
    case reply_kind::not_begun:
    case reply_kind::retires:
    case reply_kind::unknown_function: ec = error::unknown_function; break;
  }
  bool const ran = what.header.what() <= reply_kind::unencodable;
  if (ran) {
    report.summary.ran = ran::yes;
    report.summary.usage = what.header.usage;
  }
  // A job that obeys is cancelled or timed out, and its value or exception is there all the same. A
  // job that obeys the signal of its timeout has returned.
  if (ran &&
      (done.asked_for() == stop_cause::cancelled || done.stopped_for() == stop_cause::cancelled)) {
    report.summary.how = ending::cancelled;
    ec = asio::error::operation_aborted;
  } else if (ran && done.asked_for() == stop_cause::timeout) {
    report.summary.how = ending::timed_out;
  }
  complete(done, ec, std::move(report));
}

void pool::take_readiness(worker& from, reply what) {
  using posix::reply_kind;
  from.memory_at_start = what.header.own_memory;
  auto const kind = what.header.what();
  if (what.header.id == posix::reply_header::ready && kind == reply_kind::value) {
    // The output of the initializer is no job's.
    drop_output(from);
    counters_.generation = from.generation;
    from.said_pid = what.header.pid;
    counters_.pid = from.id().pid;
    // There may be many such pools, and all that the worker says from now on is in its replies.
    if (policy_.state != logic::bound_state::none) from.run->forgo_result();
    return machine_.ready(from, clock::now());
  }
  if (kind == reply_kind::exception) {
    from.start_failure.kind = detail::payload_kind::exception;
    from.start_failure.payload = std::move(what.payload);
    from.start_failure.max_result = opts_.worker.max_result;
  } else {
    from.start_error = error::unknown_function;
  }
  machine_.start_failed(from, clock::now());
}

void pool::take_retirement(worker& from, const reply& what) {
  auto const bytes = what.payload.bytes();
  try {
    from.retire_reason.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  } catch (const std::bad_alloc&) {
    // The worker is replaced, if for no reason that is told.
  }
  machine_.wear_out(from, logic::retire_cause::asked);
}

/// Remembers how a worker ended that has not started, and tells the user.
void pool::note_failed_start(worker& which, const error_code& ec, detail::report& what) try {
  start_failures::failure last{ec, std::move(what)};
  // The process of a worker that says that it cannot start may return all the same.
  if (last.how.kind == detail::payload_kind::value) last.how.kind = detail::payload_kind::none;
  auto& summary = last.how.summary;
  // A worker that ended by itself before its time was over may be told only after that.
  bool const was_stopped = summary.how == ending::cancelled || summary.how == ending::not_started;
  if (which.stopped_for() == stop_cause::start_timeout && was_stopped) {
    last.ec = {};
    summary.how = ending::timed_out;
  } else if (which.stopped_for() == stop_cause::malformed_reply) {
    last.ec = {};
    summary.how = ending::undelivered;
    detail::give_reason(summary.reason, "the worker's first message was malformed");
  } else if (which.start_error) {
    last.ec = which.start_error;
    summary.how = ending::not_started;
    detail::give_reason(summary.reason, "initialising a worker");
  } else if (which.start_failure.kind == detail::payload_kind::exception) {
    last.ec = {};
    summary.how = ending::threw;
    which.start_failure.summary = std::move(summary);
    last.how = std::move(which.start_failure);
  } else if (summary.how == ending::returned) {
    summary.how = ending::undelivered;
    detail::give_reason(summary.reason, "the initializer closed its worker's channel");
  }
  if (last.how.summary.pid != 0) {
    last.how.summary.worker = which.id();
    last.how.summary.worker->pid = last.how.summary.pid;
  }
  if (last.how.summary.err.text.empty())
    last.how.summary.err = which.initial_text(passes_err_on(opts_));
  tell_failed_start(std::move(last));
} catch (const std::bad_alloc&) {
  tell_failed_start({make_error_code(boost::system::errc::not_enough_memory), {}});
}

void pool::tell_failed_start(start_failures::failure what) {
  try {
    if (opts_.on_start_failure)
      asio::post(strand_,
                 [self = shared_from_this(), ec = what.ec, how = what.how.copy()]() mutable {
                   if (!self->unwanted_)
                     self->opts_.on_start_failure(detail::make_outcome<void>(ec, std::move(how)));
                 });
  } catch (const std::bad_alloc&) {
    // last_start_failure() has it.
  }
  start_failures_.take(std::move(what));
}

void pool::on_end(const worker_pointer& which, const error_code& ec, detail::report what) {
  heed_copy();
  if (which->disowned) return;
  if (stop_asked_) machine_.stop();
  // Replies that the worker sent before its end count.
  read_replies(*which);
  auto* const first = static_cast<job*>(which->first());
  auto why = logic::worker_end::by_itself;
  // The end of a worker that was stopped before it was made says nothing of the system.
  bool const is_stopped = which->stopped_for() != stop_cause::none;
  if (what.summary.how == ending::not_started && !is_stopped) {
    why = ec == error::preload_failed ? logic::worker_end::unprepared : logic::worker_end::refused;
    last_refusal_ = ec;
    detail::give_gaps(refused_gaps_, what.summary.gaps);
  } else if (ec == error::server_died) {
    why = logic::worker_end::with_server;
  }
  auto const since = which->first_since();
  // Another worker may be given them.
  which->each_job([first](logic::pool_job& each) {
    auto& what = static_cast<job&>(each);
    what.note_taken_back();
    if (&what != first) what.observed.taken_back();
  });
  logic::lost_job const lost = machine_.ended(
      *which, first ? which->stage(*first) : logic::job_stage::not_begun, why, clock::now());
  if (first != nullptr && lost.job != first) first->observed.taken_back();
  if (lost.job)
    complete_lost(*which, lost, since, ec, std::move(what.summary));
  else if (lost.has_failed_to_start)
    note_failed_start(*which, ec, what);
  which->close();
  if (which->generation == counters_.generation) counters_.pid = 0;
  workers_.remove(which);
  close_unused_servers();
  settle();
}

/// Completes the job that its worker took along.
void pool::complete_lost(worker& with, const logic::lost_job& lost, clock::time_point since,
                         const error_code& ec, detail::run_summary summary) {
  job& victim = static_cast<job&>(*lost.job);
  if (victim.is_check()) {
    auto const last = std::move(victim.self);
    // Not if the pool ends it for another reason.
    auto const cause = with.stopped_for();
    if (cause == stop_cause::none || cause == stop_cause::timeout)
      retired_.count(logic::retire_cause::unhealthy, {});
    return;
  }
  detail::report report;
  report.summary = std::move(summary);
  report.summary.ran = lost.how == job_loss::ran            ? ran::yes
                       : lost.how == job_loss::not_received ? ran::no
                                                            : ran::unknown;
  report.summary.worker = with.id();
  if (report.summary.pid != 0) report.summary.worker->pid = report.summary.pid;
  take_output(with, report.summary);
  report.summary.usage.wall = clock::now() - since;
  stop_cause const why =
      victim.stopped_for() != stop_cause::none ? victim.stopped_for() : with.stopped_for();
  // If somebody else has reaped a worker that the pool was ending, its status does not tell what it
  // died of. The arguments are not to blame.
  bool const may_be_by_pool = report.summary.how == ending::lost && why != stop_cause::none;
  error_code error;
  if (report.summary.how == ending::cancelled) {
    switch (why) {
      case stop_cause::timeout: report.summary.how = ending::timed_out; break;
      case stop_cause::malformed_reply:
        report.summary.how = ending::undelivered;
        detail::give_reason(report.summary.reason, with.refused_because);
        break;
      case stop_cause::none:
      case stop_cause::cancelled:
      case stop_cause::pool_stopped:
      case stop_cause::unresponsive:
      case stop_cause::start_timeout:
      case stop_cause::outdated: error = asio::error::operation_aborted; break;
    }
  } else if (report.summary.how == ending::returned || report.summary.how == ending::threw) {
    report.summary.how = ending::undelivered;
    detail::give_reason(report.summary.reason, "the job closed its worker's channel");
  } else if (lost.how == job_loss::not_received && !may_be_by_pool) {
    report.summary.how = ending::undelivered;
    detail::give_reason(report.summary.reason, "the worker ended while it received the arguments");
  }
  // A job that was late says all there is to say, even if its worker's end got lost on top.
  if (ec && ec != asio::error::operation_aborted && report.summary.how != ending::timed_out)
    error = ec;
  counters_.busy += std::chrono::nanoseconds{report.summary.usage.wall}.count();
  victim.observed.ended();
  complete(victim, error, std::move(report));
}

// Completion

void pool::complete(job& what, const error_code& ec, detail::report report) {
  what.is_complete = true;
  // All that the job has said comes first.
  if (what.talk && what.talk->end(ec)) {
    what.held.emplace(detail::told_report{ec, std::move(report)});
    what.held_in = shared_from_this();
    ++held_;
    return;
  }
  complete_now(what, ec, std::move(report));
}

void pool::heed_talk(job& what) {
  heed_copy();
  if (what.held && what.talk->is_over()) {
    --held_;
    auto held = std::move(*what.held);
    what.held.reset();
    auto const self = std::move(what.held_in);
    complete_now(what, held.ec, std::move(held.what));
    return check_drained();
  }
  if (!what.talk->is_refused() || what.done()) return;
  if (what.worker()) read_replies(static_cast<worker&>(*what.worker()));
  if (what.done()) return settle();
  // A worker that has not begun the job loses it, and no other may get it: that one would talk to a
  // closed end.
  auto* const by = static_cast<worker*>(what.worker());
  auto const keeps = by ? by->shared_from_this() : nullptr;
  auto const before = by ? std::exchange(by->refused_because, what.talk->reason()) : nullptr;
  machine_.cut_off(what, clock::now());
  settle();
  if (by && what.done()) by->refused_because = before;
}

void pool::complete_now(job& what, const error_code& ec, detail::report report) {
  auto& summary = report.summary;
  bool const ended_itself = summary.how == ending::returned || summary.how == ending::threw ||
                            summary.how == ending::exited || summary.how == ending::undelivered;
  if (what.talk && what.talk->is_refused() && ended_itself) {
    summary.how = ending::undelivered;
    detail::give_reason(summary.reason, what.talk->reason());
    report.kind = detail::payload_kind::none;
    report.payload = {};
    report.refused_with = what.talk->failure();
  }
  ++counters_.endings[static_cast<std::size_t>(report.summary.how)];
  what.observed.completed(ec, report);
  auto const last = std::move(what.self);
  kept_.erase(kept_.iterator_to(what));
  auto next = std::move(*what.handler);
  what.handler.reset();
  std::move(next).complete_later(executor_, ec, std::move(report));
}

/// Completes a job that no worker has begun.
void pool::refuse(job& what, job_end how) {
  if (what.is_check()) {
    auto const last = std::move(what.self);
    return;
  }
  detail::report report;
  error_code ec;
  switch (how) {
    case job_end::pool_stopped:
      ec = asio::error::operation_aborted;
      detail::give_reason(report.summary.reason, "the pool is stopped");
      break;
    case job_end::queue_full:
      ec = error::queue_full;
      detail::give_reason(report.summary.reason, "waiting for a worker");
      break;
    case job_end::cancelled:
      ec = asio::error::operation_aborted;
      detail::give_reason(report.summary.reason, "waiting for a worker");
      break;
    case job_end::expired:
      ec = error::expired;
      detail::give_reason(report.summary.reason, "waiting for a worker");
      break;
    case job_end::disowned:
      ec = asio::error::operation_aborted;
      report.summary.how = ending::lost;
      report.summary.ran = ran::unknown;
      report.summary.reason = "the job is that of the program of which this one is a copy";
      break;
    case job_end::not_begun:
      report.summary.how = ending::undelivered;
      report.summary.ran = ran::unknown;
      detail::give_reason(report.summary.reason, "no worker began the job");
      break;
    case job_end::no_worker:
      ec = last_refusal_;
      detail::give_reason(report.summary.reason, "starting a worker");
      detail::give_gaps(report.summary.gaps, refused_gaps_);
      detail::add_gaps(report.summary.reason, refused_gaps_);
      break;
    case job_end::worker_gone:
      ec = asio::error::operation_aborted;
      detail::give_reason(report.summary.reason, "the worker has been replaced");
      break;
    case job_end::cut_off:
      ec = make_error_code(boost::system::errc::not_enough_memory);
      detail::give_reason(report.summary.reason, what.talk->reason());
      break;
    case job_end::state_lost:
      ec = error::state_lost;
      detail::give_reason(report.summary.reason, "the process that held the state has ended");
      break;
    case job_end::gave_up:
      ec = error::worker_start_failed;
      try {
        report = start_failures_.for_job();
      } catch (const std::bad_alloc&) {
        detail::give_reason(report.summary.reason, "starting a worker");
      }
      break;
  }
  complete(what, ec, std::move(report));
}

// Waits

/// Begins a wait that a cancellation can end.
/// @param begin called with the wait's number, on the strand
template <class Begin>
void pool::wait_in(wait_list pool::* list, wait_handler handler, Begin begin) {
  auto const number = ++waits_asked_;
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected())
    slot.assign([weak = weak_from_this(), list, number](asio::cancellation_type) {
      if (auto const self = weak.lock())
        asio::post(self->strand_, [self, list, number] {
          ((*self).*list).complete(number, self->executor_, asio::error::operation_aborted);
        });
    });
  std::list<wait_list::wait> place;
  place.push_back({number, pending_wait{std::move(handler), executor_}});
  enter([self = shared_from_this(), list, number, place = std::move(place), begin]() mutable {
    self->heed_copy();
    ((*self).*list).take(place);
    begin(number);
    self->settle();
  });
}

void pool::async_drain(wait_handler handler) {
  wait_in(&pool::drains_, std::move(handler), [](std::uint64_t) {});
}

void pool::check_drained() {
  if (drains_.empty() || !machine_.idle() || held_ != 0 || promises_ != 0) return;
  drains_.complete(executor_, {});
}

void pool::async_ready(wait_handler handler) {
  wait_in(&pool::standing_, std::move(handler), [this](std::uint64_t) { machine_.wake(); });
}

void pool::async_resize(std::size_t workers, wait_handler handler) {
  wait_in(&pool::standing_, std::move(handler),
          [this, workers](std::uint64_t number) { resize(workers, number); });
}

void pool::async_restart(wait_handler handler) {
  wait_in(&pool::standing_, std::move(handler), [this](std::uint64_t) { machine_.restart(); });
}

void pool::resize(std::size_t workers, std::uint64_t number) {
  error_code ec;
  if (workers == 0 || workers > most_workers || (!places_.empty() && workers > places_.size()))
    ec = make_error_code(boost::system::errc::invalid_argument);
  else
    try {
      if (workers > most_workers_) {
        strand_.grow(handlers_at_once(workers - most_workers_));
        most_workers_ = workers;
      }
      machine_.resize(workers);
      machine_.wake();
    } catch (const std::bad_alloc&) {
      ec = make_error_code(boost::system::errc::not_enough_memory);
    }
  if (ec) standing_.complete(number, executor_, ec);
}

void pool::check_standing() {
  if (standing_.empty()) return;
  error_code ec;
  if (machine_.stopped())
    ec = asio::error::operation_aborted;
  else if (machine_.stays_lost())
    ec = error::state_lost;
  else if (machine_.has_given_up())
    ec = error::worker_start_failed;
  else if (!machine_.stands())
    return;
  standing_.complete(executor_, ec);
}

void pool::resume() {
  enter([self = shared_from_this()] {
    self->heed_copy();
    self->machine_.resume();
    self->settle();
  });
}

// One call in every worker

void pool::async_run_everywhere(const detail::remote_call& call, const job_options& opts,
                                detail::reports_handler handler) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  auto all = std::make_shared<everywhere>(std::move(handler), executor_);
  if (slot.is_connected())
    slot.assign([pool = weak_from_this(), weak = std::weak_ptr{all}](asio::cancellation_type type) {
      auto const self = pool.lock();
      auto const meant = weak.lock();
      if (self && meant)
        asio::post(self->strand_, [self, meant, type] {
          meant->cancelled = true;
          for (auto const& each : meant->jobs())
            if (auto const what = each.lock())
              self->cancel(what, static_cast<unsigned>(type & known_types));
        });
    });
  auto copy = std::make_shared<detail::remote_call>();
  copy->entry = call.entry;
  copy->function = call.function;
  copy->arguments = copy_of(call.arguments);
  copy->talk = call.talk;
  enter([self = shared_from_this(), all = std::move(all), copy = std::move(copy), opts] {
    self->heed_copy();
    self->run_everywhere(all, *copy, opts);
    self->settle();
  });
}

void pool::run_everywhere(const std::shared_ptr<everywhere>& all, const detail::remote_call& call,
                          const job_options& opts) {
  if (all->cancelled || machine_.stopped()) return all->finish(asio::error::operation_aborted);
  std::vector<std::shared_ptr<job>> jobs;
  std::vector<worker_pointer> where;
  try {
    // One handler takes the messages of all, one at a time.
    asio::any_io_executor const talk_executor =
        call.talk.needs ? asio::any_io_executor{asio::make_strand(executor_)} : executor_;
    for (auto const& each : workers_) {
      if (!each->stays()) continue;
      auto what = make_job(talk_executor, call, opts);
      if (what->talk) what->talk->set_owner(shared_from_this(), what);
      what->observed = observe_job();
      what->handler.emplace(
          detail::report_handler{
              [all, index = jobs.size()](const error_code& ec, detail::report report) {
                all->done(index, ec, std::move(report));
              }},
          executor_);
      jobs.push_back(std::move(what));
      where.push_back(each);
    }
    all->expect(jobs);
  } catch (...) {
    return all->finish(detail::error_of_caught());
  }
  if (jobs.empty()) return all->finish({});
  for (std::size_t i = 0; i != jobs.size(); ++i) {
    job& fresh = *jobs[i];
    kept_.push_back(fresh);
    fresh.self = std::move(jobs[i]);
    machine_.submit_errand(fresh, *where[i], clock::now());
  }
}

// Recycling

void pool::async_recycle(wait_handler handler) {
  auto const number = ++recyclings_asked_;
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected())
    slot.assign([weak = weak_from_this(), number](asio::cancellation_type) {
      if (auto const self = weak.lock())
        asio::post(self->strand_, [self, number] { self->cancel_recycling(number); });
    });
  std::list<recycling> place;
  place.push_back({number, pending_wait{std::move(handler), executor_}, nullptr});
  enter([self = shared_from_this(), place = std::move(place)]() mutable {
    self->heed_copy();
    self->begin_recycling(place);
  });
}

/// Makes the fork server that the workers are to come from.
void pool::begin_recycling(std::list<recycling>& place) {
  recycling& fresh = place.front();
  error_code ec;
  if (stop_asked_) ec = asio::error::operation_aborted;
  if (!ec) try {
      std::list<server_pointer> made(1);
      auto const server = launch::template_process::make(executor_, {.preload = opts_.preload}, ec);
      made.front() = fresh.fresh = server;
      if (!ec) {
        server->async_ready([weak = weak_from_this(), number = fresh.number](error_code e) {
          if (auto const self = weak.lock())
            asio::post(self->strand_, [self, number, e] { self->take_server(number, e); });
        });
        std::lock_guard const lock{servers_mutex_};
        other_servers_.splice(other_servers_.end(), made);
        // Another thread has closed those that it found.
        if (stop_asked_) fresh.fresh->close();
      }
    } catch (...) {
      ec = detail::error_of_caught();
      if (fresh.fresh) fresh.fresh->close();
    }
  if (ec) return std::move(fresh.handler).complete_later(executor_, ec);
  recyclings_.splice(recyclings_.end(), place);
}

/// A fork server stands ready, or could not be made.
void pool::take_server(std::uint64_t number, const error_code& ec) {
  heed_copy();
  auto const place =
      std::find_if(recyclings_.begin(), recyclings_.end(),
                   [number](const recycling& each) { return each.number == number; });
  if (place == recyclings_.end()) return;
  auto const fresh = std::exchange(place->fresh, nullptr);
  if (ec) {
    fresh->close();
    std::move(place->handler).complete_later(executor_, ec);
    recyclings_.erase(place);
  } else {
    // One that was asked for later has the newer data.
    if (number > recycled_) {
      if (machine_.proven()) {
        before_ = server_;
        recycled_before_ = recycled_;
      }
      use_server(fresh, number);
      machine_.recycle();
    }
  }
  close_unused_servers();
  settle();
}

/// Has workers come from this server, one of the others.
/// @param number that of the recycling for which it was made
void pool::use_server(const server_pointer& which, std::uint64_t number) {
  std::lock_guard const lock{servers_mutex_};
  std::swap(server_, *std::find(other_servers_.begin(), other_servers_.end(), which));
  recycled_ = number;
}

/// Workers with the new data cannot start: those of before stay, and later ones are like them.
void pool::go_back() {
  use_server(before_, recycled_before_);
  recyclings_.remove_if([this](recycling& each) {
    if (each.fresh) return false;
    std::move(each.handler).complete_later(executor_, error::worker_start_failed);
    return true;
  });
}

/// Closes the fork servers that no worker comes from any more, and none will.
void pool::close_unused_servers() {
  std::lock_guard const lock{servers_mutex_};
  other_servers_.remove_if([this](const server_pointer& each) {
    auto const is_of = [&each](const worker_pointer& who) { return who->server == each; };
    auto const makes = [&each](const recycling& what) { return what.fresh == each; };
    bool const is_used = std::any_of(workers_.begin(), workers_.end(), is_of) ||
                         std::any_of(recyclings_.begin(), recyclings_.end(), makes);
    if (is_used || each == before_) return false;
    each->close();
    return true;
  });
}

void pool::check_recycled() {
  if (before_ && !machine_.can_go_back()) {
    before_.reset();
    close_unused_servers();
  }
  error_code ec;
  if (machine_.stopped())
    ec = asio::error::operation_aborted;
  else if (machine_.has_given_up())
    ec = error::worker_start_failed;
  recyclings_.remove_if([&](recycling& each) {
    // With other data workers may start again.
    bool const may_go_on = !ec || (each.fresh && !machine_.stopped());
    if (may_go_on && (each.fresh || machine_.recycling())) return false;
    if (each.fresh) each.fresh->close();
    std::move(each.handler).complete_later(executor_, ec);
    return true;
  });
}

/// Ends the wait, and the fork server if that is still to become ready.
void pool::cancel_recycling(std::uint64_t number) {
  auto const place =
      std::find_if(recyclings_.begin(), recyclings_.end(),
                   [number](const recycling& each) { return each.number == number; });
  if (place == recyclings_.end()) return;
  std::move(place->handler).complete_later(executor_, asio::error::operation_aborted);
  recyclings_.erase(place);
  close_unused_servers();
}

std::shared_ptr<void> pool::promise_jobs() {
  // First: if there is no memory for the promise, its deleter is called all the same.
  ++promises_;
  std::shared_ptr<void> promise{this, [weak = weak_from_this()](void*) {
                                  auto const self = weak.lock();
                                  if (!self || --self->promises_ != 0) return;
                                  if (self->drain_check_is_posted_.exchange(true)) return;
                                  self->drain_check_.post(self->strand_, self);
                                }};
  return promise;
}

/// A promise of jobs is gone.
void pool::lose_promise() {
  // First: a promise that goes from here on posts a check of its own.
  drain_check_is_posted_ = false;
  check_drained();
}

void pool::release() {
  unwanted_ = true;
  stop();
}

void pool::stop() {
  stop_asked_ = true;
  {
    std::lock_guard const lock{servers_mutex_};
    server_->close();
    for (auto const& each : other_servers_) each->close();
  }
  enter([self = shared_from_this()] {
    self->settle();
    self->timer_.cancel();
  });
}

void pool::count() {
  counters_.size = machine_.size();
  counters_.started = machine_.jobs_started();
  counters_.running = machine_.running();
  counters_.queued = machine_.waiting();
  counters_.workers = machine_.workers();
  counters_.restarts = machine_.restarts();
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
  result.retired = retired_.get();
  result.busy = std::chrono::nanoseconds{counters_.busy};
  return result;
}

void pool::disown() {
  disowned_ = true;
  counters_.running = counters_.queued = counters_.workers = 0;
  counters_.pid = 0;
  asio::post(strand_, [self = shared_from_this()] { self->settle(); });
}

/// In a copy of the program, lets go of the original's jobs and workers: pages and sockets are
/// shared with it.
void pool::heed_copy() {
  membership_.notice_copy();
  if (!disowned_.exchange(false)) return;
  machine_.disown();
  for (auto const& each : std::exchange(workers_, {})) {
    each->disowned = true;
    each->close();
  }
  for (auto& each : std::exchange(recyclings_, {}))
    std::move(each.handler).complete_later(executor_, asio::error::operation_aborted);
  close_unused_servers();
  drains_.complete(executor_, asio::error::operation_aborted);
  standing_.complete(executor_, asio::error::operation_aborted);
}

void pool::abandon() noexcept {
  membership_.forget();
  machine_.abandon();
  for (auto const& each : workers_) each->close();
  workers_.clear();
  recyclings_.clear();
  kept_.clear_and_dispose([](job* each) { auto const last = std::move(each->self); });
  drains_.clear();
  standing_.clear();
}

}  // namespace isolatte::inline v0_1::pool
