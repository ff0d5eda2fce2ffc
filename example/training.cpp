// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Trains a small network in a child, with a progress bar and a stop button: at Ctrl-C the child
// returns the best network so far. A second Ctrl-C kills the child. `training [EPOCHS [PRESS_AT]]`:
// with 0 for EPOCHS the training goes on until it is stopped; PRESS_AT is an epoch at which the
// program presses Ctrl-C itself.

#include <isolatte.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <limits>
#include <random>
#include <stop_token>
#include <string>
#include <vector>

namespace asio = boost::asio;

namespace {

/// A point, and whether it lies within the ring that the network is to know.
struct sample {
  double x, y, is_inside;
};

std::vector<sample> make_samples(std::mt19937& random) {
  std::uniform_real_distribution<double> coordinate{-1, 1};
  std::vector<sample> samples(200);
  for (auto& [x, y, is_inside] : samples) {
    x = coordinate(random);
    y = coordinate(random);
    double const radius = std::hypot(x, y);
    is_inside = radius > 0.4 && radius < 0.9 ? 1 : 0;
  }
  return samples;
}

/// Two inputs, one hidden layer, one output.
class network {
 public:
  network() = default;
  explicit network(std::mt19937& random) {
    std::normal_distribution<double> weight;
    for (auto& each : hidden_) each = {weight(random), weight(random), weight(random), 0};
  }

  /// Learns each sample once, and returns the mean of their errors.
  double learn(const std::vector<sample>& samples) {
    constexpr double rate = 0.2;
    double sum = 0;
    for (auto const& [x, y, is_inside] : samples) {
      std::array<double, size> active{};
      double output = bias_;
      for (std::size_t i = 0; i != size; ++i) {
        active[i] = std::tanh(hidden_[i][0] * x + hidden_[i][1] * y + hidden_[i][2]);
        output += hidden_[i][3] * active[i];
      }
      double const error = 1 / (1 + std::exp(-output)) - is_inside;
      sum += error * error;
      bias_ -= rate * error;
      for (std::size_t i = 0; i != size; ++i) {
        double const slope = error * hidden_[i][3] * (1 - active[i] * active[i]);
        hidden_[i][0] -= rate * slope * x;
        hidden_[i][1] -= rate * slope * y;
        hidden_[i][2] -= rate * slope;
        hidden_[i][3] -= rate * error * active[i];
      }
    }
    return sum / static_cast<double>(samples.size());
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & hidden_ & bias_;
  }

 private:
  static constexpr std::size_t size = 12;
  /// The weights of x, of y, of a constant, and of the output.
  std::array<std::array<double, 4>, size> hidden_{};
  double bias_ = 0;
};

constexpr long endless = std::numeric_limits<long>::max();

//[train
struct progress {
  long epoch = 0;
  double error = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & epoch & error;
  }
};

struct training {
  long epochs = 0;
  long best_epoch = 0;
  double least_error = std::numeric_limits<double>::infinity();
  network best;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & epochs & best_epoch & least_error & best;
  }
};

// The error goes up and down, so the last network is seldom the best one.
training train(std::stop_token stop, isolatte::channel<progress>& report, long most) {
  std::mt19937 random{1};
  auto const samples = make_samples(random);
  network learner{random};
  training all;
  while (all.epochs != most && !stop.stop_requested()) {
    double const error = learner.learn(samples);
    ++all.epochs;
    if (error < all.least_error) {
      all.best_epoch = all.epochs;
      all.least_error = error;
      all.best = learner;
    }
    report.post_latest({all.epochs, error});  // never waits
  }
  return all;
}
//]

/// Draws the progress, and presses the button if it is told to.
class display {
 public:
  display(long epochs, long press_at) : epochs_{epochs}, press_at_{press_at} {}

  void show(const progress& now) {
    constexpr long width = 40;
    std::string bar;
    if (epochs_ != endless) {
      bar.assign(static_cast<std::size_t>(width * now.epoch / epochs_), '#');
      bar.resize(width, '.');
    }
    std::cerr << '\r' << bar << " epoch " << now.epoch << ", error " << now.error << "   ";
    if (press_at_ != 0 && now.epoch >= press_at_) {
      press_at_ = 0;
      std::raise(SIGINT);
    }
  }

 private:
  long epochs_;
  long press_at_;
};

//[watch
using job = isolatte::child<training, progress>;

// The first Ctrl-C is polite.
asio::awaitable<void> await_button(asio::signal_set& button, job& running) {
  co_await button.async_wait(asio::deferred);
  running.request_stop();
  co_await button.async_wait(asio::deferred);
  running.terminate();
}

asio::awaitable<void> watch(long epochs, display bar) {
  auto const executor = co_await asio::this_coro::executor;
  asio::signal_set button{executor, SIGINT};
  job running = isolatte::spawn_child(executor, isolatte::call(train, epochs));
  asio::co_spawn(executor, await_button(button, running), [](std::exception_ptr) {});

  for (;;) {
    auto const [end, now] = co_await running.async_receive(asio::as_tuple(asio::deferred));
    if (end) break;
    bar.show(now);
  }
  std::cerr << '\n';

  isolatte::outcome<training> const result = co_await running.async_wait();
  button.cancel();
  if (result)
    std::cout << (result->epochs == epochs ? "finished" : "stopped") << " after " << result->epochs
              << " epochs; epoch " << result->best_epoch << " is the best, with an error of "
              << result->least_error << '\n';
  else
    std::cout << result << '\n';
}
//]

}  // namespace

int main(int count, char** arguments) {
  long epochs = count > 1 ? std::atol(arguments[1]) : 20'000;
  if (epochs == 0) epochs = endless;
  long const press_at = count > 2 ? std::atol(arguments[2]) : 0;

  asio::io_context context;
  asio::co_spawn(context, watch(epochs, {epochs, press_at}), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  context.run();
}
