// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "report.hpp"
#include "text.hpp"

#include <isolatte/ending.hpp>

// Compiles Boost.JSON here, so that the example links no library of it.
#include <boost/json/src.hpp>

#include <chrono>
#include <string>

namespace census {

namespace {

namespace json = boost::json;

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>{time}.count();
}

json::object to_json(const elf_facts& facts) {
  json::array needed;
  for (const std::string& library : facts.needed) needed.emplace_back(printable(library));
  return {
      {"bytes", facts.bytes},
      {"bits", facts.bits},
      {"sections", facts.sections},
      {"symbols", facts.symbols},
      {"relocations", facts.relocations},
      {"largest_function",
       {{"name", printable(facts.largest_function)}, {"bytes", facts.largest_size}}},
      {"build_id", printable(facts.build_id)},
      {"needed", std::move(needed)},
  };
}

json::object to_json(const finding& one) {
  auto const& outcome = one.outcome;
  json::object found{
      {"program", printable(one.what.program.string())},
      {"damage", describe(one.what.harm)},
      {"ending", to_string(outcome.how())},
      {"wall_ms", milliseconds(outcome.usage().wall)},
      {"max_resident_bytes", outcome.usage().max_resident_bytes},
  };
  if (outcome) found["facts"] = to_json(outcome.value());
  if (outcome.exit_code()) found["exit_code"] = *outcome.exit_code();
  if (outcome.signal()) found["signal"] = isolatte::signal_name(*outcome.signal());
  if (outcome.exception()) found["exception"] = describe(outcome.exception());
  if (outcome.fault()) found["trace"] = printable(outcome.fault()->trace);
  if (!outcome.err_text().empty()) found["stderr"] = printable(outcome.err_text());
  return found;
}

json::object to_json(const ending_kind& kind, const cost& of) {
  return {
      {"ending", to_string(kind.how)},
      {"detail", kind.detail},
      {"children", of.files},
      {"total_ms", milliseconds(of.total)},
      {"longest_ms", milliseconds(of.slowest)},
      {"max_resident_bytes", of.peak_memory},
  };
}

}  // namespace

void write_json(std::ostream& out, const account& all) {
  json::array endings;
  for (auto const& [kind, of] : all.sums.endings) endings.push_back(to_json(kind, of));
  json::array findings;
  for (const finding& one : all.result.findings) findings.push_back(to_json(one));
  json::object const whole{
      {"directory", printable(all.how.directory.string())},
      {"jobs", all.how.jobs},
      {"timeout_ms", all.how.timeout.count()},
      {"memory_bytes", all.how.memory ? json::value(*all.how.memory) : json::value()},
      {"wall_ms", milliseconds(all.result.wall)},
      {"interrupted", all.result.interrupted_by != 0},
      {"unharmed", all.after.unharmed_since(all.before)},
      {"endings", std::move(endings)},
      {"findings", std::move(findings)},
  };
  out << whole << '\n';
}

}  // namespace census
