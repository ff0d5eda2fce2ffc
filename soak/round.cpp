// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "round.hpp"

#include "allocations.hpp"
#include "foreign.hpp"
#include "hunter.hpp"
#include "job.hpp"
#include "output.hpp"
#include "processes.hpp"
#include "support/fail_calls.hpp"
#include "world.hpp"

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <sstream>

#include <sys/resource.h>

namespace soak {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr unsigned one_call_in = 3000;
constexpr unsigned one_allocation_in = 2000;
/// The number of descriptors that the program may open besides those it has.
constexpr rlim_t few_descriptors = 30;

/// Limits the descriptors of the program as long as it lives.
class descriptor_limit {
 public:
  explicit descriptor_limit(rlim_t more) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit now = before_;
    now.rlim_cur = open_descriptors().size() + more;
    ::setrlimit(RLIMIT_NOFILE, &now);
  }
  ~descriptor_limit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  descriptor_limit(const descriptor_limit&) = delete;
  descriptor_limit& operator=(const descriptor_limit&) = delete;

 private:
  rlimit before_{};
};

/// Begins the jobs of a round, one whenever another is over.
class feeder : public std::enable_shared_from_this<feeder> {
 public:
  feeder(world& in, const round_plan& what, const settings& wanted, const abilities& can,
         ledger::clock::time_point until)
      : in_{in}, what_{what}, wanted_{wanted}, can_{can}, until_{until}, next_{what.first} {}

  void begin() {
    for (std::size_t i = 0; i != wanted_.in_flight; ++i) begin_next();
  }

 private:
  void begin_next() {
    std::uint64_t const index = next_++;
    if (index >= what_.end || ledger::clock::now() >= until_) return;
    auto const made = std::make_shared<job>(in_, make_plan(wanted_.seed, index, what_.during, can_),
                                            [self = shared_from_this()] { self->begin_next(); });
    if (wanted_.verbose) {
      std::ostringstream text;
      text << made->what;
      say(text.str());
    }
    asio::post(made->executor, [made] { launch(made); });
  }

  world& in_;
  round_plan const what_;
  settings const wanted_;
  abilities const can_;
  ledger::clock::time_point const until_;
  std::atomic<std::uint64_t> next_;
};

}  // namespace

std::uint64_t run_round(const round_plan& what, ledger& book, const settings& wanted,
                        const abilities& can, const std::filesystem::path& scratch,
                        ledger::clock::time_point until, const std::function<void()>& watch) {
  using isolatte::test::fail_calls;
  using isolatte::test::failure;
  std::optional<fail_calls> failing;
  if (what.during == phase::failing_calls)
    failing.emplace(failure{.how = failure::mode::at_random, .nth = one_call_in});
  std::optional<world> made_world;
  // A server or a pool cannot be made if one of its calls fails.
  while (!made_world) try {
      made_world.emplace(book, wanted, what.during, can, scratch);
    } catch (const boost::system::system_error&) {
      if (what.during != phase::failing_calls) throw;
    }
  world& here = *made_world;
  std::optional<descriptor_limit> limit;
  if (what.during == phase::few_descriptors) limit.emplace(few_descriptors);
  if (what.during == phase::failing_allocations) let_allocations_fail(one_allocation_in);
  here.run();
  std::uint64_t made = 0;
  {
    foreign others{book, wanted.seed + what.number};
    std::optional<hunter> hunts;
    if (what.during == phase::hunted) hunts.emplace(others, wanted.seed + what.number);
    asio::post(here.context(), [feeds = std::make_shared<feeder>(here, what, wanted, can, until)] {
      allocations_hold const hold;
      feeds->begin();
    });
    bool const is_left_alone = what.during != phase::abandoned;
    while (book.sum().in_flight == 0 && ledger::clock::now() < until)
      static_cast<void>(book.wait_until_idle(ledger::clock::now() + 1ms));
    auto const abandons_at = ledger::clock::now() + 2s;
    while (!book.wait_until_idle(ledger::clock::now() + 100ms)) {
      watch();
      if (!is_left_alone && ledger::clock::now() >= abandons_at) break;
    }
    made = others.count();
  }
  if (what.during == phase::abandoned)
    here.abandon();
  else
    here.finish();
  let_allocations_fail(0);
  return made;
}

}  // namespace soak
