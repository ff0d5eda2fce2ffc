// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/wire/jetstream.hpp"

#include "nats/link/server_link.hpp"
#include "nats/link/status.hpp"
#include "support/nats_server.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace jetstream_test {

using namespace isolatte::nats::wire;
using namespace std::chrono_literals;
namespace link = isolatte::nats::link;
using isolatte::test::has_nats_server;
using isolatte::test::nats_server;

constexpr std::string_view stream_text = R"({"type":"io.nats.jetstream.api.v1.stream_info_response",
"config":{"name":"S"},"created":"2026-11-29T16:47:50.123456789Z","state":{"messages":3,
"bytes":18446744073709551615,"first_seq":7,"last_seq":9,"consumer_count":2}})";

constexpr std::string_view consumer_text = R"({"stream_name":"S","name":"C",
"created":"2026-11-29T16:47:50Z","config":{"ack_wait":5000000000},"delivered":{"consumer_seq":11,"stream_seq":12},
"ack_floor":{"consumer_seq":1,"stream_seq":2},"num_ack_pending":3,"num_redelivered":4,
"num_waiting":5,"num_pending":6})";

constexpr std::string_view error_text =
    R"({"error":{"code":404,"err_code":10059,"description":"stream not found"}})";

/// Whether the parser accepts none of the texts in which a part is missing or is replaced.
template <class Parser>
void check_strict(std::string_view text, Parser parse) {
  BOOST_TEST_REQUIRE(parse(text).has_value());
  for (std::size_t size = 0; size != text.size(); ++size)
    BOOST_TEST(!parse(text.substr(0, size)).has_value(), text.substr(0, size));
}

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string result{text};
  auto const at = result.find(what);
  BOOST_TEST_REQUIRE(at != std::string::npos);
  return result.replace(at, what.size(), by);
}

BOOST_AUTO_TEST_SUITE(jetstream)

BOOST_AUTO_TEST_CASE(subjects_and_bodies) {
  BOOST_TEST(stream_create_subject("S") == "$JS.API.STREAM.CREATE.S");
  BOOST_TEST(stream_info_subject("S") == "$JS.API.STREAM.INFO.S");
  BOOST_TEST(message_delete_subject("S") == "$JS.API.STREAM.MSG.DELETE.S");
  BOOST_TEST(consumer_create_subject("S", "C") == "$JS.API.CONSUMER.DURABLE.CREATE.S.C");
  BOOST_TEST(consumer_next_subject("S", "C") == "$JS.API.CONSUMER.MSG.NEXT.S.C");
  BOOST_TEST(message_get_body(18446744073709551615U) == R"({"seq":18446744073709551615})");
  BOOST_TEST(message_delete_body(7) == R"({"seq":7,"no_erase":true})");
  BOOST_TEST(consumer_next_body(5, 2s) == R"({"batch":5,"expires":2000000000})");
  // A name cannot break out of its string.
  auto const body = stream_create_body({.name = "a\"b", .subjects = {"x.>"}});
  BOOST_TEST(body.find(R"("name":"a\"b")") != std::string::npos);
  BOOST_TEST(body.find(R"("subjects":["x.>"])") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_stream_is_described) {
  auto const parsed = parse_stream_info(stream_text);
  BOOST_TEST_REQUIRE(parsed.has_value());
  BOOST_TEST(!parsed->error.has_value());
  BOOST_TEST(parsed->value.created == 1795970870123456789);
  BOOST_TEST(parsed->value.messages == 3u);
  BOOST_TEST(parsed->value.bytes == 18446744073709551615u);
  BOOST_TEST(parsed->value.first_seq == 7u);
  BOOST_TEST(parsed->value.last_seq == 9u);
  BOOST_TEST(parsed->value.consumer_count == 2u);
  check_strict(stream_text, parse_stream_info);
  for (auto const& [what, by] : {std::pair{"\"messages\":3", "\"messages\":-3"},
                                 {"\"messages\":3", "\"messages\":3.5"},
                                 {"\"messages\":3", "\"messages\":\"3\""},
                                 {"\"messages\":3", "\"massages\":3"},
                                 {"18446744073709551615", "18446744073709551616"},
                                 {"\"state\":{", "\"stats\":{"},
                                 {"2026-11", "2026-13"}})
    BOOST_TEST(!parse_stream_info(replaced(stream_text, what, by)).has_value(), by);
}

BOOST_AUTO_TEST_CASE(a_consumer_is_described) {
  auto const parsed = parse_consumer_info(consumer_text);
  BOOST_TEST_REQUIRE(parsed.has_value());
  auto const& value = parsed->value;
  BOOST_TEST(value.name == "C");
  BOOST_TEST(value.created == 1795970870000000000);
  BOOST_TEST((value.ack_wait == 5s));
  BOOST_TEST(value.delivered_consumer_seq == 11u);
  BOOST_TEST(value.delivered_stream_seq == 12u);
  BOOST_TEST(value.ack_floor_stream_seq == 2u);
  BOOST_TEST(value.num_ack_pending == 3u);
  BOOST_TEST(value.num_redelivered == 4u);
  BOOST_TEST(value.num_waiting == 5u);
  BOOST_TEST(value.num_pending == 6u);
  check_strict(consumer_text, parse_consumer_info);
}

BOOST_AUTO_TEST_CASE(errors_are_answers) {
  auto const parsed = parse_stream_info(error_text);
  BOOST_TEST_REQUIRE(parsed.has_value());
  BOOST_TEST_REQUIRE(parsed->error.has_value());
  BOOST_TEST(parsed->error->code == 404);
  BOOST_TEST(parsed->error->err_code == stream_not_found);
  BOOST_TEST(parsed->error->description == "stream not found");
  check_strict(error_text, parse_stream_info);
  check_strict(error_text, parse_pub_ack);
  BOOST_TEST(parse_success(R"({"error":{"code":400}})")->error->err_code == 0);
  for (auto const* const text :
       {R"({"error":{}})", R"({"error":"no"})", R"({"error":{"code":99999999999}})",
        R"({"error":{"code":400,"err_code":"1"}})", R"({"error":{"code":400,"description":1}})"})
    BOOST_TEST(!parse_success(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(small_answers) {
  auto const stored = parse_pub_ack(R"({"stream":"S","seq":5,"duplicate":true,"domain":"d"})");
  BOOST_TEST_REQUIRE(stored.has_value());
  BOOST_TEST(stored->value.stream == "S");
  BOOST_TEST(stored->value.seq == 5u);
  BOOST_TEST(stored->value.duplicate);
  BOOST_TEST(!parse_pub_ack(R"({"stream":"S","seq":5})")->value.duplicate);
  for (auto const* const text : {R"({"stream":"S"})", R"({"seq":5})", R"({"stream":"S","seq":0})",
                                 R"({"stream":"S","seq":5,"duplicate":1})", "[]", "5", "", "null",
                                 R"({"stream":"S","seq":5} x)"})
    BOOST_TEST(!parse_pub_ack(text).has_value(), text);
  BOOST_TEST(parse_success(R"({"success":true})").has_value());
  BOOST_TEST(!parse_success(R"({"success":false})").has_value());
  BOOST_TEST(!parse_success("{}").has_value());
  auto const got = parse_message_get(R"({"message":{"subject":"a.b","seq":4,"data":"eA=="}})");
  BOOST_TEST_REQUIRE(got.has_value());
  BOOST_TEST(got->value.subject == "a.b");
  BOOST_TEST(got->value.seq == 4u);
  // Deeper than any answer.
  BOOST_TEST(!parse_success(std::string(100000, '[')).has_value());
}

BOOST_AUTO_TEST_CASE(points_in_time) {
  BOOST_TEST(parse_time("1970-01-01T00:00:00Z").value() == 0);
  BOOST_TEST(parse_time("1970-01-01T00:00:01.5Z").value() == 1500000000);
  BOOST_TEST(parse_time("1970-01-01T01:00:00.000000001+01:00").value() == 1);
  BOOST_TEST(parse_time("1969-12-31T23:00:00-01:00").has_value() == false);
  BOOST_TEST(parse_time("1970-01-01T00:00:00-00:30").value() == 1800000000000);
  BOOST_TEST(parse_time("2024-02-29T00:00:00Z").has_value());
  for (auto const* const text :
       {"", "2026", "2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567890Z",
        "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00+24:00", "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00ZZ", "9999-01-01T00:00:00Z", "2026-00-01T00:00:00Z"})
    BOOST_TEST(!parse_time(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(reply_subjects_of_deliveries) {
  constexpr std::string_view plain = "$JS.ACK.S.C.2.30.4.1700000000000000005.6";
  constexpr std::string_view in_domain = "$JS.ACK._.hash.S.C.2.30.4.1700000000000000005.6";
  for (auto const& text :
       {std::string{plain}, std::string{in_domain}, std::string{in_domain} + ".x"}) {
    auto const parsed = parse_delivery(text);
    BOOST_TEST_REQUIRE(parsed.has_value(), text);
    BOOST_TEST(parsed->stream == "S");
    BOOST_TEST(parsed->consumer == "C");
    BOOST_TEST(parsed->delivered == 2u);
    BOOST_TEST(parsed->stream_seq == 30u);
    BOOST_TEST(parsed->consumer_seq == 4u);
    BOOST_TEST(parsed->stored == 1700000000000000005);
    BOOST_TEST(parsed->pending == 6u);
  }
  for (auto const* const text :
       {"", "$JS.ACK", "$JS.NAK.S.C.2.30.4.1.6", "JS.ACK.S.C.2.30.4.1.6", "$JS.ACK.S.C.2.30.4.1",
        "$JS.ACK.S.C.2.30.4.1.6.", "$JS.ACK.S.C.2.30.4.1.6.7", "$JS.ACK.S..2.30.4.1.6",
        "$JS.ACK.S.C.0.30.4.1.6", "$JS.ACK.S.C.2.0.4.1.6", "$JS.ACK.S.C.-2.30.4.1.6",
        "$JS.ACK.S.C.+2.30.4.1.6", "$JS.ACK.S.C.2.18446744073709551616.4.1.6",
        "$JS.ACK.S.C.2.3x.4.1.6", "$JS.ACK._.h.S.C.2.30.4.1.6.x.y"})
    BOOST_TEST(!parse_delivery(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(news_of_pulls) {
  BOOST_TEST((parse_pull_news(100, "Idle Heartbeat") == pull_news::heartbeat));
  BOOST_TEST((parse_pull_news(404, "No Messages") == pull_news::ended));
  BOOST_TEST((parse_pull_news(408, "Request Timeout") == pull_news::ended));
  BOOST_TEST((parse_pull_news(409, "Consumer Deleted") == pull_news::consumer_gone));
  BOOST_TEST((parse_pull_news(409, "Exceeded MaxWaiting") == pull_news::ended));
  BOOST_TEST((parse_pull_news(503, "") == pull_news::consumer_gone));
  BOOST_TEST((parse_pull_news(0, "") == pull_news::unknown));
  BOOST_TEST(parse_count("12").value() == 12u);
  for (auto const* const text : {"", "-1", "+1", "1 ", "0x1", "18446744073709551616"})
    BOOST_TEST(!parse_count(text).has_value(), text);
}

struct api : link::link_events {
  explicit api(const nats_server& server) {
    link::link_options options;
    options.servers = {server.url()};
    to = link::server_link::make(context.get_executor(), options);
    to->start(*this);
    until([this] { return to->is_up(); });
  }
  ~api() { to->stop(); }

  void link_up(const link::server_info&) override {}
  void link_down(const boost::system::error_code&, const std::string&) override {}
  void link_refused(const boost::system::error_code&, const std::string&) override {}
  void link_violation(const std::string&, const std::string&) override {}

  void until(const std::function<bool()>& condition) {
    while (!condition()) context.run_one();
  }
  std::string ask(const std::string& subject, std::string_view body) {
    std::optional<std::string> answer;
    to->request(subject, std::as_bytes(std::span{body.data(), body.size()}), 1min,
                [&](boost::system::error_code ec, link::message what) {
                  answer = ec ? ec.message() : std::string{what.text()};
                });
    until([&] { return answer.has_value(); });
    BOOST_TEST_MESSAGE(*answer);
    return *answer;
  }

  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      context.get_executor()};
  std::shared_ptr<link::server_link> to;
};

/// Requests of every kind, so that the server's own answers are read.
BOOST_AUTO_TEST_CASE(a_server_understands_and_is_understood,
                     *boost::unit_test::precondition(has_nats_server)) {
  nats_server const server;
  api js{server};
  stream_config const stream{.name = "S",
                             .subjects = {"jobs.>"},
                             .retention = retention::workqueue,
                             .discard = discard::new_ones,
                             .max_msgs = 3};
  auto const absent = parse_stream_info(js.ask(stream_info_subject("S"), ""));
  BOOST_TEST_REQUIRE((absent && absent->error));
  BOOST_TEST(absent->error->err_code == stream_not_found);
  auto const created =
      parse_stream_info(js.ask(stream_create_subject("S"), stream_create_body(stream)));
  BOOST_TEST_REQUIRE((created && !created->error));
  BOOST_TEST(created->value.created > 0);
  auto other = stream;
  other.name = "T";
  auto const overlap =
      parse_stream_info(js.ask(stream_create_subject("T"), stream_create_body(other)));
  BOOST_TEST_REQUIRE((overlap && overlap->error));
  BOOST_TEST(overlap->error->err_code == subjects_overlap);

  consumer_config const consumer{.name = "C", .filter_subject = "jobs.1", .ack_wait = 30s};
  auto const made = parse_consumer_info(
      js.ask(consumer_create_subject("S", "C"), consumer_create_body("S", consumer)));
  BOOST_TEST_REQUIRE((made && !made->error));
  BOOST_TEST(made->value.name == "C");

  for (std::uint64_t seq = 1; seq != 4; ++seq) {
    auto const stored = parse_pub_ack(js.ask("jobs.1", "work"));
    BOOST_TEST_REQUIRE((stored && !stored->error));
    BOOST_TEST(stored->value.seq == seq);
  }
  auto const full = parse_pub_ack(js.ask("jobs.1", "work"));
  BOOST_TEST_REQUIRE((full && full->error));
  BOOST_TEST(full->error->err_code == stream_full);

  auto const got = parse_message_get(js.ask(message_get_subject("S"), message_get_body(2)));
  BOOST_TEST_REQUIRE((got && !got->error));
  BOOST_TEST(got->value.subject == "jobs.1");
  auto const deleted = parse_success(js.ask(message_delete_subject("S"), message_delete_body(2)));
  BOOST_TEST_REQUIRE((deleted && !deleted->error));
  auto const gone = parse_message_get(js.ask(message_get_subject("S"), message_get_body(2)));
  BOOST_TEST_REQUIRE((gone && gone->error));
  BOOST_TEST(gone->error->err_code == message_not_found);

  std::vector<std::uint64_t> pulled;
  int news = 0;
  js.to->subscribe("inbox", [&](std::span<link::message> batch) {
    for (auto const& each : batch) {
      if (auto const status = each.status()) {
        BOOST_TEST(
            (parse_pull_news(status, each.header("Description").value_or("")) == pull_news::ended));
        BOOST_TEST(parse_count(each.header("Nats-Pending-Messages").value_or("")).value_or(99) ==
                   3u);
        ++news;
        continue;
      }
      auto const what = parse_delivery(each.reply());
      BOOST_TEST_REQUIRE(what.has_value());
      BOOST_TEST(what->stream == "S");
      BOOST_TEST(what->consumer == "C");
      BOOST_TEST(what->delivered == 1u);
      pulled.push_back(what->stream_seq);
    }
  });
  auto const body = consumer_next_body(5, 100ms);
  BOOST_TEST(!js.to->publish(consumer_next_subject("S", "C"), "inbox", {},
                             std::as_bytes(std::span{body})));
  js.until([&] { return news == 1; });
  std::vector<std::uint64_t> const expected{1, 3};
  BOOST_TEST(pulled == expected);
  auto const info = parse_consumer_info(js.ask(consumer_info_subject("S", "C"), ""));
  BOOST_TEST_REQUIRE((info && !info->error));
  BOOST_TEST(info->value.delivered_stream_seq == 3u);
  BOOST_TEST(info->value.num_ack_pending == 2u);
  auto const removed = parse_success(js.ask(consumer_delete_subject("S", "C"), ""));
  BOOST_TEST_REQUIRE((removed && !removed->error));
  auto const no_consumer = parse_consumer_info(js.ask(consumer_info_subject("S", "C"), ""));
  BOOST_TEST_REQUIRE((no_consumer && no_consumer->error));
  BOOST_TEST(no_consumer->error->err_code == consumer_not_found);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace jetstream_test
