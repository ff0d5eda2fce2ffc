// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "pool_fixture.hpp"
#include "remembered.hpp"
#include "support/nothing_left.hpp"

#include <isolatte/call.hpp>
#include <isolatte/error.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

namespace pool_preload_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::ending;
using isolatte::error;
using namespace isolatte::test;
using namespace std::chrono_literals;

int state = 0;

int read_state() { return state; }

/// Loads what a file says, and then counts the loads in another one: who sees the count may change
/// the file.
void load(const std::string& path) {
  std::ifstream file{path};
  bool const is_read = static_cast<bool>(file >> state);
  std::ofstream{path + ".loads", std::ios::app} << '.';
  if (!is_read) throw std::runtime_error{"no data"};
}

/// The descriptors that a preload has opened.
std::vector<int> opened;

/// Opens a file so often that the numbers include those that the program has in use.
void open_many(const std::string& path) {
  for (int i = 0; i != 200; ++i) opened.push_back(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

/// @return what the opened files say, and writes to a kept descriptor
std::string read_opened(int kept) {
  std::string all;
  for (int const fd : opened) {
    char byte = '?';
    static_cast<void>(::pread(fd, &byte, 1, 0));
    if (all.find(byte) == std::string::npos) all += byte;
  }
  write_all(1, "out");
  return write_all(kept, ".") ? all : "kept nothing";
}

/// Takes all numbers up to 600, and runs jobs in a pool whose preload keeps files open.
std::string run_with_many_descriptors(const std::string& path, isolatte::pool_options opts) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  wire given;
  for (int last = 0; last != -1 && last < 600;) last = ::dup(0);
  asio::io_context context;
  opts.preload = call(open_many, path);
  opts.worker.out = isolatte::capture{};
  opts.worker.keep = {given.write_end()};
  isolatte::worker_pool pool{context, std::move(opts)};
  std::ostringstream text;
  int left = 5;
  std::function<void()> run_next = [&] {
    pool.async_run(call(read_opened, given.write_end()), {},
                   [&](error_code ec, isolatte::outcome<std::string> what) {
                     if (ec) text << ec.message();
                     text << what.value_or("none") << ':' << what.out_text() << ' ';
                     if (--left != 0) return run_next();
                     pool.stop();
                   });
  };
  run_next();
  context.run();
  text << given.read_rest();
  return std::move(text).str();
}

struct fixture : pool_fixture {
  scratch_folder folder;
  std::string const path = (folder / "data").string();

  void write(int data) { std::ofstream{path} << data; }
  std::size_t loads() const { return read_file(path + ".loads").size(); }
  /// Recycles, and runs jobs meanwhile, none of which may fail.
  error_code recycle() {
    error_code result;
    bool done = false;
    pool->async_recycle([&](error_code ec) {
      result = ec;
      done = true;
    });
    remembered<int> job;
    while (!done) {
      job = {};
      pool->async_run(call(read_state), {}, job.handler());
      run_until([&] { return job.calls != 0; });
      BOOST_TEST(job.what.has_value(), job.what);
    }
    return result;
  }
};

BOOST_FIXTURE_TEST_SUITE(pool_preload, fixture)

BOOST_AUTO_TEST_CASE(every_worker_starts_with_its_state_and_it_runs_once) {
  write(42);
  make({.workers = 2, .max_jobs_per_worker = 1, .preload = call(load, path)});
  for (int i = 0; i != 20; ++i) BOOST_TEST(run(call(read_state)).what.value_or(-1) == 42);
  BOOST_TEST(loads() == 1u);
}

BOOST_AUTO_TEST_CASE(the_initializer_comes_after_it_in_every_worker) {
  write(42);
  make({.workers = 1,
        .max_jobs_per_worker = 1,
        .initializer = [] { ++state; },
        .preload = call(load, path)});
  for (int i = 0; i != 3; ++i) BOOST_TEST(run(call(read_state)).what.value_or(-1) == 43);
}

BOOST_AUTO_TEST_CASE(its_files_stay_open_however_many_descriptors_the_program_has) {
  std::ofstream{path} << 'x';
  for (std::size_t const jobs : {1u, 0u})
    BOOST_TEST(in_bare_process([&] {
                 return run_with_many_descriptors(path,
                                                  {.workers = 2, .max_jobs_per_worker = jobs});
               }) == "x:out x:out x:out x:out x:out .....");
}

BOOST_AUTO_TEST_CASE(a_job_that_waits_for_it_can_be_cancelled) {
  make({.workers = 2, .preload = [] { hang(); }});
  asio::cancellation_signal stop;
  remembered<int> done;
  pool->async_run(call(read_state), {}, asio::bind_cancellation_slot(stop.slot(), done.handler()));
  context.poll();
  BOOST_TEST(done.calls == 0);
  stop.emit(asio::cancellation_type::terminal);
  run_until([&] { return done.calls != 0; });
  BOOST_TEST(done.ec == asio::error::operation_aborted);
  BOOST_TEST(done.what.how() == ending::not_started);
}

BOOST_AUTO_TEST_CASE(stopped_meanwhile_the_pool_ends) {
  make({.workers = 2, .preload = [] { hang(); }});
  remembered<int> done;
  pool->async_run(call(read_state), {}, done.handler());
  context.poll();
  pool->stop();
  run_until([&] { return done.calls != 0; });
  BOOST_TEST(done.ec == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(its_exception_keeps_workers_from_starting) {
  make({.workers = 2, .preload = call(load, path)});
  auto const told = run(call(read_state));
  BOOST_TEST((told.ec == error::worker_start_failed), told.ec.message());
  BOOST_TEST((told.what.ran() == isolatte::ran::no));
  BOOST_CHECK_EXCEPTION(
      told.what.value(), std::runtime_error,
      [](const std::runtime_error& thrown) { return thrown.what() == std::string{"no data"}; });
  // Each worker's start has tried it again.
  BOOST_TEST(loads() == 3u);
  // A pool that has given up has no workers, so the loop ran out of work.
  context.restart();
  BOOST_TEST((run(call(read_state)).ec == error::worker_start_failed));
}

BOOST_AUTO_TEST_CASE(its_fault_and_its_text_are_told) {
  make({.workers = 1, .preload = [] {
          write_all(2, "bad data\n");
          ::raise(SIGSEGV);
        }});
  auto const told = run(call(read_state));
  BOOST_TEST((told.ec == error::worker_start_failed), told.ec.message());
  BOOST_TEST(told.what.err_text() == "bad data\n");
  BOOST_REQUIRE(told.what.fault().has_value());
  BOOST_TEST(told.what.fault()->signal == SIGSEGV);
}

BOOST_AUTO_TEST_CASE(a_server_that_somebody_kills_meanwhile_is_made_again) {
  write(7);
  // The first one kills itself, as somebody else would.
  auto const load_twice = [](const std::string& name) {
    bool const is_first = ::access((name + ".loads").c_str(), F_OK) == -1;
    load(name);
    if (is_first) ::raise(SIGKILL);
  };
  make({.workers = 2, .preload = call(load_twice, path)});
  BOOST_TEST(run(call(read_state)).what.value_or(-1) == 7);
  BOOST_TEST(loads() == 2u);
}

BOOST_AUTO_TEST_CASE(a_server_that_is_killed_each_time_fails_the_jobs) {
  make({.workers = 2, .preload = [] { ::raise(SIGKILL); }});
  auto const told = run(call(read_state));
  BOOST_TEST((told.ec == error::server_died), told.ec.message());
}

BOOST_AUTO_TEST_CASE(recycled_workers_have_new_data) {
  write(1);
  make({.workers = 2, .preload = call(load, path)});
  BOOST_TEST(run(call(read_state)).what.value_or(-1) == 1);
  write(2);
  BOOST_TEST(!recycle());
  for (int i = 0; i != 5; ++i) BOOST_TEST(run(call(read_state)).what.value_or(-1) == 2);
  BOOST_TEST(loads() == 2u);
  BOOST_TEST(pool->stats().restarts == 2u);
  write(3);
  BOOST_TEST(!recycle());
  BOOST_TEST(run(call(read_state)).what.value_or(-1) == 3);
}

BOOST_AUTO_TEST_CASE(without_a_preload_workers_are_recycled_too) {
  static int global = 1;
  make({.workers = 1});
  auto const look = [] { return global; };
  BOOST_TEST(run(call(look)).what.value_or(-1) == 1);
  global = 2;
  BOOST_TEST(!recycle());
  BOOST_TEST(run(call(look)).what.value_or(-1) == 2);
  global = 1;
}

BOOST_AUTO_TEST_CASE(with_fresh_processes_the_next_ones_have_new_data) {
  write(1);
  make({.workers = 2, .max_jobs_per_worker = 1, .preload = call(load, path)});
  BOOST_TEST(run(call(read_state)).what.value_or(-1) == 1);
  write(2);
  BOOST_TEST(!recycle());
  for (int i = 0; i != 8; ++i) BOOST_TEST(run(call(read_state)).what.value_or(-1) == 2);
}

BOOST_AUTO_TEST_CASE(workers_stay_if_new_data_cannot_be_loaded) {
  write(1);
  make({.workers = 2, .preload = call(load, path)});
  BOOST_TEST(run(call(read_state)).what.value_or(-1) == 1);
  std::ofstream{path} << "rubbish";
  BOOST_TEST((recycle() == error::preload_failed));
  BOOST_TEST(run(call(read_state)).what.value_or(-1) == 1);
  BOOST_TEST(pool->stats().restarts == 0u);
}

BOOST_AUTO_TEST_CASE(a_first_preload_that_hangs_is_got_over_by_recycling) {
  write(1);
  auto const load_or_hang = [](const std::string& name) {
    load(name);
    if (state == 1) hang();
  };
  make({.workers = 4, .preload = call(load_or_hang, path)});
  remembered<int> waits;
  pool->async_run(call(read_state), {}, waits.handler());
  // The server is a process that hangs by now.
  while (loads() != 1) context.poll();
  write(2);
  bool recycled = false;
  pool->async_recycle([&](error_code ec) {
    BOOST_TEST(!ec, ec.message());
    recycled = true;
  });
  run_until([&] { return recycled && waits.calls != 0; });
  BOOST_TEST(waits.what.value_or(-1) == 2, waits.what);
  run_until([&] { return pool->stats().workers == 4u && pool->stats().restarts == 4u; });
}

BOOST_AUTO_TEST_CASE(initializers_that_hang_are_got_over_by_recycling) {
  auto const before = children().size();
  write(1);
  auto const hang_with_1 = [] {
    if (state == 1) hang();
  };
  make({.workers = 4, .initializer = hang_with_1, .preload = call(load, path)});
  remembered<int> waits;
  pool->async_run(call(read_state), {}, waits.handler());
  // The seed, the template and the workers.
  run_until([&] { return children().size() >= before + 6; });
  write(2);
  error_code told = error::server_died;
  pool->async_recycle([&](error_code ec) { told = ec; });
  run_until([&] { return !told && waits.calls != 0; });
  BOOST_TEST(waits.what.value_or(-1) == 2, waits.what);
  // And one that hangs after a recycling is got over by the next.
  write(1);
  pool->async_recycle([&](error_code ec) { told = ec; });
  run_until([&] { return loads() == 3u; });
  told = error::server_died;
  write(3);
  pool->async_recycle([&](error_code ec) { told = ec; });
  run_until([&] { return !told; });
  BOOST_TEST(run(call(read_state)).what.value_or(-1) == 3);
}

BOOST_AUTO_TEST_CASE(workers_stay_if_those_of_new_data_cannot_be_initialised) {
  // The initializer throws, exits, or is killed.
  for (int const number : {2, 3, 4}) {
    write(1);
    auto const check = [] {
      if (state == 2) throw std::runtime_error{"bad rules"};
      if (state == 3) ::_exit(1);
      if (state == 4) ::raise(SIGKILL);
    };
    make({.workers = 1, .initializer = check, .preload = call(load, path)});
    BOOST_TEST(run(call(read_state)).what.value_or(-1) == 1);
    write(number);
    auto const ec = recycle();
    BOOST_TEST((ec == error::worker_start_failed), ec.message());
    BOOST_TEST(run(call(read_state)).what.value_or(-1) == 1);
    BOOST_TEST(pool->stats().restarts == 0u);
    // Workers that are needed later have the data of before, too.
    for (int i = 0; i != 4; ++i)
      BOOST_TEST(run(call([] { ::raise(SIGKILL); })).what.how() == ending::killed);
    BOOST_TEST(run(call(read_state)).what.value_or(-1) == 1);
    write(5);
    BOOST_TEST(!recycle());
    BOOST_TEST(run(call(read_state)).what.value_or(-1) == 5);
    pool->stop();
    context.run();
    context.restart();
  }
}

BOOST_AUTO_TEST_CASE(with_fresh_processes_workers_stay_if_new_ones_cannot_be_initialised) {
  write(1);
  auto const check = [] {
    if (state == 2) throw std::runtime_error{"bad rules"};
  };
  make({.workers = 2, .max_jobs_per_worker = 1, .initializer = check, .preload = call(load, path)});
  BOOST_TEST(run(call(read_state)).what.value_or(-1) == 1);
  write(2);
  BOOST_TEST((recycle() == error::worker_start_failed));
  for (int i = 0; i != 8; ++i) BOOST_TEST(run(call(read_state)).what.value_or(-1) == 1);
}

BOOST_AUTO_TEST_CASE(recycling_can_be_cancelled_while_it_loads) {
  write(1);
  auto const load_or_hang = [](const std::string& name) {
    load(name);
    if (state == 2) hang();
  };
  make({.workers = 1, .preload = call(load_or_hang, path)});
  BOOST_TEST(run(call(read_state)).what.value_or(-1) == 1);
  write(2);
  asio::cancellation_signal stop;
  bool done = false;
  pool->async_recycle(asio::bind_cancellation_slot(stop.slot(), [&](error_code ec) {
    BOOST_TEST(ec == asio::error::operation_aborted);
    done = true;
  }));
  BOOST_TEST(run(call(read_state)).what.value_or(-1) == 1);
  BOOST_TEST(!done);
  stop.emit(asio::cancellation_type::total);
  run_until([&] { return done; });
  write(3);
  BOOST_TEST(!recycle());
  BOOST_TEST(run(call(read_state)).what.value_or(-1) == 3);
}

BOOST_AUTO_TEST_CASE(stopped_while_it_recycles_the_pool_ends) {
  write(1);
  auto const load_or_hang = [](const std::string& name) {
    load(name);
    if (state == 2) hang();
  };
  make({.workers = 1, .preload = call(load_or_hang, path)});
  BOOST_TEST(run(call(read_state)).what.value_or(-1) == 1);
  write(2);
  error_code told;
  bool done = false;
  pool->async_recycle([&](error_code ec) {
    told = ec;
    done = true;
  });
  context.poll();
  pool->stop();
  run_until([&] { return done; });
  BOOST_TEST(told == asio::error::operation_aborted);
  bool refused = false;
  pool->async_recycle([&](error_code ec) { refused = ec == asio::error::operation_aborted; });
  run_until([&] { return refused; });
}

BOOST_AUTO_TEST_CASE(stopped_at_any_time_while_it_recycles_the_pool_ends) {
  bool is_over = false;
  for (int handlers = 0; !is_over; ++handlers) {
    make({.workers = 1, .preload = [] {}});
    BOOST_TEST(run(call(read_state)).what.value_or(-1) == 0);
    int told = 0;
    error_code why;
    pool->async_recycle([&](error_code ec) {
      ++told;
      why = ec;
    });
    for (int i = 0; i != handlers && told == 0; ++i) context.run_one();
    is_over = told != 0;
    pool->stop();
    context.run();
    BOOST_TEST(told == 1);
    BOOST_TEST((!why || (!is_over && why == asio::error::operation_aborted)), why.message());
    context.restart();
  }
}

BOOST_AUTO_TEST_CASE(recycled_twice_at_once_the_workers_are_those_of_the_second) {
  write(1);
  make({.workers = 2, .preload = call(load, path)});
  BOOST_TEST(run(call(read_state)).what.value_or(-1) == 1);
  int done = 0;
  for (int i = 0; i != 2; ++i)
    pool->async_recycle([&](error_code ec) {
      BOOST_TEST(!ec);
      ++done;
    });
  run_until([&] { return done == 2; });
  BOOST_TEST(loads() == 3u);
  BOOST_TEST(run(call(read_state)).what.value_or(-1) == 1);
}

int process_of_template = 0;

BOOST_AUTO_TEST_CASE(a_job_that_the_death_of_the_server_takes_along_is_told_so) {
  make({.workers = 1, .preload = [] { process_of_template = ::getpid(); }});
  auto const told = run(call([] {
    ::kill(process_of_template, SIGKILL);
    hang();
  }));
  BOOST_TEST((told.ec == error::server_died), told.ec.message());
  BOOST_TEST(told.what.how() == ending::cancelled);
  BOOST_TEST((told.what.ran() == isolatte::ran::yes));
  BOOST_TEST(run(call([] { return 7; })).what.value_or(0) == 7);
}

BOOST_AUTO_TEST_CASE(a_job_that_is_late_when_the_server_dies_is_told_as_late_alone) {
  make({.workers = 1, .preload = [] { process_of_template = ::getpid(); }});
  for (int i = 0; i != 20; ++i) {
    auto const made = run(call([] { return process_of_template; })).what.value_or(0);
    BOOST_REQUIRE(made > 0);
    remembered<void> late;
    pool->async_run(call(hang), {.timeout = 10ms}, late.handler());
    asio::steady_timer at_that_moment{context, 10ms};
    at_that_moment.async_wait([&](error_code) { ::kill(made, SIGKILL); });
    run_until([&] { return late.calls != 0; });
    if (late.what.how() == ending::timed_out)
      BOOST_TEST(!late.ec, late.ec.message());
    else
      BOOST_TEST((late.ec == error::server_died), late.ec.message());
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_preload_test
