// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/held_parcels.hpp"

#include "nats/link/memory.hpp"
#include "nats/link/message.hpp"
#include "nats/link/subject.hpp"
#include "nats/parcel_contents.hpp"
#include "nats/system.hpp"

#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/ending.hpp>
#include <isolatte/error.hpp>
#include <isolatte/run_summary.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <new>
#include <string_view>
#include <unordered_set>

namespace isolatte::inline v0_1::nats {

namespace asio = boost::asio;
using boost::system::error_code;
using logic::held_step;
using logic::parcel_step;
using logic::told;
using std::chrono::nanoseconds;

namespace {

constexpr std::chrono::milliseconds least_result_patience{1000};
/// A host with more bytes of results that the server has not stored takes no jobs.
constexpr std::size_t most_untold_bytes = std::size_t{64} << 20;

}  // namespace

held_parcels::held_parcels(std::shared_ptr<link::mailbox> mail, link::server_link& link,
                           const settings& what, const std::string& host_name, host_pool& pool,
                           owner& to)
    : mailbox_{std::move(mail)},
      link_{link},
      settings_{what},
      pool_{pool},
      owner_{to},
      results_{link, host_name, *this},
      random_{std::random_device{}()},
      lease_{what.lease()} {}

template <class Step>
void held_parcels::later(Step what) {
  mailbox_->post([weak = weak_from_this(), what = std::move(what)]() mutable {
    auto const self = weak.lock();
    if (!self || self->link_.is_copy()) return;
    if (!link::if_memory([&] { what(*self); })) self->owner_.memory_was_short();
  });
}

host_stats held_parcels::stats() const noexcept {
  return {.taken = counters_.taken,
          .again = counters_.again,
          .done = counters_.done,
          .fenced = counters_.fenced,
          .refused = counters_.refused,
          .guarded = pool_.is_watched()};
}

// The server

void held_parcels::disconnect() {
  connected_ = false;
  renew_at_ = moment::max();
  results_.disconnect();
  for (auto const id : all())
    if (auto* const it = find(id)) {
      it->machine.connection_down();
      note(id, *it);
    }
}

void held_parcels::stream_found(std::int64_t stream, nanoseconds lease) {
  connected_ = true;
  lease_ = lease;
  results_.patience(std::max<nanoseconds>(lease / 4, least_result_patience));
  pool_.look_each(lease / 16);
  renew_at_ = now();
  for (auto const id : all())
    if (auto* const it = find(id)) {
      it->machine.connection_down();
      apply(id, it->machine.connection_up(now(), it->at.first == stream));
    }
}

bool held_parcels::has_room() const noexcept { return results_.bytes() <= most_untold_bytes; }

std::size_t held_parcels::take(const link::message& what, const wire::delivery& how,
                               std::int64_t stream, moment leased_at, bool drains) {
  auto const read = wire::decode_parcel(what.data());
  if (!read.message || !link::is_subject(settings_.done_subject(read.message->submitter), false)) {
    ++counters_.taken;
    ++counters_.refused;
    static_cast<void>(link_.publish(what.reply(), {}, {}, link::bytes_of("+TERM")));
    return 1;
  }
  place const at{stream, how.stream_seq};
  auto const known = by_place_.find(at);
  auto* const it = known != by_place_.end() ? find(known->second) : nullptr;
  if (it == nullptr || it->machine.is_over_here()) {
    // Other hosts may have a message that has been under way for so long, or have it soon.
    if (isolatte::logic::later(leased_at, lease_ - lease_ / 4) > now())
      hold(*read.message, what, how, at, leased_at, drains);
  } else {
    it->reply = what.reply();
    apply(known->second,
          it->machine.delivered_again(now(), leased_at, static_cast<std::uint32_t>(how.delivered)));
  }
  return read.message->jobs.size();
}

void held_parcels::hold(const wire::parcel& what, const link::message& from,
                        const wire::delivery& how, const place& at, moment leased_at, bool drains) {
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
  auto const id = ++last_parcel_;
  // No parcel has the number 0.
  auto& id_at_place = by_place_[at];
  auto& it = parcels_
                 .emplace(id, parcel{at, std::string{from.reply()}, what.submitter, std::move(jobs),
                                     logic::held_parcel{
                                         {.lease = lease_}, leased_at, deliveries, drains, terms}})
                 .first->second;
  id_at_place = id;
  counters_.taken += it.jobs.size();
  if (deliveries > 1) counters_.again += it.jobs.size();
  if (parcels_.size() == 1) {
    renew_at_ = now() + lease_ / 4;
    pool_.keep_watch();
  }
  auto const todo = it.machine.open(now());
  for (std::size_t n = 0; n != it.jobs.size(); ++n)
    if (it.machine.job(n).is_ready() && it.machine.job(n).result() != told::returned)
      ++counters_.refused;
  apply(id, todo);
}

// Requests

void held_parcels::requested(const wire::request& asked) {
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

void held_parcels::drain() {
  for (auto const id : all())
    if (auto* const it = find(id)) apply(id, it->machine.drain(now()));
}

void held_parcels::end() {
  ends_ = true;
  drain();
  for (auto const id : all())
    if (auto* const it = find(id))
      for (std::size_t n = 0; n != it->jobs.size(); ++n)
        // The pool answers what is to be taken back before it does this.
        if (it->machine.job(n).is_working() && it->jobs[n].in_pool) withdraw(it->jobs[n]);
}

bool held_parcels::has_work() const noexcept {
  return std::ranges::any_of(parcels_,
                             [](auto const& each) { return each.second.machine.working() != 0; });
}

void held_parcels::drop_all() {
  for (auto const id : all()) drop(id);
}

void held_parcels::kill() {
  // Without memory for the end of a parcel, other hosts are handed it.
  for (auto const id : all())
    if (auto* const it = find(id)) link::if_memory([&] { apply(id, it->machine.end(now())); });
}

void held_parcels::forget() noexcept {
  parcels_.clear();
  by_place_.clear();
  wakes_.clear();
  unfinished_ = working_ = 0;
}

// Steps

held_parcels::parcel* held_parcels::find(parcel_id id) {
  auto const found = parcels_.find(id);
  return found == parcels_.end() ? nullptr : &found->second;
}

std::vector<held_parcels::parcel_id> held_parcels::all() const {
  std::vector<parcel_id> ids;
  link::until_memory([&] { ids.reserve(parcels_.size()); });
  for (auto const& [id, it] : parcels_) ids.push_back(id);
  return ids;
}

void held_parcels::apply(parcel_id id, parcel_step todo) {
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

void held_parcels::perform(parcel_id id, std::size_t n, held_step todo) {
  if (todo == held_step::none) return;
  auto* it = find(id);
  // The machine asks for leave again, and the farm asks again who holds the job.
  if (has(todo, held_step::ask_leave)) link::if_memory([&] { ask_leave(id, n); });
  if (has(todo, held_step::say_held))
    link::if_memory([&] {
      results_.tell(settings_.done_subject(it->submitter), result_of(*it, n, told::held));
    });
  if (has(todo, held_step::give)) give(id, n);
  it = find(id);
  if (it == nullptr || !it->jobs[n].in_pool) return;
  auto& what = it->jobs[n];
  if (has(todo, held_step::take_back)) withdraw(what);
  if (has(todo, held_step::interrupt)) cancel(what, asio::cancellation_type::total);
  if (has(todo, held_step::request_exit)) cancel(what, asio::cancellation_type::partial);
  if (has(todo, held_step::terminate)) cancel(what, asio::cancellation_type::terminal);
}

void held_parcels::withdraw(job& what) {
  what.is_withdrawn = true;
  what.in_pool->withdraw();
}

void held_parcels::cancel(job& what, asio::cancellation_type type) {
  what.is_cancelled = true;
  what.in_pool->cancel(type);
}

void held_parcels::ask_leave(parcel_id id, std::size_t n) {
  auto const& it = *find(id);
  wire::begin const question{.number = it.jobs[n].number,
                             .attempt = it.jobs[n].attempt,
                             .holder = it.machine.job(n).holder(),
                             .deliveries = it.machine.deliveries()};
  isolatte::detail::byte_buffer bytes;
  wire::encode(question, bytes);
  link_.request(settings_.leave_subject(it.submitter), bytes.bytes(), lease_ / 4,
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
                  owner_.parcels_changed();
                });
}

void held_parcels::give(parcel_id id, std::size_t n) {
  auto& given = find(id)->jobs[n];
  auto on_kept = [weak = weak_from_this(), id, n] {
    if (auto const self = weak.lock())
      self->later([id, n](held_parcels& it) { it.on_kept(id, n); });
  };
  auto done = [weak = weak_from_this(), id, n](error_code ec, isolatte::detail::report&& what,
                                               bool is_killed) {
    if (auto const self = weak.lock())
      self->later([id, n, ec, is_killed, what = std::move(what)](held_parcels& it) mutable {
        it.on_report(id, n, ec, std::move(what), is_killed);
      });
  };
  auto const call = std::move(*given.call);
  given.call.reset();
  if (limit_.is_wrong_for(find(id)->machine.fence_at(), now())) set_watchdog();
  try {
    given.in_pool = pool_.give(call, given.options, std::move(on_kept), std::move(done));
  } catch (const std::bad_alloc&) {
    // Another host may have the memory.
    later([id, n](held_parcels& self) {
      self.owner_.pool_refuses();
      if (auto* const it = self.find(id)) self.apply(id, it->machine.unbegun(now(), n));
      self.owner_.parcels_changed();
    });
  }
}

parcel_step held_parcels::wake(parcel& which, moment at) {
  auto const had = which.machine.working();
  auto const todo = which.machine.wake(at);
  if (which.machine.is_over_here()) counters_.fenced += had - which.machine.working();
  return todo;
}

void held_parcels::on_report(parcel_id id, std::size_t n, error_code ec,
                             isolatte::detail::report what, bool is_killed) {
  auto* it = find(id);
  if (it != nullptr) it->jobs[n].in_pool.reset();
  // The watchdog may have killed the worker of a host that was stopped.
  if (it != nullptr && it->machine.fence_at() <= now()) apply(id, wake(*it, now()));
  release_watchdog();
  it = find(id);
  if (it == nullptr) return owner_.parcels_changed();
  auto& done = it->jobs[n];
  bool const is_unrun = what.summary.ran == ran::no;
  bool const is_aborted = ec == asio::error::operation_aborted;
  bool const is_refused =
      ec && ec != error::unknown_function && is_unrun && what.summary.how == ending::not_started;
  // The program has stopped its pool.
  bool const is_stopped = is_aborted && !done.is_withdrawn && !done.is_cancelled;
  if (is_stopped || (is_refused && !is_aborted)) owner_.pool_refuses();
  if (is_killed && what.summary.how != ending::returned && what.summary.how != ending::threw) {
    if (it->machine.job(n).is_working()) ++counters_.fenced;
    apply(id, it->machine.failed(now(), n));
  } else if (is_refused || (is_aborted && is_unrun)) {
    // Another host may have a pool that can run it.
    apply(id, it->machine.unbegun(now(), n));
  } else if (is_stopped) {
    apply(id, it->machine.failed(now(), n));
  } else {
    owner_.job_ran(what.summary.usage.wall);
    done.ec = ec;
    done.report = link::until_memory(
        [&] { return std::make_unique<isolatte::detail::report>(std::move(what)); });
    apply(id, it->machine.reported(now(), n));
  }
  owner_.parcels_changed();
}

void held_parcels::on_kept(parcel_id id, std::size_t n) {
  auto* it = find(id);
  if (it == nullptr) return;
  it->jobs[n].is_withdrawn = false;
  if (ends_ && it->machine.job(n).is_working()) {
    // Other hosts run it again.
    auto const in_pool = it->jobs[n].in_pool;
    it->jobs[n].is_cancelled = true;
    apply(id, it->machine.failed(now(), n));
    if (in_pool) in_pool->cancel(asio::cancellation_type::terminal);
  } else {
    apply(id, it->machine.begun(now(), n));
  }
  owner_.parcels_changed();
}

wire::job_result held_parcels::result_of(parcel& of, std::size_t n, told what) const {
  auto& from = of.jobs[n];
  wire::job_result made;
  made.number = from.number;
  made.attempt = from.attempt;
  made.kind = what;
  made.deliveries = of.machine.deliveries();
  made.holder = of.machine.job(n).holder();
  if (what == told::refused)
    link::until_memory([&] { made.reason = "the host does not have the function"; });
  if (what != told::report) return made;
  made.ec = from.ec;
  made.report = std::move(from.report);
  return made;
}

void held_parcels::publish(parcel_id id) {
  auto& it = *find(id);
  auto const batch = it.machine.begin_batch();
  std::vector<wire::job_result> results;
  link::until_memory([&] { results.reserve(it.jobs.size()); });
  for (std::size_t n = 0; n != it.jobs.size(); ++n)
    if (it.machine.is_in_batch(n, batch))
      results.push_back(result_of(it, n, it.machine.job(n).result()));
  auto to = link::until_memory([&] { return settings_.done_subject(it.submitter); });
  results_.send({id, batch}, std::move(to), std::move(results));
}

void held_parcels::results_stored(result_sender::batch_id which) {
  auto* const it = find(which.first);
  if (it == nullptr) return;
  for (std::size_t n = 0; n != it->jobs.size(); ++n)
    if (it->machine.is_in_batch(n, which.second) && it->machine.job(n).result() != told::returned)
      ++counters_.done;
  apply(which.first, it->machine.published(now(), which.second));
  owner_.parcels_changed();
}

void held_parcels::acknowledge(parcel_id id) {
  auto const& it = *find(id);
  link_.request(it.reply, link::bytes_of("+ACK"),
                std::max<nanoseconds>(lease_ / 4, least_result_patience),
                [this, id](error_code ec, const link::message&) {
                  auto* const asking = find(id);
                  if (asking == nullptr || !asking->machine.awaits_acknowledgement()) return;
                  if (!ec) {
                    apply(id, asking->machine.acknowledged(now()));
                  } else if (link_.is_up()) {
                    // The machine asks for another one when the stream and the consumer have been
                    // found.
                    owner_.stream_doubted();
                  }
                  owner_.parcels_changed();
                });
}

void held_parcels::drop(parcel_id id) {
  auto const found = parcels_.find(id);
  wakes_.erase({found->second.wake_at, id});
  unfinished_ -= found->second.unfinished;
  working_ -= found->second.working;
  if (auto const at = by_place_.find(found->second.at); at != by_place_.end() && at->second == id)
    by_place_.erase(at);
  results_.forget(id);
  parcels_.erase(found);
}

void held_parcels::note(parcel_id id, parcel& of) {
  auto const unfinished = of.machine.unfinished();
  unfinished_ += unfinished - of.unfinished;
  of.unfinished = unfinished;
  auto const working = of.machine.working();
  working_ += working - of.working;
  of.working = working;
  auto const at = of.machine.wake_at();
  if (at == of.wake_at) return;
  if (at != moment::max()) link::until_memory([&] { wakes_.insert({at, id}); });
  wakes_.erase({of.wake_at, id});
  of.wake_at = at;
}

// Time

/// The reply to the last renewal says that the server has had those before.
void held_parcels::renew() {
  pool_.keep_watch();
  if (!connected_ || !link_.is_up()) return;
  auto const sent_at = now();
  std::vector<parcel_id> round;
  for (auto const& [id, it] : parcels_)
    if (!it.machine.is_over_here()) round.push_back(id);
  if (round.empty()) return;
  auto const last_id = round.back();
  // A renewal that could not be published is not proved.
  std::erase_if(round, [&](parcel_id id) {
    return id != last_id && link_.publish(find(id)->reply, {}, {}, link::bytes_of("+WPI")).failed();
  });
  auto const last = find(last_id)->reply;
  link_.request(last, link::bytes_of("+WPI"), lease_,
                [this, round = std::move(round), sent_at](error_code ec, const link::message&) {
                  if (ec) return;
                  for (auto const id : round)
                    if (auto* const it = find(id)) {
                      it->machine.renewed(sent_at);
                      note(id, *it);
                    }
                  set_watchdog();
                  owner_.parcels_changed();
                });
}

void held_parcels::set_watchdog() {
  limit_.begin();
  for (auto const& [id, it] : parcels_)
    if (it.machine.working() != 0) limit_.bound(it.machine.fence_at());
  pool_.may_live_until(limit_.kill_at(lease_));
}

void held_parcels::release_watchdog() {
  if (limit_.is_needless(working_, pool_.running())) set_watchdog();
}

void held_parcels::wake(moment at) {
  results_.wake(at);
  while (!wakes_.empty() && wakes_.begin()->first <= at) {
    auto const id = wakes_.begin()->second;
    auto& it = *find(id);
    auto const todo = wake(it, at);
    // A machine that wants to be woken at the same moment again has nothing to do then.
    wakes_.erase(wakes_.begin());
    it.wake_at = moment::max();
    apply(id, todo);
    if (auto const again = find(id); again != nullptr && again->wake_at <= at) break;
  }
  if (at >= limit_.end()) set_watchdog();
  if (at >= renew_at_) {
    renew();
    renew_at_ = connected_ ? at + lease_ / 4 : moment::max();
  }
}

moment held_parcels::wake_at() const noexcept {
  moment at = results_.wake_at();
  if (!wakes_.empty()) at = std::min(at, wakes_.begin()->first);
  if (!parcels_.empty()) at = std::min({at, renew_at_, limit_.end()});
  return at;
}

}  // namespace isolatte::inline v0_1::nats
