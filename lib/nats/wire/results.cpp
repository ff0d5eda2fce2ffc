// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/wire/results.hpp"

#include "nats/wire/report.hpp"

#include <isolatte/error.hpp>

#include <boost/system/errc.hpp>

#include <algorithm>
#include <cstdint>
#include <stdexcept>

namespace isolatte::inline v0_1::nats::wire {

namespace {

constexpr std::size_t least_result = 8 + 4 + 1 + 4 + 8 + 4;
constexpr std::size_t size_of_error = 1 + 4;

/// The categories of errors, in the order of their numbers on the wire; none is the first.
enum class error_origin : std::uint8_t { none, system, library, preparation };
constexpr auto last_origin = error_origin::preparation;

void write(byte_writer& to, const boost::system::error_code& ec) {
  auto origin = error_origin::system;
  int value = boost::system::errc::io_error;
  if (!ec) {
    origin = error_origin::none;
    value = 0;
  } else if (ec.category() == boost::system::system_category() ||
             ec.category() == boost::system::generic_category()) {
    value = ec.value();
  } else if (ec.category() == error_category()) {
    origin = error_origin::library;
    value = ec.value();
  } else if (ec.category() == preparation_category()) {
    origin = error_origin::preparation;
    value = ec.value();
  }
  to.one_of(origin);
  to.number<std::int32_t>(value);
}

boost::system::error_code read_error(byte_reader& from) noexcept {
  auto const origin = from.one_of(last_origin, "an error is of another version");
  int const value = from.number<std::int32_t>();
  from.require((origin == error_origin::none) == (value == 0), "an error has no number");
  switch (origin) {
    case error_origin::none: return {};
    case error_origin::system: return {value, boost::system::system_category()};
    case error_origin::library: return {value, error_category()};
    case error_origin::preparation: return {value, preparation_category()};
  }
  return {};
}

job_result read_result(byte_reader& from, const std::function<std::size_t(std::uint64_t)>& limit) {
  job_result result;
  result.number = from.number<std::uint64_t>();
  result.attempt = from.number<std::uint32_t>();
  from.require(result.attempt >= 1, "an attempt has no number");
  result.kind = from.one_of(logic::last_told, "a result is of a kind of another version");
  result.deliveries = from.number<std::uint32_t>();
  result.holder = from.number<std::uint64_t>();
  result.reason = from.text<std::uint32_t>();
  if (result.kind == logic::told::report && from.ok()) {
    result.ec = read_error(from);
    std::size_t const most = limit(result.number);
    result.report = std::make_unique<detail::report>();
    read_report(from, most, std::max(most, exception_allowance), *result.report,
                result.is_over_limit);
  }
  return result;
}

}  // namespace

std::size_t size_in_results(const job_result& result) noexcept {
  return least_result + result.reason.size() +
         (result.report ? size_of_error + size_of(*result.report) : 0);
}

void encode(const results& what, detail::byte_buffer& to) {
  byte_writer writer{to};
  begin_message(writer, message_kind::results);
  writer.text<std::uint8_t>(what.host);
  write_count(writer, what.jobs.size());
  for (auto const& result : what.jobs) {
    writer.number<std::uint64_t>(result.number);
    writer.number<std::uint32_t>(result.attempt);
    writer.one_of(result.kind);
    writer.number<std::uint32_t>(result.deliveries);
    writer.number<std::uint64_t>(result.holder);
    writer.text<std::uint32_t>(result.reason);
    if (result.kind != logic::told::report) continue;
    write(writer, result.ec);
    write(writer, *result.report);
  }
}

decoded<results> decode_results(std::span<const std::byte> bytes,
                                const std::function<std::size_t(std::uint64_t)>& limit) {
  byte_reader from{bytes};
  expect_message(from, message_kind::results);
  results what;
  what.host = from.text<std::uint8_t>();
  from.require(!what.host.empty(), "the host has no name");
  std::size_t const count = from.number<std::uint8_t>();
  from.require(count >= 1 && count <= most_in_message, "a message has no results, or too many");
  from.expect(count, least_result);
  if (from.ok()) what.jobs.reserve(count);
  for (std::size_t i = 0; i != count && from.ok(); ++i)
    what.jobs.push_back(read_result(from, limit));
  return finish(from, std::move(what));
}

}  // namespace isolatte::inline v0_1::nats::wire
