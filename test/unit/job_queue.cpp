// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/job_queue.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <list>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace job_queue_tests {

using isolatte::logic::deadline_set;
using isolatte::logic::job_rank;
using isolatte::logic::moment;
using isolatte::logic::ranked_job;
using namespace std::chrono_literals;

struct named_job : ranked_job {
  named_job(std::string called, job_rank rank) : ranked_job{std::move(rank)}, name{called} {}
  std::string name;
};

/// A queue, and the jobs that were ever in it.
struct fixture {
  named_job& push(const std::string& name, int priority = 0, const std::string& tenant = "") {
    auto& job = jobs.emplace_back(name, job_rank{priority, tenant});
    queue.push(job);
    return job;
  }
  std::string take() {
    auto& job = static_cast<named_job&>(queue.front());
    queue.pop_front();
    return job.name;
  }
  /// Takes so many, none of which is taken by age if the queue has served none before.
  std::string take(int count) {
    std::string all;
    for (int i = 0; i != count; ++i) all += take();
    return all;
  }

  std::list<named_job> jobs;
  isolatte::logic::job_queue queue;
};

BOOST_AUTO_TEST_SUITE(job_queue)

BOOST_FIXTURE_TEST_CASE(without_wishes_first_come_first_served, fixture) {
  for (char c = 'a'; c <= 'z'; ++c) push(std::string(1, c));
  BOOST_TEST(queue.size() == 26u);
  BOOST_TEST(take(26) == "abcdefghijklmnopqrstuvwxyz");
  BOOST_TEST(queue.empty());
}

BOOST_FIXTURE_TEST_CASE(higher_priorities_come_first, fixture) {
  push("c");
  push("a", 5);
  push("d", -1);
  push("b", 5);
  BOOST_TEST(take(4) == "abcd");
}

BOOST_FIXTURE_TEST_CASE(tenants_take_turns, fixture) {
  for (int i = 0; i != 4; ++i) push("a", 0, "flood");
  push("b", 0, "single");
  push("c", 0, "other");
  push("c", 0, "other");
  BOOST_TEST(take(7) == "abcacaa");
}

BOOST_FIXTURE_TEST_CASE(a_flood_of_one_tenant_delays_another_by_one_turn, fixture) {
  for (int i = 0; i != 100'000; ++i) push("a", 0, "flood");
  take();
  take();
  push("b", 0, "single");
  auto const two = take() + take();
  BOOST_TEST(two.find('b') != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(one_that_waits_for_long_is_served, fixture) {
  push("old", 0);
  for (int i = 0; i != 100; ++i) push("urgent", 1);
  int taken = 0;
  while (take() != "old") {
    push("urgent", 1);
    ++taken;
  }
  BOOST_TEST(taken == static_cast<int>(queue.fair_turn) - 1);
}

BOOST_FIXTURE_TEST_CASE(what_is_put_back_comes_first_of_its_group, fixture) {
  push("b");
  push("c");
  push("x", 1);
  auto& first = static_cast<named_job&>(queue.front());
  queue.pop_front();
  BOOST_TEST(first.name == "x");
  auto& second = static_cast<named_job&>(queue.front());
  queue.pop_front();
  queue.put_back(second);
  queue.put_back(first);
  BOOST_TEST(take(3) == "xbc");
}

BOOST_FIXTURE_TEST_CASE(any_can_be_taken_out, fixture) {
  auto& a = push("a");
  auto& b = push("b");
  auto& c = push("c");
  push("d");
  queue.erase(b);
  queue.erase(a);
  queue.erase(c);
  BOOST_TEST(take() == "d");
  BOOST_TEST(queue.empty());
}

BOOST_FIXTURE_TEST_CASE(the_queue_may_end_before_its_jobs, fixture) {
  for (int i = 0; i != 10; ++i) push("a", i % 3, std::string(1, static_cast<char>('a' + i % 2)));
  queue.clear();
  BOOST_TEST(queue.empty());
  push("b");
  BOOST_TEST(take() == "b");
}

/// Compares with lists that are gone through from one end to the other.
BOOST_FIXTURE_TEST_CASE(random_walk, fixture) {
  std::mt19937 random{1};
  std::list<named_job*> model;
  std::map<std::string, int> served;
  for (int step = 0; step != 20'000; ++step) {
    switch (random() % 4) {
      case 0:
      case 1: {
        auto const priority = static_cast<int>(random() % 3);
        auto const tenant = std::to_string(random() % 4);
        model.push_back(&push(std::to_string(step) + '/' + std::to_string(priority) + '/' + tenant,
                              priority, tenant));
        break;
      }
      case 2: {
        if (model.empty()) break;
        auto place = model.begin();
        std::advance(place, random() % model.size());
        queue.erase(**place);
        model.erase(place);
        break;
      }
      case 3: {
        if (model.empty()) break;
        auto& job = static_cast<named_job&>(queue.front());
        queue.pop_front();
        auto const place = std::find(model.begin(), model.end(), &job);
        BOOST_REQUIRE((place != model.end()));
        auto const group = job.name.substr(job.name.find('/'));
        bool const is_oldest = place == model.begin();
        for (auto other = model.begin(); other != place; ++other)
          BOOST_TEST((*other)->name.substr((*other)->name.find('/')) != group);
        if (!is_oldest)
          for (auto const* const other : model)
            BOOST_TEST(other->name.substr(other->name.find('/'), 2) <= group.substr(0, 2));
        if (random() % 8 == 0)
          queue.put_back(job);
        else
          model.erase(place);
        break;
      }
    }
    BOOST_TEST(queue.size() == model.size());
  }
}

BOOST_AUTO_TEST_CASE(deadlines_come_in_order) {
  moment const start{};
  std::list<named_job> jobs;
  deadline_set set;
  for (int const at : {3, 1, 2, 1})
    set.insert(jobs.emplace_back(std::to_string(at),
                                 job_rank{.deadline = start + std::chrono::seconds{at}}));
  set.insert(jobs.emplace_back("none", job_rank{}));
  BOOST_TEST((set.first() == start + 1s));
  BOOST_TEST((set.take_expired(start) == nullptr));
  set.erase(jobs.front());
  set.erase(jobs.back());
  std::string all;
  while (auto* const job = set.take_expired(start + 5s)) all += static_cast<named_job*>(job)->name;
  BOOST_TEST(all == "112");
  BOOST_TEST((set.first() == moment::max()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace job_queue_tests
