// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "remembered.hpp"
#include "support/fail_calls.hpp"
#include "support/nothing_left.hpp"

#include <isolatte/async_fork.hpp>
#include <isolatte/call.hpp>
#include <isolatte/child.hpp>
#include <isolatte/fork.hpp>
#include <isolatte/fork_server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

// A child can ask its parent for these through the kernel: children, to be traced, signals, a stop.
namespace kernel_requests_test {

namespace asio = boost::asio;
namespace data = boost::unit_test::data;
using boost::system::error_code;
using isolatte::call;
using isolatte::ending;
using isolatte::outcome;
using namespace isolatte::test;
using namespace std::chrono_literals;

/// The thread of the child that asks.
enum class by { first, other };
std::ostream& operator<<(std::ostream& out, by who) {
  return out << (who == by::first ? "the first thread" : "another thread");
}
constexpr std::array threads{by::first, by::other};

/// How the child is made.
enum class made { forked, served };
std::ostream& operator<<(std::ostream& out, made how) {
  return out << (how == made::forked ? "forked" : "served");
}
constexpr std::array launches{made::forked, made::served};

/// Whether the child returns, or is killed at a timeout.
enum class ends { itself, at_timeout };
std::ostream& operator<<(std::ostream& out, ends how) {
  return out << (how == ends::itself ? "ends by itself" : "ends at its timeout");
}
constexpr std::array both_ends{ends::itself, ends::at_timeout};

template <class F>
void in_thread(by who, F f) {
  if (who == by::first)
    f();
  else
    std::thread{f}.join();
}

int this_thread_number() { return static_cast<int>(::syscall(SYS_gettid)); }

/// The letter that /proc has for what the process or the thread does.
char state_in(const std::string& folder) {
  std::string const stat = read_file(folder + "/stat");
  auto const name_end = stat.rfind(") ");
  return name_end == stat.npos ? '?' : stat[name_end + 2];
}
char state_of(int pid) { return state_in("/proc/" + std::to_string(pid)); }

template <class Condition>
void await(Condition condition) {
  while (!condition()) std::this_thread::yield();
}

/// Ends a child as the test wants it to end.
int end_as(ends how) {
  if (how == ends::at_timeout) hang();
  return 1;
}

isolatte::options with(ends how, isolatte::kept_descriptors kept = {}) {
  isolatte::options opts{.keep = std::move(kept)};
  if (how == ends::at_timeout) opts.timeout = 50ms;
  return opts;
}

/// Whether the outcome is that of end_as().
bool is_end_of(ends how, const remembered<int>& done) {
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(!done.ec);
  BOOST_TEST_CONTEXT(done.what) {
    if (how == ends::at_timeout) return done.what.how() == ending::timed_out;
    return done.what.value_or(0) == 1;
  }
  return false;
}

/// Runs a call in a child, and calls `then` while a fork server is still there.
template <class Call, class Then>
void run(made how, Call fn, isolatte::options opts, Then then) {
  asio::io_context context;
  std::optional<isolatte::fork_server> server;
  remembered<int> done;
  if (how == made::served) {
    server.emplace(context);
    server->async_fork(std::move(fn), std::move(opts), done.handler());
  } else {
    isolatte::async_fork(context, std::move(fn), std::move(opts), done.handler());
  }
  while (done.calls == 0 && context.run_one() != 0) {
  }
  then(done);
}

BOOST_FIXTURE_TEST_SUITE(kernel_requests, nothing_left)

// Children for the parent

/// Gives the parent of this process a child.
template <class F>
int make_sibling(F f) {
  auto const pid = static_cast<int>(::syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0));
  if (pid != 0) return pid;
  f();
  ::_exit(0);
}

/// Gives the program one child that ends and one that stays, and tells their numbers.
int leave_siblings(by who, ends how, int numbers) {
  in_thread(who, [&] {
    std::string text = std::to_string(make_sibling([] {}));
    text += ' ' + std::to_string(make_sibling(hang)) + '\n';
    write_all(numbers, text);
  });
  return end_as(how);
}

struct siblings {
  explicit siblings(wire& numbers) {
    std::istringstream text{numbers.read_rest()};
    text >> ended >> staying;
    BOOST_REQUIRE(ended > 0);
    BOOST_REQUIRE(staying > 0);
  }
  int ended = 0;
  int staying = 0;
};

BOOST_DATA_TEST_CASE(siblings_are_killed_and_reaped_with_the_child,
                     data::make(launches) * threads * both_ends, launch, who, how) {
  wire numbers;
  run(launch, call(leave_siblings, who, how, numbers.write_end()), with(how, {numbers.write_end()}),
      [&](const remembered<int>& done) {
        BOOST_TEST(is_end_of(how, done));
        siblings const all{numbers};
        BOOST_TEST(state_of(all.ended) == '?');
        BOOST_TEST(state_of(all.staying) == '?');
      });
}

BOOST_DATA_TEST_CASE(siblings_are_killed_and_reaped_with_the_handle, threads, who) {
  asio::io_context context;
  wire numbers;
  wire ready;
  {
    auto const child =
        isolatte::spawn_child(context,
                              [&] {
                                leave_siblings(who, ends::itself, numbers.write_end());
                                ready.tell();
                                hang();
                              },
                              {.keep = {numbers.write_end(), ready.write_end()}});
    BOOST_TEST(ready.await());
  }
  siblings const all{numbers};
  // A process that takes longer to die than a handle waits is reaped when another child is made.
  await([&] {
    static_cast<void>(isolatte::fork([] {}));
    return state_of(all.ended) == '?' && state_of(all.staying) == '?';
  });
}

BOOST_DATA_TEST_CASE(siblings_in_other_groups_are_left_alone, data::make({false, true}),
                     kill_tree) {
  wire numbers;
  wire left;
  auto const done = isolatte::fork(
      [&] {
        int const pid = make_sibling([&] {
          if (kill_tree) ::setpgid(0, 0);
          left.tell();
          hang();
        });
        left.await();
        return pid;
      },
      {.keep = {left.read_end(), left.write_end()}, .kill_tree = kill_tree});
  int const sibling = done.value_or(0);
  BOOST_REQUIRE(sibling > 0);
  BOOST_TEST(alive(sibling));
  end_child(sibling);
}

BOOST_AUTO_TEST_CASE(other_children_are_left_alone) {
  pid_t const other = bare_fork([] {
    ::setpgid(0, 0);
    ::_exit(7);
  });
  await([&] { return state_of(other) == 'Z'; });
  BOOST_TEST(isolatte::fork([] { return 1; }).value_or(0) == 1);
  BOOST_TEST(WEXITSTATUS(wait_for(other)) == 7);
}

// To be traced

/// Says what the thread does after it has asked to be traced.
enum class traced { ends, blocks, stops };
std::ostream& operator<<(std::ostream& out, traced how) {
  return out << (how == traced::ends ? "ended" : how == traced::blocks ? "blocked" : "stopped");
}
constexpr std::array traced_threads{traced::ends, traced::blocks, traced::stops};

void be_traced() {
  if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(90);
}

/// Has another thread traced, and returns when that thread does what it is to do.
void have_thread_traced(traced how) {
  if (how == traced::ends) return in_thread(by::other, be_traced);
  std::atomic<int> number = 0;
  std::thread{[&, how] {
    be_traced();
    number = this_thread_number();
    if (how == traced::stops) ::raise(SIGSTOP);
    hang();
  }}.detach();
  await([&] { return number != 0; });
  char const wanted = how == traced::stops ? 't' : 'S';
  await([&] { return state_in("/proc/self/task/" + std::to_string(number)) == wanted; });
}

int return_with_traced_thread(traced thread, ends how) {
  have_thread_traced(thread);
  return end_as(how);
}

int return_traced(ends how) {
  be_traced();
  return end_as(how);
}

BOOST_DATA_TEST_CASE(a_traced_first_thread_changes_no_end, data::make(launches) * both_ends, launch,
                     how) {
  run(launch, call(return_traced, how), with(how),
      [&](const remembered<int>& done) { BOOST_TEST(is_end_of(how, done)); });
}

BOOST_DATA_TEST_CASE(a_traced_thread_changes_no_end,
                     data::make(launches) * traced_threads * both_ends, launch, thread, how) {
  run(launch, call(return_with_traced_thread, thread, how), with(how),
      [&](const remembered<int>& done) { BOOST_TEST(is_end_of(how, done)); });
}

BOOST_DATA_TEST_CASE(a_traced_thread_changes_no_end_of_a_child_without_a_group,
                     data::make(traced_threads) * both_ends, thread, how) {
  auto opts = with(how);
  opts.kill_tree = false;
  run(made::forked, call(return_with_traced_thread, thread, how), opts,
      [&](const remembered<int>& done) { BOOST_TEST(is_end_of(how, done)); });
}

/// Without a list of threads the group tells which have ended.
BOOST_DATA_TEST_CASE(a_traced_thread_changes_no_end_without_proc,
                     data::make(traced_threads) * both_ends, thread, how) {
  fail_calls const no_list{{.how = failure::mode::every, .entry = "getdents"}};
  run(made::forked, call(return_with_traced_thread, thread, how), with(how),
      [&](const remembered<int>& done) { BOOST_TEST(is_end_of(how, done)); });
}

BOOST_DATA_TEST_CASE(a_traced_thread_hides_no_exit, traced_threads, thread) {
  auto const done = isolatte::fork([&] {
    have_thread_traced(thread);
    ::_exit(7);
  });
  BOOST_TEST(done.exit_code().value_or(0) == 7, done);
}

BOOST_DATA_TEST_CASE(a_traced_thread_hides_no_fault, traced_threads, thread) {
  auto const done = isolatte::fork([&] {
    have_thread_traced(thread);
    std::abort();
  });
  BOOST_TEST(done.how() == ending::faulted, done);
}

/// A process that the child leaves keeps the channel open, so that it tells of no end.
BOOST_DATA_TEST_CASE(a_traced_thread_hides_no_end_behind_a_grandchild,
                     data::make(traced_threads) * data::make({false, true}), thread, returns) {
  auto const done = isolatte::fork([&, returns] {
    bare_fork(hang);
    have_thread_traced(thread);
    if (!returns) ::_exit(7);
    return 1;
  });
  BOOST_TEST(done.has_value() == returns, done);
  BOOST_TEST(done.exit_code().value_or(0) == (returns ? 0 : 7), done);
}

BOOST_DATA_TEST_CASE(a_child_with_a_traced_thread_can_be_killed, traced_threads, thread) {
  asio::io_context context;
  wire ready;
  auto child = isolatte::spawn_child(context,
                                     [&] {
                                       have_thread_traced(thread);
                                       ready.tell();
                                       hang();
                                     },
                                     {.keep = {ready.write_end()}});
  BOOST_TEST(ready.await());
  BOOST_TEST(child.running());
  BOOST_TEST(!child.terminate());
  remembered<void> done;
  child.async_wait(done.handler());
  context.run();
  BOOST_TEST(done.what.how() == ending::cancelled, done.what);
}

BOOST_DATA_TEST_CASE(a_child_with_a_traced_thread_dies_with_its_handle,
                     data::make(traced_threads) * data::make({false, true}), thread, ended) {
  asio::io_context context;
  wire ready;
  auto child = isolatte::spawn_child(context,
                                     [&, ended] {
                                       have_thread_traced(thread);
                                       ready.tell();
                                       if (!ended) hang();
                                     },
                                     {.keep = {ready.write_end()}});
  int const pid = child.pid();
  BOOST_TEST(ready.await());
  if (ended) await([&] { return state_of(pid) == 'Z'; });
  child = {};
  BOOST_TEST(state_of(pid) == '?');
}

// To be traced by a process of its own

/// Has a process of its own trace a thread of this process.
/// @return false if the system does not allow that
bool have_own_process_trace(int thread) {
  wire began;
  ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  bare_fork([&] {
    if (::ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) == 0) began.tell();
    began.close_write();
    hang();
  });
  began.close_write();
  return began.await();
}

int be_traced_by_own_process(by who, ends how) {
  bool traced = false;
  in_thread(who, [&] { traced = have_own_process_trace(this_thread_number()); });
  return traced ? end_as(how) : 90;
}

BOOST_DATA_TEST_CASE(a_tracer_of_the_childs_own_changes_no_end,
                     data::make(launches) * threads * both_ends, launch, who, how) {
  run(launch, call(be_traced_by_own_process, who, how), with(how),
      [&](const remembered<int>& done) { BOOST_TEST(is_end_of(how, done)); });
}

// Signals from the descriptors that it shares

/// Has the kernel send a signal whenever something happens to one of the descriptors, as far as
/// they are files that tell.
void ask_for_signals(int owner_type, int owner, int signal) {
  for (int fd = 0; fd != 256; ++fd) {
    int const flags = ::fcntl(fd, F_GETFL);
    if (flags == -1) continue;
    f_owner_ex const to{static_cast<decltype(f_owner_ex::type)>(owner_type), owner};
    ::fcntl(fd, F_SETOWN_EX, &to);
    ::fcntl(fd, F_SETSIG, signal);
    ::fcntl(fd, F_SETFL, flags | O_ASYNC);
  }
}

std::atomic<int> signals_got = 0;
void count_signal(int) { ++signals_got; }

/// Has a signal counted in this process, which interrupts its system calls.
class counted_signal {
 public:
  explicit counted_signal(int signal) : signal_{signal} {
    signals_got = 0;
    struct sigaction action{};
    action.sa_handler = count_signal;
    ::sigaction(signal, &action, &before_);
  }
  ~counted_signal() { ::sigaction(signal_, &before_, nullptr); }
  counted_signal(const counted_signal&) = delete;
  counted_signal& operator=(const counted_signal&) = delete;

 private:
  int signal_;
  struct sigaction before_{};
};

int number_of_own_signal() { return SIGRTMIN + 3; }

int ask_for_own_signals(by who, ends how, int shared) {
  counted_signal const counted{number_of_own_signal()};
  in_thread(who, [&] {
    ask_for_signals(F_OWNER_TID, this_thread_number(), number_of_own_signal());
    write_all(shared, ".");
    await([] { return signals_got != 0; });
  });
  write_all(STDOUT_FILENO, "text");
  return end_as(how);
}

int ask_for_signals_to_program(by who, ends how, int shared, int program) {
  in_thread(who, [&] {
    ask_for_signals(F_OWNER_PID, program, SIGUSR1);
    write_all(shared, ".");
  });
  write_all(STDOUT_FILENO, "text");
  return end_as(how);
}

/// The test's own standard output must not keep the request.
isolatte::options with_shared(ends how, wire& shared) {
  auto opts = with(how, {shared.read_end(), shared.write_end()});
  opts.out = isolatte::capture{};
  return opts;
}

BOOST_DATA_TEST_CASE(signals_of_shared_descriptors_to_the_child_change_no_end,
                     data::make(launches) * threads * both_ends, launch, who, how) {
  wire shared;
  run(launch, call(ask_for_own_signals, who, how, shared.write_end()), with_shared(how, shared),
      [&](const remembered<int>& done) {
        BOOST_TEST(is_end_of(how, done));
        BOOST_TEST(done.what.out_text() == "text");
      });
}

BOOST_DATA_TEST_CASE(signals_of_shared_descriptors_to_the_program_change_no_end,
                     data::make(launches) * threads * both_ends, launch, who, how) {
  counted_signal const counted{SIGUSR1};
  wire shared;
  run(launch, call(ask_for_signals_to_program, who, how, shared.write_end(), ::getpid()),
      with_shared(how, shared), [&](const remembered<int>& done) {
        BOOST_TEST(is_end_of(how, done));
        BOOST_TEST(done.what.out_text() == "text");
        BOOST_TEST(signals_got != 0);
      });
}

// A stop

int stop_and_return(by who, ends how, int signal) {
  in_thread(who, [&] { ::raise(signal); });
  return end_as(how);
}

constexpr std::array stops{SIGSTOP, SIGTSTP};

/// The child would return if its stop were not to last.
BOOST_DATA_TEST_CASE(a_stopped_child_is_killed_at_its_timeout,
                     data::make(launches) * threads * stops, launch, who, signal) {
  run(launch, call(stop_and_return, who, ends::itself, signal), with(ends::at_timeout),
      [&](const remembered<int>& done) { BOOST_TEST(is_end_of(ends::at_timeout, done)); });
}

BOOST_DATA_TEST_CASE(a_stop_ends_nothing, data::make(threads) * stops, who, signal) {
  asio::io_context context;
  auto child = isolatte::spawn_child(
      context, [&, who, signal] { return stop_and_return(who, ends::itself, signal); });
  remembered<int> done;
  child.async_wait(done.handler());
  await([&] { return state_of(child.pid()) == 'T'; });
  context.poll();
  BOOST_TEST(done.calls == 0);
  BOOST_TEST(child.running());
  BOOST_TEST(!child.resume());
  context.run();
  BOOST_TEST(is_end_of(ends::itself, done));
}

BOOST_DATA_TEST_CASE(a_stopped_child_is_killed_with_its_siblings, threads, who) {
  wire numbers;
  auto const stop_with_siblings = [](by thread, int told) {
    leave_siblings(thread, ends::itself, told);
    return stop_and_return(thread, ends::itself, SIGSTOP);
  };
  run(made::forked, call(stop_with_siblings, who, numbers.write_end()),
      with(ends::at_timeout, {numbers.write_end()}), [&](const remembered<int>& done) {
        BOOST_TEST(is_end_of(ends::at_timeout, done));
        siblings const all{numbers};
        BOOST_TEST(state_of(all.ended) == '?');
        BOOST_TEST(state_of(all.staying) == '?');
      });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kernel_requests_test
