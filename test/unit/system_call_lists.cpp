// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "confine/system_call_lists.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string_view>

namespace system_call_lists_test {

using namespace isolatte::confine;

BOOST_AUTO_TEST_SUITE(system_call_lists)

BOOST_AUTO_TEST_CASE(no_call_that_is_allowed_undoes_a_sandbox) {
  for (auto const list :
       {base_calls(), path_calls(), socket_calls(), process_calls(), execute_calls()})
    for (auto const& each : list) {
      // Landlock limits it where processes are allowed.
      bool const only_with_processes = each.name == "pidfd_send_signal";
      BOOST_TEST((ask_for(each.name) == (only_with_processes ? asked::never : asked::allowed)),
                 std::string{each.name});
    }
}

BOOST_AUTO_TEST_CASE(every_call_is_in_one_list) {
  std::set<std::string_view> names;
  for (auto const list :
       {base_calls(), path_calls(), socket_calls(), process_calls(), execute_calls()})
    for (auto const& each : list)
      BOOST_TEST(names.insert(each.name).second, std::string{each.name});
  for (auto const& each : refused_calls())
    BOOST_TEST(names.insert(each.call.name).second, std::string{each.call.name});
}

BOOST_AUTO_TEST_CASE(numbers_are_those_of_the_kernel) {
  BOOST_TEST(number_of_new_call("pidfd_open") == 434);
  BOOST_TEST(number_of_new_call("landlock_restrict_self") == 446);
  BOOST_TEST(number_of_new_call("mseal") == 462);
  BOOST_TEST(number_of_new_call("read") == -1);
  BOOST_TEST(name_of_new_call(462) == "mseal");
  BOOST_TEST(name_of_new_call(-1) == "");
  BOOST_TEST(name_of_new_call(600) == "");
  for (auto const list : {base_calls(), path_calls(), socket_calls(), process_calls()})
    for (auto const& each : list) BOOST_TEST(each.number <= newest_call);
}

BOOST_AUTO_TEST_CASE(what_may_be_asked_for) {
  BOOST_TEST((ask_for("sched_getattr") == asked::allowed));
  for (auto const* const name : {"setsid", "kill", "fcntl", "close_range", "fork", "openat2"})
    BOOST_TEST((ask_for(name) == asked::never), name);
  BOOST_TEST((ask_for("ptrace") == asked::never));
  BOOST_TEST((ask_for("io_uring_setup") == asked::never));
  BOOST_TEST((ask_for("clone") == asked::never));
  BOOST_TEST((ask_for("no_such_call") == asked::unlisted));
  BOOST_TEST(takes_path("openat"));
  BOOST_TEST(takes_path("openat2"));
  BOOST_TEST(!takes_path("read"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace system_call_lists_test
