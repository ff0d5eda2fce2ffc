// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The messages of a farm and its hosts, which anyone may send who may publish to the server.

#include "farm/wire_samples.hpp"
#include "nats/wire/parcel.hpp"
#include "nats/wire/report.hpp"
#include "nats/wire/request.hpp"
#include "nats/wire/results.hpp"
#include "target.hpp"

#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace farm_messages_target {

using namespace isolatte::fuzz;
using isolatte::detail::byte_buffer;
namespace logic = isolatte::nats::logic;
namespace wire = isolatte::nats::wire;

constexpr std::array<std::size_t, 4> limits{1 << 20, 0, 30, 1'000};
/// The objects that stand for the smallest parts of a message are larger than these parts.
constexpr std::size_t factor = 12;
constexpr std::size_t small_change = 8 * 1024;

/// The size of the message, from what its parts say of themselves.
std::size_t told_size(const wire::parcel& what) {
  std::size_t size = 1 + 1 + 1 + what.submitter.size() + 1;
  require(size <= wire::parcel_overhead, "what is besides the jobs is bounded");
  for (auto const& job : what.jobs) size += size_in_parcel(job);
  return size;
}
std::size_t told_size(const wire::results& what) {
  std::size_t size = 1 + 1 + 1 + what.host.size() + 1;
  require(size <= wire::results_overhead, "what is besides the results is bounded");
  for (auto const& job : what.jobs) size += size_in_results(job);
  return size;
}

void check_same(const byte_buffer& again, input message) {
  require(again.size() == message.size() &&
              std::memcmp(again.data(), message.data(), message.size()) == 0,
          "a message that was read is written in the same way");
}

template <class Message>
std::optional<Message> expect(wire::decoded<Message>&& read) {
  require(read.message.has_value() == std::string_view{read.reason}.empty(),
          "a message that is refused has a reason");
  return std::move(read.message);
}

template <class Message>
void try_as(input message, wire::decoded<Message> (*decode)(input)) {
  std::optional<Message> what;
  {
    memory_bound const bound{factor * message.size() + small_change};
    what = expect(decode(message));
  }
  if (!what) return;
  byte_buffer again;
  wire::encode(*what, again);
  check_same(again, message);
  if constexpr (requires { told_size(*what); })
    require(told_size(*what) == message.size(), "parts know their sizes");
}

/// Whether a host may have told another time, beyond one of the bounds.
template <class Duration>
bool may_be_cut(Duration time) {
  return time == Duration{0} || time == Duration{std::chrono::hours{24 * 365 * 100}};
}

void try_as_results(input message, std::size_t most) {
  std::optional<wire::results> what;
  {
    memory_bound const bound{factor * message.size() + small_change};
    what = expect(wire::decode_results(message, [most](std::uint64_t) { return most; }));
  }
  if (!what) return;
  bool is_whole = true;
  bool is_exact = true;
  for (auto const& job : what->jobs) {
    require((job.report != nullptr) == (job.kind == logic::told::report),
            "a report alone has a report");
    if (!job.report) continue;
    auto const size = job.report->payload.size();
    require(size <= most || (size <= wire::exception_allowance &&
                             job.report->kind != isolatte::detail::payload_kind::value),
            "a payload keeps to its limit");
    require(!job.is_over_limit || size == 0, "a payload beyond its limit is left out");
    is_whole = is_whole && !job.is_over_limit;
    auto const& used = job.report->summary.usage;
    is_exact =
        is_exact && !may_be_cut(used.wall) && !may_be_cut(used.user) && !may_be_cut(used.system);
  }
  if (!is_whole) return;
  byte_buffer again;
  wire::encode(*what, again);
  require(again.size() == message.size(), "a message that was read has the same size again");
  if (is_exact) check_same(again, message);
  require(told_size(*what) == message.size(), "parts know their sizes");
}

void try_as_count(input message) {
  if (wire::decode_count(message) != nullptr) return;
  byte_buffer again;
  wire::encode_count(again);
  check_same(again, message);
}

/// The kind that a message says it is: a host or a farm that expects another one refuses it at its
/// second byte.
void run(input bytes) {
  choices from{bytes};
  auto const most = from.one_of(limits);
  input const message = from.rest();
  if (message.size() < 2) return try_as_count(message);
  switch (static_cast<wire::message_kind>(message[1])) {
    case wire::message_kind::parcel: return try_as(message, &wire::decode_parcel);
    case wire::message_kind::results: return try_as_results(message, most);
    case wire::message_kind::request: return try_as(message, &wire::decode_request);
    case wire::message_kind::count: return try_as_count(message);
    case wire::message_kind::counts: return try_as(message, &wire::decode_counts);
    case wire::message_kind::begin: return try_as(message, &wire::decode_begin);
    case wire::message_kind::leave: return try_as(message, &wire::decode_leave);
  }
  try_as(message, &wire::decode_parcel);
}

std::vector<bytes> seeds() {
  std::vector<bytes> made;
  auto const add = [&](input message) { append(made.emplace_back(raw(0)), message); };
  wire_samples::maker make{1};
  std::vector<std::string> store;
  for (int i = 0; i != 3; ++i) {
    add(wire_samples::encoded(make.parcel(store)));
    add(wire_samples::encoded(make.results()));
    add(wire_samples::encoded(make.request()));
  }
  add(wire_samples::encoded(make.counts()));
  add(wire_samples::encoded(make.begin()));
  add(wire_samples::encoded(logic::leave::over));
  byte_buffer count;
  wire::encode_count(count);
  add(count.bytes());
  return made;
}

registration const registered{{"farm_messages", &run, &seeds}};

}  // namespace farm_messages_target
