// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The bytes of a conversation. Both of its ends read them in the same way.

#include "logic/talk_frame.hpp"
#include "target.hpp"

#include <algorithm>

namespace talk_frames_target {

using namespace isolatte::fuzz;
using isolatte::logic::talk_fault;
using isolatte::logic::talk_header;
using isolatte::logic::talk_item;
using isolatte::logic::talk_kind;
using isolatte::logic::talk_reader;

constexpr std::array<std::size_t, 5> limits{0, 64, 5'000, 300'000, std::size_t{1} << 40};
constexpr std::size_t buffer = 64 * 1024;
/// A message has room for as many bytes as are here, and so much more.
constexpr std::size_t least_room = 256 * 1024;
constexpr std::size_t small_change = 8 * 1024;

struct reading {
  std::vector<talk_item> items;
  talk_fault fault = talk_fault::none;
  bool is_within = false;
};

reading read(input stream, std::size_t most, pieces lengths) {
  reading result;
  result.items.reserve(stream.size() / sizeof(talk_header));
  memory_bound const bound{3 * stream.size() + least_room + buffer + small_change};
  talk_reader reader{most};
  feed(reader, stream, lengths, [&] {
    for (;;) {
      bool const is_message = reader.meets_message();
      auto next = reader.next();
      if (!next) break;
      require(is_message == (next->kind == talk_kind::message), "a message is met before it is");
      result.items.push_back(std::move(*next));
    }
    require(reader.space().empty() == (reader.fault() != talk_fault::none),
            "there is a place for the next byte unless there is a fault");
    return reader.fault() == talk_fault::none;
  });
  require(!reader.next(), "all frames have been taken");
  result.fault = reader.fault();
  result.is_within = reader.is_within();
  return result;
}

void run(input bytes) {
  choices from{bytes};
  auto const most = from.one_of(limits);
  pieces const lengths{from.take<std::uint8_t>()};
  input const stream = from.rest();
  reading const whole = read(stream, most, pieces{0});
  reading const parts = read(stream, most, lengths);
  require(whole.fault == parts.fault, "pieces do not change a fault");
  require(whole.fault != talk_fault::none || whole.is_within == parts.is_within,
          "pieces do not change where the bytes end");
  require(whole.items.size() == parts.items.size(), "pieces do not change how many there are");

  std::size_t at = 0;
  for (std::size_t i = 0; i != whole.items.size(); ++i) {
    auto const& item = whole.items[i];
    auto const header = make_talk_header(item.kind, item.length);
    require(std::memcmp(stream.data() + at, &header, sizeof header) == 0, "a header is made again");
    at += sizeof header;
    auto const payload = item.payload.bytes();
    require(payload.size() == (item.kind == talk_kind::message ? item.length : 0),
            "a message alone has a payload");
    require(payload.size() <= most, "a message keeps to its limit");
    require(std::ranges::equal(payload, stream.subspan(at, payload.size())),
            "a message is what was sent");
    require(std::ranges::equal(payload, parts.items[i].payload.bytes()),
            "pieces do not change a message");
    at += payload.size();
  }
  require(whole.fault != talk_fault::none || (at != stream.size()) == whole.is_within,
          "bytes that are left are the beginning of a frame");
}

void add(bytes& to, talk_kind kind, std::uint64_t length) {
  append_object(to, isolatte::logic::make_talk_header(kind, length));
  if (kind == talk_kind::message) to.resize(to.size() + length, std::byte{'m'});
}

std::vector<bytes> seeds() {
  bytes all = raw(2, 0);
  add(all, talk_kind::message, 5);
  add(all, talk_kind::credit, 500);
  add(all, talk_kind::stop, 0);
  add(all, talk_kind::message, 0);
  add(all, talk_kind::wanting, 0);
  add(all, talk_kind::finished, 0);
  add(all, talk_kind::unheard, 0);
  bytes in_pieces = raw(1, 3);
  add(in_pieces, talk_kind::message, 64);
  add(in_pieces, talk_kind::message, 60);
  bytes claim = raw(4, 0);
  append_object(claim, isolatte::logic::make_talk_header(talk_kind::message, 1ULL << 39));
  return {all, in_pieces, claim};
}

registration const registered{{"talk_frames", &run, &seeds}};

}  // namespace talk_frames_target
