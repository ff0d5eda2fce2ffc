// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/wire/request.hpp"

#include <stdexcept>

namespace isolatte::inline v0_1::nats::wire {

void encode(const request& what, detail::byte_buffer& to) {
  if (what.numbers.size() > most_in_request)
    throw std::length_error("isolatte: a request of the farm names too many jobs");
  byte_writer writer{to};
  begin_message(writer, message_kind::request);
  writer.text<std::uint8_t>(what.submitter);
  writer.one_of(what.what);
  writer.one_of(what.wish);
  writer.number<std::uint16_t>(static_cast<std::uint16_t>(what.numbers.size()));
  for (auto const number : what.numbers) writer.number<std::uint64_t>(number);
}

decoded<request> decode_request(std::span<const std::byte> bytes) {
  byte_reader from{bytes};
  expect_message(from, message_kind::request);
  request what;
  what.submitter = read_submitter(from);
  what.what = from.one_of(request::subject::submitter, "a request is of another version");
  what.wish = from.one_of(logic::last_wish, "a wish is of another version");
  std::size_t const count = from.number<std::uint16_t>();
  from.require((what.what == request::subject::jobs) == (count != 0) && count <= most_in_request,
               "a request has no jobs, or too many");
  from.expect(count, sizeof(std::uint64_t));
  if (from.ok()) what.numbers.reserve(count);
  for (std::size_t i = 0; i != count && from.ok(); ++i)
    what.numbers.push_back(from.number<std::uint64_t>());
  return finish(from, std::move(what));
}

void encode_count(detail::byte_buffer& to) {
  byte_writer writer{to};
  begin_message(writer, message_kind::count);
}

const char* decode_count(std::span<const std::byte> bytes) noexcept {
  byte_reader from{bytes};
  expect_message(from, message_kind::count);
  from.end();
  return from.reason();
}

void encode(const counts& what, detail::byte_buffer& to) {
  byte_writer writer{to};
  begin_message(writer, message_kind::counts);
  writer.text<std::uint8_t>(what.host);
  writer.number<std::uint32_t>(what.workers);
  writer.number<std::uint64_t>(what.running);
  writer.number<std::uint64_t>(what.waiting);
}

decoded<counts> decode_counts(std::span<const std::byte> bytes) {
  byte_reader from{bytes};
  expect_message(from, message_kind::counts);
  counts what;
  what.host = from.text<std::uint8_t>();
  from.require(!what.host.empty(), "the host has no name");
  what.workers = from.number<std::uint32_t>();
  what.running = from.number<std::uint64_t>();
  what.waiting = from.number<std::uint64_t>();
  return finish(from, std::move(what));
}

void encode(const begin& what, detail::byte_buffer& to) {
  byte_writer writer{to};
  begin_message(writer, message_kind::begin);
  writer.number<std::uint64_t>(what.number);
  writer.number<std::uint32_t>(what.attempt);
  writer.number<std::uint64_t>(what.holder);
  writer.number<std::uint32_t>(what.deliveries);
}

decoded<begin> decode_begin(std::span<const std::byte> bytes) {
  byte_reader from{bytes};
  expect_message(from, message_kind::begin);
  begin what;
  what.number = from.number<std::uint64_t>();
  what.attempt = from.number<std::uint32_t>();
  from.require(what.attempt >= 1, "an attempt has no number");
  what.holder = from.number<std::uint64_t>();
  what.deliveries = from.number<std::uint32_t>();
  return finish(from, std::move(what));
}

void encode(logic::leave what, detail::byte_buffer& to) {
  byte_writer writer{to};
  begin_message(writer, message_kind::leave);
  writer.one_of(what);
}

decoded<logic::leave> decode_leave(std::span<const std::byte> bytes) {
  byte_reader from{bytes};
  expect_message(from, message_kind::leave);
  auto what = from.one_of(logic::last_leave, "an answer is of another version");
  return finish(from, std::move(what));
}

}  // namespace isolatte::inline v0_1::nats::wire
