// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "report.hpp"

#include "foreign.hpp"
#include "output.hpp"
#include "support/sanitizers.hpp"

#include <algorithm>
#include <cstdlib>
#include <iomanip>
#include <map>
#include <sstream>
#include <string_view>

#include <unistd.h>

namespace soak {

namespace {

using namespace std::chrono_literals;

/// A job that has not completed by then never will, however busy the machine is.
constexpr auto patience = isolatte::test::malloc_refuses ? 240s : 480s;

/// So many jobs have each launcher, and each deed, unless luck is worse than it is in a lifetime.
constexpr std::uint64_t enough_for_launchers = 5000;
constexpr std::uint64_t enough_for_deeds = 100'000;

template <class Enumeration>
Enumeration next(Enumeration one) {
  return static_cast<Enumeration>(static_cast<int>(one) + 1);
}

double seconds_of(ledger::clock::duration time) {
  return std::chrono::duration<double>{time}.count();
}

void add_table(std::ostringstream& to, const char* title,
               const std::map<std::string, std::uint64_t, std::less<>>& counts) {
  to << '\n' << title;
  for (auto const& [name, count] : counts)
    to << "\n  " << std::left << std::setw(48) << name << std::right << std::setw(12) << count;
}

}  // namespace

report::report(ledger& book, const settings& wanted, const abilities& can)
    : book_{book}, wanted_{wanted}, can_{can} {
  std::ostringstream text;
  text << repeating(wanted);
  if (wanted.time) text << ", " << wanted.time->count() << " s";
  if (!can.sandboxes) text << ", without sandboxes";
  say(text.str());
}

void report::begin_round(const round_plan& what) { round_ = what; }

void report::end_round(const round_counts& counts, std::size_t resident, std::size_t allocated) {
  ++rounds_;
  foreign_ += counts.foreign;
  disturbances_[static_cast<std::size_t>(round_.during)] += counts.disturbances;
  allocated_ = allocated;
  resident_ = resident;
  most_resident_ = std::max(most_resident_, resident);
}

std::string report::line() const {
  auto const sum = book_.sum();
  auto const now = ledger::clock::now();
  std::ostringstream text;
  text << std::fixed << std::setprecision(0) << seconds_of(now - start_) << " s: round "
       << round_.number << " (" << name_of(round_.during) << "), " << sum.jobs << " jobs, "
       << static_cast<double>(sum.jobs - told_jobs_) / std::max(seconds_of(now - told_), 0.001)
       << "/s, " << sum.in_flight << " in flight, " << sum.failures << " failures, "
       << (resident_ >> 20) << " MiB (" << (allocated_ >> 10) << " KiB allocated);";
  for (auto const& [name, count] : sum.endings)
    if (name.find(':') == name.npos) text << ' ' << name << ' ' << count;
  return text.str();
}

void report::watch() {
  auto const now = ledger::clock::now();
  auto const oldest = book_.oldest();
  if (oldest && oldest->second > patience) give_up();
  if (now - told_ < (speaks_to_terminal() ? 1s : 10s)) return;
  if (speaks_to_terminal())
    say_for_now(line());
  else
    say(line());
  told_ = now;
  told_jobs_ = book_.sum().jobs;
}

std::string report::hint() const {
  std::string const command = "tools/soak " + repeating(wanted_);
  return "\nrepeat a round with: " + command +
         " --only-round N, or a job by itself with: " + command + " --only I";
}

void report::give_up() {
  std::ostringstream text;
  text << "FAILED: jobs do not complete, in round " << round_.number;
  for (auto const& each : book_.outstanding()) text << "\n  " << each;
  text << hint();
  say(text.str());
  conclude();
  // Threads wait for the jobs.
  ::_exit(3);
}

void report::check_variety() {
  auto const sum = book_.sum();
  auto const demand = [&](const char* kind, std::string_view name, bool is_met) {
    if (!is_met) book_.fail(std::string{kind} + " was never met: " + std::string{name});
  };
  // A time, a round or a job beyond all bounds leaves none.
  if (sum.jobs == 0) book_.fail("no job has run");
  // The last round may have been cut short.
  if (rounds_ > cycle)
    for (std::size_t i = 0; i != phase_count; ++i) {
      auto const each = static_cast<phase>(i);
      demand("a phase", name_of(each),
             sum.phases.contains(name_of(each)) && (disturbances_[i] != 0 || i == 0));
    }
  if (sum.jobs >= enough_for_launchers) {
    for (launcher each{}; each != launcher::end; each = next(each))
      if (is_possible(each, can_))
        demand("a job that succeeds", name_of(each), sum.successful.contains(name_of(each)));
    auto const times = [&](std::string_view ending) {
      auto const found = sum.endings.find(ending);
      return found == sum.endings.end() ? 0 : found->second;
    };
    demand("a pool", "that is seldom without workers",
           times("everywhere") >= 10 * times("everywhere: nobody"));
    demand("a part of the program", "foreign children", foreign_ != 0);
    demand("a part of the program", "the handler of SIGCHLD", handled_signals() != 0);
  }
  if (sum.jobs >= enough_for_deeds)
    for (act each{}; each != act::end; each = next(each))
      if (is_possible(each, can_))
        demand("a deed", name_of(each), sum.deeds.contains(name_of(each)));
}

bool report::conclude() {
  check_variety();
  auto const sum = book_.sum();
  double const seconds = seconds_of(ledger::clock::now() - start_);
  std::ostringstream text;
  add_table(text, "endings", sum.endings);
  add_table(text, "deeds", sum.deeds);
  add_table(text, "launchers", sum.launchers);
  add_table(text, "surroundings", sum.phases);
  std::map<std::string, std::uint64_t, std::less<>> disturbed;
  for (std::size_t i = 1; i != phase_count; ++i)
    disturbed[std::string{name_of(static_cast<phase>(i))}] = disturbances_[i];
  add_table(text, "disturbances", disturbed);
  text << std::fixed << std::setprecision(0) << "\n\nseed " << wanted_.seed << ": " << sum.jobs
       << " jobs in " << seconds << " s (" << static_cast<double>(sum.jobs) / seconds << "/s), "
       << rounds_ << " rounds, " << foreign_ << " foreign children, at most "
       << (most_resident_ >> 20) << " MiB between rounds, " << sum.failures << " failures";
  if (sum.failures != 0) text << hint();
  say(text.str());
  return sum.failures == 0;
}

}  // namespace soak
