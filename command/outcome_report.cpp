// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "outcome_report.hpp"

#include "utf8.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <sstream>

namespace isolatte_run {

namespace {

namespace json = boost::json;
using isolatte::ending;

double seconds(std::chrono::duration<double> time) { return time.count(); }

json::object usage_of(const isolatte::resource_usage& used) {
  return {{"wall_s", seconds(used.wall)},
          {"user_s", seconds(used.user)},
          {"system_s", seconds(used.system)},
          {"max_resident_bytes", used.max_resident_bytes},
          {"major_faults", used.major_faults}};
}

}  // namespace

int exit_code_of(const finished& what) {
  auto const& outcome = what.outcome;
  if (outcome.how() == ending::not_started) {
    if (what.is_unfit) return cannot_execute;
    if (what.error == boost::system::errc::no_such_file_or_directory) return not_found;
    if (what.error == boost::system::errc::permission_denied ||
        what.error == boost::system::errc::executable_format_error ||
        what.error == boost::system::errc::argument_list_too_long)
      return cannot_execute;
    return command_failed;
  }
  if (outcome.how() == ending::timed_out) return timed_out;
  if (auto const signal = outcome.signal()) return ended_by_signal + *signal;
  if (auto const code = outcome.exit_code()) return *code;
  return command_failed;
}

std::string text_of(const finished& what) {
  std::ostringstream text;
  text << printable(what.program.executable.string()) << ": ";
  if (what.line) text << '\'' << printable(*what.line) << "': ";
  text << what.outcome;
  if (what.outcome.out_truncated() || what.outcome.err_truncated())
    text << "\n  the beginning of its output is lost: --output-limit";
  for (auto const& gap : what.outcome.gaps()) text << "\n  " << gap;
  return std::move(text).str();
}

std::string json_of(const finished& what, bool with_output) {
  auto const& outcome = what.outcome;
  json::object all;
  json::array args{valid_utf8(what.program.executable.string())};
  for (auto const& each : what.program.args) args.emplace_back(valid_utf8(each));
  all["command"] = std::move(args);
  all["ending"] = isolatte::to_string(outcome.how());
  all["success"] = outcome.success();
  if (auto const code = outcome.exit_code()) all["exit_code"] = *code;
  if (auto const signal = outcome.signal()) {
    all["signal"] = *signal;
    all["signal_name"] = isolatte::signal_name(*signal);
  }
  if (outcome.core_dumped()) all["core_dumped"] = true;
  if (what.error) all["error"] = what.error.message();
  if (outcome.pid() != 0) all["pid"] = outcome.pid();
  all["usage"] = usage_of(outcome.usage());
  if (!outcome.gaps().empty()) all["gaps"] = json::value_from(outcome.gaps());
  if (with_output) {
    all["out"] = valid_utf8(outcome.out_text());
    all["err"] = valid_utf8(outcome.err_text());
    all["out_truncated"] = outcome.out_truncated();
    all["err_truncated"] = outcome.err_truncated();
  }
  return json::serialize(all);
}

}  // namespace isolatte_run
