// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/stream_setup.hpp"

#include "nats/link/message.hpp"

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace isolatte::inline v0_1::nats {

using namespace std::chrono_literals;

namespace {

constexpr auto longest_answer = 5s;
/// The server keeps the consumer of a farm that is gone, or cut off, for so long.
constexpr auto longest_absence = 5min;
constexpr auto shortest_redelivery = 1s;

wire::stream_config config_of(const settings& what, std::string name, std::string subjects) {
  wire::stream_config made;
  made.name = std::move(name);
  made.subjects = {std::move(subjects)};
  made.num_replicas = what.options().replicas;
  return made;
}

}  // namespace

stream_setup::stream_setup(link::server_link& link, const settings& what, std::string submitter,
                           std::string deliver_to)
    : link_{link},
      jobs_{config_of(what, what.jobs_stream(), what.all_jobs_subject())},
      done_{config_of(what, what.done_stream(), what.all_done_subject())} {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  jobs_.retention = wire::retention::workqueue;
  jobs_.discard = wire::discard::new_ones;
  jobs_.max_msgs = static_cast<std::int64_t>(
      std::min<std::uint64_t>(what.options().max_queued, static_cast<std::uint64_t>(most)));
  done_.retention = wire::retention::interest;
  consumer_.filter_subject = what.done_subject(submitter);
  consumer_.name = std::move(submitter);
  consumer_.deliver_subject = std::move(deliver_to);
  // Results that come after a connection has ended do not acknowledge those that went with it.
  consumer_.ack_policy = wire::ack_policy::each;
  // Results that did not come through come again before an audit misses their jobs.
  consumer_.ack_wait = std::max<std::chrono::nanoseconds>(what.lease() / 2, shortest_redelivery);
  consumer_.max_ack_pending = 1'000'000;
  consumer_.inactive_threshold = longest_absence;
}

void stream_setup::run(handler done) {
  handler_ = std::move(done);
  look(jobs_, [this](std::int64_t created) {
    result_.created = created;
    look(done_, [this](std::int64_t) { make_consumer(); });
  });
}

void stream_setup::end(result::kind how, std::string why) {
  result_.how = how;
  result_.why = std::move(why);
  std::exchange(handler_, nullptr)(result_);
}

void stream_setup::fail(const wire::api_error& error) {
  // Two that make a stream at the same moment are told one of the first two.
  bool const passes = error.err_code == wire::subjects_overlap ||
                      error.err_code == wire::stream_name_in_use ||
                      error.err_code == wire::stream_not_found || error.code == 503;
  end(passes ? result::kind::not_now : result::kind::refused, error.description);
}

void stream_setup::ask(const std::string& subject, const std::string& body,
                       std::function<void(std::string_view)> read) {
  link_.request(subject, link::bytes_of(body), longest_answer,
                [self = shared_from_this(), read = std::move(read)](
                    const boost::system::error_code& ec, const link::message& answer) {
                  if (ec) return self->end(result::kind::not_now, ec.message());
                  read(answer.text());
                });
}

void stream_setup::look(const wire::stream_config& config, const found& then) {
  ask(wire::stream_info_subject(config.name), {}, [this, &config, then](std::string_view text) {
    auto const answer = wire::parse_stream_info(text);
    if (!answer) return end(result::kind::not_now, "the server's answer is malformed");
    if (!answer->error) return then(answer->value.created);
    if (answer->error->err_code != wire::stream_not_found) return fail(*answer->error);
    make(config, then);
  });
}

void stream_setup::make(const wire::stream_config& config, const found& then) {
  ask(wire::stream_create_subject(config.name), wire::stream_create_body(config),
      [this, then](std::string_view text) {
        auto const answer = wire::parse_stream_info(text);
        if (!answer) return end(result::kind::not_now, "the server's answer is malformed");
        if (answer->error) return fail(*answer->error);
        result_.made = true;
        then(answer->value.created);
      });
}

void stream_setup::make_consumer() {
  ask(wire::consumer_create_subject(done_.name, consumer_.name),
      wire::consumer_create_body(done_.name, consumer_), [this](std::string_view text) {
        auto const answer = wire::parse_consumer_info(text);
        if (!answer) return end(result::kind::not_now, "the server's answer is malformed");
        if (answer->error) return fail(*answer->error);
        end(result::kind::done, {});
      });
}

}  // namespace isolatte::inline v0_1::nats
