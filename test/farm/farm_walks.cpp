// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "farm_world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <functional>

namespace farm_walks_test {

using namespace farm_model;

struct totals {
  int settled = 0;
  int reported = 0;
  int certainly_unrun = 0;
  int lost = 0;
  int begun_again = 0;
  int unanswered = 0;
  int stored_again = 0;
};

/// Lives through worlds and checks what has to hold in each.
totals live(std::uint32_t worlds, const faults& what) {
  totals all;
  for (std::uint32_t seed = 1; seed <= worlds; ++seed) {
    BOOST_TEST_INFO_SCOPE("seed " << seed);
    world it{seed, what};
    try {
      it.live();
    } catch (const std::exception& e) {
      BOOST_ERROR("seed " << seed << ": " << e.what());
      continue;
    }
    all.unanswered += it.unanswered;
    all.stored_again += it.stored_again;
    for (auto const& [number, job] : it.jobs()) {
      BOOST_TEST_INFO_SCOPE("job " << number << ", end " << static_cast<int>(job.verdict.how));
      if (job.settled != 1) BOOST_ERROR("not settled once");
      if (job.max_hosts == 1 && job.begun > 1) BOOST_ERROR("run twice, and might run once");
      bool const claims_unrun = job.verdict.is_certainly_unrun &&
                                (job.verdict.how != job_end::reported || !job.report_ran);
      // A host that is cut off cannot take its message from the server after it has given a job
      // back while others of the parcel run, so another host may begin it, unless it needs leave.
      bool const claim_holds = job.max_hosts == 1 || (!what.hosts_die && !what.links_break);
      if (claims_unrun && claim_holds && job.begun != 0)
        BOOST_ERROR("told that it did not run, and ran");
      if (job.verdict.how == job_end::reported && job.report_ran && job.begun == 0)
        BOOST_ERROR("told that it ran, and did not run");
      if (!what.server_restarts && !what.cancels && !what.duplicates_are_stored && job.at_once > 1)
        BOOST_ERROR("two copies have run at once");
      ++all.settled;
      all.reported += job.verdict.how == job_end::reported ? 1 : 0;
      all.certainly_unrun += claims_unrun ? 1 : 0;
      all.lost += job.verdict.how == job_end::lost ? 1 : 0;
      all.begun_again += job.begun > 1 ? 1 : 0;
    }
  }
  return all;
}

void print(const char* name, const totals& all) {
  BOOST_TEST_MESSAGE(name << ": " << all.settled << " jobs, " << all.reported << " reported, "
                          << all.certainly_unrun << " unrun, " << all.lost << " lost, "
                          << all.begun_again << " begun again, " << all.unanswered
                          << " parcels unanswered");
}

BOOST_AUTO_TEST_SUITE(farm_walks)

BOOST_AUTO_TEST_CASE(without_faults_every_job_runs_once) {
  auto const all = live(100, {});
  print("none", all);
  BOOST_TEST(all.begun_again == 0);
  BOOST_TEST(all.lost == 0);
}

BOOST_AUTO_TEST_CASE(with_cancellations) {
  auto const all = live(200, {.cancels = true});
  print("cancels", all);
  BOOST_TEST(all.certainly_unrun > 0);
}

BOOST_AUTO_TEST_CASE(with_hosts_that_die) {
  auto const all = live(200, {.hosts_die = true});
  print("hosts", all);
  BOOST_TEST(all.begun_again > 0);
}

BOOST_AUTO_TEST_CASE(with_links_that_break) {
  auto const all = live(200, {.links_break = true, .messages_are_lost = true});
  print("links", all);
  BOOST_TEST(all.reported > 0);
}

BOOST_AUTO_TEST_CASE(with_a_server_that_restarts) {
  auto const all = live(200, {.server_restarts = true});
  print("restarts", all);
  BOOST_TEST(all.reported > 0);
}

BOOST_AUTO_TEST_CASE(with_a_server_that_loses_its_store) {
  auto const all = live(200, {.server_restarts = true, .store_is_lost = true});
  print("store", all);
  BOOST_TEST(all.reported > 0);
}

BOOST_AUTO_TEST_CASE(with_answers_that_are_lost_for_longer_than_the_server_finds_duplicates) {
  auto const all = live(200, {.duplicates_are_stored = true});
  print("duplicates", all);
  BOOST_TEST(all.unanswered > 0);
  BOOST_TEST(all.stored_again == 0);
  BOOST_TEST(all.lost == 0);
  auto const cancelled = live(200, {.cancels = true, .duplicates_are_stored = true});
  print("duplicates and cancels", cancelled);
  BOOST_TEST(cancelled.certainly_unrun > 0);
  BOOST_TEST(cancelled.stored_again == 0);
}

BOOST_AUTO_TEST_CASE(with_all_of_it) {
  auto const all = live(600, {.hosts_die = true,
                              .links_break = true,
                              .server_restarts = true,
                              .store_is_lost = true,
                              .messages_are_lost = true,
                              .cancels = true});
  print("all", all);
  BOOST_TEST(all.certainly_unrun > 0);
  BOOST_TEST(all.lost > 0);
}

// The times of a fault

/// The longest job of a world lasts so long.
constexpr milliseconds longest_job{3000};

/// @return the longest time, in many worlds, from the end of the fault until all jobs are settled
milliseconds longest(const std::function<milliseconds(world&)>& fault) {
  milliseconds all{0};
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    BOOST_TEST_INFO_SCOPE("seed " << seed);
    world it{seed, {}};
    try {
      all = std::max(all, it.live_through(fault));
    } catch (const std::exception& e) {
      BOOST_ERROR(e.what());
    }
    for (auto const& [number, job] : it.jobs())
      if (job.verdict.how != job_end::reported)
        BOOST_ERROR("job " << number << " ends as " << static_cast<int>(job.verdict.how)
                           << ", begun " << job.begun);
  }
  BOOST_TEST_MESSAGE("settled after " << all.count() << " ms at most");
  return all;
}

BOOST_AUTO_TEST_CASE(after_a_host_has_died_its_jobs_end_a_lease_later) {
  auto const time = longest([](world& it) {
    it.hosts[0]->die();
    return milliseconds{0};
  });
  BOOST_TEST((time < lease + milliseconds{2000} + longest_job));
}

BOOST_AUTO_TEST_CASE(after_a_host_was_cut_off_for_longer_than_a_lease_all_jobs_end) {
  auto const time = longest([](world& it) {
    it.hosts[0]->disconnect();
    it.after(3 * lease, [&it] { it.hosts[0]->connect(); });
    return 3 * lease;
  });
  BOOST_TEST((time < milliseconds{2000} + longest_job));
}

/// @return how long the server is away
milliseconds restart(world& it, bool keeps_store) {
  auto const away = it.some(3000);
  it.restart_server(keeps_store);
  it.after(away, [&it] { it.connect_all(); });
  return away;
}

BOOST_AUTO_TEST_CASE(after_a_server_was_killed_all_jobs_end) {
  auto const time = longest([](world& it) { return restart(it, true); });
  BOOST_TEST((time < 2 * lease + milliseconds{5000} + longest_job));
}

BOOST_AUTO_TEST_CASE(after_a_server_has_lost_its_store_all_jobs_end_two_leases_later) {
  auto const time = longest([](world& it) { return restart(it, false); });
  BOOST_TEST((time < 2 * lease + milliseconds{5000} + longest_job));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace farm_walks_test
