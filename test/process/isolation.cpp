// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "disposition.hpp"
#include "helpers.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <thread>

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace asio = boost::asio;
using namespace isolatte::test;
using namespace std::chrono_literals;
using boost::system::error_code;
using isolatte::ending;
using isolatte::options;
using isolatte::outcome;

namespace {

/// Returns the open descriptors of this process, except the one of the directory itself.
std::vector<int> descriptors() {
  std::vector<int> found;
  DIR* const open = ::opendir("/proc/self/fd");
  while (auto const* const entry = ::readdir(open)) {
    int const fd = std::atoi(entry->d_name);
    if (entry->d_name[0] != '.' && fd != ::dirfd(open)) found.push_back(fd);
  }
  ::closedir(open);
  std::sort(found.begin(), found.end());
  return found;
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

bool default_disposition(int signal) {
  struct sigaction action{};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_DFL;
}

std::vector<int> blocked_signals() {
  sigset_t set;
  ::sigprocmask(SIG_SETMASK, nullptr, &set);
  std::vector<int> found;
  for (int signal = 1; signal <= SIGRTMAX; ++signal)
    if (sigismember(&set, signal) == 1) found.push_back(signal);
  return found;
}

/// The descriptor to which handlers and destructors write their marks, or -1.
int marks = -1;

void mark(const char* what) {
  if (marks != -1) write_all(marks, what);
}

struct marks_its_end {
  const char* what;
  ~marks_its_end() { mark(what); }
};

/// Writes a mark if a child runs the static destructors of this program. Silent unless `marks` is
/// set.
marks_its_end const static_object{"static;"};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(isolation, isolatte::test::nothing_left)

// Descriptors

BOOST_AUTO_TEST_CASE(inherited_descriptors_are_closed) {
  wire one;
  int sockets[2];
  BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
  int const high = ::fcntl(one.read_end(), F_DUPFD, 500);
  auto const look = [&] {
    auto found = descriptors();
    if (is_open(one.read_end()) && is_open(one.write_end()) && is_open(sockets[0])) found.clear();
    return found;
  };
  auto const found = isolatte::fork(look).value();
  BOOST_TEST_CONTEXT(found.size()) {
    BOOST_REQUIRE(found.size() >= 3U);
    BOOST_TEST((std::vector(found.begin(), found.begin() + 3) == std::vector{0, 1, 2}));
    // At most two more: the result channel and the leash.
    BOOST_TEST(found.size() <= 5U);
    BOOST_TEST(std::count(found.begin(), found.end(), high) == 0);
  }
  BOOST_TEST(isolatte::fork(look, {.die_with_parent = false}).value().size() <= 4U);
  for (int const fd : {sockets[0], sockets[1], high}) ::close(fd);
}

BOOST_AUTO_TEST_CASE(a_childs_siblings_hold_nothing_of_its_own) {
  asio::io_context context;
  std::vector<std::size_t> counts;
  for (int i = 0; i != 8; ++i)
    isolatte::async_fork(
        context, [] { return descriptors().size(); },
        {.in = isolatte::from_text{"x"}, .out = isolatte::capture{}, .err = isolatte::capture{}},
        [&](error_code, outcome<std::size_t> done) { counts.push_back(done.value()); });
  context.run();
  BOOST_TEST(counts.size() == 8U);
  for (auto const count : counts) BOOST_TEST(count <= 5U);
}

BOOST_AUTO_TEST_CASE(kept_descriptors_stay_under_their_numbers) {
  wire kept;
  wire closed;
  int const high = ::fcntl(kept.write_end(), F_DUPFD_CLOEXEC, 700);
  auto const done = isolatte::fork(
      [&] {
        write_all(kept.write_end(), "low ");
        write_all(high, "high");
        return !is_open(closed.read_end()) && !is_open(closed.write_end()) &&
               !is_open(kept.read_end());
      },
      {.keep = {high, kept.write_end(), 0, 2, high}});
  BOOST_TEST(done.value());
  ::close(high);
  BOOST_TEST(kept.read_rest() == "low high");
}

BOOST_AUTO_TEST_CASE(a_closed_descriptor_cannot_be_kept) {
  for (int const fd : {-1, 12345}) {
    auto const done = isolatte::fork([] {}, {.keep = {fd}});
    BOOST_TEST(done.how() == ending::not_started);
    BOOST_CHECK_EXCEPTION(done.value(), boost::system::system_error, [](auto const& error) {
      return error.code() == boost::system::errc::bad_file_descriptor;
    });
  }
}

BOOST_AUTO_TEST_CASE(all_descriptors_are_kept_where_asked_for) {
  wire one;
  int const high = ::fcntl(one.write_end(), F_DUPFD, 500);
  auto const here = descriptors();
  auto const there =
      isolatte::fork([] { return descriptors(); }, {.in = isolatte::from_text{"x"},
                                                    .out = isolatte::capture{},
                                                    .keep = isolatte::all_descriptors})
          .value();
  std::vector<int> missing;
  std::set_difference(here.begin(), here.end(), there.begin(), there.end(),
                      std::back_inserter(missing));
  // all_descriptors leaves out the two ends of the leash, which only the program may have.
  BOOST_TEST(missing.size() <= 2U);
  for (int const fd : {one.read_end(), one.write_end(), high})
    BOOST_TEST(std::count(missing.begin(), missing.end(), fd) == 0);
  ::close(high);
}

// Objects of Asio

BOOST_AUTO_TEST_CASE(asio_objects_may_be_destroyed_in_the_child) {
  wire feed;
  auto context = std::make_unique<asio::io_context>();
  auto descriptor =
      std::make_unique<asio::posix::stream_descriptor>(*context, ::dup(feed.read_end()));
  auto signals = std::make_unique<asio::signal_set>(*context, SIGUSR1);
  auto timer = std::make_unique<asio::steady_timer>(*context, 24h);
  std::string got(4, '\0');
  bool read = false;
  bool signalled = false;
  asio::async_read(*descriptor, asio::buffer(got), [&](error_code ec, std::size_t) {
    read = true;
    BOOST_TEST(!ec);
  });
  signals->async_wait([&](error_code ec, int) {
    signalled = true;
    BOOST_TEST(!ec);
    timer->cancel();
  });
  bool expired = false;
  timer->async_wait([&](error_code) { expired = true; });
  context->poll();
  for (int i = 0; i != 3; ++i) {
    auto const done = isolatte::fork([&] {
      timer.reset();
      signals.reset();
      descriptor.reset();
      context.reset();
      return 1;
    });
    BOOST_TEST(done.value_or(0) == 1);
    auto const closed = isolatte::fork([&] {
      error_code ec;
      descriptor->cancel(ec);
      descriptor->close(ec);
      return 2;
    });
    BOOST_TEST(closed.value_or(0) == 2);
  }
  // None of these would arrive if the child had changed the epoll set that both share.
  write_all(feed.write_end(), "feed");
  ::raise(SIGUSR1);
  context->run();
  BOOST_TEST(read);
  BOOST_TEST(got == "feed");
  BOOST_TEST(signalled);
  BOOST_TEST(expired);
}

BOOST_AUTO_TEST_CASE(the_contexts_thread_is_not_needed_in_the_child) {
  // The loop is copied while another thread waits in it.
  asio::io_context context;
  auto work = asio::make_work_guard(context);
  std::thread runner{[&] { context.run(); }};
  for (int i = 0; i != 10; ++i) {
    auto const done = isolatte::fork([&] {
      asio::io_context own;
      int value = 0;
      asio::post(own, [&] { value = 3; });
      own.run();
      return value;
    });
    BOOST_TEST(done.value() == 3);
  }
  work.reset();
  runner.join();
}

// Signals

BOOST_AUTO_TEST_CASE(mask_and_handlers_are_reset_in_the_child_alone) {
  disposition const handler{SIGUSR1, [](int) {}};
  disposition const ignored{SIGPIPE, SIG_IGN};
  disposition const ignored_too{SIGINT, SIG_IGN};
  sigset_t some;
  sigset_t before;
  sigemptyset(&some);
  sigaddset(&some, SIGUSR2);
  sigaddset(&some, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &some, &before);
  auto const here = blocked_signals();
  auto const done = isolatte::fork(
      [] {
        std::vector<int> wrong = blocked_signals();
        for (int signal = 1; signal <= SIGRTMAX; ++signal)
          // Two signals belong to the C library.
          if ((signal < 32 || signal >= SIGRTMIN) && !default_disposition(signal))
            wrong.push_back(signal);
        return wrong;
      },
      {.fault_report = false});
  BOOST_TEST(done.value().empty());
  BOOST_TEST((blocked_signals() == here));
  BOOST_TEST(!default_disposition(SIGUSR1));
  BOOST_TEST(!default_disposition(SIGPIPE));
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

BOOST_AUTO_TEST_CASE(a_signal_that_is_pending_here_is_not_the_childs) {
  disposition const handler{SIGUSR1, [](int) {}};
  sigset_t some;
  sigset_t before;
  sigemptyset(&some);
  sigaddset(&some, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &some, &before);
  ::raise(SIGUSR1);
  BOOST_TEST(isolatte::fork([] { return 1; }).value() == 1);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

BOOST_AUTO_TEST_CASE(a_signal_for_a_child_never_reaches_the_programs_handler) {
  wire seen;
  auto const report = in_bare_process([&]() -> std::string {
    static int write_to = -1;
    static pid_t helper = 0;
    write_to = seen.write_end();
    helper = ::getpid();
    ::setpgid(0, 0);
    // A child has the same pipe until it closes its descriptors, so a handler that runs there is
    // seen.
    disposition const handler{SIGUSR1, [](int) {
                                if (::getpid() != helper) write_all(write_to, "x");
                              }};
    pid_t const sender = bare_fork([] {
      std::signal(SIGUSR1, SIG_IGN);
      for (;;) ::kill(0, SIGUSR1);
    });
    int told = 0;
    for (int i = 0; i != 100; ++i) {
      auto const done = isolatte::fork([] { return 1; }, {.kill_tree = false});
      if (done.how() == ending::returned || done.how() == ending::signaled) ++told;
    }
    end_child(sender);
    return std::to_string(told);
  });
  BOOST_TEST(report == "100");
  BOOST_TEST(seen.read_rest() == "");
}

// Exit

BOOST_AUTO_TEST_CASE(the_programs_exit_handlers_and_destructors_stay_the_programs) {
  wire seen;
  auto const report = in_bare_process([&]() -> std::string {
    marks = seen.write_end();
    std::atexit([] { mark("atexit;"); });
    std::at_quick_exit([] { mark("at_quick_exit;"); });
    static marks_its_end const local{"local static;"};
    options const opts{.keep = {marks}};
    std::string endings;
    auto const note = [&](auto const& done) {
      endings += to_string(done.how());
      endings += ' ';
    };
    marks_its_end const automatic{"automatic;"};
    for (int i = 0; i != 2; ++i) {
      note(isolatte::fork([] {}, opts));
      note(isolatte::fork([] { throw 1; }, opts));
      note(isolatte::fork([] { std::exit(0); }, opts));
      note(isolatte::fork([] { std::exit(4); }, opts));
      note(isolatte::fork([] { std::quick_exit(5); }, opts));
      note(isolatte::fork([] { ::_exit(6); }, opts));
      note(isolatte::fork([] { std::thread{[] { std::exit(7); }}.join(); }, opts));
    }
    mark("alive;");
    return endings;
  });
  std::string const once = "returned threw exited exited exited exited exited ";
  BOOST_TEST(report == once + once);
  // The helper ends by _exit(), so its own handlers and destructors leave no marks.
  BOOST_TEST(seen.read_rest() == "alive;automatic;");
}

BOOST_AUTO_TEST_CASE(exit_codes_survive_the_hooks) {
  for (int const code : {0, 1, 77, 255}) {
    BOOST_TEST((isolatte::fork([code] { std::exit(code); }).exit_code() == code));
    BOOST_TEST((isolatte::fork([code] { std::quick_exit(code); }).exit_code() == code));
  }
}

BOOST_AUTO_TEST_CASE(what_the_child_registers_runs_at_its_exit) {
  wire seen;
  marks = seen.write_end();
  auto const done = isolatte::fork(
      [] {
        std::atexit([] { mark("first registered;"); });
        static marks_its_end const local{"static;"};
        std::atexit([] { mark("last registered;"); });
        std::exit(9);
      },
      {.keep = {marks}});
  BOOST_TEST((done.exit_code() == 9));
  auto const quick = isolatte::fork(
      [] {
        std::at_quick_exit([] { mark("quick;"); });
        std::quick_exit(10);
      },
      {.keep = {marks}});
  BOOST_TEST((quick.exit_code() == 10));
  marks = -1;
  BOOST_TEST(seen.read_rest() == "last registered;static;first registered;quick;");
}

BOOST_AUTO_TEST_CASE(an_exit_handler_of_the_childs_may_write) {
  auto const done = isolatte::fork(
      [] {
        std::atexit([] { std::cout << "cout;", std::printf("printf;"); });
        std::exit(0);
      },
      {.out = isolatte::capture{}});
  BOOST_TEST(done.out_text() == "cout;printf;");
}

BOOST_AUTO_TEST_CASE(an_exit_handler_may_change_the_code) {
  auto const done = isolatte::fork([] {
    std::atexit([] { ::_exit(12); });
    std::exit(0);
  });
  BOOST_TEST((done.exit_code() == 12));
}

// Frames of the program

BOOST_AUTO_TEST_CASE(nothing_escapes_into_the_programs_frames) {
  wire seen;
  marks = seen.write_end();
  options const opts{.keep = {marks}};
  {
    marks_its_end const frame{"frame;"};
    try {
      static_cast<void>(isolatte::fork([] { throw std::runtime_error{"x"}; }, opts));
      static_cast<void>(isolatte::fork([] { ::_exit(WEXITSTATUS(wait_for(::fork()))); }, opts));
      mark("behind;");
    } catch (...) {
      mark("caught;");
    }
  }
  marks = -1;
  BOOST_TEST(seen.read_rest() == "behind;frame;");
}

BOOST_AUTO_TEST_CASE(a_grandchild_may_come_back_from_the_callable) {
  wire seen;
  marks = seen.write_end();
  options const opts{.out = isolatte::capture{}, .keep = {marks}};
  auto const returning = isolatte::fork(
      [] {
        pid_t const pid = ::fork();
        if (pid == 0) return 1000;
        return WEXITSTATUS(wait_for(pid));
      },
      opts);
  mark("returned;");
  BOOST_TEST(returning.value() == 0);
  auto const throwing = isolatte::fork(
      [] {
        pid_t const pid = ::fork();
        if (pid == 0) throw std::runtime_error{"grandchild"};
        return WEXITSTATUS(wait_for(pid));
      },
      opts);
  mark("threw;");
  BOOST_TEST(throwing.value() == 1);
  auto const exiting = isolatte::fork(
      [] {
        pid_t const pid = ::fork();
        if (pid == 0) std::exit(33);
        return WEXITSTATUS(wait_for(pid));
      },
      opts);
  mark("exited;");
  BOOST_TEST(exiting.value() == 33);
  marks = -1;
  BOOST_TEST(seen.read_rest() == "returned;threw;exited;");
}

BOOST_AUTO_TEST_CASE(a_grandchild_that_comes_back_last_has_nothing_to_say) {
  // The child has ended, and only its orphan returns from the callable.
  wire seen;
  wire go;
  marks = seen.write_end();
  options opts{.keep = {marks, go.read_end()}, .kill_tree = false};
  auto const done = isolatte::fork(
      [&] {
        if (::fork() != 0) return 1;
        go.await();
        mark("grandchild;");
        return 2;
      },
      opts);
  BOOST_TEST(done.value() == 1);
  go.tell();
  marks = -1;
  BOOST_TEST(seen.read_rest() == "grandchild;");
}

// Other programs

BOOST_AUTO_TEST_CASE(a_callable_may_execute_another_program) {
  auto const done = isolatte::fork(
      [] {
        ::execl("/bin/sh", "sh", "-c", "cat; echo err >&2; exit 5", nullptr);
        return 1;
      },
      {.in = isolatte::from_text{"hello"}, .out = isolatte::capture{}, .err = isolatte::capture{}});
  BOOST_TEST(done.how() == ending::exited);
  BOOST_TEST((done.exit_code() == 5));
  BOOST_TEST(done.out_text() == "hello");
  BOOST_TEST(done.err_text() == "err\n");
  auto const missing = isolatte::fork([] { return ::execl("/no/such/program", "x", nullptr); });
  BOOST_TEST(missing.value() == -1);
}

BOOST_AUTO_TEST_CASE(another_program_finds_signals_as_they_should_be) {
  disposition const ignored{SIGPIPE, SIG_IGN};
  auto const done = isolatte::fork(
      [] { ::execl("/bin/sh", "sh", "-c", "grep -E '^Sig(Blk|Ign)' /proc/self/status", nullptr); },
      {.out = isolatte::capture{}});
  BOOST_TEST(done.out_text() == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

BOOST_AUTO_TEST_CASE(a_daemon_outlives_the_operation) {
  wire question;
  wire answer;
  auto const done = isolatte::fork(
      [&] {
        wait_for(bare_fork([&] {
          ::setsid();
          bare_fork([&] {
            question.await();
            answer.tell();
          });
        }));
        return 1;
      },
      {.out = isolatte::capture{},
       .err = isolatte::capture{},
       .keep = {question.read_end(), answer.write_end()}});
  BOOST_TEST(done.value() == 1);
  question.tell();
  BOOST_TEST(answer.await());
  answer.wait_until_closed();
}

// Memory

BOOST_AUTO_TEST_CASE(what_the_child_does_to_memory_and_surroundings_stays_there) {
  int value = 1;
  auto const folder = std::filesystem::current_path();
  ::umask(022);
  auto const done = isolatte::fork([&] {
    value = 2;
    std::filesystem::current_path("/");
    ::setenv("ISOLATTE_TEST", "set", 1);
    ::umask(077);
    return value;
  });
  BOOST_TEST(done.value() == 2);
  BOOST_TEST(value == 1);
  BOOST_TEST(std::filesystem::current_path() == folder);
  BOOST_TEST(std::getenv("ISOLATTE_TEST") == nullptr);
  BOOST_TEST(::umask(022) == 022U);
}

BOOST_AUTO_TEST_SUITE_END()
