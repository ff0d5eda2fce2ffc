// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "adopter.hpp"
#include "helpers.hpp"
#include "in_threads.hpp"
#include "support/nothing_left.hpp"

#include <isolatte/async_fork.hpp>
#include <isolatte/async_map.hpp>
#include <isolatte/call.hpp>
#include <isolatte/error.hpp>
#include <isolatte/fork_server.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <link.h>
#include <signal.h>
#include <sys/wait.h>

// Several threads use fork servers, worker pools and maps, over loops that several threads run.
// Boost.Test's checks are not thread-safe, so right results are counted.

namespace threads_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::ending;
using isolatte::outcome;
using namespace isolatte::test;
using namespace std::chrono_literals;

constexpr int kinds = 8;

/// Runs the job with a number: some jobs throw, exit or crash.
int mixed(int number) {
  switch (number % kinds) {
    case 0: throw std::out_of_range{std::to_string(number)};
    case 1: std::exit(number % 256);
    case 2: ::raise(SIGKILL); break;
    case 3:
    case 4: hang();
    default: break;
  }
  return number;
}

/// The timeout of the job with a number.
std::optional<std::chrono::nanoseconds> time_of(int number) {
  if (number % kinds != 3) return std::nullopt;
  return std::chrono::microseconds{number * 50};
}
/// Whether the test cancels a job. Half of these jobs would also end by themselves.
bool is_cancelled(int number) { return number % kinds == 4 || number % kinds == 5; }

bool is_right(int number, error_code ec, const outcome<int>& what) {
  bool const returned = !ec && what.how() == ending::returned && what.value() == number;
  bool const cancelled = ec == asio::error::operation_aborted &&
                         (what.how() == ending::cancelled || what.how() == ending::not_started);
  switch (number % kinds) {
    case 0: return !ec && what.how() == ending::threw;
    case 1: return !ec && what.exit_code() == number % 256;
    case 2: return !ec && what.how() == ending::killed;
    case 3: return !ec && what.how() == ending::timed_out;
    case 4: return cancelled;
    case 5: return returned || cancelled;
    default: return returned;
  }
}

/// The strand of one operation, and its cancellation signal.
struct cancellable {
  explicit cancellable(asio::any_io_executor ex) : strand{std::move(ex)} {}
  asio::strand<asio::any_io_executor> strand;
  asio::cancellation_signal stop;
};

/// Starts a job by `start(number, token)`, and cancels it if is_cancelled() says so.
template <class Start, class Handler>
void start_one(const asio::any_io_executor& executor, int number, Start start, Handler handler) {
  if (!is_cancelled(number)) return start(number, std::move(handler));
  auto const one = std::make_shared<cancellable>(executor);
  asio::post(one->strand, [=] {
    start(number, asio::bind_cancellation_slot(
                      one->stop.slot(),
                      asio::bind_executor(one->strand, [=](error_code ec, outcome<int> what) {
                        // The handler keeps the cancellation signal alive.
                        static_cast<void>(one);
                        handler(ec, std::move(what));
                      })));
    asio::post(one->strand, [one] { one->stop.emit(asio::cancellation_type::terminal); });
  });
}

isolatte::options options_of(int number) {
  return {.timeout = time_of(number), .fault_report = false};
}
isolatte::job_options job_options_of(int number) { return {.timeout = time_of(number)}; }

struct loops {
  nothing_left nothing;
  asio::thread_pool pool{3};
  std::atomic<int> completed = 0;
  std::atomic<int> right = 0;

  auto executor() { return asio::any_io_executor{pool.get_executor()}; }
  /// Counts a completion if it is right.
  template <class IsRight>
  auto counted(IsRight right_one) {
    return [this, right_one](error_code ec, const outcome<int>& what) {
      right += right_one(ec, what);
      ++completed;
    };
  }
};

bool is_three(error_code ec, const outcome<int>& what) {
  return !ec && what.how() == ending::returned && what.value() == 3;
}

/// Accepts the value, or the error of the fork server or pool that was ended meanwhile.
auto value_or(error_code due) {
  return [due](error_code ec, const outcome<int>& what) { return ec == due || is_three(ec, what); };
}

int add(int a, int b) { return a + b; }

BOOST_FIXTURE_TEST_SUITE(threads, loops)

BOOST_AUTO_TEST_CASE(share_a_server) {
  constexpr int users = 3;
  constexpr int each = 40;
  isolatte::fork_server server{pool};
  in_threads(users, [&](int user) {
    for (int i = 0; i != each; ++i)
      start_one(
          executor(), user * each + i,
          [&](int number, auto token) {
            server.async_fork(call(mixed, number), options_of(number), std::move(token));
          },
          counted([number = user * each + i](error_code ec, const outcome<int>& what) {
            return is_right(number, ec, what);
          }));
  });
  pool.join();
  BOOST_TEST(completed == users * each);
  BOOST_TEST(right == users * each);
}

BOOST_AUTO_TEST_CASE(share_a_server_that_is_killed) {
  constexpr int users = 2;
  constexpr int each = 60;
  isolatte::fork_server server{pool};
  in_threads(users, [&](int user) {
    for (int i = 0; i != each; ++i) {
      server.async_fork(call(add, 1, 2), {}, counted(value_or(isolatte::error::server_died)));
      if (user == 0 && i % 20 == 10)
        if (int const pid = server.pid()) ::kill(pid, SIGKILL);
    }
  });
  pool.join();
  BOOST_TEST(completed == users * each);
  BOOST_TEST(right == users * each);
}

BOOST_AUTO_TEST_CASE(share_a_server_that_is_destroyed) {
  for (int round = 0; round != 10; ++round) {
    asio::thread_pool own{3};
    std::optional<isolatte::fork_server> server{std::in_place, own};
    in_threads(2, [&](int) {
      for (int i = 0; i != 10; ++i)
        server->async_fork(call(add, 1, 2), {}, counted(value_or(asio::error::operation_aborted)));
    });
    server.reset();
    own.join();
  }
  BOOST_TEST(completed == 200);
  BOOST_TEST(right == 200);
}

BOOST_AUTO_TEST_CASE(share_a_pool) {
  constexpr int users = 3;
  constexpr int each = 40;
  isolatte::worker_pool workers{pool, {.workers = 2}};
  in_threads(users, [&](int user) {
    for (int i = 0; i != each; ++i) {
      int const one = user * each + i;
      start_one(
          executor(), one,
          [&](int number, auto token) {
            workers.async_run(call(mixed, number), job_options_of(number), std::move(token));
          },
          [&, one](error_code ec, const outcome<int>& what) {
            right += is_right(one, ec, what);
            if (++completed == users * each) workers.stop();
          });
      static_cast<void>(workers.stats());
    }
  });
  pool.join();
  BOOST_TEST(completed == users * each);
  BOOST_TEST(right == users * each);
}

BOOST_AUTO_TEST_CASE(share_a_pool_that_replaces_its_workers) {
  constexpr int users = 2;
  constexpr int each = 40;
  isolatte::worker_pool workers{pool, {.workers = 2, .max_jobs_per_worker = 2}};
  in_threads(users, [&](int) {
    for (int i = 0; i != each; ++i)
      workers.async_run(call(add, 1, 2), {}, [&](error_code ec, const outcome<int>& what) {
        right += is_three(ec, what);
        if (++completed == users * each) workers.stop();
      });
  });
  pool.join();
  BOOST_TEST(completed == users * each);
  BOOST_TEST(right == users * each);
}

BOOST_AUTO_TEST_CASE(share_a_pool_that_is_destroyed) {
  for (int round = 0; round != 10; ++round) {
    asio::thread_pool own{3};
    std::optional<isolatte::worker_pool> workers{std::in_place, own,
                                                 isolatte::pool_options{.workers = 2}};
    in_threads(2, [&](int) {
      for (int i = 0; i != 20; ++i)
        workers->async_run(call(add, 1, 2), {}, counted(value_or(asio::error::operation_aborted)));
    });
    workers.reset();
    own.join();
  }
  BOOST_TEST(completed == 400);
  BOOST_TEST(right == 400);
}

BOOST_AUTO_TEST_CASE(share_maps) {
  std::vector<int> const elements{1, 2, 3, 4, 5, 6};
  isolatte::worker_pool workers{pool, {.workers = 2}};
  std::atomic<int> maps = 0;
  auto const done = [&](error_code ec, const std::vector<outcome<int>>& all) {
    for (std::size_t i = 0; !ec && i != all.size(); ++i)
      right += all[i].how() == ending::returned && all[i].value() == elements[i] * elements[i];
    if (++maps == 9) workers.stop();
  };
  in_threads(3, [&](int) {
    auto const square = [](int n) { return n * n; };
    isolatte::map_options const opts{.on_progress = [&](std::size_t, std::size_t) { ++completed; }};
    isolatte::async_map(pool, elements, square, opts, done);
    isolatte::async_map(workers, elements, square, opts, done);
    isolatte::async_map(pool, elements, square, {.max_concurrency = 2}, done);
  });
  pool.join();
  BOOST_TEST(right == 54);
  BOOST_TEST(completed == 36);
}

BOOST_AUTO_TEST_CASE(do_not_stop_a_server_that_is_made_beside_them) {
  // dl_iterate_phdr() holds the lock of the loader, which a fork copies in its locked state.
  std::atomic<bool> over = false;
  std::thread looker{[&] {
    while (!over) ::dl_iterate_phdr([](dl_phdr_info*, std::size_t, void*) { return 0; }, nullptr);
  }};
  isolatte::fork_server server{pool};
  constexpr int count = malloc_refuses ? 200 : 20;
  for (int i = 0; i != count; ++i) {
    std::promise<void> done;
    server.async_fork(call(add, 1, 2), {}, [&](error_code ec, const outcome<int>& what) {
      // A server that hangs would be replaced, and this operation would fail with it.
      right += is_three(ec, what);
      done.set_value();
    });
    done.get_future().wait();
    if (int const pid = server.pid(); pid != 0 && i % 4 == 0) {
      ::kill(pid, SIGKILL);
      wait_until_gone(pid);
    }
  }
  over = true;
  looker.join();
  pool.join();
  BOOST_TEST(right == count);
}

// This test has no thread pool in the fixture: its threads would not exist in the copy, and
// LeakSanitizer would report them.
BOOST_FIXTURE_TEST_CASE(leave_no_child_behind_a_program_that_leaves_main, nothing_left) {
  adopter const here;
  for (int i = 0; i != 10; ++i) {
    wire running;
    pid_t const program = bare_fork([&] {
      auto* const own = new asio::thread_pool{2};
      isolatte::options const opts{.die_with_parent = false, .fault_report = false};
      // Never destroyed, because threads use it while the program ends.
      auto& start = *new std::function<void()>;
      start = [&] {
        isolatte::async_fork(*own, hang, opts, [&](error_code, const outcome<void>&) { start(); });
        running.tell();
      };
      for (int each = 0; each != 4; ++each) asio::post(*own, start);
      running.await(4);
      leave_main(24);
    });
    BOOST_TEST(WEXITSTATUS(wait_for(program)) == 24);
    BOOST_TEST(here.adopted() == std::vector<int>{}, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace threads_test
