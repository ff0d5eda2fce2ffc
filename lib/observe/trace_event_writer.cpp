// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/observe.hpp>
#include <isolatte/trace_event_writer.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1 {

namespace {

using time_point = std::chrono::steady_clock::time_point;

/// One object of JSON that is being written. Its names and texts are this file's, and the messages
/// of errors.
class json_object {
 public:
  json_object& text(std::string_view name, std::string_view value) {
    begin(name);
    bytes_ += '"';
    for (char const c : value) {
      if (c == '"' || c == '\\') bytes_ += '\\';
      // No message has control characters that mean anything here.
      bytes_ += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    bytes_ += '"';
    return *this;
  }
  template <class Number>
  json_object& number(std::string_view name, Number value) {
    begin(name);
    bytes_ += std::to_string(value);
    return *this;
  }
  json_object& microseconds(std::string_view name, std::chrono::nanoseconds value) {
    begin(name);
    std::string const thousandths = std::to_string(value.count() % 1000);
    bytes_ += std::to_string(value.count() / 1000) + '.' +
              std::string(3 - thousandths.size(), '0') + thousandths;
    return *this;
  }
  json_object& object(std::string_view name, const json_object& value) {
    begin(name);
    bytes_ += value.text();
    return *this;
  }
  std::string text() const { return bytes_ + '}'; }

 private:
  void begin(std::string_view name) {
    if (bytes_.size() > 1) bytes_ += ',';
    bytes_ += '"';
    bytes_ += name;
    bytes_ += "\":";
  }

  std::string bytes_ = "{";
};

/// The colour that chrome://tracing gives a slice. Perfetto chooses one by the name.
std::string_view colour_of(ending how) noexcept {
  switch (how) {
    case ending::returned: return "good";
    case ending::exited: return "grey";
    case ending::threw:
    case ending::undelivered: return "bad";
    case ending::timed_out:
    case ending::cancelled: return "yellow";
    default: return "terrible";
  }
}

/// Rows are the threads of one process.
constexpr int process = 1;

}  // namespace

struct trace_event_writer::implementation {
  /// A job that is not complete.
  struct job {
    time_point queued;
    std::optional<time_point> started;
    std::optional<time_point> ended;
    std::size_t row = 0;
    /// The one of the launcher's lanes that is free for others after the job.
    std::optional<std::size_t> lane;
  };

  explicit implementation(std::ostream& stream) : to{stream} {
    write(json_object{}
              .text("ph", "M")
              .text("name", "process_name")
              .number("pid", process)
              .object("args", json_object{}.text("name", "isolatte")));
  }

  void take(const job_event& event) noexcept try {
    switch (event.moment) {
      case job_moment::queued: jobs[event.job].queued = event.at; return;
      case job_moment::started: return start(event);
      case job_moment::ended:
        if (auto const place = jobs.find(event.job); place != jobs.end())
          place->second.ended = event.at;
        return;
      case job_moment::completed: return complete(event);
      case job_moment::undecodable: return note_undecodable(event);
    }
  } catch (...) {
    // There is no memory, or the stream throws. The trace says how much it lacks.
    ++lost;
  }

  void start(const job_event& event) {
    auto const place = jobs.find(event.job);
    if (place == jobs.end()) return;
    job& of = place->second;
    leave(of, event.by);
    of.started = event.at;
    if (event.by == launcher::worker) return;
    if (event.worker) {
      of.row = row_of_worker(event);
      return;
    }
    auto& lanes = lanes_of[event.by];
    auto const free = std::find(lanes.begin(), lanes.end(), false);
    auto const lane = static_cast<std::size_t>(free - lanes.begin());
    if (free == lanes.end()) lanes.push_back(false);
    of.row = row({0, static_cast<std::uint64_t>(event.by), lane},
                 std::string{to_string(event.by)} + ' ' + std::to_string(lane + 1));
    lanes[lane] = true;
    of.lane = lane;
  }

  std::size_t row_of_worker(const job_event& event) {
    bool const has_slot = event.worker->slot != worker_id::no_slot;
    std::string name = std::string{to_string(event.by)} + ' ' + std::to_string(event.pool);
    name += has_slot ? ", slot " + std::to_string(event.worker->slot)
                     : ", worker " + std::to_string(event.worker->generation);
    return row(
        {event.pool, has_slot ? 0U : 1U, has_slot ? event.worker->slot : event.worker->generation},
        name);
  }

  /// @return the number of a row, which is announced when it is new
  std::size_t row(const std::array<std::uint64_t, 3>& key, const std::string& name) {
    auto const [place, is_new] = rows.try_emplace(key, rows.size() + 1);
    if (is_new)
      write(json_object{}
                .text("ph", "M")
                .text("name", "thread_name")
                .number("pid", process)
                .number("tid", place->second)
                .object("args", json_object{}.text("name", name)));
    return place->second;
  }

  void leave(job& of, launcher by) noexcept {
    if (!of.lane) return;
    lanes_of[by][*of.lane] = false;
    of.lane.reset();
  }

  void complete(const job_event& event) {
    auto const place = jobs.find(event.job);
    if (place == jobs.end()) return;
    job of = std::move(place->second);
    jobs.erase(place);
    leave(of, event.by);
    run_summary const& how = *event.summary;
    // A job that was taken back from its worker has not run.
    if (how.how == ending::not_started) of.started.reset();
    if (event.by == launcher::worker) {
      if (of.started)
        span("worker", "worker " + std::to_string(event.worker ? event.worker->generation : 0),
             event, *of.started, of.ended.value_or(event.at));
      return;
    }
    if (!of.started || *of.started - of.queued >= std::chrono::microseconds{1})
      span("queue", of.started ? "waits" : to_string(how.how), event, of.queued,
           of.started.value_or(event.at));
    if (!of.started) return;
    auto const end = of.ended.value_or(event.at);
    write(json_object{}
              .text("ph", "X")
              .text("name", to_string(how.how))
              .text("cat", to_string(event.by))
              .number("pid", process)
              .number("tid", of.row)
              .microseconds("ts", *of.started - began)
              .microseconds("dur", end - *of.started)
              .text("cname", colour_of(how.how))
              .object("args", arguments(event)));
  }

  /// The job's slice is written already.
  void note_undecodable(const job_event& event) {
    json_object mark;
    mark.text("ph", "i")
        .text("s", "p")
        .text("name", "undecodable result of job " + std::to_string(event.job))
        .text("cat", to_string(event.by))
        .number("pid", process)
        .number("tid", event.worker ? row_of_worker(event) : 0)
        .microseconds("ts", event.at - began)
        .object("args", arguments(event));
    write(mark);
  }

  static json_object arguments(const job_event& event) {
    run_summary const& how = *event.summary;
    json_object all;
    all.number("job", event.job).text("ending", to_string(how.how));
    if (event.pool != 0) all.number("pool", event.pool);
    if (how.pid != 0) all.number("pid", how.pid);
    if (how.worker) all.number("generation", how.worker->generation);
    if (how.exit_code) all.number("exit_code", *how.exit_code);
    if (how.signal) all.text("signal", signal_name(*how.signal));
    if (event.ec) all.text("error", event.ec.message());
    all.microseconds("user_us", how.usage.user).microseconds("system_us", how.usage.system);
    all.number("max_resident_bytes", how.usage.max_resident_bytes);
    return all;
  }

  /// Writes a span that may overlap others.
  void span(std::string_view category, std::string_view name, const job_event& event,
            time_point from, time_point until) {
    auto const end = [&](std::string_view phase, time_point at) {
      json_object one;
      one.text("ph", phase)
          .text("name", name)
          .text("cat", category)
          .number("pid", process)
          .number("id", event.job)
          .microseconds("ts", at - began);
      return one;
    };
    write(end("b", from).object("args", arguments(event)));
    write(end("e", until));
  }

  void write(const json_object& event) {
    std::string const text = (is_first ? "[\n" : ",\n") + event.text();
    to.write(text.data(), static_cast<std::streamsize>(text.size()));
    is_first = false;
  }

  void finish() noexcept try {
    if (lost != 0)
      write(json_object{}
                .text("ph", "i")
                .text("s", "g")
                .text("name", "events lost: " + std::to_string(lost))
                .number("pid", process)
                .number("tid", 0)
                .microseconds("ts", std::chrono::steady_clock::now() - began));
    to << "\n]\n" << std::flush;
  } catch (...) {
    // The stream tells.
  }

  std::ostream& to;
  time_point const began = std::chrono::steady_clock::now();
  bool is_first = true;
  std::uint64_t lost = 0;
  std::unordered_map<std::uint64_t, job> jobs;
  std::map<std::array<std::uint64_t, 3>, std::size_t> rows;
  /// By launcher: which rows have a job.
  std::map<launcher, std::vector<bool>> lanes_of;
  observation watching;
};

trace_event_writer::trace_event_writer(std::ostream& to)
    : implementation_{std::make_unique<implementation>(to)} {
  implementation_->watching =
      observe([all = implementation_.get()](const job_event& event) { all->take(event); });
}

trace_event_writer::~trace_event_writer() {
  implementation_->watching = {};
  implementation_->finish();
}

}  // namespace isolatte::inline v0_1
