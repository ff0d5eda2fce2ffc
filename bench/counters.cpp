// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "counters.hpp"

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/perf_event.h>
#include <sys/syscall.h>
#endif

namespace {

struct event {
  const char* name;
  int fd = -1;
};

/// The events of this process, then those of this process and its children.
event events[5] = {
    {"calls"}, {"switches"}, {"all_calls"}, {"all_switches"}, {"all_faults"},
};

#if defined(PERF_ATTR_SIZE_VER7)

int open_event(std::uint32_t type, std::uint64_t config, bool children) {
  perf_event_attr what{};
  what.size = sizeof what;
  what.type = type;
  what.config = config;
  what.inherit = 1;
  what.inherit_thread = children ? 0 : 1;
  return static_cast<int>(::syscall(SYS_perf_event_open, &what, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
}

/// The number of the tracepoint at the beginning of each system call, or -1.
std::int64_t number_of_call_event() {
  for (const char* const folder : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}) {
    std::ifstream file{std::string{folder} + "/events/raw_syscalls/sys_enter/id"};
    std::int64_t number = -1;
    if (file >> number) return number;
  }
  return -1;
}

#endif

std::uint64_t value_of(event const& what) {
  std::uint64_t value = 0;
  if (what.fd != -1 && ::read(what.fd, &value, sizeof value) != sizeof value) std::abort();
  return value;
}

std::int64_t microseconds(timeval const& time) {
  return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

/// The processor time that this process has used, in microseconds.
std::int64_t own_cpu() {
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == -1) std::abort();
  return microseconds(used.ru_utime) + microseconds(used.ru_stime);
}

}  // namespace

bool count_events() {
#if defined(PERF_ATTR_SIZE_VER7)
  if (std::int64_t const calls = number_of_call_event(); calls != -1) {
    auto const number = static_cast<std::uint64_t>(calls);
    events[0].fd = open_event(PERF_TYPE_TRACEPOINT, number, false);
    events[2].fd = open_event(PERF_TYPE_TRACEPOINT, number, true);
  }
  events[1].fd = open_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, false);
  events[3].fd = open_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, true);
  events[4].fd = open_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, true);
#endif
  return events[0].fd != -1;
}

counted::counted(benchmark::State& state, std::int64_t jobs_an_iteration)
    : state_{state}, jobs_{jobs_an_iteration} {
  for (int i = 0; i != 5; ++i) events_[i] = value_of(events[i]);
  cpu_ = own_cpu();
}

counted::~counted() {
  auto const cpu = static_cast<double>(own_cpu() - cpu_);
  auto const jobs = static_cast<double>(jobs_ * state_.iterations());
  state_.counters["jobs"] = static_cast<double>(jobs_);
  state_.counters["cpu_us"] = cpu / jobs;
  for (int i = 0; i != 5; ++i) {
    if (events[i].fd == -1) continue;
    auto const count = static_cast<double>(value_of(events[i]) - events_[i]);
    state_.counters[events[i].name] = count / jobs;
  }
}
