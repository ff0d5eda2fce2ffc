// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// A child's record of a fault in its page, up to the text that the program tells.

#include "confine/filter.hpp"
#include "launch/stack_trace.hpp"
#include "posix/child_page.hpp"
#include "posix/object_map.hpp"
#include "target.hpp"

#include <isolatte/detail/task/make_outcome.hpp>

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <csignal>
#include <sstream>
#include <string>

namespace fault_reports_target {

using namespace isolatte::fuzz;
using isolatte::launch::stack_trace;
using isolatte::posix::child_page;
using isolatte::posix::child_page_data;
using isolatte::posix::fault_record;
using isolatte::posix::fault_state;
using isolatte::posix::object_map;

/// A child can write any bytes to its page.
const child_page& page_with(choices& from) {
  static child_page const page = [] {
    boost::system::error_code ec;
    auto made = child_page::make(ec);
    require(!ec, "a page can be made");
    return made;
  }();
  std::memset(static_cast<void*>(page.data()), 0, sizeof(child_page_data));
  from.fill(static_cast<void*>(page.data()), sizeof(child_page_data));
  return page;
}

/// The supervisor's way from the record to what is told.
std::string tell(const fault_record& fault, std::string trace) {
  isolatte::run_summary summary;
  summary.how = isolatte::ending::faulted;
  summary.signal = fault.signal;
  summary.fault =
      isolatte::fault_info{fault.signal, fault.code, reinterpret_cast<void*>(fault.address),
                           std::move(trace), fault.stack_overflow};
  if (fault.system_call)
    summary.fault->system_call = isolatte::confine::name_of_call(*fault.system_call);
  isolatte::detail::report report;
  report.summary = std::move(summary);
  std::ostringstream text;
  text << isolatte::detail::make_outcome<void>({}, std::move(report));
  return std::move(text).str();
}

void run(input bytes) {
  choices from{bytes};
  const child_page& page = page_with(from);
  input const rest = from.rest();
  std::string_view const names{reinterpret_cast<const char*>(rest.data()), rest.size()};

  memory_bound const bound{1024 * 1024 + 64 * bytes.size()};
  auto const fault = page.fault();
  require(fault.has_value() == (page.data()->fault.load() != fault_state::none),
          "a fault is told if there is one");
  if (!fault) return;
  require(fault->frames.size() <= child_page_data::max_frames, "a trace is bounded");
  require(!fault->system_call || fault->signal == SIGSYS, "a call is told with its signal alone");

  static object_map const loaded = object_map::of_this_process();
  stack_trace trace{loaded, *fault};
  require(trace.unnamed().size() <= fault->frames.size(), "no frame has two names");
  trace.name(names);
  std::string const text = trace.text();
  auto const lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  require(lines <= fault->frames.size() && (lines != 0) == !fault->frames.empty(),
          "a frame takes one line");
  require(tell(*fault, text).find('\n') == std::string::npos, "an outcome is told in one line");
}

bytes page_of(int signal, std::uint32_t frames) {
  bytes page(sizeof(child_page_data));
  auto& data = *new (page.data()) child_page_data{};
  data.fault = fault_state::recorded;
  data.signal = signal;
  data.code = 1;
  data.address = 0x10;
  data.system_call = 41;
  data.frame_count = frames;
  auto const here = reinterpret_cast<std::uintptr_t>(&page_of);
  for (std::size_t i = 0; i != std::min<std::size_t>(frames, data.frames.size()); ++i)
    data.frames[i] = here + i;
  return page;
}

std::vector<bytes> seeds() {
  std::vector<bytes> all{page_of(SIGSEGV, 3), page_of(SIGSYS, 0), page_of(SIGBUS, 1u << 31)};
  for (char const c : std::string_view{"std::sort<int*>(int*, int*)\nisolatte::run() at a.cpp:7\n"})
    all.front().push_back(static_cast<std::byte>(c));
  return all;
}

registration const registered{{"fault_reports", &run, &seeds}};

}  // namespace fault_reports_target
