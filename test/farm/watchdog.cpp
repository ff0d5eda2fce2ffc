// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/watchdog.hpp"

#include "nats/system.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include <signal.h>
#include <unistd.h>

namespace watchdog_test {

using namespace std::chrono_literals;
using isolatte::nats::now;
using isolatte::test::alive;
using isolatte::test::nothing_left;
using isolatte::test::wait_until_gone;

struct world : nothing_left {
  boost::asio::io_context context;
  std::vector<isolatte::child<void>> children;
  std::shared_ptr<isolatte::nats::watchdog> dog = isolatte::nats::watchdog::make();

  world() {
    BOOST_TEST_REQUIRE(dog);
    dog->look_each(1ms);
  }
  int child() {
    children.push_back(isolatte::spawn_child(context, [] {
      for (;;) ::pause();
    }));
    return children.back().pid();
  }
};

BOOST_AUTO_TEST_SUITE(watchdog)

BOOST_FIXTURE_TEST_CASE(kills_the_workers_that_have_jobs, world) {
  int const idle = child();
  int const busy = child();
  auto const first = dog->give(idle);
  auto const second = dog->give(busy);
  BOOST_TEST_REQUIRE(first.has_value());
  BOOST_TEST_REQUIRE(second.has_value());
  BOOST_TEST(!dog->take_back(*first));
  dog->may_live_until(now() + 1h);
  BOOST_TEST(alive(busy));
  dog->may_live_until(now());
  wait_until_gone(busy);
  BOOST_TEST(alive(idle));
  BOOST_TEST(dog->take_back(*second));
  // A worker that has a job then is killed, too.
  BOOST_TEST((dog->give(idle) == first));
  wait_until_gone(idle);
  BOOST_TEST(dog->take_back(*first));
}

BOOST_FIXTURE_TEST_CASE(knows_one_worker_from_the_next, world) {
  for (int i = 0; i != 20; ++i) {
    int const one = child();
    auto const place = dog->give(one);
    BOOST_TEST_REQUIRE(place.has_value());
    BOOST_TEST(!dog->take_back(*place));
    children.clear();
    // The places of those that are gone are free.
    BOOST_TEST(*place <= 1U);
  }
}

BOOST_FIXTURE_TEST_CASE(is_made_anew_after_something_else_has_killed_it, world) {
  int const busy = child();
  BOOST_TEST_REQUIRE(dog->give(busy).has_value());
  int const before = dog->pid();
  BOOST_TEST(dog->keep());
  BOOST_TEST(dog->pid() == before);
  ::kill(before, SIGKILL);
  wait_until_gone(before);
  BOOST_TEST(dog->keep());
  BOOST_TEST(dog->pid() != before);
  // The first one is no zombie, and the second one knows the worker.
  auto const all = isolatte::test::children();
  BOOST_TEST(std::ranges::count(all, before) == 0);
  BOOST_TEST(alive(busy));
  dog->may_live_until(now());
  wait_until_gone(busy);
}

BOOST_FIXTURE_TEST_CASE(ends_with_its_host, nothing_left) {
  auto dog = isolatte::nats::watchdog::make();
  BOOST_TEST_REQUIRE(dog);
  int const pid = dog->pid();
  BOOST_TEST(alive(pid));
  dog.reset();
  BOOST_TEST(!alive(pid));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace watchdog_test
