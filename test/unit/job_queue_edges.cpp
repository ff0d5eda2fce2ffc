// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/job_queue.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

namespace job_queue_edges_test {

using isolatte::logic::job_queue;
using isolatte::logic::ranked_job;

BOOST_AUTO_TEST_SUITE(job_queue_edges)

BOOST_AUTO_TEST_CASE(jobs_that_are_put_back_in_any_order_have_their_places) {
  constexpr std::size_t taken = 4;
  std::array<std::size_t, taken> order{0, 1, 2, 3};
  do {
    std::array<ranked_job, taken + 2> jobs;
    job_queue queue;
    for (auto& each : jobs) queue.push(each);
    for (std::size_t i = 0; i != taken; ++i) queue.pop_front();
    for (auto const i : order) queue.put_back(jobs[i]);
    std::string found;
    while (!queue.empty()) {
      found += std::to_string(&queue.front() - jobs.data());
      queue.pop_front();
    }
    BOOST_TEST(found == "012345");
  } while (std::next_permutation(order.begin(), order.end()));
}

BOOST_AUTO_TEST_CASE(jobs_that_are_put_back_have_their_places_by_age) {
  constexpr std::size_t taken = 4;
  std::array<std::size_t, taken> order{0, 1, 2, 3};
  do {
    std::array<ranked_job, taken + 2> jobs;
    job_queue queue;
    for (auto& each : jobs) queue.push(each);
    for (std::size_t i = 0; i != taken; ++i) queue.pop_front();
    for (auto const i : order) queue.put_back(jobs[i]);
    std::string found;
    while (!queue.empty()) {
      auto& oldest = queue.oldest();
      found += std::to_string(&oldest - jobs.data());
      queue.erase(oldest);
    }
    BOOST_TEST(found == "012345");
  } while (std::next_permutation(order.begin(), order.end()));
}

BOOST_AUTO_TEST_CASE(a_job_that_is_taken_out_costs_its_tenant_no_turn) {
  ranked_job first{{.tenant = "one"}};
  ranked_job second{{.tenant = "one"}};
  ranked_job other{{.tenant = "two"}};
  job_queue queue;
  queue.push(first);
  queue.push(second);
  queue.push(other);
  queue.erase(first);
  BOOST_TEST(&queue.front() == &second);
  queue.pop_front();
  BOOST_TEST(&queue.front() == &other);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace job_queue_edges_test
