// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Allocations of a farm and of a host fail, one after the other, while a server has their jobs.
// Each handler is still called exactly once, unless the initiating function throws; nothing leaves
// the event loop; no job is lost and no parcel stays held; farm and host go on.

#include "farm/host_fixture.hpp"
#include "support/fail_allocations.hpp"

#include <isolatte.hpp>
#include <isolatte/nats.hpp>

#include <boost/asio.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdlib>
#include <deque>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace allocations_test {

using namespace host_fixture;
using boost::system::error_code;
using isolatte::test::fail_allocations;
namespace errc = boost::system::errc;

/// Lets results that were lost with their connection come again soon.
constexpr auto lease = 3s;

std::string long_text(int n) { return std::string(100, static_cast<char>('a' + n % 26)); }
int throw_text() { throw std::runtime_error{long_text(1)}; }
int crash() { return ::raise(SIGSEGV); }
int twice_of_text(std::string text) { return 2 * static_cast<int>(text.size()); }

/// An operation, which may be refused by std::bad_alloc.
struct operation {
  bool is_refused = false;
  int completions = 0;
  error_code ec{};
  ending how = ending::not_started;
  bool is_expected = false;

  /// Whether nothing more is to come.
  bool is_over() const noexcept { return is_refused || completions != 0; }
};

/// One run under injection. While allocations fail, nothing but the library allocates.
struct attempt {
  asio::io_context& context;
  const char* wrong = nullptr;

  template <class Start>
  void initiate(operation& of, Start start) {
    try {
      start();
    } catch (const std::bad_alloc&) {
      of.is_refused = true;
    } catch (const boost::system::system_error& error) {
      of.is_refused = true;
      if (error.code() != errc::not_enough_memory) wrong = "refused for another reason";
    }
  }
  template <class R, class Judge>
  auto handler(operation& of, Judge judge) {
    return [&of, judge](error_code ec, outcome<R> what) {
      ++of.completions;
      of.ec = ec;
      of.how = what.how();
      of.is_expected = judge(what);
    };
  }
  template <class Condition>
  void until(Condition condition) {
    auto const deadline = std::chrono::steady_clock::now() + 100s;
    asio::executor_work_guard<asio::io_context::executor_type> const work{context.get_executor()};
    if (context.stopped()) context.restart();
    try {
      while (!wrong && !condition()) {
        context.run_one_for(10ms);
        if (std::chrono::steady_clock::now() > deadline) wrong = "hangs";
      }
    } catch (const std::bad_alloc&) {
      wrong = "std::bad_alloc left the event loop";
    } catch (...) {
      wrong = "an exception left the event loop";
    }
  }
};

constexpr std::size_t operations = 8;

/// Everything that a farm can be asked for.
struct requests {
  operation all[operations];
  operation served, again, last;
  asio::cancellation_signal stop;

  void start(attempt& in, farm& jobs) {
    auto const is = [](int expected) {
      return [expected](const outcome<int>& what) { return what && *what == expected; };
    };
    auto const run = [&](std::size_t n, const auto& what, farm_job_options opts, auto judge) {
      in.initiate(all[n], [&] { jobs.async_run(what(), opts, in.handler<int>(all[n], judge)); });
    };
    run(0, [] { return call(twice, 21); }, {}, is(42));
    run(1, [] { return call(twice_of_text, long_text(2)); }, {.max_hosts = 1}, is(200));
    run(
        2, [] { return call(throw_text); }, {},
        [](const outcome<int>& what) { return what.how() == ending::threw; });
    run(
        3, [] { return call(crash); }, {},
        [](const outcome<int>& what) { return what.how() == ending::faulted; });
    in.initiate(all[4], [&] {
      jobs.async_run(call(long_text, 3), {},
                     in.handler<std::string>(all[4], [](const outcome<std::string>& what) {
                       return what && what->size() == 100;
                     }));
    });
    in.initiate(all[5], [&] {
      jobs.async_run(call(twice, 4), {},
                     asio::bind_cancellation_slot(
                         stop.slot(), in.handler<int>(all[5], [](const outcome<int>& what) {
                           return what.how() == ending::not_started ||
                                  what.how() == ending::cancelled || what.how() == ending::returned;
                         })));
    });
    stop.emit(asio::cancellation_type::terminal);
    in.initiate(all[6], [&] {
      jobs.async_stats([this](error_code ec, const isolatte::nats::farm_stats&) {
        ++all[6].completions;
        all[6].is_expected = !ec || ec == isolatte::error::no_server;
        all[6].ec = ec;
      });
    });
    in.initiate(all[7], [&] {
      jobs.async_drain([this](error_code ec) {
        ++all[7].completions;
        all[7].is_expected = !ec;
        all[7].ec = ec;
      });
    });
  }
  bool are_over() const {
    for (auto const& each : all)
      if (!each.is_over()) return false;
    return true;
  }
  void check(bool injected) const {
    for (auto const& each : all) {
      BOOST_TEST_CONTEXT("operation " << &each - all << " -> " << each.how << ", "
                                      << each.ec.message()) {
        BOOST_TEST(each.completions == (each.is_refused ? 0 : 1));
        BOOST_TEST((injected || !each.is_refused));
        bool const is_short = each.ec == errc::not_enough_memory || each.how == ending::undelivered;
        // The second job may run once, whatever becomes of its host's word.
        bool const is_lost = &each == &all[1] && each.how == ending::lost;
        // The sixth one is cancelled. If its host has forgotten it, or if the hosts have passed its
        // place on the server just when the message was deleted, nothing tells whether it has run.
        bool const is_lost_too = &each == &all[5] && each.how == ending::lost;
        BOOST_TEST((each.is_refused || each.is_expected || is_lost_too ||
                    (injected && (is_short || is_lost))));
      }
    }
  }
};

void check_that_it_works(attempt& in, farm& jobs, operation& last) {
  in.initiate(last, [&] {
    jobs.async_run(call(twice, 5), {}, in.handler<int>(last, [](const outcome<int>& what) {
      return what && *what == 10;
    }));
  });
  in.until([&] { return last.is_over(); });
  BOOST_TEST(last.completions == 1);
  BOOST_TEST(last.is_expected, last.ec.message() << " " << last.how);
}

/// A run in which an allocation fails may wait for what comes again by itself, so only some fail
/// unless this variable is set.
constexpr char all_variable[] = "ISOLATTE_TEST_EVERY_ALLOCATION";

/// Fails one allocation after the other, until a run makes fewer.
/// @param stride so many are made from one to the next
/// @param once does a run
template <class Run>
void fail_some(unsigned count, unsigned stride, Run once) {
  // The first use of some things allocates what is kept.
  once(0, 0);
  once(0, 0);
  unsigned const all = fail_allocations::calls();
  BOOST_TEST_MESSAGE(all << " allocations");
  if (std::getenv(all_variable) != nullptr) stride = 1;
  // Runs differ by a few allocations, since some are made by other threads.
  unsigned failed = 0;
  for (unsigned nth = 1; nth < all; nth += stride) failed += once(nth, count) ? 1U : 0U;
  BOOST_TEST(failed > all / (2 * stride));
}

BOOST_AUTO_TEST_SUITE(allocations, *boost::unit_test::precondition(has_nats_server))

/// Handlers of a run that has failed may be called after it.
struct runs : attempts_end {
  std::deque<requests> all;
};

struct submitting : runs {
  nats_server server;
  host_process::process host{host_case, server.url(), lease, 2};
  asio::io_context context;

  /// @return whether an allocation was made to fail
  bool run(unsigned nth, unsigned count) {
    attempt in{context};
    auto& asked = all.emplace_back();
    auto const options = host_process::farm_at(server.url(), lease);
    std::optional<farm> jobs;
    operation made;
    fail_allocations::plan(nth, count);
    fail_allocations::arm();
    in.initiate(made, [&] { jobs.emplace(context, options); });
    if (jobs) {
      asked.start(in, *jobs);
      in.until([&] { return asked.are_over(); });
    }
    fail_allocations::disarm();
    bool const injected = fail_allocations::injected();
    BOOST_TEST_CONTEXT("allocation " << nth << " fails") {
      BOOST_TEST(!in.wrong, (in.wrong ? in.wrong : ""));
      BOOST_TEST((jobs || injected));
      if (jobs) {
        asked.check(injected);
        check_that_it_works(in, *jobs, asked.last);
      }
      jobs.reset();
      context.restart();
      context.run();
    }
    BOOST_TEST_REQUIRE(!in.wrong);
    return injected;
  }
};

BOOST_FIXTURE_TEST_CASE(of_a_farm_fail, submitting) {
  fail_some(1, 61, [this](unsigned nth, unsigned many) { return run(nth, many); });
  fail_some(5, 151, [this](unsigned nth, unsigned many) { return run(nth, many); });
}

struct serving : runs {
  nats_server server;
  asio::io_context context;
  isolatte::worker_pool pool{context, {.workers = 2}};
  std::optional<farm> jobs{std::in_place, context, host_process::farm_at(server.url(), lease)};

  ~serving() {
    jobs.reset();
    pool.stop();
    if (context.stopped()) context.restart();
    context.run();
  }
  /// @return whether an allocation was made to fail
  bool run(unsigned nth, unsigned count) {
    attempt in{context};
    auto& asked = all.emplace_back();
    auto const options = host_process::farm_at(server.url(), lease);
    std::optional<farm_host> host;
    asio::cancellation_signal stop;
    operation made;
    auto& served = asked.served;
    fail_allocations::plan(nth, count);
    fail_allocations::arm();
    in.initiate(made, [&] { host.emplace(pool, options); });
    if (host)
      in.initiate(served, [&] {
        host->async_serve(asio::bind_cancellation_slot(stop.slot(), [&served](error_code ec) {
          ++served.completions;
          served.ec = ec;
        }));
      });
    bool const serves = host && !served.is_refused;
    if (serves) {
      asked.start(in, *jobs);
      in.until([&] { return asked.are_over(); });
      stop.emit(asio::cancellation_type::total);
      // All parcels are acknowledged by then.
      in.until([&] { return served.is_over(); });
    }
    fail_allocations::disarm();
    bool const injected = fail_allocations::injected();
    BOOST_TEST_CONTEXT("allocation " << nth << " fails") {
      BOOST_TEST(!in.wrong, (in.wrong ? in.wrong : ""));
      BOOST_TEST((serves || injected));
      if (serves) {
        asked.check(injected);
        BOOST_TEST(served.completions == 1);
        BOOST_TEST((served.ec == asio::error::operation_aborted), served.ec.message());
        auto& again = asked.again;
        host->async_serve([&again](error_code) { ++again.completions; });
        check_that_it_works(in, *jobs, asked.last);
        host.reset();
        in.until([&] { return again.is_over(); });
      }
    }
    BOOST_TEST_REQUIRE(!in.wrong);
    return injected;
  }
};

BOOST_FIXTURE_TEST_CASE(of_a_host_fail, serving) {
  fail_some(1, 61, [this](unsigned nth, unsigned many) { return run(nth, many); });
  fail_some(5, 151, [this](unsigned nth, unsigned many) { return run(nth, many); });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace allocations_test
