// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/wire/parcel.hpp"

namespace isolatte::inline v0_1::nats::wire {

namespace {

enum parts_of_job : std::uint8_t {
  has_function = 1,
  has_timeout = 2,
  has_grace = 4,
  all_parts_of_job = 7
};

constexpr std::size_t size_of_numbers = 8 + 4 + 4 + 4 + 1 + 8 + 4;
constexpr std::size_t least_job = size_of_numbers + least_code_name;

void write(byte_writer& to, const parcel_job& job) {
  to.number<std::uint64_t>(job.number);
  to.number<std::uint32_t>(job.attempt);
  to.number<std::uint32_t>(job.lost_before);
  to.number<std::uint32_t>(job.max_hosts);
  to.number<std::uint8_t>(static_cast<std::uint8_t>((job.function ? has_function : 0) |
                                                    (job.timeout ? has_timeout : 0) |
                                                    (job.grace ? has_grace : 0)));
  write(to, job.decoder);
  if (job.function) write(to, *job.function);
  if (job.timeout) to.number<std::int64_t>(job.timeout->count());
  if (job.grace) to.number<std::int64_t>(job.grace->count());
  to.number<std::uint64_t>(job.max_result);
  to.sized<std::uint32_t>(job.arguments);
}

std::chrono::nanoseconds read_time(byte_reader& from) noexcept {
  auto const count = from.number<std::int64_t>();
  from.require(count >= 0, "a time is negative");
  return std::chrono::nanoseconds{count};
}

parcel_job read_job(byte_reader& from) noexcept {
  parcel_job job;
  job.number = from.number<std::uint64_t>();
  job.attempt = from.number<std::uint32_t>();
  job.lost_before = from.number<std::uint32_t>();
  job.max_hosts = from.number<std::uint32_t>();
  from.require(job.attempt >= 1, "an attempt has no number");
  from.require(job.max_hosts >= 1, "a job may be run by no host");
  auto const present = from.number<std::uint8_t>();
  from.require(present <= all_parts_of_job, "a job has parts of another version");
  job.decoder = read_code_name(from);
  if (present & has_function) job.function = read_code_name(from);
  if (present & has_timeout) job.timeout = read_time(from);
  if (present & has_grace) job.grace = read_time(from);
  job.max_result = from.number<std::uint64_t>();
  job.arguments = from.bytes(from.number<std::uint32_t>());
  return job;
}

}  // namespace

std::size_t size_in_parcel(const parcel_job& job) noexcept {
  return size_of_numbers + size_of(job.decoder) + (job.function ? size_of(*job.function) : 0) +
         (job.timeout ? 8 : 0) + (job.grace ? 8 : 0) + job.arguments.size();
}

void encode(const parcel& what, detail::byte_buffer& to) {
  byte_writer writer{to};
  begin_message(writer, message_kind::parcel);
  writer.text<std::uint8_t>(what.submitter);
  write_count(writer, what.jobs.size());
  for (auto const& job : what.jobs) write(writer, job);
}

decoded<parcel> decode_parcel(std::span<const std::byte> bytes) {
  byte_reader from{bytes};
  expect_message(from, message_kind::parcel);
  parcel what;
  what.submitter = read_submitter(from);
  std::size_t const count = from.number<std::uint8_t>();
  from.require(count >= 1 && count <= most_in_message, "a parcel has no jobs, or too many");
  from.expect(count, least_job);
  if (from.ok()) what.jobs.reserve(count);
  for (std::size_t i = 0; i != count && from.ok(); ++i) what.jobs.push_back(read_job(from));
  return finish(from, std::move(what));
}

}  // namespace isolatte::inline v0_1::nats::wire
