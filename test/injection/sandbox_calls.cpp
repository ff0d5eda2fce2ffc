// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// System calls fail in children that enter a sandbox. A child that cannot enter all of its sandbox
// runs nothing.

#include "posix/system_calls.hpp"
#include "support/fail_calls.hpp"
#include "support/nothing_left.hpp"
#include "support/sanitizers.hpp"

#include <isolatte/fork.hpp>
#include <isolatte/sandbox.hpp>

#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

namespace sandbox_calls_test {

using isolatte::ending;
using isolatte::outcome;
using isolatte::sandbox;
using isolatte::test::fail_calls;
using isolatte::test::failure;
using isolatte::test::side;

/// Whether this system has all of the sandbox, and so have the tests.
bool has_all_of(const sandbox& box) {
  // The sanitizers' run-time needs what a sandbox forbids.
  if (isolatte::test::with_asan || isolatte::test::with_tsan) return false;
  return isolatte::sandbox_support().gaps(box).empty();
}

/// @return the text of the refusal; empty if the child ran
std::string refusal(const outcome<int>& what, int error) {
  if (what.how() == ending::returned) {
    BOOST_TEST(what.value() == 1);
    return {};
  }
  BOOST_TEST(what.how() == ending::not_started);
  BOOST_TEST((what.ran() == isolatte::ran::no));
  try {
    what.value();
  } catch (const boost::system::system_error& refused) {
    BOOST_TEST(refused.code().value() == error);
    return refused.what();
  } catch (const std::exception& other) {
    BOOST_ERROR(other.what());
  }
  return {};
}

BOOST_FIXTURE_TEST_SUITE(sandbox_calls, isolatte::test::nothing_left)

BOOST_AUTO_TEST_CASE(processes_of_a_namespace_that_cannot_be_made) {
  sandbox const box{.isolate = {.processes = true}};
  if (!has_all_of(box)) return;
  for (auto const* const entry : {"pipe", "setpgid", "clone_sibling"}) BOOST_TEST_CONTEXT(entry) {
      bool is_told = false;
      unsigned nth = 1;
      for (bool injected = true; injected; ++nth) {
        BOOST_REQUIRE(nth < 100u);
        fail_calls const calls{{.where = side::child, .nth = nth, .entry = entry}};
        auto const what = isolatte::fork([] { return 1; }, {.sandbox = box});
        injected = calls.injected();
        auto const text = refusal(what, calls.error());
        BOOST_TEST((injected || text.empty()), text);
        if (text.find("namespaces") != text.npos) is_told = true;
        BOOST_TEST(isolatte::test::children_vanish());
      }
      BOOST_TEST(is_told);
    }
}

BOOST_AUTO_TEST_CASE(a_namespace_that_cannot_be_entered) {
  sandbox const box{.isolate = {.processes = true}};
  if (!has_all_of(box)) return;
  fail_calls const calls{{.how = failure::mode::every, .where = side::child, .entry = "unshare"}};
  auto const what = isolatte::fork([] { return 1; }, {.sandbox = box});
  auto const text = refusal(what, calls.error());
  BOOST_TEST(text.find("namespaces") != text.npos, text);
}

/// Maps a file whose path takes more than 8 KiB in the kernel's list of mappings, where each line
/// break in it takes four bytes.
class long_mapping {
 public:
  long_mapping() {
    std::string name = (std::filesystem::temp_directory_path() / "isolatte-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    std::filesystem::path path = folder_;
    for (int i = 0; i != 9; ++i) path /= std::string(255, '\n');
    std::filesystem::create_directories(path);
    int const file = ::open((path / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    BOOST_REQUIRE(::ftruncate(file, static_cast<off_t>(size)) == 0);
    memory_ = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    BOOST_REQUIRE(memory_ != MAP_FAILED);
  }
  long_mapping(const long_mapping&) = delete;
  long_mapping& operator=(const long_mapping&) = delete;
  ~long_mapping() {
    ::munmap(memory_, size);
    std::filesystem::remove_all(folder_);
  }

 private:
  static constexpr std::size_t size = 4096;
  std::filesystem::path folder_;
  void* memory_ = nullptr;
};

BOOST_AUTO_TEST_CASE(a_list_of_mappings_that_cannot_be_read_is_no_reason_to_keep_them) {
  if (!has_all_of(sandbox::pure())) return;
  long_mapping const mapped;
  // The kernel is asked instead, if it can be.
  fail_calls const calls{{.how = failure::mode::every, .where = side::child, .entry = "query_map"}};
  auto const what = isolatte::fork([] { return 1; }, {.sandbox = sandbox::pure()});
  auto const text = refusal(what, ENAMETOOLONG);
  BOOST_TEST(text.find("shared memory") != text.npos, what);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sandbox_calls_test
