// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/farm_census.hpp"

#include "nats/link/subject.hpp"
#include "nats/wire/jetstream.hpp"
#include "nats/wire/request.hpp"

#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <boost/system/error_code.hpp>

#include <chrono>
#include <utility>

namespace isolatte::inline v0_1::nats {

using namespace std::chrono_literals;

namespace {

constexpr auto longest_census = 500ms;

}  // namespace

farm_census::farm_census(const link::strand& on, link::server_link& link, places where)
    : link_{link}, where_{std::move(where)}, timer_{on} {}

farm_census::~farm_census() {
  if (subscription_ != 0) link_.unsubscribe(subscription_);
}

void farm_census::run(handler done) {
  auto const inbox = link::new_inbox();
  subscription_ = link_.subscribe(inbox, [weak = weak_from_this()](std::span<link::message> what) {
    if (auto const self = weak.lock()) self->heard(what);
  });
  isolatte::detail::byte_buffer question;
  wire::encode_count(question);
  // If the question does not go out, no host counts.
  static_cast<void>(link_.publish(where_.hosts_subject, inbox, {}, question.bytes()));
  link_.request(
      wire::consumer_info_subject(where_.stream, where_.consumer), {}, longest_census,
      [weak = weak_from_this()](const boost::system::error_code& ec, const link::message& reply) {
        auto const self = weak.lock();
        if (!self || ec) return;
        auto const info = wire::parse_consumer_info(reply.text());
        if (!info) return;
        if (!info->error)
          self->stats_.waiting += info->value.num_pending;
        else if (info->error->err_code == wire::consumer_not_found)
          self->stats_.waiting += self->where_.known_jobs;
      });
  timer_.expires_after(longest_census);
  link::wait_on(timer_, [weak = weak_from_this(),
                         done = std::move(done)](const boost::system::error_code& aborted) {
    auto const self = weak.lock();
    if (!aborted && self && !self->link_.is_copy()) done(self->stats_);
  });
}

void farm_census::heard(std::span<link::message> answers) {
  for (auto const& each : answers) {
    auto const counts = wire::decode_counts(each.data());
    if (!counts.message || !hosts_.insert(counts.message->host).second) continue;
    ++stats_.hosts;
    stats_.waiting += counts.message->waiting;
    stats_.running += counts.message->running;
  }
}

}  // namespace isolatte::inline v0_1::nats
