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
#include <string_view>
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

/// Tells the test a text after the child has asked, and ends the child as the test wants it to end.
int tell_and_end(ends how, int told, std::string_view text = ".") {
  write_all(told, text);
  if (how == ends::at_timeout) hang();
  return 1;
}

/// Whether the outcome is that of tell_and_end().
bool is_end_of(ends how, const remembered<int>& done) {
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(!done.ec);
  BOOST_TEST_INFO(done.what);
  if (how == ends::at_timeout) return done.what.how() == ending::timed_out;
  return done.what.value_or(0) == 1;
}

/// Runs a call in a child, and checks how it ends. A timeout that comes before the child has asked
/// is tried again with a longer one.
/// @param make makes the call from the descriptor by which the child tells
/// @param then gets the outcome, and what the child has told, while a fork server is still there
template <class Make, class Then>
void run(made launch, ends how, isolatte::options opts, Make make, Then then) {
  for (auto timeout = 50ms;; timeout *= 2) {
    asio::io_context context;
    std::optional<isolatte::fork_server> server;
    wire told;
    auto all = opts;
    auto kept = opts.keep.fds();
    kept.push_back(told.write_end());
    all.keep = std::move(kept);
    if (how == ends::at_timeout) all.timeout = timeout;
    remembered<int> done;
    if (launch == made::served) {
      server.emplace(context);
      server->async_fork(make(told.write_end()), all, done.handler());
    } else {
      isolatte::async_fork(context, make(told.write_end()), all, done.handler());
    }
    while (done.calls == 0 && context.run_one() != 0) {
    }
    std::string const text = told.read_rest();
    if (how == ends::at_timeout && text.empty() && done.what.how() == ending::timed_out) continue;
    BOOST_TEST(!text.empty());
    BOOST_TEST(is_end_of(how, done));
    return then(done, text);
  }
}
template <class Make>
void run(made launch, ends how, isolatte::options opts, Make make) {
  run(launch, how, std::move(opts), make, [](const remembered<int>&, const std::string&) {});
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

/// Gives the program one child that ends and one that stays.
/// @return their numbers
std::string leave_siblings(by who) {
  std::string numbers;
  in_thread(who, [&] {
    numbers = std::to_string(make_sibling([] {}));
    numbers += ' ' + std::to_string(make_sibling(hang));
  });
  return numbers;
}

int leave_siblings_and_end(by who, ends how, int told) {
  return tell_and_end(how, told, leave_siblings(who));
}

struct siblings {
  explicit siblings(const std::string& numbers) {
    std::istringstream text{numbers};
    text >> ended >> staying;
    BOOST_REQUIRE(ended > 0);
    BOOST_REQUIRE(staying > 0);
  }
  bool gone() const { return state_of(ended) == '?' && state_of(staying) == '?'; }

  int ended = 0;
  int staying = 0;
};

BOOST_DATA_TEST_CASE(siblings_are_killed_and_reaped_with_the_child,
                     data::make(launches) * threads * both_ends, launch, who, how) {
  run(
      launch, how, {}, [&](int told) { return call(leave_siblings_and_end, who, how, told); },
      [](const remembered<int>&, const std::string& text) { BOOST_TEST(siblings{text}.gone()); });
}

BOOST_DATA_TEST_CASE(siblings_are_killed_and_reaped_with_the_handle, threads, who) {
  asio::io_context context;
  wire numbers;
  wire ready;
  {
    auto const child = isolatte::spawn_child(context,
                                             [&] {
                                               write_all(numbers.write_end(), leave_siblings(who));
                                               ready.tell();
                                               hang();
                                             },
                                             {.keep = {numbers.write_end(), ready.write_end()}});
    BOOST_TEST(ready.await());
  }
  siblings const all{numbers.read_rest()};
  // A process that takes longer to die than a handle waits is reaped when another child is made.
  await([&] {
    static_cast<void>(isolatte::fork([] {}));
    return all.gone();
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

int end_with_traced_thread(traced thread, ends how, int told) {
  have_thread_traced(thread);
  return tell_and_end(how, told);
}

int end_traced(ends how, int told) {
  be_traced();
  return tell_and_end(how, told);
}

BOOST_DATA_TEST_CASE(a_traced_first_thread_changes_no_end, data::make(launches) * both_ends, launch,
                     how) {
  run(launch, how, {}, [&](int told) { return call(end_traced, how, told); });
}

BOOST_DATA_TEST_CASE(a_traced_thread_changes_no_end,
                     data::make(launches) * traced_threads * both_ends, launch, thread, how) {
  run(launch, how, {}, [&](int told) { return call(end_with_traced_thread, thread, how, told); });
}

BOOST_DATA_TEST_CASE(a_traced_thread_changes_no_end_of_a_child_without_a_group,
                     data::make(traced_threads) * both_ends, thread, how) {
  run(made::forked, how, {.kill_tree = false},
      [&](int told) { return call(end_with_traced_thread, thread, how, told); });
}

/// Without a list of threads the group tells which have ended.
BOOST_DATA_TEST_CASE(a_traced_thread_changes_no_end_without_proc,
                     data::make(traced_threads) * both_ends, thread, how) {
  fail_calls const no_list{{.how = failure::mode::every, .entry = "getdents"}};
  run(made::forked, how, {},
      [&](int told) { return call(end_with_traced_thread, thread, how, told); });
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

int end_traced_by_own_process(by who, ends how, int told) {
  bool traced = false;
  in_thread(who, [&] { traced = have_own_process_trace(this_thread_number()); });
  return traced ? tell_and_end(how, told) : 90;
}

BOOST_DATA_TEST_CASE(a_tracer_of_the_childs_own_changes_no_end,
                     data::make(launches) * threads * both_ends, launch, who, how) {
  run(launch, how, {}, [&](int told) { return call(end_traced_by_own_process, who, how, told); });
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

int ask_for_own_signals(by who, ends how, int shared, int told) {
  // Never destroyed: the child's channel tells of what the program reads, to the child's very end.
  static auto const* const counted = new counted_signal{number_of_own_signal()};
  static_cast<void>(counted);
  in_thread(who, [&] {
    ask_for_signals(F_OWNER_TID, this_thread_number(), number_of_own_signal());
    write_all(shared, ".");
    await([] { return signals_got != 0; });
  });
  write_all(STDOUT_FILENO, "text");
  return tell_and_end(how, told);
}

int ask_for_signals_to_program(by who, ends how, int shared, int program, int told) {
  in_thread(who, [&] {
    ask_for_signals(F_OWNER_PID, program, SIGUSR1);
    write_all(shared, ".");
  });
  write_all(STDOUT_FILENO, "text");
  return tell_and_end(how, told);
}

/// The test's own standard output must not keep the request.
isolatte::options with_shared(wire& shared) {
  isolatte::options opts{.keep = {shared.read_end(), shared.write_end()}};
  opts.out = isolatte::capture{};
  return opts;
}

BOOST_DATA_TEST_CASE(signals_of_shared_descriptors_to_the_child_change_no_end,
                     data::make(launches) * threads * both_ends, launch, who, how) {
  wire shared;
  run(
      launch, how, with_shared(shared),
      [&](int told) { return call(ask_for_own_signals, who, how, shared.write_end(), told); },
      [](const remembered<int>& done, const std::string&) {
        BOOST_TEST(done.what.out_text() == "text");
      });
}

BOOST_DATA_TEST_CASE(signals_of_shared_descriptors_to_the_program_change_no_end,
                     data::make(launches) * threads * both_ends, launch, who, how) {
  counted_signal const counted{SIGUSR1};
  wire shared;
  run(
      launch, how, with_shared(shared),
      [&](int told) {
        return call(ask_for_signals_to_program, who, how, shared.write_end(), ::getpid(), told);
      },
      [](const remembered<int>& done, const std::string&) {
        BOOST_TEST(done.what.out_text() == "text");
        BOOST_TEST(signals_got != 0);
      });
}

// A stop

int stop(by who, int signal) {
  in_thread(who, [&] { ::raise(signal); });
  return 1;
}

int tell_and_stop(by who, int signal, int told) {
  write_all(told, ".");
  return stop(who, signal);
}

int stop_with_siblings(by who, int told) {
  write_all(told, leave_siblings(who));
  return stop(who, SIGSTOP);
}

constexpr std::array stops{SIGSTOP, SIGTSTP};

/// The child would return if its stop did not last.
BOOST_DATA_TEST_CASE(a_stopped_child_is_killed_at_its_timeout,
                     data::make(launches) * threads * stops, launch, who, signal) {
  run(launch, ends::at_timeout, {},
      [&](int told) { return call(tell_and_stop, who, signal, told); });
}

BOOST_DATA_TEST_CASE(a_stopped_child_is_killed_with_its_siblings, data::make(launches) * threads,
                     launch, who) {
  run(
      launch, ends::at_timeout, {}, [&](int told) { return call(stop_with_siblings, who, told); },
      [](const remembered<int>&, const std::string& text) { BOOST_TEST(siblings{text}.gone()); });
}

BOOST_DATA_TEST_CASE(a_stop_ends_nothing, data::make(threads) * stops, who, signal) {
  asio::io_context context;
  auto child = isolatte::spawn_child(context, [&, who, signal] { return stop(who, signal); });
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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kernel_requests_test
