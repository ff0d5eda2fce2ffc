// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "outcome_report.hpp"

#include "utf8.hpp"

#include <boost/json.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <sstream>
#include <string_view>
#include <utility>

namespace isolatte_run {

namespace {

namespace json = boost::json;
using isolatte::ending;

/// An object of JSON as text. Boost.JSON alone would write 11 ms as 1.1E-2.
class object_text {
 public:
  void add(std::string_view name, const json::value& value) {
    add_text(name, json::serialize(value));
  }
  /// Seconds, to the microsecond.
  void add(std::string_view name, std::chrono::duration<double> time) {
    std::array<char, 64> digits{};
    auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), time.count(),
                                   std::chars_format::fixed, 6)
                         .ptr;
    std::string text{digits.data(), end};
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    add_text(name, text);
  }
  /// @param text JSON
  void add_text(std::string_view name, const std::string& text) {
    text_ += text_.empty() ? '{' : ',';
    text_ += json::serialize(json::string_view{name}) + ':' + text;
  }
  /// @return the whole object, which has a member at least
  std::string text() const { return text_ + '}'; }

 private:
  std::string text_;
};

std::string usage_of(const isolatte::resource_usage& used) {
  object_text all;
  all.add("wall_s", used.wall);
  all.add("user_s", used.user);
  all.add("system_s", used.system);
  all.add("max_resident_bytes", json::value(used.max_resident_bytes));
  all.add("major_faults", json::value(used.major_faults));
  return all.text();
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
  // The reason of a program that has not started names them.
  if (what.outcome.how() != isolatte::ending::not_started)
    for (auto const& gap : what.outcome.gaps()) text << "\n  " << gap;
  return std::move(text).str();
}

std::string json_of(const finished& what, bool with_output) {
  auto const& outcome = what.outcome;
  object_text all;
  json::array args{valid_utf8(what.program.executable.string())};
  for (auto const& each : what.program.args) args.emplace_back(valid_utf8(each));
  all.add("command", std::move(args));
  all.add("ending", json::value(isolatte::to_string(outcome.how())));
  all.add("success", json::value(outcome.success()));
  if (auto const code = outcome.exit_code()) all.add("exit_code", json::value(*code));
  if (auto const signal = outcome.signal()) {
    all.add("signal", json::value(*signal));
    all.add("signal_name", json::value(isolatte::signal_name(*signal)));
  }
  if (outcome.core_dumped()) all.add("core_dumped", json::value(true));
  if (what.error) all.add("error", json::value(what.error.message()));
  if (!outcome.reason().empty()) all.add("reason", json::value(valid_utf8(outcome.reason())));
  if (outcome.pid() != 0) all.add("pid", json::value(outcome.pid()));
  all.add_text("usage", usage_of(outcome.usage()));
  if (!outcome.gaps().empty()) all.add("gaps", json::value_from(outcome.gaps()));
  if (with_output) {
    all.add("out", json::value(valid_utf8(outcome.out_text())));
    all.add("err", json::value(valid_utf8(outcome.err_text())));
    all.add("out_truncated", json::value(outcome.out_truncated()));
    all.add("err_truncated", json::value(outcome.err_truncated()));
  }
  return all.text();
}

}  // namespace isolatte_run
