// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/shared_page.hpp"

#include "posix/process_registry.hpp"

#include <boost/system/error_code.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef MADV_DONTFORK

namespace shared_page_test {

using boost::system::error_code;
using isolatte::posix::descriptor;
using number_page = isolatte::posix::shared_page<std::atomic<int>>;

/// Runs checks in a child of this process.
/// @return whether they hold
template <class Checks>
bool hold_in_child(Checks checks) {
  pid_t const child = ::fork();
  if (child == 0) ::_exit(checks() ? 0 : 1);
  int status = -1;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

struct forks_are_counted {
  forks_are_counted() { isolatte::posix::lock_registry(); }
};

BOOST_FIXTURE_TEST_SUITE(shared_page, forks_are_counted)

BOOST_AUTO_TEST_CASE(no_child_has_one_that_is_hidden) {
  error_code ec;
  descriptor file;
  auto const page = number_page::make_file(file, ec);
  BOOST_REQUIRE(!ec);
  BOOST_TEST(hold_in_child([&] { return !page; }));
  BOOST_TEST(static_cast<bool>(page));
}

BOOST_AUTO_TEST_CASE(a_child_that_hides_what_it_has_got_still_has_it_and_its_own_children_do_not) {
  error_code ec;
  descriptor file;
  auto const mine = number_page::make_file(file, ec);
  auto shared = number_page::of_file(file.get(), ec);
  BOOST_REQUIRE(!ec);
  BOOST_TEST(hold_in_child([&] {
    shared.hide_from_children(ec);
    if (ec || !shared) return false;
    *shared = 7;
    return hold_in_child([&] { return !shared; });
  }));
  BOOST_TEST(*mine == 7);
  BOOST_TEST(hold_in_child([&] { return *shared == 7; }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace shared_page_test

#endif
