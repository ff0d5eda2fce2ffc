// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Jobs that end at the instant at which something ends them: a cancellation, a timeout, the end of
// their context, server, pool or program. Either comes first, many times each.

#include "adopter.hpp"
#include "helpers.hpp"
#include "remembered.hpp"
#include "support/nothing_left.hpp"

#include <isolatte/async_fork.hpp>
#include <isolatte/call.hpp>
#include <isolatte/channel.hpp>
#include <isolatte/child.hpp>
#include <isolatte/error.hpp>
#include <isolatte/fork.hpp>
#include <isolatte/fork_server.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <functional>
#include <future>
#include <list>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace same_instant_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::ending;
using isolatte::outcome;
using isolatte::test::adopter;
using isolatte::test::bare_fork;
using isolatte::test::leave_main;
using isolatte::test::nothing_left;
using isolatte::test::remembered;
using isolatte::test::wait_for;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

int answer() { return 42; }
/// Takes longer than a pool takes to see that the job has begun.
int work() {
  std::this_thread::sleep_for(2ms);
  return 42;
}

/// Sends a message, and waits for one.
int converse(std::stop_token, isolatte::channel<int, int>& talk) {
  talk.post(1);
  while (talk.receive().value_or(2) != 2) continue;
  return 42;
}

/// Makes attempts with delays that come ever closer to the time that the job takes at the moment,
/// until the job has ended first often enough, and has been stopped as often.
/// @param attempt takes the delay, and returns whether the job was stopped
template <class Attempt>
void meet(Attempt attempt) {
  constexpr int enough = 20;
  constexpr int most = 4000;
  nanoseconds delay = 1ms;
  int ended = 0;
  int stopped = 0;
  for (int tries = 0; std::min(ended, stopped) < enough && tries != most; ++tries) {
    bool const was_stopped = attempt(delay);
    ++(was_stopped ? stopped : ended);
    delay = was_stopped ? delay + delay / 8 + 1us : delay - delay / 8;
  }
  BOOST_TEST_MESSAGE(ended << " ended, " << stopped << " were stopped, the last after "
                           << delay.count() / 1000 << " us");
  BOOST_TEST(ended >= enough);
  BOOST_TEST(stopped >= enough);
}

/// The job has returned, or has ended like this and with this error.
/// @return whether the latter
bool was_stopped(const remembered<int>& job, ending how, const error_code& ec = {}) {
  BOOST_TEST(job.calls == 1);
  if (job.what.how() == ending::returned) {
    BOOST_TEST(!job.ec, job.ec.message());
    BOOST_TEST(job.what.value() == 42);
    return false;
  }
  BOOST_TEST(job.what.how() == how);
  BOOST_TEST(job.ec == ec, job.ec.message());
  return true;
}

/// A job of a pool may be stopped before a worker begins it, and a request before there is a child.
bool was_stopped_anywhere(const remembered<int>& job, const error_code& ec) {
  bool const began = job.what.how() != ending::not_started;
  if (!began) BOOST_TEST((job.what.ran() == isolatte::ran::no));
  return was_stopped(job, began ? ending::cancelled : ending::not_started, ec);
}

struct looped : nothing_left {
  asio::io_context context;

  template <class Condition>
  void run_until(Condition holds) {
    if (context.stopped()) context.restart();
    while (!holds()) BOOST_REQUIRE(context.run_one() == 1u);
  }
  /// Starts a job, and calls the other function after the delay.
  template <class Start, class End>
  remembered<int> run(nanoseconds delay, Start start, End end) {
    remembered<int> job;
    bool has_waited = false;
    asio::steady_timer timer{context, delay};
    timer.async_wait([&](error_code ec) {
      has_waited = true;
      if (!ec) end();
    });
    start(job);
    run_until([&] { return job.calls != 0; });
    timer.cancel();
    run_until([&] { return has_waited; });
    return job;
  }
  /// A worker that has ended is replaced.
  void warm_up(isolatte::worker_pool& pool) {
    remembered<int> job;
    pool.async_run(call(answer), {}, job.handler());
    run_until([&] { return job.calls != 0; });
    BOOST_TEST(!was_stopped(job, ending::returned));
  }
  /// @param launch starts a job with this completion token
  template <class Launch>
  remembered<int> cancel(nanoseconds delay, Launch launch) {
    asio::cancellation_signal stop;
    return run(
        delay,
        [&](remembered<int>& to) {
          launch(asio::bind_cancellation_slot(stop.slot(), to.handler()));
        },
        [&] { stop.emit(asio::cancellation_type::terminal); });
  }
  template <class Launch>
  bool time_out(Launch launch) {
    remembered<int> job;
    launch(job.handler());
    run_until([&] { return job.calls != 0; });
    return was_stopped(job, ending::timed_out);
  }
};

/// The context ends. @return whether the job did not end before
template <class Start>
bool destroy(nanoseconds delay, Start start) {
  remembered<int> job;
  {
    asio::io_context context;
    // Lives as long as the function returns.
    [[maybe_unused]] auto const launcher = start(context, job);
    context.run_for(delay);
  }
  BOOST_TEST(job.calls <= 1);
  return job.calls == 0 || was_stopped(job, ending::not_started);
}

BOOST_FIXTURE_TEST_SUITE(same_instant, looped)

BOOST_AUTO_TEST_CASE(a_cancellation_and_the_end_of_a_fork) {
  meet([&](nanoseconds delay) {
    auto const job = cancel(
        delay, [&](auto token) { isolatte::async_fork(context, answer, {}, std::move(token)); });
    return was_stopped(job, ending::cancelled, asio::error::operation_aborted);
  });
}

BOOST_AUTO_TEST_CASE(a_cancellation_and_the_end_of_a_servers_child) {
  isolatte::fork_server server{context};
  meet([&](nanoseconds delay) {
    auto const job =
        cancel(delay, [&](auto token) { server.async_fork(call(answer), {}, std::move(token)); });
    return was_stopped_anywhere(job, asio::error::operation_aborted);
  });
}

BOOST_AUTO_TEST_CASE(a_cancellation_and_the_end_of_a_pools_job) {
  isolatte::worker_pool pool{context, {.workers = 1}};
  meet([&](nanoseconds delay) {
    warm_up(pool);
    auto const job =
        cancel(delay, [&](auto token) { pool.async_run(call(work), {}, std::move(token)); });
    return was_stopped_anywhere(job, asio::error::operation_aborted);
  });
  pool.stop();
  context.run();
}

BOOST_AUTO_TEST_CASE(a_timeout_and_the_end_of_a_fork) {
  meet([&](nanoseconds delay) {
    return time_out([&](auto handler) {
      isolatte::async_fork(context, answer, {.timeout = delay}, std::move(handler));
    });
  });
}

BOOST_AUTO_TEST_CASE(a_timeout_and_the_end_of_a_servers_child) {
  isolatte::fork_server server{context};
  meet([&](nanoseconds delay) {
    return time_out([&](auto handler) {
      server.async_fork(call(answer), {.timeout = delay}, std::move(handler));
    });
  });
}

BOOST_AUTO_TEST_CASE(a_timeout_and_the_end_of_a_pools_job) {
  isolatte::worker_pool pool{context, {.workers = 1}};
  meet([&](nanoseconds delay) {
    warm_up(pool);
    return time_out(
        [&](auto handler) { pool.async_run(call(work), {.timeout = delay}, std::move(handler)); });
  });
  pool.stop();
  context.run();
}

BOOST_AUTO_TEST_CASE(a_termination_and_the_end_of_a_conversation) {
  isolatte::worker_pool pool{context, {.workers = 1}};
  meet([&](nanoseconds delay) {
    warm_up(pool);
    std::optional<isolatte::child<int, int, int>> child;
    int messages = 0;
    int ends = 0;
    auto const job = run(
        delay,
        [&](remembered<int>& to) {
          child.emplace(pool.spawn_job(call(converse)));
          child->async_receive([&](error_code ec, int message) {
            messages += !ec && message == 1;
            ends += bool(ec);
          });
          child->async_send(2, [&](error_code) { ++ends; });
          child->async_wait(to.handler());
        },
        [&] { child->terminate(); });
    run_until([&] { return messages + ends == 2; });
    bool const stopped = was_stopped_anywhere(job, asio::error::operation_aborted);
    BOOST_TEST((stopped || messages == 1));
    return stopped;
  });
  pool.stop();
  context.run();
}

BOOST_AUTO_TEST_CASE(a_termination_by_another_thread_and_the_end) {
  asio::thread_pool threads{1};
  meet([&](nanoseconds delay) {
    remembered<int> job;
    std::promise<void> ended;
    auto child = isolatte::spawn_child(threads, answer);
    auto const begin = std::chrono::steady_clock::now();
    child.async_wait([&](error_code ec, outcome<int> what) {
      job.handler()(ec, std::move(what));
      ended.set_value();
    });
    while (std::chrono::steady_clock::now() - begin < delay) continue;
    child.terminate();
    ended.get_future().wait();
    return was_stopped(job, ending::cancelled);
  });
  threads.join();
}

BOOST_AUTO_TEST_CASE(the_end_of_a_context_and_that_of_a_fork) {
  meet([](nanoseconds delay) {
    return destroy(delay, [](asio::io_context& in, remembered<int>& job) {
      isolatte::async_fork(in, answer, {}, job.handler());
      return 0;
    });
  });
}

BOOST_AUTO_TEST_CASE(the_end_of_a_context_and_that_of_a_servers_child) {
  meet([](nanoseconds delay) {
    return destroy(delay, [](asio::io_context& in, remembered<int>& job) {
      isolatte::fork_server server{in};
      server.async_fork(call(answer), {}, job.handler());
      return server;
    });
  });
}

BOOST_AUTO_TEST_CASE(the_end_of_a_context_and_that_of_a_pools_job) {
  meet([](nanoseconds delay) {
    return destroy(delay, [](asio::io_context& in, remembered<int>& job) {
      isolatte::worker_pool pool{in, {.workers = 1}};
      pool.async_run(call(answer), {}, job.handler());
      return pool;
    });
  });
}

BOOST_AUTO_TEST_CASE(the_stop_of_a_pool_and_the_end_of_its_job) {
  meet([&](nanoseconds delay) {
    isolatte::worker_pool pool{context, {.workers = 1}};
    warm_up(pool);
    auto const job = run(
        delay, [&](remembered<int>& to) { pool.async_run(call(answer), {}, to.handler()); },
        [&] { pool.stop(); });
    pool.stop();
    context.run();
    bool const began = job.what.how() != ending::not_started;
    return was_stopped(job, began ? ending::cancelled : ending::not_started,
                       asio::error::operation_aborted);
  });
}

BOOST_AUTO_TEST_CASE(the_death_of_a_server_and_the_end_of_its_child) {
  isolatte::fork_server server{context};
  meet([&](nanoseconds delay) {
    auto const job = run(
        delay, [&](remembered<int>& to) { server.async_fork(call(answer), {}, to.handler()); },
        [&] {
          // There is none from when its death is noticed.
          if (server.pid() > 0) ::kill(server.pid(), SIGKILL);
        });
    return was_stopped_anywhere(job, isolatte::error::server_died);
  });
}

/// A program whose threads start jobs through one launcher, one after the other, and cancel every
/// third of them at once. Nothing of it is destroyed: threads use it while the program ends.
struct busy {
  // Clang 14 cannot make an aggregate in a container's place.
  explicit busy(asio::strand<asio::thread_pool::executor_type> on) : strand{std::move(on)} {}

  asio::strand<asio::thread_pool::executor_type> strand;
  std::function<void(asio::cancellation_slot, std::function<void()>)> launch;
  asio::cancellation_signal stop{};
  std::promise<void> one_ended{};
  int jobs = 0;

  void go_on() {
    launch(stop.slot(), [this] {
      if (jobs == 1) one_ended.set_value();
      asio::post(strand, [this] { go_on(); });
    });
    if (++jobs % 3 == 0) stop.emit(asio::cancellation_type::terminal);
  }
};

[[noreturn]] void leave_busy_program(nanoseconds delay) {
  auto& own = *new asio::thread_pool{2};
  auto& server = *new isolatte::fork_server{own};
  auto& pool = *new isolatte::worker_pool{own, {.workers = 2}};
  auto& all = *new std::list<busy>;
  auto const keep_busy = [&](auto start) {
    busy& one = all.emplace_back(asio::make_strand(own));
    one.launch = [&one, start](asio::cancellation_slot slot, std::function<void()> then) {
      start(asio::bind_executor(
          one.strand,
          asio::bind_cancellation_slot(slot, [then](error_code, const outcome<int>&) { then(); })));
    };
    asio::post(one.strand, [&one] { one.go_on(); });
  };
  keep_busy([&](auto handler) { isolatte::async_fork(own, answer, {}, std::move(handler)); });
  keep_busy([&](auto handler) { server.async_fork(call(answer), {}, std::move(handler)); });
  keep_busy([&](auto handler) { pool.async_run(call(answer), {}, std::move(handler)); });
  for (busy& one : all) one.one_ended.get_future().wait();
  std::this_thread::sleep_for(delay);
  leave_main(24);
}

BOOST_FIXTURE_TEST_CASE(the_end_of_a_program_and_all_that_it_starts, nothing_left) {
  adopter const here;
  for (int i = 0; i != 30; ++i) {
    pid_t const program = bare_fork([&] { leave_busy_program(i * 100us); });
    BOOST_TEST(WEXITSTATUS(wait_for(program)) == 24);
    // Processes that the program leaves end by themselves.
    while (::waitpid(-1, nullptr, 0) != -1 || errno == EINTR) continue;
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace same_instant_test
