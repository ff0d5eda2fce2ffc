// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "report.hpp"

#include "output.hpp"
#include "support/sanitizers.hpp"

#include <algorithm>
#include <cstdlib>
#include <iomanip>
#include <sstream>

#include <unistd.h>

namespace soak {

namespace {

using namespace std::chrono_literals;

/// A job that has not completed by then never will, however busy the machine is.
constexpr auto patience = isolatte::test::malloc_refuses ? 240s : 480s;

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

report::report(const ledger& book, const settings& wanted) : book_{book}, wanted_{wanted} {
  std::ostringstream text;
  text << "seed " << wanted.seed << ", " << wanted.time.count() << " s, " << wanted.threads
       << " threads, " << wanted.in_flight << " jobs at once, rounds of " << wanted.round;
  say(text.str());
}

void report::begin_round(const round_plan& what) { round_ = what; }

void report::end_round(std::size_t resident, std::size_t allocated) {
  ++rounds_;
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

void report::give_up() {
  std::ostringstream text;
  text << "FAILED: jobs do not complete; seed " << wanted_.seed;
  for (auto const& each : book_.outstanding()) text << "\n  " << each;
  text << "\nrepeat one with: tools/soak --seed " << wanted_.seed << " --only I";
  say(text.str());
  conclude();
  // Threads wait for the jobs.
  ::_exit(3);
}

bool report::conclude() {
  auto const sum = book_.sum();
  double const seconds = seconds_of(ledger::clock::now() - start_);
  std::ostringstream text;
  add_table(text, "endings", sum.endings);
  add_table(text, "launchers", sum.launchers);
  add_table(text, "surroundings", sum.phases);
  text << std::fixed << std::setprecision(0) << "\n\nseed " << wanted_.seed << ": " << sum.jobs
       << " jobs in " << seconds << " s (" << static_cast<double>(sum.jobs) / seconds << "/s), "
       << rounds_ << " rounds, " << foreign_ << " foreign children, at most "
       << (most_resident_ >> 20) << " MiB between rounds, " << sum.failures << " failures";
  if (sum.failures != 0)
    text << "\nrepeat a job with: tools/soak --seed " << wanted_.seed << " --round "
         << wanted_.round << " --only I";
  say(text.str());
  return sum.failures == 0;
}

}  // namespace soak
