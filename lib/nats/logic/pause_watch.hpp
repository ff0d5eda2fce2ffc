// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LOGIC_PAUSE_WATCH_HPP
#define ISOLATTE_LIB_NATS_LOGIC_PAUSE_WATCH_HPP

#include "logic/moment.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace isolatte::inline v0_1::nats::logic {

using isolatte::logic::moment;

/// Tells from when on the lease of a message may run that a host has just read.
///
/// A host that was stopped reads messages that the server may have handed out long before, and to
/// another host since. So the host beats, and if it has missed beats, a message may be as old as
/// the last one, until the server has answered a question that was asked after the pause.
class pause_watch {
 public:
  /// The host is to beat so often.
  void beat_each(std::chrono::nanoseconds interval) noexcept { interval_ = interval; }
  /// To be called at beat_at() at the latest, and before each message.
  void beat(moment now) noexcept {
    if (last_ && now - *last_ > 2 * interval_) {
      if (!oldest_) oldest_ = last_;
      doubted_at_ = now;
    }
    last_ = now;
  }
  moment beat_at() const noexcept {
    return last_ ? isolatte::logic::later(*last_, interval_) : moment::min();
  }
  /// No message is to come for the time being, so the host does not beat.
  void rest() noexcept { last_.reset(); }

  /// Whether the server is to be asked something.
  bool is_in_doubt() const noexcept { return oldest_.has_value(); }
  /// The server has answered what was asked then.
  void answered(moment asked_at) noexcept {
    if (asked_at >= doubted_at_) oldest_.reset();
  }
  /// The server has not handed the message out before.
  moment leased_at(moment arrived) const noexcept {
    return oldest_ ? std::min(arrived, *oldest_) : arrived;
  }

 private:
  std::chrono::nanoseconds interval_ = std::chrono::seconds{1};
  std::optional<moment> last_{};
  /// The last beat before a pause.
  std::optional<moment> oldest_{};
  moment doubted_at_ = moment::min();
};

}  // namespace isolatte::inline v0_1::nats::logic

#endif
