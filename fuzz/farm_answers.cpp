// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The answers of a server to a farm: the JSON of its API, and the subjects and headers of messages.

#include "nats/wire/jetstream.hpp"
#include "target.hpp"

#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace farm_answers_target {

using namespace isolatte::fuzz;
namespace wire = isolatte::nats::wire;

/// A value of JSON takes more memory than its text.
constexpr std::size_t factor = 64;
constexpr std::size_t small_change = 32 * 1024;

/// Nanoseconds from 1970 to 2201, and a day more for what is ahead of Greenwich.
constexpr std::int64_t latest = 231LL * 366 * 24 * 3600 * 1'000'000'000;
constexpr std::int64_t earliest = -24LL * 3600 * 1'000'000'000;

void check_time(std::int64_t time) {
  require(time >= earliest && time <= latest, "a time is one of these years");
}

template <class Value>
void check_error(const wire::answer<Value>& what) {
  require(!what.error || what.error->code > 0, "an error has a code");
}

void try_stream(std::string_view text) {
  auto const found = wire::parse_stream_info(text);
  if (!found) return;
  check_error(*found);
  if (!found->error) check_time(found->value.created);
}

void try_consumer(std::string_view text) {
  auto const found = wire::parse_consumer_info(text);
  if (!found) return;
  check_error(*found);
  if (found->error) return;
  check_time(found->value.created);
  require(found->value.ack_wait.count() >= 0, "no time to wait is negative");
}

void try_others(std::string_view text) {
  if (auto const found = wire::parse_message_get(text)) check_error(*found);
  if (auto const found = wire::parse_success(text)) check_error(*found);
  auto const stored = wire::parse_pub_ack(text);
  if (!stored) return;
  check_error(*stored);
  require(stored->error || stored->value.seq != 0, "a message that is stored has a number");
}

void try_time(std::string_view text) {
  if (auto const found = wire::parse_time(text)) check_time(*found);
}

void try_delivery(std::string_view text) {
  auto const found = wire::parse_delivery(text);
  if (!found) return;
  for (auto const part : {found->stream, found->consumer})
    require(!part.empty() && part.data() >= text.data() &&
                part.data() + part.size() <= text.data() + text.size() &&
                part.find('.') == part.npos,
            "a name is a token of the subject");
}

void try_count(std::string_view text) {
  auto const found = wire::parse_count(text);
  if (!found) return;
  auto const digits = text.substr(std::min(text.find_first_not_of('0'), text.size()));
  require(*found == 0 ? digits.empty() : std::to_string(*found) == digits,
          "a count is what its digits say");
}

void try_news(std::string_view text) {
  for (int const status : {0, 100, 404, 408, 409, 503})
    static_cast<void>(wire::parse_pull_news(status, text));
}

/// All parsers, in an order that the inputs of the corpus depend on: new ones go to the end.
constexpr auto parsers = std::to_array<void (*)(std::string_view)>({
    &try_stream,
    &try_consumer,
    &try_others,
    &try_time,
    &try_delivery,
    &try_count,
    &try_news,
});

void run(input bytes) {
  choices from{bytes};
  auto const parse = from.one_of(parsers);
  input const rest = from.rest();
  memory_bound const bound{factor * rest.size() + small_change};
  parse({reinterpret_cast<const char*>(rest.data()), rest.size()});
}

std::vector<bytes> seeds() {
  std::vector<bytes> made;
  auto const add = [&](std::uint8_t parser, std::string_view text) {
    append(made.emplace_back(raw(parser)), std::as_bytes(std::span{text}));
  };
  constexpr std::string_view error =
      R"({"error":{"code":404,"err_code":10059,"description":"stream not found"}})";
  add(0, R"({"created":"2026-11-29T16:47:50.123456789Z","state":{"messages":3,"bytes":)"
         R"(18446744073709551615,"first_seq":7,"last_seq":9,"consumer_count":2}})");
  add(0, error);
  add(1, R"({"name":"C","created":"2026-11-29T16:47:50+01:00","config":{"ack_wait":5000000000},)"
         R"("delivered":{"consumer_seq":11,"stream_seq":12},"ack_floor":{"stream_seq":2},)"
         R"("num_ack_pending":3,"num_redelivered":4,"num_waiting":5,"num_pending":6})");
  add(2, R"({"message":{"subject":"a.b","seq":4}})");
  add(2, R"({"success":true})");
  add(2, R"({"stream":"S","seq":8,"duplicate":true})");
  add(3, "2026-11-29T16:47:50.5-23:59");
  add(4, "$JS.ACK.S.C.1.2.3.1700000000000000000.4");
  add(4, "$JS.ACK._.account.S.C.1.2.3.1700000000000000000.4.token");
  add(5, "0018446744073709551615");
  add(6, "Consumer Deleted");
  return made;
}

registration const registered{{"farm_answers", &run, &seeds}};

}  // namespace farm_answers_target
