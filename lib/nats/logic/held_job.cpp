// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/logic/held_job.hpp"

namespace isolatte::inline v0_1::nats::logic {

held_step held_job::ready(told result) noexcept {
  phase_ = phase::ready;
  result_ = result;
  return held_step::none;
}

held_step held_job::open(std::uint32_t deliveries, bool gives_back) noexcept {
  if (!terms_.is_sound) return ready(told::refused);
  if (terms_.max_hosts == 1) {
    if (gives_back) return ready(told::returned);
    phase_ = phase::asking;
    return held_step::ask_leave;
  }
  if (std::uint64_t{terms_.lost_before} + deliveries > terms_.max_hosts) return ready(told::lost);
  if (gives_back) return ready(told::returned);
  phase_ = phase::working;
  return held_step::give;
}

held_step held_job::ask_again() const noexcept {
  return is_asking() ? held_step::ask_leave : held_step::none;
}

held_step held_job::leave_told(leave what) noexcept {
  if (!is_asking()) return held_step::none;
  switch (what) {
    case leave::yes: phase_ = phase::working; return held_step::give;
    case leave::no: phase_ = phase::dropped; break;
    case leave::over: phase_ = phase::done; break;
  }
  return held_step::none;
}

held_step held_job::requested(wish what) noexcept {
  if (is_asking()) return what == wish::none ? held_step::say_held : ready(told::returned);
  if (!is_working()) return held_step::none;
  if (what == wish::withdraw && wish_ <= wish::withdraw) {
    wish_ = what;
    return held_step::take_back;
  }
  if (what <= wish_) return held_step::say_held;
  wish_ = what;
  switch (what) {
    case wish::interrupt: return held_step::say_held | held_step::interrupt;
    case wish::request_exit: return held_step::say_held | held_step::request_exit;
    default: return held_step::say_held | held_step::terminate;
  }
}

held_step held_job::drain() noexcept {
  if (is_asking()) return ready(told::returned);
  return is_working() && wish_ == wish::none ? held_step::take_back : held_step::none;
}

void held_job::reported() noexcept {
  if (is_working()) ready(told::report);
}

void held_job::failed() noexcept {
  if (is_working()) phase_ = phase::dropped;
}

void held_job::unbegun() noexcept {
  if (is_working()) ready(told::returned);
}

held_step held_job::begun() noexcept {
  if (!is_working() || wish_ != wish::withdraw) return held_step::none;
  wish_ = wish::none;
  return held_step::say_held;
}

held_step held_job::fence() noexcept {
  bool const has_work = is_working();
  if (has_work || is_asking()) phase_ = phase::dropped;
  return has_work ? held_step::terminate : held_step::none;
}

held_step held_job::forget() noexcept {
  bool const has_work = is_working();
  phase_ = phase::done;
  return has_work ? held_step::terminate : held_step::none;
}

void held_job::publish(std::uint64_t batch) noexcept {
  if (!is_ready()) return;
  phase_ = phase::publishing;
  batch_ = batch;
}

void held_job::published(std::uint64_t batch) noexcept {
  if (is_in(batch)) phase_ = phase::done;
}

}  // namespace isolatte::inline v0_1::nats::logic
