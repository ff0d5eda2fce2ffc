// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/host.hpp"

#include "nats/link/subject.hpp"
#include "nats/system.hpp"

#include <isolatte/detail/task/distant_call.hpp>
#include <isolatte/ending.hpp>
#include <isolatte/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <exception>
#include <limits>
#include <new>
#include <string_view>
#include <unordered_set>

namespace isolatte::inline v0_1::nats {

namespace asio = boost::asio;
namespace errc = boost::system::errc;
using boost::system::error_code;
using logic::held_step;
using logic::parcel_step;
using logic::told;
using logic::wish;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {

constexpr std::size_t longest_name = 255;
constexpr milliseconds shortest_patience{1000};

/// Hosts on one machine have different names.
std::string name_of_host() {
  error_code ignored;
  std::string name = asio::ip::host_name(ignored);
  if (name.empty()) name = "localhost";
  std::string const number = "/" + std::to_string(process_id());
  name.resize(std::min(name.size(), longest_name - number.size()));
  return name + number;
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

std::optional<isolatte::detail::remote_call> call_of(const wire::parcel_job& what) {
  isolatte::detail::distant_call call{.decoder = what.decoder, .function = what.function};
  call.arguments.append(what.arguments.data(), what.arguments.size());
  return isolatte::detail::resolve(std::move(call));
}

job_options options_of(const wire::parcel_job& what) {
  job_options made;
  made.timeout = what.timeout;
  made.grace = what.grace;
  made.max_result = static_cast<std::size_t>(
      std::min<std::uint64_t>(what.max_result, std::numeric_limits<std::ptrdiff_t>::max()));
  // The host has asked for the job, so it waits with others of the pool's.
  made.when_full = admission::wait;
  return made;
}

}  // namespace

std::shared_ptr<host> host::make(detail::pool_handle& pool, settings what) {
  auto const made = std::make_shared<host>(only_make{}, pool, std::move(what));
  link::member_service::join(made->strand_, made);
  made->later([](host& self) { self.start(); });
  return made;
}

host::host(only_make, detail::pool_handle& pool, settings what)
    : settings_{std::move(what)},
      name_{name_of_host()},
      executor_{pool.get_executor()},
      strand_{asio::make_strand(executor_)},
      mailbox_{std::make_shared<link::mailbox>(strand_)},
      watchdog_{watchdog::make()},
      pool_{&pool},
      link_{link::server_link::make(strand_, settings_.link_options("isolatte host " + name_))},
      source_{*link_, settings_, *this},
      results_{*link_, name_, *this},
      lease_{settings_.lease()},
      random_{std::random_device{}()},
      timer_{strand_} {
  link_->subscribe(settings_.cancel_subject(), [this](std::span<link::message> what) {
    for (auto const& each : what) requested(each);
    rest();
  });
  link_->subscribe(settings_.hosts_subject(), [this](std::span<link::message> what) {
    for (auto const& each : what) count_asked(each);
  });
}

template <class Step>
void host::later(Step what) {
  mailbox_->post([weak = weak_from_this(), what = std::move(what)]() mutable {
    auto const self = weak.lock();
    if (self && !self->link_->is_copy()) what(*self);
  });
}

void host::start() { link_->start(*this); }

host_stats host::stats() const noexcept {
  return {.taken = counters_.taken,
          .again = counters_.again,
          .done = counters_.done,
          .fenced = counters_.fenced,
          .refused = counters_.refused};
}

// Its owner

void host::async_serve(detail::wait_handler handler) {
  serve_handler waiting{std::move(handler), executor_};
  if (link_->is_copy()) return std::move(waiting).complete(asio::error::operation_aborted);
  auto const number = ++last_serve_;
  if (auto slot = waiting.slot(); slot.is_connected())
    slot.assign([weak = weak_from_this(), number](asio::cancellation_type type) {
      if (auto const self = weak.lock())
        self->later([number, type](host& it) { it.cancel(number, type); });
    });
  later([number, waiting = std::move(waiting)](host& self) mutable {
    self.serve(std::move(waiting), number);
  });
}

void host::serve(serve_handler handler, std::uint64_t number) {
  if (served_) return std::move(handler).complete(make_error_code(error::already_waiting));
  if (refusal_) return std::move(handler).complete(refusal_);
  served_.emplace(std::move(handler));
  this_serve_ = number;
  serving_ = serving::taking;
  source_.open(true);
  rest();
}

void host::cancel(std::uint64_t number, asio::cancellation_type type) {
  if (!served_ || number != this_serve_) return;
  if ((type & asio::cancellation_type::terminal) != asio::cancellation_type::none)
    serving_ = serving::ending;
  else if (serving_ == serving::taking)
    serving_ = serving::draining;
  drain();
  rest();
}

/// Gives back what no worker has begun. To end, kills the rest, too.
void host::drain() {
  for (auto const id : all())
    if (auto* const it = find(id)) apply(id, it->machine.drain(now()));
  if (serving_ != serving::ending) return;
  for (auto const id : all())
    if (auto* const it = find(id))
      for (std::size_t n = 0; n != it->jobs.size(); ++n)
        // The pool answers what is to be taken back before it does this.
        if (it->machine.job(n).is_working() && it->jobs[n].in_pool) it->jobs[n].in_pool->withdraw();
}

void host::finish(error_code ec) {
  serving_ = serving::idle;
  source_.open(false);
  if (!served_) return;
  auto last = std::move(*served_);
  served_.reset();
  std::move(last).complete(ec);
}

void host::release() noexcept {
  if (link_->is_copy()) return;
  {
    std::lock_guard const lock{pool_mutex_};
    pool_ = nullptr;
  }
  try {
    mailbox_->post([self = shared_from_this()] { self->shut(); });
  } catch (const std::exception&) {
    // Then it ends with the execution context.
  }
}

void host::shut() noexcept {
  for (auto& [id, it] : parcels_)
    for (auto& each : it.jobs)
      if (each.in_pool) each.in_pool->cancel(asio::cancellation_type::terminal);
  parcels_.clear();
  by_place_.clear();
  wakes_.clear();
  unfinished_ = 0;
  finish(asio::error::operation_aborted);
  mailbox_->close();
  link_->stop();
  timer_.reset();
}

void host::abandon() noexcept {
  mailbox_->close();
  link_->stop();
  timer_.reset();
  // The handler may own the host.
  std::optional<serve_handler> last;
  if (served_) last.emplace(std::move(*served_));
  served_.reset();
  parcels_.clear();
  strand_ = nullptr;
}

/// The workers and the connection are the original's. The pool tells the jobs.
void host::disown() {
  timer_.reset();
  if (!served_) return;
  auto last = std::move(*served_);
  served_.reset();
  std::move(last).complete(asio::error::operation_aborted);
}

// The server

void host::link_up(const link::server_info& server) {
  refusal_ = {};
  results_.connect(server.max_payload);
  source_.connect();
  rest();
}

void host::link_down(const error_code&, const std::string&) {
  connected_ = false;
  renew_at_ = moment::max();
  source_.disconnect();
  results_.disconnect();
  for (auto const id : all())
    if (auto* const it = find(id)) {
      it->machine.connection_down();
      note(id, *it);
    }
  rest();
}

void host::link_refused(const error_code&, const std::string&) {
  refusal_ = make_error_code(errc::permission_denied);
  finish(refusal_);
  rest();
}

void host::link_violation(const std::string&, const std::string&) {
  refusal_ = make_error_code(errc::permission_denied);
  finish(refusal_);
  rest();
}

void host::source_found(std::int64_t stream, nanoseconds lease) {
  connected_ = true;
  lease_ = lease;
  results_.patience(std::max<nanoseconds>(lease / 4, shortest_patience));
  if (watchdog_) watchdog_->look_each(lease / 16);
  renew_at_ = now();
  for (auto const id : all())
    if (auto* const it = find(id)) {
      it->machine.connection_down();
      apply(id, it->machine.connection_up(now(), it->at.first == stream));
    }
  rest();
}

void host::source_gives(const link::message& what, const wire::delivery& how) {
  auto const read = wire::decode_parcel(what.data());
  if (!read.message || !link::is_subject(settings_.done_subject(read.message->submitter), false)) {
    source_.message_had(1);
    ++counters_.taken;
    ++counters_.refused;
    static_cast<void>(link_->publish(what.reply(), {}, {}, bytes_of("+TERM")));
    return rest();
  }
  source_.message_had(read.message->jobs.size());
  if (auto const known = by_place_.find({source_.stream(), how.stream_seq});
      known != by_place_.end()) {
    auto& it = *find(known->second);
    if (!it.machine.is_over_here()) {
      it.reply = what.reply();
      apply(known->second,
            it.machine.delivered_again(now(), static_cast<std::uint32_t>(how.delivered)));
      return rest();
    }
  }
  hold(*read.message, what, how);
  rest();
}

void host::hold(const wire::parcel& what, const link::message& from, const wire::delivery& how) {
  std::vector<logic::held_terms> terms;
  std::vector<job> jobs;
  for (auto const& each : what.jobs) {
    auto& made = jobs.emplace_back();
    made.number = each.number;
    made.attempt = each.attempt;
    made.options = options_of(each);
    made.call = call_of(each);
    terms.push_back({.max_hosts = each.max_hosts,
                     .lost_before = each.lost_before,
                     .holder = random_() | 1,
                     .is_sound = made.call.has_value()});
  }
  auto const deliveries =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(how.delivered, 0xffff'ffff));
  bool const drains = serving_ != serving::taking;
  counters_.taken += jobs.size();
  if (deliveries > 1) counters_.again += jobs.size();
  if (parcels_.empty()) renew_at_ = now() + lease_ / 4;
  auto const id = ++last_parcel_;
  place const at{source_.stream(), how.stream_seq};
  by_place_[at] = id;
  auto& it =
      parcels_
          .emplace(id,
                   parcel{at, std::string{from.reply()}, what.submitter, std::move(jobs),
                          logic::held_parcel{{.lease = lease_}, now(), deliveries, drains, terms}})
          .first->second;
  auto const todo = it.machine.open(now());
  for (std::size_t n = 0; n != it.jobs.size(); ++n)
    if (it.machine.job(n).is_ready() && it.machine.job(n).result() != told::returned)
      ++counters_.refused;
  apply(id, todo);
}

void host::requested(const link::message& what) {
  auto const read = wire::decode_request(what.data());
  if (!read.message) return;
  auto const& asked = *read.message;
  std::unordered_set<std::uint64_t> const numbers(asked.numbers.begin(), asked.numbers.end());
  for (auto const id : all()) {
    auto* it = find(id);
    if (it == nullptr || it->submitter != asked.submitter) continue;
    if (asked.what == wire::request::subject::submitter) {
      apply(id, it->machine.forget(now()));
      continue;
    }
    for (std::size_t n = 0; it != nullptr && n != it->jobs.size(); ++n, it = find(id))
      if (numbers.contains(it->jobs[n].number))
        apply(id, it->machine.requested(now(), n, asked.wish));
  }
}

void host::count_asked(const link::message& what) {
  if (what.reply().empty() || wire::decode_count(what.data()) != nullptr) return;
  wire::counts mine{.host = name_, .workers = 0, .running = *running_, .waiting = 0};
  {
    std::lock_guard const lock{pool_mutex_};
    if (pool_ != nullptr) mine.workers = static_cast<std::uint32_t>(pool_->concurrency());
  }
  mine.waiting = unfinished_ > mine.running ? unfinished_ - mine.running : 0;
  isolatte::detail::byte_buffer bytes;
  wire::encode(mine, bytes);
  static_cast<void>(link_->publish(what.reply(), {}, {}, bytes.bytes()));
}

// Parcels

host::parcel* host::find(parcel_id id) {
  auto const found = parcels_.find(id);
  return found == parcels_.end() ? nullptr : &found->second;
}

std::vector<host::parcel_id> host::all() const {
  std::vector<parcel_id> ids;
  ids.reserve(parcels_.size());
  for (auto const& [id, it] : parcels_) ids.push_back(id);
  return ids;
}

void host::apply(parcel_id id, parcel_step todo) {
  auto* it = find(id);
  if (it == nullptr) return;
  if (has(todo, parcel_step::look))
    for (std::size_t n = 0; it != nullptr && n != it->jobs.size(); ++n, it = find(id))
      perform(id, n, it->machine.take(n));
  if (has(todo, parcel_step::publish)) publish(id);
  if (it = find(id); it != nullptr && has(todo, parcel_step::publish_again))
    for (std::uint64_t batch = 1; batch <= it->machine.last_batch(); ++batch)
      results_.send_again({id, batch});
  if (has(todo, parcel_step::acknowledge)) acknowledge(id);
  if (has(todo, parcel_step::drop)) return drop(id);
  if (it = find(id); it != nullptr) note(id, *it);
}

void host::perform(parcel_id id, std::size_t n, held_step todo) {
  if (todo == held_step::none) return;
  auto* it = find(id);
  if (has(todo, held_step::ask_leave)) ask_leave(id, n);
  if (has(todo, held_step::say_held))
    results_.tell(settings_.done_subject(it->submitter), result_of(*it, n, told::held));
  if (has(todo, held_step::give)) give(id, n);
  it = find(id);
  if (it == nullptr || !it->jobs[n].in_pool) return;
  auto& in_pool = *it->jobs[n].in_pool;
  if (has(todo, held_step::take_back)) in_pool.withdraw();
  if (has(todo, held_step::interrupt)) in_pool.cancel(asio::cancellation_type::total);
  if (has(todo, held_step::request_exit)) in_pool.cancel(asio::cancellation_type::partial);
  if (has(todo, held_step::terminate)) in_pool.cancel(asio::cancellation_type::terminal);
}

void host::ask_leave(parcel_id id, std::size_t n) {
  auto const& it = *find(id);
  wire::begin const question{.number = it.jobs[n].number,
                             .attempt = it.jobs[n].attempt,
                             .holder = it.machine.job(n).holder(),
                             .deliveries = it.machine.deliveries()};
  isolatte::detail::byte_buffer bytes;
  wire::encode(question, bytes);
  link_->request(settings_.leave_subject(it.submitter), bytes.bytes(), lease_ / 4,
                 [this, id, n](error_code ec, const link::message& what) {
                   auto* const asking = find(id);
                   if (asking == nullptr) return;
                   auto const answer = wire::decode_leave(what.data());
                   if (!ec && answer.message) {
                     apply(id, asking->machine.leave_told(now(), n, *answer.message));
                   } else {
                     // The machine asks again.
                     asking->machine.leave_not_told();
                     note(id, *asking);
                   }
                   rest();
                 });
}

void host::give(parcel_id id, std::size_t n) {
  auto& given = find(id)->jobs[n];
  auto const watched =
      std::make_shared<pool_job>(watchdog_, running_, [weak = weak_from_this(), id, n] {
        if (auto const self = weak.lock()) self->later([id, n](host& it) { it.on_kept(id, n); });
      });
  auto done = [weak = weak_from_this(), watched, id, n](error_code ec,
                                                        isolatte::detail::report what) mutable {
    bool const is_killed = watched->end();
    if (auto const self = weak.lock())
      self->later([id, n, ec, is_killed, what = std::move(what)](host& it) mutable {
        it.on_report(id, n, ec, std::move(what), is_killed);
      });
  };
  auto const call = std::move(*given.call);
  given.call.reset();
  auto const guard = find(id)->machine.fence_at();
  if (watchdog_ && guard < guarded_until_) {
    guarded_until_ = guard;
    watchdog_->may_live_until(isolatte::logic::later(guard, lease_ / 16));
  }
  std::lock_guard const lock{pool_mutex_};
  // The host is about to be shut.
  if (pool_ == nullptr) return;
  try {
    given.in_pool = pool_->relay(call, given.options, watched, std::move(done));
  } catch (const std::bad_alloc&) {
    // Another host may have the memory.
    later([id, n](host& self) {
      if (auto* const it = self.find(id)) self.apply(id, it->machine.failed(now(), n));
      self.rest();
    });
  }
}

void host::on_report(parcel_id id, std::size_t n, error_code ec, isolatte::detail::report what,
                     bool is_killed) {
  auto* it = find(id);
  if (it == nullptr) return;
  auto& done = it->jobs[n];
  done.in_pool.reset();
  // The watchdog may have killed the worker of a host that was stopped.
  if (it->machine.fence_at() <= now()) {
    apply(id, it->machine.wake(now()));
    it = find(id);
    if (it == nullptr) return rest();
  }
  bool const is_unrun = what.summary.ran == ran::no;
  if (is_killed && what.summary.how != ending::returned && what.summary.how != ending::threw) {
    ++counters_.fenced;
    apply(id, it->machine.failed(now(), n));
  } else if (ec == asio::error::operation_aborted && is_unrun) {
    apply(id, it->machine.unbegun(now(), n));
  } else if (ec && ec != error::unknown_function && is_unrun &&
             what.summary.how == ending::not_started) {
    // The pool cannot run anything now. Another host may have one that can.
    apply(id, it->machine.failed(now(), n));
  } else {
    source_.job_ran(what.summary.usage.wall);
    done.ec = ec;
    done.report = std::make_unique<isolatte::detail::report>(std::move(what));
    apply(id, it->machine.reported(now(), n));
  }
  rest();
}

void host::on_kept(parcel_id id, std::size_t n) {
  auto* it = find(id);
  if (it == nullptr) return;
  if (serving_ == serving::ending && it->machine.job(n).is_working()) {
    // Other hosts run it again.
    auto const in_pool = it->jobs[n].in_pool;
    apply(id, it->machine.failed(now(), n));
    if (in_pool) in_pool->cancel(asio::cancellation_type::terminal);
  } else {
    apply(id, it->machine.begun(now(), n));
  }
  rest();
}

wire::job_result host::result_of(parcel& of, std::size_t n, told what) const {
  auto& from = of.jobs[n];
  wire::job_result made;
  made.number = from.number;
  made.attempt = from.attempt;
  made.kind = what;
  made.deliveries = of.machine.deliveries();
  made.holder = of.machine.job(n).holder();
  if (what == told::refused) made.reason = "the host does not have the function";
  if (what != told::report) return made;
  made.ec = from.ec;
  made.report = std::move(from.report);
  return made;
}

void host::publish(parcel_id id) {
  auto& it = *find(id);
  auto const batch = it.machine.begin_batch();
  std::vector<wire::job_result> results;
  for (std::size_t n = 0; n != it.jobs.size(); ++n)
    if (it.machine.is_in_batch(n, batch))
      results.push_back(result_of(it, n, it.machine.job(n).result()));
  results_.send({id, batch}, settings_.done_subject(it.submitter), results);
}

void host::results_stored(result_sender::batch_id which) {
  auto* const it = find(which.first);
  if (it == nullptr) return;
  for (std::size_t n = 0; n != it->jobs.size(); ++n)
    if (it->machine.is_in_batch(n, which.second) && it->machine.job(n).result() != told::returned)
      ++counters_.done;
  apply(which.first, it->machine.published(now(), which.second));
  rest();
}

void host::acknowledge(parcel_id id) {
  auto const& it = *find(id);
  link_->request(it.reply, bytes_of("+ACK"), std::max<nanoseconds>(lease_ / 4, shortest_patience),
                 [this, id](error_code ec, const link::message&) {
                   auto* const asking = find(id);
                   if (asking == nullptr || !asking->machine.awaits_acknowledgement()) return;
                   if (!ec) {
                     apply(id, asking->machine.acknowledged(now()));
                   } else if (link_->is_up()) {
                     // The machine asks for another one when the stream and the consumer have been
                     // found.
                     source_.look_again();
                   }
                   rest();
                 });
}

void host::drop(parcel_id id) {
  auto const found = parcels_.find(id);
  wakes_.erase({found->second.wake_at, id});
  unfinished_ -= found->second.unfinished;
  if (auto const at = by_place_.find(found->second.at); at != by_place_.end() && at->second == id)
    by_place_.erase(at);
  results_.forget(id);
  parcels_.erase(found);
}

void host::note(parcel_id id, parcel& of) {
  auto const unfinished = of.machine.unfinished();
  unfinished_ += unfinished - of.unfinished;
  of.unfinished = unfinished;
  auto const at = of.machine.wake_at();
  if (at == of.wake_at) return;
  wakes_.erase({of.wake_at, id});
  of.wake_at = at;
  if (at != moment::max()) wakes_.insert({at, id});
}

// Time

/// The reply to the last renewal says that the server has had those before.
void host::renew() {
  if (!connected_ || !link_->is_up()) return;
  auto const sent_at = now();
  std::vector<parcel_id> round;
  for (auto const& [id, it] : parcels_)
    if (!it.machine.is_over_here()) round.push_back(id);
  if (round.empty()) return;
  for (auto const id : round)
    if (id != round.back())
      static_cast<void>(link_->publish(find(id)->reply, {}, {}, bytes_of("+WPI")));
  auto const last = find(round.back())->reply;
  link_->request(last, bytes_of("+WPI"), lease_,
                 [this, round = std::move(round), sent_at](error_code ec, const link::message&) {
                   if (ec) return;
                   for (auto const id : round)
                     if (auto* const it = find(id)) {
                       it->machine.renewed(sent_at);
                       note(id, *it);
                     }
                   set_watchdog();
                   rest();
                 });
}

/// The host kills its jobs itself at the moment that their machines say, a little earlier.
void host::set_watchdog() {
  guarded_until_ = moment::max();
  for (auto const& [id, it] : parcels_)
    if (it.machine.working() != 0) guarded_until_ = std::min(guarded_until_, it.machine.fence_at());
  if (watchdog_) watchdog_->may_live_until(isolatte::logic::later(guarded_until_, lease_ / 16));
}

void host::rest() {
  bool const is_busy = !parcels_.empty();
  if (serving_ == serving::ending && !connected_ &&
      std::ranges::none_of(parcels_,
                           [](auto const& each) { return each.second.machine.working() != 0; })) {
    // No server is there to be told. Other hosts are handed the messages.
    for (auto const id : all()) drop(id);
    return finish(asio::error::operation_aborted), set_timer();
  }
  if ((serving_ == serving::draining || serving_ == serving::ending) && !is_busy)
    finish(asio::error::operation_aborted);
  if (serving_ == serving::taking) {
    std::size_t workers = 1;
    {
      std::lock_guard const lock{pool_mutex_};
      if (pool_ != nullptr) workers = pool_->concurrency();
    }
    source_.pull(workers, unfinished_);
  }
  set_timer();
}

/// An idle host keeps no event loop at work.
void host::set_timer() {
  if (!timer_) return;
  moment at = moment::max();
  if (served_ || !parcels_.empty()) {
    at = std::min(source_.wake_at(), results_.wake_at());
    if (!wakes_.empty()) at = std::min(at, wakes_.begin()->first);
    if (!parcels_.empty()) at = std::min({at, renew_at_, guarded_until_});
  }
  // A timer that goes off earlier looks again.
  bool const is_idle = !served_ && parcels_.empty();
  if (at >= timer_at_ && !is_idle) return;
  if (at == timer_at_) return;
  timer_at_ = at;
  auto const number = ++timer_number_;
  if (at == moment::max()) {
    timer_->cancel();
    return;
  }
  timer_->expires_after(std::clamp<nanoseconds>(at - now(), nanoseconds{0}, std::chrono::hours{1}));
  timer_->async_wait([weak = weak_from_this(), number](error_code) {
    auto const self = weak.lock();
    if (self && !self->link_->is_copy() && self->timer_ && number == self->timer_number_)
      self->on_timer();
  });
}

void host::on_timer() {
  timer_at_ = moment::max();
  auto const at = now();
  source_.wake(at);
  results_.wake(at);
  while (!wakes_.empty() && wakes_.begin()->first <= at) {
    auto const id = wakes_.begin()->second;
    auto& it = *find(id);
    auto const had = it.machine.working();
    auto const todo = it.machine.wake(at);
    if (it.machine.is_over_here()) counters_.fenced += had - it.machine.working();
    // A machine that wants to be woken at the same moment again has nothing to do then.
    wakes_.erase(wakes_.begin());
    it.wake_at = moment::max();
    apply(id, todo);
    if (auto const again = find(id); again != nullptr && again->wake_at <= at) break;
  }
  if (at >= guarded_until_) set_watchdog();
  if (at >= renew_at_) {
    renew();
    renew_at_ = connected_ ? at + lease_ / 4 : moment::max();
  }
  rest();
}

}  // namespace isolatte::inline v0_1::nats
