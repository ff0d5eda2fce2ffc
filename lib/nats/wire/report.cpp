// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/wire/report.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace isolatte::inline v0_1::nats::wire {

namespace {

enum parts_of_run : std::uint16_t {
  has_exit_code = 1,
  has_signal = 2,
  has_fault = 4,
  has_worker = 8,
  dumped_core = 16,
  out_is_truncated = 32,
  err_is_truncated = 64,
  stack_overflowed = 128,
  all_parts_of_run = 255,
};

constexpr std::size_t least_gap = 4;
constexpr std::size_t usual_gaps = 16;

parts_of_run parts_present_in(const run_summary& run) noexcept {
  unsigned present = 0;
  if (run.exit_code) present |= has_exit_code;
  if (run.signal) present |= has_signal;
  if (run.fault) present |= has_fault;
  if (run.worker) present |= has_worker;
  if (run.core_dumped) present |= dumped_core;
  if (run.out.truncated) present |= out_is_truncated;
  if (run.err.truncated) present |= err_is_truncated;
  if (run.fault && run.fault->stack_overflow) present |= stack_overflowed;
  return static_cast<parts_of_run>(present);
}

void write(byte_writer& to, const resource_usage& used) {
  to.number<std::int64_t>(used.wall.count());
  to.number<std::int64_t>(used.user.count());
  to.number<std::int64_t>(used.system.count());
  to.number<std::uint64_t>(used.max_resident_bytes);
  to.number<std::uint64_t>(used.minor_faults);
  to.number<std::uint64_t>(used.major_faults);
  to.number<std::uint64_t>(used.voluntary_switches);
  to.number<std::uint64_t>(used.involuntary_switches);
}

/// Sums and conversions of such times do not overflow. No run takes as long.
constexpr std::chrono::hours longest_time{24 * 365 * 100};

template <class Duration>
Duration read_time(byte_reader& from) noexcept {
  return std::clamp(Duration{from.number<std::int64_t>()}, Duration{0}, Duration{longest_time});
}

resource_usage read_usage(byte_reader& from) noexcept {
  resource_usage used;
  used.wall = read_time<std::chrono::nanoseconds>(from);
  used.user = read_time<std::chrono::microseconds>(from);
  used.system = read_time<std::chrono::microseconds>(from);
  used.max_resident_bytes = from.number<std::uint64_t>();
  used.minor_faults = from.number<std::uint64_t>();
  used.major_faults = from.number<std::uint64_t>();
  used.voluntary_switches = from.number<std::uint64_t>();
  used.involuntary_switches = from.number<std::uint64_t>();
  return used;
}

void write(byte_writer& to, const fault_info& fault) {
  to.number<std::int32_t>(fault.signal);
  to.number<std::int32_t>(fault.code);
  to.number<std::uint64_t>(reinterpret_cast<std::uintptr_t>(fault.address));
  to.text<std::uint32_t>(fault.trace);
  to.text<std::uint32_t>(fault.system_call);
}

fault_info read_fault(byte_reader& from) {
  fault_info fault;
  fault.signal = from.number<std::int32_t>();
  fault.code = from.number<std::int32_t>();
  auto const address = from.number<std::uint64_t>();
  // Shown to people, and never followed. An address that this machine cannot have becomes null.
  if (address <= UINTPTR_MAX)
    fault.address = reinterpret_cast<void*>(static_cast<std::uintptr_t>(address));
  fault.trace = from.text<std::uint32_t>();
  fault.system_call = from.text<std::uint32_t>();
  return fault;
}

void write(byte_writer& to, const worker_id& worker) {
  // Another machine's `no_slot` may be another number.
  to.number<std::uint64_t>(worker.slot == worker_id::no_slot ? UINT64_MAX : worker.slot);
  to.number<std::uint64_t>(worker.generation);
  to.number<std::int32_t>(worker.pid);
}

worker_id read_worker(byte_reader& from) noexcept {
  worker_id worker;
  auto const slot = from.number<std::uint64_t>();
  worker.slot = slot < worker_id::no_slot ? static_cast<std::size_t>(slot) : worker_id::no_slot;
  worker.generation = from.number<std::uint64_t>();
  worker.pid = from.number<std::int32_t>();
  return worker;
}

void write(byte_writer& to, const run_summary& run) {
  to.one_of(run.how);
  to.one_of(run.ran);
  to.number<std::uint16_t>(parts_present_in(run));
  if (run.exit_code) to.number<std::int32_t>(*run.exit_code);
  if (run.signal) to.number<std::int32_t>(*run.signal);
  to.number<std::int32_t>(run.pid);
  write(to, run.usage);
  if (run.fault) write(to, *run.fault);
  to.text<std::uint32_t>(run.out.text);
  to.text<std::uint32_t>(run.err.text);
  to.text<std::uint32_t>(run.reason);
  if (run.worker) write(to, *run.worker);
  to.number<std::uint32_t>(static_cast<std::uint32_t>(run.gaps.size()));
  for (auto const& gap : run.gaps) to.text<std::uint32_t>(gap);
}

void read_summary(byte_reader& from, run_summary& run) {
  run.how = from.one_of(ending::lost, "an ending is of another version");
  run.ran = from.one_of(ran::unknown, "whether a job ran is of another version");
  auto const present = from.number<std::uint16_t>();
  from.require(present <= all_parts_of_run, "a report has parts of another version");
  from.require((present & stack_overflowed) == 0 || (present & has_fault) != 0,
               "a report has a part of a fault and no fault");
  if (present & has_exit_code) run.exit_code = from.number<std::int32_t>();
  if (present & has_signal) run.signal = from.number<std::int32_t>();
  run.core_dumped = (present & dumped_core) != 0;
  run.pid = from.number<std::int32_t>();
  run.usage = read_usage(from);
  if (present & has_fault) {
    run.fault = read_fault(from);
    run.fault->stack_overflow = (present & stack_overflowed) != 0;
  }
  run.out = {from.text<std::uint32_t>(), (present & out_is_truncated) != 0};
  run.err = {from.text<std::uint32_t>(), (present & err_is_truncated) != 0};
  run.reason = from.text<std::uint32_t>();
  if (present & has_worker) run.worker = read_worker(from);
  std::size_t const gaps = from.number<std::uint32_t>();
  from.expect(gaps, least_gap);
  // An empty text takes more memory here than on the wire.
  if (from.ok()) run.gaps.reserve(std::min(gaps, usual_gaps));
  for (std::size_t i = 0; i != gaps && from.ok(); ++i)
    run.gaps.push_back(from.text<std::uint32_t>());
}

}  // namespace

std::size_t size_of(const detail::report& what) noexcept {
  auto const& run = what.summary;
  std::size_t size = 1 + 1 + 2 + 4 + 8 * 8 + 3 * 4 + 4 + 1 + 4;
  if (run.exit_code) size += 4;
  if (run.signal) size += 4;
  if (run.fault)
    size += 4 + 4 + 8 + 4 + 4 + run.fault->trace.size() + run.fault->system_call.size();
  if (run.worker) size += 8 + 8 + 4;
  size += run.out.text.size() + run.err.text.size() + run.reason.size();
  for (auto const& gap : run.gaps) size += 4 + gap.size();
  return size + what.payload.size();
}

void write(byte_writer& to, const detail::report& what) {
  write(to, what.summary);
  to.one_of(what.kind);
  to.sized<std::uint32_t>(what.payload.bytes());
}

void read_report(byte_reader& from, std::size_t largest_value, std::size_t largest_exception,
                 detail::report& what, bool& is_over_limit) {
  read_summary(from, what.summary);
  what.kind =
      from.one_of(detail::payload_kind::unencodable, "a payload is of a kind of another version");
  auto const payload = from.bytes(from.number<std::uint32_t>());
  from.require(payload.empty() || what.kind != detail::payload_kind::none,
               "a report has a payload of no kind");
  if (!from.ok()) return;
  is_over_limit = payload.size() >
                  (what.kind == detail::payload_kind::value ? largest_value : largest_exception);
  if (!is_over_limit) {
    what.payload.reserve(payload.size());
    what.payload.append(payload.data(), payload.size());
  }
}

}  // namespace isolatte::inline v0_1::nats::wire
