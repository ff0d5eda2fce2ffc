// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool_world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

namespace pool_wear_test {

using namespace pool_world;

BOOST_AUTO_TEST_SUITE(pool_wear)

// Age

BOOST_AUTO_TEST_CASE(a_worker_that_is_old_is_replaced) {
  pool w{{.workers = 1, .recycle = {.age = 1h}}};
  worker& old = w.only();
  BOOST_TEST((w.machine.wakeup() == w.now + 1h));
  w.pass(1h - 1ns);
  BOOST_TEST(w.machine.workers() == 1u);
  BOOST_TEST((old.retires_for() == retire_cause::none));
  w.pass(1ns);
  BOOST_TEST((old.retires_for() == retire_cause::age));
  BOOST_TEST(w.machine.workers() == 2u);
  // The old one takes jobs until then.
  BOOST_TEST(w.submit().worker() == &old);
  BOOST_TEST(!old.told_to_retire);
  w.do_one(old);
  w.all_ready();
  BOOST_TEST(old.told_to_retire);
  w.obey();
  w.pass(1min);
  BOOST_TEST((w.machine.wakeup() == w.now + 59min));
  BOOST_TEST(w.machine.restarts() == 1u);
}

BOOST_AUTO_TEST_CASE(each_worker_is_as_old_as_it_is) {
  world w{{.workers = 2, .recycle = {.age = 1h}}};
  worker& first = w.nth(0);
  worker& second = w.nth(1);
  w.ready(first);
  w.pass(10min);
  w.ready(second);
  BOOST_TEST((w.machine.wakeup() == w.now + 50min));
  w.pass(50min);
  BOOST_TEST((first.retires_for() == retire_cause::age));
  BOOST_TEST((second.retires_for() == retire_cause::none));
  BOOST_TEST((w.machine.wakeup() == w.now + 10min));
  w.pass(10min);
  BOOST_TEST((second.retires_for() == retire_cause::age));
  w.pass(1h);
  BOOST_TEST(w.machine.workers() == 3u);
}

BOOST_AUTO_TEST_CASE(the_age_counts_from_when_a_worker_was_ready) {
  world w{{.workers = 1, .recycle = {.age = 1h}}};
  w.now += 5min;
  w.ready(w.only());
  BOOST_TEST((w.machine.wakeup() == w.now + 1h));
}

BOOST_AUTO_TEST_CASE(each_worker_has_another_life_if_there_is_a_jitter) {
  pool_policy const policy{.workers = 3, .recycle = {.age = 1h, .jitter = 0.5}, .seed = 7};
  world w{policy};
  moment first = moment::max();
  for (std::uint64_t number = 0; number != 3; ++number) {
    w.ready(w.nth(number));
    first = std::min(first, w.now + longest_life(policy, number));
    BOOST_TEST((w.machine.wakeup() == first));
  }
  std::vector<moment> ends;
  for (std::uint64_t number = 0; number != 3; ++number)
    ends.push_back(w.now + longest_life(policy, number));
  for (std::size_t i = 0; i != 3; ++i) {
    auto const end = *std::min_element(ends.begin(), ends.end());
    if (end > w.now) w.pass(end - w.now);
    auto const which = static_cast<std::size_t>(
        std::distance(ends.begin(), std::min_element(ends.begin(), ends.end())));
    BOOST_TEST((w.nth(which).retires_for() == retire_cause::age));
    ends[which] = moment::max();
  }
}

// Memory

BOOST_AUTO_TEST_CASE(a_worker_may_have_as_much_memory_as_the_limit) {
  pool w{{.workers = 1, .max_worker_memory = 100}};
  for (auto const own : {100u, 101u}) {
    w.nth(0).memory = {.own = own};
    w.submit();
    w.do_one(w.nth(0));
    BOOST_TEST(
        (w.nth(0).retires_for() == (own > 100 ? retire_cause::max_memory : retire_cause::none)));
  }
}

BOOST_AUTO_TEST_CASE(a_worker_may_grow_by_the_limit) {
  pool w{{.workers = 1, .recycle = {.memory_growth = 100}}};
  worker& one = w.nth(0);
  struct {
    worker_memory memory;
    bool is_too_much;
  } const cases[] = {{{.own = 0, .at_start = 50}, false},
                     {{.own = 50, .at_start = 50}, false},
                     {{.own = 150, .at_start = 50}, false},
                     {{.own = 151, .at_start = 50}, true}};
  for (auto const& [memory, is_too_much] : cases) {
    one.memory = memory;
    w.submit();
    w.do_one(one);
    BOOST_TEST(
        (one.retires_for() == (is_too_much ? retire_cause::memory_growth : retire_cause::none)));
  }
}

BOOST_AUTO_TEST_CASE(without_a_limit_memory_does_not_matter) {
  pool w{{.workers = 1}};
  w.only().memory = {.own = std::uint64_t{1} << 60, .at_start = 1};
  w.submit();
  w.do_one(w.only());
  BOOST_TEST(w.only().stays());
  BOOST_TEST(w.machine.workers() == 1u);
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_to_be_replaced_keeps_its_first_cause) {
  pool w{{.workers = 1, .max_worker_memory = 100, .recycle = {.memory_growth = 10}}};
  worker& one = w.only();
  one.memory = {.own = 50, .at_start = 10};
  w.submit();
  w.do_one(one);
  BOOST_TEST((one.retires_for() == retire_cause::memory_growth));
  one.memory = {.own = 150, .at_start = 10};
  w.submit();
  w.do_one(one);
  BOOST_TEST((one.retires_for() == retire_cause::memory_growth));
  BOOST_TEST(w.machine.workers() == 2u);
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_to_leave_is_not_replaced_as_well) {
  pool w{{.workers = 1, .max_worker_memory = 100}};
  worker& one = w.nth(0);
  w.submit();
  w.begin(one);
  w.retire(one);
  one.memory = {.own = 101};
  w.do_one(one);
  BOOST_TEST((one.retires_for() == retire_cause::asked));
  BOOST_TEST(one.told_to_retire);
  w.obey();
  w.all_ready();
  BOOST_TEST(w.machine.workers() == 1u);
  BOOST_TEST(w.machine.restarts() == 1u);
}

BOOST_AUTO_TEST_CASE(a_worker_asked_to_leave_twice_leaves_once) {
  pool w{{.workers = 1}};
  worker& one = w.nth(0);
  w.submit();
  w.begin(one);
  w.retire(one);
  w.machine.wear_out(one, retire_cause::unhealthy);
  w.hear(one);
  BOOST_TEST((one.retires_for() == retire_cause::asked));
  w.do_one(one);
  w.machine.wear_out(one, retire_cause::unhealthy);
  w.hear(one);
  BOOST_TEST((one.retires_for() == retire_cause::asked));
  w.obey();
  w.all_ready();
  BOOST_TEST(w.machine.workers() == 1u);
  BOOST_TEST(w.machine.restarts() == 1u);
  BOOST_TEST(w.submit().worker() == &w.only());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_wear_test
