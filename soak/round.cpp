// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "round.hpp"

#include "foreign.hpp"
#include "incidents.hpp"
#include "job.hpp"
#include "output.hpp"
#include "surroundings.hpp"
#include "world.hpp"

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <sstream>

namespace soak {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Begins the jobs of a round, one whenever another is over.
class feeder : public std::enable_shared_from_this<feeder> {
 public:
  feeder(world& where, const round_plan& what, const run& in)
      : where_{where}, what_{what}, in_{in}, next_{what.first} {}

  void begin() {
    for (std::size_t i = 0; i != in_.wanted.in_flight; ++i) begin_next();
  }

 private:
  void begin_next() {
    std::uint64_t const index = next_++;
    if (index >= what_.end || ledger::clock::now() >= in_.until) return;
    auto const made =
        std::make_shared<job>(where_, make_plan(in_.wanted.seed, index, what_.during, in_.can),
                              [self = shared_from_this()] { self->begin_next(); });
    if (in_.wanted.verbose) {
      std::ostringstream text;
      text << made->what;
      say(text.str());
    }
    asio::post(made->executor, [made] { launch(made); });
  }

  world& where_;
  round_plan const what_;
  const run& in_;
  std::atomic<std::uint64_t> next_;
};

/// Makes what launches jobs, although servers and pools cannot be made if one of their calls fails.
void make_world(std::optional<world>& made, const round_plan& what, const run& in,
                incidents& seen) {
  while (!made) try {
      made.emplace(in.book, in.wanted, what.during, in.can, in.scratch, seen);
    } catch (const boost::system::system_error&) {
      if (what.during != phase::failing_calls && what.during != phase::few_processes) throw;
    }
}

/// Waits for the jobs: for all, or for half of them if the rest is to be abandoned.
void wait_for_jobs(const round_plan& what, const run& in, std::uint64_t jobs_before) {
  bool const is_left_alone = what.during != phase::abandoned;
  std::uint64_t const half = jobs_before + (what.end - what.first) / 2;
  while (!in.book.wait_until_idle(ledger::clock::now() + (is_left_alone ? 100ms : 1ms))) {
    in.watch();
    if (is_left_alone) continue;
    if (in.book.jobs() >= half || ledger::clock::now() >= in.until) return;
  }
}

/// Ends the round.
/// @return how many jobs were abandoned
std::uint64_t end_round(const round_plan& what, const run& in, world& where) {
  if (what.during != phase::abandoned) {
    where.finish();
    return 0;
  }
  where.abandon();
  return in.book.sum().in_flight;
}

}  // namespace

round_counts run_round(const round_plan& what, const run& in, incidents& seen) {
  std::uint64_t const seed = numbers{in.wanted.seed, 6, what.number}.next();
  std::uint64_t const jobs_before = in.book.jobs();
  surroundings around{what.during, seed, seen};
  std::optional<world> where;
  make_world(where, what, in, seen);
  where->run();
  round_counts counts;
  {
    foreign others{in.book, seen, seed};
    around.tighten(others);
    std::make_shared<feeder>(*where, what, in)->begin();
    wait_for_jobs(what, in, jobs_before);
    around.relax();
    counts.foreign = others.count();
  }
  std::uint64_t const abandoned = end_round(what, in, *where);
  counts.disturbances = around.count() + abandoned;
  // Jobs that run are destroyed.
  where.reset();
  return counts;
}

}  // namespace soak
