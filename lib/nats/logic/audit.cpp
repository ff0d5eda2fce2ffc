// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/logic/audit.hpp"

#include <algorithm>
#include <utility>

namespace isolatte::inline v0_1::nats::logic {

moment audit::look_at() const noexcept {
  if (is_looking_ || (asked_.empty() && waiting_.empty())) return moment::max();
  return next_;
}

void audit::begin_look(moment now) {
  is_looking_ = true;
  next_ = isolatte::logic::later(now, lease_);
  looked_for_ = std::exchange(asked_, {});
}

audit::findings audit::end_look(const state& what) {
  is_looking_ = false;
  findings all;
  auto const is_in_stream = [&](std::uint64_t place) {
    return place >= what.first && place <= what.last;
  };
  // A host has these by now, or they are gone. A host's result may be under way, so one that has
  // been delivered is not looked for in the stream at once.
  auto const tell = [&](const question& of) {
    all.known.push_back(
        {of, of.place <= what.delivered ? finding::delivered : finding::missing_undelivered});
  };
  auto const below = waiting_.lower_bound(std::max(what.first, what.delivered + 1));
  for (auto each = waiting_.begin(); each != below; ++each) tell(each->second);
  waiting_.erase(waiting_.begin(), below);
  auto const above = waiting_.upper_bound(what.last);
  for (auto each = above; each != waiting_.end(); ++each) tell(each->second);
  waiting_.erase(above, waiting_.end());

  for (auto const& each : std::exchange(looked_for_, {})) {
    bool const is_delivered = each.place <= what.delivered;
    if (!is_in_stream(each.place)) {
      all.known.push_back({each, is_delivered ? finding::missing : finding::missing_undelivered});
    } else if (is_delivered) {
      all.to_get[each.place].push_back(each);
    } else {
      waiting_.emplace(each.place, each);
      all.known.push_back({each, finding::waits});
    }
  }
  return all;
}

void audit::fail_look() {
  is_looking_ = false;
  next_ = moment::min();
  // Jobs that were examined meanwhile may be looked for with the others.
  std::swap(asked_, looked_for_);
  asked_.insert(asked_.end(), looked_for_.begin(), looked_for_.end());
  looked_for_.clear();
}

void audit::clear() noexcept {
  is_looking_ = false;
  next_ = moment::min();
  asked_.clear();
  looked_for_.clear();
  waiting_.clear();
}

}  // namespace isolatte::inline v0_1::nats::logic
