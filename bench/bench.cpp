// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Compares the library with a careful program that calls fork, pipe and waitpid by hand.
// tools/bench runs the rows interleaved and prints the ratios between them. The rows named "large"
// run with ISOLATTE_BENCH_MIB mebibytes of memory in use, 1024 by default.

#include <isolatte.hpp>

#include <benchmark/benchmark.h>
#include <boost/asio/io_context.hpp>
#include <boost/serialization/access.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

namespace asio = boost::asio;

[[noreturn]] void give_up(const char* step) {
  std::perror(step);
  std::_Exit(1);
}

// By hand: fork, one int through a pipe, waitpid.

struct raw_child {
  pid_t pid = -1;
  int fd = -1;
};

template <class Write>
raw_child start_raw(Write write_result) {
  int ends[2];
  if (::pipe(ends) == -1) give_up("pipe");
  pid_t const pid = ::fork();
  if (pid == -1) give_up("fork");
  if (pid == 0) {
    ::close(ends[0]);
    write_result(ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  return {pid, ends[0]};
}

void write_int(int fd) {
  int const answer = 42;
  if (::write(fd, &answer, sizeof answer) != sizeof answer) ::_exit(1);
}

void finish_raw(raw_child const& child) {
  int answer = 0;
  if (::read(child.fd, &answer, sizeof answer) != sizeof answer) give_up("read");
  ::close(child.fd);
  int status = 0;
  if (::waitpid(child.pid, &status, 0) != child.pid) give_up("waitpid");
  benchmark::DoNotOptimize(answer);
}

void raw_one() { finish_raw(start_raw(write_int)); }

void raw(benchmark::State& state) {
  for (auto _ : state) raw_one();
}

/// The number of jobs in one round: at least twice as many as are in flight, so that all of them
/// run for most of the time.
int round_of(benchmark::State& state) { return std::max(64, 2 * static_cast<int>(state.range(0))); }

/// Runs several children at a time by hand. poll() tells which child has written its int.
void raw_in_flight(benchmark::State& state) {
  auto const in_flight = static_cast<std::size_t>(state.range(0));
  auto const jobs = static_cast<std::size_t>(round_of(state));
  std::vector<raw_child> children;
  std::vector<pollfd> watched;
  for (auto _ : state) {
    std::size_t started = 0;
    for (std::size_t done = 0; done != jobs;) {
      while (children.size() != in_flight && started != jobs) {
        children.push_back(start_raw(write_int));
        watched.push_back({children.back().fd, POLLIN, 0});
        ++started;
      }
      if (::poll(watched.data(), watched.size(), -1) == -1) {
        if (errno == EINTR) continue;
        give_up("poll");
      }
      for (std::size_t i = 0; i != children.size();) {
        if (watched[i].revents == 0) {
          ++i;
          continue;
        }
        finish_raw(children[i]);
        ++done;
        std::swap(children[i], children.back());
        std::swap(watched[i], watched.back());
        children.pop_back();
        watched.pop_back();
      }
    }
  }
  state.SetItemsProcessed(state.iterations() * round_of(state));
}

// The library.

int answer() { return 42; }

void blocking(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(isolatte::fork(answer).value());
}

void async(benchmark::State& state) {
  asio::io_context context{1};
  for (auto _ : state) {
    isolatte::async_fork(context, answer, {},
                         [](boost::system::error_code error, isolatte::outcome<int> result) {
                           if (error) std::abort();
                           benchmark::DoNotOptimize(result.value());
                         });
    context.run();
    context.restart();
  }
}

/// Runs without every option that costs something: the least that the library itself adds.
void async_bare(benchmark::State& state) {
  asio::io_context context{1};
  for (auto _ : state) {
    isolatte::async_fork(context, answer,
                         {.in = isolatte::inherit,
                          .err = isolatte::inherit,
                          .kill_tree = false,
                          .die_with_parent = false,
                          .fault_report = false},
                         [](boost::system::error_code error, isolatte::outcome<int> result) {
                           if (error) std::abort();
                           benchmark::DoNotOptimize(result.value());
                         });
    context.run();
    context.restart();
  }
}

class crowd {
 public:
  crowd(asio::io_context& context, int jobs) : context_{context}, left_{jobs} {}

  void start() {
    if (left_ == 0) return;
    --left_;
    isolatte::async_fork(context_, answer, {},
                         [this](boost::system::error_code error, isolatte::outcome<int> result) {
                           if (error) std::abort();
                           benchmark::DoNotOptimize(result.value());
                           start();
                         });
  }

 private:
  asio::io_context& context_;
  int left_;
};

void async_in_flight(benchmark::State& state) {
  int const in_flight = static_cast<int>(state.range(0));
  asio::io_context context{1};
  for (auto _ : state) {
    crowd all{context, round_of(state)};
    for (int i = 0; i != in_flight; ++i) all.start();
    context.run();
    context.restart();
  }
  state.SetItemsProcessed(state.iterations() * round_of(state));
}

struct record {
  int sections = 0;
  long symbols = 0;
  std::string largest;
  std::vector<std::string> needed;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & sections & symbols & largest & needed;
  }
};

void async_struct(benchmark::State& state) {
  asio::io_context context{1};
  for (auto _ : state) {
    isolatte::async_fork(
        context,
        [] {
          return record{31, 4096, "a_function_with_quite_a_long_name", {"libc.so.6", "libm.so.6"}};
        },
        {},
        [](boost::system::error_code error, isolatte::outcome<record> result) {
          if (error) std::abort();
          benchmark::DoNotOptimize(result.value().symbols);
        });
    context.run();
    context.restart();
  }
}

void async_fault(benchmark::State& state) {
  asio::io_context context{1};
  for (auto _ : state) {
    isolatte::async_fork(
        context, [] { std::raise(SIGSEGV); }, {.limits = {.core_size = 0}},
        [](boost::system::error_code error, isolatte::outcome<void> result) {
          if (error || result.how() != isolatte::ending::faulted) std::abort();
        });
    context.run();
    context.restart();
  }
}

void raw_fault(benchmark::State& state) {
  for (auto _ : state) {
    pid_t const pid = ::fork();
    if (pid == -1) give_up("fork");
    if (pid == 0) ::_exit(std::raise(SIGSEGV));
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid) give_up("waitpid");
  }
}

// Sandboxes.

template <isolatte::sandbox (*Box)()>
void async_sandboxed(benchmark::State& state) {
  asio::io_context context{1};
  for (auto _ : state) {
    isolatte::async_fork(context, answer, {.sandbox = Box()},
                         [](boost::system::error_code error, isolatte::outcome<int> result) {
                           if (error) std::abort();
                           benchmark::DoNotOptimize(result.value());
                         });
    context.run();
    context.restart();
  }
}

isolatte::sandbox reads_files() { return isolatte::sandbox::reader({"/usr", "/etc"}); }
isolatte::sandbox has_network() { return {.network = isolatte::any_network}; }
isolatte::sandbox has_processes() { return {.execute = {"/usr"}, .processes = true}; }
isolatte::sandbox has_empty_network() { return {.isolate = {.network = true}}; }
isolatte::sandbox has_own_processes() { return {.isolate = {.processes = true}}; }

// A fork server.

struct early_server {
  asio::io_context context{1};
  isolatte::fork_server server{context};
  isolatte::fork_server sandboxed{context, {.sandbox = isolatte::sandbox::pure()}};
};

/// Set by main() while the program is small, because the server keeps the size of that moment.
early_server* early = nullptr;

void serve_one() {
  early->server.async_fork(isolatte::call(answer), {},
                           [](boost::system::error_code error, isolatte::outcome<int> result) {
                             if (error) std::abort();
                             benchmark::DoNotOptimize(result.value());
                           });
  early->context.run();
  early->context.restart();
}

void serve_sandboxed_one() {
  early->sandboxed.async_fork(isolatte::call(answer), {},
                              [](boost::system::error_code error, isolatte::outcome<int> result) {
                                if (error) std::abort();
                                benchmark::DoNotOptimize(result.value());
                              });
  early->context.run();
  early->context.restart();
}

void server_sandboxed(benchmark::State& state) {
  for (auto _ : state) serve_sandboxed_one();
}

void server(benchmark::State& state) {
  for (auto _ : state) serve_one();
}

/// Measures one job at a time, with a pause after each. So no job is measured while the end of the
/// previous one is still being handled.
template <void (*Job)()>
void now_and_then(benchmark::State& state) {
  using clock = std::chrono::steady_clock;
  constexpr std::chrono::microseconds pause{500};
  for (auto _ : state) {
    auto const start = clock::now();
    Job();
    auto const end = clock::now();
    state.SetIterationTime(std::chrono::duration<double>(end - start).count());
    // Spins, because a sleeping processor would slow the next job down.
    while (clock::now() - end < pause) {
    }
  }
}

class served_crowd {
 public:
  explicit served_crowd(int jobs) : left_{jobs} {}

  void start() {
    if (left_ == 0) return;
    --left_;
    early->server.async_fork(
        isolatte::call(answer), {},
        [this](boost::system::error_code error, isolatte::outcome<int> result) {
          if (error) std::abort();
          benchmark::DoNotOptimize(result.value());
          start();
        });
  }

 private:
  int left_;
};

void server_in_flight(benchmark::State& state) {
  int const in_flight = static_cast<int>(state.range(0));
  for (auto _ : state) {
    served_crowd all{round_of(state)};
    for (int i = 0; i != in_flight; ++i) all.start();
    early->context.run();
    early->context.restart();
  }
  state.SetItemsProcessed(state.iterations() * round_of(state));
}

// A fork server with warm state.

char* warm_state = nullptr;

void make_state(std::size_t mebibytes) {
  std::size_t const bytes = mebibytes * 1024 * 1024;
  warm_state = new char[bytes];
  std::fill(warm_state, warm_state + bytes, 'x');
  benchmark::DoNotOptimize(warm_state);
  benchmark::ClobberMemory();
}

/// Starts a fresh child with so many mebibytes of preloaded state.
void server_warm(benchmark::State& state) {
  asio::io_context context{1};
  isolatte::fork_server server{
      context,
      {.preload = isolatte::call(make_state, static_cast<std::size_t>(state.range(0))),
       .huge_pages = state.range(1) != 0}};
  auto const run = [&] {
    server.async_fork(isolatte::call(answer), {},
                      [](boost::system::error_code error, isolatte::outcome<int> result) {
                        if (error) std::abort();
                        benchmark::DoNotOptimize(result.value());
                      });
    context.run();
    context.restart();
  };
  run();
  for (auto _ : state) run();
}

/// Runs another row in a program with much memory in use.
template <void (*Row)(benchmark::State&)>
void large(benchmark::State& state) {
  char const* const said = std::getenv("ISOLATTE_BENCH_MIB");
  std::size_t const mebibytes = said ? std::strtoul(said, nullptr, 10) : 1024;
  std::vector<char> memory(mebibytes * 1024 * 1024, 'x');
  benchmark::DoNotOptimize(memory.data());
  Row(state);
}

// 64 MiB of doubles.

constexpr std::size_t doubles = std::size_t{64} * 1024 * 1024 / sizeof(double);

std::vector<double> many() { return std::vector<double>(doubles, 1.5); }

void async_64MiB(benchmark::State& state) {
  asio::io_context context{1};
  for (auto _ : state) {
    isolatte::async_fork(
        context, many, {},
        [](boost::system::error_code error, isolatte::outcome<std::vector<double>> result) {
          if (error || result.value().size() != doubles) std::abort();
        });
    context.run();
    context.restart();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(doubles * sizeof(double)));
}

/// Sends the doubles the obvious way: one by one into a stringstream, then through a pipe.
void naive_64MiB(benchmark::State& state) {
  for (auto _ : state) {
    raw_child const child = start_raw([](int fd) {
      std::vector<double> const values = many();
      std::ostringstream stream;
      std::size_t const size = values.size();
      stream.write(reinterpret_cast<const char*>(&size), sizeof size);
      for (double const value : values)
        stream.write(reinterpret_cast<const char*>(&value), sizeof value);
      std::string const bytes = stream.str();
      for (std::size_t at = 0; at != bytes.size();) {
        ssize_t const count = ::write(fd, bytes.data() + at, bytes.size() - at);
        if (count == -1) ::_exit(1);
        at += static_cast<std::size_t>(count);
      }
    });
    std::stringstream stream;
    std::vector<char> buffer(64 * 1024);
    for (ssize_t count; (count = ::read(child.fd, buffer.data(), buffer.size())) != 0;) {
      if (count == -1) give_up("read");
      stream.write(buffer.data(), count);
    }
    ::close(child.fd);
    int status = 0;
    if (::waitpid(child.pid, &status, 0) != child.pid) give_up("waitpid");
    std::size_t size = 0;
    stream.read(reinterpret_cast<char*>(&size), sizeof size);
    std::vector<double> values(size);
    for (double& value : values) stream.read(reinterpret_cast<char*>(&value), sizeof value);
    if (values.size() != doubles) std::abort();
    benchmark::DoNotOptimize(values.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(doubles * sizeof(double)));
}

/// Sends the doubles by hand in whole arrays.
void raw_64MiB(benchmark::State& state) {
  for (auto _ : state) {
    raw_child const child = start_raw([](int fd) {
      std::vector<double> const values = many();
      auto const* const bytes = reinterpret_cast<const char*>(values.data());
      for (std::size_t at = 0; at != doubles * sizeof(double);) {
        ssize_t const count = ::write(fd, bytes + at, doubles * sizeof(double) - at);
        if (count == -1) ::_exit(1);
        at += static_cast<std::size_t>(count);
      }
    });
    std::vector<double> values(doubles);
    auto* const bytes = reinterpret_cast<char*>(values.data());
    for (std::size_t at = 0; at != doubles * sizeof(double);) {
      ssize_t const count = ::read(child.fd, bytes + at, doubles * sizeof(double) - at);
      if (count <= 0) give_up("read");
      at += static_cast<std::size_t>(count);
    }
    ::close(child.fd);
    int status = 0;
    if (::waitpid(child.pid, &status, 0) != child.pid) give_up("waitpid");
    benchmark::DoNotOptimize(values.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(doubles * sizeof(double)));
}

// The number of iterations is fixed, so that the rows of one repetition run close together in time.
// Otherwise the drift of the machine would show up as a difference between rows.
BENCHMARK(raw)->UseRealTime()->Iterations(100);
BENCHMARK(async)->UseRealTime()->Iterations(100);
BENCHMARK(async_bare)->UseRealTime()->Iterations(100);
BENCHMARK(blocking)->UseRealTime()->Iterations(100);
BENCHMARK(async_struct)->UseRealTime()->Iterations(100);
BENCHMARK(raw_in_flight)->Arg(1)->Arg(16)->Arg(1000)->UseRealTime()->Iterations(1);
BENCHMARK(async_in_flight)->Arg(1)->Arg(16)->Arg(1000)->UseRealTime()->Iterations(1);
BENCHMARK(raw_fault)->UseRealTime()->Iterations(50);
BENCHMARK(async_fault)->UseRealTime()->Iterations(50);
BENCHMARK(async_sandboxed<isolatte::sandbox::pure>)
    ->Name("async_pure")
    ->UseRealTime()
    ->Iterations(100);
BENCHMARK(async_sandboxed<reads_files>)->Name("async_reader")->UseRealTime()->Iterations(100);
BENCHMARK(async_sandboxed<has_network>)->Name("async_network")->UseRealTime()->Iterations(100);
BENCHMARK(async_sandboxed<has_processes>)->Name("async_processes")->UseRealTime()->Iterations(100);
BENCHMARK(async_sandboxed<has_empty_network>)
    ->Name("async_empty_network")
    ->UseRealTime()
    ->Iterations(100);
BENCHMARK(async_sandboxed<has_own_processes>)
    ->Name("async_own_processes")
    ->UseRealTime()
    ->Iterations(100);
BENCHMARK(server_sandboxed)->UseRealTime()->Iterations(100);
BENCHMARK(server)->UseRealTime()->Iterations(100);
BENCHMARK(server_warm)
    ->Args({64, 0})
    ->Args({64, 1})
    ->Args({256, 0})
    ->Args({256, 1})
    ->Args({1024, 0})
    ->Args({1024, 1})
    ->UseRealTime()
    ->Iterations(100);
BENCHMARK(server_in_flight)->Arg(1)->Arg(16)->Arg(1000)->UseRealTime()->Iterations(1);
BENCHMARK(now_and_then<raw_one>)->Name("raw_now_and_then")->UseManualTime()->Iterations(100);
BENCHMARK(now_and_then<serve_one>)->Name("server_now_and_then")->UseManualTime()->Iterations(100);
BENCHMARK(large<now_and_then<serve_one>>)
    ->Name("server_large_now_and_then")
    ->UseManualTime()
    ->Iterations(100);
BENCHMARK(large<raw>)->Name("raw_large")->UseRealTime()->Iterations(5);
BENCHMARK(large<async>)->Name("async_large")->UseRealTime()->Iterations(5);
BENCHMARK(large<server>)->Name("server_large")->UseRealTime()->Iterations(100);
BENCHMARK(naive_64MiB)->UseRealTime()->Iterations(1);
BENCHMARK(raw_64MiB)->UseRealTime()->Iterations(1);
BENCHMARK(async_64MiB)->UseRealTime()->Iterations(1);

}  // namespace

int main(int count, char** arguments) {
  early_server first;
  early = &first;
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
