// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Talks with running jobs: progress, results as they come, questions and answers, polite stops, and
// what remains of a conversation after a crash.

#include <isolatte.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

//[listener
int work(isolatte::channel<std::string>& report) {
  report.post("loading");
  report.post("computing");
  return 42;
}

asio::awaitable<void> listen() {
  auto const executor = co_await asio::this_coro::executor;
  auto const listened =
      isolatte::on_message(work, [](std::string what) { std::cout << "now " << what << '\n'; });
  auto const result = co_await isolatte::async_fork(executor, listened);
  std::cout << "the answer is " << result.value() << '\n';
}
//]

//[both
// Answers each word with its length.
int answer(isolatte::channel<std::size_t, std::string>& talk) {
  int words = 0;
  while (auto const word = talk.receive()) {
    talk.post(word->size());
    ++words;
  }
  return words;
}

asio::awaitable<void> ask() {
  auto const executor = co_await asio::this_coro::executor;
  isolatte::child<int, std::size_t, std::string> job = isolatte::spawn_child(executor, answer);
  for (std::string const word : {"isolated", "late"}) {
    co_await job.async_send(word);
    std::cout << word << " has " << co_await job.async_receive() << " letters\n";
  }
  job.close_input();  // that was the last one
  auto const result = co_await job.async_wait();
  std::cout << result.value() << " words were asked for\n";
}
//]

//[crash
asio::awaitable<void> crash() {
  auto const executor = co_await asio::this_coro::executor;
  isolatte::child<void, int> job =
      isolatte::spawn_child(executor, [](isolatte::channel<int>& found) {
        for (int i = 1; i != 4; ++i) found.post(i);
        std::abort();
      });
  for (;;) {
    auto const [end, number] = co_await job.async_receive(asio::as_tuple(asio::deferred));
    if (end) {
      std::cout << end.message() << '\n';
      break;
    }
    std::cout << "found " << number << '\n';
  }
  std::cout << "and then " << co_await job.async_wait() << '\n';
}
//]

//[stop
// Counts until it is asked to stop.
long count(std::stop_token stop) {
  long steps = 0;
  while (!stop.stop_requested()) ++steps;
  return steps;
}

asio::awaitable<void> stops() {
  auto const executor = co_await asio::this_coro::executor;

  isolatte::child<long> counting = isolatte::spawn_child(executor, count);
  counting.request_stop();
  auto const asked = co_await counting.async_wait();
  std::cout << "asked: " << asked.how() << (asked ? ", with a value" : ", without") << '\n';

  // The token is asked at the timeout, and the child killed ten minutes later.
  auto const late =
      co_await isolatte::async_fork(executor, count, {.timeout = 50ms, .grace = 10min});
  std::cout << "late: " << late.how() << (late ? ", with a value" : ", without") << '\n';
}
//]

//[wakes
// Sleeps until there is something to do, or it is asked to stop.
std::string doze(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock{mutex};
  bool is_work_there = false;
  woken.wait(lock, stop, [&] { return is_work_there; });
  return stop.stop_requested() ? "woken by the request" : "woken by work";
}
//]

asio::awaitable<void> wake() {
  auto const executor = co_await asio::this_coro::executor;
  isolatte::child<std::string> dozing = isolatte::spawn_child(executor, doze);
  dozing.request_stop();
  auto const result = co_await dozing.async_wait();
  std::cout << result.value() << '\n';
}

asio::awaitable<void> from_server(isolatte::fork_server& server) {
  //[server
  isolatte::child<int, std::size_t, std::string> job = server.spawn_child(isolatte::call(answer));
  co_await job.async_send("anywhere");
  std::cout << "the server's child counts " << co_await job.async_receive() << " letters\n";
  job.close_input();
  std::cout << "and ends: " << (co_await job.async_wait()).how() << '\n';
  //]
}

//[pool
asio::awaitable<void> in_pool(isolatte::worker_pool& pool) {
  isolatte::child<long> counting = pool.spawn_job(isolatte::call(count));
  counting.request_stop();  // waits for the job if no worker has begun it
  auto const result = co_await counting.async_wait();
  std::cout << "in a pool: " << result.how() << ", and " << pool.stats().restarts
            << " workers are replaced\n";
}
//]

//[map
asio::awaitable<void> map(isolatte::worker_pool& pool) {
  auto const length = isolatte::on_message(
      [](isolatte::channel<std::string>& report, const std::string& word) {
        report.post("measuring " + word);
        return word.size();
      },
      [](std::string what) { std::cout << what << '\n'; });
  auto operation = isolatte::async_map(pool, std::vector<std::string>{"one", "three"}, length);
  for (auto const& each : co_await std::move(operation)) std::cout << each.value() << '\n';
}
//]

asio::awaitable<void> all(isolatte::fork_server& server, isolatte::worker_pool& pool) {
  co_await listen();
  co_await ask();
  co_await crash();
  co_await stops();
  co_await wake();
  co_await from_server(server);
  co_await in_pool(pool);
  co_await map(pool);
  pool.stop();
}

}  // namespace

int main() {
  asio::io_context context;
  isolatte::fork_server server{context};
  isolatte::worker_pool pool{context, {.workers = 2}};
  asio::co_spawn(context, all(server, pool), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  context.run();
}
