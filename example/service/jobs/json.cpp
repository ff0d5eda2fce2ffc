// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "json.hpp"

#include "text.hpp"

#include <boost/json.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <sstream>

namespace service {

namespace {

namespace json = boost::json;

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>{time}.count();
}

json::object view_of(const job& of) {
  json::object made{
      {"id", of.id},
      {"kind", of.kind},
      {"label", clean(of.label, 200)},
      {"bytes", of.bytes},
      {"state", of.now == phase::queued    ? "queued"
                : of.now == phase::running ? "running"
                                           : "ended"},
      {"sent",
       std::chrono::duration_cast<std::chrono::milliseconds>(of.sent.time_since_epoch()).count()},
      {"waited", milliseconds(of.waited)}};
  if (of.worker) {
    made["slot"] = of.worker->slot;
    made["generation"] = of.worker->generation;
    made["pid"] = of.worker->pid;
  }
  if (of.now == phase::running) made["stage"] = clean(of.stage, 200);
  if (of.now == phase::ended) {
    made["ending"] = of.ending;
    made["took"] = milliseconds(of.took);
    made["headline"] = clean(of.headline, 300);
  }
  return made;
}

json::object view_of(const sample& second) {
  json::array ends;
  for (auto const& each : second.ends) ends.push_back({each.milliseconds, each.ending});
  return {{"at", second.at},
          {"ended", second.ended},
          {"failed", second.failed},
          {"ends", std::move(ends)}};
}

json::object view_of(const overview& all) {
  json::object endings;
  for (auto const& [name, count] : all.endings) endings[name] = count;
  json::array workers;
  for (auto const& each : all.workers)
    workers.push_back({{"generation", each.generation}, {"pid", each.pid}, {"job", each.job}});
  return {
      {"queued", all.queued},     {"running", all.running},        {"ended", all.ended},
      {"restarts", all.restarts}, {"endings", std::move(endings)}, {"workers", std::move(workers)},
      {"uptime", all.uptime}};
}

/// A worker may send anything that has the right type, so there are limits to all of it.
constexpr std::size_t most_items = 256;

/// Cuts the text at its matches. Matches that make no sense are left out.
json::array parts_of(const report& from) {
  json::array made;
  std::size_t at = 0;
  auto const add = [&](std::size_t end, bool is_match) {
    if (end > at || is_match)
      made.push_back(
          {{"text", clean(std::string_view{from.text}.substr(at, end - at))}, {"match", is_match}});
    at = end;
  };
  for (auto const& [begin, size] : from.matches) {
    if (made.size() > 2 * most_items || begin < at || begin > from.text.size() ||
        size > from.text.size() - begin)
      continue;
    add(begin, false);
    add(begin + size, true);
  }
  add(from.text.size(), false);
  return made;
}

void add_report(json::object& to, const report& from) {
  to["summary"] = clean(from.summary, 300);
  json::array facts;
  for (auto const& each : from.facts) {
    if (facts.size() == most_items) break;
    facts.push_back({clean(each.label, 100), clean(each.value, 1000)});
  }
  to["facts"] = std::move(facts);
  json::array tables;
  for (auto const& each : from.tables) {
    if (tables.size() == 8) break;
    json::array columns;
    for (auto const& name : each.columns)
      if (columns.size() != 8) columns.emplace_back(clean(name, 100));
    json::array rows;
    for (auto const& row : each.rows) {
      if (rows.size() == most_items) break;
      json::array cells;
      for (auto const& cell : row)
        if (cells.size() != 8) cells.emplace_back(clean(cell, 400));
      rows.push_back(std::move(cells));
    }
    tables.push_back({{"caption", clean(each.caption, 100)},
                      {"columns", std::move(columns)},
                      {"rows", std::move(rows)}});
  }
  to["tables"] = std::move(tables);
  auto const& [width, height, pixels] = from.thumbnail;
  if (width != 0 && width <= most_items && height != 0 && height <= most_items &&
      pixels.size() == std::size_t{width} * height * 4)
    to["thumbnail"] = {{"width", width}, {"height", height}, {"pixels", base64(pixels)}};
  if (!from.text.empty()) to["parts"] = parts_of(from);
}

std::string message_of(const std::exception_ptr& from) {
  try {
    std::rethrow_exception(from);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an exception of an unknown type";
  }
}

}  // namespace

std::string json_of(const job& of, const overview& all) {
  return json::serialize(json::object{{"job", view_of(of)}, {"overview", view_of(all)}});
}

std::string json_of(const sample& second, const overview& all) {
  return json::serialize(json::object{{"second", view_of(second)}, {"overview", view_of(all)}});
}

std::string snapshot_json(const settings& given, const overview& all,
                          const std::deque<sample>& seconds,
                          const std::map<std::uint64_t, job>& jobs) {
  json::array all_seconds;
  for (auto const& each : seconds) all_seconds.push_back(view_of(each));
  json::array all_jobs;
  for (auto const& [id, each] : jobs) all_jobs.push_back(view_of(each));
  return json::serialize(json::object{{"overview", view_of(all)},
                                      {"seconds", std::move(all_seconds)},
                                      {"jobs", std::move(all_jobs)},
                                      {"limits",
                                       {{"timeout", given.timeout.count()},
                                        {"memory", given.memory},
                                        {"file", given.max_file},
                                        {"pattern", given.max_pattern}}}});
}

std::string details_json(const job& of) {
  std::string made = "{\"job\":" + json::serialize(view_of(of));
  if (!of.details.empty()) made += ",\"details\":" + of.details;
  return made + '}';
}

std::string json_of(const isolatte::outcome<report>& end) {
  json::object made;
  std::ostringstream line;
  line << end;
  made["outcome"] = clean(line.str(), 1000);
  if (end)
    add_report(made, *end);
  else if (end.exception())
    made["exception"] = clean(message_of(end.exception()), 1000);
  if (auto const& fault = end.fault()) {
    std::ostringstream address;
    address << fault->address;
    made["fault"] = {{"signal", isolatte::signal_name(fault->signal)},
                     {"address", address.str()},
                     {"overflow", fault->stack_overflow},
                     {"call", clean(fault->system_call, 100)},
                     {"trace", clean(fault->trace)}};
  }
  if (!end.err_text().empty()) made["stderr"] = clean(end.err_text(), 4096);
  auto const& usage = end.usage();
  made["usage"] = {{"wall", milliseconds(usage.wall)},
                   {"user", milliseconds(usage.user)},
                   {"system", milliseconds(usage.system)},
                   {"memory", usage.max_resident_bytes}};
  return json::serialize(made);
}

std::string object_json(std::string_view name, std::string_view value) {
  return json::serialize(json::object{{name, value}});
}
std::string object_json(std::string_view name, std::uint64_t value) {
  return json::serialize(json::object{{name, value}});
}

std::optional<pattern_request> pattern_from_json(std::string_view body) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 4;
  auto const value = json::parse(body, error, {}, options);
  if (error || !value.is_object()) return std::nullopt;
  auto const* const pattern = value.as_object().if_contains("pattern");
  auto const* const text = value.as_object().if_contains("text");
  if (!pattern || !text || !pattern->is_string() || !text->is_string()) return std::nullopt;
  return pattern_request{std::string{pattern->as_string()}, std::string{text->as_string()}};
}

}  // namespace service
