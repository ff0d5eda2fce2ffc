// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/result_sender.hpp"

#include "nats/link/memory.hpp"
#include "nats/link/subject.hpp"
#include "nats/wire/jetstream.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <new>
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

/// The text that a job has printed is worth less than its result, and its end says more than its
/// beginning.
void result_sender::fit(wire::job_result& result) const {
  if (!result.report) return;
  auto& report = *result.report;
  auto& run = report.summary;
  auto const surplus = [&] {
    auto const size = wire::size_in_results(result);
    return size > room() ? size - room() : 0;
  };
  if (surplus() > run.out.text.size() + run.err.text.size() &&
      report.kind != isolatte::detail::payload_kind::none) {
    run.reason = "the result is larger than a message of the farm's server may be";
    report.payload = byte_buffer{};
    report.kind = isolatte::detail::payload_kind::none;
    run.how = ending::undelivered;
    result.ec = {};
  }
  for (auto* const text : {&run.out, &run.err}) {
    auto const less = std::min(surplus(), text->text.size());
    text->text.erase(0, less);
    text->truncated = text->truncated || less != 0;
  }
  auto const shorten = [&](std::string& text) {
    text.resize(text.size() - std::min(surplus(), text.size()));
  };
  if (run.fault) shorten(run.fault->trace);
  if (surplus() != 0) run.gaps.clear();
  shorten(run.reason);
  if (run.fault) shorten(run.fault->system_call);
}

void result_sender::send(batch_id which, std::string subject,
                         std::vector<wire::job_result> results) {
  auto& made = *link::until_memory([&] { return &batches_[which]; });
  made.subject = std::move(subject);
  made.results = results.size();
  waiting_results_ += results.size();
  made.unpacked = std::move(results);
  send_again(which);
}

void result_sender::send_later(batch_id which) {
  link::until_memory([&] { retries_[which] = now() + patience_; });
}

void result_sender::pack(batch_id which, std::vector<wire::job_result>& results) {
  auto& made = batches_.at(which);
  while (!results.empty()) {
    std::size_t count = 0;
    for (std::size_t size = 0; count != results.size() && count != wire::most_in_message; ++count) {
      fit(results[count]);
      size += wire::size_in_results(results[count]);
      if (count != 0 && size > room()) break;
    }
    auto& part = made.parts.emplace_back();
    auto const first = results.begin();
    auto const end = first + static_cast<std::ptrdiff_t>(count);
    wire::results message{.host = {}, .jobs = {}};
    try {
      message.host = host_name_;
      message.jobs.reserve(count);
      std::move(first, end, std::back_inserter(message.jobs));
      part.id = id_ + "." + std::to_string(which.first) + "." + std::to_string(which.second) + "." +
                std::to_string(made.parts.size());
      wire::encode(message, part.bytes);
    } catch (const std::bad_alloc&) {
      std::ranges::move(message.jobs, first);
      made.parts.pop_back();
      throw;
    }
    part.made_for = max_payload_;
    made.bytes += part.bytes.size();
    waiting_bytes_ += part.bytes.size();
    results.erase(first, end);
  }
}

void result_sender::repack(batch_id which) {
  auto& made = batches_.at(which);
  for (auto& part : made.parts) {
    bool const fits = part.bytes.size() + header_room <= max_payload_;
    if (part.is_stored || fits || part.made_for <= max_payload_) continue;
    auto what = wire::decode_results(
        part.bytes.bytes(), [](std::uint64_t) { return std::numeric_limits<std::size_t>::max(); });
    if (!what.message) continue;
    auto& jobs = what.message->jobs;
    made.unpacked.reserve(made.unpacked.size() + jobs.size());
    std::ranges::move(jobs, std::back_inserter(made.unpacked));
    part.is_stored = true;
  }
}

result_sender::batches::iterator result_sender::erase(batches::iterator which) {
  waiting_results_ -= which->second.results;
  waiting_bytes_ -= which->second.bytes;
  return batches_.erase(which);
}

void result_sender::disconnect() noexcept {
  waiting_.clear();
  retries_.clear();
}

void result_sender::send_again(batch_id which) {
  retries_.erase(which);
  auto const found = batches_.find(which);
  if (found == batches_.end()) return;
  bool const has_memory = link::if_memory([&] {
    repack(which);
    pack(which, found->second.unpacked);
  });
  // Until then what has a message goes.
  if (!has_memory) send_later(which);
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
  // Other parts may have its results, too: then the farm hears of them twice.
  parts[index].is_stored = true;
  if (!batch->second.unpacked.empty() || !std::ranges::all_of(parts, &part::is_stored)) return;
  erase(batch);
  retries_.erase(which);
  owner_.results_stored(which);
}

void result_sender::forget(std::uint64_t parcel) {
  auto const first = batches_.lower_bound({parcel, 0});
  auto const last = batches_.lower_bound({parcel + 1, 0});
  for (auto each = first; each != last;) each = erase(each);
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
