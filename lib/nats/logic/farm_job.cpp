// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/logic/farm_job.hpp"

#include <algorithm>

namespace isolatte::inline v0_1::nats::logic {

using isolatte::logic::later;

moment farm_job::after(moment now, int leases) const noexcept {
  for (; leases != 0; --leases) now = later(now, rules_.lease);
  return now;
}

void farm_job::heard(moment now) noexcept {
  audit_at_ = after(now, 2);
  if (missing_ && wish_ == wish::none) taking_ = taking::none;
  missing_ = false;
  missing_until_ = moment::max();
}

job_step farm_job::settle(job_end how, bool is_certainly_unrun) noexcept {
  phase_ = phase::settled;
  verdict_ = {how, is_certainly_unrun};
  return job_step::settle;
}

job_step farm_job::settle_unrun() noexcept {
  if (!is_certainly_unrun()) return settle(job_end::lost, false);
  return settle(wish_ == wish::withdraw ? job_end::not_in_time : job_end::taken_back, true);
}

job_step farm_job::publish_again() noexcept {
  ++attempt_;
  phase_ = phase::kept;
  taking_ = taking::none;
  missing_ = is_held_ = may_be_stored_ = false;
  deliveries_before_.reset();
  audit_at_ = missing_until_ = holder_lost_at_ = moment::max();
  return job_step::publish;
}

/// A server that has been killed forgets what it has handed out.
job_step farm_job::publish_undelivered(moment now) noexcept {
  return is_held_ || holder_ ? message_lost(now) : publish_again();
}

job_step farm_job::start(bool connected) noexcept {
  connected_ = connected;
  return job_step::publish;
}

void farm_job::sent() noexcept {
  if (phase_ == phase::kept) phase_ = phase::sent;
}

job_step farm_job::stored(moment now, std::uint32_t attempt) noexcept {
  if (!is_current(attempt, phase::sent)) return job_step::none;
  phase_ = phase::stored;
  heard(now);
  return wish_ == wish::none ? job_step::none : begin_taking();
}

job_step farm_job::refused(moment now, std::uint32_t attempt, job_end why) noexcept {
  if (!is_current(attempt, phase::sent)) return job_step::none;
  // The server that took the first publication may have been another one.
  if (may_be_stored_) exact_ = false;
  if (wish_ != wish::none) return settle_unrun();
  if (why != job_end::queue_full || (attempt_ == 1 && exact_))
    return settle(why, is_certainly_unrun());
  // The queue has had room for the job before, so the job waits for room.
  phase_ = phase::kept;
  publish_at_ = later(now, rules_.lease / 4);
  return job_step::none;
}

job_step farm_job::answer_lost(moment now, std::uint32_t attempt) noexcept {
  if (!is_current(attempt, phase::sent)) return job_step::none;
  phase_ = phase::stored;
  exact_ = false;
  return message_lost(now);
}

void farm_job::connection_down() noexcept {
  connected_ = false;
  if (phase_ == phase::sent) may_be_stored_ = true;
  deliveries_before_.reset();
  // An answer to the first question would be too old by then, the second one is still to be asked.
  if (taking_ == taking::asking || taking_ == taking::removing) taking_ = taking::none;
  missing_until_ = moment::max();
  // A host that has begun the job in time cannot say so now.
  if (wish_ == wish::withdraw) give_up_at_ = moment::max();
}

job_step farm_job::connection_up(moment now, bool same_server, bool same_stream) noexcept {
  connected_ = true;
  // A server that has been killed may hand out again what it had been told to forget.
  if (was_published() && (!same_server || !same_stream)) exact_ = false;
  if (settled()) return job_step::none;
  if (wish_ == wish::withdraw) give_up_at_ = after(now, 2);
  job_step todo = wish_ == wish::none ? job_step::none : job_step::tell_hosts;
  if (phase_ != phase::stored) return todo;
  if (!same_stream) return todo | message_lost(now);
  // Questions of before are not answered any more.
  audit_at_ = audit_at_ == moment::max() ? after(now, 1) : std::max(audit_at_, after(now, 1));
  if (missing_) return todo | message_lost(now);
  if (taking_ == taking::asking_again) return todo | job_step::ask_delivered;
  if (wish_ != wish::none && taking_ == taking::none) todo |= begin_taking();
  return todo;
}

job_step farm_job::stream_replaced(moment now) noexcept {
  if (was_published()) exact_ = false;
  return phase_ == phase::stored ? message_lost(now) : job_step::none;
}

/// The message is not on the server, and a host may have the job.
job_step farm_job::message_lost(moment now) noexcept {
  taking_ = taking::waiting;
  missing_ = true;
  if (wish_ != wish::none) return job_step::tell_hosts;
  // No host begins the job without leave, so that another message does no harm.
  if (runs_at_most_once() && !holder_) return publish_again();
  missing_until_ = after(now, 1);
  return job_step::tell_hosts;
}

job_step farm_job::begin_taking() noexcept {
  if (!connected_) return job_step::none;
  taking_ = taking::asking;
  return job_step::ask_delivered;
}

job_step farm_job::cancel(moment now, wish how) noexcept {
  if (settled() || how <= wish_) return job_step::none;
  bool const was_withdrawn = wish_ == wish::withdraw;
  bool const is_first = wish_ == wish::none;
  wish_ = how;
  begin_by_ = moment::max();
  // Without leave no host begins a job that is run at most once.
  if (phase_ == phase::kept || (runs_at_most_once() && !holder_)) return settle_unrun();
  if (is_first || was_withdrawn) {
    give_up_at_ = how == wish::withdraw && !connected_ ? moment::max() : after(now, 2);
    tell_at_ = later(now, rules_.lease / 2);
    missing_until_ = moment::max();
  }
  job_step todo = job_step::tell_hosts;
  if (phase_ == phase::stored && taking_ == taking::none) todo |= begin_taking();
  return todo;
}

job_step farm_job::delivery_known(moment now, std::uint32_t attempt, bool delivered,
                                  std::uint64_t deliveries) noexcept {
  if (!is_current(attempt, phase::stored)) return job_step::none;
  if (taking_ == taking::asking) {
    if (!delivered) deliveries_before_ = deliveries;
    taking_ = delivered ? taking::waiting : taking::removing;
    return delivered ? job_step::tell_hosts : job_step::remove;
  }
  if (taking_ != taking::asking_again) return job_step::none;
  // A consumer that has handed out nothing meanwhile has only passed the place of the message.
  if (delivered && deliveries_before_ != deliveries) {
    // A host has it. If that host is lost, no other one gets the message, and an audit tells.
    taking_ = wish_ == wish::none ? taking::none : taking::waiting;
    heard(now);
    return wish_ == wish::none ? job_step::none : job_step::tell_hosts;
  }
  if (wish_ == wish::none) return publish_undelivered(now);
  if (is_certainly_unrun()) return settle_unrun();
  // The server may have forgotten that a host has it.
  taking_ = taking::waiting;
  return job_step::tell_hosts;
}

job_step farm_job::message_removed(moment, std::uint32_t attempt) noexcept {
  if (!is_current(attempt, phase::stored) || missing_) return job_step::none;
  taking_ = taking::asking_again;
  return job_step::ask_delivered;
}

job_step farm_job::examined(moment now, std::uint32_t attempt, finding what) noexcept {
  if (!is_current(attempt, phase::stored) || taking_ != taking::none) return job_step::none;
  audit_at_ = what == finding::waits ? moment::max() : after(now, 1);
  if (what == finding::missing_undelivered && exact_) return publish_undelivered(now);
  if (what == finding::missing || what == finding::missing_undelivered) return message_lost(now);
  return job_step::none;
}

job_step farm_job::held(moment now) noexcept {
  heard(now);
  is_held_ = true;
  holder_lost_at_ = moment::max();
  if (wish_ == wish::withdraw) {
    // A worker has begun it in time.
    wish_ = wish::none;
    give_up_at_ = tell_at_ = moment::max();
    if (taking_ != taking::asking_again) taking_ = taking::none;
  } else if (wish_ != wish::none) {
    give_up_at_ = after(now, 2);
  }
  return job_step::none;
}

job_step farm_job::returned(std::uint32_t attempt, std::uint32_t deliveries,
                            std::uint64_t holder) noexcept {
  if (attempt != attempt_ || phase_ == phase::kept) return job_step::none;
  if (holder_) {
    if (*holder_ != holder) return job_step::none;
    holder_.reset();
  }
  if (wish_ != wish::none) return settle_unrun();
  if (!runs_at_most_once()) {
    // Hosts that had the message before are lost, and the server counts the next one's deliveries
    // anew.
    std::uint32_t const lost = std::max(deliveries, std::uint32_t{1}) - 1;
    if (lost >= rules_.max_hosts - lost_before_) return settle(job_end::lost, false);
    lost_before_ += lost;
  }
  return publish_again();
}

job_step farm_job::result(moment now, told what, std::uint32_t attempt, std::uint32_t deliveries,
                          std::uint64_t holder) noexcept {
  if (settled() || attempt > attempt_) return job_step::none;
  if (deliveries > 1) exact_ = false;
  switch (what) {
    case told::report: return settle(job_end::reported, runs_at_most_once() || exact_);
    case told::refused: return settle(job_end::refused, is_certainly_unrun());
    case told::lost: return attempt == attempt_ ? settle(job_end::lost, false) : job_step::none;
    case told::returned: return returned(attempt, deliveries, holder);
    case told::held:
      // A host that waits for leave holds the job, and does not tell of the holder.
      return attempt == attempt_ && holder_.value_or(holder) == holder ? held(now) : job_step::none;
  }
  return job_step::none;
}

farm_job::leave_answer farm_job::leave_asked(moment now, std::uint32_t attempt,
                                             std::uint64_t holder,
                                             std::uint32_t deliveries) noexcept {
  if (settled() || attempt != attempt_) return {leave::over};
  if (!runs_at_most_once()) return {leave::yes};
  if (!holder_) holder_ = holder;
  if (*holder_ == holder) {
    heard(now);
    holder_lost_at_ = moment::max();
    return {leave::yes};
  }
  // The server has handed the job to a second host, so the lease of the first one has ended. A
  // result that the first one has published may still be under way.
  if (deliveries > 1 && holder_lost_at_ == moment::max()) holder_lost_at_ = after(now, 1);
  return {leave::no};
}

job_step farm_job::wake(moment now) noexcept {
  if (settled()) return job_step::none;
  if (now >= give_up_at_ || now >= holder_lost_at_) return settle(job_end::lost, false);
  if (now >= missing_until_) {
    if (lost_before_ + 1 >= rules_.max_hosts) return settle(job_end::lost, false);
    ++lost_before_;
    exact_ = false;
    return publish_again();
  }
  if (now >= begin_by_) return cancel(now, wish::withdraw);
  job_step todo = job_step::none;
  if (now >= publish_at_) {
    publish_at_ = moment::max();
    todo |= job_step::publish;
  }
  if (now >= tell_at_) {
    tell_at_ = later(now, rules_.lease / 2);
    if (connected_) todo |= job_step::tell_hosts;
  }
  if (now >= audit_at_) {
    bool const is_due = connected_ && phase_ == phase::stored && taking_ == taking::none;
    audit_at_ = is_due ? moment::max() : after(now, 1);
    if (is_due) todo |= job_step::examine;
  }
  return todo;
}

moment farm_job::wake_at() const noexcept {
  if (settled()) return moment::max();
  return std::min(
      {begin_by_, publish_at_, give_up_at_, tell_at_, audit_at_, missing_until_, holder_lost_at_});
}

job_step farm_job::stop() noexcept {
  if (settled()) return job_step::none;
  bool const is_on_its_way = phase_ != phase::kept && !runs_at_most_once();
  return settle(job_end::stopped, is_certainly_unrun() && !is_on_its_way);
}

}  // namespace isolatte::inline v0_1::nats::logic
