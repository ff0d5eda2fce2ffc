// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool_world.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>

namespace pool_keys_test {

using namespace pool_world;

/// Two workers. Jobs without a key go to the second one, which has had a job last.
struct two : pool {
  two() : pool{{.workers = 2}} { turn_to_second(); }

  worker& first() { return nth(0); }
  worker& second() { return nth(1); }

  /// Has each worker do a job, and the second one the last.
  void turn_to_second() {
    submit();
    submit();
    BOOST_REQUIRE(first().jobs().size() == 1u);
    BOOST_REQUIRE(second().jobs().size() == 1u);
    do_one(first());
    do_one(second());
  }
  /// Gives the first worker a job with this key.
  void teach_first(std::uint64_t key) {
    submit();
    BOOST_REQUIRE(second().jobs().size() == 1u);
    job& taught = wish({.key = key});
    BOOST_REQUIRE(taught.worker() == &first());
    do_one(first());
    do_one(second());
  }
  /// Whether the first worker is preferred for a job with this key.
  bool prefers_first(std::uint64_t key) {
    job& asked = wish({.key = key});
    bool const does = asked.worker() == &first();
    do_one(does ? first() : second());
    turn_to_second();
    return does;
  }
};

BOOST_AUTO_TEST_SUITE(pool_keys)

BOOST_AUTO_TEST_CASE(a_worker_that_has_run_the_key_is_preferred_to_the_one_that_had_a_job_last) {
  for (std::uint64_t const key : {1u, 2u, 7u}) {
    two w;
    w.teach_first(key);
    BOOST_TEST(w.prefers_first(key));
    two other;
    other.teach_first(key);
    BOOST_TEST(!other.prefers_first(key + 1));
  }
}

BOOST_AUTO_TEST_CASE(a_job_without_a_key_goes_where_a_job_was_last) {
  two w;
  w.teach_first(7);
  BOOST_TEST(!w.prefers_first(0));
}

BOOST_AUTO_TEST_CASE(a_worker_that_has_run_the_key_last_keeps_it) {
  two w;
  w.teach_first(7);
  // Both have run the key now.
  BOOST_REQUIRE(w.wish({.key = 7}).worker() == &w.first());
  BOOST_REQUIRE(w.wish({.key = 7}).worker() == &w.second());
  w.do_one(w.first());
  w.do_one(w.second());
  BOOST_TEST(w.wish({.key = 7}).worker() == &w.second());
}

BOOST_AUTO_TEST_CASE(a_worker_is_known_for_its_last_eight_keys) {
  two w;
  for (std::uint64_t key = 1; key <= 8; ++key) w.teach_first(key);
  for (std::uint64_t key = 1; key <= 8; ++key) BOOST_TEST(w.prefers_first(key), "key " << key);
  w.teach_first(9);
  BOOST_TEST(!w.prefers_first(1));
  two other;
  for (std::uint64_t key = 1; key <= 9; ++key) other.teach_first(key);
  for (std::uint64_t key = 2; key <= 9; ++key) BOOST_TEST(other.prefers_first(key), "key " << key);
}

BOOST_AUTO_TEST_CASE(a_key_that_comes_again_drives_no_other_out) {
  two w;
  for (std::uint64_t key = 1; key <= 8; ++key) w.teach_first(key);
  for (int i = 0; i != 8; ++i) BOOST_TEST(w.prefers_first(8));
  BOOST_TEST(w.prefers_first(1));
}

BOOST_AUTO_TEST_CASE(a_job_does_not_wait_for_the_worker_of_its_key) {
  two w;
  w.teach_first(7);
  BOOST_TEST(w.wish({.key = 7}).worker() == &w.first());
  BOOST_TEST(w.wish({.key = 7}).worker() == &w.second());
}

BOOST_AUTO_TEST_CASE(of_workers_with_as_many_jobs_the_one_of_the_key_is_preferred) {
  for (bool const has_key : {false, true}) {
    two w;
    if (has_key) w.teach_first(7);
    w.submit();
    w.submit();
    BOOST_REQUIRE(w.first().jobs().size() == 1u);
    BOOST_REQUIRE(w.second().jobs().size() == 1u);
    // The second one was given its job before the first.
    BOOST_TEST(w.wish({.key = 7}).worker() == (has_key ? &w.first() : &w.second()));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_keys_test
