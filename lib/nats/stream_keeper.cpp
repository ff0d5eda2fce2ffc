// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/stream_keeper.hpp"

#include "nats/system.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace isolatte::inline v0_1::nats {

using namespace std::chrono_literals;

stream_keeper::stream_keeper(link::server_link& link, const settings& what, std::string submitter,
                             std::string deliver_to, owner& to)
    : link_{link},
      settings_{what},
      submitter_{std::move(submitter)},
      deliver_to_{std::move(deliver_to)},
      owner_{to} {}

void stream_keeper::connect() {
  failures_ = 0;
  set_up();
}

void stream_keeper::disconnect() noexcept {
  ++number_;
  set_up_at_ = moment::max();
}

void stream_keeper::set_up() {
  set_up_at_ = moment::max();
  auto const attempt = ++number_;
  std::make_shared<stream_setup>(link_, settings_, submitter_, deliver_to_)
      ->run([this, attempt](const stream_setup::result& what) {
        if (number_ == attempt) heed(what);
      });
}

void stream_keeper::heed(const stream_setup::result& what) {
  if (what.how == stream_setup::result::kind::done) {
    failures_ = 0;
    return owner_.streams_found(what.created, what.made);
  }
  set_up_later();
  if (what.how == stream_setup::result::kind::refused)
    owner_.streams_refused(what.why);
  else
    owner_.streams_missing();
}

void stream_keeper::set_up_later() {
  ++number_;
  ++failures_;
  auto const exponent = std::min(failures_, 5u) - 1;
  set_up_at_ = now() + std::min<std::chrono::nanoseconds>(100ms * (1 << exponent), 1s);
}

void stream_keeper::wake(moment now) {
  if (now >= set_up_at_) set_up();
}

}  // namespace isolatte::inline v0_1::nats
