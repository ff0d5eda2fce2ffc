// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_WIRE_MESSAGE_HPP
#define ISOLATTE_LIB_NATS_WIRE_MESSAGE_HPP

#include "nats/wire/byte_reader.hpp"
#include "nats/wire/byte_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace isolatte::inline v0_1::nats::wire {

/// The version of all messages. A host and a farm that do not have the same refuse each other's.
constexpr std::uint8_t version = 1;

/// The second byte of every message.
enum class message_kind : std::uint8_t {
  parcel = 1,
  results,
  request,
  count,
  counts,
  begin,
  leave
};

/// Jobs or results in one message.
constexpr std::size_t most_in_message = 64;
/// Bytes of a submitter's name.
constexpr std::size_t longest_submitter = 64;

/// A message that has been read, or why it has not.
template <class Message>
struct decoded {
  std::optional<Message> message{};
  const char* reason = "";
};

inline void begin_message(byte_writer& to, message_kind kind) {
  to.number<std::uint8_t>(version);
  to.one_of(kind);
}

inline void expect_message(byte_reader& from, message_kind kind) noexcept {
  from.require(from.number<std::uint8_t>() == version, "the message is of another version");
  from.require(from.number<std::uint8_t>() == static_cast<std::uint8_t>(kind),
               "the message is of another kind");
}

/// @throw std::length_error unless there are 1 to `most_in_message`
inline void write_count(byte_writer& to, std::size_t count) {
  if (count == 0 || count > most_in_message)
    throw std::length_error("isolatte: a message of the farm has no parts, or too many");
  to.number<std::uint8_t>(static_cast<std::uint8_t>(count));
}

/// The message, if all of it has been read and is sound.
template <class Message>
decoded<Message> finish(byte_reader& from, Message&& message) {
  from.end();
  if (!from.ok()) return {std::nullopt, from.reason()};
  return {std::move(message), ""};
}

inline std::string read_submitter(byte_reader& from) {
  auto name = from.text<std::uint8_t>();
  from.require(!name.empty() && name.size() <= longest_submitter,
               "the submitter's name is not as long as one is");
  return name;
}

}  // namespace isolatte::inline v0_1::nats::wire

#endif
