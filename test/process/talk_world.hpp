// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_PROCESS_TALK_WORLD_HPP
#define ISOLATTE_TEST_PROCESS_TALK_WORLD_HPP

#include "helpers.hpp"
#include "remembered.hpp"
#include "support/nothing_left.hpp"
#include "support/sanitizers.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <sched.h>
#include <unistd.h>

namespace isolatte::inline v0_1::test {

/// Remembers how a receive completed.
template <class T>
struct heard {
  int calls = 0;
  boost::system::error_code ec;
  T value{};

  /// The handler refers to this object, which has to outlive it.
  auto handler() {
    return [this](boost::system::error_code error, T message) {
      ++calls;
      ec = error;
      value = std::move(message);
    };
  }
};

/// Remembers how a send completed.
struct sent {
  int calls = 0;
  boost::system::error_code ec;

  auto handler() {
    return [this](boost::system::error_code error) {
      ++calls;
      ec = error;
    };
  }
};

/// A program that talks with its jobs. Each case is written once, and run with every way to launch
/// a job.
class talk_world {
 public:
  boost::asio::io_context& context() noexcept { return context_; }

  /// Runs the loop until the condition holds.
  template <class Condition>
  void run_until(Condition holds) {
    context_.restart();
    while (!holds() && context_.run_one() != 0) {
    }
    BOOST_REQUIRE(holds());
  }
  /// Runs the loop until it has nothing to do.
  void run() {
    context_.restart();
    context_.run();
  }

  template <class R, class Out, class In>
  heard<Out> receive(child<R, Out, In>& job) {
    heard<Out> got;
    job.async_receive(got.handler());
    run_until([&] { return got.calls != 0; });
    BOOST_TEST(got.calls == 1);
    return got;
  }
  template <class R, class Out, class In>
  boost::system::error_code send(child<R, Out, In>& job, const In& message) {
    sent done;
    job.async_send(message, done.handler());
    run_until([&] { return done.calls != 0; });
    BOOST_TEST(done.calls == 1);
    return done.ec;
  }
  template <class R, class Out, class In>
  remembered<R> wait(child<R, Out, In>& job) {
    remembered<R> done;
    job.async_wait(done.handler());
    run_until([&] { return done.calls != 0; });
    BOOST_TEST(done.calls == 1);
    return done;
  }
  /// Receives until there is no more.
  /// @return the messages, and the error that came after the last
  template <class R, class Out, class In>
  std::pair<std::vector<Out>, boost::system::error_code> receive_all(child<R, Out, In>& job) {
    std::vector<Out> all;
    for (;;) {
      auto got = receive(job);
      if (got.ec) return {std::move(all), got.ec};
      all.push_back(std::move(got.value));
    }
  }

 private:
  nothing_left nothing_;
  boost::asio::io_context context_;
};

/// Children that are copies of the program.
struct forking_world : talk_world {
  static constexpr const char* name = "fork";
  static constexpr bool is_served = false;

  template <class Call>
  auto start(Call what, options opts = {}) {
    return spawn_child(context(), std::move(what), std::move(opts));
  }
  template <class F, class Handler>
  void begin(F what, options opts, Handler handler) {
    async_fork(context(), std::move(what), std::move(opts), std::move(handler));
  }
};

/// Children of a fork server.
struct serving_world : talk_world {
  static constexpr const char* name = "fork_server";
  static constexpr bool is_served = true;

  template <class Call>
  auto start(Call what, options opts = {}) {
    return server.spawn_child(std::move(what), std::move(opts));
  }
  template <class F, class Handler>
  void begin(F what, options opts, Handler handler) {
    server.async_fork(std::move(what), std::move(opts), std::move(handler));
  }

  fork_server server{context()};
};

/// Runs a case in each world.
template <class Case>
void in_each_world(Case one) {
  BOOST_TEST_CONTEXT("launched by fork") {
    forking_world world;
    one(world);
  }
  BOOST_TEST_CONTEXT("launched by a fork server") {
    serving_world world;
    one(world);
  }
}

/// Runs a call to its end, with a handler for its messages.
template <class World, class F>
auto run_to_end(World& world, F what, options opts = {}) {
  remembered<result_of<F>> done;
  world.begin(std::move(what), std::move(opts), done.handler());
  world.run_until([&] { return done.calls != 0; });
  BOOST_TEST(done.calls == 1);
  return done;
}

// For a job: what it finds of the library's descriptors. Sockets among them are the conversation's.

inline std::vector<int> descriptors_of_kind(const std::string& beginning) {
  std::vector<int> found;
  std::error_code ignored;
  for (auto const& entry : std::filesystem::directory_iterator{"/proc/self/fd", ignored}) {
    auto const target = std::filesystem::read_symlink(entry.path(), ignored);
    if (target.native().starts_with(beginning))
      found.push_back(std::stoi(entry.path().filename().string()));
  }
  return found;
}
inline std::vector<int> sockets() { return descriptors_of_kind("socket:"); }
inline std::size_t threads() {
  std::size_t count = 0;
  for ([[maybe_unused]] auto const& entry : std::filesystem::directory_iterator{"/proc/self/task"})
    ++count;
  // ThreadSanitizer has one of its own, from when the job begins another.
  return with_tsan && count > 1 ? count - 1 : count;
}

/// Waits until every thread but the first sleeps: those of the conversation wait for news then.
inline void await_rest_of_threads() {
  // The thread of the job before may end in the meantime: its file is empty then.
  auto const is_at_rest = [](const std::filesystem::path& thread) {
    auto const status = read_file((thread / "stat").string());
    auto const name_end = status.rfind(')');
    return name_end == std::string::npos || status.substr(name_end + 2, 1) == "S";
  };
  for (auto const& each : std::filesystem::directory_iterator{"/proc/self/task"})
    if (each.path().filename() != std::to_string(::getpid()))
      while (!is_at_rest(each.path())) ::sched_yield();
}

}  // namespace isolatte::inline v0_1::test

#endif
