// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/place_inquiry.hpp"

#include "nats/link/message.hpp"
#include "nats/system.hpp"

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace isolatte::inline v0_1::nats {

using namespace std::chrono_literals;
using logic::finding;

namespace {

constexpr auto longest_reply = 5s;
constexpr auto until_repetition = 200ms;
constexpr std::size_t most_removals = 128;

}  // namespace

place_inquiry::place_inquiry(link::server_link& link, inquiry_events& to, std::string stream,
                             std::chrono::nanoseconds lease)
    : link_{link}, to_{to}, stream_{std::move(stream)}, audit_{lease} {}

void place_inquiry::begin(std::int64_t created, std::string consumer) {
  is_in_doubt_ = false;
  if (is_up_ && created == created_) return;
  end();
  created_ = created;
  consumer_ = std::move(consumer);
  is_up_ = true;
}

void place_inquiry::end() noexcept {
  forget();
  is_up_ = is_in_doubt_ = false;
}

void place_inquiry::forget() noexcept {
  ++number_;
  asking_ = false;
  delivered_.clear();
  audit_.clear();
  removals_.clear();
  removing_ = 0;
  repeat_at_ = moment::min();
}

void place_inquiry::ask_delivered(std::uint64_t job, std::uint32_t attempt, std::uint64_t place) {
  if (is_up_) link::until_memory([&] { delivered_.push_back({job, attempt, place}); });
}

void place_inquiry::examine(std::uint64_t job, std::uint32_t attempt, std::uint64_t place) {
  if (is_up_) link::until_memory([&] { audit_.examine({job, attempt, place}); });
}

void place_inquiry::ask(const std::string& subject, const std::string& body, reader read,
                        std::function<void()> otherwise) {
  link_.request(subject, link::bytes_of(body), longest_reply,
                [this, number = number_, read = std::move(read), otherwise = std::move(otherwise)](
                    const boost::system::error_code& ec, const link::message& reply) {
                  if (number_ != number) return;
                  if (ec)
                    otherwise();
                  else
                    read(reply.text());
                  to_.inquiry_changed();
                });
}

void place_inquiry::flush() {
  auto const at = now();
  if (!is_up_ || is_in_doubt_ || asking_ || removing_ != 0 || at < repeat_at_) return;
  bool const is_look = audit_.look_at() <= at;
  if (delivered_.empty() && !is_look) return remove_some();
  asking_ = true;
  auto const all = std::make_shared<round>();
  all->delivered = std::exchange(delivered_, {});
  all->is_look = is_look;
  if (!is_look) return ask_consumer(all);
  audit_.begin_look(at);
  // The stream comes first: a message that is missing and then was never delivered has certainly
  // not been acknowledged.
  ask_stream(all);
}

void place_inquiry::wake(moment now) {
  if (now >= repeat_at_) flush();
}

moment place_inquiry::wake_at() const noexcept {
  if (!is_up_ || is_in_doubt_ || asking_ || removing_ != 0) return moment::max();
  bool const is_due = !delivered_.empty() || !removals_.empty();
  return std::max(is_due ? moment::min() : audit_.look_at(), repeat_at_);
}

void place_inquiry::repeat(const round& what) {
  asking_ = false;
  delivered_.insert(delivered_.end(), what.delivered.begin(), what.delivered.end());
  if (what.is_look) audit_.fail_look();
  repeat_at_ = now() + until_repetition;
}

void place_inquiry::lose_stream() {
  is_in_doubt_ = true;
  to_.stream_gone();
}

void place_inquiry::ask_stream(const std::shared_ptr<round>& of) {
  ask(
      wire::stream_info_subject(stream_), {},
      [this, of](std::string_view text) {
        auto const info = wire::parse_stream_info(text);
        bool const is_gone = info && info->error && info->error->err_code == wire::stream_not_found;
        bool const is_there = info && !info->error;
        if (!is_there || info->value.created != created_) {
          repeat(*of);
          if (is_there || is_gone) lose_stream();
          return;
        }
        of->found.first = info->value.first_seq;
        of->found.last = info->value.last_seq;
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
          repeat(*of);
          return lose_stream();
        }
        // Before the first host has made the consumer, nothing is delivered.
        bool const is_first =
            info && info->error && info->error->err_code == wire::consumer_not_found;
        if (!info || (info->error && !is_first)) return repeat(*of);
        of->found.delivered = is_first ? 0 : info->value.delivered_stream_seq;
        of->deliveries = is_first ? 0 : info->value.delivered_consumer_seq;
        answer(*of);
      },
      [this, of] { repeat(*of); });
}

void place_inquiry::answer(const round& of) {
  asking_ = false;
  auto const number = number_;
  logic::audit::findings found;
  if (of.is_look) found = audit_.end_look(of.found);
  for (auto const& each : found.known) {
    to_.examined(each.about.job, each.about.attempt, each.what);
    if (number != number_) return;
  }
  for (auto const& [place, questions] : found.to_get) get(place, questions);
  for (auto const& each : of.delivered) {
    to_.delivery_known(each.job, each.attempt, each.place <= of.found.delivered, of.deliveries);
    if (number != number_) return;
  }
}

void place_inquiry::get(std::uint64_t place, const std::vector<question>& of) {
  auto const tell = [this](const std::vector<question>& all, finding what) {
    auto const number = number_;
    for (auto const& each : all) {
      to_.examined(each.job, each.attempt, what);
      if (number != number_) return;
    }
  };
  ask(
      wire::message_get_subject(stream_), wire::message_get_body(place),
      [tell, of](std::string_view text) {
        auto const found = wire::parse_message_get(text);
        bool const is_missing =
            found && found->error && found->error->err_code == wire::message_not_found;
        // If the server says neither, another audit comes.
        tell(of, is_missing ? finding::missing : finding::delivered);
      },
      [tell, of] { tell(of, finding::delivered); });
}

void place_inquiry::remove_some() {
  while (!removals_.empty() && removing_ != most_removals) {
    auto const last = std::prev(removals_.end());
    auto const [place, parcel] = *last;
    removals_.erase(last);
    ++removing_;
    send_removal(parcel, place);
  }
}

void place_inquiry::end_removal(std::uint64_t parcel) {
  --removing_;
  to_.message_removed(parcel);
}

void place_inquiry::send_removal(std::uint64_t parcel, std::uint64_t place) {
  ask(
      wire::message_delete_subject(stream_), wire::message_delete_body(place),
      [this, parcel, place](std::string_view text) {
        auto const done = wire::parse_success(text);
        if (done && !done->error) return end_removal(parcel);
        if (done && done->error->err_code == wire::stream_not_found) {
          repeat_removal(parcel, place);
          return lose_stream();
        }
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
          return end_removal(parcel);
        repeat_removal(parcel, place);
      },
      [this, parcel, place] { repeat_removal(parcel, place); });
}

void place_inquiry::repeat_removal(std::uint64_t parcel, std::uint64_t place) {
  --removing_;
  removals_[place] = parcel;
  repeat_at_ = now() + until_repetition;
}

}  // namespace isolatte::inline v0_1::nats
