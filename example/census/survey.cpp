// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "survey.hpp"

#include "damage.hpp"
#include "temporary_folder.hpp"
#include "trusting_reader.hpp"

#include <isolatte/async_fork.hpp>
#include <isolatte/call.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <csignal>
#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace census {

namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

/// Runs in the child; only its result or its exception reaches the program. The arguments are
/// transportable, so a warm worker can run it, too.
elf_facts read(const specimen& what, const std::filesystem::path& copy) {
  if (what.harm == damage::none) return read_trustingly(what.program);
  write_damaged_copy(what, copy);
  return read_trustingly(copy);
}

isolatte::options options_for(const settings& how) {
  return {
      .out = isolatte::discard,
      .err = isolatte::capture{},
      .timeout = how.timeout,
      .limits = {.address_space = how.memory, .core_size = 0},
  };
}

class survey {
 public:
  survey(const std::vector<specimen>& specimens, const settings& how,
         const std::function<void(const finding&)>& progress)
      : specimens_{specimens}, options_{options_for(how)}, progress_{progress}, stop_(how.jobs) {
    found_.resize(specimens.size());
    if (how.warm)
      pool_.emplace(loop_, isolatte::pool_options{.workers = how.jobs, .worker = options_});
  }

  results run() {
    auto const start = steady_clock::now();
    signals_.async_wait([this](boost::system::error_code error, int signal) {
      if (!error) cut_short(signal);
    });
    working_ = stop_.size();
    for (std::size_t i = 0; i != stop_.size(); ++i)
      asio::co_spawn(
          loop_, work(i),
          asio::bind_cancellation_slot(stop_[i].slot(), [this](std::exception_ptr error) {
            if (error) std::rethrow_exception(error);
            if (--working_ == 0) all_done();
          }));
    asio::co_spawn(loop_, beat(), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
    loop_.run();

    results_.asked = specimens_.size();
    results_.wall = steady_clock::now() - start;
    for (std::optional<finding>& one : found_)
      if (one) results_.findings.push_back(std::move(*one));
    return std::move(results_);
  }

 private:
  /// Takes the next specimen until none is left. Several of these coroutines run at once.
  asio::awaitable<void> work(std::size_t number) {
    auto const copy = folder_.path() / ("copy-" + std::to_string(number));
    while (next_ != specimens_.size()) {
      std::size_t const index = next_++;
      specimen const& what = specimens_[index];
      // The error code is not looked at: if no child could be created, the outcome holds that
      // error, too.
      isolatte::outcome<elf_facts> outcome;
      if (pool_)
        outcome = co_await read_warm(what, copy);
      else
        outcome = co_await read_fresh(what, copy);
      found_[index] = finding{what, std::move(outcome)};
      progress_(*found_[index]);
    }
  }

  asio::awaitable<isolatte::outcome<elf_facts>> read_fresh(const specimen& what,
                                                           const std::filesystem::path& copy) {
    auto const executor = co_await asio::this_coro::executor;
    // The operation has a name, because GCC 12 destroys some temporaries of a co_await expression
    // twice.
    auto operation = isolatte::async_fork(
        executor, [&] { return read(what, copy); }, options_, asio::as_tuple(asio::deferred));
    auto [error, outcome] = co_await std::move(operation);
    co_return std::move(outcome);
  }

  asio::awaitable<isolatte::outcome<elf_facts>> read_warm(const specimen& what,
                                                          const std::filesystem::path& copy) {
    auto operation =
        pool_->async_run(isolatte::call(read, what, copy), {}, asio::as_tuple(asio::deferred));
    auto [error, outcome] = co_await std::move(operation);
    co_return std::move(outcome);
  }

  /// Counts how often a timer fires on time, which proves that no child blocks the loop.
  asio::awaitable<void> beat() {
    while (working_ != 0) {
      clock_.expires_after(std::chrono::milliseconds{2});
      auto [error] = co_await clock_.async_wait(asio::as_tuple(asio::use_awaitable));
      if (error) co_return;
      ++results_.heartbeats;
      results_.latest_heartbeat = std::max<std::chrono::nanoseconds>(
          results_.latest_heartbeat, steady_clock::now() - clock_.expiry());
    }
  }

  void cut_short(int signal) {
    results_.interrupted_by = signal;
    next_ = specimens_.size();
    for (asio::cancellation_signal& one : stop_) one.emit(asio::cancellation_type::terminal);
  }

  void all_done() {
    signals_.cancel();
    clock_.cancel();
    if (pool_) pool_->stop();
  }

  const std::vector<specimen>& specimens_;
  isolatte::options options_;
  const std::function<void(const finding&)>& progress_;
  std::vector<std::optional<finding>> found_;
  results results_;
  std::size_t next_ = 0;
  std::size_t working_ = 0;

  asio::io_context loop_{1};
  asio::signal_set signals_{loop_, SIGINT, SIGTERM};
  asio::steady_timer clock_{loop_};
  std::vector<asio::cancellation_signal> stop_;
  /// Absent: each specimen gets a fresh child.
  std::optional<isolatte::worker_pool> pool_;
  temporary_folder folder_;
};

}  // namespace

results take_census(const std::vector<specimen>& specimens, const settings& how,
                    const std::function<void(const finding&)>& progress) {
  return survey{specimens, how, progress}.run();
}

}  // namespace census
