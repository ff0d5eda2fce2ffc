// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool_fixture.hpp"

#include <isolatte/call.hpp>
#include <isolatte/ending.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/system/error_code.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace pool_descriptors_test {

using isolatte::call;
using isolatte::ending;
using isolatte::test::pool_fixture;

/// A file that a careless library has opened: every program that is executed inherits it.
class open_file {
 public:
  explicit open_file(const char* path) : fd_{::open(path, O_RDONLY)} { BOOST_REQUIRE(fd_ != -1); }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() { ::close(fd_); }

 private:
  int fd_;
};

/// Returns the files that are open in this process.
std::set<std::string> open_paths() {
  std::set<std::string> paths;
  for (auto const& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    // The directory's own descriptor is gone by then.
    std::error_code gone;
    paths.insert(std::filesystem::read_symlink(entry.path(), gone).string());
  }
  return paths;
}

struct device_fixture : pool_fixture {
  /// Checks that a worker has its initializer's file, and none of the program's.
  void check_worker() {
    auto const paths = run(call(open_paths)).what.value();
    BOOST_TEST(paths.contains("/dev/full"));
    BOOST_TEST(!paths.contains("/dev/zero"));
    BOOST_TEST(!paths.contains("/dev/random"));
  }
};

BOOST_FIXTURE_TEST_SUITE(pool_descriptors, device_fixture)

BOOST_AUTO_TEST_CASE(a_worker_has_no_device_but_those_that_it_has_opened) {
  open_file const before{"/dev/zero"};
  make({.workers = 1, .initializer = [] { static open_file const own{"/dev/full"}; }});
  open_file const after{"/dev/random"};
  check_worker();

  BOOST_TEST(run(call([] { std::abort(); })).what.how() == ending::faulted);
  check_worker();

  // The workers that come now are children of a copy of the program as it is now.
  std::optional<boost::system::error_code> recycled;
  pool->async_recycle([&](boost::system::error_code ec) { recycled = ec; });
  run_until([&] { return recycled.has_value(); });
  BOOST_TEST(!recycled->failed(), recycled->message());
  check_worker();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_descriptors_test
