// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The bytes of a worker, as its pool reads them.

#include "logic/frame.hpp"
#include "posix/reply_reader.hpp"
#include "target.hpp"

#include <boost/system/error_code.hpp>

#include <algorithm>

namespace pool_replies_target {

using namespace isolatte::fuzz;
using isolatte::posix::reply;
using isolatte::posix::reply_header;
using isolatte::posix::reply_kind;
using isolatte::posix::reply_reader;

constexpr std::array<std::size_t, 4> limits{0, 64, 5'000, 50'000};
constexpr std::size_t small_change = 8 * 1024;
constexpr std::size_t buffer = 64 * 1024;

struct reading {
  std::vector<reply> replies;
  bool refused = false;
};

reading read(input stream, std::size_t most, pieces lengths) {
  reading result;
  result.replies.reserve(stream.size() / sizeof(reply_header));
  memory_bound const bound{std::max(most, isolatte::logic::exception_allowance) + stream.size() +
                           buffer + small_change};
  reply_reader reader;
  reader.open();
  boost::system::error_code ec;
  feed(reader, stream, lengths, [&] {
    while (auto next = reader.next(most, ec)) result.replies.push_back(std::move(*next));
    require(ec || !reader.space().empty(), "there is a place for the next byte");
    return !ec;
  });
  result.refused = bool(ec);
  return result;
}

void check(const reply& what, std::size_t most) {
  require(what.header.magic == reply_header::expected_magic, "a reply says that it is one");
  require(what.header.what() <= reply_kind::retires, "a reply is of a known kind");
  require(what.payload.size() == what.header.size, "a reply has the size that it says");
  require(what.payload.size() <= std::max(most, isolatte::logic::exception_allowance),
          "a reply keeps to its limit");
  require(what.header.what() != reply_kind::value || what.payload.size() <= most,
          "a value keeps to its limit");
  require(what.header.what() != reply_kind::retires ||
              what.payload.size() <= isolatte::posix::longest_reason,
          "a reason is short");
}

void run(input bytes) {
  choices from{bytes};
  auto const most = from.one_of(limits);
  pieces const lengths{from.take<std::uint8_t>()};
  input const stream = from.rest();
  reading const whole = read(stream, most, pieces{0});
  reading const parts = read(stream, most, lengths);
  require(whole.refused == parts.refused, "pieces do not change whether bytes are refused");
  require(whole.replies.size() == parts.replies.size(), "pieces do not change how many there are");

  std::size_t at = 0;
  for (std::size_t i = 0; i != whole.replies.size(); ++i) {
    auto const& what = whole.replies[i];
    check(what, most);
    auto const payload = what.payload.bytes();
    require(std::ranges::equal(payload, parts.replies[i].payload.bytes()),
            "pieces do not change a reply");
    at += sizeof(reply_header);
    require(std::ranges::equal(payload, stream.subspan(at, payload.size())),
            "a reply is what was sent");
    at += payload.size();
  }
}

bytes said(reply_kind kind, std::size_t size) {
  reply_header header;
  header.id = 7;
  header.size = size;
  header.pid = 100;
  header.kind = static_cast<std::uint32_t>(kind);
  // Padding has no value of its own, and a seed is the same each time.
  bytes made(sizeof header);
  std::memcpy(made.data(), &header, sizeof header);
  made.resize(sizeof header + size, std::byte{'v'});
  return made;
}

std::vector<bytes> seeds() {
  std::vector<bytes> all{raw(2, 0), raw(1, 9), raw(0, 1)};
  for (auto const kind : {reply_kind::value, reply_kind::retires, reply_kind::exception,
                          reply_kind::unknown_function, reply_kind::value})
    append(all[0],
           said(kind, kind == reply_kind::unknown_function ? 0 : 10 + 20 * std::size_t(kind)));
  append(all[1], said(reply_kind::value, 64));
  append(all[1], said(reply_kind::unencodable, 300));
  append(all[2], said(reply_kind::value, 0));
  append(all[2], said(reply_kind::not_begun, 0));
  return all;
}

registration const registered{{"pool_replies", &run, &seeds}};

}  // namespace pool_replies_target
