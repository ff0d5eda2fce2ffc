// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Messages and polite stops of jobs that a pool or a map runs.

#include "gate.hpp"
#include "helpers.hpp"
#include "in_threads.hpp"
#include "pool/pool.hpp"
#include "support/sanitizers.hpp"
#include "talk_world.hpp"

#include <isolatte.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace talk_launchers_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::channel;
using isolatte::child;
using isolatte::ending;
using isolatte::job_options;
using isolatte::on_message;
using isolatte::outcome;
using isolatte::pool_options;
using isolatte::ran;
using isolatte::worker_pool;
using isolatte::test::gate;
using isolatte::test::hang;
using isolatte::test::heard;
using isolatte::test::in_threads;
using isolatte::test::remembered;
using isolatte::test::sent;
using isolatte::test::sockets;
using isolatte::test::talk_world;
using isolatte::test::ubsan_needs_descriptors;
using isolatte::test::wait_for;
using namespace std::chrono_literals;

constexpr std::size_t mebibyte = 1024 * 1024;

std::vector<int> numbers_to(int count) {
  std::vector<int> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// A pool in a program that talks with its jobs.
struct pooled_world : talk_world {
  explicit pooled_world(pool_options opts = {.workers = 1}) {
    pool.emplace(context(), std::move(opts));
  }
  ~pooled_world() {
    if (pool) pool->stop();
    run();
    pool.reset();
    run();
  }

  template <class Call>
  auto start(Call what, const job_options& opts = {}) {
    return pool->spawn_job(std::move(what), opts);
  }
  template <class Call>
  auto run_job(Call what, const job_options& opts = {}) {
    remembered<isolatte::result_of<Call>> done;
    pool->async_run(std::move(what), opts, done.handler());
    run_until([&] { return done.calls != 0; });
    return done;
  }
  int pid_of_worker() { return run_job(call(::getpid)).what.value(); }

  std::optional<worker_pool> pool;
};

// Jobs

int post_numbers(channel<int>& talk, int count) {
  int posted = 0;
  for (int i = 0; i != count; ++i) posted += talk.post(i);
  return posted;
}

int echo(channel<int, int>& talk, int count) {
  int echoed = 0;
  while (echoed != count) {
    auto const message = talk.receive();
    if (!message) break;
    talk.post(*message);
    ++echoed;
  }
  return echoed;
}

/// Says that it runs, and returns its process when it is asked to stop.
int await_stop(std::stop_token stop, channel<int>& talk) {
  talk.post(0);
  std::mutex mutex;
  std::condition_variable_any asked;
  std::unique_lock lock{mutex};
  asked.wait(lock, stop, [] { return false; });
  return ::getpid();
}

void ignore_stop(std::stop_token, channel<int>& talk) {
  talk.post(0);
  hang();
}

/// A message that cannot be read back if its number is 3.
struct unreadable {
  int number = 0;
  template <class Archive>
  void save(Archive& archive, unsigned) const {
    archive << number;
  }
  template <class Archive>
  void load(Archive& archive, unsigned) {
    archive >> number;
    if (number == 3) throw std::out_of_range{"three"};
  }
  BOOST_SERIALIZATION_SPLIT_MEMBER()
};

void post_unreadable(channel<unreadable>& talk) {
  for (int i = 1; i <= 10; ++i) talk.post({i});
  hang();
}

/// The sockets of a worker that are there between its jobs.
std::vector<int> own_sockets;
void remember_sockets() { own_sockets = sockets(); }
/// The socket of the conversation; to be called after a job that has remembered the others.
int conversation() {
  for (int const fd : sockets())
    if (std::find(own_sockets.begin(), own_sockets.end(), fd) == own_sockets.end()) return fd;
  std::abort();
}

void expect_out_of_range(const outcome<void>& what) {
  BOOST_TEST(what.how() == ending::undelivered);
  try {
    what.value();
    BOOST_ERROR("a value");
  } catch (const isolatte::abnormal_end& end) {
    BOOST_CHECK_THROW(std::rethrow_if_nested(end), std::out_of_range);
  }
}

BOOST_AUTO_TEST_SUITE(talk_launchers)

// Order and directions

BOOST_AUTO_TEST_CASE(a_handle_gets_what_a_job_posts_in_its_order) {
  pooled_world world;
  auto job = world.start(call(post_numbers, 5000));
  auto const [all, ec] = world.receive_all(job);
  BOOST_TEST((all == numbers_to(5000)));
  BOOST_TEST((ec == asio::error::eof));
  auto const done = world.wait(job);
  BOOST_TEST(!done.ec, done.ec.message());
  BOOST_TEST(done.what.value_or(-1) == 5000);
  BOOST_TEST(done.what.worker().has_value());
  BOOST_TEST((world.receive(job).ec == asio::error::eof));
}

BOOST_AUTO_TEST_CASE(messages_go_both_ways) {
  pooled_world world;
  auto job = world.start(call(echo, 100));
  for (int i = 0; i != 100; ++i) {
    BOOST_TEST(!world.send(job, i));
    BOOST_TEST(world.receive(job).value == i);
  }
  BOOST_TEST(world.wait(job).what.value_or(-1) == 100);
}

BOOST_AUTO_TEST_CASE(a_job_sees_that_no_more_will_be_sent) {
  pooled_world world;
  auto job = world.start(call([](channel<void, int>& talk) {
    int sum = 0;
    while (auto const message = talk.receive()) sum += *message;
    return sum;
  }));
  for (int i = 1; i <= 4; ++i) BOOST_TEST(!world.send(job, i));
  job.close_input();
  BOOST_TEST(world.wait(job).what.value_or(-1) == 10);
  BOOST_TEST((world.send(job, 5) == asio::error::broken_pipe));
}

BOOST_AUTO_TEST_CASE(a_job_sees_that_nothing_is_taken_any_more_and_its_worker_goes_on) {
  pooled_world world;
  int const pid = world.pid_of_worker();
  auto job = world.start(call([](channel<int>& talk) {
    int posted = 0;
    while (talk.post(posted)) ++posted;
    return ::getpid();
  }));
  BOOST_TEST(world.receive(job).value == 0);
  job.close_output();
  BOOST_TEST(world.wait(job).what.value_or(-1) == pid);
  BOOST_TEST((world.receive(job).ec == asio::error::eof));
  BOOST_TEST(world.pid_of_worker() == pid);
}

BOOST_AUTO_TEST_CASE(a_handler_takes_the_messages_of_a_job_before_its_end) {
  pooled_world world;
  std::vector<int> all;
  bool is_over = false;
  remembered<int> done;
  auto const job = on_message(call(post_numbers, 5000), [&](int i) {
    BOOST_TEST(!is_over);
    all.push_back(i);
  });
  world.pool->async_run(job, [&](error_code ec, outcome<int> what) {
    is_over = true;
    done.handler()(ec, std::move(what));
  });
  world.run_until([&] { return is_over; });
  BOOST_TEST((all == numbers_to(5000)));
  BOOST_TEST(done.what.value_or(-1) == 5000);
}

BOOST_AUTO_TEST_CASE(a_job_whose_messages_nobody_takes_goes_on) {
  pooled_world world;
  BOOST_TEST(world.run_job(call(post_numbers, 100)).what.value_or(-1) == 0);
}

BOOST_AUTO_TEST_CASE(large_messages_go_both_ways_at_once) {
  pooled_world world;
  auto job = world.start(call([](channel<std::string, std::string>& talk) {
    std::size_t received = 0;
    std::thread reads{[&] {
      while (auto const message = talk.receive()) received += message->size();
    }};
    for (int i = 0; i != 4; ++i) talk.post(std::string(4 * mebibyte, 'a'));
    reads.join();
    return received;
  }));
  std::array<sent, 4> done;
  for (auto& each : done) job.async_send(std::string(4 * mebibyte, 'b'), each.handler());
  job.close_input();
  std::size_t received = 0;
  for (;;) {
    auto const got = world.receive(job);
    if (got.ec) break;
    received += got.value.size();
  }
  BOOST_TEST(received == 16 * mebibyte);
  BOOST_TEST(world.wait(job).what.value_or(0) == 16 * mebibyte);
  for (auto const& each : done) BOOST_TEST(!each.ec, each.ec.message());
}

// Ends

template <class Call>
void check_end(Call what, ending how, const job_options& opts = {}) {
  pooled_world world;
  auto job = world.start(std::move(what), opts);
  auto const [all, ec] = world.receive_all(job);
  BOOST_TEST((all == numbers_to(3)));
  BOOST_TEST((ec == asio::error::eof));
  auto const done = world.wait(job);
  BOOST_TEST(!done.ec, done.ec.message());
  BOOST_TEST(done.what.how() == how);
  // The pool goes on.
  BOOST_TEST(world.run_job(call(post_numbers, 0)).what.value_or(-1) == 0);
}

BOOST_AUTO_TEST_CASE(what_was_posted_before_the_end_arrives_however_the_job_ends) {
  check_end(call([](channel<int>& talk) { post_numbers(talk, 3); }), ending::returned);
  check_end(call([](channel<int>& talk) {
              post_numbers(talk, 3);
              throw std::runtime_error{"thrown"};
            }),
            ending::threw);
  check_end(call([](channel<int>& talk) {
              post_numbers(talk, 3);
              std::abort();
            }),
            ending::faulted);
  check_end(call([](channel<int>& talk) {
              post_numbers(talk, 3);
              ::raise(SIGKILL);
            }),
            ending::killed);
  check_end(call([](channel<int>& talk) {
              post_numbers(talk, 3);
              std::exit(3);
            }),
            ending::exited);
  check_end(call([](channel<int>& talk) {
              post_numbers(talk, 3);
              hang();
            }),
            ending::timed_out, {.timeout = 100ms});
}

BOOST_AUTO_TEST_CASE(a_cancelled_job_says_what_it_had_posted) {
  pooled_world world;
  auto job = world.start(call([](channel<int>& talk) {
    post_numbers(talk, 3);
    hang();
  }));
  BOOST_TEST(world.receive(job).value == 0);
  BOOST_TEST(!job.terminate());
  auto const [rest, ec] = world.receive_all(job);
  // The kill may have come before the others.
  BOOST_TEST(rest.size() <= 2u);
  for (std::size_t i = 0; i != rest.size(); ++i) BOOST_TEST(rest[i] == static_cast<int>(i) + 1);
  BOOST_TEST((ec == asio::error::eof));
  auto const done = world.wait(job);
  BOOST_TEST((done.ec == asio::error::operation_aborted));
  BOOST_TEST(done.what.how() == ending::cancelled);
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_killed_within_a_message_leaves_whole_ones) {
  pooled_world world;
  auto job = world.start(call([](channel<std::vector<int>>& talk) {
    for (int i = 0;; ++i) talk.post(std::vector<int>(mebibyte, i));
  }));
  for (int i = 0; i != 3; ++i)
    BOOST_TEST((world.receive(job).value == std::vector<int>(mebibyte, i)));
  BOOST_REQUIRE(job.pid() != 0);
  ::kill(job.pid(), SIGKILL);
  auto const [rest, ec] = world.receive_all(job);
  for (std::size_t i = 0; i != rest.size(); ++i)
    BOOST_TEST((rest[i] == std::vector<int>(mebibyte, static_cast<int>(i) + 3)));
  BOOST_TEST((ec == asio::error::eof));
  BOOST_TEST(world.wait(job).what.how() == ending::killed);
}

// The queue

BOOST_AUTO_TEST_CASE(what_is_sent_and_asked_before_a_job_begins_reaches_it) {
  gate open;
  pooled_world world{{.workers = 1, .worker = {.keep = open.ends()}}};
  static gate* the_gate;
  the_gate = &open;
  auto first = world.start(call([](channel<int>& talk) {
    talk.post(0);
    the_gate->pass();
  }));
  auto second = world.start(call([](std::stop_token stop, channel<int, int>& talk) {
    int sum = 0;
    for (int i = 0; i != 3; ++i) {
      // The request ends a receive that waits.
      std::optional<int> message;
      while (!(message = talk.receive())) {
      }
      sum += *message;
    }
    talk.post(sum);
    std::mutex mutex;
    std::condition_variable_any asked;
    std::unique_lock lock{mutex};
    asked.wait(lock, stop, [] { return false; });
    return sum;
  }));
  BOOST_TEST(world.receive(first).value == 0);
  BOOST_TEST(second.pid() == 0);
  BOOST_TEST(!second.running());
  std::array<sent, 3> done;
  for (int i = 0; i != 3; ++i)
    second.async_send(i + 1, done[static_cast<std::size_t>(i)].handler());
  BOOST_TEST(!second.request_stop());
  open.open();
  BOOST_TEST(world.receive(second).value == 6);
  auto const got = world.wait(second);
  BOOST_TEST(!got.ec, got.ec.message());
  BOOST_TEST(got.what.how() == ending::returned);
  BOOST_TEST(got.what.value_or(-1) == 6);
  BOOST_TEST(!second.running());
  for (auto const& each : done) BOOST_TEST((each.calls == 1 && !each.ec));
}

BOOST_AUTO_TEST_CASE(a_job_that_a_stopped_worker_does_not_begin_takes_its_conversation_along) {
  pooled_world world;
  int const pid = world.pid_of_worker();
  BOOST_REQUIRE(::kill(pid, SIGSTOP) == 0);
  auto job = world.start(call([](channel<int, int>& talk) {
    echo(talk, 2);
    return ::getpid();
  }));
  BOOST_TEST(!world.send(job, 1));
  BOOST_TEST(!world.send(job, 2));
  auto const [all, ec] = world.receive_all(job);
  BOOST_TEST((all == std::vector{1, 2}));
  auto const done = world.wait(job);
  BOOST_TEST(done.what.how() == ending::returned);
  BOOST_TEST(done.what.value_or(pid) != pid);
}

BOOST_AUTO_TEST_CASE(no_job_gets_hold_of_the_conversation_of_one_that_waits) {
  pooled_world world;
  BOOST_TEST(world.run_job(call(remember_sockets)).what.how() == ending::returned);
  auto first = world.start(call([](channel<int, int>& talk) {
    talk.post(0);
    // By now the pool has been asked for the other job.
    talk.receive();
    std::size_t const before = sockets().size();
    // The worker's own socket may have brought more.
    return before - own_sockets.size();
  }));
  auto second = world.start(call(echo, 1));
  BOOST_TEST(world.receive(first).value == 0);
  sent done;
  second.async_send(5, done.handler());
  BOOST_TEST(!world.send(first, 0));
  BOOST_TEST(world.wait(first).what.value_or(99) == 1);
  BOOST_TEST(world.receive(second).value == 5);
  BOOST_TEST(world.wait(second).what.value_or(-1) == 1);
}

BOOST_AUTO_TEST_CASE(a_job_that_is_cancelled_before_it_begins_ends_its_conversation) {
  pooled_world world;
  auto first = world.start(call(ignore_stop));
  auto second = world.start(call(echo, 1));
  BOOST_TEST(world.receive(first).value == 0);
  heard<int> got;
  sent told;
  second.async_receive(got.handler());
  second.async_send(1, told.handler());
  BOOST_TEST(!second.interrupt());
  auto const done = world.wait(second);
  BOOST_TEST((done.ec == asio::error::operation_aborted));
  BOOST_TEST((done.what.ran() == ran::no));
  world.run_until([&] { return got.calls != 0 && told.calls != 0; });
  BOOST_TEST((got.ec == asio::error::operation_aborted));
  BOOST_TEST((told.ec == asio::error::operation_aborted));
}

// Stops

BOOST_AUTO_TEST_CASE(a_job_that_is_asked_to_stop_returns_and_its_worker_goes_on) {
  pooled_world world;
  int const pid = world.pid_of_worker();
  auto job = world.start(call(await_stop));
  BOOST_TEST(world.receive(job).value == 0);
  BOOST_TEST(!job.request_stop());
  auto const done = world.wait(job);
  BOOST_TEST(!done.ec, done.ec.message());
  BOOST_TEST(done.what.how() == ending::returned);
  BOOST_TEST(done.what.value_or(-1) == pid);
  BOOST_TEST(world.pid_of_worker() == pid);
}

BOOST_AUTO_TEST_CASE(a_job_that_obeys_a_cancellation_delivers_and_its_worker_goes_on) {
  for (auto const type : {asio::cancellation_type::partial, asio::cancellation_type::total}) {
    pooled_world world;
    int const pid = world.pid_of_worker();
    asio::cancellation_signal signal;
    remembered<int> done;
    world.pool->async_run(on_message(call(await_stop), [&](int) { signal.emit(type); }),
                          {.grace = 1h},
                          asio::bind_cancellation_slot(signal.slot(), done.handler()));
    world.run_until([&] { return done.calls != 0; });
    BOOST_TEST((done.ec == asio::error::operation_aborted));
    BOOST_TEST(done.what.how() == ending::cancelled);
    BOOST_TEST(done.what.value_or(-1) == pid);
    BOOST_TEST(world.pid_of_worker() == pid);
  }
}

BOOST_AUTO_TEST_CASE(a_job_that_obeys_its_timeout_delivers_and_its_worker_goes_on) {
  pooled_world world;
  int const pid = world.pid_of_worker();
  auto job = world.start(call(await_stop), {.timeout = 50ms, .grace = 1h});
  auto const done = world.wait(job);
  BOOST_TEST(!done.ec, done.ec.message());
  BOOST_TEST(done.what.how() == ending::timed_out);
  BOOST_TEST(done.what.value_or(-1) == pid);
  BOOST_TEST(world.pid_of_worker() == pid);
}

BOOST_AUTO_TEST_CASE(a_job_that_does_not_obey_is_killed_when_its_grace_is_over) {
  pooled_world world;
  auto job = world.start(call(ignore_stop), {.grace = 20ms});
  BOOST_TEST(world.receive(job).value == 0);
  int const pid = job.pid();
  BOOST_TEST(!job.request_exit());
  auto const done = world.wait(job);
  BOOST_TEST((done.ec == asio::error::operation_aborted));
  BOOST_TEST(done.what.how() == ending::cancelled);
  BOOST_TEST((world.receive(job).ec == asio::error::eof));
  BOOST_TEST(world.pid_of_worker() != pid);

  auto other = world.start(call(ignore_stop), {.timeout = 20ms, .grace = 20ms});
  BOOST_TEST(world.wait(other).what.how() == ending::timed_out);
}

BOOST_AUTO_TEST_CASE(a_job_is_killed_at_once_if_it_is_to_terminate) {
  pooled_world world;
  auto job = world.start(call(ignore_stop), {.grace = 1h});
  BOOST_TEST(world.receive(job).value == 0);
  BOOST_TEST(!job.request_exit());
  BOOST_TEST(!job.terminate());
  auto const done = world.wait(job);
  BOOST_TEST((done.ec == asio::error::operation_aborted));
  BOOST_TEST(done.what.how() == ending::cancelled);
}

BOOST_AUTO_TEST_CASE(a_stop_that_comes_late_does_not_reach_the_next_job) {
  pooled_world world;
  for (int i = 0; i != 50; ++i) {
    auto first = world.start(call([](std::stop_token, channel<int>& talk) { talk.post(0); }));
    auto second = world.start(call([](std::stop_token stop, channel<int, int>& talk) {
      echo(talk, 1);
      return stop.stop_requested();
    }));
    // Sometimes the first has ended by now.
    BOOST_TEST(world.receive(first).value == 0);
    if (i % 2 == 0) world.wait(first);
    BOOST_TEST(!first.request_stop());
    BOOST_TEST(!world.send(second, 1));
    BOOST_TEST(world.wait(second).what.value_or(true) == false);
  }
}

BOOST_AUTO_TEST_CASE(only_a_job_that_takes_a_token_can_be_asked_to_stop) {
  pooled_world world;
  auto job = world.start(call(echo, 0));
  BOOST_TEST((job.request_stop() == boost::system::errc::operation_not_supported));
  BOOST_TEST((job.suspend() == boost::system::errc::operation_not_supported));
  BOOST_TEST((job.resume() == boost::system::errc::operation_not_supported));
  BOOST_TEST(world.wait(job).what.value_or(-1) == 0);
}

// Handles

BOOST_AUTO_TEST_CASE(a_stopped_pool_refuses_jobs_and_their_messages) {
  pooled_world world;
  world.pool->stop();
  auto job = world.start(call(echo, 1));
  BOOST_TEST((world.receive(job).ec == asio::error::operation_aborted));
  BOOST_TEST((world.send(job, 1) == asio::error::operation_aborted));
  auto const done = world.wait(job);
  BOOST_TEST((done.ec == asio::error::operation_aborted));
  BOOST_TEST(done.what.how() == ending::not_started);
  BOOST_TEST(job.pid() == 0);
}

BOOST_AUTO_TEST_CASE(a_pool_that_is_destroyed_ends_what_its_handles_wait_for) {
  pooled_world world;
  auto first = world.start(call([](channel<int, int>& talk) {
    talk.post(0);
    hang();
  }));
  auto second = world.start(call(echo, 1));
  BOOST_TEST(world.receive(first).value == 0);
  std::array<heard<int>, 2> got;
  std::array<remembered<int>, 1> waited;
  remembered<void> first_done;
  sent told;
  first.async_receive(got[0].handler());
  first.async_wait(first_done.handler());
  second.async_receive(got[1].handler());
  second.async_send(1, told.handler());
  second.async_wait(waited[0].handler());
  world.pool.reset();
  world.run();
  BOOST_TEST((got[0].ec == asio::error::eof));
  BOOST_TEST((got[1].ec == asio::error::operation_aborted));
  BOOST_TEST((told.ec == asio::error::operation_aborted));
  BOOST_TEST(first_done.calls == 1);
  BOOST_TEST((first_done.ec == asio::error::operation_aborted));
  BOOST_TEST(waited[0].calls == 1);
  BOOST_TEST((waited[0].ec == asio::error::operation_aborted));
  BOOST_TEST((first.terminate() == boost::system::errc::no_such_process || !first.terminate()));
  BOOST_TEST((world.receive(first).ec == asio::error::eof));
}

BOOST_AUTO_TEST_CASE(a_handle_that_is_destroyed_ends_its_job) {
  pooled_world world;
  int const pid = world.pid_of_worker();
  heard<int> got;
  sent told;
  remembered<int> waited;
  {
    auto running = world.start(call([](channel<int, int>& talk) {
      talk.post(0);
      hang();
      return 0;
    }));
    auto waiting = world.start(call(echo, 1));
    BOOST_TEST(world.receive(running).value == 0);
    running.async_receive(got.handler());
    waiting.async_send(1, told.handler());
    running.async_wait(waited.handler());
    BOOST_TEST(got.calls == 0);
  }
  world.run_until([&] { return got.calls + told.calls + waited.calls == 3; });
  BOOST_TEST((got.ec == asio::error::operation_aborted));
  BOOST_TEST((told.ec == asio::error::operation_aborted));
  BOOST_TEST((waited.ec == asio::error::operation_aborted));
  BOOST_TEST(world.pid_of_worker() != pid);
  {
    auto over = world.start(call(post_numbers, 3));
    world.wait(over);
  }
  {
    auto not_begun = world.start(call(post_numbers, 3));
  }
  bool drained = false;
  world.pool->async_drain([&](error_code) { drained = true; });
  world.run_until([&] { return drained; });
  BOOST_TEST(world.pool->stats().running == 0u);
}

BOOST_AUTO_TEST_CASE(a_handle_that_moves_takes_its_job_along) {
  pooled_world world;
  heard<int> got;
  auto first = world.start(call(echo, 2));
  first.async_receive(got.handler());
  child<int, int, int> second{std::move(first)};
  BOOST_TEST(!world.send(second, 7));
  world.run_until([&] { return got.calls != 0; });
  BOOST_TEST(got.value == 7);
  child<int, int, int> third;
  third = std::move(second);
  BOOST_TEST(!world.send(third, 8));
  BOOST_TEST(world.receive(third).value == 8);
  BOOST_TEST(world.wait(third).what.value_or(-1) == 2);
}

BOOST_AUTO_TEST_CASE(one_receive_and_one_wait_at_a_time) {
  pooled_world world;
  auto job = world.start(call(echo, 1));
  heard<int> got;
  remembered<int> done;
  asio::cancellation_signal end_receive;
  asio::cancellation_signal end_wait;
  job.async_receive(asio::bind_cancellation_slot(end_receive.slot(), got.handler()));
  job.async_wait(asio::bind_cancellation_slot(end_wait.slot(), done.handler()));
  BOOST_TEST((world.receive(job).ec == isolatte::error::already_waiting));
  BOOST_TEST((world.wait(job).ec == isolatte::error::already_waiting));
  end_receive.emit(asio::cancellation_type::total);
  end_wait.emit(asio::cancellation_type::terminal);
  world.run_until([&] { return got.calls == 1 && done.calls == 1; });
  BOOST_TEST((got.ec == asio::error::operation_aborted));
  BOOST_TEST((done.ec == asio::error::operation_aborted));
  // The job has not noticed.
  BOOST_TEST(!world.send(job, 4));
  BOOST_TEST(world.receive(job).value == 4);
  BOOST_TEST(world.wait(job).what.value_or(-1) == 1);
  BOOST_TEST((world.wait(job).ec == isolatte::error::already_delivered));
}

BOOST_AUTO_TEST_CASE(a_send_that_is_cancelled_is_not_sent) {
  pooled_world world;
  auto blocking = world.start(call([](channel<void, int>& talk) { talk.receive(); }));
  auto job = world.start(call(echo, 1));
  sent first;
  sent second;
  asio::cancellation_signal signal;
  job.async_send(1, asio::bind_cancellation_slot(signal.slot(), first.handler()));
  job.async_send(2, second.handler());
  signal.emit(asio::cancellation_type::partial);
  world.run_until([&] { return first.calls == 1; });
  BOOST_TEST((first.ec == asio::error::operation_aborted));
  blocking.close_input();
  BOOST_TEST(world.receive(job).value == 2);
  BOOST_TEST(second.calls == 1);
  BOOST_TEST(world.wait(job).what.value_or(-1) == 1);
}

BOOST_AUTO_TEST_CASE(a_drain_waits_for_messages) {
  pooled_world world;
  std::vector<int> all;
  std::string order;
  world.pool->async_run(on_message(call(post_numbers, 3000), [&](int i) { all.push_back(i); }),
                        [&](error_code, const outcome<int>&) { order += 'j'; });
  world.pool->async_drain([&](error_code ec) {
    BOOST_TEST(!ec, ec.message());
    order += 'd';
  });
  world.run_until([&] { return order.size() == 2; });
  BOOST_TEST((all == numbers_to(3000)));
  BOOST_TEST(order == "jd");
}

BOOST_AUTO_TEST_CASE(messages_that_nobody_receives_keep_neither_job_nor_drain) {
  pooled_world world;
  auto job = world.start(call([](channel<std::string>& talk) {
    return talk.try_post(std::string(60'000, 'a')) && !talk.try_post(std::string(60'000, 'b'));
  }));
  bool drained = false;
  world.pool->async_drain([&](error_code) { drained = true; });
  world.run_until([&] { return drained; });
  BOOST_TEST(world.wait(job).what.value_or(false));
  BOOST_TEST(world.receive(job).value == std::string(60'000, 'a'));
  BOOST_TEST((world.receive(job).ec == asio::error::eof));
}

// Many

BOOST_AUTO_TEST_CASE(every_worker_talks_with_one_handler) {
  pooled_world world{{.workers = 3}};
  std::atomic<int> within = 0;
  std::atomic<int> overlaps = 0;
  std::map<int, std::vector<int>> all;
  std::vector<outcome<int>> results;
  bool is_over = false;
  bool stands = false;
  world.pool->async_ready([&](error_code) { stands = true; });
  world.run_until([&] { return stands; });
  auto const job = on_message(call([](channel<std::pair<int, int>>& talk) {
                                for (int i = 0; i != 500; ++i) talk.post({::getpid(), i});
                                return ::getpid();
                              }),
                              [&](std::pair<int, int> got) {
                                if (++within != 1) ++overlaps;
                                all[got.first].push_back(got.second);
                                --within;
                              });
  world.pool->async_run_everywhere(job, [&](error_code ec, std::vector<outcome<int>> what) {
    if (!ec) results = std::move(what);
    is_over = true;
    world.pool->stop();
  });
  world.context().restart();
  in_threads(3, [&](int) { world.context().run(); });
  BOOST_TEST(is_over);
  BOOST_TEST(overlaps == 0);
  BOOST_REQUIRE(results.size() == 3u);
  for (auto const& each : results) BOOST_TEST((all[each.value_or(0)] == numbers_to(500)));
}

template <class Where>
void check_map(Where& where) {
  std::atomic<int> within = 0;
  std::atomic<int> overlaps = 0;
  std::map<int, std::vector<int>> all;
  std::promise<std::vector<outcome<int>>> promise;
  isolatte::async_map(where, numbers_to(20),
                      on_message(
                          [](std::stop_token, channel<std::pair<int, int>>& talk, int n) {
                            for (int i = 0; i != 200; ++i) talk.post({n, i});
                            return n;
                          },
                          [&](std::pair<int, int> got) {
                            if (++within != 1) ++overlaps;
                            all[got.first].push_back(got.second);
                            --within;
                          }),
                      {.max_concurrency = 4}, [&](error_code ec, std::vector<outcome<int>> what) {
                        if (!ec && within == 0) promise.set_value(std::move(what));
                      });
  auto const results = promise.get_future().get();
  BOOST_TEST(overlaps == 0);
  BOOST_REQUIRE(results.size() == 20u);
  for (int n = 0; n != 20; ++n) {
    BOOST_TEST(results[static_cast<std::size_t>(n)].value_or(-1) == n);
    BOOST_TEST((all[n] == numbers_to(200)));
  }
}

BOOST_AUTO_TEST_CASE(a_map_in_several_threads_hands_over_one_message_at_a_time) {
  isolatte::test::nothing_left const nothing;
  asio::thread_pool threads{4};
  auto executor = asio::any_io_executor{threads.get_executor()};
  check_map(executor);
  worker_pool pool{threads, {.workers = 3}};
  check_map(pool);
  pool.stop();
  threads.join();
}

BOOST_AUTO_TEST_CASE(a_cancelled_map_asks_its_jobs_to_stop) {
  for (bool const pooled : {false, true}) {
    talk_world world;
    std::optional<worker_pool> pool;
    asio::cancellation_signal signal;
    std::vector<outcome<int>> results;
    int begun = 0;
    bool is_over = false;
    auto const element = [](std::stop_token stop, channel<int>& talk, int n) {
      await_stop(std::move(stop), talk);
      return n;
    };
    auto const job = on_message(element, [&](int) {
      if (++begun == 2) signal.emit(asio::cancellation_type::total);
    });
    auto handler =
        asio::bind_cancellation_slot(signal.slot(), [&](error_code, std::vector<outcome<int>> all) {
          results = std::move(all);
          is_over = true;
        });
    isolatte::map_options how{.max_concurrency = 2};
    how.child.grace = 1h;
    if (pooled) {
      pool.emplace(world.context(), pool_options{.workers = 2});
      isolatte::async_map(*pool, numbers_to(5), job, how, std::move(handler));
    } else {
      isolatte::async_map(world.context(), numbers_to(5), job, how, std::move(handler));
    }
    world.run_until([&] { return is_over; });
    BOOST_REQUIRE(results.size() == 5u);
    for (int n = 0; n != 2; ++n) {
      auto const& each = results[static_cast<std::size_t>(n)];
      BOOST_TEST(each.how() == ending::cancelled);
      BOOST_TEST(each.value_or(-1) == n);
    }
    for (std::size_t n = 2; n != 5; ++n) BOOST_TEST(results[n].how() == ending::not_started);
    if (pool) pool->stop();
    world.run();
  }
}

BOOST_AUTO_TEST_CASE(threads_talk_with_many_jobs_at_once) {
  isolatte::test::nothing_left const nothing;
  asio::thread_pool threads{4};
  std::atomic<int> wrong = 0;
  {
    worker_pool pool{threads, {.workers = 2}};
    in_threads(4, [&](int) {
      for (int i = 0; i != 25; ++i) {
        auto job = pool.spawn_job(call(echo, 3));
        for (int n = 0; n != 3; ++n) {
          auto told = job.async_send(n, asio::use_future);
          auto got = job.async_receive(asio::use_future);
          if (got.get() != n) ++wrong;
          told.get();
        }
        if (job.async_wait(asio::use_future).get().value_or(-1) != 3) ++wrong;
      }
    });
    // Handles that go at any time.
    in_threads(4, [&](int which) {
      for (int i = 0; i != 25; ++i) {
        auto job = pool.spawn_job(call(echo, 1));
        if ((i + which) % 3 == 0) continue;
        job.async_send(1, asio::detached);
        if ((i + which) % 3 == 1) continue;
        if (job.async_receive(asio::use_future).get() != 1) ++wrong;
      }
    });
    std::promise<void> drained;
    pool.async_drain([&](error_code) { drained.set_value(); });
    drained.get_future().get();
  }
  threads.join();
  BOOST_TEST(wrong == 0);
}

// Shortage

/// Lets this process open so many descriptors more.
class descriptor_limit {
 public:
  explicit descriptor_limit(rlim_t more) {
    BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    int const next = ::dup(0);
    BOOST_REQUIRE(next != -1);
    ::close(next);
    rlimit now = before_;
    now.rlim_cur = static_cast<rlim_t>(next) + more;
    BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &now) == 0);
  }
  ~descriptor_limit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  descriptor_limit(const descriptor_limit&) = delete;
  descriptor_limit& operator=(const descriptor_limit&) = delete;

 private:
  rlimit before_{};
};

void expect_shortage(const remembered<int>& done) {
  BOOST_TEST(done.what.how() == ending::undelivered);
  BOOST_TEST((done.what.ran() == ran::no));
  try {
    done.what.value();
    BOOST_ERROR("a value");
  } catch (const isolatte::abnormal_end& end) {
    try {
      std::rethrow_if_nested(end);
      BOOST_ERROR("no cause");
    } catch (const boost::system::system_error& error) {
      BOOST_TEST(error.code().value() == EMFILE);
    }
  } catch (const boost::system::system_error& error) {
    BOOST_TEST(error.code().value() == EMFILE);
  }
}

BOOST_AUTO_TEST_CASE(two_hundred_jobs_wait_with_few_descriptors) {
  pooled_world world{{.workers = 4}};
  bool stands = false;
  world.pool->async_ready([&](error_code) { stands = true; });
  world.run_until([&] { return stands; });
  descriptor_limit const limit{16};
  std::vector<child<int, int, int>> jobs;
  std::vector<sent> told(200);
  std::vector<heard<int>> got(200);
  std::vector<remembered<int>> done(200);
  for (std::size_t i = 0; i != 200; ++i) {
    jobs.push_back(world.start(call(echo, 1)));
    jobs[i].async_send(static_cast<int>(i), told[i].handler());
    jobs[i].async_receive(got[i].handler());
    jobs[i].async_wait(done[i].handler());
  }
  world.run_until([&] {
    return std::all_of(done.begin(), done.end(), [](auto const& each) { return each.calls == 1; });
  });
  int right = 0;
  for (std::size_t i = 0; i != 200; ++i)
    if (got[i].value == static_cast<int>(i) && !told[i].ec && done[i].what.value_or(0) == 1)
      ++right;
  BOOST_TEST(right == 200);
}

BOOST_AUTO_TEST_CASE(a_program_without_descriptors_says_so_and_nothing_has_run) {
  if (ubsan_needs_descriptors) return;
  pooled_world world;
  world.pid_of_worker();
  {
    descriptor_limit const limit{1};
    auto job = world.start(call(echo, 1));
    expect_shortage(world.wait(job));
    BOOST_TEST((world.receive(job).ec == asio::error::eof));
    BOOST_TEST((world.send(job, 1) == asio::error::broken_pipe));
    // A job that does not talk needs none.
    BOOST_TEST(world.run_job(call([] { return 5; })).what.value_or(0) == 5);
  }
  auto job = world.start(call(echo, 0));
  BOOST_TEST(world.wait(job).what.value_or(-1) == 0);
}

BOOST_AUTO_TEST_CASE(a_worker_without_descriptors_says_so_and_nothing_has_run) {
  if (ubsan_needs_descriptors) return;
  pooled_world world{{.workers = 1, .worker = {.limits = {.open_files = 32}}}};
  auto const taken = world.run_job(call([] {
    std::vector<int> all;
    for (int fd; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) != -1;) all.push_back(fd);
    return all;
  }));
  BOOST_REQUIRE(!taken.what.value().empty());
  auto job = world.start(call(echo, 1));
  expect_shortage(world.wait(job));
  world.run_job(call(
      [](std::vector<int> all) {
        for (int const fd : all) ::close(fd);
      },
      taken.what.value()));
  auto other = world.start(call(echo, 0));
  BOOST_TEST(world.wait(other).what.value_or(-1) == 0);
}

// Jobs that misuse their conversation

BOOST_AUTO_TEST_CASE(a_job_that_closes_its_conversation_harms_no_other) {
  pooled_world world;
  int const pid = world.pid_of_worker();
  world.run_job(call(remember_sockets));
  auto job = world.start(call([](channel<int>& talk) {
    ::close(conversation());
    return talk.post(1) ? 1 : 0;
  }));
  BOOST_TEST((world.receive(job).ec == asio::error::eof));
  BOOST_TEST(world.wait(job).what.value_or(-1) == 0);
  auto other = world.start(call(echo, 1));
  BOOST_TEST(!world.send(other, 3));
  BOOST_TEST(world.receive(other).value == 3);
  BOOST_TEST(world.wait(other).what.value_or(-1) == 1);
  BOOST_TEST(world.pid_of_worker() == pid);
}

BOOST_AUTO_TEST_CASE(garbage_in_a_conversation_ends_its_job_alone) {
  pooled_world world;
  int const pid = world.pid_of_worker();
  world.run_job(call(remember_sockets));
  auto job = world.start(call([](channel<int>& talk) {
    talk.post(1);
    std::string const garbage(1000, '\x7f');
    isolatte::test::write_all(conversation(), garbage);
    hang();
  }));
  auto next = world.start(call(echo, 1));
  // The end of the conversation may come before a receive.
  auto const [all, ec] = world.receive_all(job);
  BOOST_TEST(all.size() <= 1u);
  BOOST_TEST((ec == isolatte::error::bad_message));
  auto const done = world.wait(job);
  BOOST_TEST(!done.ec, done.ec.message());
  BOOST_TEST(done.what.how() == ending::undelivered);
  BOOST_TEST(!world.send(next, 3));
  BOOST_TEST(world.receive(next).value == 3);
  BOOST_TEST(world.wait(next).what.value_or(-1) == 1);
  BOOST_TEST(world.pid_of_worker() != pid);
}

BOOST_AUTO_TEST_CASE(max_result_bounds_the_messages_of_a_job) {
  pooled_world world;
  auto const done = world.run_job(on_message(call([](channel<std::string>& talk) {
                                               talk.post(std::string(100, 'x'));
                                               talk.post(std::string(200'000, 'x'));
                                               hang();
                                             }),
                                             [](const std::string&) {}),
                                  {.max_result = 100'000});
  BOOST_TEST(done.what.how() == ending::undelivered);
}

BOOST_AUTO_TEST_CASE(a_grandchild_that_keeps_the_conversation_does_not_keep_the_job) {
  pooled_world world;
  for (int i = 0; i != 2; ++i) {
    auto job = world.start(call([](channel<int>& talk) {
      int const pid = ::fork();
      if (pid == 0) hang();
      talk.post(pid);
      return pid;
    }));
    auto const [all, ec] = world.receive_all(job);
    BOOST_TEST(all.size() == 1u);
    BOOST_TEST((ec == asio::error::eof));
    BOOST_TEST(world.wait(job).what.how() == ending::returned);
  }
}

int throw_in_grandchild(std::stop_token, channel<int>& talk) {
  // The copy must not wait for them.
  isolatte::test::await_rest_of_threads();
  pid_t const pid = ::fork();
  if (pid == 0) throw std::runtime_error{"grandchild"};
  int const status = wait_for(pid);
  talk.post(WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  return 7;
}

BOOST_AUTO_TEST_CASE(a_grandchild_that_throws_ends_and_leaves_the_conversation_to_the_job) {
  // ThreadSanitizer gives a process another exit code for the threads that its copy lacks.
  if (isolatte::test::with_tsan) return;
  pooled_world world;
  auto job = world.start(call(throw_in_grandchild));
  auto const [all, ec] = world.receive_all(job);
  BOOST_TEST((all == std::vector<int>{0}));
  BOOST_TEST(world.wait(job).what.value_or(-1) == 7);
}

BOOST_AUTO_TEST_CASE(a_message_that_throws_when_read_back_ends_its_job) {
  pooled_world world;
  std::vector<int> all;
  auto const done = world.run_job(
      on_message(call(post_unreadable), [&](const unreadable& got) { all.push_back(got.number); }));
  BOOST_TEST(!done.ec, done.ec.message());
  BOOST_TEST((all == std::vector{1, 2}));
  expect_out_of_range(done.what);

  auto job = world.start(call(post_unreadable));
  BOOST_TEST(world.receive(job).value.number == 1);
  BOOST_TEST(world.receive(job).value.number == 2);
  BOOST_TEST((world.receive(job).ec == isolatte::error::bad_message));
  BOOST_TEST((world.receive(job).ec == isolatte::error::bad_message));
  expect_out_of_range(world.wait(job).what);
  BOOST_TEST(world.run_job(call(post_numbers, 0)).what.value_or(-1) == 0);
}

BOOST_AUTO_TEST_CASE(a_handler_that_throws_leaves_run_and_the_job_goes_on) {
  pooled_world world;
  std::vector<int> all;
  remembered<int> done;
  world.pool->async_run(on_message(call(post_numbers, 100),
                                   [&](int i) {
                                     all.push_back(i);
                                     if (i % 10 == 3) throw std::out_of_range{"handler"};
                                   }),
                        done.handler());
  int thrown = 0;
  while (done.calls == 0) try {
      world.run_until([&] { return done.calls != 0; });
    } catch (const std::out_of_range&) {
      ++thrown;
    }
  BOOST_TEST(thrown == 10);
  BOOST_TEST((all == numbers_to(100)));
  BOOST_TEST(done.what.value_or(-1) == 100);
}

// Other worlds

BOOST_AUTO_TEST_CASE(each_worker_may_do_one_job_alone) {
  pooled_world world{{.workers = 2, .max_jobs_per_worker = 1}};
  std::set<int> pids;
  for (int i = 0; i != 10; ++i) {
    auto job = world.start(call([](channel<int, int>& talk) {
      echo(talk, 1);
      return ::getpid();
    }));
    BOOST_TEST(!world.send(job, i));
    BOOST_TEST(world.receive(job).value == i);
    pids.insert(world.wait(job).what.value_or(0));
  }
  BOOST_TEST(pids.size() == 10u);
}

BOOST_AUTO_TEST_CASE(workers_in_a_sandbox_talk) {
  if (!isolatte::sandbox_support().gaps(isolatte::sandbox::pure()).empty()) return;
  for (auto const& box : {isolatte::sandbox::pure(), isolatte::sandbox::reader({"/usr"})}) {
    pooled_world world{{.workers = 1, .worker = {.sandbox = box}}};
    auto job = world.start(call([](channel<int, int>& talk) { return echo(talk, 2); }));
    BOOST_TEST(!world.send(job, 1));
    BOOST_TEST(world.receive(job).value == 1);
    job.close_input();
    BOOST_TEST(world.wait(job).what.value_or(-1) == 1);
    auto stopped = world.start(call(await_stop));
    BOOST_TEST(world.receive(stopped).value == 0);
    BOOST_TEST(!stopped.request_stop());
    auto const done = world.wait(stopped);
    BOOST_TEST(done.what.how() == ending::returned, done.what);
  }
}

BOOST_AUTO_TEST_CASE(a_copy_of_the_program_leaves_the_jobs_alone) {
  pooled_world world;
  auto job = world.start(call(echo, 2));
  BOOST_TEST(!world.send(job, 1));
  BOOST_TEST(world.receive(job).value == 1);
  BOOST_TEST(job.pid() != 0);
  auto const answer = isolatte::test::in_bare_process([&] {
    std::string text;
    if (job.pid() != 0) text += "pid ";
    if (job.running()) text += "running ";
    if (job.terminate() != boost::system::errc::no_such_process) text += "terminate ";
    heard<int> got;
    sent told;
    remembered<int> done;
    job.async_receive(got.handler());
    job.async_send(9, told.handler());
    job.async_wait(done.handler());
    static_cast<void>(job.request_stop());
    job.close_input();
    job.close_output();
    world.context().restart();
    while (got.calls + told.calls + done.calls != 3 && world.context().run_one() != 0) {
    }
    if (got.ec != asio::error::operation_aborted) text += "receive: " + got.ec.message();
    if (told.ec != asio::error::operation_aborted) text += "send: " + told.ec.message();
    if (done.ec != asio::error::operation_aborted) text += "wait: " + done.ec.message();
    auto other = world.pool->spawn_job(call(echo, 1));
    heard<int> from_own;
    other.async_send(5, told.handler());
    other.async_receive(from_own.handler());
    while (from_own.calls == 0 && world.context().run_one() != 0) {
    }
    if (from_own.value != 5) text += "its own job ";
    {
      auto const gone = std::move(job);
    }
    world.pool->stop();
    world.context().run();
    return text.empty() ? std::string{"fine"} : text;
  });
  BOOST_TEST(answer == "fine");
  BOOST_TEST(!world.send(job, 2));
  BOOST_TEST(world.receive(job).value == 2);
  BOOST_TEST(world.wait(job).what.value_or(-1) == 2);
}

BOOST_AUTO_TEST_CASE(a_job_whose_conversation_fails_before_a_worker_has_it_ends) {
  isolatte::test::nothing_left const nothing;
  asio::io_context context;
  isolatte::detail::refusal why;
  auto const in = isolatte::pool::pool::make(context.get_executor(), {.workers = 1}, why);
  BOOST_REQUIRE(in);
  error_code first;
  error_code second;
  isolatte::detail::report cut_off;
  in->async_run(isolatte::detail::encode_call(call(hang)), {},
                [&](error_code ec, isolatte::detail::report) { first = ec; });
  auto const waits =
      in->submit(context.get_executor(), isolatte::detail::encode_call(call(ignore_stop), true), {},
                 [&](error_code ec, isolatte::detail::report what) {
                   second = ec;
                   cut_off = std::move(what);
                   in->stop();
                 });
  // The talk of a job that a worker has had, and lost before it began it, may say so.
  waits->talk->talk_refused("no memory for a message", nullptr);
  context.run();
  BOOST_TEST(first == asio::error::operation_aborted);
  BOOST_TEST(second == boost::system::errc::not_enough_memory);
  BOOST_TEST((cut_off.summary.how == ending::not_started));
  BOOST_TEST((cut_off.summary.ran == ran::no));
  BOOST_TEST(cut_off.summary.reason == "no memory for a message");
  in->release();
}

BOOST_AUTO_TEST_CASE(a_context_that_goes_takes_jobs_and_messages_along) {
  isolatte::test::nothing_left const nothing;
  bool called = false;
  {
    asio::io_context context;
    worker_pool pool{context, {.workers = 1}};
    auto job = pool.spawn_job(call(ignore_stop));
    bool posted = false;
    job.async_receive([&](error_code, int) { posted = true; });
    while (!posted) context.run_one();
    pool.async_run(on_message(call(post_numbers, 3), [](int) {}),
                   [&](error_code, const outcome<int>&) { called = true; });
    job.async_wait([&](error_code, const outcome<void>&) { called = true; });
    job.async_receive([&](error_code, int) { called = true; });
  }
  BOOST_TEST(!called);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace talk_launchers_test
