// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool_world.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <optional>
#include <random>
#include <vector>

// Jobs that go to no worker that has another. The world checks that they do not.

namespace pool_ahead_test {

using namespace pool_world;

job& submit_apart(world& w) { return w.wish({.is_never_ahead = true}); }

BOOST_AUTO_TEST_SUITE(pool_ahead)

BOOST_AUTO_TEST_CASE(a_job_that_is_never_ahead_waits_until_a_worker_has_none) {
  pool w{{.workers = 1}};
  job& first = w.submit();
  job& apart = submit_apart(w);
  job& behind = w.submit();
  BOOST_TEST(w.only().jobs().size() == 1u);
  w.do_one(w.only());
  BOOST_TEST(first.became == fate::replied);
  BOOST_TEST(w.only().first() == &apart);
  // A job that comes after it may be ahead.
  BOOST_TEST(behind.worker() == &w.only());
  w.do_one(w.only());
  w.do_one(w.only());
  BOOST_TEST(apart.became == fate::replied);
  BOOST_TEST(behind.became == fate::replied);
}

BOOST_AUTO_TEST_CASE(an_errand_that_is_never_ahead_waits_and_keeps_its_place) {
  pool w{{.workers = 1}};
  job& first = w.submit();
  job& apart = w.errand(w.only(), {}, 0s, {.is_never_ahead = true});
  job& behind = w.errand(w.only());
  BOOST_TEST(w.only().jobs().size() == 1u);
  w.do_one(w.only());
  BOOST_TEST(first.became == fate::replied);
  BOOST_TEST(w.only().first() == &apart);
  w.do_one(w.only());
  BOOST_TEST(apart.became == fate::replied);
  BOOST_TEST(behind.became == fate::waiting);
  w.do_one(w.only());
  BOOST_TEST(behind.became == fate::replied);
}

BOOST_AUTO_TEST_CASE(a_job_that_is_never_ahead_goes_to_any_worker_without_jobs) {
  pool w{{.workers = 2}};
  w.submit();
  job& apart = submit_apart(w);
  BOOST_REQUIRE(apart.worker() != nullptr);
  job& other = submit_apart(w);
  BOOST_TEST(other.worker() == nullptr);
  w.do_one(static_cast<worker&>(*apart.worker()));
  BOOST_TEST(other.worker() != nullptr);
}

BOOST_AUTO_TEST_CASE(walks_run_every_job) {
  std::mt19937 random{815};
  auto const dice = [&](int sides) {
    return std::uniform_int_distribution<int>{0, sides - 1}(random);
  };
  for (int walk = 0; walk != 500; ++walk) {
    pool w{{.workers = static_cast<std::size_t>(1 + dice(3)),
            .max_jobs_per_worker = dice(4) == 0 ? 1u : 0u}};
    std::vector<job*> all;
    for (int step = 0; step != 60; ++step) {
      auto const workers = w.all();
      auto* const any =
          workers.empty() ? nullptr : workers[static_cast<std::size_t>(dice(int(workers.size())))];
      switch (dice(6)) {
        case 0:
        case 1:
          all.push_back(&w.wish(
              {.rank = {.priority = dice(8) == 0 ? 1 : 0}, .is_never_ahead = dice(2) == 0}));
          break;
        case 2:
          if (any && any->ready() && any->stays())
            all.push_back(&w.errand(*any, {}, 0s, {.is_never_ahead = dice(2) == 0}));
          break;
        case 3:
          if (any) w.do_one(*any);
          break;
        case 4: w.all_ready(); break;
        case 5: w.obey(); break;
      }
    }
    for (int i = 0; i != 200 && !w.machine.idle(); ++i) {
      w.all_ready();
      for (auto* const who : w.all()) w.do_one(*who);
      w.obey();
    }
    for (auto* const each : all)
      expect(each->became == fate::replied || each->became == fate::worker_gone,
             "every job is done");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_ahead_test
