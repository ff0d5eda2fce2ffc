// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "adopter.hpp"
#include "helpers.hpp"
#include "posix/child_process.hpp"
#include "support/nothing_left.hpp"

#include <isolatte/call.hpp>
#include <isolatte/child.hpp>
#include <isolatte/fork.hpp>
#include <isolatte/fork_server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sched.h>
#include <sys/ptrace.h>
#include <unistd.h>

namespace reaping_test {

namespace asio = boost::asio;
namespace data = boost::unit_test::data;
using boost::system::error_code;
using isolatte::call;
using isolatte::ending;
using isolatte::outcome;
using namespace isolatte::test;
using namespace std::chrono_literals;

/// The letter that /proc has for what the process does.
char state_of(int pid) {
  std::string const stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  auto const name_end = stat.rfind(") ");
  return name_end == stat.npos ? '?' : stat[name_end + 2];
}

void await_state(int pid, char state) {
  while (state_of(pid) != state) std::this_thread::yield();
}

/// Has the program trace this process, and stops.
void stop_traced() {
  ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  ::raise(SIGSTOP);
}

BOOST_FIXTURE_TEST_SUITE(reaping, nothing_left)

// Stops of a traced child

BOOST_AUTO_TEST_CASE(a_traced_child_that_stops_runs) {
  asio::io_context context;
  auto child = isolatte::spawn_child(context, [] {
    stop_traced();
    return 1;
  });
  await_state(child.pid(), 't');
  BOOST_TEST(child.running());
  context.poll();
  BOOST_TEST(child.running());
  // A debugger lets a process go on by detaching from it.
  BOOST_TEST(::ptrace(PTRACE_DETACH, child.pid(), nullptr, nullptr) == 0);
  std::optional<outcome<int>> done;
  child.async_wait([&](error_code, outcome<int> what) { done = std::move(what); });
  context.restart();
  context.run();
  BOOST_REQUIRE(done);
  BOOST_TEST(done->value_or(0) == 1, *done);
}

BOOST_AUTO_TEST_CASE(a_traced_child_that_stops_can_be_killed) {
  asio::io_context context;
  auto child = isolatte::spawn_child(context, stop_traced);
  await_state(child.pid(), 't');
  BOOST_TEST(!child.terminate());
  std::optional<outcome<void>> done;
  child.async_wait([&](error_code, const outcome<void>& what) { done = what; });
  context.run();
  BOOST_REQUIRE(done);
  BOOST_TEST(done->how() == ending::cancelled);
}

BOOST_AUTO_TEST_CASE(a_traced_child_that_stops_dies_with_its_handle) {
  asio::io_context context;
  auto child = isolatte::spawn_child(context, stop_traced);
  int const pid = child.pid();
  await_state(pid, 't');
  child = {};
  BOOST_TEST(state_of(pid) == '?');
}

BOOST_AUTO_TEST_CASE(a_traced_child_that_stops_times_out) {
  auto const done = isolatte::fork(stop_traced, {.timeout = 50ms});
  BOOST_TEST(done.how() == ending::timed_out);
}

// Processes that become this one's children

/// Leaves processes in its group: one that ends at once, and some that would not end by themselves.
void leave_a_tree() {
  bare_fork([] {});
  for (int i = 0; i != 8; ++i) bare_fork([] { bare_fork([] { hang(); }); });
}

BOOST_AUTO_TEST_CASE(an_adopted_tree_is_reaped_with_its_root) {
  adopter const adopts;
  for (int round = 0; round != 10; ++round) {
    auto const done = isolatte::fork([] {
      leave_a_tree();
      return 1;
    });
    BOOST_TEST(done.value_or(0) == 1);
    BOOST_TEST(adopts.adopted().empty());
  }
}

BOOST_AUTO_TEST_CASE(an_adopted_tree_of_a_servers_child_is_reaped_with_its_root) {
  adopter const adopts;
  asio::io_context context;
  isolatte::fork_server server{context};
  std::size_t left = 99;
  server.async_fork(call(leave_a_tree), {}, [&](error_code, const outcome<void>& what) {
    BOOST_TEST(what.how() == ending::returned);
    left = adopts.adopted().size();
  });
  context.run();
  // The template, and a child that stands by, perhaps.
  BOOST_TEST(left <= 2U);
}

BOOST_AUTO_TEST_CASE(an_adopted_tree_is_reaped_with_the_handle) {
  adopter const adopts;
  asio::io_context context;
  wire ready;
  {
    auto const child = isolatte::spawn_child(context,
                                             [&] {
                                               leave_a_tree();
                                               ready.tell();
                                               hang();
                                             },
                                             {.keep = {ready.write_end()}});
    BOOST_TEST(ready.await());
  }
  BOOST_TEST(adopts.adopted().empty());
}

BOOST_AUTO_TEST_CASE(other_adopted_processes_are_left_alone) {
  adopter const adopts;
  pid_t const other = bare_fork([] {
    ::setpgid(0, 0);
    bare_fork([] { ::_exit(7); });
  });
  wait_for(other);
  auto const all = adopts.adopted();
  BOOST_REQUIRE(all.size() == 1U);
  await_state(all.front(), 'Z');
  static_cast<void>(isolatte::fork([] {}));
  int const status = wait_for(all.front());
  BOOST_TEST(WEXITSTATUS(status) == 7);
}

// Process 1 of a namespace

BOOST_AUTO_TEST_CASE(a_fault_of_process_1_is_a_fault) {
  if (::getuid() != 0) return;
  BOOST_TEST(in_bare_process([]() -> std::string {
               if (::unshare(CLONE_NEWPID) != 0) return "no namespace";
               // Its children from now on are of the namespace, the first one is its process 1.
               auto const done = isolatte::fork([]() -> int { std::abort(); });
               if (done.how() != ending::faulted || done.exit_code()) return "another ending";
               return done.signal() == SIGABRT ? "SIGABRT" : "another signal";
             }) == "SIGABRT");
}

// Numbers that a child may have written

BOOST_AUTO_TEST_CASE(a_number_that_is_no_child_of_ours_is_left_alone) {
  wire ready;
  wire number;
  wire test_goes_on;
  pid_t const between = bare_fork([&] {
    pid_t const stranger = bare_fork([&] {
      ::setpgid(0, 0);
      ready.tell();
      number.close_write();
      test_goes_on.wait_until_closed();
    });
    write_all(number.write_end(), std::to_string(stranger));
  });
  wait_for(between);
  BOOST_TEST(ready.await());
  int const stranger = std::stoi(number.read_rest());
  std::atomic<int> page = stranger;
  {
    isolatte::posix::child_process process;
    process.expect(page, nullptr, true);
  }
  BOOST_TEST(alive(stranger));
  test_goes_on.close_write();
  wait_until_gone(stranger);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace reaping_test
