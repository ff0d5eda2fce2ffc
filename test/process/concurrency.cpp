// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "in_threads.hpp"
#include "support/nothing_left.hpp"
#include "support/sanitizers.hpp"

#include <isolatte.hpp>

#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <malloc.h>
#include <unistd.h>

namespace concurrency_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::async_fork;
using isolatte::ending;
using isolatte::options;
using isolatte::outcome;
using isolatte::test::in_threads;
using isolatte::test::nothing_left;

/// Jobs that end in every way that a child can bring about, with the expected ending.
struct job {
  int number;

  ending expected() const {
    static constexpr std::array endings{ending::returned, ending::threw,   ending::exited,
                                        ending::faulted,  ending::killed,  ending::signaled,
                                        ending::exited,   ending::returned};
    return endings[static_cast<std::size_t>(number) % endings.size()];
  }
  std::string operator()() const {
    switch (number % 8) {
      case 0: return "job " + std::to_string(number);
      case 1: throw std::out_of_range{std::to_string(number)};
      case 2: ::_exit(number % 256);
      case 3: std::abort();
      case 4: ::raise(SIGKILL); break;
      case 5: ::raise(SIGTERM); break;
      case 6: std::exit(number % 256);
      default: return std::string(100'000, static_cast<char>('a' + number % 26));
    }
    return {};
  }
  bool is_right(error_code ec, const outcome<std::string>& what) const {
    if (ec || what.how() != expected() || what.ran() != isolatte::ran::yes) return false;
    switch (number % 8) {
      case 0: return what.value() == "job " + std::to_string(number);
      case 1: try { what.value();
        } catch (const std::out_of_range& error) {
          return error.what() == std::to_string(number);
        }
        return false;
      case 2:
      case 6: return what.exit_code() == number % 256;
      case 3: return what.signal() == SIGABRT;
      case 4: return what.signal() == SIGKILL;
      case 5: return what.signal() == SIGTERM;
      default: return what.value() == std::string(100'000, static_cast<char>('a' + number % 26));
    }
  }
};

/// Bytes that malloc has handed out.
std::size_t memory_in_use() { return ::mallinfo2().uordblks; }

options plain() { return {.limits = {.core_size = 0}, .fault_report = false}; }

BOOST_AUTO_TEST_SUITE(concurrency)

BOOST_FIXTURE_TEST_CASE(of_threads_that_start_operations_and_run_the_loop, nothing_left) {
  asio::io_context context;
  auto work = asio::make_work_guard(context);
  std::atomic<int> right = 0;
  std::atomic<int> calls = 0;
  constexpr int threads = 4;
  constexpr int each = 60;
  in_threads(threads, [&](int thread) {
    for (int i = 0; i != each; ++i) {
      job const one{thread * each + i};
      async_fork(context, one, plain(), [&, one](error_code ec, outcome<std::string> what) {
        right += one.is_right(ec, what);
        // The last completion lets the loop run out of work.
        if (++calls == threads * each) work.reset();
      });
    }
    context.run();
  });
  BOOST_TEST(calls == threads * each);
  BOOST_TEST(right == threads * each);
}

BOOST_FIXTURE_TEST_CASE(of_operations_started_by_handlers, nothing_left) {
  asio::thread_pool pool{4};
  std::atomic<int> right = 0;
  std::function<void(int)> const start = [&](int depth) {
    if (depth == 0) return;
    for (int i = 0; i != 3; ++i) {
      job const one{depth * 3 + i};
      async_fork(pool, one, plain(), [&, one, depth](error_code ec, outcome<std::string> what) {
        right += one.is_right(ec, what);
        start(depth - 1);
      });
    }
  };
  start(4);
  pool.join();
  BOOST_TEST(right == 3 + 9 + 27 + 81);
}

/// The memory that this process shares with others and may write to, in pages.
std::size_t shared_pages() {
  std::ifstream maps{"/proc/self/maps"};
  std::size_t bytes = 0;
  for (std::string line; std::getline(maps, line);) {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::array<char, 5> rights{};
    if (std::sscanf(line.c_str(), "%zx-%zx %4s", &begin, &end, rights.data()) == 3 &&
        std::string_view{rights.data()} == "rw-s")
      bytes += end - begin;
  }
  return bytes / static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// A page that a child shares with the program must be in no other child, also if threads make
// children at the same time.
BOOST_FIXTURE_TEST_CASE(of_forks_that_each_pass_a_page, nothing_left) {
  std::size_t const alone = isolatte::fork(shared_pages, plain()).value();
  BOOST_REQUIRE(alone != 0);
  std::atomic<int> right = 0;
  in_threads(4, [&](int) {
    for (int i = 0; i != 50; ++i)
      right += isolatte::fork(shared_pages, plain()).value_or(0) == alone;
  });
  BOOST_TEST(right == 200);
}

BOOST_FIXTURE_TEST_CASE(of_blocking_forks_in_threads, nothing_left) {
  std::atomic<int> right = 0;
  in_threads(4, [&](int thread) {
    for (int i = 0; i != 25; ++i) {
      job const one{thread * 25 + i};
      right += one.is_right({}, isolatte::fork(one, plain()));
    }
  });
  BOOST_TEST(right == 100);
}

BOOST_FIXTURE_TEST_CASE(of_loops, nothing_left) {
  std::atomic<int> right = 0;
  in_threads(4, [&](int thread) {
    asio::io_context context{1};
    for (int i = 0; i != 25; ++i) {
      job const one{thread * 25 + i};
      async_fork(context, one, plain(), [&, one](error_code ec, outcome<std::string> what) {
        right += one.is_right(ec, what);
      });
    }
    context.run();
  });
  BOOST_TEST(right == 100);
}

BOOST_FIXTURE_TEST_CASE(of_handles_that_are_signalled_by_other_threads, nothing_left) {
  asio::thread_pool pool{2};
  std::atomic<int> right = 0;
  in_threads(3, [&](int) {
    for (int i = 0; i != 20; ++i) {
      auto one = isolatte::spawn_child(pool, [] {
        for (;;) ::pause();
      });
      std::promise<void> ended;
      one.async_wait([&](error_code ec, outcome<void> what) {
        right += !ec && what.how() == ending::cancelled && what.signal() == SIGKILL;
        ended.set_value();
      });
      one.terminate();
      ended.get_future().wait();
    }
  });
  BOOST_TEST(right == 60);
  pool.join();
}

BOOST_FIXTURE_TEST_CASE(of_cancellations_with_ends, nothing_left) {
  // A cancellation and the end of the child race. There has to be exactly one completion, and it
  // has to be true.
  asio::thread_pool pool{3};
  std::atomic<int> right = 0;
  constexpr int count = 150;
  struct shared {
    explicit shared(asio::any_io_executor ex) : strand{std::move(ex)} {}
    asio::strand<asio::any_io_executor> strand;
    asio::cancellation_signal stop;
  };
  for (int i = 0; i != count; ++i) {
    auto const state = std::make_shared<shared>(pool.get_executor());
    asio::post(state->strand, [&, state, i] {
      async_fork(
          state->strand, [i] { return i; }, {.grace = std::chrono::seconds{i % 2}},
          asio::bind_cancellation_slot(
              state->stop.slot(),
              asio::bind_executor(state->strand, [&, state, i](error_code ec, outcome<int> what) {
                bool const returned = !ec && what.how() == ending::returned && what.value() == i;
                bool const cancelled =
                    ec == asio::error::operation_aborted && what.how() == ending::cancelled;
                right += returned || cancelled;
              })));
      asio::post(state->strand, [state, i] {
        state->stop.emit(i % 3 == 0   ? asio::cancellation_type::terminal
                         : i % 3 == 1 ? asio::cancellation_type::partial
                                      : asio::cancellation_type::total);
      });
    });
  }
  pool.join();
  BOOST_TEST(right == count);
}

BOOST_FIXTURE_TEST_CASE(of_timeouts_with_ends, nothing_left) {
  asio::thread_pool pool{3};
  std::atomic<int> right = 0;
  constexpr int count = 150;
  for (int i = 0; i != count; ++i)
    async_fork(
        pool, [i] { return i; }, {.timeout = std::chrono::microseconds{i * 20}},
        [&, i](error_code ec, outcome<int> what) {
          bool const returned = what.how() == ending::returned && what.value() == i;
          right += !ec && (returned || what.how() == ending::timed_out);
        });
  pool.join();
  BOOST_TEST(right == count);
}

BOOST_FIXTURE_TEST_CASE(of_ten_thousand_children, nothing_left) {
  asio::io_context context;
  constexpr int count = isolatte::test::malloc_refuses ? 10'000 : 500;
  constexpr int at_once = 50;
  int right = 0;
  int next = 0;
  int last = 0;
  std::function<void()> const start = [&] {
    if (next == last) return;
    job const one{next++};
    async_fork(context, one, plain(), [&, one](error_code ec, outcome<std::string> what) {
      right += one.is_right(ec, what);
      start();
    });
  };
  auto const run_up_to = [&](int number) {
    last = number;
    for (int i = 0; i != at_once; ++i) start();
    context.restart();
    context.run();
  };
  run_up_to(count / 10);
  // By now everything that is kept for reuse has been allocated.
  std::size_t const memory_at_first = memory_in_use();
  run_up_to(count);
  BOOST_TEST(right == count);
  // Allows less than one byte for each operation.
  if (isolatte::test::malloc_refuses) BOOST_TEST(memory_in_use() < memory_at_first + count);
}

BOOST_FIXTURE_TEST_CASE(of_three_hundred_at_the_same_moment, nothing_left) {
  // No child can end before all have begun.
  asio::io_context context;
  int ends[2];
  BOOST_REQUIRE(::pipe(ends) == 0);
  int right = 0;
  constexpr int count = 300;
  for (int i = 0; i != count; ++i)
    async_fork(
        context,
        [&, i] {
          char byte;
          while (::read(ends[0], &byte, 1) > 0) {
          }
          return i;
        },
        {.keep = {ends[0]}},
        [&, i](error_code ec, outcome<int> what) { right += !ec && what.value() == i; });
  BOOST_TEST(isolatte::test::children().size() == std::size_t{count});
  ::close(ends[0]);
  ::close(ends[1]);
  context.run();
  BOOST_TEST(right == count);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace concurrency_test
