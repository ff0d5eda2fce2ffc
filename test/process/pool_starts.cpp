// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "pool_fixture.hpp"
#include "process/sandbox_helpers.hpp"
#include "remembered.hpp"
#include "support/plugin.hpp"

#include <isolatte.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <fstream>
#include <iostream>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

// Tests of workers that do not start.

namespace pool_starts_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::capture;
using isolatte::ending;
using isolatte::error;
using isolatte::outcome;
using isolatte::pool_options;
using namespace isolatte::test;
using namespace std::chrono_literals;

int own_pid() { return ::getpid(); }

bool is_readable(int fd) {
  pollfd what{fd, POLLIN, 0};
  return ::poll(&what, 1, 0) == 1;
}

/// Notes each start in a pipe, and fails as long as the gate is shut.
struct starts_fixture : pool_fixture {
  wire started;
  wire open;
  std::vector<outcome<void>> failures;

  pool_options options_with(isolatte::startup_call initializer) {
    pool_options opts{.workers = 1, .initializer = std::move(initializer)};
    opts.worker.keep = {started.write_end(), open.read_end()};
    opts.startup = {.backoff_min = 1ms, .backoff_max = 20ms};
    opts.on_start_failure = [this](const outcome<void>& how) { failures.push_back(how); };
    return opts;
  }
  std::size_t starts() {
    while (is_readable(started.read_end())) {
      char bytes[64];
      starts_ += static_cast<std::size_t>(::read(started.read_end(), bytes, sizeof bytes));
    }
    return starts_;
  }

  ~starts_fixture() {
    pool.reset();
    context.run();
  }

 private:
  std::size_t starts_ = 0;
};

void throw_unless_open(int told, int gate) {
  write_all(told, ".");
  if (!is_readable(gate)) throw std::domain_error{"no licence"};
}

BOOST_FIXTURE_TEST_SUITE(pool_starts, starts_fixture)

BOOST_AUTO_TEST_CASE(a_pool_gives_up_and_resumes) {
  make(options_with(call(throw_unless_open, started.write_end(), open.read_end())));
  auto const first = run(call(own_pid));
  BOOST_TEST((first.ec == error::worker_start_failed), first.ec.message());
  BOOST_TEST((first.what.how() == ending::not_started));
  BOOST_TEST((first.what.ran() == isolatte::ran::no));
  BOOST_CHECK_THROW(first.what.value(), std::domain_error);
  BOOST_TEST(starts() == 3u);
  run_until([&] { return failures.size() == 3; });
  for (auto const& each : failures) {
    BOOST_TEST((each.how() == ending::threw), each);
    BOOST_CHECK_THROW(each.value(), std::domain_error);
    BOOST_TEST(each.worker().has_value());
  }
  BOOST_TEST((run(call(own_pid)).ec == error::worker_start_failed));
  BOOST_TEST(starts() == 3u);
  open.tell();
  pool->resume();
  BOOST_TEST(run(call(own_pid)).ec == error_code{});
  BOOST_TEST(starts() == 4u);
}

BOOST_AUTO_TEST_CASE(its_exception_and_its_text_are_told) {
  for (auto const& err : {isolatte::sink{isolatte::discard_t{}}, isolatte::sink{capture{}}}) {
    auto opts = options_with([] {
      std::cerr << "no device in slot " << isolatte::this_worker::slot() << '\n';
      throw std::domain_error{"no device"};
    });
    opts.worker.err = err;
    make(std::move(opts));
    auto const told = run(call(own_pid));
    BOOST_TEST(told.what.err_text() == "no device in slot 0\n");
    auto const last = pool->last_start_failure();
    BOOST_TEST((last.how() == ending::threw), last);
    BOOST_TEST(last.err_text() == "no device in slot 0\n");
    BOOST_CHECK_EXCEPTION(last.value(), std::domain_error, [](const std::domain_error& thrown) {
      return thrown.what() == std::string{"no device"};
    });
    pool->stop();
    context.run();
    context.restart();
    pool.reset();
  }
}

BOOST_AUTO_TEST_CASE(its_fault_and_its_text_are_told) {
  auto opts = options_with([] {
    write_all(2, "about to fail\n");
    ::raise(SIGSEGV);
  });
  opts.worker.err = isolatte::discard_t{};
  make(std::move(opts));
  auto const told = run(call(own_pid));
  BOOST_TEST((told.ec == error::worker_start_failed), told.ec.message());
  auto const last = pool->last_start_failure();
  BOOST_TEST((last.how() == ending::faulted), last);
  BOOST_TEST(last.signal().value_or(0) == SIGSEGV);
  BOOST_TEST(last.fault().has_value());
  BOOST_TEST(last.err_text() == "about to fail\n");
}

BOOST_AUTO_TEST_CASE(an_initializer_that_exits_is_told) {
  make(options_with([] { ::_exit(7); }));
  BOOST_TEST((run(call(own_pid)).ec == error::worker_start_failed));
  BOOST_TEST(pool->last_start_failure().exit_code().value_or(0) == 7);
}

BOOST_AUTO_TEST_CASE(an_initializer_that_hangs_is_ended) {
  auto opts = options_with([] {
    for (;;) ::pause();
  });
  opts.startup.timeout = 50ms;
  make(std::move(opts));
  BOOST_TEST((run(call(own_pid)).ec == error::worker_start_failed));
  BOOST_TEST((pool->last_start_failure().how() == ending::timed_out));
}

// Its stack trace takes longer than it had time to start.
BOOST_AUTO_TEST_CASE(an_initializer_that_crashes_is_not_late) {
  auto opts = options_with([] { ::raise(SIGSEGV); });
  opts.startup.timeout = 100ms;
  make(std::move(opts));
  BOOST_TEST((run(call(own_pid)).ec == error::worker_start_failed));
  run_until([&] { return failures.size() == 3; });
  for (auto const& each : failures)
    if (each.signal() == SIGSEGV) BOOST_TEST((each.how() == ending::faulted), each);
}

BOOST_AUTO_TEST_CASE(what_the_initializer_writes_arrives_where_it_was_to_go) {
  wire err;
  make({.workers = 1,
        .initializer = [] { std::cerr << "one "; },
        .worker = {.err = isolatte::to_fd{err.write_end()}}});
  run(call([] { std::cerr << "two"; }));
  pool->stop();
  context.run();
  pool.reset();
  BOOST_TEST(err.read_rest() == "one two");
}

/// Runs a pool whose initializer writes to the stderr of this process, and one job.
std::string start_with_inherited_stderr(int err) {
  ::dup2(err, 2);
  asio::io_context context;
  isolatte::worker_pool pool{context,
                             {.workers = 1,
                              .initializer = [] { std::cerr << "one"; },
                              .worker = {.err = isolatte::inherit}}};
  remembered<int> done;
  pool.async_run(call(own_pid), done.handler());
  pool.async_drain([&](error_code) { pool.stop(); });
  context.run();
  return done.what ? "started" : done.ec.message();
}

BOOST_AUTO_TEST_CASE(what_the_initializer_writes_to_an_inherited_stderr_is_passed_on) {
  wire err;
  BOOST_TEST(in_bare_process([&] { return start_with_inherited_stderr(err.write_end()); }) ==
             "started");
  BOOST_TEST(err.read_rest() == "one");
}

BOOST_AUTO_TEST_CASE(an_initializer_whose_library_was_unloaded_is_told) {
  char const* const path = plugin_file();
  if (path == nullptr) return;
  std::optional<plugin> library{std::in_place, path};
  make(options_with(call(library->twice(), 21)));
  BOOST_TEST((run(call(own_pid)).ec == error_code{}));
  library.reset();
  // The fork server, which has the library, and the worker.
  for (int const pid : children()) ::kill(pid, SIGKILL);
  auto const code_of = [](const outcome<void>& how) {
    try {
      how.value();
    } catch (const boost::system::system_error& failure) {
      return failure.code();
    }
    return error_code{};
  };
  // If the death of the worker is noticed first, the dead server is asked once more.
  run_until(
      [&] { return !failures.empty() && code_of(failures.back()) == error::unknown_function; });
  BOOST_TEST(failures.back().how() == ending::not_started);
  BOOST_TEST(!failures.back().has_value());
}

BOOST_AUTO_TEST_CASE(an_initializer_that_closes_its_workers_socket_is_told) {
  make(options_with([] {
    for (int fd = 3; fd != 1024; ++fd) ::close(fd);
  }));
  run_until([&] { return !failures.empty(); });
  BOOST_TEST(failures[0].how() == ending::undelivered);
  BOOST_TEST(!failures[0].has_value());
}

#if defined(__linux__)

BOOST_AUTO_TEST_CASE(a_slot_whose_processors_are_refused_is_told) {
  BOOST_TEST(without({SYS_sched_setaffinity}, EPERM, [](findings& all) {
               asio::io_context context;
               std::optional<outcome<void>> failure;
               isolatte::pool_options opts{.slots = {{.cpus = {0}}}};
               opts.on_start_failure = [&](const outcome<void>& how) {
                 if (!failure) failure = how;
               };
               isolatte::worker_pool pool{context, std::move(opts)};
               pool.async_run(call(own_pid), [](error_code, const outcome<int>&) {});
               while (!failure) context.run_one();
               pool.stop();
               context.run();
               all.expect(failure->how() == ending::threw, "the ending", *failure);
               try {
                 failure->value();
               } catch (const std::exception& told) {
                 std::string const text = told.what();
                 all.expect(text.find("processors of the worker's slot") != text.npos, text);
               }
             }) == "");
}

#endif

BOOST_AUTO_TEST_CASE(a_full_stderr_delays_no_start) {
  wire err;
  ::fcntl(err.write_end(), F_SETFL, O_NONBLOCK);
  std::string const much(4096, 'x');
  std::size_t before = 0;
  while (::write(err.write_end(), much.data(), much.size()) > 0) before += much.size();
  ::fcntl(err.write_end(), F_SETFL, 0);
  BOOST_TEST(in_bare_process([&] { return start_with_inherited_stderr(err.write_end()); }) ==
             "started");
  BOOST_TEST(err.read_rest() == std::string(before, 'x'));
}

BOOST_AUTO_TEST_CASE(starts_that_succeed_now_and_then_are_enough) {
  // Every third one succeeds.
  auto opts = options_with(call(
      [](int told, int gate) {
        write_all(told, ".");
        char byte = 0;
        if (::read(gate, &byte, 1) != 1 || byte != '3') throw std::domain_error{"not yet"};
      },
      started.write_end(), open.read_end()));
  opts.workers = 2;
  make(std::move(opts));
  for (int i = 0; i != 4; ++i) write_all(open.write_end(), "123");
  std::optional<error_code> ready;
  pool->async_ready([&](error_code ec) { ready = ec; });
  run_until([&] { return ready.has_value(); });
  BOOST_TEST(*ready == error_code{});
  BOOST_TEST(run(call(own_pid)).ec == error_code{});
  BOOST_TEST(starts() <= 8u);
}

BOOST_AUTO_TEST_CASE(waits_for_a_pool_that_gives_up_end) {
  make(options_with(call(throw_unless_open, started.write_end(), open.read_end())));
  std::optional<error_code> ready;
  pool->async_ready([&](error_code ec) { ready = ec; });
  run_until([&] { return ready.has_value(); });
  BOOST_TEST((*ready == error::worker_start_failed), ready->message());
  open.tell();
  pool->resume();
  ready.reset();
  pool->async_ready([&](error_code ec) { ready = ec; });
  run_until([&] { return ready.has_value(); });
  BOOST_TEST(*ready == error_code{});
  // Workers that have failed may still be leaving.
  run_until([&] { return pool->stats().workers == 1; });
}

BOOST_AUTO_TEST_CASE(jobs_are_cancelled_while_workers_start) {
  auto opts = options_with([] {
    for (;;) ::pause();
  });
  make(std::move(opts));
  asio::cancellation_signal stop;
  remembered<int> done;
  pool->async_run(call(own_pid), {}, asio::bind_cancellation_slot(stop.slot(), done.handler()));
  context.poll();
  stop.emit(asio::cancellation_type::total);
  run_until([&] { return done.calls == 1; });
  BOOST_TEST(done.ec == asio::error::operation_aborted);
  BOOST_TEST((done.what.ran() == isolatte::ran::no));
}

BOOST_AUTO_TEST_CASE(no_failure_is_told_before_there_is_one) {
  make({.workers = 1});
  run(call(own_pid));
  run(call([] { ::raise(SIGKILL); }));
  run(call(own_pid));
  BOOST_TEST((pool->last_start_failure().how() == ending::not_started));
  BOOST_TEST(!pool->last_start_failure().exception());
}

BOOST_AUTO_TEST_CASE(an_initializer_that_retires_its_worker_has_failed) {
  make(options_with([] { isolatte::this_worker::retire("no device"); }));
  BOOST_TEST((run(call(own_pid)).ec == error::worker_start_failed));
  auto const last = pool->last_start_failure();
  BOOST_TEST((last.how() == ending::threw), last);
  BOOST_CHECK_EXCEPTION(last.value(), std::runtime_error, [](const std::runtime_error& thrown) {
    return std::string{thrown.what()}.find("no device") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(a_worker_that_crashes_as_soon_as_it_is_ready_has_failed) {
  make(options_with([] {
    std::thread{[] {
      ::usleep(5000);
      ::raise(SIGABRT);
    }}.detach();
  }));
  run_until([&] { return failures.size() == 3; });
  BOOST_TEST((pool->last_start_failure().how() == ending::faulted), pool->last_start_failure());
  BOOST_TEST((run(call(own_pid)).ec == error::worker_start_failed));
}

BOOST_AUTO_TEST_CASE(each_failure_is_told_as_it_was) {
  auto opts = options_with(
      [] { throw std::domain_error{"slot " + std::to_string(isolatte::this_worker::slot())}; });
  opts.workers = 4;
  make(std::move(opts));
  BOOST_TEST((run(call(own_pid)).ec == error::worker_start_failed));
  std::set<std::size_t> told;
  run_until([&] {
    for (auto const& each : failures) told.insert(each.worker().value().slot);
    return told.size() == 4;
  });
  for (auto const& each : failures) {
    auto const slot = each.worker().value().slot;
    BOOST_CHECK_EXCEPTION(each.value(), std::domain_error, [slot](const std::domain_error& thrown) {
      return thrown.what() == "slot " + std::to_string(slot);
    });
  }
}

BOOST_AUTO_TEST_CASE(nothing_is_told_after_the_pool_has_gone) {
  make(options_with([] { throw std::domain_error{"no licence"}; }));
  run_until([&] { return !failures.empty(); });
  auto const before = failures.size();
  pool.reset();
  context.run();
  BOOST_TEST(failures.size() == before);
}

// Its size is limited, and a limit for files is none for stderr.
BOOST_AUTO_TEST_CASE(an_initializer_may_write_where_no_file_may_be_written) {
  auto opts = options_with([] { std::cerr << "one line\n"; });
  opts.worker.limits.file_size = 0;
  make(std::move(opts));
  BOOST_TEST(run(call(own_pid)).ec == error_code{});
}

BOOST_AUTO_TEST_CASE(the_end_of_a_long_text_is_told) {
  auto opts = options_with([] {
    for (int i = 0; i != 100'000; ++i) std::cerr << "line " << i << '\n';
    throw std::domain_error{"no device"};
  });
  opts.worker.err = isolatte::discard_t{};
  opts.startup.give_up_after = 1;
  make(std::move(opts));
  auto const told = run(call(own_pid));
  BOOST_TEST(told.what.err_truncated());
  BOOST_TEST(told.what.err_text().size() == capture{}.limit);
  BOOST_TEST(told.what.err_text().ends_with("line 99999\n"));
}

BOOST_AUTO_TEST_CASE(its_output_is_that_of_no_job) {
  make({.workers = 1,
        .initializer = [] { std::cout << "starting\n"; },
        .worker = {.out = capture{}}});
  BOOST_TEST(run(call([] { std::cout << "job"; })).what.out_text() == "job");
}

BOOST_AUTO_TEST_CASE(a_pool_does_not_give_up_while_a_worker_still_starts) {
  auto opts = options_with(call(
      [](int gate) {
        if (isolatte::this_worker::slot() != 0) throw std::domain_error{"no device"};
        char byte = 0;
        while (::read(gate, &byte, 1) != 1) {
        }
      },
      open.read_end()));
  opts.workers = 2;
  opts.startup.give_up_after = 1;
  make(std::move(opts));
  remembered<int> done;
  pool->async_run(call(own_pid), done.handler());
  run_until([&] { return failures.size() >= 1; });
  BOOST_TEST(done.calls == 0);
  open.tell();
  run_until([&] { return done.calls == 1; });
  BOOST_TEST(done.ec == error_code{});
}

BOOST_AUTO_TEST_CASE(a_preload_that_hangs_once_is_run_again) {
  scratch_folder folder;
  auto const hang_unless_marked = [](const std::string& mark) {
    while (::access(mark.c_str(), F_OK) == -1) ::usleep(1000);
  };
  make({.workers = 1,
        .startup = {.timeout = 1s, .backoff_min = 1ms, .give_up_after = 1},
        .preload = call(hang_unless_marked, (folder / "mark").string())});
  BOOST_TEST((run(call(own_pid)).ec == error::worker_start_failed));
  BOOST_TEST((pool->last_start_failure().how() == ending::timed_out), pool->last_start_failure());
  std::ofstream{folder / "mark"};
  pool->resume();
  BOOST_TEST(run(call(own_pid)).ec == error_code{});
}

BOOST_AUTO_TEST_CASE(a_server_that_is_not_made_in_time_is_tried_again) {
  auto const before = children();
  make({.workers = 1,
        .startup = {.timeout = 300ms, .backoff_min = 1ms, .give_up_after = 1},
        .preload = [] {}});
  // On a loaded machine a server may be late anyway.
  auto const run_until_it_returns = [&] {
    while (run(call(own_pid)).what.how() != ending::returned) pool->resume();
  };
  run_until_it_returns();
  // The oldest is what the servers are made from.
  auto all = children();
  std::erase_if(all, [&](pid_t each) {
    return std::find(before.begin(), before.end(), each) != before.end();
  });
  BOOST_REQUIRE(all.size() == 3u);
  auto const seed = *std::min_element(all.begin(), all.end());
  stop_child(seed);
  for (pid_t const each : all)
    if (each != seed) {
      ::kill(each, SIGKILL);
      wait_until_gone(each);
    }
  BOOST_TEST((run(call(own_pid)).ec == error::worker_start_failed));
  BOOST_TEST((pool->last_start_failure().how() == ending::timed_out), pool->last_start_failure());
  BOOST_TEST(!alive(seed));
  pool->resume();
  run_until_it_returns();
}

BOOST_AUTO_TEST_CASE(what_the_system_refuses_is_told) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  make(options_with([] {}));
  rlimit none = before;
  none.rlim_cur = 0;
  ::setrlimit(RLIMIT_NOFILE, &none);
  run_until([&] { return !failures.empty(); });
  ::setrlimit(RLIMIT_NOFILE, &before);
  BOOST_TEST((failures.front().how() == ending::not_started), failures.front());
  BOOST_TEST((failures.front().exception() != nullptr));
  BOOST_TEST(run(call(own_pid)).ec == error_code{});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_starts_test
