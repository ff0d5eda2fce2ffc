// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/ending.hpp>
#include <isolatte/observe.hpp>
#include <isolatte/prometheus_metrics.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace isolatte::inline v0_1 {

namespace {

using time_point = std::chrono::steady_clock::time_point;
using seconds = std::chrono::duration<double>;

/// A number as Prometheus reads it, whatever the locale.
std::string text_of(double value) {
  std::array<char, 32> digits;
  auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), end};
}

void head(std::string& to, std::string_view name, std::string_view type, std::string_view help) {
  to.append("# HELP ").append(name).append(" ").append(help).append("\n");
  to.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

}  // namespace

struct prometheus_metrics::implementation {
  class histogram {
   public:
    void add(seconds value) noexcept {
      sum_ += value;
      ++count_;
      for (std::size_t i = 0; i != bounds.size(); ++i)
        if (value.count() <= bounds[i]) ++below_[i];
    }
    void write(std::string& to, std::string_view name, std::string_view launcher) const {
      auto const line = [&](std::string_view end, const std::string& bound,
                            const std::string& value) {
        to.append(name).append(end).append("{launcher=\"").append(launcher).append("\"");
        if (!bound.empty()) to.append(",le=\"").append(bound).append("\"");
        to.append("} ").append(value).append("\n");
      };
      for (std::size_t i = 0; i != bounds.size(); ++i)
        line("_bucket", text_of(bounds[i]), std::to_string(below_[i]));
      line("_bucket", "+Inf", std::to_string(count_));
      line("_sum", {}, text_of(sum_.count()));
      line("_count", {}, std::to_string(count_));
    }

   private:
    /// Seconds. A fork takes a tenth of a millisecond, a job of a warm worker a tenth of that.
    static constexpr std::array bounds{0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01,
                                       0.05,    0.1,     0.5,    1.0,    5.0,   10.0,  60.0};

    std::array<std::uint64_t, bounds.size()> below_{};
    std::uint64_t count_ = 0;
    seconds sum_{};
  };

  /// The numbers of one launcher.
  struct numbers {
    std::map<ending, std::uint64_t> endings;
    std::map<int, std::uint64_t> signals;
    std::uint64_t undecodable = 0;
    std::uint64_t queued = 0;
    std::uint64_t running = 0;
    histogram waited;
    histogram ran;
    seconds user{};
    seconds system{};
  };

  struct job {
    time_point queued;
    std::optional<time_point> started;
    std::optional<time_point> ended;
  };

  void take(const job_event& event) noexcept try {
    std::lock_guard const lock{mutex};
    numbers& of = all[event.by];
    auto const place = jobs.find(event.job);
    job* const which = place == jobs.end() ? nullptr : &place->second;
    switch (event.moment) {
      case job_moment::queued:
        jobs[event.job].queued = event.at;
        ++of.queued;
        break;
      case job_moment::started:
        if (which != nullptr) start(of, *which, event.at);
        break;
      case job_moment::ended:
        if (which != nullptr) which->ended = event.at;
        break;
      case job_moment::completed:
        if (which != nullptr) {
          job const last = *which;
          jobs.erase(place);
          --(last.started ? of.running : of.queued);
          count(of, last, event);
        }
        break;
      case job_moment::undecodable: ++of.undecodable; break;
    }
  } catch (const std::bad_alloc&) {
    // A job for which there is no memory is not counted.
  }

  static void start(numbers& of, job& which, time_point at) noexcept {
    if (!which.started) {
      --of.queued;
      ++of.running;
    }
    which.started = at;
  }

  /// Counts a job that has completed, or nothing of it.
  static void count(numbers& of, const job& which, const job_event& event) {
    run_summary const& how = *event.summary;
    // These may need memory.
    auto& alike = of.endings[how.how];
    auto* const by_signal = how.signal ? &of.signals[*how.signal] : nullptr;
    bool const ran = which.started && how.how != ending::not_started;
    of.waited.add((ran ? *which.started : event.at) - which.queued);
    if (ran) of.ran.add(which.ended.value_or(event.at) - *which.started);
    of.user += how.usage.user;
    of.system += how.usage.system;
    ++alike;
    if (by_signal != nullptr) ++*by_signal;
  }

  /// One line for each launcher that jobs have.
  template <class Write>
  void each(Write write) const {
    for (auto const& [by, of] : all)
      if (by != launcher::worker) write(to_string(by), of);
  }

  std::string text() const {
    std::lock_guard const lock{mutex};
    std::string to;
    auto const line = [&to](std::string_view name, std::string_view labels,
                            const std::string& value) {
      to.append(name).append(labels).append(" ").append(value).append("\n");
    };
    auto const labels = [](std::string_view by, std::string_view name, std::string_view value) {
      std::string text{"{launcher=\""};
      text.append(by).append("\",").append(name).append("=\"").append(value).append("\"}");
      return text;
    };
    auto const only = [](std::string_view name, std::string_view value) {
      std::string text{"{"};
      text.append(name).append("=\"").append(value).append("\"}");
      return text;
    };
    head(to, "isolatte_jobs_total", "counter", "Jobs that have completed.");
    each([&](std::string_view by, const numbers& of) {
      for (auto const& [how, count] : of.endings)
        line("isolatte_jobs_total", labels(by, "ending", to_string(how)), std::to_string(count));
    });
    head(to, "isolatte_jobs_undecodable_total", "counter",
         "Jobs whose result could not be decoded.");
    each([&](std::string_view by, const numbers& of) {
      line("isolatte_jobs_undecodable_total", only("launcher", by), std::to_string(of.undecodable));
    });
    head(to, "isolatte_jobs_queued", "gauge", "Jobs that have been asked for and not started.");
    each([&](std::string_view by, const numbers& of) {
      line("isolatte_jobs_queued", only("launcher", by), std::to_string(of.queued));
    });
    head(to, "isolatte_jobs_running", "gauge", "Jobs that have started and not completed.");
    each([&](std::string_view by, const numbers& of) {
      line("isolatte_jobs_running", only("launcher", by), std::to_string(of.running));
    });
    head(to, "isolatte_job_queue_seconds", "histogram", "Time from being asked for to the start.");
    each([&](std::string_view by, const numbers& of) {
      of.waited.write(to, "isolatte_job_queue_seconds", by);
    });
    head(to, "isolatte_job_run_seconds", "histogram", "Time from the start to the end.");
    each([&](std::string_view by, const numbers& of) {
      of.ran.write(to, "isolatte_job_run_seconds", by);
    });
    head(to, "isolatte_job_cpu_seconds_total", "counter", "Processor time of jobs.");
    each([&](std::string_view by, const numbers& of) {
      line("isolatte_job_cpu_seconds_total", labels(by, "mode", "user"), text_of(of.user.count()));
      line("isolatte_job_cpu_seconds_total", labels(by, "mode", "system"),
           text_of(of.system.count()));
    });
    head(to, "isolatte_job_signals_total", "counter", "Jobs that a signal has ended.");
    each([&](std::string_view by, const numbers& of) {
      for (auto const& [signal, count] : of.signals)
        line("isolatte_job_signals_total", labels(by, "signal", signal_name(signal)),
             std::to_string(count));
    });
    auto const workers = all.find(launcher::worker);
    head(to, "isolatte_workers", "gauge", "Processes of workers.");
    line("isolatte_workers", {},
         std::to_string(workers == all.end() ? 0 : workers->second.running));
    head(to, "isolatte_workers_ended_total", "counter", "Processes of workers that have ended.");
    if (workers != all.end())
      for (auto const& [how, count] : workers->second.endings)
        line("isolatte_workers_ended_total", only("ending", to_string(how)), std::to_string(count));
    return to;
  }

  mutable std::mutex mutex;
  std::map<launcher, numbers> all;
  std::unordered_map<std::uint64_t, job> jobs;
  observation watching;
};

prometheus_metrics::prometheus_metrics() : implementation_{std::make_unique<implementation>()} {
  implementation_->watching =
      observe([all = implementation_.get()](const job_event& event) { all->take(event); });
}

prometheus_metrics::~prometheus_metrics() { implementation_->watching = {}; }

std::string prometheus_metrics::text() const { return implementation_->text(); }

}  // namespace isolatte::inline v0_1
