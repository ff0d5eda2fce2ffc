// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "support/nothing_left.hpp"

#include <isolatte/fork.hpp>
#include <isolatte/sandbox.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace isolatte::inline v0_1::test {

std::vector<std::string> open_descriptors() {
  static bool const leash_is_made = static_cast<bool>(isolatte::fork([] {}));
  static_cast<void>(leash_is_made);
  std::vector<std::string> found;
  for (auto const& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    std::error_code gone;
    auto const target = std::filesystem::read_symlink(entry.path(), gone);
    // Skips the descriptor of the directory itself, which is closed by now.
    if (gone || target.string().ends_with("/fd")) continue;
    found.push_back(entry.path().filename().string() + " -> " + target.string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<int> children() {
  std::vector<int> found;
  for (auto const& task : std::filesystem::directory_iterator{"/proc/self/task"}) {
    std::ifstream file{task.path() / "children"};
    for (int pid; file >> pid;) found.push_back(pid);
  }
  return found;
}

bool children_vanish() {
  using clock = std::chrono::steady_clock;
  auto const deadline = clock::now() + std::chrono::seconds{10};
  while (!children().empty()) {
    if (clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

bool alive(int pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string stat;
  std::getline(file, stat);
  auto const name_end = stat.rfind(')');
  if (name_end == std::string::npos) return false;
  std::istringstream rest{stat.substr(name_end + 1)};
  char state = 0;
  rest >> state;
  if (state != 'Z' && state != 'X') return true;
  // The leader is a zombie, but its descriptors stay open until its other threads have ended.
  std::string skipped;
  for (int i = 0; i != 16; ++i) rest >> skipped;
  int threads = 0;
  return rest >> threads && threads > 1;
}

void wait_until_gone(int pid) {
  // The process may be no child of this one, so there is no event to wait for.
  while (alive(pid)) std::this_thread::yield();
}

nothing_left::nothing_left() {
  // The namespaces that sandboxes share stay open.
  static auto const gaps = sandbox_support().gaps({.isolate = {.network = true}});
  before_ = open_descriptors();
}

nothing_left::~nothing_left() {
  auto const after = open_descriptors();
  BOOST_TEST(after == before_, boost::test_tools::per_element());
  BOOST_TEST(children_vanish());
}

}  // namespace isolatte::inline v0_1::test
