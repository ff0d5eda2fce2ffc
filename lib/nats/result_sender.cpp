// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/result_sender.hpp"

#include "nats/link/subject.hpp"
#include "nats/wire/jetstream.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace isolatte::inline v0_1::nats {

using isolatte::detail::byte_buffer;

namespace {

/// More than the header with the id of a message takes.
constexpr std::size_t header_room = 256;

}  // namespace

result_sender::result_sender(link::server_link& through, std::string host_name, owner& to)
    : link_{through},
      host_name_{std::move(host_name)},
      owner_{to},
      id_{link::new_inbox().substr(std::string_view{"_INBOX."}.size())} {}

void result_sender::connect(std::size_t max_payload) {
  max_payload_ = max_payload;
  if (subscription_) link_.unsubscribe(*subscription_);
  inbox_ = link::new_inbox();
  subscription_ = link_.subscribe(inbox_ + ".*", [this](std::span<link::message> what) {
    for (auto const& each : what) heed(each);
  });
}

std::size_t result_sender::room() const noexcept {
  std::size_t const taken = wire::results_overhead + header_room;
  return max_payload_ > taken ? max_payload_ - taken : 0;
}

void result_sender::fit(wire::job_result& result) const {
  if (!result.report || wire::size_in_results(result) <= room()) return;
  auto& report = *result.report;
  auto& summary = report.summary;
  if (report.kind != isolatte::detail::payload_kind::none) {
    report.payload = byte_buffer{};
    report.kind = isolatte::detail::payload_kind::none;
    summary.how = ending::undelivered;
    summary.reason = "the result is larger than a message of the farm's server may be";
    result.ec = {};
  }
  // The ends of the texts say more than their beginnings.
  for (auto* const text : {&summary.out, &summary.err}) {
    auto const size = wire::size_in_results(result);
    if (size <= room()) return;
    auto const surplus = std::min(size - room(), text->text.size());
    text->text.erase(0, surplus);
    text->truncated = true;
  }
}

void result_sender::send(batch_id which, const std::string& subject,
                         std::vector<wire::job_result>& results) {
  auto& made = batches_[which];
  made.subject = subject;
  made.parts.clear();
  wire::results message{.host = host_name_, .jobs = {}};
  std::size_t size = 0;
  auto const finish = [&] {
    auto& part = made.parts.emplace_back();
    part.id = id_ + "." + std::to_string(which.first) + "." + std::to_string(which.second) + "." +
              std::to_string(made.parts.size());
    wire::encode(message, part.bytes);
    message.jobs.clear();
    size = 0;
  };
  for (auto& result : results) {
    fit(result);
    auto const more = wire::size_in_results(result);
    if (!message.jobs.empty() &&
        (size + more > room() || message.jobs.size() == wire::most_in_message))
      finish();
    size += more;
    message.jobs.push_back(std::move(result));
  }
  if (!message.jobs.empty()) finish();
  send_again(which);
}

void result_sender::disconnect() noexcept {
  waiting_.clear();
  retries_.clear();
}

void result_sender::send_again(batch_id which) {
  retries_.erase(which);
  auto const found = batches_.find(which);
  if (found == batches_.end()) return;
  for (std::size_t i = 0; i != found->second.parts.size(); ++i)
    if (!found->second.parts[i].is_stored) publish(which, i);
}

void result_sender::publish(batch_id which, std::size_t part) {
  auto const& from = batches_.at(which);
  auto const& what = from.parts[part];
  auto const number = ++last_sent_;
  link::header const id{"Nats-Msg-Id", what.id};
  auto const ec = link_.publish(from.subject, inbox_ + "." + std::to_string(number),
                                std::span{&id, 1}, what.bytes.bytes());
  if (!ec) waiting_.emplace(number, sent{which, part, now()});
  // When the link is down, all batches are published again as soon as it is up.
  if (ec && link_.is_up()) send_later(which);
}

void result_sender::heed(const link::message& answer) {
  auto const subject = answer.subject();
  if (subject.size() <= inbox_.size() + 1) return;
  auto const number = wire::parse_count(subject.substr(inbox_.size() + 1));
  auto const found = number ? waiting_.find(*number) : waiting_.end();
  if (found == waiting_.end()) return;
  auto const [which, index, at] = found->second;
  waiting_.erase(found);
  auto const batch = batches_.find(which);
  if (batch == batches_.end()) return;
  auto const stored = wire::parse_pub_ack(answer.text());
  if (!stored || stored->error) return send_later(which);
  auto& parts = batch->second.parts;
  parts[index].is_stored = true;
  if (!std::ranges::all_of(parts, &part::is_stored)) return;
  batches_.erase(batch);
  retries_.erase(which);
  owner_.results_stored(which);
}

void result_sender::forget(std::uint64_t parcel) {
  auto const first = batches_.lower_bound({parcel, 0});
  auto const last = batches_.lower_bound({parcel + 1, 0});
  batches_.erase(first, last);
  retries_.erase(retries_.lower_bound({parcel, 0}), retries_.lower_bound({parcel + 1, 0}));
}

void result_sender::tell(const std::string& subject, wire::job_result result) {
  wire::results message{.host = host_name_, .jobs = {}};
  message.jobs.push_back(std::move(result));
  byte_buffer bytes;
  wire::encode(message, bytes);
  // The farm asks again.
  static_cast<void>(link_.publish(subject, {}, {}, bytes.bytes()));
}

void result_sender::wake(moment at) {
  while (!waiting_.empty() && waiting_.begin()->second.at + patience_ <= at) {
    auto const [which, index, sent_at] = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    auto const batch = batches_.find(which);
    if (batch != batches_.end() && !batch->second.parts[index].is_stored) publish(which, index);
  }
  std::vector<batch_id> due;
  for (auto const& [which, time] : retries_)
    if (time <= at) due.push_back(which);
  for (auto const& which : due) send_again(which);
}

moment result_sender::wake_at() const noexcept {
  moment at = waiting_.empty() ? moment::max() : waiting_.begin()->second.at + patience_;
  for (auto const& [which, time] : retries_) at = std::min(at, time);
  return at;
}

}  // namespace isolatte::inline v0_1::nats
