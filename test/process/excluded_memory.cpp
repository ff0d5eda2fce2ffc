// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "support/nothing_left.hpp"

#include <isolatte/exclude_from_children.hpp>
#include <isolatte/fork.hpp>

#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstring>
#include <new>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

namespace excluded_memory_test {

using boost::system::error_code;
using isolatte::exclude_from_children;
using isolatte::include_in_children;
using namespace isolatte::test;

/// Owns a mapping of whole pages.
class mapping {
 public:
  explicit mapping(std::size_t pages) : size_{pages * page()} {
    void* const memory =
        ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc{};
    data_ = static_cast<char*>(memory);
    std::memset(data_, 'x', size_);
  }
  ~mapping() { ::munmap(data_, size_); }
  mapping(const mapping&) = delete;
  mapping& operator=(const mapping&) = delete;

  static std::size_t page() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }
  char* data() const { return data_; }
  std::size_t size() const { return size_; }

  /// Tells which pages a child has. write() reports a missing page as an error instead of a fault.
  std::vector<bool> pages_in_child() const {
    auto const look = [this] {
      std::vector<bool> there;
      wire probe;
      for (char* at = data_; at != data_ + size_; at += page())
        there.push_back(::write(probe.write_end(), at, 1) == 1 && *at == 'x');
      return there;
    };
    return isolatte::fork(look).value();
  }

 private:
  std::size_t size_;
  char* data_ = nullptr;
};

using pages = std::vector<bool>;

BOOST_FIXTURE_TEST_SUITE(excluded_memory, nothing_left)

BOOST_AUTO_TEST_CASE(a_child_does_not_have_it) {
  mapping const memory{3};
  BOOST_TEST((memory.pages_in_child() == pages{true, true, true}));
  exclude_from_children(memory.data(), memory.size());
  BOOST_TEST((memory.pages_in_child() == pages{false, false, false}));
  BOOST_TEST(memory.data()[memory.size() - 1] == 'x');
  include_in_children(memory.data(), memory.size());
  BOOST_TEST((memory.pages_in_child() == pages{true, true, true}));
}

BOOST_AUTO_TEST_CASE(pages_that_are_shared_with_others_stay) {
  mapping const memory{4};
  exclude_from_children(memory.data() + 1, memory.size() - 2);
  BOOST_TEST((memory.pages_in_child() == pages{true, false, false, true}));
  include_in_children(memory.data() + 1, memory.size() - 2);
  BOOST_TEST((memory.pages_in_child() == pages{true, true, true, true}));
}

BOOST_AUTO_TEST_CASE(what_fills_no_page_is_left_alone) {
  mapping const memory{2};
  std::size_t const page = mapping::page();
  exclude_from_children(memory.data(), 0);
  exclude_from_children(memory.data() + 1, 1);
  exclude_from_children(memory.data(), page - 1);
  exclude_from_children(memory.data() + 1, 2 * page - 2);
  exclude_from_children(nullptr, 0);
  BOOST_TEST((memory.pages_in_child() == pages{true, true}));
}

BOOST_AUTO_TEST_CASE(memory_that_is_not_there_is_an_error) {
  // No system maps the lowest pages.
  std::size_t const size = mapping::page();
  char* const gone = reinterpret_cast<char*>(size);
  error_code ec;
  exclude_from_children(gone, size, ec);
  BOOST_TEST(ec == boost::system::errc::not_enough_memory);
  include_in_children(gone, size, ec);
  BOOST_TEST(ec == boost::system::errc::not_enough_memory);
  BOOST_CHECK_THROW(exclude_from_children(gone, size), boost::system::system_error);
  BOOST_CHECK_THROW(include_in_children(gone, size), boost::system::system_error);
  exclude_from_children(gone, 0, ec);
  BOOST_TEST(!ec);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace excluded_memory_test
