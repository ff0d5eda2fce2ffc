// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/parcel_sender.hpp"

#include "nats/link/message.hpp"
#include "nats/system.hpp"
#include "nats/wire/jetstream.hpp"

#include <boost/system/errc.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

namespace isolatte::inline v0_1::nats {

using isolatte::logic::later;
using logic::job_end;
using std::chrono::nanoseconds;

namespace {

constexpr std::string_view message_id = "Nats-Msg-Id";
constexpr std::chrono::seconds least_parcel_patience{2};
/// Jobs wait no longer for others to fill a parcel.
constexpr std::chrono::milliseconds longest_gathering{8};
/// If there was none, there may be some again after this.
constexpr std::chrono::milliseconds until_memory{100};

std::optional<std::uint64_t> number_at_end(std::string_view subject) noexcept {
  auto const digits = subject.substr(subject.rfind('.') + 1);
  std::uint64_t number = 0;
  auto const [stop, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || ec != std::errc{} || stop != digits.data() + digits.size()) return {};
  return number;
}

}  // namespace

parcel_sender::parcel_sender(link::server_link& through, const settings& what,
                             std::string submitter, std::string answers, owner& to)
    : link_{through},
      settings_{what},
      submitter_{std::move(submitter)},
      answers_{std::move(answers)},
      owner_{to},
      patience_{std::max<nanoseconds>(least_parcel_patience, what.lease())} {}

void parcel_sender::connect(std::size_t max_payload) {
  // The bytes of a header that says the id, too.
  std::size_t const header = 64 + id_of(~std::uint64_t{0}).size();
  parcels_.room(max_payload, wire::parcel_overhead + header);
}

void parcel_sender::open(bool same_stream) {
  is_open_ = true;
  if (!same_stream) parcels_.stream_replaced();
  publish_unanswered(moment::max());
}

void parcel_sender::add(const wire::parcel_job& job) {
  bool const travels_alone = job.max_hosts == 1 || job.lost_before != 0;
  parcels_.add(job.number, wire::size_in_parcel(job), travels_alone);
}

void parcel_sender::leave(std::uint64_t job, bool was_told) noexcept {
  if (auto const unneeded = parcels_.leave(job, was_told)) delete_message(*unneeded);
}

std::string parcel_sender::id_of(std::uint64_t parcel) const {
  return submitter_ + "-" + std::to_string(parcel);
}

bool parcel_sender::gathers() {
  if (unpacked_ || !parcels_.may_gather()) return false;
  auto const at = now();
  if (gathers_until_ == moment::max()) gathers_until_ = later(at, longest_gathering);
  return at < gathers_until_;
}

void parcel_sender::flush() {
  flush_at_ = moment::max();
  if (is_open_ && gathers()) {
    flush_at_ = gathers_until_;
    return;
  }
  gathers_until_ = moment::max();
  try {
    while (is_open_) {
      if (!unpacked_) unpacked_ = parcels_.next();
      if (!unpacked_) return;
      auto const parcel = *unpacked_;
      bool const is_empty = parcels_.jobs(parcel).empty();
      if (!is_empty) pack(parcel);
      unpacked_.reset();
      if (is_empty)
        static_cast<void>(parcels_.refused(parcel));
      else
        publish(parcel);
    }
  } catch (const std::bad_alloc&) {
    flush_at_ = later(now(), until_memory);
  }
}

void parcel_sender::pack(std::uint64_t parcel) {
  wire::parcel what{submitter_, {}};
  for (auto const job : parcels_.jobs(parcel)) what.jobs.push_back(owner_.job_published(job));
  isolatte::detail::byte_buffer bytes;
  wire::encode(what, bytes);
  sent_[parcel].bytes = std::move(bytes);
}

void parcel_sender::publish(std::uint64_t parcel) {
  auto& it = sent_.at(parcel);
  it.at = now();
  parcels_.published(parcel, it.at);
  std::string const id = id_of(parcel);
  std::array<link::header, 1> const headers{{{message_id, id}}};
  auto const answer_to =
      answers_ + "." + std::to_string(parcel % places) + "." + std::to_string(parcel);
  auto const ec = link_.publish(settings_.jobs_subject(), answer_to, headers, it.bytes.bytes());
  // Other errors pass, and the parcel is published again.
  if (ec == boost::system::errc::message_size) return refuse(parcel, job_end::too_large);
  if (ec == boost::system::errc::not_enough_memory) it.at -= patience_ - until_memory;
}

void parcel_sender::publish_unanswered(moment sent_before) {
  for (auto const parcel : parcels_.unanswered()) {
    auto const found = sent_.find(parcel);
    if (found == sent_.end() || found->second.at > sent_before) continue;
    if (parcels_.may_go_again(parcel, now())) {
      publish(parcel);
      continue;
    }
    // The server might store it twice. If the answer comes after all, the message is deleted.
    sent_.erase(found);
    for (auto const job : parcels_.refused(parcel)) owner_.job_unanswered(job);
  }
}

void parcel_sender::answered(std::uint64_t place, std::span<link::message> answers) {
  for (auto const& each : answers) {
    auto const parcel = each.subject().empty() ? only_one_at(place) : number_at_end(each.subject());
    if (each.status() == 503) {
      // Nothing takes in such messages.
      if (parcel) parcels_.failed(*parcel);
      owner_.stream_gone();
    } else if (parcel) {
      answer(*parcel, each);
    }
  }
}

std::optional<std::uint64_t> parcel_sender::only_one_at(std::uint64_t place) const {
  std::optional<std::uint64_t> found;
  for (auto const parcel : parcels_.unanswered()) {
    if (parcel % places != place) continue;
    if (found) return {};
    found = parcel;
  }
  return found;
}

void parcel_sender::answer(std::uint64_t parcel, const link::message& what) {
  auto const ack = wire::parse_pub_ack(what.text());
  if (!ack) return;
  auto const found = sent_.find(parcel);
  if (ack->error) {
    if (found == sent_.end()) return;
    if (ack->error->err_code == wire::stream_full) return refuse(parcel, job_end::queue_full);
    if (ack->error->code < 500) return refuse(parcel, job_end::not_stored);
    // Others of the server's own troubles pass; the parcel is published again.
    parcels_.failed(parcel);
    return;
  }
  if (found == sent_.end()) {
    // An answer that comes twice, or the jobs have been refused meanwhile.
    if (!parcels_.place(parcel)) delete_message(ack->value.seq);
    return;
  }
  // Jobs leave meanwhile.
  auto const jobs = parcels_.jobs(parcel);
  sent_.erase(found);
  if (parcels_.stored(parcel, ack->value.seq)) return delete_message(ack->value.seq);
  for (auto const job : jobs) owner_.job_stored(job);
}

void parcel_sender::refuse(std::uint64_t parcel, job_end why) {
  sent_.erase(parcel);
  for (auto const job : parcels_.refused(parcel)) owner_.job_refused(job, why);
}

/// If it does not arrive, a host runs the jobs for nothing.
void parcel_sender::delete_message(std::uint64_t place) noexcept {
  link::if_memory([&] {
    auto const body = wire::message_delete_body(place);
    static_cast<void>(link_.publish(wire::message_delete_subject(settings_.jobs_stream()), {}, {},
                                    link::bytes_of(body)));
  });
}

std::optional<parcel_sender::message> parcel_sender::message_of(std::uint64_t job) const noexcept {
  auto const parcel = parcels_.parcel_of(job);
  auto const place = parcel ? parcels_.place(*parcel) : std::nullopt;
  if (!place) return {};
  return message{*parcel, *place};
}

std::vector<std::uint64_t> parcel_sender::removed(std::uint64_t parcel) {
  parcels_.removed(parcel);
  return parcels_.jobs(parcel);
}

void parcel_sender::forget_empty() {
  for (auto each = sent_.begin(); each != sent_.end();) {
    if (!parcels_.jobs(each->first).empty()) {
      ++each;
      continue;
    }
    static_cast<void>(parcels_.refused(each->first));
    each = sent_.erase(each);
  }
}

void parcel_sender::wake(moment now) {
  if (is_open_) publish_unanswered(now - patience_);
}

moment parcel_sender::wake_at() const noexcept {
  moment at = is_open_ ? flush_at_ : moment::max();
  if (is_open_)
    for (auto const& [parcel, each] : sent_) at = std::min(at, later(each.at, patience_));
  return at;
}

}  // namespace isolatte::inline v0_1::nats
