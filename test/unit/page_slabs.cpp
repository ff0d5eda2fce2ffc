// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/page_slabs.hpp"

#include "posix/passed_memory.hpp"
#include "posix/shared_page.hpp"

#include <boost/system/error_code.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <cstddef>
#include <future>
#include <set>
#include <system_error>
#include <vector>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef MADV_DONTFORK

namespace page_slabs_test {

using namespace isolatte::posix;

/// Tells which pages a child has. write() reports a missing page as an error instead of a fault.
std::vector<bool> pages_in_child(const std::vector<char*>& pages) {
  int ends[2];
  if (::pipe(ends) == -1) throw std::system_error{errno, std::system_category(), "pipe"};
  pid_t const pid = ::fork();
  if (pid == 0) {
    std::size_t there = 0;
    for (std::size_t i = 0; i != pages.size(); ++i)
      if (::write(ends[1], pages[i], 1) == 1) there |= std::size_t{1} << i;
    ::_exit(static_cast<int>(there));
  }
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid)
    throw std::system_error{errno, std::system_category(), "waitpid"};
  ::close(ends[0]);
  ::close(ends[1]);
  std::vector<bool> there;
  for (std::size_t i = 0; i != pages.size(); ++i)
    there.push_back(((WEXITSTATUS(status) >> i) & 1) != 0);
  return there;
}

BOOST_AUTO_TEST_SUITE(page_slabs)

BOOST_AUTO_TEST_CASE(a_child_has_the_page_that_is_passed_to_it) {
  std::vector<char*> pages;
  for (int i = 0; i != 3; ++i) {
    pages.push_back(static_cast<char*>(take_slab_page()));
    BOOST_REQUIRE(pages.back() != nullptr);
    BOOST_TEST((pages_in_child(pages) == std::vector<bool>(pages.size())));
    passed_memory const page{{passed_memory::part{pages.back(), 1}}};
    std::vector<bool> expected(pages.size());
    expected.back() = true;
    BOOST_TEST((pages_in_child(pages) == expected));
  }
  BOOST_TEST((pages_in_child(pages) == std::vector<bool>(pages.size())));
  for (char* const each : pages) give_slab_page(each);
}

BOOST_AUTO_TEST_CASE(memory_beside_a_slab_is_passed_too) {
  boost::system::error_code ec;
  auto const memory = shared_memory::make(1, ec);
  BOOST_REQUIRE(!ec);
  BOOST_REQUIRE(!memory.is_in_slab());
  auto* const there = static_cast<char*>(memory.data());
  auto* const page = static_cast<char*>(take_slab_page());
  BOOST_REQUIRE(page != nullptr);
  BOOST_TEST((pages_in_child({page, there}) == std::vector<bool>{false, false}));
  {
    passed_memory const both{{passed_memory::part{page, 1}, {there, 1}}};
    BOOST_TEST((pages_in_child({page, there}) == std::vector<bool>{true, true}));
  }
  BOOST_TEST((pages_in_child({page, there}) == std::vector<bool>{false, false}));
  give_slab_page(page);
}

BOOST_AUTO_TEST_CASE(a_child_of_another_thread_has_no_page) {
  auto* const page = static_cast<char*>(take_slab_page());
  BOOST_REQUIRE(page != nullptr);
  std::future<std::vector<bool>> others;
  {
    passed_memory const mine{{passed_memory::part{page, 1}}};
    others = std::async(std::launch::async, [page] { return pages_in_child({page}); });
    // In whatever order the two forks come, each one finds the page hidden or has it shown.
    BOOST_TEST((pages_in_child({page}) == std::vector<bool>{true}));
  }
  BOOST_TEST((others.get() == std::vector<bool>{false}));
  give_slab_page(page);
}

BOOST_AUTO_TEST_CASE(no_page_serves_twice) {
  std::vector<char*> pages;
  for (int i = 0; i != 100; ++i) {
    prepare_slab_page();
    auto* const page = static_cast<char*>(take_slab_page());
    BOOST_REQUIRE(page != nullptr);
    BOOST_TEST(int{*page} == 0);
    *page = 'x';
    pages.push_back(page);
    if (i % 3 == 2) {
      give_slab_page(pages.front());
      pages.erase(pages.begin());
    }
  }
  BOOST_TEST((std::set<char*>(pages.begin(), pages.end()).size() == pages.size()));
  for (char* const each : pages) {
    BOOST_TEST(int{*each} == int{'x'});
    give_slab_page(each);
  }
}

BOOST_AUTO_TEST_CASE(there_is_an_end_of_them) {
  std::vector<void*> pages;
  while (void* const page = take_slab_page()) pages.push_back(page);
  BOOST_TEST(pages.size() >= 512U);
  for (void* const each : pages) give_slab_page(each);
  void* const page = take_slab_page();
  BOOST_TEST(page != nullptr);
  give_slab_page(page);
}

BOOST_AUTO_TEST_CASE(a_copy_of_the_program_has_pages_of_its_own) {
  auto* const before = static_cast<char*>(take_slab_page());
  BOOST_REQUIRE(before != nullptr);
  pid_t const pid = ::fork();
  if (pid == 0) {
    give_slab_page(before);
    auto* const page = static_cast<char*>(take_slab_page());
    if (page == nullptr || *page != 0) ::_exit(1);
    *page = 'y';
    give_slab_page(page);
    ::_exit(0);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(pid, &status, 0) == pid);
  BOOST_TEST(status == 0);
  give_slab_page(before);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace page_slabs_test

#endif
