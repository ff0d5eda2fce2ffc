// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/job_source.hpp"

#include "nats/link/subject.hpp"
#include "nats/system.hpp"

#include <algorithm>
#include <utility>

namespace isolatte::inline v0_1::nats {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

namespace {

constexpr milliseconds first_backoff{100};
constexpr seconds longest_backoff{1};
constexpr seconds source_answer_time{5};
/// The server ends a request after this.
constexpr seconds pull_time{30};
/// A request whose end has not been told by then is over.
constexpr seconds pull_margin{5};
/// A host that cannot run jobs tries again after this, and then less often.
constexpr milliseconds shortest_rest{100};
constexpr seconds longest_rest{10};
constexpr std::size_t most_in_pull = 4096;
constexpr std::int64_t most_ack_pending = 1'000'000;
constexpr std::int64_t most_pulls = 16'384;

}  // namespace

job_source::job_source(link::server_link& from, const settings& what, owner& to)
    : link_{from}, settings_{what}, owner_{to} {
  link_.subscribe(settings_.news_subject(), [this](std::span<link::message>) {
    look_again();
    owner_.source_changed();
  });
}

void job_source::connect() {
  backoff_ = {};
  // Answers to requests of an earlier connection are not heard.
  if (subscription_) link_.unsubscribe(*subscription_);
  inbox_ = link::new_inbox();
  subscription_ = link_.subscribe(inbox_ + ".*", [this](std::span<link::message> what) {
    for (auto const& each : what) heed(each);
    owner_.source_changed();
  });
  look();
}

void job_source::disconnect() noexcept {
  ready_ = is_ending_ = false;
  ++look_;
  look_at_ = moment::max();
  credit_.lost();
}

void job_source::look_again() {
  if (!link_.is_up()) return;
  backoff_ = {};
  look();
}

void job_source::open(bool wanted) {
  if (wanted_ == wanted) return;
  wanted_ = wanted;
  if (wanted && !ready_ && link_.is_up()) look_again();
  if (wanted || !subscription_) return;
  // Ends the requests on the server.
  auto const last = *std::exchange(subscription_, std::nullopt);
  credit_.lost();
  is_ending_ = link_.drain(last, [this] {
    is_ending_ = false;
    owner_.source_changed();
  });
}

void job_source::look() {
  ++look_;
  look_at_ = moment::max();
  ask(wire::stream_info_subject(settings_.jobs_stream()), {}, [this](std::string_view text) {
    auto const info = wire::parse_stream_info(text);
    if (!info || info->error) return look_later();
    find_consumer(info->value.created);
  });
}

void job_source::look_later() {
  ready_ = false;
  ++look_;
  backoff_ = std::clamp<nanoseconds>(2 * backoff_, first_backoff, longest_backoff);
  look_at_ = now() + backoff_;
  owner_.source_changed();
}

/// The lease is that of the first host which came, for all.
void job_source::find_consumer(std::int64_t created) {
  consumer_ = settings_.jobs_consumer(created);
  ask(wire::consumer_info_subject(settings_.jobs_stream(), consumer_), {},
      [this, created](std::string_view text) {
        auto const info = wire::parse_consumer_info(text);
        if (!info) return look_later();
        if (!info->error) return found(created, info->value.ack_wait);
        if (info->error->err_code != wire::consumer_not_found) return look_later();
        make_consumer(created);
      });
}

void job_source::make_consumer(std::int64_t created) {
  wire::consumer_config const config{.name = consumer_,
                                     .filter_subject = settings_.jobs_subject(),
                                     .ack_policy = wire::ack_policy::each,
                                     .ack_wait = settings_.lease(),
                                     .max_deliver = -1,
                                     .max_ack_pending = most_ack_pending,
                                     .max_waiting = most_pulls};
  ask(wire::consumer_create_subject(settings_.jobs_stream(), consumer_),
      wire::consumer_create_body(settings_.jobs_stream(), config),
      [this, created](std::string_view text) {
        auto const info = wire::parse_consumer_info(text);
        // Another host may have made it in the same moment.
        if (!info || info->error) return look_later();
        found(created, info->value.ack_wait);
      });
}

void job_source::found(std::int64_t created, nanoseconds lease) {
  stream_ = created;
  ready_ = true;
  owner_.source_found(created, lease);
}

void job_source::ask(const std::string& subject, const std::string& body, reader read) {
  link_.request(subject, link::bytes_of(body), source_answer_time,
                [this, look = look_, read = std::move(read)](boost::system::error_code ec,
                                                             const link::message& what) {
                  if (look != look_) return;
                  if (ec) return look_later();
                  read(what.text());
                });
}

void job_source::take_rest() noexcept {
  if (is_resting()) return;
  rest_time_ = std::clamp<nanoseconds>(2 * rest_time_, shortest_rest, longest_rest);
  pull_from_ = now() + rest_time_;
}

bool job_source::is_resting() const noexcept {
  return rest_time_ != nanoseconds{0} && now() < pull_from_;
}

void job_source::pull(std::size_t workers, std::size_t unfinished_jobs, std::size_t untold_jobs) {
  if (!wanted_ || !ready_ || now() < pull_from_) return;
  credit_.resize(workers);
  auto count = std::min(credit_.wanted(unfinished_jobs, untold_jobs), most_in_pull);
  if (rest_time_ != nanoseconds{0})
    count =
        unfinished_jobs == 0 && credit_.outstanding() == 0 ? std::min<std::size_t>(count, 1) : 0;
  if (count == 0) return;
  if (!subscription_) return connect();
  auto const number = ++last_pull_;
  auto const body = wire::consumer_next_body(static_cast<std::uint32_t>(count), pull_time);
  auto const ec = link_.publish(wire::consumer_next_subject(settings_.jobs_stream(), consumer_),
                                inbox_ + "." + std::to_string(number), {}, link::bytes_of(body));
  if (!ec) credit_.asked(number, count, now() + pull_time + pull_margin);
}

/// A message that is pulled has the subject to which it was published, and a reply; only news of
/// the request itself have the subject of the request, and no reply.
void job_source::heed(const link::message& what) {
  if (!what.reply().empty()) {
    auto const how = wire::parse_delivery(what.reply());
    if (how && how->stream == settings_.jobs_stream() && how->consumer == consumer_)
      owner_.source_gives(what, *how);
    return;
  }
  auto const subject = what.subject();
  auto const number = subject.size() > inbox_.size() + 1
                          ? wire::parse_count(subject.substr(inbox_.size() + 1))
                          : std::nullopt;
  auto const pending = what.header("Nats-Pending-Messages");
  switch (wire::parse_pull_news(what.status(), what.header("Description").value_or(""))) {
    case wire::pull_news::heartbeat:
    case wire::pull_news::unknown: return;
    case wire::pull_news::ended:
      if (number) credit_.ended(*number, pending ? wire::parse_count(*pending) : std::nullopt);
      // A request that was not taken at all would be repeated without end.
      if (what.status() == 409) pull_from_ = std::max(pull_from_, now() + first_backoff);
      return;
    case wire::pull_news::consumer_gone:
      credit_.lost();
      if (ready_) look_later();
      return;
  }
}

void job_source::wake(moment at) {
  if (credit_.expire(at)) renew();
  if (at >= look_at_) look();
}

/// The server has not told the end of a request, so perhaps it does not send to the inbox. Messages
/// that it has sent are still heard.
void job_source::renew() {
  if (!link_.is_up() || !subscription_) return;
  link_.drain(*std::exchange(subscription_, std::nullopt), [] {});
  connect();
}

moment job_source::wake_at() const noexcept {
  moment at = std::min(look_at_, credit_.expires_at());
  if (wanted_ && ready_ && pull_from_ > now()) at = std::min(at, pull_from_);
  return at;
}

}  // namespace isolatte::inline v0_1::nats
