// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_WIRE_JETSTREAM_HPP
#define ISOLATTE_LIB_NATS_WIRE_JETSTREAM_HPP

#include <isolatte/config.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Requests to JetStream, and its answers. The names are those of its API.
namespace isolatte::inline v0_1::nats::wire {

// Requests: the subject, and the body. A body that is not made here is empty.

std::string stream_create_subject(std::string_view stream);
std::string stream_update_subject(std::string_view stream);
std::string stream_info_subject(std::string_view stream);
std::string stream_delete_subject(std::string_view stream);
std::string message_get_subject(std::string_view stream);
std::string message_delete_subject(std::string_view stream);
/// For a durable consumer.
std::string consumer_create_subject(std::string_view stream, std::string_view consumer);
std::string consumer_info_subject(std::string_view stream, std::string_view consumer);
std::string consumer_delete_subject(std::string_view stream, std::string_view consumer);
std::string consumer_next_subject(std::string_view stream, std::string_view consumer);

enum class retention { limits, interest, workqueue };
enum class discard { old_ones, new_ones };

struct stream_config {
  std::string name;
  std::vector<std::string> subjects;
  wire::retention retention = retention::limits;
  wire::discard discard = discard::old_ones;
  /// -1: as many as there is room for.
  std::int64_t max_msgs = -1;
  int num_replicas = 1;
  /// For so long a message with the `Nats-Msg-Id` of another one is not stored.
  std::chrono::nanoseconds duplicate_window = std::chrono::minutes{2};
};
/// Stored in files.
std::string stream_create_body(const stream_config& config);

enum class ack_policy { none, all, each };

struct consumer_config {
  std::string name;
  std::string filter_subject;
  /// Empty: the consumer is pulled from.
  std::string deliver_subject{};
  wire::ack_policy ack_policy = ack_policy::each;
  std::chrono::nanoseconds ack_wait = std::chrono::seconds{30};
  std::int64_t max_deliver = -1;
  std::int64_t max_ack_pending = 1000;
  /// Requests of all who pull; 0: as many as the server allows by default.
  std::int64_t max_waiting = 0;
  /// The server removes the consumer when it has not been used for so long; 0: never.
  std::chrono::nanoseconds inactive_threshold{0};
};
std::string consumer_create_body(std::string_view stream, const consumer_config& config);

std::string message_get_body(std::uint64_t seq);
std::string message_delete_body(std::uint64_t seq);
/// @param expires the server ends the request after this
std::string consumer_next_body(std::uint32_t batch, std::chrono::nanoseconds expires);

// Answers. Every function trusts no byte: an answer that does not have all members, each of its
// type and in its range, is no answer.

struct api_error {
  /// A status of HTTP.
  int code = 0;
  /// JetStream's own number; 0 if there is none.
  int err_code = 0;
  std::string description;
};

// Values of err_code.
constexpr int consumer_not_found = 10014;
constexpr int message_not_found = 10037;
constexpr int stream_name_in_use = 10058;
constexpr int stream_not_found = 10059;
constexpr int subjects_overlap = 10065;
constexpr int stream_full = 10077;

/// Either an error or a value.
template <class Value>
struct answer {
  std::optional<api_error> error;
  Value value{};
};

struct stream_info {
  /// Nanoseconds since 1970.
  std::int64_t created = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;
  std::uint64_t consumer_count = 0;
};

struct consumer_info {
  std::string name;
  std::int64_t created = 0;
  /// So long the server waits for an acknowledgement.
  std::chrono::nanoseconds ack_wait{0};
  /// The number in the stream of the last message that was delivered.
  std::uint64_t delivered_stream_seq = 0;
  std::uint64_t delivered_consumer_seq = 0;
  std::uint64_t ack_floor_stream_seq = 0;
  std::uint64_t num_ack_pending = 0;
  std::uint64_t num_redelivered = 0;
  std::uint64_t num_waiting = 0;
  std::uint64_t num_pending = 0;
};

struct stored_message {
  std::string subject;
  std::uint64_t seq = 0;
};

struct success {};

struct pub_ack {
  std::string stream;
  std::uint64_t seq = 0;
  /// Another message with its `Nats-Msg-Id` has been stored before, under this number.
  bool duplicate = false;
};

/// @return nothing if the text is malformed
std::optional<answer<stream_info>> parse_stream_info(std::string_view text);
std::optional<answer<consumer_info>> parse_consumer_info(std::string_view text);
std::optional<answer<stored_message>> parse_message_get(std::string_view text);
/// Reads the answer to a deletion.
std::optional<answer<success>> parse_success(std::string_view text);
std::optional<answer<pub_ack>> parse_pub_ack(std::string_view text);

/// Reads a point in time as the server writes it: 2026-11-29T16:47:50.123456789Z
/// @return nanoseconds since 1970
std::optional<std::int64_t> parse_time(std::string_view text);

/// The contents of the reply subject of a delivered message.
struct delivery {
  std::string_view stream;
  std::string_view consumer;
  /// How many times the message has been delivered.
  std::uint64_t delivered = 0;
  std::uint64_t stream_seq = 0;
  std::uint64_t consumer_seq = 0;
  /// Nanoseconds since 1970, when the message was stored.
  std::int64_t stored = 0;
  /// So many messages wait in the stream.
  std::uint64_t pending = 0;
};
/// @return views into the text; nothing if that is no such subject
std::optional<delivery> parse_delivery(std::string_view reply);

/// The meaning of a message with a status that answers a pull.
enum class pull_news {
  /// The connection lives.
  heartbeat,
  /// The request has ended, and its messages will not come.
  ended,
  /// So has it, since the consumer is gone.
  consumer_gone,
  /// Nothing that is known.
  unknown,
};
/// @param status the code of the message
/// @param description its header `Description`
pull_news parse_pull_news(int status, std::string_view description) noexcept;

/// Reads a number as a header has it: Nats-Pending-Messages.
std::optional<std::uint64_t> parse_count(std::string_view text) noexcept;

}  // namespace isolatte::inline v0_1::nats::wire

#endif
