// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "in_threads.hpp"
#include "remembered.hpp"
#include "run_in_server.hpp"
#include "support/nothing_left.hpp"
#include "support/sanitizers.hpp"

#include <isolatte/call.hpp>
#include <isolatte/error.hpp>
#include <isolatte/fork_server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>
#include <list>
#include <optional>
#include <string>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace templates_test {

namespace asio = boost::asio;
using isolatte::call;
using isolatte::ending;
using isolatte::error;
using isolatte::fork_server;
using isolatte::options;
using namespace isolatte::test;

int state = 0;
int read_state() { return state; }

/// Runs some at once.
template <class Call>
auto run_at_once(fork_server& server, asio::io_context& context, Call fn) {
  std::list<remembered<isolatte::result_of<Call>>> all(8);
  for (auto& each : all) server.async_fork(fn, each.handler());
  context.restart();
  context.run();
  for (auto const& each : all) BOOST_TEST(each.calls == 1);
  return all;
}

/// Runs some at once while the first template is stopped. One child may stand ready. A copy has to
/// make the second one that completes, which is returned, unless the machine is so slow that the
/// first template has been taken for dead before.
template <class Call>
auto try_in_copy(fork_server& server, asio::io_context& context, Call fn) {
  // A copy that has ended is made again when it is wanted, and then is there for the next.
  run_at_once(server, context, call(read_state));
  run(server, context, call(read_state));
  int const first = server.pid();
  using result = isolatte::result_of<Call>;
  std::list<remembered<result>> done;
  ::kill(first, SIGSTOP);
  for (int i = 0; i != 8; ++i)
    server.async_fork(fn, [&](boost::system::error_code ec, isolatte::outcome<result> what) {
      if (done.size() == 2) return;
      done.emplace_back().handler()(ec, std::move(what));
      if (done.size() == 2) ::kill(first, SIGCONT);
    });
  context.restart();
  context.run();
  BOOST_REQUIRE(done.size() == 2u);
  return std::move(done.back());
}

template <class Call>
auto run_in_copy(fork_server& server, asio::io_context& context, Call fn) {
  constexpr int most_tries = 20;
  for (int i = 1;; ++i) {
    auto done = try_in_copy(server, context, fn);
    if (done.ec != error::server_died || i == most_tries) return done;
  }
}

BOOST_FIXTURE_TEST_SUITE(templates, nothing_left)

BOOST_AUTO_TEST_CASE(none_is_an_error_that_says_so) {
  asio::io_context context;
  BOOST_CHECK_EXCEPTION(
      (fork_server{context, {.templates = 0}}), boost::system::system_error,
      [](const auto& thrown) { return thrown.code() == boost::system::errc::invalid_argument; });
}

BOOST_AUTO_TEST_CASE(there_are_as_many_as_asked_for) {
  asio::io_context context;
  std::optional<fork_server> server{std::in_place, context,
                                    isolatte::fork_server_options{.templates = 3}};
  BOOST_TEST(run(*server, context, call([] { return 7; })).what.value() == 7);
  BOOST_TEST(server->stats().starts == 3u);
  auto const now = children();
  // And one ahead of need.
  BOOST_TEST(now.size() >= 3u);
  server.reset();
  for (int const pid : now) wait_until_gone(pid);
}

BOOST_AUTO_TEST_CASE(a_copy_makes_children_while_the_first_one_is_busy) {
  asio::io_context context;
  fork_server server{context, {.templates = 2}};
  auto const done = run_in_copy(server, context, call([] { return 5; }));
  BOOST_TEST(done.what.value_or(0) == 5, done.what);
}

BOOST_AUTO_TEST_CASE(copies_have_the_state_of_a_preload_that_runs_once) {
  scratch_folder folder;
  std::string const path = (folder / "runs").string();
  auto const load = [](const std::string& name) {
    std::ofstream{name, std::ios::app} << '.';
    state = 42;
  };
  asio::io_context context;
  fork_server server{context, {.templates = 4, .preload = call(load, path)}};
  std::list<remembered<int>> all(64);
  for (auto& each : all) server.async_fork(call(read_state), each.handler());
  context.run();
  for (auto const& each : all) BOOST_TEST(each.what.value_or(-1) == 42);
  BOOST_TEST(run_in_copy(server, context, call(read_state)).what.value_or(-1) == 42);
  BOOST_TEST(read_file(path) == ".");
  BOOST_TEST(server.stats().starts == 4u);
}

BOOST_AUTO_TEST_CASE(a_copy_that_died_is_made_again) {
  asio::io_context context;
  fork_server server{context, {.templates = 2, .preload = [] { state = 8; }}};
  BOOST_TEST(run_in_copy(server, context, call(read_state)).what.value_or(-1) == 8);
  auto const before = children();
  // Whatever is not the first template: the seed, the copy and children ahead of need.
  for (int const pid : before)
    if (pid != server.pid()) {
      ::kill(pid, SIGKILL);
      wait_until_gone(pid);
    }
  for (auto const& each : run_at_once(server, context, call(read_state)))
    BOOST_TEST(each.what.value_or(-1) == 8, each.what);
  BOOST_TEST(run_in_copy(server, context, call(read_state)).what.value_or(-1) == 8);
  BOOST_TEST(server.stats().starts > 2u);
}

BOOST_AUTO_TEST_CASE(the_first_one_dies_and_the_copies_go_on) {
  asio::io_context context;
  fork_server server{context, {.templates = 3, .preload = [] { state = 9; }}};
  BOOST_TEST(run_in_copy(server, context, call(read_state)).what.value_or(-1) == 9);
  int const first = server.pid();
  ::kill(first, SIGKILL);
  wait_until_gone(first);
  for (int i = 0; i != 3; ++i)
    BOOST_TEST(run(server, context, call(read_state)).what.value_or(-1) == 9);
  BOOST_TEST(server.pid() != first);
  BOOST_TEST(run_in_copy(server, context, call(read_state)).what.value_or(-1) == 9);
}

BOOST_AUTO_TEST_CASE(children_of_copies_are_confined) {
  // The sanitizers' run-time needs what a sandbox forbids.
  if (with_asan || with_tsan) return;
  asio::io_context context;
  std::optional<fork_server> made;
  try {
    made.emplace(context, isolatte::fork_server_options{.templates = 2,
                                                        .preload = [] { state = 6; },
                                                        .sandbox = isolatte::sandbox::pure()});
  } catch (const boost::system::system_error& refused) {
    BOOST_TEST((refused.code() == error::sandbox_unsupported), refused.what());
    return;
  }
  auto const look = [] { return std::pair{state, ::open("/etc/passwd", O_RDONLY) == -1}; };
  for (auto const& done :
       {run(*made, context, call(look)), run_in_copy(*made, context, call(look))}) {
    if (done.what.how() == ending::returned)
      BOOST_TEST((done.what.value() == std::pair{6, true}), done.what);
    else
      BOOST_TEST(done.what.how() == ending::faulted, done.what);
  }
  auto const crash = [] {
    int volatile* nowhere = nullptr;
    *nowhere = 1;
  };
  // Names that were found are kept: they are the same in all templates.
  run(*made, context, call(crash));
  for (auto const& fault : run_at_once(*made, context, call(crash))) {
    BOOST_REQUIRE(fault.what.fault().has_value());
    BOOST_TEST(fault.what.fault()->trace.find("templates_test") != std::string::npos,
               fault.what.fault()->trace);
  }
}

BOOST_AUTO_TEST_CASE(several_threads_use_them) {
  asio::io_context context;
  fork_server server{context, {.templates = 3}};
  std::list<remembered<int>> all(120);
  auto const twice = [](int n) { return 2 * n; };
  int n = 0;
  for (auto& each : all) server.async_fork(call(twice, n++), each.handler());
  in_threads(3, [&](int) { context.run(); });
  n = 0;
  for (auto const& each : all) BOOST_TEST(each.what.value_or(-1) == 2 * n++);
}

BOOST_AUTO_TEST_CASE(copies_of_a_preload_that_fails_come_with_the_next_one) {
  scratch_folder folder;
  std::string const path = (folder / "go").string();
  auto const load = [](const std::string& name) {
    if (::access(name.c_str(), F_OK) == -1) throw 1;
    state = 4;
  };
  asio::io_context context;
  fork_server server{context, {.templates = 2, .preload = call(load, path)}};
  BOOST_TEST((run(server, context, call(read_state)).ec == error::preload_failed));
  std::ofstream{path} << 1;
  BOOST_TEST(run(server, context, call(read_state)).what.value_or(-1) == 4);
  BOOST_TEST(run_in_copy(server, context, call(read_state)).what.value_or(-1) == 4);
}

BOOST_AUTO_TEST_CASE(copies_serve_while_the_first_one_cannot_be_made_again) {
  scratch_folder folder;
  std::string const path = (folder / "go").string();
  std::ofstream{path} << 1;
  auto const load = [](const std::string& name) {
    if (::access(name.c_str(), F_OK) == -1) throw 1;
    state = 4;
  };
  asio::io_context context;
  fork_server server{context, {.templates = 3, .preload = call(load, path)}};
  BOOST_TEST(run_in_copy(server, context, call(read_state)).what.value_or(-1) == 4);
  ::unlink(path.c_str());
  int const first = server.pid();
  ::kill(first, SIGKILL);
  wait_until_gone(first);
  for (int i = 0; i != 4; ++i) {
    BOOST_TEST(run(server, context, call(read_state)).what.value_or(-1) == 4);
    for (auto const& each : run_at_once(server, context, call(read_state)))
      BOOST_TEST(each.what.value_or(-1) == 4, each.what);
  }
  std::ofstream{path} << 1;
  while (server.pid() == 0) run(server, context, call(read_state));
}

BOOST_AUTO_TEST_CASE(a_copy_and_the_first_one_die_together) {
  scratch_folder folder;
  std::string const path = (folder / "go").string();
  std::ofstream{path} << 1;
  auto const load = [](const std::string& name) {
    while (::access(name.c_str(), F_OK) == -1) ::usleep(1000);
    state = 4;
  };
  asio::io_context context;
  fork_server server{context, {.templates = 2, .preload = call(load, path)}};
  BOOST_TEST(run_in_copy(server, context, call(read_state)).what.value_or(-1) == 4);
  ::unlink(path.c_str());
  // The seed is the oldest child.
  auto const all = children();
  auto const seed = *std::min_element(all.begin(), all.end());
  for (int const pid : all)
    if (pid != seed) {
      ::kill(pid, SIGKILL);
      wait_until_gone(pid);
    }
  std::list<remembered<int>> waiting(8);
  for (auto& each : waiting) server.async_fork(call(read_state), each.handler());
  context.restart();
  context.poll();
  for (auto const& each : waiting) BOOST_TEST(each.calls == 0);
  std::ofstream{path} << 1;
  context.run();
  for (auto const& each : waiting) BOOST_TEST(each.what.value_or(-1) == 4, each.what);
}

BOOST_AUTO_TEST_CASE(copies_of_a_failed_preload_that_left_a_process) {
  scratch_folder folder;
  std::string const path = (folder / "go").string();
  wire held;
  auto const pipe =
      "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(held.read_end());
  auto const load = [](const std::string& name, const std::string& end) {
    int const fd = ::open(end.c_str(), O_RDONLY);
    state = 4;
    if (::access(name.c_str(), F_OK) == 0) return;
    std::ofstream{name} << 1;
    // Outside of the template's group: it lives on, with all that the template had open.
    if (::fork() == 0) {
      ::setsid();
      char byte = 0;
      static_cast<void>(::read(fd, &byte, 1));
      ::_exit(0);
    }
    throw 1;
  };
  asio::io_context context;
  fork_server server{context, {.templates = 3, .preload = call(load, path, pipe)}};
  BOOST_TEST((run(server, context, call(read_state)).ec == error::preload_failed));
  BOOST_TEST(run(server, context, call(read_state)).what.value_or(-1) == 4);
  BOOST_TEST(run_in_copy(server, context, call(read_state)).what.value_or(-1) == 4);
  held.tell();
}

BOOST_AUTO_TEST_CASE(descriptors_are_kept_after_the_first_one_was_replaced) {
  // The sanitizers' run-time needs what a sandbox forbids.
  if (with_asan || with_tsan) return;
  asio::io_context context;
  std::optional<fork_server> made;
  try {
    made.emplace(context, isolatte::fork_server_options{.templates = 2,
                                                        .sandbox = isolatte::sandbox::pure()});
  } catch (const boost::system::system_error& refused) {
    BOOST_TEST((refused.code() == error::sandbox_unsupported), refused.what());
    return;
  }
  run_at_once(*made, context, call(read_state));
  int const first = made->pid();
  ::kill(first, SIGKILL);
  wait_until_gone(first);
  run(*made, context, call(read_state));
  std::list<wire> many(20);
  for (auto const& each : many)
    for (int i = 0; i != 2; ++i) {
      std::list<remembered<int>> all(4);
      for (auto& one : all)
        made->async_fork(call(read_state), {.keep = {each.read_end(), each.write_end()}},
                         one.handler());
      context.restart();
      context.run();
      for (auto const& one : all) BOOST_TEST(one.what.value_or(-1) == 0, one.what);
    }
}

BOOST_AUTO_TEST_CASE(one_child_stands_ready) {
  asio::io_context context;
  fork_server server{context, {.templates = 4}};
  for (int i = 0; i != 3; ++i) run_at_once(server, context, call(read_state));
  run(server, context, call(read_state));
  // Four templates and it.
  BOOST_TEST(children().size() <= 5u);
}

BOOST_AUTO_TEST_CASE(the_first_one_does_the_work_of_a_copy_that_dies_before_it_is_asked) {
  asio::io_context context;
  fork_server server{context, {.templates = 2}};
  int const first = server.pid();
  while (children().size() != 2) ::usleep(100);
  std::list<remembered<int>> waiting(8);
  for (auto& each : waiting) server.async_fork(call(read_state), each.handler());
  for (int const pid : children())
    if (pid != first) {
      ::kill(pid, SIGKILL);
      wait_until_gone(pid);
    }
  context.run();
  for (auto const& each : waiting) {
    BOOST_TEST(each.calls == 1);
    BOOST_TEST(each.what.value_or(-1) == 0, each.what);
  }
  BOOST_TEST(server.pid() == first);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace templates_test
