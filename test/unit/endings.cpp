// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "vocabulary/number_of_endings.hpp"

#include <isolatte/ending.hpp>
#include <isolatte/observe.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

namespace endings_test {

using isolatte::ending;
using isolatte::detail::number_of_endings;

BOOST_AUTO_TEST_SUITE(endings)

BOOST_AUTO_TEST_CASE(tables_have_a_place_for_each) {
  std::string_view const no_name = to_string(static_cast<ending>(1000));
  std::set<std::string_view> names;
  for (std::size_t i = 0; i != number_of_endings; ++i)
    names.insert(to_string(static_cast<ending>(i)));
  BOOST_TEST(names.size() == number_of_endings);
  BOOST_TEST(names.count(no_name) == 0u);
  BOOST_TEST(to_string(static_cast<ending>(number_of_endings)) == no_name);
}

BOOST_AUTO_TEST_CASE(whether_a_job_ran_has_its_word) {
  using isolatte::ran;
  std::ostringstream os;
  os << ran::no << ' ' << ran::yes << ' ' << ran::unknown << ' ' << static_cast<ran>(1000);
  BOOST_TEST(os.str() == "no yes unknown unknown");
}

BOOST_AUTO_TEST_CASE(launchers_and_moments_have_their_words) {
  using isolatte::job_moment;
  using isolatte::launcher;
  std::string all;
  for (auto const by : {launcher::fork, launcher::program, launcher::fork_server, launcher::pool,
                        launcher::resident, launcher::worker, static_cast<launcher>(1000)})
    all.append(to_string(by)) += ' ';
  BOOST_TEST(all == "fork program fork_server pool resident worker unknown ");
  all.clear();
  for (auto const what :
       {job_moment::queued, job_moment::started, job_moment::ended, job_moment::completed,
        job_moment::undecodable, static_cast<job_moment>(1000)})
    all.append(to_string(what)) += ' ';
  BOOST_TEST(all == "queued started ended completed undecodable unknown ");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace endings_test
