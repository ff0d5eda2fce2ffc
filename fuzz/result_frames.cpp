// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The bytes of a child's result channel, up to the outcome that the program gets.

#include "logic/frame.hpp"
#include "target.hpp"

#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/detail/exception/codec.hpp>
#include <isolatte/detail/task/make_outcome.hpp>

#include <algorithm>
#include <cstring>
#include <exception>
#include <sstream>
#include <stdexcept>
#include <string>

namespace result_frames_target {

using namespace isolatte::fuzz;
using isolatte::detail::byte_buffer;
using isolatte::detail::payload_kind;
using isolatte::logic::frame_header;
using isolatte::logic::frame_reader;
using isolatte::logic::frame_state;
using value_type = std::vector<std::string>;

constexpr std::array<std::size_t, 4> limits{0, 100, 20'000, 50'000};
/// The memory that the reader and the exceptions of a refusal take besides the payload.
constexpr std::size_t small_change = 4 * 1024;

struct reading {
  frame_state state;
  payload_kind kind;
  byte_buffer payload;
};

reading read(input stream, std::size_t most, pieces lengths) {
  memory_bound const bound{std::max(most, isolatte::logic::exception_allowance) + small_change};
  frame_reader reader{most};
  feed(reader, stream, lengths, [&] {
    require(reader.state() != frame_state::absent, "a reader with a byte has begun");
    return true;
  });
  require(!reader.space().empty(), "there is always a place for the next byte");
  return {reader.state(), reader.kind(), reader.take_payload()};
}

/// The program's way from a frame to what its handler gets.
void make_and_tell(reading&& frame, std::size_t most) {
  isolatte::detail::report report;
  report.summary.how = frame.kind == payload_kind::value       ? isolatte::ending::returned
                       : frame.kind == payload_kind::exception ? isolatte::ending::threw
                                                               : isolatte::ending::undelivered;
  report.kind = frame.kind;
  report.payload = std::move(frame.payload);
  report.max_result = most;
  auto const outcome = isolatte::detail::make_outcome<value_type>({}, std::move(report));
  require(outcome.has_value() == (outcome.how() == isolatte::ending::returned),
          "a run that has returned has a value, and no other");
  std::ostringstream text;
  text << outcome;
  require(text.str().find('\n') == std::string::npos, "an outcome is told in one line");
}

void run(input bytes) {
  choices from{bytes};
  auto const most = from.one_of(limits);
  pieces const lengths{from.take<std::uint8_t>()};
  input const stream = from.rest();

  reading whole = read(stream, most, pieces{0});
  reading const parts = read(stream, most, lengths);
  require(whole.state == parts.state, "pieces do not change the state");
  require(whole.kind == parts.kind, "pieces do not change the kind");
  if (whole.state != frame_state::complete) return;
  require(std::ranges::equal(whole.payload.bytes(), parts.payload.bytes()),
          "pieces do not change the payload");

  frame_header const header = isolatte::logic::make_frame_header(whole.kind, whole.payload.size());
  require(stream.size() == sizeof header + whole.payload.size(), "a frame is all that was sent");
  require(std::memcmp(stream.data(), &header, sizeof header) == 0, "a header is made again");
  make_and_tell(std::move(whole), most);
}

bytes framed(std::uint8_t limit, std::uint8_t pattern, payload_kind kind, input payload) {
  bytes seed = raw(limit, pattern);
  append_object(seed, isolatte::logic::make_frame_header(kind, payload.size()));
  append(seed, payload);
  return seed;
}

std::vector<bytes> seeds() {
  byte_buffer value;
  isolatte::detail::codec<value_type>::encode(value, {"one", "", "three"});
  byte_buffer exception;
  isolatte::detail::encode_exception(exception,
                                     std::make_exception_ptr(std::out_of_range{"too far"}), 1000);
  return {framed(2, 0, payload_kind::value, value.bytes()),
          framed(2, 7, payload_kind::exception, exception.bytes()),
          framed(1, 1, payload_kind::unencodable, exception.bytes()),
          framed(3, 200, payload_kind::value, bytes(2000))};
}

registration const registered{{"result_frames", &run, &seeds}};

}  // namespace result_frames_target
