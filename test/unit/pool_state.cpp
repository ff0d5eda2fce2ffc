// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool_world.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <random>
#include <vector>

// Jobs that are meant for the state of the worker that there is when they come. The world checks
// with each job that is given that its worker is that one.

namespace pool_state_test {

using namespace pool_world;

pool_policy bound(bound_state how) {
  return {.workers = 1, .startup = {.give_up_after = 1}, .state = how};
}

/// A worker whose first job runs, and two more that wait: one at the worker, if that is sent jobs
/// ahead.
struct busy_pool : pool {
  explicit busy_pool(bound_state how, const job_wishes& wishes = {})
      : pool{bound(how)},
        first{only()},
        running{submit({}, 5s, wishes)},
        ahead{submit()},
        behind{submit()} {
    begin(first);
  }

  worker& first;
  job& running;
  job& ahead;
  job& behind;
};

void expect_lost(const job& what) {
  BOOST_TEST(what.became == fate::state_lost);
  BOOST_TEST(what.begun == 0);
}

/// The state is lost; what comes now is for the next one.
void expect_another(world& w, bound_state how) {
  if (how == bound_state::stays_lost) {
    BOOST_TEST(w.machine.stays_lost());
    expect_lost(w.submit());
    w.restart();
  }
  BOOST_TEST(!w.machine.stays_lost());
  job& later = w.submit();
  BOOST_TEST(later.became == fate::waiting);
  w.all_ready();
  BOOST_REQUIRE(w.able() == 1u);
  for (auto* const who : w.all())
    if (who->stays()) w.do_one(*who);
  BOOST_TEST(later.became == fate::replied);
}

constexpr bound_state both[] = {bound_state::restarts, bound_state::stays_lost};

BOOST_AUTO_TEST_SUITE(pool_state)

BOOST_AUTO_TEST_CASE(jobs_that_wait_are_lost_with_the_worker) {
  for (auto const how : both) {
    busy_pool w{how};
    w.die(w.first);
    BOOST_TEST(w.running.became == fate::ran);
    expect_lost(w.ahead);
    expect_lost(w.behind);
    expect_another(w, how);
  }
}

BOOST_AUTO_TEST_CASE(a_job_that_was_not_begun_is_lost_with_the_worker) {
  for (auto const how : both) {
    pool w{bound(how)};
    job& sent = w.submit();
    w.die(w.only());
    expect_lost(sent);
    expect_another(w, how);
  }
}

BOOST_AUTO_TEST_CASE(a_state_is_lost_while_nothing_runs) {
  for (auto const how : both) {
    pool w{bound(how)};
    w.do_one((w.submit(), w.only()));
    w.die(w.only());
    expect_another(w, how);
  }
}

BOOST_AUTO_TEST_CASE(what_comes_while_the_worker_is_being_ended_is_for_the_next_one) {
  for (auto const how : both) {
    busy_pool w{how};
    w.cancel(w.running, cancel_kind::request_exit);
    BOOST_REQUIRE(w.first.signalled.has_value());
    expect_lost(w.behind);
    expect_another(w, how);
    // The worker takes its time.
    BOOST_TEST(w.running.became == fate::waiting);
    w.die(w.first);
    BOOST_TEST(w.running.became == fate::ran);
    expect_lost(w.ahead);
    BOOST_TEST(w.able() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_job_that_obeys_keeps_the_state) {
  for (auto const how : both) {
    busy_pool w{how, {.listens = true}};
    w.cancel(w.running, cancel_kind::request_exit);
    BOOST_TEST(w.running.asked == 1);
    for (int i = 0; i != 3; ++i) w.do_one(w.first);
    BOOST_TEST(w.running.became == fate::replied);
    BOOST_TEST(w.ahead.became == fate::replied);
    BOOST_TEST(w.behind.became == fate::replied);
    BOOST_TEST(!w.machine.stays_lost());
  }
}

BOOST_AUTO_TEST_CASE(a_worker_that_takes_no_more_jobs_takes_the_state_along) {
  for (auto const how : both) {
    busy_pool w{how};
    w.retire(w.first);
    expect_lost(w.ahead);
    expect_lost(w.behind);
    job& late = w.submit();
    w.do_one(w.first);
    BOOST_TEST(w.running.became == fate::replied);
    w.obey();
    if (how == bound_state::stays_lost) {
      expect_lost(late);
    } else {
      BOOST_TEST(late.became == fate::waiting);
      w.all_ready();
      w.do_one(w.only());
      BOOST_TEST(late.became == fate::replied);
    }
    expect_another(w, how);
  }
}

BOOST_AUTO_TEST_CASE(a_worker_that_lies_takes_the_state_along) {
  for (auto const how : both) {
    busy_pool w{how};
    w.lie(w.first);
    w.obey();
    BOOST_TEST(w.running.became == fate::ran);
    expect_lost(w.ahead);
    expect_lost(w.behind);
    expect_another(w, how);
  }
}

BOOST_AUTO_TEST_CASE(a_worker_that_begins_nothing_takes_the_state_along) {
  for (auto const how : both) {
    pool w{bound(how)};
    w.only().frozen = true;
    job& first = w.submit();
    job& second = w.submit();
    for (int i = 0; i != 300 && first.became == fate::waiting; ++i) w.pass(20ms);
    w.obey();
    expect_lost(first);
    expect_lost(second);
    expect_another(w, how);
  }
}

BOOST_AUTO_TEST_CASE(a_worker_that_leaves_its_jobs_takes_the_state_along) {
  for (auto const how : both) {
    pool w{bound(how)};
    job& first = w.submit();
    w.leave(w.only());
    w.obey();
    expect_lost(first);
    expect_another(w, how);
  }
}

BOOST_AUTO_TEST_CASE(what_waits_for_room_is_lost_too) {
  auto policy = bound(bound_state::restarts);
  policy.max_queued = 1;
  pool w{policy};
  w.submit();
  w.begin(w.only());
  job& outside = w.wish({.waits_for_room = true});
  job& also = w.wish({.waits_for_room = true});
  w.die(w.only());
  expect_lost(outside);
  expect_lost(also);
}

// A state that has not been made

BOOST_AUTO_TEST_CASE(jobs_wait_for_a_state_that_is_being_made) {
  for (auto const how : both) {
    world w{bound(how)};
    job& early = w.submit();
    w.ready(w.only());
    w.do_one(w.only());
    BOOST_TEST(early.became == fate::replied);
  }
}

BOOST_AUTO_TEST_CASE(jobs_give_up_with_a_state_that_cannot_be_made) {
  for (auto const how : both) {
    world w{bound(how)};
    job& early = w.submit();
    w.fail(w.only());
    BOOST_TEST(early.became == fate::gave_up);
    BOOST_TEST(w.machine.has_given_up());
    BOOST_TEST(!w.machine.stays_lost());
    job& next = w.submit();
    if (how == bound_state::stays_lost) {
      BOOST_TEST(next.became == fate::gave_up);
      w.restart();
    } else {
      BOOST_TEST(next.became == fate::waiting);
    }
    BOOST_TEST(!w.machine.has_given_up());
    w.fail(w.only());
    if (how == bound_state::restarts) BOOST_TEST(next.became == fate::gave_up);
    BOOST_TEST(w.machine.has_given_up());
    w.restart();
    job& last = w.submit();
    w.ready(w.only());
    w.do_one(w.only());
    BOOST_TEST(last.became == fate::replied);
  }
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_refused_for_long_ends_the_jobs_that_wait) {
  for (auto const how : both) {
    world w{{.workers = 1, .startup = {.give_up_after = 1}, .state = how}};
    w.ready(w.only());
    w.refusals = 1000;
    w.die(w.only());
    if (how == bound_state::stays_lost) w.restart();
    job& waits = w.submit();
    for (int i = 0; i != 100 && waits.became == fate::waiting; ++i) w.pass(1s);
    BOOST_TEST((waits.became == fate::no_worker || waits.became == fate::gave_up));
    w.refusals = 0;
    w.restart();
    job& last = w.submit();
    for (int i = 0; i != 100 && w.workers.empty(); ++i) w.pass(1s);
    w.all_ready();
    w.do_one(w.only());
    BOOST_TEST(last.became == fate::replied);
  }
}

// Another state is asked for

BOOST_AUTO_TEST_CASE(a_restart_ends_the_running_job_and_loses_those_that_wait) {
  for (auto const how : both) {
    busy_pool w{how};
    w.restart();
    BOOST_TEST((w.first.stopped_for() == stop_cause::outdated));
    expect_lost(w.behind);
    job& later = w.submit();
    w.die(w.first);
    BOOST_TEST(w.running.became == fate::ran);
    BOOST_TEST(w.running.because == stop_cause::outdated);
    expect_lost(w.ahead);
    w.all_ready();
    w.do_one(w.only());
    BOOST_TEST(later.became == fate::replied);
  }
}

BOOST_AUTO_TEST_CASE(a_restart_loses_jobs_that_wait_for_a_state_that_is_being_made) {
  for (auto const how : both) {
    world w{bound(how)};
    job& early = w.submit();
    worker& slow = w.only();
    w.restart();
    expect_lost(early);
    BOOST_TEST((slow.stopped_for() == stop_cause::outdated));
    // Its readiness is too late.
    w.ready(slow);
    expect_another(w, bound_state::restarts);
    w.obey();
    BOOST_TEST(w.able() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(restarts_one_after_the_other) {
  for (auto const how : both) {
    busy_pool w{how};
    for (int i = 0; i != 5; ++i) {
      job& between = w.submit();
      w.restart();
      expect_lost(between);
    }
    w.obey();
    expect_another(w, bound_state::restarts);
    BOOST_TEST(w.machine.workers() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_stopped_pool_is_not_restarted) {
  for (auto const how : both) {
    busy_pool w{how};
    w.stop();
    BOOST_TEST(w.behind.became == fate::pool_stopped);
    w.restart();
    w.obey();
    BOOST_TEST(w.ahead.became == fate::pool_stopped);
    BOOST_TEST(w.submit().became == fate::pool_stopped);
    BOOST_TEST(w.machine.workers() == 0u);
  }
}

BOOST_AUTO_TEST_CASE(a_copy_of_the_program_has_no_state) {
  for (auto const how : both) {
    busy_pool w{how};
    w.disown();
    for (auto const* const each : {&w.running, &w.ahead, &w.behind})
      BOOST_TEST(each->became == fate::disowned);
    BOOST_TEST(w.submit().became == fate::pool_stopped);
    w.restart();
    w.pass(1h);
    BOOST_TEST(w.machine.workers() == 0u);
  }
}

// Whatever happens

BOOST_AUTO_TEST_CASE(no_walk_gives_a_job_to_another_state) {
  std::mt19937 random{4711};
  auto const dice = [&](int sides) {
    return std::uniform_int_distribution<int>{0, sides - 1}(random);
  };
  for (int walk = 0; walk != 2000; ++walk) {
    auto policy = bound(both[dice(2)]);
    if (dice(3) == 0) policy.startup.timeout = 1s;
    if (dice(3) == 0) policy.max_queued = 3;
    if (dice(3) == 0) policy.startup.give_up_after = 3;
    world w{policy};
    std::vector<job*> all;
    for (int step = 0; step != 60; ++step) {
      auto const workers = w.all();
      auto* const any =
          workers.empty() ? nullptr : workers[static_cast<std::size_t>(dice(int(workers.size())))];
      switch (dice(16)) {
        case 0:
        case 1:
        case 2:
        case 3:
          all.push_back(
              &w.submit(dice(3) == 0 ? std::optional<std::chrono::nanoseconds>{1s} : std::nullopt,
                        dice(2) * 1s,
                        {.waits_for_room = dice(2) == 0,
                         .listens = dice(2) == 0,
                         .is_never_ahead = dice(2) == 0}));
          break;
        case 4:
          if (!all.empty())
            w.cancel(*all[static_cast<std::size_t>(dice(int(all.size())))],
                     dice(2) == 0 ? cancel_kind::terminate : cancel_kind::request_exit);
          break;
        case 5:
        case 6:
          if (any && !any->ready()) w.ready(*any);
          break;
        case 7:
        case 8:
          if (any) w.work(*any);
          break;
        case 9:
          if (any) w.hear(*any);
          break;
        case 10:
          if (any && dice(2) == 0) w.die(*any);
          break;
        case 11: w.obey(); break;
        case 12: w.pass(dice(3) * 700ms); break;
        case 13:
          if (dice(3) == 0) w.restart();
          break;
        case 14:
          if (any && any->ready() && dice(3) == 0) w.retire(*any);
          break;
        case 15:
          if (any && !any->ready() && any->stays() && dice(2) == 0)
            w.fail(*any);
          else if (any && dice(3) == 0)
            any->frozen = true;
          break;
      }
      expect(w.able() <= 1, "there is one state at most");
    }
    w.refusals = 0;
    if (dice(4) == 0) w.disown();
    w.stop();
    for (int i = 0; i != 10 && !w.workers.empty(); ++i) {
      for (auto* const who : w.all()) w.die(*who);
    }
    for (auto* const each : all) expect(each->became != fate::waiting, "every job comes to an end");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_state_test
