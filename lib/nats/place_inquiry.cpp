// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/place_inquiry.hpp"

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

namespace isolatte::inline v0_1::nats {

using namespace std::chrono_literals;
using logic::finding;

namespace {

constexpr auto longest_reply = 5s;
constexpr auto until_repetition = 200ms;

}  // namespace

place_inquiry::place_inquiry(const boost::asio::any_io_executor& executor, link::server_link& link,
                             inquiry_events& to, std::string stream)
    : link_{link}, to_{to}, stream_{std::move(stream)}, timer_{executor} {}

void place_inquiry::begin(std::int64_t created, std::string consumer) {
  end();
  created_ = created;
  consumer_ = std::move(consumer);
  is_up_ = true;
}

void place_inquiry::end() noexcept {
  ++number_;
  is_up_ = asking_ = waits_ = false;
  next_ = {};
  removals_.clear();
}

void place_inquiry::ask_delivered(std::uint64_t job, std::uint32_t attempt, std::uint64_t place) {
  if (!is_up_) return;
  next_.delivered.push_back({job, attempt, place});
  go_on();
}

void place_inquiry::examine(std::uint64_t job, std::uint32_t attempt, std::uint64_t place) {
  if (!is_up_) return;
  next_.examined.push_back({job, attempt, place});
  go_on();
}

void place_inquiry::ask(const std::string& subject, const std::string& body, reader read,
                        std::function<void()> otherwise) {
  link_.request(subject, std::as_bytes(std::span{body}), longest_reply,
                [weak = weak_from_this(), number = number_, read = std::move(read),
                 otherwise = std::move(otherwise)](const boost::system::error_code& ec,
                                                   const link::message& reply) {
                  auto const self = weak.lock();
                  if (!self || self->number_ != number) return;
                  if (ec)
                    otherwise();
                  else
                    read(reply.text());
                });
}

void place_inquiry::go_on() {
  if (!is_up_ || asking_ || waits_) return;
  if (next_.delivered.empty() && next_.examined.empty()) return;
  asking_ = true;
  auto const all = std::make_shared<round>(std::exchange(next_, {}));
  // The stream comes first: a message that is missing and then was never delivered has certainly
  // not been acknowledged.
  if (all->examined.empty())
    ask_consumer(all);
  else
    ask_stream(all);
}

void place_inquiry::go_on_later() {
  if (std::exchange(waits_, true)) return;
  timer_.expires_after(until_repetition);
  timer_.async_wait(
      [weak = weak_from_this(), number = number_](const boost::system::error_code& aborted) {
        auto const self = weak.lock();
        if (aborted || !self || self->link_.is_copy() || self->number_ != number) return;
        self->waits_ = false;
        for (auto const& [parcel, place] : std::exchange(self->removals_, {}))
          self->remove(parcel, place);
        self->go_on();
      });
}

void place_inquiry::repeat(const round& what) {
  asking_ = false;
  auto const append = [](std::vector<question>& to, const std::vector<question>& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  append(next_.delivered, what.delivered);
  append(next_.examined, what.examined);
  go_on_later();
}

void place_inquiry::ask_stream(const std::shared_ptr<round>& of) {
  ask(
      wire::stream_info_subject(stream_), {},
      [this, of](std::string_view text) {
        auto const info = wire::parse_stream_info(text);
        bool const is_gone = info && info->error && info->error->err_code == wire::stream_not_found;
        if (is_gone || (info && !info->error && info->value.created != created_)) {
          asking_ = false;
          return to_.stream_gone();
        }
        if (!info || info->error) return repeat(*of);
        of->stream = info->value;
        ask_consumer(of);
      },
      [this, of] { repeat(*of); });
}

void place_inquiry::ask_consumer(const std::shared_ptr<round>& of) {
  ask(
      wire::consumer_info_subject(stream_, consumer_), {},
      [this, of](std::string_view text) {
        auto const info = wire::parse_consumer_info(text);
        if (info && info->error && info->error->err_code == wire::stream_not_found) {
          asking_ = false;
          return to_.stream_gone();
        }
        // Before the first host has made the consumer, nothing is delivered.
        if (info && info->error && info->error->err_code == wire::consumer_not_found)
          return answer(*of, 0);
        if (!info || info->error) return repeat(*of);
        answer(*of, info->value.delivered_stream_seq);
      },
      [this, of] { repeat(*of); });
}

void place_inquiry::answer(const round& of, std::uint64_t delivered) {
  asking_ = false;
  auto const number = number_;
  std::map<std::uint64_t, std::vector<question>> to_get;
  for (auto const& each : of.examined) {
    auto const& stream = *of.stream;
    bool const is_missing = each.place < stream.first_seq || each.place > stream.last_seq;
    bool const is_delivered = each.place <= delivered;
    if (!is_missing && is_delivered) {
      to_get[each.place].push_back(each);
      continue;
    }
    to_.examined(each.job, each.attempt,
                 !is_missing    ? finding::waits
                 : is_delivered ? finding::missing
                                : finding::missing_undelivered);
    if (number != number_) return;
  }
  for (auto const& [place, questions] : to_get) get(place, questions);
  for (auto const& each : of.delivered) {
    to_.delivery_known(each.job, each.attempt, each.place <= delivered);
    if (number != number_) return;
  }
  go_on();
}

void place_inquiry::get(std::uint64_t place, const std::vector<question>& of) {
  ask(
      wire::message_get_subject(stream_), wire::message_get_body(place),
      [this, of](std::string_view text) {
        auto const found = wire::parse_message_get(text);
        bool const is_missing = found && found->error;
        // Another audit comes.
        if (!found || (is_missing && found->error->err_code != wire::message_not_found)) return;
        for (auto const& each : of)
          to_.examined(each.job, each.attempt, is_missing ? finding::missing : finding::delivered);
      },
      [] {});
}

void place_inquiry::remove(std::uint64_t parcel, std::uint64_t place) {
  if (!is_up_) return;
  ask(
      wire::message_delete_subject(stream_), wire::message_delete_body(place),
      [this, parcel, place](std::string_view text) {
        auto const done = wire::parse_success(text);
        if (done && !done->error) return to_.message_removed(parcel);
        if (done && done->error->err_code == wire::stream_not_found) return to_.stream_gone();
        // For a message that is not there the server says that its store has failed.
        confirm_removal(parcel, place);
      },
      [this, parcel, place] { repeat_removal(parcel, place); });
}

void place_inquiry::confirm_removal(std::uint64_t parcel, std::uint64_t place) {
  ask(
      wire::message_get_subject(stream_), wire::message_get_body(place),
      [this, parcel, place](std::string_view text) {
        auto const found = wire::parse_message_get(text);
        if (found && found->error && found->error->err_code == wire::message_not_found)
          return to_.message_removed(parcel);
        repeat_removal(parcel, place);
      },
      [this, parcel, place] { repeat_removal(parcel, place); });
}

void place_inquiry::repeat_removal(std::uint64_t parcel, std::uint64_t place) {
  removals_[parcel] = place;
  go_on_later();
}

}  // namespace isolatte::inline v0_1::nats
