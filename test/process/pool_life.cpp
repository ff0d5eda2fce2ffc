// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "pool_fixture.hpp"
#include "posix/job_channel.hpp"
#include "remembered.hpp"
#include "support/sanitizers.hpp"

#include <isolatte.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

// Tests of the reasons for which a pool replaces its workers, and of the places that these have.

namespace pool_life_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::capture;
using isolatte::ending;
using isolatte::error;
using isolatte::job_options;
using isolatte::pool_options;
using isolatte::worker_id;
namespace this_worker = isolatte::this_worker;
using namespace isolatte::test;
using namespace std::chrono_literals;

int own_pid() { return ::getpid(); }

int retire_and_say_pid(const std::string& reason) {
  this_worker::retire(reason);
  return ::getpid();
}

char* volatile leaked = nullptr;

bool is_readable(int fd) {
  pollfd what{fd, POLLIN, 0};
  return ::poll(&what, 1, 0) == 1;
}

/// A job, or an initializer, that loses this much memory.
void leak(std::size_t bytes) {
  char* const memory = new char[bytes];
  for (std::size_t i = 0; i < bytes; i += 1024) memory[i] = 1;
  leaked = memory;
}

struct life_fixture : pool_fixture {
  template <class F>
  auto each(F f) {
    using result = isolatte::result_of<decltype(call(f))>;
    bool done = false;
    error_code ec;
    std::vector<isolatte::outcome<result>> all;
    pool->async_run_everywhere(call(f), [&](error_code e, auto outcomes) {
      done = true;
      ec = e;
      all = std::move(outcomes);
    });
    run_until([&] { return done; });
    BOOST_TEST(ec == error_code{});
    return all;
  }
  error_code await_ready() {
    std::optional<error_code> done;
    pool->async_ready([&](error_code ec) { done = ec; });
    run_until([&] { return done.has_value(); });
    return *done;
  }
  error_code resize(std::size_t workers) {
    std::optional<error_code> done;
    pool->async_resize(workers, [&](error_code ec) { done = ec; });
    run_until([&] { return done.has_value(); });
    return *done;
  }
  std::uint64_t retired(const std::string& reason) const {
    auto const all = pool->stats().retired;
    auto const found = all.find(reason);
    return found == all.end() ? 0 : found->second;
  }
};

BOOST_FIXTURE_TEST_SUITE(pool_life, life_fixture)

// Retiring

BOOST_AUTO_TEST_CASE(a_job_has_its_worker_replaced) {
  make({.workers = 1});
  auto const first = run(call(retire_and_say_pid, std::string{"cuda"}));
  auto const second = run(call(own_pid));
  BOOST_TEST(first.what.value() != second.what.value());
  BOOST_TEST(first.what.worker()->generation == 1u);
  BOOST_TEST(second.what.worker()->generation == 2u);
  BOOST_TEST(retired("cuda") == 1u);
  run_until([&] { return pool->stats().workers == 1; });
  BOOST_TEST(pool->stats().restarts == 1u);
  // The server and the second worker are left.
  run_until([&] { return children().size() == 2; });
}

BOOST_AUTO_TEST_CASE(a_job_that_throws_after_it_has_retired_is_told_as_always) {
  make({.workers = 1});
  auto const first = run(call([] {
    this_worker::retire("sticky");
    throw std::domain_error{"illegal address"};
  }));
  BOOST_CHECK_THROW(first.what.value(), std::domain_error);
  BOOST_TEST(run(call(own_pid)).what.worker()->generation == 2u);
  BOOST_TEST(retired("sticky") == 1u);
}

BOOST_AUTO_TEST_CASE(the_first_reason_counts_and_no_byte_of_it_that_is_not_printable) {
  make({.workers = 1});
  run(call([] {
    this_worker::retire("bad\nnews");
    this_worker::retire("another");
  }));
  run(call([] { this_worker::retire(std::string(1000, 'x')); }));
  run(call([] { this_worker::retire(""); }));
  BOOST_TEST(retired("bad?news") == 1u);
  BOOST_TEST(retired("another") == 0u);
  BOOST_TEST(retired(std::string(64, 'x')) == 1u);
  BOOST_TEST(retired("retired") == 1u);
}

BOOST_AUTO_TEST_CASE(reasons_do_not_pile_up) {
  make({.workers = 1});
  for (int i = 0; i != 70; ++i) run(call(retire_and_say_pid, "reason " + std::to_string(i)));
  BOOST_TEST(pool->stats().retired.size() == 65u);
  BOOST_TEST(retired("other") == 6u);
}

BOOST_AUTO_TEST_CASE(a_process_that_is_no_worker_is_told_so) {
  this_worker::retire("nothing");
  BOOST_CHECK_THROW(static_cast<void>(this_worker::slot()), std::logic_error);
  BOOST_CHECK_THROW(static_cast<void>(this_worker::generation()), std::logic_error);
}

BOOST_AUTO_TEST_CASE(jobs_wait_for_the_next_worker_if_each_retires_its_own) {
  for (std::size_t const workers : {1, 2, 16}) {
    make({.workers = workers});
    constexpr int jobs = 200;
    std::multiset<int> done;
    for (int i = 0; i != jobs; ++i)
      pool->async_run(call(
                          [](int n) {
                            this_worker::retire("each");
                            return n;
                          },
                          i),
                      [&](error_code, isolatte::outcome<int> what) { done.insert(what.value()); });
    run_until([&] { return done.size() == jobs; });
    BOOST_TEST(std::set<int>(done.begin(), done.end()).size() == static_cast<std::size_t>(jobs));
    run_until([&] { return retired("each") == jobs; });
    pool->stop();
    context.run();
    context.restart();
    pool.reset();
  }
}

// The job writes to its worker's socket what only a worker should.
BOOST_AUTO_TEST_CASE(a_worker_that_asks_without_end_is_ended) {
  make({.workers = 1, .worker = {.timeout = 20s}});
  auto const flood = [] {
    isolatte::posix::reply_header said;
    said.kind = static_cast<std::uint32_t>(isolatte::posix::reply_kind::retires);
    for (said.id = 1;; ++said.id)
      for (int i = 0; i != 1000; ++i)
        for (int fd = 3; fd != 64; ++fd)
          static_cast<void>(::send(fd, &said, sizeof said, MSG_NOSIGNAL));
  };
  auto const told = run(call(flood));
  BOOST_TEST((told.what.how() == ending::undelivered), told.what);
  BOOST_TEST(run(call(own_pid)).ec == error_code{});
}

// Recycling

BOOST_AUTO_TEST_CASE(old_workers_are_replaced) {
  make({.workers = 2, .recycle = {.age = 50ms}});
  auto const first = run(call(own_pid)).what.worker()->generation;
  run_until([&] { return retired("age") >= 4; });
  BOOST_TEST(run(call(own_pid)).what.worker()->generation > first);
}

BOOST_AUTO_TEST_CASE(an_old_worker_goes_on_if_none_can_take_its_place) {
  wire fails;
  make({.workers = 1,
        .initializer = call(
            [](int in) {
              if (is_readable(in)) throw std::runtime_error{"no licence left"};
            },
            fails.read_end()),
        .worker = {.keep = {fails.read_end()}},
        .recycle = {.age = 200ms},
        .startup = {.backoff_min = 1ms, .backoff_max = 10ms}});
  auto const first = run(call(own_pid)).what.value();
  fails.tell();
  run_until([&] { return pool->last_start_failure().how() == ending::threw; });
  for (int i = 0; i != 20; ++i) BOOST_TEST(run(call(own_pid)).what.value() == first);
  BOOST_TEST(retired("age") == 0u);
}

// ThreadSanitizer has several bytes for each that a worker writes, and some for each that it reads.
constexpr bool memory_is_the_jobs = !isolatte::test::with_tsan;

BOOST_AUTO_TEST_CASE(a_worker_that_grows_is_replaced) {
  if (!memory_is_the_jobs) return;
  make({.workers = 1, .recycle = {.memory_growth = 8u << 20}});
  auto const first = run(call(own_pid)).what.value();
  for (int i = 0; i != 5; ++i) run(call(leak, std::size_t{1} << 20));
  BOOST_TEST(run(call(own_pid)).what.value() == first);
  for (int i = 0; i != 8; ++i) run(call(leak, std::size_t{1} << 20));
  run_until([&] { return retired("memory_growth") == 1; });
  BOOST_TEST(run(call(own_pid)).what.value() != first);
}

BOOST_AUTO_TEST_CASE(the_memory_of_the_initializer_is_no_growth) {
  make({.workers = 1,
        .initializer = call(leak, std::size_t{32} << 20),
        .recycle = {.memory_growth = 16u << 20}});
  for (int i = 0; i != 5; ++i) run(call(leak, std::size_t{1} << 20));
  BOOST_TEST(run(call(own_pid)).what.worker()->generation == 1u);
}

// A job that reads all of what the program has must not have its worker replaced each time.
BOOST_AUTO_TEST_CASE(what_is_shared_with_the_program_does_not_count) {
  if (!memory_is_the_jobs) return;
  constexpr std::size_t size = std::size_t{64} << 20;
  static std::vector<char> all;
  all.assign(size, 1);
  make({.workers = 1, .max_worker_memory = 24u << 20});
  auto const read_all = [] {
    long sum = 0;
    for (std::size_t i = 0; i < all.size(); i += 1024) sum += all[i];
    return sum;
  };
  auto const write_all_of_it = [] {
    for (std::size_t i = 0; i < all.size(); i += 1024) all[i] = 2;
  };
  for (int i = 0; i != 3; ++i) BOOST_TEST(run(call(read_all)).what.value() == size / 1024);
  BOOST_TEST(run(call(own_pid)).what.worker()->generation == 1u);
  run(call(write_all_of_it));
  BOOST_TEST(run(call(own_pid)).what.worker()->generation == 2u);
  run_until([&] { return retired("max_worker_memory") == 1; });
  all = {};
}

int health = 1;

BOOST_AUTO_TEST_CASE(a_worker_that_is_not_healthy_gets_no_more_jobs) {
  make({.workers = 1, .recycle = {.healthy = [] { return health != 0; }}});
  auto const first = run(call(own_pid)).what.value();
  BOOST_TEST(run(call(own_pid)).what.value() == first);
  run(call([] { health = 0; }));
  BOOST_TEST(run(call(own_pid)).what.value() != first);
  BOOST_TEST(retired("unhealthy") == 1u);
  BOOST_TEST(pool->stats().started == 4u);
  BOOST_TEST(pool->stats().endings[ending::returned] == 4u);
}

BOOST_AUTO_TEST_CASE(a_check_that_throws_ends_its_worker_or_hangs_finds_no_health) {
  for (auto* const check : {+[] {
                              if (health == 0) throw std::runtime_error{"sick"};
                            },
                            +[] {
                              if (health == 0) ::raise(SIGKILL);
                            },
                            +[] {
                              while (health == 0) ::pause();
                            }}) {
    make({.workers = 1, .recycle = {.healthy = {check, 100ms}}});
    auto const first = run(call(own_pid)).what.value();
    run(call([] { health = 0; }));
    auto const second = run(call(own_pid));
    BOOST_TEST(second.what.value() != first);
    run_until([&] { return retired("unhealthy") == 1; });
    pool->stop();
    context.run();
    context.restart();
    pool.reset();
  }
}

BOOST_AUTO_TEST_CASE(the_output_of_a_check_is_that_of_no_job) {
  make({.workers = 1, .worker = {.out = capture{}}, .recycle = {.healthy = [] {
                                                      std::cout << "check\n";
                                                    }}});
  for (int i = 0; i != 3; ++i)
    BOOST_TEST(run(call([] { std::cout << "job\n"; })).what.out_text() == "job\n");
}

BOOST_AUTO_TEST_CASE(a_check_is_no_job) {
  wire go;
  make({.workers = 1,
        .worker = {.keep = {go.read_end()}},
        .recycle = {.healthy = {call(
                                    [](int in) {
                                      char byte = 0;
                                      return ::read(in, &byte, 1) == 1;
                                    },
                                    go.read_end()),
                                1h}}});
  bool drained = false;
  run(call(own_pid));
  pool->async_drain([&](error_code) { drained = true; });
  run_until([&] { return drained; });
  BOOST_TEST(pool->stats().running == 0u);
  BOOST_TEST(pool->stats().queued == 0u);
  pool->stop();
  context.run();
  BOOST_TEST(retired("unhealthy") == 0u);
}

// Slots

BOOST_AUTO_TEST_CASE(slots_are_numbers_below_the_size_that_are_used_again) {
  make({.workers = 3});
  BOOST_TEST(await_ready() == error_code{});
  std::set<std::size_t> slots;
  for (auto const& each : each([] { return this_worker::slot(); })) {
    BOOST_TEST(each.value() == each.worker()->slot);
    slots.insert(each.value());
  }
  BOOST_TEST((slots == std::set<std::size_t>{0, 1, 2}));
  std::uint64_t last = 3;
  for (int i = 0; i != 20; ++i) {
    auto const crashed = run(call([] { ::raise(SIGKILL); }));
    auto const next = run(call([] { return this_worker::generation(); }));
    BOOST_TEST(crashed.what.worker()->slot < 3u);
    BOOST_TEST(next.what.worker()->slot < 3u);
    BOOST_TEST(next.what.worker()->generation == next.what.value());
    last = std::max(last, next.what.value());
  }
  BOOST_TEST(last <= 23u);
}

BOOST_AUTO_TEST_CASE(no_two_workers_run_jobs_with_the_same_slot) {
  // A lock of the slot's would be taken twice.
  scratch_folder folder;
  auto const lock_slot = [](const std::string& in) {
    std::string const name = in + "/" + std::to_string(this_worker::slot());
    int const fd = ::open(name.c_str(), O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd == -1) throw std::runtime_error{"slot " + name + " is in use"};
    ::close(fd);
    ::unlink(name.c_str());
    if (::getpid() % 7 == 0) this_worker::retire("seven");
  };
  make({.workers = 3, .max_jobs_per_worker = 5, .recycle = {.age = 30ms}});
  int done = 0;
  constexpr int jobs = 300;
  for (int i = 0; i != jobs; ++i)
    pool->async_run(call(lock_slot, (folder / "").string()),
                    [&](error_code ec, isolatte::outcome<void> what) {
                      ++done;
                      BOOST_TEST(ec == error_code{});
                      BOOST_TEST(what.success(), what);
                    });
  run_until([&] { return done == jobs; });
}

BOOST_AUTO_TEST_CASE(the_initializer_knows_its_slot) {
  make({.workers = 2, .initializer = [] {
          std::string const name = std::to_string(this_worker::slot());
          ::setenv("PORT", name.c_str(), 1);
        }});
  BOOST_TEST(await_ready() == error_code{});
  for (auto const& one : each([] { return std::string{::getenv("PORT")}; }))
    BOOST_TEST(one.value() == std::to_string(one.worker()->slot));
}

BOOST_AUTO_TEST_CASE(each_slot_has_its_environment_and_its_processors) {
  ::setenv("ISOLATTE_TEST_GONE", "here", 1);
  make({.slots = {{.environment = {{"DEVICE", "zero"}, {"ISOLATTE_TEST_GONE", {}}}, .cpus = {0}},
                  {.environment = {{"DEVICE", "one"}}}}});
  ::unsetenv("ISOLATTE_TEST_GONE");
  BOOST_TEST(pool->concurrency() == 2u);
  BOOST_TEST(await_ready() == error_code{});
  auto const look = [] {
    cpu_set_t mine;
    ::sched_getaffinity(0, sizeof mine, &mine);
    return std::string{::getenv("DEVICE")} + (::getenv("ISOLATTE_TEST_GONE") ? " here" : "") + " " +
           std::to_string(CPU_COUNT(&mine));
  };
  cpu_set_t all;
  ::sched_getaffinity(0, sizeof all, &all);
  for (int round = 0; round != 2; ++round) {
    auto const seen = each(look);
    BOOST_REQUIRE(seen.size() == 2u);
    for (auto const& one : seen)
      BOOST_TEST(
          one.value() ==
          (one.worker()->slot == 0 ? "zero 1" : "one here " + std::to_string(CPU_COUNT(&all))));
    each([] { this_worker::retire("again"); });
    run_until([&] { return retired("again") == 2u * static_cast<unsigned>(round + 1); });
    BOOST_TEST(await_ready() == error_code{});
  }
}

BOOST_AUTO_TEST_CASE(a_slot_is_free_when_its_process_has_ended) {
  scratch_folder folder;
  auto const claim = [](const std::string& in) {
    // Held until the process ends.
    std::string const name = in + "/" + std::to_string(this_worker::slot());
    int const fd = ::open(name.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (::lockf(fd, F_TLOCK, 0) == -1) throw std::runtime_error{"the slot is in use"};
  };
  make({.initializer = call(claim, (folder / "").string()), .slots = {{}, {}}});
  for (int i = 0; i != 20; ++i) {
    run(call(
        [](int n) {
          if (n % 2 == 0) ::raise(SIGKILL);
          this_worker::retire("odd");
        },
        i));
    BOOST_TEST(run(call(own_pid)).ec == error_code{});
  }
  BOOST_TEST(pool->last_start_failure().how() == ending::not_started);
}

BOOST_AUTO_TEST_CASE(options_that_make_no_sense_are_refused) {
  auto const refuses = [&](pool_options opts, const std::string& word) {
    try {
      make(std::move(opts));
    } catch (const boost::system::system_error& refusal) {
      BOOST_TEST(refusal.code() == boost::system::errc::invalid_argument);
      BOOST_TEST(std::string{refusal.what()}.find(word) != std::string::npos, refusal.what());
      return;
    }
    BOOST_ERROR("accepts wrong " << word);
  };
  refuses({.slots = {{.cpus = {100'000}}}}, "slots");
  refuses({.slots = {{.cpus = {-1}}}}, "slots");
  refuses({.slots = {{.environment = {{"A=B", "c"}}}}}, "slots");
  refuses({.slots = {{.environment = {{"", "c"}}}}}, "slots");
  refuses({.workers = 2, .slots = {{}}}, "slots");
  refuses({.workers = 2, .min_workers = 3}, "min_workers");
  refuses({.workers = 2, .startup = {.timeout = 0s}}, "startup");
  refuses({.workers = 2, .startup = {.backoff_min = -1s}}, "startup");
  refuses({.workers = 2, .startup = {.backoff_min = 2s, .backoff_max = 1s}}, "startup");
  refuses({.workers = 2, .recycle = {.age = 0s}}, "recycle");
  refuses({.workers = 2, .recycle = {.jitter = 1.5}}, "recycle");
  refuses({.workers = 2, .recycle = {.max_unavailable = 0}}, "recycle");
  refuses({.workers = 2, .recycle = {.healthy = {[] { return true; }, 0s}}}, "recycle");
  refuses({.workers = std::numeric_limits<std::size_t>::max()}, "workers");
}

// Size

BOOST_AUTO_TEST_CASE(a_pool_grows_and_shrinks_while_jobs_run) {
  make({.workers = 2});
  int done = 0;
  constexpr int jobs = 2000;
  for (int i = 0; i != jobs; ++i)
    pool->async_run(call(own_pid), [&](error_code ec, isolatte::outcome<int> what) {
      ++done;
      BOOST_TEST(ec == error_code{});
      BOOST_TEST(what.has_value());
    });
  for (std::size_t const size : {8, 1, 5, 1, 3}) {
    BOOST_TEST(resize(size) == error_code{});
    BOOST_TEST(pool->concurrency() == size);
    std::set<std::size_t> slots;
    auto const everywhere = each(own_pid);
    for (auto const& one : everywhere)
      if (one) slots.insert(one.worker()->slot);
    BOOST_TEST(slots.size() == size);
    BOOST_TEST(*slots.rbegin() < size);
  }
  run_until([&] { return done == jobs; });
  run_until([&] { return pool->stats().workers == 3; });
  BOOST_TEST(retired("resized") == 11u);
}

BOOST_AUTO_TEST_CASE(shrinking_waits_for_jobs) {
  wire begun, go;
  make({.workers = 2, .worker = {.keep = {begun.write_end(), go.read_end()}}});
  BOOST_TEST(await_ready() == error_code{});
  std::list<remembered<std::uint64_t>> held;
  for (int i = 0; i != 2; ++i)
    pool->async_run(call(
                        [](int out, int in) {
                          write_all(out, ".");
                          char byte = 0;
                          static_cast<void>(::read(in, &byte, 1));
                          return this_worker::generation();
                        },
                        begun.write_end(), go.read_end()),
                    held.emplace_back().handler());
  // Nothing that a job writes is an event of the loop.
  for (int running = 0; running != 2;) {
    context.poll_one();
    if (is_readable(begun.read_end()) && begun.await()) ++running;
  }
  std::optional<error_code> shrunk;
  pool->async_resize(1, [&](error_code ec) { shrunk = ec; });
  run_until([&] { return pool->concurrency() == 1; });
  context.poll();
  BOOST_TEST(!shrunk.has_value());
  go.tell();
  go.tell();
  run_until([&] { return shrunk.has_value(); });
  BOOST_TEST(*shrunk == error_code{});
  run_until([&] { return held.back().calls == 1 && held.front().calls == 1; });
  for (auto const& one : held) BOOST_TEST(one.what.has_value());
}

BOOST_AUTO_TEST_CASE(a_size_that_is_none_is_refused) {
  make({.workers = 1, .slots = {{}, {}}});
  BOOST_TEST(resize(0) == boost::system::errc::invalid_argument);
  BOOST_TEST(resize(3) == boost::system::errc::invalid_argument);
  BOOST_TEST(resize(2) == error_code{});
  BOOST_TEST(pool->concurrency() == 2u);
}

BOOST_AUTO_TEST_CASE(workers_come_ahead_of_need_and_leave_after_a_while) {
  make({.workers = 4, .idle_timeout = 20ms, .min_workers = 1});
  BOOST_TEST(await_ready() == error_code{});
  BOOST_TEST(pool->stats().workers == 1u);
  std::list<remembered<int>> all;
  for (int i = 0; i != 8; ++i)
    pool->async_run(call([] {
                      ::usleep(1000);
                      return ::getpid();
                    }),
                    all.emplace_back().handler());
  run_until([&] { return pool->stats().workers == 4; });
  run_until([&] {
    return std::all_of(all.begin(), all.end(), [](auto const& each) { return each.calls == 1; });
  });
  run_until([&] { return pool->stats().workers == 1; });
  BOOST_TEST(retired("idle_timeout") >= 3u);
}

// Everywhere

int configured = 0;

BOOST_AUTO_TEST_CASE(a_call_runs_once_in_every_worker) {
  make({.workers = 3});
  BOOST_TEST(await_ready() == error_code{});
  std::list<remembered<int>> jobs;
  for (int i = 0; i != 50; ++i) pool->async_run(call(own_pid), jobs.emplace_back().handler());
  auto const all = each([] { return ++configured; });
  BOOST_TEST(all.size() == 3u);
  std::set<int> pids;
  for (auto const& one : all) {
    BOOST_TEST(one.value() == 1);
    pids.insert(one.pid());
  }
  BOOST_TEST(pids.size() == 3u);
  run_until([&] {
    return std::all_of(jobs.begin(), jobs.end(), [](auto const& one) { return one.calls == 1; });
  });
}

BOOST_AUTO_TEST_CASE(a_worker_that_ends_gives_an_outcome_as_well) {
  make({.workers = 2});
  BOOST_TEST(await_ready() == error_code{});
  auto const all = each([] {
    if (this_worker::slot() == 0) ::raise(SIGKILL);
    return 1;
  });
  BOOST_REQUIRE(all.size() == 2u);
  for (auto const& one : all)
    BOOST_TEST((one.how() == (one.worker()->slot == 0 ? ending::killed : ending::returned)), one);
}

BOOST_AUTO_TEST_CASE(a_pool_without_workers_runs_a_call_nowhere) {
  make({.workers = 2, .idle_timeout = 1h});
  BOOST_TEST(each(own_pid).empty());
}

BOOST_AUTO_TEST_CASE(a_call_everywhere_is_cancelled) {
  make({.workers = 2});
  BOOST_TEST(await_ready() == error_code{});
  asio::cancellation_signal stop;
  std::optional<error_code> done;
  std::vector<isolatte::outcome<void>> all;
  pool->async_run_everywhere(
      call([] {
        for (;;) ::pause();
      }),
      asio::bind_cancellation_slot(stop.slot(), [&](error_code ec, auto outcomes) {
        done = ec;
        all = std::move(outcomes);
      }));
  run_until([&] { return pool->stats().running == 2; });
  stop.emit(asio::cancellation_type::terminal);
  run_until([&] { return done.has_value(); });
  BOOST_TEST(*done == asio::error::operation_aborted);
  BOOST_TEST(all.size() == 2u);
  for (auto const& one : all) BOOST_TEST(!one.success());
}

BOOST_AUTO_TEST_CASE(a_stopped_pool_ends_all_waits) {
  make({.workers = 2, .initializer = [] {
          for (;;) ::pause();
        }});
  std::vector<error_code> ends;
  pool->async_ready([&](error_code ec) { ends.push_back(ec); });
  pool->async_resize(3, [&](error_code ec) { ends.push_back(ec); });
  pool->async_run_everywhere(call(own_pid), [&](error_code, auto all) {
    for (auto const& one : all) BOOST_TEST(!one.success());
    ends.push_back(asio::error::operation_aborted);
  });
  context.poll();
  pool->stop();
  run_until([&] { return ends.size() == 3; });
  for (auto const& each : ends) BOOST_TEST(each == asio::error::operation_aborted);
  pool->async_ready([&](error_code ec) { ends.push_back(ec); });
  run_until([&] { return ends.size() == 4; });
  BOOST_TEST(ends.back() == asio::error::operation_aborted);
}

// A replacement may be started before the killed worker has been reaped.
BOOST_AUTO_TEST_CASE(a_pool_with_an_initializer_keeps_its_size_when_it_kills_a_worker) {
  wire gate;
  pool_options opts{.workers = 2, .initializer = [] {}};
  opts.worker.keep = {gate.read_end(), gate.write_end()};
  make(std::move(opts));
  auto const hang = [] {
    for (;;) ::pause();
  };
  for (int round = 0; round != 3; ++round) {
    std::optional<error_code> ready;
    pool->async_ready([&](error_code ec) { ready = ec; });
    run_until([&] { return ready.has_value(); });
    // One in each slot.
    remembered<void> one;
    remembered<void> other;
    pool->async_run(call(hang), {.timeout = 50ms}, one.handler());
    pool->async_run(call(hang), {.timeout = 100ms}, other.handler());
    run_until([&] { return one.calls + other.calls == 2; });
    BOOST_TEST((one.what.how() == ending::timed_out), one.what);
    BOOST_TEST((other.what.how() == ending::timed_out), other.what);
    // The first of these two ends if another worker runs the second.
    remembered<void> waits;
    remembered<void> lets_go;
    auto const await_byte = [](int from) {
      char byte = 0;
      while (::read(from, &byte, 1) != 1) {
      }
    };
    pool->async_run(call(await_byte, gate.read_end()), {.timeout = 30s}, waits.handler());
    pool->async_run(call([](int to) { write_all(to, "."); }, gate.write_end()), lets_go.handler());
    run_until([&] { return waits.calls + lets_go.calls == 2; });
    BOOST_TEST((waits.what.how() == ending::returned), waits.what);
    BOOST_TEST(waits.what.worker().value().slot != lets_go.what.worker().value().slot);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_life_test
