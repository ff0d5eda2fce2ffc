// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Jobs that talk: a conversation without a message, messages of two sizes, and progress that is
// reported in an innermost loop. A call of a resident is compared with a job of a pool.

#include "by_hand.hpp"
#include "counters.hpp"
#include "jobs.hpp"
#include "rows.hpp"

#include <isolatte/async_fork.hpp>
#include <isolatte/call.hpp>
#include <isolatte/channel.hpp>
#include <isolatte/on_message.hpp>
#include <isolatte/resident.hpp>
#include <isolatte/serialization.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace {

template <class F>
void run_job(boost::asio::io_context& context, F f, isolatte::options const& opts = {}) {
  isolatte::async_fork(context, std::move(f), opts, expect_value{});
  run_all(context);
}

/// A job that says nothing. The row without a conversation is async/int.
template <class F>
void silent_int(benchmark::State& state, F f) {
  boost::asio::io_context context{1};
  counted const counts{state};
  for (auto _ : state) run_job(context, f);
}

int answer_untaken(isolatte::channel<int>&) { return answer(); }
int answer_with_token(std::stop_token) { return answer(); }

/// Ends the benchmark unless so many messages have arrived.
void expect_count(std::size_t found, std::size_t wanted) {
  if (found == wanted) return;
  std::cerr << found << " messages arrived instead of " << wanted << '\n';
  std::abort();
}

/// One job that posts the same message many times.
template <class Message>
void post(benchmark::State& state, Message const& message, std::size_t count,
          isolatte::options const& opts = {}) {
  boost::asio::io_context context{1};
  counted const counts{state, static_cast<std::int64_t>(count)};
  for (auto _ : state) {
    std::size_t found = 0;
    auto const job = [&message, count](isolatte::channel<Message>& channel) {
      for (std::size_t i = 0; i != count; ++i) channel.post(message);
    };
    run_job(context, isolatte::on_message(job, [&found](Message&&) { ++found; }), opts);
    expect_count(found, count);
  }
}

constexpr std::size_t small_size = 64;
constexpr std::size_t small_count = 300'000;

/// Writes as many bytes, 64 at a time, to a pipe.
void raw_post(benchmark::State& state) {
  counted const counts{state, small_count};
  for (auto _ : state) {
    raw_child const child = start_raw([](int fd) {
      std::string const message(small_size, 'x');
      for (std::size_t i = 0; i != small_count; ++i) write_all(fd, message.data(), small_size);
    });
    std::vector<char> messages(1024 * small_size);
    std::size_t found = 0;
    for (ssize_t bytes; (bytes = ::read(child.fd, messages.data(), messages.size())) != 0;) {
      if (bytes == -1) give_up("read");
      found += static_cast<std::size_t>(bytes);
    }
    reap_raw(child);
    expect_count(found / small_size, small_count);
  }
}

constexpr std::size_t mebibyte = 1024 * 1024;

void post_large(benchmark::State& state, std::size_t window) {
  std::vector<double> const message(mebibyte / sizeof(double), 1.5);
  post(state, message, 200, {.message_window = window});
  state.counters["bytes"] = static_cast<double>(mebibyte);
}

struct progress {
  long step = 0;
  double error = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & step & error;
  }
};

constexpr long steps = 100'000;

/// A step of a computation, about a microsecond. Not inlined, so that the step is the same code
/// with and without a report.
[[gnu::noinline]] double compute(double from) {
  for (int i = 0; i != 600; ++i) from = from * 0.999 + 0.5;
  return from;
}

/// Computes, and reports each step.
template <class Report>
double work(Report report) {
  double error = 1;
  for (long step = 0; step != steps; ++step) {
    error = compute(error);
    report(progress{step, error});
  }
  return error;
}

void silent_work(benchmark::State& state) {
  silent_int(state, [] { return work([](progress) {}); });
}

void reported_work(benchmark::State& state) {
  silent_int(state, isolatte::on_message(
                        [](isolatte::channel<progress>& channel) {
                          return work([&](progress now) { channel.post_latest(now); });
                        },
                        [](progress now) { benchmark::DoNotOptimize(now); }));
}

constexpr int calls = 20'000;

/// Runs small calls in a warm process.
template <class Start>
void run_calls(benchmark::State& state, boost::asio::io_context& context, int in_flight,
               Start start) {
  crowd all{context, std::move(start)};
  all.run(calls / 20, in_flight);
  counted const counts{state, calls};
  for (auto _ : state) all.run(calls, in_flight);
}

void pool_int(benchmark::State& state, int in_flight) {
  boost::asio::io_context context{1};
  isolatte::worker_pool pool{context, {.workers = 1}};
  run_calls(state, context, in_flight, [&pool](auto handler) {
    pool.async_run(isolatte::call(answer), {}, std::move(handler));
  });
  pool.stop();
  run_all(context);
}

int next(int& number) { return ++number; }

void resident_int(benchmark::State& state, int in_flight) {
  boost::asio::io_context context{1};
  isolatte::resident<int> number{context, isolatte::call(answer)};
  run_calls(state, context, in_flight, [&number](auto handler) {
    number.async_call(isolatte::call(next), {}, std::move(handler));
  });
  number.stop();
  run_all(context);
}

}  // namespace

void add_talk_rows() {
  add_row("async_untaken/int", 100, [](auto& state) { silent_int(state, answer_untaken); });
  add_row("async_listened/int", 100,
          [](auto& state) { silent_int(state, isolatte::on_message(answer_untaken, [](int) {})); });
  add_row("async_stop/int", 100, [](auto& state) { silent_int(state, answer_with_token); });

  add_row("raw/post/bytes:64", 1, raw_post);
  add_row("talk/post/bytes:64", 1,
          [](auto& state) { post(state, std::string(small_size, 'x'), small_count); });
  add_row("talk/transfer/KiB:1024", 1, [](auto& state) { post_large(state, 64 * 1024); });
  add_row("talk_wide/transfer/KiB:1024", 1, [](auto& state) { post_large(state, 8 * mebibyte); });

  add_row("async/work", 3, silent_work);
  add_row("talk_latest/work", 3, reported_work);

  for (int const in_flight : {1, 16}) {
    std::string const parameters = "/int/workers:1/in_flight:" + std::to_string(in_flight);
    add_row("pool" + parameters, 1, [=](auto& state) { pool_int(state, in_flight); });
    add_row("resident" + parameters, 1, [=](auto& state) { resident_int(state, in_flight); });
  }
}
