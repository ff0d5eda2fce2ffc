// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/wire/jetstream.hpp"

#include <boost/json.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace isolatte::inline v0_1::nats::wire {

namespace json = boost::json;

namespace {

std::string subject_of(std::string_view what, std::string_view stream,
                       std::string_view consumer = {}) {
  std::string result = "$JS.API.";
  result += what;
  result += '.';
  result += stream;
  if (!consumer.empty()) {
    result += '.';
    result += consumer;
  }
  return result;
}

const char* name_of(retention which) noexcept {
  switch (which) {
    case retention::limits: return "limits";
    case retention::interest: return "interest";
    case retention::workqueue: return "workqueue";
  }
  return "";
}

const char* name_of(ack_policy which) noexcept {
  switch (which) {
    case ack_policy::none: return "none";
    case ack_policy::all: return "all";
    case ack_policy::each: return "explicit";
  }
  return "";
}

/// Reads members of an object. After the first that is missing or wrong, nothing is read any more.
class members {
 public:
  explicit members(const json::object* from) noexcept : from_{from} {}

  bool good() const noexcept { return from_ != nullptr; }
  bool has(std::string_view name) const noexcept {
    return from_ != nullptr && from_->contains(name);
  }
  members object(std::string_view name) {
    auto const* const found = value(name);
    auto const* const result = found == nullptr ? nullptr : found->if_object();
    if (result == nullptr) from_ = nullptr;
    return members{result};
  }
  std::uint64_t number(std::string_view name) {
    auto const* const found = value(name);
    if (found != nullptr) {
      if (auto const* const large = found->if_uint64()) return *large;
      if (auto const* const small = found->if_int64(); small != nullptr && *small >= 0)
        return static_cast<std::uint64_t>(*small);
    }
    from_ = nullptr;
    return 0;
  }
  /// A number of int, which may be missing.
  int small_number(std::string_view name) {
    if (!has(name)) return 0;
    auto const result = number(name);
    if (result <= static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
      return static_cast<int>(result);
    from_ = nullptr;
    return 0;
  }
  std::string text(std::string_view name) {
    auto const* const found = value(name);
    auto const* const result = found == nullptr ? nullptr : found->if_string();
    if (result != nullptr) return std::string{*result};
    from_ = nullptr;
    return {};
  }
  bool flag(std::string_view name) {
    auto const* const found = value(name);
    auto const* const result = found == nullptr ? nullptr : found->if_bool();
    if (result != nullptr) return *result;
    from_ = nullptr;
    return false;
  }
  std::int64_t time(std::string_view name) {
    auto const result = parse_time(text(name));
    if (!result) from_ = nullptr;
    return result.value_or(0);
  }

 private:
  const json::value* value(std::string_view name) const noexcept {
    return from_ == nullptr ? nullptr : from_->if_contains(name);
  }

  const json::object* from_;
};

/// Reads an error, or has the function read a value.
/// @param read takes members, and returns the value; members that are no good are no answer
template <class Value, class Read>
std::optional<answer<Value>> parse_answer(std::string_view text, Read read) {
  boost::system::error_code ec;
  auto const parsed = json::parse({text.data(), text.size()}, ec);
  if (ec) return {};
  members all{parsed.if_object()};
  answer<Value> result;
  if (all.has("error")) {
    auto error = all.object("error");
    result.error = api_error{
        .code = static_cast<int>(error.small_number("code")),
        .err_code = error.small_number("err_code"),
        .description = error.has("description") ? error.text("description") : std::string{}};
    if (!all.good() || !error.good() || result.error->code == 0) return {};
    return result;
  }
  bool good = all.good();
  if (good) result.value = read(all, good);
  if (!good || !all.good()) return {};
  return result;
}

/// Reads digits and nothing else.
template <class Number>
std::optional<Number> parse_digits(std::string_view text) noexcept {
  Number result{};
  auto const* const end = text.data() + text.size();
  if (text.empty() || text.front() < '0' || text.front() > '9') return {};
  auto const [stop, ec] = std::from_chars(text.data(), end, result);
  if (ec != std::errc{} || stop != end) return {};
  return result;
}

bool in_range(int value, int least, int most) noexcept { return value >= least && value <= most; }

}  // namespace

std::string stream_create_subject(std::string_view stream) {
  return subject_of("STREAM.CREATE", stream);
}
std::string stream_update_subject(std::string_view stream) {
  return subject_of("STREAM.UPDATE", stream);
}
std::string stream_info_subject(std::string_view stream) {
  return subject_of("STREAM.INFO", stream);
}
std::string stream_delete_subject(std::string_view stream) {
  return subject_of("STREAM.DELETE", stream);
}
std::string message_get_subject(std::string_view stream) {
  return subject_of("STREAM.MSG.GET", stream);
}
std::string message_delete_subject(std::string_view stream) {
  return subject_of("STREAM.MSG.DELETE", stream);
}
std::string consumer_create_subject(std::string_view stream, std::string_view consumer) {
  return subject_of("CONSUMER.DURABLE.CREATE", stream, consumer);
}
std::string consumer_info_subject(std::string_view stream, std::string_view consumer) {
  return subject_of("CONSUMER.INFO", stream, consumer);
}
std::string consumer_delete_subject(std::string_view stream, std::string_view consumer) {
  return subject_of("CONSUMER.DELETE", stream, consumer);
}
std::string consumer_next_subject(std::string_view stream, std::string_view consumer) {
  return subject_of("CONSUMER.MSG.NEXT", stream, consumer);
}

std::string stream_create_body(const stream_config& config) {
  json::array subjects;
  for (auto const& each : config.subjects) subjects.emplace_back(each);
  return json::serialize(json::object{
      {"name", config.name},
      {"subjects", std::move(subjects)},
      {"retention", name_of(config.retention)},
      {"storage", "file"},
      {"discard", config.discard == discard::new_ones ? "new" : "old"},
      {"max_msgs", config.max_msgs},
      {"max_consumers", -1},
      {"max_bytes", -1},
      {"max_msg_size", -1},
      {"num_replicas", config.num_replicas},
      {"duplicate_window", std::int64_t{config.duplicate_window.count()}},
  });
}

std::string consumer_create_body(std::string_view stream, const consumer_config& config) {
  json::object body{
      {"durable_name", config.name},
      {"filter_subject", config.filter_subject},
      {"deliver_policy", "all"},
      {"replay_policy", "instant"},
      {"ack_policy", name_of(config.ack_policy)},
      {"max_ack_pending", config.max_ack_pending},
      {"max_deliver", config.max_deliver},
      {"ack_wait", std::int64_t{config.ack_wait.count()}},
  };
  if (!config.deliver_subject.empty()) body.emplace("deliver_subject", config.deliver_subject);
  if (config.max_waiting != 0) body.emplace("max_waiting", config.max_waiting);
  if (config.inactive_threshold.count() != 0)
    body.emplace("inactive_threshold", std::int64_t{config.inactive_threshold.count()});
  return json::serialize(json::object{{"stream_name", stream}, {"config", std::move(body)}});
}

std::string message_get_body(std::uint64_t seq) {
  return json::serialize(json::object{{"seq", seq}});
}

std::string message_delete_body(std::uint64_t seq) {
  return json::serialize(json::object{{"seq", seq}, {"no_erase", true}});
}

std::string consumer_next_body(std::uint32_t batch, std::chrono::nanoseconds expires) {
  return json::serialize(
      json::object{{"batch", batch}, {"expires", std::int64_t{expires.count()}}});
}

std::optional<answer<stream_info>> parse_stream_info(std::string_view text) {
  return parse_answer<stream_info>(text, [](members& all, bool& good) {
    stream_info result;
    result.created = all.time("created");
    auto state = all.object("state");
    result.messages = state.number("messages");
    result.bytes = state.number("bytes");
    result.first_seq = state.number("first_seq");
    result.last_seq = state.number("last_seq");
    result.consumer_count = state.number("consumer_count");
    good = state.good();
    return result;
  });
}

std::optional<answer<consumer_info>> parse_consumer_info(std::string_view text) {
  return parse_answer<consumer_info>(text, [](members& all, bool& good) {
    consumer_info result;
    result.name = all.text("name");
    result.created = all.time("created");
    auto config = all.object("config");
    auto const ack_wait = config.number("ack_wait");
    result.ack_wait = std::chrono::nanoseconds{
        std::min(ack_wait, std::uint64_t{std::numeric_limits<std::int64_t>::max()})};
    auto delivered = all.object("delivered");
    result.delivered_stream_seq = delivered.number("stream_seq");
    result.delivered_consumer_seq = delivered.number("consumer_seq");
    auto ack_floor = all.object("ack_floor");
    result.ack_floor_stream_seq = ack_floor.number("stream_seq");
    result.num_ack_pending = all.number("num_ack_pending");
    result.num_redelivered = all.number("num_redelivered");
    result.num_waiting = all.number("num_waiting");
    result.num_pending = all.number("num_pending");
    good = config.good() && delivered.good() && ack_floor.good();
    return result;
  });
}

std::optional<answer<stored_message>> parse_message_get(std::string_view text) {
  return parse_answer<stored_message>(text, [](members& all, bool& good) {
    auto message = all.object("message");
    stored_message result{.subject = message.text("subject"), .seq = message.number("seq")};
    good = message.good();
    return result;
  });
}

std::optional<answer<success>> parse_success(std::string_view text) {
  return parse_answer<success>(text, [](members& all, bool& good) {
    good = all.flag("success");
    return success{};
  });
}

std::optional<answer<pub_ack>> parse_pub_ack(std::string_view text) {
  return parse_answer<pub_ack>(text, [](members& all, bool& good) {
    pub_ack result{.stream = all.text("stream"), .seq = all.number("seq")};
    if (all.has("duplicate")) result.duplicate = all.flag("duplicate");
    good = result.seq != 0;
    return result;
  });
}

std::optional<std::int64_t> parse_time(std::string_view text) {
  // 2026-11-29T16:47:50, then a fraction, then Z or +01:00
  constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd";
  if (text.size() <= form.size()) return {};
  for (std::size_t i = 0; i != form.size(); ++i) {
    bool const is_digit = text[i] >= '0' && text[i] <= '9';
    if (form[i] == 'd' ? !is_digit : text[i] != form[i]) return {};
  }
  auto const part = [text](std::size_t at, std::size_t size) {
    return *parse_digits<int>(text.substr(at, size));
  };
  std::chrono::year_month_day const day{std::chrono::year{part(0, 4)},
                                        std::chrono::month{static_cast<unsigned>(part(5, 2))},
                                        std::chrono::day{static_cast<unsigned>(part(8, 2))}};
  int const hour = part(11, 2);
  int const minute = part(14, 2);
  int const second = part(17, 2);
  // Nanoseconds of 64 bits reach from 1677 to 2262.
  if (!day.ok() || !in_range(part(0, 4), 1970, 2200) || !in_range(hour, 0, 23) ||
      !in_range(minute, 0, 59) || !in_range(second, 0, 60))
    return {};
  auto rest = text.substr(form.size());
  std::int64_t fraction = 0;
  if (rest.front() == '.') {
    auto const end = rest.find_first_not_of("0123456789", 1);
    auto digits = rest.substr(1, end == std::string_view::npos ? end : end - 1);
    if (digits.empty() || digits.size() > 9) return {};
    rest.remove_prefix(1 + digits.size());
    fraction = *parse_digits<std::int64_t>(digits);
    for (auto size = digits.size(); size != 9; ++size) fraction *= 10;
  }
  std::chrono::minutes offset{0};
  if (rest.size() == 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':') {
    auto const hours = parse_digits<int>(rest.substr(1, 2));
    auto const minutes = parse_digits<int>(rest.substr(4, 2));
    if (!hours || !minutes || !in_range(*hours, 0, 23) || !in_range(*minutes, 0, 59)) return {};
    offset = std::chrono::minutes{(rest[0] == '-' ? -1 : 1) * (*hours * 60 + *minutes)};
  } else if (rest != "Z") {
    return {};
  }
  std::chrono::nanoseconds const since = std::chrono::sys_days{day}.time_since_epoch() +
                                         std::chrono::hours{hour} + std::chrono::minutes{minute} +
                                         std::chrono::seconds{second} - offset;
  return since.count() + fraction;
}

std::optional<delivery> parse_delivery(std::string_view reply) {
  std::array<std::string_view, 13> tokens;
  std::size_t count = 0;
  while (count != tokens.size()) {
    auto const end = reply.find('.');
    tokens[count] = reply.substr(0, end);
    if (tokens[count].empty()) return {};
    ++count;
    if (end == std::string_view::npos) break;
    reply.remove_prefix(end + 1);
    // A point at the end, or too many tokens.
    if (reply.empty() || count == tokens.size()) return {};
  }
  // $JS.ACK.stream.consumer.delivered.stream_seq.consumer_seq.time.pending; servers that know
  // domains have domain and account before the stream, and may have one more token at the end.
  std::size_t const first = count == 9 ? 2 : 4;
  if ((count != 9 && count != 11 && count != 12) || tokens[0] != "$JS" || tokens[1] != "ACK")
    return {};
  auto const number = [&](std::size_t at) {
    return parse_digits<std::uint64_t>(tokens[first + at]);
  };
  auto const delivered = number(2);
  auto const stream_seq = number(3);
  auto const consumer_seq = number(4);
  auto const stored = parse_digits<std::int64_t>(tokens[first + 5]);
  auto const pending = number(6);
  if (!delivered || !stream_seq || !consumer_seq || !stored || !pending || *delivered == 0 ||
      *stream_seq == 0 || *consumer_seq == 0)
    return {};
  return delivery{.stream = tokens[first],
                  .consumer = tokens[first + 1],
                  .delivered = *delivered,
                  .stream_seq = *stream_seq,
                  .consumer_seq = *consumer_seq,
                  .stored = *stored,
                  .pending = *pending};
}

pull_news parse_pull_news(int status, std::string_view description) noexcept {
  switch (status) {
    case 100: return pull_news::heartbeat;
    case 503: return pull_news::consumer_gone;
    case 404:
    case 408: return pull_news::ended;
    case 409:
      // "Leadership Change" and "Server Shutdown" end a request, too.
      return description == "Consumer Deleted" ? pull_news::consumer_gone : pull_news::ended;
    default: return pull_news::unknown;
  }
}

std::optional<std::uint64_t> parse_count(std::string_view text) noexcept {
  return parse_digits<std::uint64_t>(text);
}

}  // namespace isolatte::inline v0_1::nats::wire
