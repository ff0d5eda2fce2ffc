// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/run_machine.hpp"

#include "vocabulary/signals.hpp"

#include <csignal>

namespace isolatte::inline v0_1::logic {

namespace {

/// The exit code of a child that has sent a frame of that kind.
int code_after(detail::payload_kind kind) noexcept {
  return kind == detail::payload_kind::value ? 0 : 1;
}

bool has_begun(child_stage stage) noexcept {
  switch (stage) {
    case child_stage::running:
    case child_stage::finished:
    case child_stage::sending:
    case child_stage::sent:
    case child_stage::unsent:
    case child_stage::left: return true;
    case child_stage::setup:
    case child_stage::setup_failed: break;
  }
  return false;
}

/// The status that the fault would have brought about. Process 1 of a namespace, which no signal of
/// its own kills, exits with 128 + n instead.
exit_status true_status(const exit_status& status, int fault) noexcept {
  bool const died_by_exit = detail::is_fault(fault) && status.how == exit_status::kind::exited &&
                            status.number == 128 + fault;
  return died_by_exit ? exit_status{exit_status::kind::signaled, fault} : status;
}

}  // namespace

action run_machine::started() noexcept {
  phase_ = phase::running;
  return policy_.timeout ? action::arm_deadline : action::none;
}

action run_machine::stop(cause why, std::optional<cancel_kind> polite) noexcept {
  if (cause_ == cause::none) cause_ = why;
  action todo = action::none;
  if (polite && *polite != cancel_kind::terminate && policy_.asks_callable) {
    if (policy_.grace) {
      asked_ = true;
      bool const begins = phase_ == phase::running;
      phase_ = phase::grace;
      return begins ? action::ask_callable | action::arm_grace : action::none;
    }
  } else if (polite && *polite != cancel_kind::terminate) {
    bool const interrupt = *polite == cancel_kind::interrupt;
    (interrupt ? sent_interrupt_ : sent_request_exit_) = true;
    todo |= interrupt ? action::interrupt : action::request_exit;
    if (policy_.grace) {
      if (phase_ == phase::running) {
        phase_ = phase::grace;
        todo |= action::arm_grace;
      }
      return todo;
    }
  }
  phase_ = phase::killing;
  sent_kill_ = true;
  return todo | action::kill;
}

action run_machine::frame(frame_state state, detail::payload_kind kind) noexcept {
  // A result that has been delivered, or is about to be, stays as it is.
  if (phase_ == phase::complete || phase_ == phase::symbolising || delivered_early_ || given_up_)
    return action::none;
  frame_ = state;
  kind_ = kind;
  switch (state) {
    case frame_state::malformed:
    case frame_state::too_large:
    case frame_state::out_of_memory:
      // No better frame will come, so the child is stopped.
      return alive() && phase_ != phase::killing ? stop(cause::refusal, std::nullopt)
                                                 : action::none;
    case frame_state::complete:
      if (policy_.early && phase_ == phase::running) {
        // Killed at once: the child has flushed, and nothing that it still does is used.
        delivered_early_ = true;
        phase_ = phase::killing;
        return action::kill | action::deliver_early;
      }
      return action::none;
    default: return action::none;
  }
}

action run_machine::talk_refused() noexcept {
  if (phase_ == phase::complete || phase_ == phase::symbolising || delivered_early_ || given_up_)
    return action::none;
  talk_refused_ = true;
  return alive() && phase_ != phase::killing ? stop(cause::refusal, std::nullopt) : action::none;
}

action run_machine::deadline() noexcept {
  if (phase_ != phase::running) return action::none;
  return stop(cause::timeout,
              policy_.grace ? std::optional{cancel_kind::request_exit} : std::nullopt);
}

action run_machine::grace_over() noexcept {
  if (phase_ != phase::grace) return action::none;
  return stop(cause_, std::nullopt);
}

action run_machine::cancel(cancel_kind kind) noexcept {
  if (phase_ != phase::running && phase_ != phase::grace) return action::none;
  return stop(cause::cancel, kind);
}

action run_machine::kill_refused(child_stage stage) noexcept {
  if (phase_ != phase::killing || delivered_early_ || given_up_) return action::none;
  given_up_ = true;
  stage_ = stage;
  return action::deliver_early;
}

action run_machine::reaped(const exit_status& status, child_stage stage, int fault) noexcept {
  if (!alive()) return action::none;
  status_ = true_status(status, fault);
  stage_ = stage;
  fault_seen_ = fault != 0;
  phase_ = phase::draining;
  return action::drain;
}

action run_machine::drained() noexcept {
  if (phase_ != phase::draining) return action::none;
  if (fault_seen_ && !delivered_early_ && !given_up_) {
    phase_ = phase::symbolising;
    return action::symbolise;
  }
  phase_ = phase::complete;
  return action::complete;
}

action run_machine::symbolised() noexcept {
  if (phase_ != phase::symbolising) return action::none;
  phase_ = phase::complete;
  return action::complete;
}

isolatte::ran run_machine::whether_ran() const noexcept {
  if (stage_ == child_stage::setup && kind_ == detail::payload_kind::unencodable)
    return isolatte::ran::no;
  if (has_begun(stage_) || frame_ != frame_state::absent) return isolatte::ran::yes;
  // The child marks the beginning of the callable itself, so without the mark it never began.
  return isolatte::ran::no;
}

verdict run_machine::conclude_frame() const noexcept {
  verdict v;
  v.keep_payload = true;
  switch (kind_) {
    case detail::payload_kind::value: v.how = ending::returned; break;
    case detail::payload_kind::exception: v.how = ending::threw; break;
    default:
      v.how = ending::undelivered;
      v.reason = stage_ == child_stage::setup ? "the arguments could not be received"
                                              : "the result could not be serialised";
      break;
  }
  return v;
}

verdict run_machine::conclude_exit(int code) const noexcept {
  verdict v;
  bool const polite = sent_interrupt_ || sent_request_exit_ || asked_;
  if (frame_ == frame_state::complete && code == code_after(kind_)) {
    v = conclude_frame();
    if (cause_ == cause::cancel && polite) v.how = ending::cancelled;
    if (cause_ == cause::timeout && asked_) v.how = ending::timed_out;
    return v;
  }
  // Without a result the child has ended because it was asked to, whatever it wrote meanwhile.
  if (polite && cause_ == cause::timeout) {
    v.how = ending::timed_out;
    return v;
  }
  if (polite && cause_ == cause::cancel) {
    v.how = ending::cancelled;
    return v;
  }
  switch (frame_) {
    case frame_state::malformed:
      v.how = ending::undelivered;
      v.reason = "the result frame is malformed";
      return v;
    case frame_state::too_large:
      v.how = ending::undelivered;
      v.reason = "the result is larger than options::max_result";
      return v;
    case frame_state::out_of_memory:
      v.how = ending::undelivered;
      v.reason = "no memory for the result";
      return v;
    default: break;
  }
  // Another thread has ended the child before the result was sent. Chance decides how much of the
  // frame is here.
  bool const ended_by_others = stage_ == child_stage::sending || stage_ == child_stage::left;
  if (ended_by_others) {
    v.how = ending::exited;
  } else if (frame_ == frame_state::partial) {
    v.how = ending::undelivered;
    v.reason = "the result frame is truncated";
  } else if (frame_ == frame_state::absent && stage_ == child_stage::finished) {
    v.how = ending::undelivered;
    v.reason = "the child ended before it had saved its result";
  } else if (frame_ == frame_state::absent && stage_ == child_stage::unsent) {
    v.how = ending::undelivered;
    v.reason = "the child could not write its result";
  } else if (frame_ == frame_state::absent && stage_ == child_stage::sent) {
    v.how = ending::undelivered;
    v.reason = "the result could not be read";
  } else {
    v.how = ending::exited;
  }
  return v;
}

verdict run_machine::conclude_signal(int number, bool dumped) const noexcept {
  verdict v;
  bool const complete = frame_ == frame_state::complete;
  // A frame that the library has sent is the callable's result, whatever ends the child later.
  bool const was_delivered =
      complete && (stage_ == child_stage::sending || stage_ == child_stage::sent);
  bool const ours = (number == SIGKILL && sent_kill_) ||
                    (number == SIGTERM && sent_request_exit_) ||
                    (number == SIGINT && sent_interrupt_);
  if (ours && cause_ == cause::refusal) return conclude_exit(0);
  if (ours && cause_ == cause::timeout) {
    v.how = ending::timed_out;
    v.keep_payload = complete;
  } else if (ours && cause_ == cause::cancel) {
    v.how = ending::cancelled;
    v.keep_payload = complete;
  } else if (dumped || detail::is_fault(number)) {
    v.how = ending::faulted;
    v.keep_payload = was_delivered;
  } else if (number == SIGKILL) {
    v.how = owner_killed_ ? ending::cancelled : ending::killed;
    v.keep_payload = complete;
  } else {
    v.how = ending::signaled;
    v.keep_payload = was_delivered;
  }
  return v;
}

verdict run_machine::conclude_given_up() const noexcept {
  if (cause_ == cause::refusal) return conclude_exit(0);
  verdict v;
  v.how = cause_ == cause::timeout ? ending::timed_out : ending::cancelled;
  v.keep_payload = frame_ == frame_state::complete;
  v.reason = "the child may not be killed";
  return v;
}

/// A message that was refused outdoes a result.
verdict run_machine::with_refusal(verdict v) const noexcept {
  if (talk_refused_ && (v.how == ending::returned || v.how == ending::threw ||
                        v.how == ending::exited || v.how == ending::undelivered)) {
    v.how = ending::undelivered;
    v.keep_payload = false;
    v.talk_refused = true;
  }
  return v;
}

verdict run_machine::conclude() const noexcept {
  verdict v;
  if (given_up_) {
    v = with_refusal(conclude_given_up());
    v.ran = whether_ran();
    return v;
  }
  if (delivered_early_) {
    v = conclude_frame();
    v.ran = isolatte::ran::yes;
    return v;
  }
  if (!status_) return v;
  bool const ended_itself =
      status_->how == exit_status::kind::exited || status_->how == exit_status::kind::lost;
  if (ended_itself && stage_ == child_stage::setup_failed && frame_ == frame_state::absent) {
    v.setup_failed = true;
    v.ran = isolatte::ran::no;
    return v;
  }
  switch (status_->how) {
    case exit_status::kind::lost:
      v.how = ending::lost;
      v.keep_payload = frame_ == frame_state::complete;
      break;
    case exit_status::kind::exited: v = conclude_exit(status_->number); break;
    case exit_status::kind::signaled: v = conclude_signal(status_->number, false); break;
    case exit_status::kind::dumped: v = conclude_signal(status_->number, true); break;
  }
  v = with_refusal(v);
  v.ran = whether_ran();
  v.aborted = v.how == ending::cancelled && cause_ == cause::cancel;
  return v;
}

}  // namespace isolatte::inline v0_1::logic
