// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Runs jobs on the GPUs of this machine, a worker for each. The driver is loaded by the workers
// alone, and a job that breaks its device costs one worker. Exits with 77 if there is no device.
// `device_jobs [ELEMENTS [JOBS]]`

#include "device.hpp"

#include <isolatte.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace {

using device_jobs::device;
using device_jobs::device_error;
using clock = std::chrono::steady_clock;

constexpr int exit_without_device = 77;

//[worker
// The device of this worker. The program itself has none.
device* mine = nullptr;

void open_device() { mine = new device; }

template <class Work>
auto on_device(Work work) {
  try {
    return work();
  } catch (const device_error&) {
    // After an illegal address each later job would get that error, too.
    if (!mine->works()) isolatte::this_worker::retire("device error");
    throw;
  }
}

std::vector<float> scale_and_add(float factor, const std::vector<float>& x,
                                 const std::vector<float>& y) {
  return on_device([&] { return mine->scale_and_add(factor, x, y); });
}

void write_to_nowhere() {
  on_device([] { mine->write_to_nowhere(); });
}
//]

std::string name_of_device() { return mine->name(); }

//[slots
// A program that was given some of the devices shares out those.
std::vector<isolatte::worker_slot> one_for_each(std::size_t devices) {
  const char* const given = std::getenv("CUDA_VISIBLE_DEVICES");
  std::istringstream list{given != nullptr ? given : ""};
  std::vector<isolatte::worker_slot> slots;
  for (std::size_t i = 0; i != devices; ++i) {
    std::string name;
    if (!std::getline(list, name, ',')) name = std::to_string(i);
    slots.push_back({.environment = {{"CUDA_VISIBLE_DEVICES", name}}});
  }
  return slots;
}
//]

/// A vector with the right answer, which is computed here.
struct problem {
  explicit problem(std::size_t elements) : x(elements), y(elements), answer(elements) {
    for (std::size_t i = 0; i != elements; ++i) {
      x[i] = static_cast<float>(i % 1000);
      y[i] = static_cast<float>(i % 7);
      answer[i] = std::fma(factor, x[i], y[i]);
    }
  }

  const char* judge(const std::vector<float>& result) const {
    return result == answer ? "right" : "wrong";
  }

  float factor = 0.1F;
  std::vector<float> x;
  std::vector<float> y;
  std::vector<float> answer;
};

double milliseconds_since(clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(clock::now() - begin).count();
}

asio::awaitable<void> use_devices(isolatte::worker_pool& pool, std::size_t elements,
                                  std::size_t jobs) {
  problem const task{elements};
  auto const job = isolatte::call(scale_and_add, task.factor, task.x, task.y);

  auto const begin = clock::now();
  auto first = pool.async_run(job);
  auto const first_done = co_await std::move(first);
  std::cout << "the first job: " << task.judge(first_done.value()) << ", "
            << milliseconds_since(begin) << " ms with the start of the driver\n";

  auto all_started = pool.async_ready();
  co_await std::move(all_started);
  auto names = pool.async_run_everywhere(isolatte::call(name_of_device));
  for (auto const& done : co_await std::move(names))
    std::cout << "slot " << done.worker()->slot << ": " << done.value() << '\n';

  std::vector<double> times;
  std::size_t right = 0;
  for (std::size_t i = 0; i != jobs; ++i) {
    auto const job_begin = clock::now();
    auto one = pool.async_run(job);
    auto const done = co_await std::move(one);
    times.push_back(milliseconds_since(job_begin));
    if (done.value() == task.answer) ++right;
  }
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(jobs / 2),
                   times.end());
  std::cout << "later jobs: " << right << " of " << jobs << " right, " << times[jobs / 2]
            << " ms each (median)\n";

  //[broken
  auto harmful = pool.async_run(isolatte::call(write_to_nowhere));
  auto const failure = co_await std::move(harmful);
  try {
    failure.value();
    std::cout << "the harmful job: no error\n";
  } catch (const device_error& error) {
    std::cout << "the harmful job: " << error.what() << ", in worker "
              << failure.worker()->generation << '\n';
  }
  //]

  auto all_replaced = pool.async_ready();
  co_await std::move(all_replaced);
  auto again = pool.async_run_everywhere(job);
  for (auto const& done : co_await std::move(again))
    std::cout << "after it: " << task.judge(done.value()) << ", in worker "
              << done.worker()->generation << " of slot " << done.worker()->slot << '\n';
  for (auto const& [reason, workers] : pool.stats().retired)
    std::cout << "retired: " << workers << " because of \"" << reason << "\"\n";
}

}  // namespace

int main(int count, char** arguments) try {
  std::size_t const elements = count > 1 ? std::stoul(arguments[1]) : 10'000;
  std::size_t const jobs = count > 2 ? std::stoul(arguments[2]) : 100;
  if (elements == 0 || jobs == 0) throw std::invalid_argument{"at least one of each is needed"};

  //[count
  // A child asks the driver, because a process that has asked cannot have children that use it.
  auto const devices = isolatte::fork(device_jobs::device_names);
  //]
  if (devices.how() == isolatte::ending::threw || (devices && devices->empty())) {
    std::cout << "there is no device to run on: ";
    if (devices) std::cout << "the driver knows none\n";
    try {
      static_cast<void>(devices.value());
    } catch (const std::exception& error) {
      std::cout << error.what() << '\n';
    }
    return exit_without_device;
  }

  asio::io_context context;
  //[pool
  isolatte::worker_pool pool{context,
                             {.initializer = open_device,
                              .slots = one_for_each(devices.value().size()),
                              .on_start_failure = [](const isolatte::outcome<void>& what) {
                                std::cerr << "a worker has not started: " << what << '\n';
                              }}};
  //]
  std::exception_ptr failure;
  asio::co_spawn(context, use_devices(pool, elements, jobs), [&](std::exception_ptr error) {
    failure = error;
    pool.stop();
  });
  context.run();
  if (failure) std::rethrow_exception(failure);
} catch (const std::exception& error) {
  std::cerr << "device_jobs: " << error.what() << '\n';
  return EXIT_FAILURE;
}
