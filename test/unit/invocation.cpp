// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/invocation.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <vector>

namespace invocation_test {

using isolatte::environment;
using isolatte::exactly;
using isolatte::inherited_with;
using isolatte::program;
using isolatte::logic::invoke;
using isolatte::logic::well_formed;
using texts = std::vector<std::string>;

const char* const inherited[] = {"A=1", "PATH=/ours:/more", "B=x=y", "AB=2", "bare", nullptr};

texts variables(environment what) {
  return invoke({"x", {}, std::move(what)}, inherited, "/default").variables;
}

texts paths(std::string name, environment what = {}) {
  return invoke({std::move(name), {}, std::move(what)}, inherited, "/default").paths;
}

BOOST_AUTO_TEST_SUITE(invocation)

BOOST_AUTO_TEST_CASE(inherited_variables_stay_as_they_are) {
  texts const all{"A=1", "PATH=/ours:/more", "B=x=y", "AB=2", "bare"};
  BOOST_TEST(variables({}) == all, boost::test_tools::per_element());
  BOOST_TEST(variables(isolatte::inherit) == all, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(changes_replace_add_and_remove) {
  texts const changed{"PATH=/ours:/more", "AB=2", "bare", "A=new", "C="};
  BOOST_TEST(variables(inherited_with({{"A", "new"}, {"B", std::nullopt}, {"C", ""}})) == changed,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(exactly_these) {
  BOOST_TEST(
      variables(exactly({{"Z", "1"}, {"Y", "2"}, {"X", std::nullopt}})) == (texts{"Y=2", "Z=1"}),
      boost::test_tools::per_element());
  BOOST_TEST(variables(exactly({})).empty());
  BOOST_TEST(invoke({"x"}, nullptr, "/default").variables.empty());
}

BOOST_AUTO_TEST_CASE(a_path_is_taken_as_it_is) {
  for (std::string const name : {"/bin/sh", "./sh", "bin/sh", "sh/", ""}) {
    BOOST_TEST(paths(name) == texts{name}, boost::test_tools::per_element());
    BOOST_TEST(!invoke({name}, inherited, "/default").searched);
  }
}

BOOST_AUTO_TEST_CASE(a_bare_name_is_looked_up) {
  BOOST_TEST(paths("sh") == (texts{"/ours/sh", "/more/sh"}), boost::test_tools::per_element());
  BOOST_TEST(invoke({"sh"}, inherited, "/default").searched);
  BOOST_TEST(paths("sh", exactly({{"PATH", "/its/"}})) == texts{"/its/sh"},
             boost::test_tools::per_element());
  BOOST_TEST(paths("sh", exactly({})) == (texts{"/ours/sh", "/more/sh"}),
             boost::test_tools::per_element());
  BOOST_TEST(invoke({"sh"}, nullptr, "/default").paths == texts{"/default/sh"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(no_name_in_a_path_is_the_current_directory) {
  BOOST_TEST(paths("sh", exactly({{"PATH", ""}})) == texts{"sh"}, boost::test_tools::per_element());
  BOOST_TEST(
      paths("sh", exactly({{"PATH", ":/a::/b:"}})) == (texts{"sh", "/a/sh", "sh", "/b/sh", "sh"}),
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_the_system_could_not_be_told_is_refused) {
  std::string const null(1, '\0');
  BOOST_TEST(
      well_formed({"x", {"a", ""}, inherited_with({{"A", "b=c"}, {"B", std::nullopt}}), "/"}));
  BOOST_TEST(!well_formed({"x" + null}));
  BOOST_TEST(!well_formed({"x", {null}}));
  BOOST_TEST(!well_formed({"x", {}, {}, "/" + null}));
  BOOST_TEST(!well_formed({"x", {}, exactly({{"", "v"}})}));
  BOOST_TEST(!well_formed({"x", {}, exactly({{"A=", "v"}})}));
  BOOST_TEST(!well_formed({"x", {}, inherited_with({{null, std::nullopt}})}));
  BOOST_TEST(!well_formed({"x", {}, exactly({{"A", null}})}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace invocation_test
