// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "disposition.hpp"
#include "helpers.hpp"
#include "posix/descriptor.hpp"
#include "posix/system_calls.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace asio = boost::asio;
namespace data = boost::unit_test::data;
using namespace isolatte::test;
using namespace std::chrono_literals;
using boost::system::error_code;
using isolatte::ending;
using isolatte::options;
using isolatte::outcome;

namespace {

/// Tells which processes are alive. Each has the pipe open, and the kernel closes it after their
/// death. Only then does a reader see end-of-file. A process number could belong to another process
/// by now.
using witness = wire;

options keeping(std::vector<int> fds) {
  return {.limits = {.core_size = 0}, .keep = std::move(fds)};
}

/// Makes a grandchild and a child of it. Neither ever ends by itself.
void grow_tree(const witness& alive) {
  bare_fork([&] {
    bare_fork([&] {
      alive.tell();
      hang();
    });
    alive.tell();
    hang();
  });
  alive.await(2);
}

char const* const endings[] = {"return", "throw", "exit",    "fault",
                               "kill",   "hang",  "timeout", "undelivered"};

struct unsavable {
  template <class Archive>
  void serialize(Archive&, unsigned) {
    throw std::runtime_error{"no"};
  }
};

unsavable end_by(std::string_view how) {
  if (how == "throw") throw std::runtime_error{"thrown"};
  if (how == "exit") std::exit(3);
  if (how == "fault") std::abort();
  if (how == "kill") ::raise(SIGKILL);
  if (how == "hang" || how == "timeout") hang();
  if (how == "return") ::quick_exit(0);
  return {};
}

/// Since Linux 6.9.
bool can_signal_groups_by_descriptor() {
#if ISOLATTE_HAS_PIDFD
  constexpr unsigned to_process_group = 1U << 2;
  isolatte::posix::descriptor const self{isolatte::posix::sys.pidfd_open(::getpid())};
  return isolatte::posix::sys.pidfd_send_signal(self.get(), 0, to_process_group) == 0;
#else
  return false;
#endif
}

/// Makes a process that starts children, and is killed meanwhile.
template <class F>
pid_t doomed_helper(F start) {
  return bare_fork([&] {
    start();
    hang();
  });
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(containment, isolatte::test::nothing_left)

// Process groups

BOOST_DATA_TEST_CASE(the_tree_dies_with_every_ending, data::make(endings), how) {
  witness alive;
  options opts = keeping({alive.read_end(), alive.write_end()});
  if (how == std::string_view{"timeout"} || how == std::string_view{"hang"}) opts.timeout = 50ms;
  if (how == std::string_view{"hang"}) opts.grace = 1ms;
  auto const done = isolatte::fork(
      [&] {
        grow_tree(alive);
        return end_by(how);
      },
      opts);
  BOOST_TEST((done.how() != ending::returned));
  alive.wait_until_closed();
}

BOOST_AUTO_TEST_CASE(the_tree_dies_with_a_plain_return) {
  witness alive;
  auto const done = isolatte::fork(
      [&] {
        grow_tree(alive);
        return 5;
      },
      keeping({alive.read_end(), alive.write_end()}));
  BOOST_TEST(done.value() == 5);
  alive.wait_until_closed();
}

BOOST_AUTO_TEST_CASE(the_tree_dies_with_a_cancellation) {
  for (auto const type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                          asio::cancellation_type::total}) {
    witness alive;
    wire ready;
    asio::io_context context;
    asio::cancellation_signal cancel;
    bool ended = false;
    isolatte::async_fork(
        context,
        [&] {
          grow_tree(alive);
          ready.tell();
          hang();
        },
        keeping({alive.read_end(), alive.write_end(), ready.write_end()}),
        asio::bind_cancellation_slot(cancel.slot(), [&](error_code ec, outcome<void> done) {
          ended = true;
          BOOST_TEST(ec == asio::error::operation_aborted);
          BOOST_TEST(done.how() == ending::cancelled);
        }));
    BOOST_TEST(ready.await());
    cancel.emit(type);
    context.run();
    BOOST_TEST(ended);
    alive.wait_until_closed();
  }
}

BOOST_AUTO_TEST_CASE(the_tree_dies_with_the_handle_and_the_context) {
  for (bool const with_handle : {true, false}) {
    witness alive;
    wire ready;
    {
      asio::io_context context;
      auto const grow = [&] {
        grow_tree(alive);
        ready.tell();
        hang();
      };
      auto const opts = keeping({alive.read_end(), alive.write_end(), ready.write_end()});
      isolatte::child<void> child;
      if (with_handle)
        child = isolatte::spawn_child(context, grow, opts);
      else
        isolatte::async_fork(context, grow, opts, [](error_code, outcome<void>) {});
      BOOST_TEST(ready.await());
    }
    alive.wait_until_closed();
    BOOST_TEST(children().empty());
  }
}

BOOST_AUTO_TEST_CASE(a_child_leads_its_group_only_where_it_should) {
  auto const leads = [] { return ::getpgrp() == ::getpid(); };
  BOOST_TEST(isolatte::fork(leads).value());
  BOOST_TEST(!isolatte::fork(leads, {.kill_tree = false}).value());
  BOOST_TEST(isolatte::fork([] { return ::getpgrp(); }, {.kill_tree = false}).value() ==
             ::getpgrp());
}

BOOST_AUTO_TEST_CASE(without_kill_tree_a_grandchild_lives_on) {
  wire question;
  wire answer;
  options opts = keeping({question.read_end(), answer.write_end()});
  opts.kill_tree = false;
  auto const done = isolatte::fork(
      [&] {
        return bare_fork([&] {
          question.await();
          answer.tell();
        });
      },
      opts);
  BOOST_TEST(done.how() == ending::returned);
  question.tell();
  BOOST_TEST(answer.await());
  wait_until_gone(done.value());
}

BOOST_AUTO_TEST_CASE(without_kill_tree_the_child_itself_is_ended) {
  options opts = keeping({});
  opts.kill_tree = false;
  opts.timeout = 10ms;
  BOOST_TEST(isolatte::fork([] { hang(); }, opts).how() == ending::timed_out);
}

BOOST_AUTO_TEST_CASE(a_child_that_leaves_its_group_is_ended_with_those_it_left) {
  witness alive;
  for (auto const grace : {0ms, 1ms}) {
    options opts = keeping({alive.read_end(), alive.write_end()});
    opts.timeout = 50ms;
    opts.grace = grace;
    pid_t const group = ::getpgrp();
    auto const done = isolatte::fork(
        [&] {
          grow_tree(alive);
          if (::setpgid(0, group) != 0) ::_exit(1);
          hang();
        },
        opts);
    BOOST_TEST(done.how() == ending::timed_out);
  }
  alive.wait_until_closed();
}

BOOST_AUTO_TEST_CASE(a_child_that_leaves_its_group_and_ends_leaves_nobody_behind) {
  witness alive;
  pid_t const group = ::getpgrp();
  auto const done = isolatte::fork(
      [&] {
        grow_tree(alive);
        return ::setpgid(0, group);
      },
      keeping({alive.read_end(), alive.write_end()}));
  BOOST_TEST(done.value() == 0);
  alive.wait_until_closed();
}

BOOST_AUTO_TEST_CASE(a_child_of_its_own_session_is_ended) {
  options opts = keeping({});
  opts.kill_tree = false;
  opts.timeout = 20ms;
  auto const done = isolatte::fork(
      [] {
        ::setsid();
        hang();
      },
      opts);
  BOOST_TEST(done.how() == ending::timed_out);
}

BOOST_AUTO_TEST_CASE(nested_children_die_with_the_outer_one) {
  witness alive;
  options opts = keeping({alive.read_end(), alive.write_end()});
  wire ready;
  opts.keep = {alive.read_end(), alive.write_end(), ready.write_end()};
  asio::io_context context;
  auto const nested = keeping({alive.read_end(), alive.write_end(), ready.write_end()});
  auto const innermost = [&] {
    grow_tree(alive);
    ready.tell();
    hang();
  };
  auto const inner = [&] { static_cast<void>(isolatte::fork(innermost, nested)); };
  auto outer = isolatte::spawn_child(
      context, [&] { static_cast<void>(isolatte::fork(inner, nested)); }, opts);
  BOOST_TEST(ready.await());
  BOOST_TEST(!outer.terminate());
  alive.wait_until_closed();
}

// The death of the program

BOOST_AUTO_TEST_CASE(children_and_their_groups_die_with_the_program) {
  witness alive;
  wire ready;
  pid_t const helper = doomed_helper([&] {
    asio::io_context context;
    auto const live = [&](bool stopped) {
      grow_tree(alive);
      ready.tell();
      if (stopped) ::raise(SIGSTOP);
      hang();
    };
    auto const opts = keeping({alive.read_end(), alive.write_end(), ready.write_end()});
    auto const running = isolatte::spawn_child(context, [&] { live(false); }, opts);
    auto const stopped = isolatte::spawn_child(context, [&] { live(true); }, opts);
    isolatte::child<void> of_thread;
    std::thread{[&] {
      of_thread = isolatte::spawn_child(context, [&] { live(false); }, opts);
    }}.join();
    auto group_less = opts;
    group_less.kill_tree = false;
    auto const alone = isolatte::spawn_child(context, [&] { ready.tell(), hang(); }, group_less);
    hang();
  });
  BOOST_TEST(ready.await(4));
  end_child(helper);
  alive.wait_until_closed();
}

BOOST_AUTO_TEST_CASE(a_child_outlives_the_thread_that_forked_it) {
  wire question;
  asio::io_context context;
  isolatte::child<int> child;
  std::thread{[&] {
    child = isolatte::spawn_child(
        context,
        [&] {
          question.await();
          return 4;
        },
        keeping({question.read_end()}));
  }}.join();
  question.tell();
  bool ended = false;
  child.async_wait([&](error_code, outcome<int> done) {
    ended = true;
    BOOST_TEST(done.value() == 4);
  });
  context.run();
  BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(children_die_with_the_program_that_is_still_starting_them) {
  for (int round = 0; round != 20; ++round) {
    witness alive;
    wire started;
    pid_t const helper = doomed_helper([&] {
      asio::io_context context;
      std::vector<isolatte::child<void>> started_ones;
      for (int i = 0; i != 64; ++i) {
        started_ones.push_back(isolatte::spawn_child(
            context, [] { hang(); }, keeping({alive.read_end(), alive.write_end()})));
        started.tell();
      }
      hang();
    });
    BOOST_TEST(started.await(static_cast<std::size_t>(round % 5)));
    end_child(helper);
    alive.wait_until_closed();
  }
}

// A program that leaves main() while another of its threads is within fork().
std::atomic<bool> is_forking = false;
std::atomic<bool> has_left = false;
bool stays_until_forked = false;
std::atomic<bool> has_forked = false;
decltype(isolatte::posix::sys.fork) real_fork;

/// Comes after all handlers of exit(), the library's among them.
[[gnu::destructor]] void stay_until_forked() {
  has_left = true;
  while (stays_until_forked && !has_forked) std::this_thread::yield();
}

pid_t fork_late() {
  is_forking = true;
  // Until the first thread waits in a handler.
  auto const is_awaited = [] {
    auto const status = read_file("/proc/self/task/" + std::to_string(::getpid()) + "/stat");
    auto const name_end = status.rfind(')');
    return name_end != std::string::npos && status.substr(name_end + 2, 1) == "S";
  };
  while (!has_left && !is_awaited()) std::this_thread::yield();
  pid_t const pid = real_fork();
  // In the child, too: otherwise its own exit() would wait.
  has_forked = true;
  return pid;
}

BOOST_AUTO_TEST_CASE(a_child_that_is_being_made_when_main_is_left_does_not_live_on) {
  witness alive;
  wire until;
  pid_t const program = bare_fork([&] {
    until.close_write();
    real_fork = isolatte::posix::sys.fork;
    isolatte::posix::sys.fork = fork_late;
    stays_until_forked = true;
    std::thread maker{[&] {
      auto opts = keeping({alive.write_end(), until.read_end()});
      opts.die_with_parent = false;
      static_cast<void>(isolatte::fork(
          [&] {
            until.await();
            write_all(alive.write_end(), "it lives on");
          },
          std::move(opts)));
    }};
    while (!is_forking) std::this_thread::yield();
    leave_main(3);
  });
  BOOST_TEST(WEXITSTATUS(wait_for(program)) == 3);
  until.close_write();
  BOOST_TEST(alive.read_rest() == "");
}

BOOST_AUTO_TEST_CASE(a_bare_fork_of_the_programs_own_saves_no_child) {
  witness alive;
  wire other;
  wire ready;
  pid_t const helper = doomed_helper([&] {
    asio::io_context context;
    auto const child = isolatte::spawn_child(
        context, [&] { ready.tell(), hang(); }, keeping({alive.write_end(), ready.write_end()}));
    pid_t const bystander = bare_fork([&] {
      alive.close_write();
      ::setsid();
      ready.tell();
      // Lives until the test closes `other`.
      other.wait_until_closed();
    });
    static_cast<void>(bystander);
    hang();
  });
  BOOST_TEST(ready.await(2));
  end_child(helper);
  alive.wait_until_closed();
}

BOOST_AUTO_TEST_CASE(a_child_that_executes_another_program_dies_with_this_one) {
  witness alive;
  wire never;
  wire out;
  pid_t const helper = doomed_helper([&] {
    asio::io_context context;
    options opts = keeping({alive.write_end()});
    opts.in = isolatte::from_fd{never.read_end()};
    opts.out = isolatte::to_fd{out.write_end()};
    auto const child = isolatte::spawn_child(
        context,
        [] {
          ::execl("/bin/sh", "sh", "-c", "echo; exec cat", nullptr);
          ::_exit(127);
        },
        opts);
    hang();
  });
  BOOST_TEST(out.await());
  end_child(helper);
  alive.wait_until_closed();
}

BOOST_AUTO_TEST_CASE(a_child_that_need_not_die_with_the_program_lives_on) {
  wire question;
  wire answer;
  wire ready;
  pid_t const helper = doomed_helper([&] {
    asio::io_context context;
    options opts = keeping({question.read_end(), answer.write_end(), ready.write_end()});
    opts.die_with_parent = false;
    auto const child = isolatte::spawn_child(
        context,
        [&] {
          ready.tell();
          question.await();
          answer.tell();
          ::_exit(0);
        },
        opts);
    hang();
  });
  BOOST_TEST(ready.await());
  end_child(helper);
  question.tell();
  BOOST_TEST(answer.await());
  answer.wait_until_closed();
}

// Resources, and other users of SIGCHLD

BOOST_AUTO_TEST_CASE(many_endings_leave_neither_process_nor_descriptor) {
  asio::io_context context;
  int ended = 0;
  int const rounds = 10;
  for (int round = 0; round != rounds; ++round)
    for (char const* const how : endings) {
      options opts = keeping({});
      opts.out = isolatte::capture{};
      opts.err = isolatte::by_line{[](std::string_view) {}};
      if (how == std::string_view{"timeout"} || how == std::string_view{"hang"})
        opts.timeout = 10ms;
      isolatte::async_fork(
          context, [how] { return end_by(how); }, opts,
          [&](error_code ec, outcome<unsavable>) {
            BOOST_TEST(!ec);
            ++ended;
          });
    }
  context.run();
  BOOST_TEST(ended == rounds * static_cast<int>(std::size(endings)));
  BOOST_TEST(children().empty());
}

namespace {

std::atomic<int> child_signals = 0;

void count_signal(int) { ++child_signals; }

}  // namespace

BOOST_AUTO_TEST_CASE(other_children_and_handlers_of_sigchld_are_left_alone) {
  child_signals = 0;
  disposition const handler{SIGCHLD, count_signal};
  wire go;
  pid_t const early = bare_fork([] { ::_exit(7); });
  pid_t const late = bare_fork([&] {
    go.await();
    ::_exit(8);
  });
  for (int i = 0; i != 10; ++i) BOOST_TEST(isolatte::fork([] { return 1; }).value() == 1);
  go.tell();
  asio::io_context context;
  for (int i = 0; i != 10; ++i)
    isolatte::async_fork(
        context, [] { return 1; }, {},
        [](error_code, outcome<int> done) { BOOST_TEST(done.value() == 1); });
  context.run();
  int const early_status = wait_for(early);
  int const late_status = wait_for(late);
  BOOST_TEST(WEXITSTATUS(early_status) == 7);
  BOOST_TEST(WEXITSTATUS(late_status) == 8);
  BOOST_TEST(child_signals > 0);
  struct sigaction now{};
  ::sigaction(SIGCHLD, nullptr, &now);
  BOOST_TEST((now.sa_handler == count_signal));
}

BOOST_AUTO_TEST_CASE(a_child_that_someone_else_reaped_is_lost_but_its_value_is_not) {
  auto const steal = [](auto function, auto check) {
    asio::io_context context;
    bool ended = false;
    isolatte::async_fork(context, function, keeping({}), [&](error_code ec, auto done) {
      ended = true;
      BOOST_TEST(!ec);
      BOOST_TEST(done.how() == ending::lost);
      BOOST_TEST(done.ran() == isolatte::ran::yes);
      BOOST_TEST(!done.exit_code());
      BOOST_TEST(!done.signal());
      check(done);
    });
    while (::waitpid(-1, nullptr, 0) == -1 && errno == EINTR) {
    }
    context.run();
    BOOST_TEST(ended);
  };
  steal([] { return 11; }, [](const outcome<int>& done) { BOOST_TEST(done.value() == 11); });
  steal([] { ::_exit(3); }, [](const outcome<void>& done) { BOOST_TEST(!done); });
  steal([] { ::raise(SIGKILL); }, [](const outcome<void>& done) { BOOST_TEST(!done); });
}

BOOST_AUTO_TEST_CASE(the_tree_of_a_child_that_someone_else_reaped_dies_if_the_kernel_can) {
  witness alive;
  asio::io_context context;
  int group = 0;
  isolatte::async_fork(
      context, [&] { grow_tree(alive); }, keeping({alive.read_end(), alive.write_end()}),
      [&](error_code, outcome<void> done) {
        BOOST_TEST(done.how() == ending::lost);
        group = done.pid();
      });
  while (::waitpid(-1, nullptr, 0) == -1 && errno == EINTR) {
  }
  context.run();
  BOOST_REQUIRE(group > 0);
  // The number is the group's own as long as the tree is there.
  if (!can_signal_groups_by_descriptor()) BOOST_TEST(::kill(-group, SIGKILL) == 0);
  alive.wait_until_closed();
}

BOOST_AUTO_TEST_CASE(where_sigchld_is_ignored_the_value_still_arrives) {
  disposition const ignored{SIGCHLD, SIG_IGN};
  auto const done = isolatte::fork([] { return 12; });
  BOOST_TEST(done.how() == ending::lost);
  BOOST_TEST(done.value() == 12);
  auto const killed = isolatte::fork([] { hang(); }, {.timeout = 10ms});
  BOOST_TEST(killed.how() == ending::lost);
}

BOOST_AUTO_TEST_SUITE_END()
