// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "gate.hpp"
#include "helpers.hpp"
#include "pool_fixture.hpp"
#include "remembered.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// Tests of how a child leaves: what it finishes, and what it does not wait for.

namespace leaving_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::capture;
using isolatte::ending;
using isolatte::fork_server;
using isolatte::from_fd;
using isolatte::options;
using namespace isolatte::test;
using namespace std::chrono_literals;

options without_core() { return {.limits = {.core_size = 0}, .fault_report = false}; }

/// Writes a line to a log that is flushed by its destructor alone.
void log_line(const std::string& path, const std::string& line) {
  static std::ofstream log{path};
  log << line << '\n';
}

int log_and_return(const std::string& path) {
  log_line(path, "returned");
  return 1;
}

int log_and_throw(const std::string& path) {
  log_line(path, "threw");
  throw std::runtime_error{"after the line"};
}

/// Runs a function in its destructor.
template <class F>
struct at_end {
  F function;
  ~at_end() noexcept(false) { function(); }
};
template <class F>
at_end(F) -> at_end<F>;

/// Runs a function at the child's end, as a static object of the child's.
template <class F>
void at_static_end(F function) {
  static at_end<F> const object{std::move(function)};
}

// Helpers for a thread that is blocked in a stream.

/// Starts a thread that runs a function, and returns when the thread is about to block there.
template <class F>
void start_blocked(F function) {
  wire begun;
  std::thread{[&begun, function] {
    begun.tell();
    function();
  }}.detach();
  begun.await();
}

/// Waits until another thread holds the lock of a stream.
void await_lock(std::FILE* stream) {
  while (::ftrylockfile(stream) == 0) {
    ::funlockfile(stream);
    std::this_thread::yield();
  }
}

/// Fills a pipe, so that the next write to it blocks.
void fill(int fd) {
  int const flags = ::fcntl(fd, F_GETFL);
  ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  for (char const byte = 'x'; ::write(fd, &byte, 1) == 1;) {
  }
  ::fcntl(fd, F_SETFL, flags);
}

BOOST_FIXTURE_TEST_SUITE(leaving, nothing_left)

// Static objects and handlers

BOOST_AUTO_TEST_CASE(static_objects_of_the_child_are_destroyed) {
  scratch_folder folder;
  std::string const path = folder / "log";
  auto const returned = isolatte::fork([&] { return log_and_return(path); });
  BOOST_TEST(returned.value() == 1);
  BOOST_TEST((returned.exit_code() == 0));
  BOOST_TEST(read_file(path) == "returned\n");
  auto const threw = isolatte::fork([&] { return log_and_throw(path); });
  BOOST_TEST(threw.how() == ending::threw);
  BOOST_TEST((threw.exit_code() == 1));
  BOOST_TEST(read_file(path) == "threw\n");
}

BOOST_AUTO_TEST_CASE(static_objects_are_destroyed_before_an_early_completion) {
  scratch_folder folder;
  std::string const path = folder / "log";
  asio::io_context context;
  remembered<int> done;
  isolatte::async_fork(
      context, [&] { return log_and_return(path); }, {.early = true},
      [&](error_code ec, isolatte::outcome<int> what) {
        BOOST_TEST(read_file(path) == "returned\n");
        done.handler()(ec, std::move(what));
      });
  context.run();
  BOOST_TEST(done.what.value() == 1);
}

BOOST_AUTO_TEST_CASE(static_objects_are_destroyed_in_a_servers_children) {
  scratch_folder folder;
  std::string const path = folder / "log";
  asio::io_context context;
  fork_server server{context};
  // From the second on the children are made ahead of need.
  for (bool const early : {false, true, false}) {
    remembered<int> done;
    server.async_fork(call(log_and_return, path), {.early = early}, done.handler());
    context.restart();
    context.run();
    BOOST_TEST(done.what.value() == 1);
    BOOST_TEST(read_file(path) == "returned\n");
    std::filesystem::remove(path);
  }
}

BOOST_FIXTURE_TEST_CASE(static_objects_are_destroyed_when_a_worker_retires, pool_fixture) {
  scratch_folder folder;
  std::string const path = folder / "log";
  make({.workers = 1, .max_jobs_per_worker = 2});
  BOOST_TEST(run(call(log_and_return, path)).what.value() == 1);
  BOOST_TEST(run(call(log_and_throw, path)).what.how() == ending::threw);
  run_until([&] { return read_file(path) == "returned\nthrew\n"; });
}

BOOST_AUTO_TEST_CASE(handlers_run_in_reverse_order_and_the_programs_do_not) {
  wire seen;
  static int marks;
  marks = seen.write_end();
  auto const report = in_bare_process([&]() -> std::string {
    std::atexit([] { write_all(marks, "program's;"); });
    for (bool const throws : {false, true}) {
      auto const done = isolatte::fork(
          [&] {
            std::atexit([] { write_all(marks, "first;"); });
            at_static_end([] { write_all(marks, "static;"); });
            std::atexit([] { write_all(marks, "last;"); });
            if (throws) throw 1;
          },
          {.keep = {marks}});
      if (done.how() != (throws ? ending::threw : ending::returned)) return "another end";
    }
    return "";
  });
  BOOST_TEST(report == "");
  BOOST_TEST(seen.read_rest() == "last;static;first;last;static;first;");
}

BOOST_AUTO_TEST_CASE(a_handler_may_write) {
  auto const done =
      isolatte::fork([] { std::atexit([] { std::cout << "cout;", std::printf("printf;"); }); },
                     {.out = capture{}});
  BOOST_TEST(done.how() == ending::returned);
  BOOST_TEST(done.out_text() == "cout;printf;");
}

BOOST_AUTO_TEST_CASE(thread_local_objects_of_the_program_are_not_touched) {
  wire seen;
  auto const report = in_bare_process([&]() -> std::string {
    static thread_local at_end const object{[&] { write_all(seen.write_end(), "destroyed;"); }};
    static_cast<void>(object);
    auto const done = isolatte::fork([] { return 1; }, {.keep = {seen.write_end()}});
    return done.value_or(0) == 1 ? "" : "no value";
  });
  BOOST_TEST(report == "");
  BOOST_TEST(seen.read_rest() == "");
}

// Handlers that go wrong

BOOST_AUTO_TEST_CASE(a_handler_that_crashes_is_a_fault_and_the_value_is_there) {
  auto const done = isolatte::fork(
      [] {
        std::atexit([] { ::raise(SIGSEGV); });
        return 7;
      },
      without_core());
  BOOST_TEST(done.how() == ending::faulted);
  BOOST_TEST((done.signal() == SIGSEGV));
  BOOST_TEST(done.value() == 7);
}

BOOST_AUTO_TEST_CASE(a_static_destructor_that_throws_is_a_fault_and_the_value_is_there) {
  auto const done = isolatte::fork(
      [] {
        at_static_end([] { throw 1; });
        return 8;
      },
      without_core());
  BOOST_TEST(done.how() == ending::faulted);
  BOOST_TEST((done.signal() == SIGABRT));
  BOOST_TEST(done.value() == 8);
}

BOOST_AUTO_TEST_CASE(a_handler_that_hangs_is_timed_out_and_the_value_is_there) {
  options opts;
  opts.timeout = 300ms;
  auto const done = isolatte::fork(
      [] {
        at_static_end([] { hang(); });
        return 9;
      },
      opts);
  BOOST_TEST(done.how() == ending::timed_out);
  BOOST_TEST(done.value() == 9);
}

BOOST_AUTO_TEST_CASE(a_handler_that_hangs_is_timed_out_with_early_too) {
  auto const done = isolatte::fork(
      [] {
        at_static_end([] { hang(); });
        return 9;
      },
      {.timeout = 300ms, .early = true});
  BOOST_TEST(done.how() == ending::timed_out);
}

BOOST_AUTO_TEST_CASE(a_handler_that_exits_decides_the_code) {
  for (bool const early : {false, true}) {
    auto const exited = isolatte::fork(
        [] {
          at_static_end([] { std::exit(5); });
          return 1;
        },
        {.early = early});
    BOOST_TEST(exited.how() == ending::exited);
    BOOST_TEST((exited.exit_code() == 5));
    auto const quick = isolatte::fork(
        [] {
          std::atexit([] { std::quick_exit(6); });
          return 1;
        },
        {.early = early});
    BOOST_TEST(quick.how() == ending::exited);
    BOOST_TEST((quick.exit_code() == 6));
  }
}

BOOST_AUTO_TEST_CASE(a_process_forked_by_a_handler_has_nothing_to_say) {
  for (bool const early : {false, true}) {
    asio::io_context context;
    remembered<int> done;
    isolatte::async_fork(
        context,
        [] {
          std::atexit([] {
            if (pid_t const pid = ::fork(); pid != 0) wait_for(pid);
          });
          return 3;
        },
        {.early = early}, done.handler());
    // Until the child has been reaped, too.
    context.run();
    BOOST_TEST(done.what.value_or(0) == 3);
  }
}

// Blocked threads

BOOST_AUTO_TEST_CASE(a_thread_that_reads_delays_nobody) {
  wire silent;
  options const opts{.in = from_fd{silent.read_end()}};
  auto const read_in_a_thread = [] {
    start_blocked([] { std::getchar(); });
    await_lock(stdin);
  };
  auto const returned = isolatte::fork(
      [&] {
        read_in_a_thread();
        return 42;
      },
      opts);
  BOOST_TEST(returned.value_or(0) == 42);
  auto const threw = isolatte::fork(
      [&] {
        read_in_a_thread();
        throw 1;
      },
      opts);
  BOOST_TEST(threw.how() == ending::threw);
  auto const exited = isolatte::fork(
      [&] {
        read_in_a_thread();
        std::exit(4);
      },
      opts);
  BOOST_TEST((exited.exit_code() == 4));
}

BOOST_AUTO_TEST_CASE(a_thread_that_reads_a_cpp_stream_delays_nobody) {
  wire silent;
  auto const done = isolatte::fork(
      [] {
        start_blocked([] { std::cin.get(); });
        await_lock(stdin);
        return 42;
      },
      {.in = from_fd{silent.read_end()}});
  BOOST_TEST(done.value_or(0) == 42);
}

BOOST_AUTO_TEST_CASE(a_thread_that_writes_delays_nobody) {
  wire full;
  fill(full.write_end());
  for (int const stream : {1, 2}) {
    options opts;
    (stream == 1 ? opts.out : opts.err) = isolatte::to_fd{full.write_end()};
    auto const done = isolatte::fork(
        [stream] {
          std::FILE* const file = stream == 1 ? stdout : stderr;
          start_blocked([file] {
            std::string const text(100'000, 'y');
            std::fputs(text.c_str(), file);
          });
          await_lock(file);
          return 42;
        },
        opts);
    BOOST_TEST(done.value_or(0) == 42);
  }
}

BOOST_AUTO_TEST_CASE(a_thread_that_flushes_everything_delays_nobody) {
  wire silent;
  scratch_folder folder;
  std::string const path = folder / "own";
  auto const done = isolatte::fork(
      [&] {
        std::FILE* const own = std::fopen(path.c_str(), "w");
        std::fputs("own", own);
        start_blocked([] { std::getchar(); });
        await_lock(stdin);
        // Holds the lock of the list of streams, and waits for that of stdin.
        start_blocked([] { std::fflush(nullptr); });
        return 42;
      },
      {.in = from_fd{silent.read_end()}});
  BOOST_TEST(done.value_or(0) == 42);
  BOOST_TEST(read_file(path) == "own");
}

int job_that_leaves_a_reader() {
  start_blocked([] { std::getchar(); });
  await_lock(stdin);
  return 42;
}

int job_that_prints(int n) {
  std::cout << "cout " << n << '\n';
  std::printf("printf %d\n", n);
  return n;
}

BOOST_FIXTURE_TEST_CASE(a_jobs_thread_that_reads_delays_no_job, pool_fixture) {
  wire silent;
  isolatte::pool_options opts{.workers = 1};
  opts.worker.in = from_fd{silent.read_end()};
  opts.worker.out = capture{};
  make(std::move(opts));
  BOOST_TEST(run(call(job_that_leaves_a_reader)).what.value_or(0) == 42);
  for (int n = 0; n != 3; ++n) {
    auto const done = run(call(job_that_prints, n));
    BOOST_TEST(done.what.value_or(-1) == n);
    BOOST_TEST(done.what.out_text() ==
               "cout " + std::to_string(n) + "\nprintf " + std::to_string(n) + "\n");
  }
}

// Two threads that end the child

/// Returns the write end of the child's result channel: the only pipe that it writes to.
int find_channel() {
  for (int fd = 3; fd != 1024; ++fd) {
    struct stat file{};
    if (::fstat(fd, &file) == 0 && S_ISFIFO(file.st_mode) &&
        (::fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY)
      return fd;
  }
  return -1;
}

/// Starts a thread that ends the child as soon as the first bytes of its result are sent.
template <class End>
void end_while_it_sends(End end) {
  std::thread{[end, channel = find_channel()] {
    for (int sent = 0; sent == 0; ::ioctl(channel, FIONREAD, &sent)) std::this_thread::yield();
    end();
  }}.detach();
}

/// Starts a child whose result is larger than the channel holds, and reads it after the child's
/// end.
template <class F>
auto run_unread(F function) {
  asio::io_context context;
  auto child = isolatte::spawn_child(context.get_executor(), std::move(function));
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT);
  remembered<std::string> done;
  child.async_wait(done.handler());
  context.run();
  return std::move(done.what);
}

std::string large() { return std::string(std::size_t{4} << 20, 'l'); }

BOOST_AUTO_TEST_CASE(an_exit_of_another_thread_is_the_childs_end_whatever_has_been_sent) {
  for (int const code : {9, 0, 1}) {
    auto const threw = run_unread([code]() -> std::string {
      end_while_it_sends([code] { std::exit(code); });
      throw std::runtime_error{large()};
    });
    BOOST_TEST(threw.how() == ending::exited, threw);
    BOOST_TEST((threw.exit_code() == code));
    auto const returned = run_unread([code] {
      end_while_it_sends([code] { ::_exit(code); });
      return large();
    });
    BOOST_TEST(returned.how() == ending::exited, returned);
    BOOST_TEST((returned.exit_code() == code));
  }
}

/// Has another thread end the child while the value is being saved.
struct saved_for_ever {
  template <class Archive>
  void serialize(Archive&, unsigned) {
    std::thread{[] { std::exit(9); }}.detach();
    hang();
  }
};

BOOST_AUTO_TEST_CASE(an_exit_of_another_thread_while_the_value_is_saved_is_the_childs_end) {
  auto const done = isolatte::fork([] { return saved_for_ever{}; });
  BOOST_TEST(done.how() == ending::exited, done);
  BOOST_TEST((done.exit_code() == 9));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leaving_test
