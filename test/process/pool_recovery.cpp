// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "disposition.hpp"
#include "helpers.hpp"
#include "pool_fixture.hpp"
#include "posix/job_channel.hpp"
#include "remembered.hpp"
#include "shared_memory.hpp"
#include "support/sanitizers.hpp"

#include <isolatte/async_map.hpp>
#include <isolatte/call.hpp>
#include <isolatte/error.hpp>
#include <isolatte/fork.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <list>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pool_recovery_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::ending;
using isolatte::ran;
using namespace isolatte::test;
using namespace std::chrono_literals;

int add(int a, int b) { return a + b; }
pid_t own_pid() { return ::getpid(); }

/// Megabytes of this process's memory that are resident.
std::size_t resident_megabytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) >> 20;
}

/// Fills every page that this process shares with another, and writes to.
void scribble_on_shared_pages(char with) {
  for (auto const& each : shared_mappings()) std::memset(each.begin, with, each.size);
}

/// Answers for the first two jobs of a pool, and does no more.
void answer_for_two() {
  isolatte::posix::reply_header forged[2];
  forged[0].id = 1;
  forged[1].id = 2;
  for (int fd = 3; fd != 100; ++fd) ::send(fd, forged, sizeof forged, MSG_NOSIGNAL | MSG_DONTWAIT);
  ::pause();
}
std::size_t length_of(const std::vector<char>& what) { return what.size(); }

BOOST_FIXTURE_TEST_SUITE(pool_recovery, pool_fixture)

BOOST_AUTO_TEST_CASE(a_timeout_outlives_the_cancellation_of_the_job_before_it) {
  make();
  asio::cancellation_signal stop;
  remembered<void> first;
  remembered<void> second;
  pool->async_run(call(hang), {}, asio::bind_cancellation_slot(stop.slot(), first.handler()));
  pool->async_run(call(hang), {.timeout = 50ms}, second.handler());
  stop.emit(asio::cancellation_type::terminal);
  run_until([&] { return second.calls != 0; });
  BOOST_TEST(first.ec == asio::error::operation_aborted);
  BOOST_TEST(second.what.how() == ending::timed_out);
}

BOOST_AUTO_TEST_CASE(cancelling_a_job_that_is_done_costs_no_other) {
  wire begun;
  make({.workers = 1, .worker = {.keep = {begun.write_end()}}});
  run(call(add, 1, 2));
  asio::cancellation_signal stop;
  remembered<int> done;
  remembered<void> runs;
  pool->async_run(call(add, 3, 4), {}, asio::bind_cancellation_slot(stop.slot(), done.handler()));
  pool->async_run(call([](int fd) { write_all(fd, "."); }, begun.write_end()), {}, runs.handler());
  // The jobs go out; then the loop stands still until the second has begun.
  context.poll();
  begun.await();
  stop.emit(asio::cancellation_type::terminal);
  run_until([&] { return runs.calls != 0; });
  BOOST_TEST(runs.what.how() == ending::returned);
  BOOST_TEST(!runs.ec);
}

BOOST_AUTO_TEST_CASE(stopped_from_another_thread_every_job_is_aborted_or_done) {
  for (int round = 0; round != 20; ++round) {
    make({.workers = 2});
    std::list<remembered<int>> all;
    for (int i = 0; i != 30; ++i)
      pool->async_run(call(add, 1, i), {}, all.emplace_back().handler());
    std::thread other{[&] { pool->stop(); }};
    context.run();
    context.restart();
    other.join();
    for (auto const& each : all) {
      BOOST_TEST(each.calls == 1);
      BOOST_TEST((each.ec == asio::error::operation_aborted ||
                  (!each.ec && each.what.how() == ending::returned)));
    }
    pool.reset();
  }
}

BOOST_AUTO_TEST_CASE(arguments_that_have_been_sent_are_let_go) {
  make();
  auto const size_of = [](std::string text) { return text.size(); };
  std::string const half_a_megabyte(512 * 1024, 'x');
  std::size_t before = 0;
  std::list<remembered<std::size_t>> all;
  for (int i = 0; i != 400; ++i) {
    // Never idle: eight are always under way.
    pool->async_run(call(size_of, half_a_megabyte), {}, all.emplace_back().handler());
    if (all.size() < 8) continue;
    run_until([&] { return all.front().calls != 0; });
    BOOST_TEST(all.front().what.value() == half_a_megabyte.size());
    all.pop_front();
    if (i == 50) before = resident_megabytes();
  }
  run_until(
      [&] { return std::all_of(all.begin(), all.end(), [](auto& each) { return each.calls; }); });
  if (malloc_refuses) BOOST_TEST(resident_megabytes() < before + 50);
}

BOOST_AUTO_TEST_CASE(a_worker_over_its_memory_is_fed_no_more_whatever_waits) {
  if (!malloc_refuses) return;
  make({.workers = 1, .max_worker_memory = std::uint64_t{64} << 20});
  auto const leak = [] {
    std::memset(used(static_cast<char*>(std::malloc(4 << 20))), 1, 4 << 20);
    return ::getpid();
  };
  std::list<remembered<pid_t>> all;
  for (int i = 0; i != 60; ++i) pool->async_run(call(leak), {}, all.emplace_back().handler());
  run_until(
      [&] { return std::all_of(all.begin(), all.end(), [](auto& each) { return each.calls; }); });
  std::map<pid_t, int> jobs;
  for (auto const& each : all) ++jobs[each.what.value()];
  for (auto const& [pid, count] : jobs) BOOST_TEST(count <= 18);
}

BOOST_AUTO_TEST_CASE(no_child_of_the_program_has_the_pages_of_its_workers) {
  int const before = isolatte::fork(count_shared_mappings).value();
  make({.workers = 2});
  run(call(add, 1, 2));
  BOOST_TEST(isolatte::fork(count_shared_mappings).value() == before);
}

BOOST_AUTO_TEST_CASE(a_job_that_scribbles_on_its_page_takes_no_other_along) {
  for (char const with : {'\0', '\377'}) {
    make({.workers = 1, .worker = {.limits = {.core_size = 0}, .fault_report = false}});
    remembered<void> scribbles;
    pool->async_run(call(
                        [](char what) {
                          scribble_on_shared_pages(what);
                          std::abort();
                        },
                        with),
                    {}, scribbles.handler());
    std::list<remembered<int>> behind;
    for (int i = 0; i != 10; ++i)
      pool->async_run(call(add, 1, i), {}, behind.emplace_back().handler());
    run_until([&] { return behind.back().calls != 0 && scribbles.calls != 0; });
    BOOST_TEST(scribbles.what.how() == ending::faulted);
    for (auto const& each : behind) BOOST_TEST(each.what.how() == ending::returned);
    pool->stop();
    context.run();
    context.restart();
  }
}

BOOST_AUTO_TEST_CASE(a_job_that_scribbles_on_its_page_and_returns_hangs_no_other) {
  for (char const with : {'\0', '\125', '\377'}) {
    make({.workers = 1});
    remembered<void> scribbles;
    pool->async_run(call(scribble_on_shared_pages, with), {}, scribbles.handler());
    remembered<std::size_t> large;
    pool->async_run(call(length_of, std::vector<char>(8u << 20)), {}, large.handler());
    std::list<remembered<int>> behind;
    for (int i = 0; i != 5; ++i)
      pool->async_run(call(add, 1, i), {}, behind.emplace_back().handler());
    run_until([&] { return behind.back().calls != 0 && large.calls != 0; });
    BOOST_TEST(scribbles.what.how() == ending::returned);
    BOOST_TEST(large.what.how() == ending::returned);
    for (auto const& each : behind) BOOST_TEST(each.what.how() == ending::returned);
    pool->stop();
    context.run();
    context.restart();
  }
}

BOOST_AUTO_TEST_CASE(a_job_that_hides_that_it_has_begun_ends_as_one_that_has_not) {
  make();
  // The state of a job is in the lowest bits of a word with its number.
  auto const hide = [] {
    for (auto const& each : shared_mappings())
      for (std::size_t at = 0; at != each.size; at += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, each.begin + at, sizeof word);
        if (word > 100) continue;
        word &= ~std::uint64_t{3};
        std::memcpy(each.begin + at, &word, sizeof word);
      }
    hang();
  };
  auto const done = run(call(hide), {.timeout = 50ms});
  BOOST_TEST(!done.ec, done.ec.message());
  BOOST_TEST(done.what.how() == ending::undelivered);
  BOOST_TEST(done.what.ran() == ran::unknown);
  BOOST_TEST(done.what.reason().find("no worker began") != std::string::npos, done.what);
  BOOST_TEST(run(call(add, 1, 2)).what.value() == 3);
}

BOOST_AUTO_TEST_CASE(a_pool_outlives_its_server_while_workers_are_initialised) {
  auto const before = children();
  wire until;
  auto const wait = [](int end) { read_all(end); };
  make({.workers = 4,
        .initializer = call(wait, until.read_end()),
        .worker = {.keep = {until.read_end()}}});
  std::vector<pid_t> made = children();
  std::erase_if(made, [&](pid_t each) {
    return std::find(before.begin(), before.end(), each) != before.end();
  });
  BOOST_REQUIRE(made.size() == 1u);
  std::list<remembered<int>> all;
  for (int i = 0; i != 12; ++i) pool->async_run(call(add, i, 1), {}, all.emplace_back().handler());
  run_until([&] { return children().size() == before.size() + 5; });
  ::kill(made.front(), SIGKILL);
  // The workers end with the server, and none of those that follow is held up.
  run_until([&] { return children().size() < before.size() + 4; });
  until.close_write();
  run_until(
      [&] { return std::all_of(all.begin(), all.end(), [](auto& each) { return each.calls; }); });
  for (auto const& each : all) BOOST_TEST(each.what.how() == ending::returned);
}

BOOST_AUTO_TEST_CASE(no_reply_is_believed_for_a_job_that_was_not_sent_whole) {
  make({.workers = 1});
  remembered<void> forges;
  remembered<std::size_t> innocent;
  pool->async_run(call(answer_for_two), {}, forges.handler());
  std::size_t const more_than_a_socket_holds = 8u << 20;
  pool->async_run(call(length_of, std::vector<char>(more_than_a_socket_holds)), {},
                  innocent.handler());
  run_until([&] { return innocent.calls != 0; });
  BOOST_TEST(innocent.what.how() == ending::returned);
  BOOST_TEST(innocent.what.value_or(0u) == more_than_a_socket_holds);
}

BOOST_AUTO_TEST_CASE(a_worker_that_somebody_stopped_is_replaced) {
  make({.workers = 2});
  auto const stopped = run(call(own_pid)).what.value();
  ::kill(stopped, SIGSTOP);
  std::list<remembered<pid_t>> all;
  for (int i = 0; i != 10; ++i) {
    pool->async_run(call(own_pid), {.timeout = 60s}, all.emplace_back().handler());
    pool->async_run(call(own_pid), {}, all.emplace_back().handler());
  }
  run_until(
      [&] { return std::all_of(all.begin(), all.end(), [](auto& each) { return each.calls; }); });
  for (auto const& each : all) BOOST_TEST(each.what.value() != stopped);
  run_until([&] { return pool->stats().workers == 2u && pool->stats().restarts == 1u; });
}

BOOST_AUTO_TEST_CASE(no_job_suffers_if_somebody_stops_all_workers) {
  make({.workers = 2});
  run_until([&] { return pool->stats().workers == 2u; });
  std::vector<pid_t> workers;
  while (workers.size() != 2) {
    std::list<remembered<pid_t>> both(2);
    for (auto& each : both) pool->async_run(call(own_pid), {}, each.handler());
    run_until([&] { return both.front().calls != 0 && both.back().calls != 0; });
    for (auto const& each : both)
      if (std::find(workers.begin(), workers.end(), each.what.value()) == workers.end())
        workers.push_back(each.what.value());
  }
  for (pid_t const each : workers) ::kill(each, SIGSTOP);
  auto const done = run(call(add, 1, 2));
  BOOST_TEST(done.what.value_or(-1) == 3, done.what);
}

BOOST_AUTO_TEST_CASE(a_worker_ends_though_a_copy_of_the_program_has_its_channel) {
  make({.workers = 1, .max_jobs_per_worker = 1});
  // The second worker is ready, too, so both sockets are in the copy.
  run(call(add, 1, 2));
  wire until;
  pid_t const copy = ::fork();
  if (copy == 0) {
    until.close_write();
    read_all(until.read_end());
    ::_exit(0);
  }
  for (int i = 0; i != 5; ++i) run(call(add, 1, i));
  run_until([&] { return pool->stats().workers == 2u; });
  until.close_write();
  ::waitpid(copy, nullptr, 0);
}

struct picky {
  int value = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & value;
    if (Archive::is_loading::value && value == 13) throw std::out_of_range{"not that one"};
  }
};

BOOST_AUTO_TEST_CASE(arguments_that_cannot_be_read_are_undelivered_and_nothing_ran) {
  make();
  auto const take = [](picky what) { return what.value; };
  auto const done = run(call(take, picky{13}));
  BOOST_TEST(done.what.how() == ending::undelivered);
  BOOST_TEST(done.what.ran() == ran::no);
  BOOST_TEST(run(call(take, picky{14})).what.value() == 14);
  BOOST_TEST(pool->stats().restarts == 0u);
}

struct endless {
  template <class Archive>
  void serialize(Archive&, unsigned) {
    if (Archive::is_loading::value) hang();
  }
};

BOOST_AUTO_TEST_CASE(arguments_that_take_too_long_are_late_and_not_undelivered) {
  make();
  auto const take = [](endless) {};
  auto const late = run(call(take, endless{}), {.timeout = 50ms});
  BOOST_TEST(late.what.how() == ending::timed_out);
  BOOST_TEST(late.what.ran() == ran::no);
  // The system reaps the worker, and its status is lost.
  disposition const ignored{SIGCHLD, SIG_IGN};
  auto const lost = run(call(take, endless{}), {.timeout = 50ms});
  BOOST_TEST(!lost.ec);
  BOOST_TEST(lost.what.how() == ending::lost);
  BOOST_TEST(lost.what.ran() == ran::no);
}

BOOST_AUTO_TEST_CASE(arguments_too_large_for_a_worker_cost_one_job) {
  if (!malloc_refuses) return;
  // A worker has the memory that this process has by now.
  std::uint64_t pages = 0;
  std::ifstream{"/proc/self/statm"} >> pages;
  std::uint64_t const limit =
      pages * static_cast<std::uint64_t>(::getpagesize()) + (std::uint64_t{128} << 20);
  make({.workers = 1, .worker = {.limits = {.address_space = limit}}});
  auto const size_of = [](std::string text) { return text.size(); };
  for (int i = 0; i != 4; ++i) {
    remembered<std::size_t> poison;
    remembered<int> innocent;
    pool->async_run(call(size_of, std::string(limit, 'x')), {}, poison.handler());
    pool->async_run(call(add, 1, 2), {}, innocent.handler());
    run_until([&] { return poison.calls != 0 && innocent.calls != 0; });
    BOOST_TEST(poison.what.how() == ending::undelivered);
    BOOST_TEST(poison.what.ran() == ran::no);
    BOOST_TEST(innocent.what.value() == 3);
  }
}

BOOST_AUTO_TEST_CASE(waiting_for_a_drain_can_be_given_up) {
  make();
  remembered<void> runs;
  pool->async_run(call(hang), {}, runs.handler());
  asio::cancellation_signal stop;
  int given_up = 0;
  int drained = 0;
  pool->async_drain(asio::bind_cancellation_slot(stop.slot(), [&](error_code ec) {
    BOOST_TEST(ec == asio::error::operation_aborted);
    ++given_up;
  }));
  pool->async_drain([&](error_code ec) {
    BOOST_TEST(!ec);
    ++drained;
  });
  context.poll();
  stop.emit(asio::cancellation_type::total);
  run_until([&] { return given_up == 1; });
  BOOST_TEST(drained == 0);
  pool->stop();
  run_until([&] { return drained == 1; });
  BOOST_TEST(given_up == 1);
}

BOOST_AUTO_TEST_CASE(a_drain_waits_for_what_a_map_has_promised) {
  make({.workers = 2});
  auto const square = [](int n) { return n * n; };
  bool drained = false;
  std::vector<isolatte::outcome<int>> squares;
  isolatte::async_map(*pool, std::vector{1, 2, 3, 4, 5}, square,
                      [&](error_code ec, std::vector<isolatte::outcome<int>> all) {
                        BOOST_TEST(!ec);
                        squares = std::move(all);
                      });
  pool->async_drain([&](error_code ec) {
    BOOST_TEST(!ec);
    drained = true;
    pool->stop();
  });
  run_until([&] { return drained && !squares.empty(); });
  for (auto const& each : squares) BOOST_TEST(each.how() == ending::returned);
}

BOOST_AUTO_TEST_CASE(one_jobs_flood_does_not_mark_the_next_ones_output) {
  make({.workers = 1, .worker = {.out = isolatte::capture{.limit = 100}}});
  auto const say = [](std::size_t count) { write_all(1, std::string(count, 'x')); };
  BOOST_TEST(run(call(say, std::size_t{1000})).what.out_truncated());
  auto const next = run(call(say, std::size_t{2}));
  BOOST_TEST(next.what.out_text() == "xx");
  BOOST_TEST(!next.what.out_truncated());
}

/// Forks when it is asked for its message, and has the grandchild go on first.
struct forks_when_asked : std::exception {
  const char* what() const noexcept override {
    pid_t const pid = ::fork();
    if (pid == 0) return "a grandchild's";
    wait_for(pid);
    return "the worker's";
  }
};

BOOST_AUTO_TEST_CASE(a_process_forked_by_what_has_nothing_to_say) {
  make();
  auto const threw = run(call([]() -> int { throw forks_when_asked{}; }));
  BOOST_REQUIRE(threw.what.how() == ending::threw);
  BOOST_CHECK_EXCEPTION(threw.what.value(), std::exception, [](const std::exception& error) {
    return std::string{error.what()} == "the worker's";
  });
  auto const next = run(call(add, 1, 2));
  BOOST_TEST(next.what.value_or(0) == 3, next.what);
}

BOOST_AUTO_TEST_CASE(the_longest_idle_timeout_keeps_nothing_busy) {
  make({.workers = 1, .idle_timeout = std::chrono::nanoseconds::max()});
  run(call(add, 1, 2));
  // Every handler that is due has run when polling finds none twice.
  std::size_t handlers = 0;
  asio::steady_timer pause{context, 50ms};
  bool over = false;
  pause.async_wait([&](error_code) { over = true; });
  while (!over) handlers += context.run_one();
  BOOST_TEST(handlers < 100u);
}

BOOST_AUTO_TEST_CASE(without_grace_no_signal_comes_before_sigkill) {
  wire heard;
  make({.workers = 1, .worker = {.keep = {heard.write_end()}}});
  static int where = -1;
  auto const listen = [](int fd) {
    where = fd;
    std::signal(SIGTERM, [](int) { write_all(where, "!"); });
    hang();
  };
  auto const late = run(call(listen, heard.write_end()), {.timeout = 20ms});
  BOOST_TEST(late.what.how() == ending::timed_out);
  pool->stop();
  context.run();
  pool.reset();
  BOOST_TEST(heard.read_rest().empty());
}

BOOST_AUTO_TEST_CASE(a_job_that_obeys_a_cancellation_is_cancelled_with_its_value) {
  wire begun;
  make({.workers = 1, .worker = {.keep = {begun.write_end()}}});
  static volatile std::sig_atomic_t asked = 0;
  auto const obey = [](int fd) {
    std::signal(SIGTERM, [](int) { asked = 1; });
    write_all(fd, ".");
    while (asked == 0) ::usleep(1000);
    return 42;
  };
  run(call(add, 1, 2));
  asio::cancellation_signal stop;
  remembered<int> done;
  pool->async_run(call(obey, begun.write_end()), {.grace = 60s},
                  asio::bind_cancellation_slot(stop.slot(), done.handler()));
  context.poll();
  begun.await();
  stop.emit(asio::cancellation_type::partial);
  run_until([&] { return done.calls != 0; });
  BOOST_TEST(done.ec == asio::error::operation_aborted);
  BOOST_TEST(done.what.how() == ending::cancelled);
  BOOST_TEST(done.what.value_or(0) == 42);
  BOOST_TEST(run(call(add, 1, 2)).what.value() == 3);
}

struct deadly {
  template <class Archive>
  void serialize(Archive&, unsigned) {
    if (Archive::is_loading::value) std::raise(SIGKILL);
  }
};

BOOST_AUTO_TEST_CASE(arguments_that_kill_their_worker_are_undelivered_and_nothing_ran) {
  make();
  auto const take = [](deadly) {};
  auto const done = run(call(take, deadly{}));
  BOOST_TEST(!done.ec, done.ec.message());
  BOOST_TEST(done.what.how() == ending::undelivered);
  BOOST_TEST(done.what.ran() == ran::no);
  BOOST_TEST(done.what.reason().find("received the arguments") != std::string::npos, done.what);
  BOOST_TEST(run(call(add, 1, 2)).what.value() == 3);
}

BOOST_AUTO_TEST_CASE(a_line_callback_that_refuses_what_has_no_end_of_line_costs_nothing_else) {
  make({.workers = 1, .worker = {.out = isolatte::by_line{[](std::string_view text) {
                                   throw std::domain_error{std::string{text}};
                                 }}}});
  remembered<int> done;
  auto const say = [] {
    write_all(1, "no end");
    return 5;
  };
  pool->async_run(call(say), {}, done.handler());
  BOOST_CHECK_EXCEPTION(
      for (;;) BOOST_REQUIRE(context.run_one() == 1u), std::domain_error,
      [](const std::domain_error& error) { return std::string{error.what()} == "no end"; });
  run_until([&] { return done.calls != 0; });
  BOOST_TEST(done.what.value_or(0) == 5, done.what);
  BOOST_TEST(run(call(add, 1, 2)).what.value() == 3);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pool_recovery_test
