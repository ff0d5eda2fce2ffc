// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Allocations of the program fail, one after the other, through every way to launch and up to every
// ending. Each handler is still called exactly once, unless the initiating function throws; nothing
// leaves the event loop; no job, no descriptor and no child is lost; a server or a pool goes on.
// The same holds if allocations of its descendants fail.

#include "changing_allocations.hpp"
#include "posix/child_process.hpp"
#include "process/helpers.hpp"
#include "support/fail_allocations.hpp"
#include "support/fail_calls.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>
#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/detail/task/make_outcome.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <filesystem>
#include <functional>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace allocations_test {

namespace asio = boost::asio;
namespace errc = boost::system::errc;
using boost::system::error_code;
using isolatte::ending;
using isolatte::options;
using isolatte::outcome;
using isolatte::test::fail_allocations;
using isolatte::test::fail_calls;
using isolatte::test::failure;
using namespace std::chrono_literals;

// Each child runs one of these functions.

constexpr const char* long_text = "a message that does not fit into a string without an allocation";

int return_value() { return 42; }
int throw_exception() { throw std::runtime_error{long_text}; }
int write_mark(int fd) {
  isolatte::test::write_all(fd, ".");
  return 42;
}
int exit_now() { ::_exit(7); }
int crash() { return ::raise(SIGSEGV); }
/// Each depth has a trace of its own, whose names are not known yet.
int crash_depth = 0;
[[gnu::noinline]] int crash_below(int depth) {  // NOLINT(misc-no-recursion)
  if (depth == 0) return crash();
  int volatile const deeper = crash_below(depth - 1);
  return deeper + 1;
}
int crash_elsewhere() { return crash_below(crash_depth); }
int throw_at_length() { throw std::runtime_error{std::string(1 << 20, 'x')}; }
int retire_and_return() {
  isolatte::this_worker::retire(long_text);
  return 42;
}
int hang() {
  for (;;) ::pause();
}
int announce_and_hang() {
  std::puts("ready");
  std::fflush(stdout);
  return hang();
}
int write_lines() {
  std::puts("one\ntwo");
  std::fputs(long_text, stdout);
  std::fputs(long_text, stderr);
  return 42;
}

// A run under injection, and its judgement.

enum class trigger { none, at_once, by_line };

struct ending_case {
  const char* name;
  int (*body)();
  /// The same as a program for /bin/sh.
  const char* script;
  ending how;
  options opts{};
  trigger cancel = trigger::none;
  bool by_line = false;
};

options with_timeout() {
  options opts;
  opts.timeout = 10ms;
  return opts;
}
options with_grace() {
  options opts = with_timeout();
  opts.grace = 1h;
  return opts;
}
options with_capture() {
  options opts;
  opts.out = isolatte::capture{};
  opts.err = isolatte::capture{};
  return opts;
}
options with_text() {
  options opts;
  opts.in = isolatte::from_text{long_text};
  return opts;
}
options with_early() {
  options opts;
  opts.early = true;
  return opts;
}

const ending_case endings[] = {
    {"returned", return_value, "exit 0", ending::returned},
    {"threw", throw_exception, "exit 3", ending::threw},
    {"exited", exit_now, "exit 7", ending::exited},
    {"faulted", crash, "kill -SEGV $$", ending::faulted},
    {"timed out", hang, "sleep 1000", ending::timed_out, with_timeout()},
    {"timed out with grace", hang, "exec sleep 1000", ending::timed_out, with_grace()},
    {"cancelled at once", hang, "sleep 1000", ending::cancelled, {}, trigger::at_once},
    {"cancelled",
     announce_and_hang,
     "echo ready; sleep 1000",
     ending::cancelled,
     {},
     trigger::by_line},
    {"captured", write_lines, "printf 'one\ntwo\n'", ending::returned, with_capture()},
    {"by line", write_lines, "printf 'one\ntwo\nthree'", ending::returned, {}, trigger::none, true},
    {"from text", return_value, "cat", ending::returned, with_text()},
    {"early", return_value, "exit 0", ending::returned, with_early()},
};

struct result {
  int completions = 0;
  /// The initiating function threw, or the server or pool could not be made.
  bool refused = false;
  error_code ec{};
  ending how = ending::not_started;
  isolatte::ran ran = isolatte::ran::unknown;
  /// The next operation of a server or a pool.
  std::optional<ending> next{};
  /// Says what is wrong in any case. A literal: the test itself must not allocate while it counts.
  const char* wrong = nullptr;
};

/// One run under injection.
struct attempt {
  explicit attempt(const ending_case& what) : expected{what}, opts{what.opts} {
    if (what.cancel == trigger::by_line || what.by_line)
      opts.out = isolatte::by_line{[this](std::string_view line) {
        ++lines;
        bytes += line.size();
        if (expected.cancel == trigger::by_line) stop.emit(asio::cancellation_type::terminal);
      }};
  }
  attempt(const attempt&) = delete;
  attempt& operator=(const attempt&) = delete;

  template <class R>
  void note(const error_code& ec, const outcome<R>& what) {
    ++got.completions;
    got.ec = ec;
    got.how = what.how();
    got.ran = what.ran();
    if constexpr (std::is_same_v<R, int>)
      if (what && *what != 42) got.wrong = "another value";
    if (what && expected.by_line && lines != 3) got.wrong = "lines are missing";
    if (expected.opts.out.index() == with_capture().out.index() && what &&
        (what.out_text().size() < 7 || what.out_truncated()))
      got.wrong = "captured text is missing";
  }
  auto handler() {
    return asio::bind_cancellation_slot(
        stop.slot(), [this](error_code ec, const auto& what) { note(ec, what); });
  }
  /// Calls an initiating function, or makes what starts operations.
  template <class Start>
  bool initiate(Start start) {
    try {
      start();
      return true;
    } catch (const std::bad_alloc&) {
    } catch (const boost::system::system_error& error) {
      if (error.code() != errc::not_enough_memory) got.wrong = "refused for another reason";
    }
    got.refused = true;
    return false;
  }
  void cancel_at_once() {
    if (expected.cancel == trigger::at_once) stop.emit(asio::cancellation_type::terminal);
  }
  /// Runs the loop until the condition holds, or the loop has no work, or something is wrong.
  template <class Condition>
  void run(asio::io_context& ctx, Condition until) {
    auto const deadline = std::chrono::steady_clock::now() + 20s;
    try {
      while (!until() && ctx.run_one_until(deadline) != 0) {
      }
    } catch (const std::bad_alloc&) {
      got.wrong = "std::bad_alloc left the event loop";
    } catch (...) {
      got.wrong = "an exception left the event loop";
    }
    if (std::chrono::steady_clock::now() >= deadline) got.wrong = "hangs";
  }
  void run(asio::io_context& ctx) {
    run(ctx, [] { return false; });
    ctx.restart();
  }
  void run_to_completion(asio::io_context& ctx) {
    run(ctx, [this] { return got.completions != 0; });
  }

  const ending_case& expected;
  options opts;
  asio::cancellation_signal stop;
  int lines = 0;
  std::size_t bytes = 0;
  result got;
};

void by_async_fork(attempt& a) {
  asio::io_context ctx;
  fail_allocations::arm();
  if (a.initiate(
          [&] { isolatte::async_fork(ctx, a.expected.body, std::move(a.opts), a.handler()); }))
    a.cancel_at_once();
  a.run(ctx);
  fail_allocations::disarm();
}

/// The error that a blocking call ended with; none if its outcome does not say why nothing started.
error_code error_of(const outcome<int>& what) {
  if (what.how() != ending::not_started || !what.exception()) return {};
  try {
    std::rethrow_exception(what.exception());
  } catch (const boost::system::system_error& error) {
    return error.code();
  } catch (const std::bad_alloc&) {
    return make_error_code(errc::not_enough_memory);
  }
}

void by_fork(attempt& a) {
  // Nothing can cancel a blocking call.
  if (a.expected.cancel != trigger::none) {
    by_async_fork(a);
    return;
  }
  fail_allocations::arm();
  a.initiate([&] {
    outcome<int> const what = isolatte::fork(a.expected.body, std::move(a.opts));
    a.note(error_of(what), what);
  });
  fail_allocations::disarm();
}

void by_spawn_child(attempt& a) {
  asio::io_context ctx;
  {
    std::optional<isolatte::child<int>> child;
    // To cancel the wait alone would leave the child alive.
    auto const stop = [&] {
      if (child) child->terminate();
    };
    if (a.expected.cancel == trigger::by_line)
      a.opts.out = isolatte::by_line{[&](std::string_view) { stop(); }};
    fail_allocations::arm();
    if (a.initiate([&] {
          child.emplace(isolatte::spawn_child(ctx, a.expected.body, std::move(a.opts)));
          child->async_wait([&](error_code ec, const outcome<int>& what) { a.note(ec, what); });
        }))
      if (a.expected.cancel == trigger::at_once) stop();
    if (!a.got.refused) a.run(ctx);
    // terminate() is no cancellation of the operation.
    if (a.got.how == ending::cancelled && !a.got.ec) a.got.ec = asio::error::operation_aborted;
  }
  a.run(ctx);
  fail_allocations::disarm();
}

void by_execute(attempt& a) {
  asio::io_context ctx;
  isolatte::program what{"/bin/sh", {"-c", a.expected.script}};
  fail_allocations::arm();
  if (a.initiate(
          [&] { isolatte::async_execute(ctx, std::move(what), std::move(a.opts), a.handler()); }))
    a.cancel_at_once();
  a.run(ctx);
  fail_allocations::disarm();
  // A program has no value, and no exception.
  if (a.got.how == ending::exited &&
      (a.expected.how == ending::returned || a.expected.how == ending::threw))
    a.got.how = a.expected.how;
}

void ask_again(attempt& a, isolatte::fork_server& server, asio::io_context& ctx) {
  bool done = false;
  server.async_fork(isolatte::call(return_value), {}, [&](error_code, const outcome<int>& what) {
    a.got.next = what.how();
    done = true;
  });
  a.run(ctx, [&] { return done; });
}

void by_server(attempt& a) {
  asio::io_context ctx;
  fail_allocations::arm();
  std::optional<isolatte::fork_server> server;
  if (a.initiate([&] {
        server.emplace(ctx);
        server->async_fork(isolatte::call(a.expected.body), std::move(a.opts), a.handler());
      }))
    a.cancel_at_once();
  a.run(ctx);
  fail_allocations::disarm();
  if (server) ask_again(a, *server, ctx);
  server.reset();
  a.run(ctx);
}

/// Waits for a child of this process that is not the server.
void await_standby(const isolatte::fork_server& server) {
  auto const stands_by = [&] {
    auto const all = isolatte::test::children();
    return std::any_of(all.begin(), all.end(), [&](int pid) { return pid != server.pid(); });
  };
  auto const latest = std::chrono::steady_clock::now() + 10s;
  while (!stands_by() && std::chrono::steady_clock::now() < latest) ::usleep(100);
  BOOST_REQUIRE(stands_by());
}

void by_standby(attempt& a) {
  asio::io_context ctx;
  isolatte::fork_server server{ctx};
  ask_again(a, server, ctx);
  a.run(ctx);
  await_standby(server);
  fail_allocations::arm();
  if (a.initiate([&] {
        server.async_fork(isolatte::call(a.expected.body), std::move(a.opts), a.handler());
      }))
    a.cancel_at_once();
  a.run(ctx);
  fail_allocations::disarm();
  ask_again(a, server, ctx);
}

void ask_again(attempt& a, isolatte::worker_pool& pool, asio::io_context& ctx) {
  bool done = false;
  pool.async_run(isolatte::call(return_value), {}, [&](error_code, const outcome<int>& what) {
    a.got.next = what.how();
    done = true;
  });
  a.run(ctx, [&] { return done; });
}

isolatte::pool_options one_worker(attempt& a) {
  isolatte::pool_options how{.workers = 1};
  how.startup.backoff_min = 1ms;
  how.worker = std::move(a.opts);
  return how;
}

void end_pool(attempt& a, std::optional<isolatte::worker_pool>& pool, asio::io_context& ctx) {
  fail_allocations::disarm();
  if (pool) {
    // The next job has the same options: a limit of 10 ms is none to judge the next job by.
    if (!a.expected.opts.timeout) ask_again(a, *pool, ctx);
    pool->stop();
  }
  a.run(ctx);
  pool.reset();
  a.run(ctx);
}

void by_pool(attempt& a) {
  asio::io_context ctx;
  auto how = one_worker(a);
  fail_allocations::arm();
  std::optional<isolatte::worker_pool> pool;
  if (a.initiate([&] {
        pool.emplace(ctx, std::move(how));
        pool->async_run(isolatte::call(a.expected.body), {}, a.handler());
      })) {
    a.cancel_at_once();
    a.run_to_completion(ctx);
  }
  end_pool(a, pool, ctx);
}

/// The drain is judged; the job has to be done before it.
void by_drain(attempt& a) {
  asio::io_context ctx;
  auto how = one_worker(a);
  int jobs = 0;
  fail_allocations::arm();
  std::optional<isolatte::worker_pool> pool;
  if (a.initiate([&] {
        pool.emplace(ctx, std::move(how));
        pool->async_run(isolatte::call(a.expected.body), {},
                        asio::bind_cancellation_slot(a.stop.slot(),
                                                     [&](error_code ec, const outcome<int>& what) {
                                                       ++jobs;
                                                       a.got.ec = ec;
                                                       a.got.how = what.how();
                                                       a.got.ran = what.ran();
                                                     }));
      })) {
    a.cancel_at_once();
    int drains = 0;
    bool const asked = a.initiate([&] {
      pool->async_drain([&](error_code) {
        ++drains;
        a.got.completions = jobs;
      });
    });
    a.run(ctx, [&] { return drains != 0 || (!asked && jobs != 0); });
    if (!asked) a.got.completions = jobs, a.got.refused = false;
    if (asked && drains != 1) a.got.wrong = "not drained once";
  }
  end_pool(a, pool, ctx);
}

/// Maps one body, whose outcome is judged as any other.
template <class Map>
void by_map(attempt& a, Map map) {
  fail_allocations::arm();
  if (a.initiate([&] {
        map(asio::bind_cancellation_slot(a.stop.slot(),
                                         [&](error_code ec, const std::vector<outcome<int>>& all) {
                                           if (all.size() == 1) return a.note(ec, all[0]);
                                           ++a.got.completions;
                                           a.got.ec = ec;
                                           if (!all.empty()) a.got.wrong = "outcomes of nothing";
                                         }));
      }))
    a.cancel_at_once();
}

int run_body(int (*body)()) { return body(); }
int run_body_number(int index) { return endings[index].body(); }
int number_of(const attempt& a) { return static_cast<int>(&a.expected - endings); }

void by_async_map(attempt& a) {
  asio::io_context ctx;
  std::vector<int (*)()> const bodies{a.expected.body};
  by_map(a, [&](auto handler) {
    isolatte::async_map(ctx, bodies, run_body, isolatte::map_options{.child = std::move(a.opts)},
                        std::move(handler));
  });
  a.run(ctx);
  fail_allocations::disarm();
}

void by_map_of_pool(attempt& a) {
  asio::io_context ctx;
  auto how = one_worker(a);
  std::optional<isolatte::worker_pool> pool;
  std::vector<int> const numbers{number_of(a)};
  pool.emplace(ctx, std::move(how));
  by_map(a, [&](auto handler) {
    isolatte::async_map(*pool, numbers, run_body_number, {}, std::move(handler));
  });
  if (!a.got.refused) a.run_to_completion(ctx);
  end_pool(a, pool, ctx);
}

/// One call in the only worker.
void by_everywhere(attempt& a) {
  asio::io_context ctx;
  auto how = one_worker(a);
  std::optional<isolatte::worker_pool> pool;
  pool.emplace(ctx, std::move(how));
  bool is_ready = false;
  pool->async_ready([&](error_code ec) { is_ready = !ec; });
  a.run(ctx, [&] { return is_ready; });
  by_map(a, [&](auto handler) {
    pool->async_run_everywhere(isolatte::call(run_body_number, number_of(a)), {},
                               std::move(handler));
  });
  if (!a.got.refused) a.run_to_completion(ctx);
  end_pool(a, pool, ctx);
}

/// The first child of a server, or the first worker of a pool, cannot be made ready until this file
/// is there.
std::string const& permission() {
  static std::string const path = (std::filesystem::temp_directory_path() /
                                   ("isolatte-allocations." + std::to_string(::getpid())))
                                      .string();
  return path;
}
void require_permission() {
  if (::access(permission().c_str(), F_OK) == -1) throw std::runtime_error{long_text};
}
void permit() {
  if (int const fd = ::open(permission().c_str(), O_CREAT | O_CLOEXEC, 0600); fd != -1) ::close(fd);
}

void by_preloaded_server(attempt& a) {
  asio::io_context ctx;
  fail_allocations::arm();
  std::optional<isolatte::fork_server> server;
  a.initiate([&] {
    server.emplace(ctx, isolatte::fork_server_options{.preload = [] {}});
    server->async_fork(isolatte::call(a.expected.body), std::move(a.opts), a.handler());
  });
  a.run(ctx);
  fail_allocations::disarm();
  if (server) ask_again(a, *server, ctx);
  server.reset();
  a.run(ctx);
}

/// The preload fails for one operation, and is run again for another, which is judged.
void by_preload_that_fails_first(attempt& a) {
  // Here, too, so that the name is made before any process.
  ::unlink(permission().c_str());
  asio::io_context ctx;
  int refusals = 0;
  int expected = 0;
  error_code first;
  std::array<asio::steady_timer, 2> others{asio::steady_timer{ctx}, asio::steady_timer{ctx}};
  fail_allocations::arm();
  std::optional<isolatte::fork_server> server;
  if (a.initiate([&] {
        server.emplace(ctx, isolatte::fork_server_options{.preload = require_permission});
        server->async_fork(isolatte::call(return_value), {},
                           [&](error_code ec, const outcome<int>& what) {
                             ++refusals;
                             first = ec;
                             if (!ec || what.how() != ending::not_started)
                               a.got.wrong = "started before its preload";
                           });
        ++expected;
      })) {
    a.run(ctx);
    permit();
    // With these, the place for the timer of the next try needs memory.
    fail_allocations::disarm();
    for (auto& each : others) {
      each.expires_after(1h);
      each.async_wait([](error_code) {});
    }
    fail_allocations::arm();
    if (a.initiate([&] {
          server->async_fork(isolatte::call(a.expected.body), std::move(a.opts), a.handler());
        }))
      a.run_to_completion(ctx);
  }
  for (auto& each : others) each.cancel();
  a.run(ctx);
  fail_allocations::disarm();
  if (refusals != expected) a.got.wrong = "not refused once";
  // If there was no memory to wait for the preload, the next operation is told how it ended.
  if (a.got.ec == isolatte::error::preload_failed && first == errc::not_enough_memory)
    a.got.ec = first;
  permit();
  if (server) ask_again(a, *server, ctx);
  server.reset();
  a.run(ctx);
  ::unlink(permission().c_str());
}

/// Changes a pool of one worker before the job that is judged.
template <class Change>
void by_changed_pool(attempt& a, isolatte::pool_options how, Change change) {
  asio::io_context ctx;
  int changes = 0;
  bool asked = false;
  std::optional<isolatte::worker_pool> pool;
  pool.emplace(ctx, std::move(how));
  ask_again(a, *pool, ctx);
  a.got.next.reset();
  fail_allocations::arm();
  try {
    change(*pool, [&](error_code ec) {
      ++changes;
      if (ec && ec != errc::not_enough_memory && ec != isolatte::error::worker_start_failed)
        a.got.wrong = "not changed for another reason";
    });
    asked = true;
  } catch (const std::bad_alloc&) {
  }
  if (a.initiate([&] { pool->async_run(isolatte::call(a.expected.body), {}, a.handler()); }))
    a.run_to_completion(ctx);
  a.run(ctx, [&] { return changes != 0 || !asked; });
  if (changes != (asked ? 1 : 0)) a.got.wrong = "not changed once";
  end_pool(a, pool, ctx);
}

void by_recycled_pool(attempt& a) {
  by_changed_pool(a, one_worker(a), [](isolatte::worker_pool& pool, auto handler) {
    pool.async_recycle(std::move(handler));
  });
}
void by_recycled_pool_with_preload(attempt& a) {
  auto how = one_worker(a);
  how.preload = [] {};
  by_changed_pool(a, std::move(how), [](isolatte::worker_pool& pool, auto handler) {
    pool.async_recycle(std::move(handler));
  });
}
void by_grown_pool(attempt& a) {
  by_changed_pool(a, one_worker(a), [](isolatte::worker_pool& pool, auto handler) {
    pool.async_resize(2, std::move(handler));
  });
}

/// The pool gives up, is resumed, and runs the job that is judged.
void by_resumed_pool(attempt& a) {
  // Here, too, so that the name is made before any process.
  ::unlink(permission().c_str());
  asio::io_context ctx;
  int told = 0;
  int refusals = 0;
  auto how = one_worker(a);
  how.initializer = require_permission;
  how.startup = {.backoff_min = 1ms, .give_up_after = 1};
  how.on_start_failure = [&](const outcome<void>&) { ++told; };
  fail_allocations::arm();
  std::optional<isolatte::worker_pool> pool;
  if (a.initiate([&] {
        pool.emplace(ctx, std::move(how));
        pool->async_run(isolatte::call(return_value), {},
                        [&](error_code ec, const outcome<int>& what) {
                          ++refusals;
                          if (!ec || what.how() != ending::not_started)
                            a.got.wrong = "started before its initializer";
                        });
      })) {
    a.run(ctx, [&] { return refusals != 0; });
    permit();
    if (a.initiate([&] {
          pool->resume();
          pool->async_run(isolatte::call(a.expected.body), {}, a.handler());
        }))
      a.run_to_completion(ctx);
    if (refusals != 1 || told > 2) a.got.wrong = "not refused once";
  }
  fail_allocations::disarm();
  permit();
  if (pool) pool->resume();
  end_pool(a, pool, ctx);
  ::unlink(permission().c_str());
}

/// Each job has its worker replaced, for a reason that takes memory.
void by_retiring_worker(attempt& a) {
  asio::io_context ctx;
  std::optional<isolatte::worker_pool> pool;
  pool.emplace(ctx, one_worker(a));
  fail_allocations::arm();
  if (a.initiate([&] { pool->async_run(isolatte::call(a.expected.body), {}, a.handler()); }))
    a.run_to_completion(ctx);
  fail_allocations::disarm();
  a.run(ctx, [&] { return a.got.how != ending::returned || !pool->stats().retired.empty(); });
  end_pool(a, pool, ctx);
}

struct launcher {
  const char* name;
  void (*run)(attempt&);
};

constexpr launcher launchers[] = {
    {"async_fork", by_async_fork}, {"fork", by_fork},          {"spawn_child", by_spawn_child},
    {"async_execute", by_execute}, {"fork_server", by_server}, {"standby child", by_standby},
};
constexpr launcher pools[] = {
    {"worker_pool", by_pool},      {"async_drain", by_drain},
    {"async_map", by_async_map},   {"async_map over a pool", by_map_of_pool},
    {"everywhere", by_everywhere},
};

bool is_short(const error_code& ec) { return ec == errc::not_enough_memory; }

/// Whether a lack of memory may have led to this, rather than to the expected ending.
bool may_be(const launcher& by, const result& r) {
  // The outcomes of all workers are handed over together, or not at all.
  if (is_short(r.ec))
    return r.how == ending::not_started || r.how == ending::cancelled || by.run == by_everywhere;
  // There is no memory for the result.
  return r.how == ending::undelivered;
}

/// A thread of the library's may still be closing what belongs to a child that ended early.
bool descriptors_become(const std::vector<std::string>& expected) {
  auto const deadline = std::chrono::steady_clock::now() + 10s;
  while (isolatte::test::open_descriptors() != expected) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

/// @return whether an allocation was made to fail
bool try_with(const launcher& by, const ending_case& to, unsigned nth, unsigned count) {
  auto const before = isolatte::test::open_descriptors();
  ++crash_depth;
  fail_allocations::plan(nth, count);
  attempt a{to};
  by.run(a);
  bool const injected = fail_allocations::injected();
  BOOST_TEST_CONTEXT(by.name << ", " << to.name << ", allocation " << nth << " fails -> "
                             << a.got.how << ", " << a.got.ec.message()) {
    BOOST_TEST(!a.got.wrong, (a.got.wrong ? a.got.wrong : ""));
    BOOST_TEST(a.got.completions == (a.got.refused ? 0 : 1));
    BOOST_TEST((injected || !a.got.refused));
    if (!a.got.refused && !(injected && may_be(by, a.got))) {
      // A pool or a map that is cancelled at once has not begun the job.
      bool const not_begun = to.cancel == trigger::at_once && a.got.ran == isolatte::ran::no &&
                             a.got.ec == asio::error::operation_aborted;
      BOOST_TEST((a.got.how == to.how || (not_begun && a.got.how == ending::not_started)));
      BOOST_TEST((!a.got.ec || a.got.ec == asio::error::operation_aborted), a.got.ec.message());
    }
    if (a.got.how == ending::not_started && !a.got.refused) {
      BOOST_TEST((a.got.ran == isolatte::ran::no || a.got.ran == isolatte::ran::unknown));
    }
    if (a.got.next) BOOST_TEST(*a.got.next == ending::returned);
    BOOST_TEST(isolatte::test::children_vanish());
    if (!descriptors_become(before))
      BOOST_TEST(isolatte::test::open_descriptors() == before, boost::test_tools::per_element());
  }
  return injected;
}

/// Fails the first allocation, then the second, until a run makes fewer.
void fail_each(const launcher& by, std::span<const ending_case> all, unsigned count) {
  for (auto const& to : all) {
    auto const began = std::chrono::steady_clock::now();
    // The first use of some things allocates what is kept.
    try_with(by, to, 0, 0);
    unsigned nth = 1;
    while (try_with(by, to, nth, count)) BOOST_REQUIRE(++nth < 1000);
    BOOST_TEST_MESSAGE(by.name << ", " << to.name << ": " << nth - 1 << " allocations, "
                               << std::chrono::duration_cast<std::chrono::milliseconds>(
                                      std::chrono::steady_clock::now() - began)
                                      .count()
                               << " ms");
    BOOST_TEST(nth > 1u);
  }
}

void fail_each_of_changes() {
  constexpr launcher changes[] = {
      {"fork_server with a preload", by_preloaded_server},
      {"fork_server with a preload that fails", by_preload_that_fails_first},
      {"async_recycle", by_recycled_pool},
      {"async_recycle with a preload", by_recycled_pool_with_preload},
      {"async_resize", by_grown_pool},
      {"resume", by_resumed_pool},
  };
  ending_case const returned[] = {{"returned", return_value, "exit 0", ending::returned}};
  for (auto const& by : changes) fail_each(by, returned, 1);
}

void fail_each_of_pools() {
  for (auto const& by : pools) fail_each(by, endings, 1);
}

void fail_each_of_retiring_worker() {
  ending_case const retires[] = {{"retires", retire_and_return, "exit 0", ending::returned}};
  fail_each({"worker_pool", by_retiring_worker}, retires, 1);
}

void fail_each_for_large_result() {
  ending_case const large[] = {{"threw at length", throw_at_length, "exit 3", ending::threw}};
  for (auto const& by : {launcher{"fork_server", by_server}, launcher{"worker_pool", by_pool}})
    fail_each(by, large, 1);
}

void fail_each_while_fault_is_named() {
  ending_case const faults[] = {{"faulted", crash_elsewhere, "kill -SEGV $$", ending::faulted}};
  fail_each({"fork_server", by_server}, faults, 1);
}

/// Posts, and echoes until there is no more or the message says so.
int converse(std::stop_token, isolatte::channel<int, int>& talk) {
  for (int i = 1; i <= 3; ++i) talk.post(i);
  while (auto const message = talk.receive())
    if (*message == 0) break;
  return 42;
}

/// A conversation under injection.
struct talk_attempt {
  std::optional<isolatte::fork_server> server{};
  std::optional<isolatte::child<int, int, int>> job{};
  isolatte::observation watch{};
  int completions = 0;
  int received = 0;
  int ends = 0;
  /// An operation could not be initiated, and the job is not to wait for it.
  bool refused = false;
  bool waits = false;
  bool receives = false;
  error_code ec{};
  ending how = ending::not_started;
  const char* wrong = nullptr;

  template <class Start>
  bool initiate(Start start) {
    try {
      start();
      return true;
    } catch (const std::bad_alloc&) {
    }
    refused = true;
    if (job) static_cast<void>(job->terminate());
    return false;
  }
  void receive() {
    receives = initiate([&] {
      job->async_receive([this](error_code error, int message) {
        if (error) {
          ++ends;
          return;
        }
        if (message != ++received) wrong = "another message";
        if (message == 3) {
          static_cast<void>(job->request_stop());
          send(0);
        }
        receive();
      });
    });
  }
  void send(int message) {
    initiate([&] { job->async_send(message, [](error_code) {}); });
  }
  void note(const error_code& error, const outcome<int>& what) {
    ++completions;
    ec = error;
    how = what.how();
    if (what && *what != 42) wrong = "another value";
  }
  void run(asio::io_context& ctx) {
    auto const deadline = std::chrono::steady_clock::now() + 20s;
    try {
      while (ctx.run_one_until(deadline) != 0) {
      }
    } catch (...) {
      wrong = "an exception left the event loop";
    }
    if (std::chrono::steady_clock::now() >= deadline) wrong = "hangs";
  }
};

void talk_by_handle(talk_attempt& a, asio::io_context& ctx) {
  if (!a.initiate([&] { a.job.emplace(isolatte::spawn_child(ctx, converse)); })) return;
  a.waits = a.initiate([&] {
    a.job->async_wait([&a](error_code ec, const outcome<int>& what) { a.note(ec, what); });
  });
  a.receive();
  a.send(7);
}

void talk_by_listener(talk_attempt& a, asio::io_context& ctx) {
  a.receives = false;
  a.waits = a.initiate([&] {
    isolatte::async_fork(ctx,
                         isolatte::on_message(
                             [](isolatte::channel<int>& talk) {
                               for (int i = 1; i <= 3; ++i) talk.post(i);
                               return 42;
                             },
                             [&a](int message) {
                               if (message != ++a.received) a.wrong = "another message";
                             }),
                         [&a](error_code ec, const outcome<int>& what) { a.note(ec, what); });
  });
}

/// So many messages are on their way when the conversation begins that it has to allocate.
void talk_in_a_crowd(talk_attempt& a, asio::io_context& ctx) {
  if (!a.initiate([&] { a.job.emplace(isolatte::spawn_child(ctx, converse)); })) return;
  a.waits = a.initiate([&] {
    a.job->async_wait([&a](error_code ec, const outcome<int>& what) { a.note(ec, what); });
  });
  // Runs after the step that begins the conversation.
  a.initiate([&] {
    asio::post(ctx, [&a] {
      for (int i = 0; i != 12 && !a.refused; ++i) a.send(7);
      a.receive();
    });
  });
}

int read_end = -1;
int write_end = -1;

/// Takes no message before it is told to.
int converse_later(std::stop_token stop, isolatte::channel<int, int>& talk, int until) {
  char byte;
  static_cast<void>(::read(until, &byte, 1));
  return converse(stop, talk);
}

/// More messages than the socket takes are there when the conversation begins, and others follow:
/// the wait for room has to allocate.
void talk_in_a_crowd_by_server(talk_attempt& a, asio::io_context& ctx) {
  fail_allocations::disarm();
  int ends[2];
  BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  read_end = ends[0];
  write_end = ends[1];
  auto const begin = [&a, &ctx] {
    for (int i = 0; i != 12; ++i) a.send(7);
    a.receive();
    asio::post(ctx, [] { ::close(std::exchange(write_end, -1)); });
    fail_allocations::arm();
  };
  a.watch = isolatte::observe([&ctx, begin](const isolatte::job_event& event) {
    if (event.moment == isolatte::job_moment::started &&
        event.by == isolatte::launcher::fork_server)
      asio::post(ctx, begin);
  });
  a.server.emplace(ctx);
  a.job.emplace(
      a.server->spawn_child(isolatte::call(converse_later, read_end), {.keep = {read_end}}));
  a.waits = true;
  a.job->async_wait([&a](error_code ec, const outcome<int>& what) { a.note(ec, what); });
  for (int i = 0; i != 2000; ++i) a.send(7);
}

/// @return whether an allocation was made to fail
bool try_to_talk(void (*start)(talk_attempt&, asio::io_context&), unsigned nth) {
  auto const before = isolatte::test::open_descriptors();
  talk_attempt a;
  {
    asio::io_context ctx;
    fail_allocations::plan(nth, 1);
    fail_allocations::arm();
    start(a, ctx);
    a.run(ctx);
    fail_allocations::disarm();
    a.watch = {};
    a.job.reset();
    a.server.reset();
    ctx.restart();
    ctx.run();
    for (int* const end : {&read_end, &write_end})
      if (int const fd = std::exchange(*end, -1); fd != -1) ::close(fd);
  }
  bool const injected = fail_allocations::injected();
  BOOST_TEST_CONTEXT("allocation " << nth << " fails -> " << a.how << ", " << a.ec.message()) {
    BOOST_TEST(!a.wrong, (a.wrong ? a.wrong : ""));
    BOOST_TEST(a.completions == (a.waits ? 1 : 0));
    BOOST_TEST((injected || (!a.refused && a.how == ending::returned)));
    if (a.how == ending::returned) BOOST_TEST(a.received == 3);
    if (a.receives) BOOST_TEST(a.ends == 1);
    bool const is_expected = a.how == ending::returned || a.how == ending::undelivered ||
                             a.how == ending::not_started || a.how == ending::cancelled;
    BOOST_TEST(is_expected);
    if (a.waits && a.how == ending::not_started) BOOST_TEST(is_short(a.ec));
    BOOST_TEST(isolatte::test::children_vanish());
    if (!descriptors_become(before))
      BOOST_TEST(isolatte::test::open_descriptors() == before, boost::test_tools::per_element());
  }
  return injected;
}

// Descendants without memory

int post_and_return(isolatte::channel<int>& talk) {
  talk.post(1);
  return 42;
}

/// So many that the queue of those that have come allocates meanwhile.
constexpr int some_texts = 30;

int take_texts(isolatte::channel<int, std::string>& talk) {
  // Without memory for one, no more come.
  for (int i = 0; i != some_texts && talk.receive(); ++i) {
  }
  return 42;
}

/// Runs jobs one after the other, whose processes are short of memory.
class short_jobs {
 public:
  explicit short_jobs(unsigned nth) {
    fail_allocations::plan(nth, 1);
    fail_allocations::arm(fail_allocations::side::descendants);
  }
  short_jobs(const short_jobs&) = delete;
  short_jobs& operator=(const short_jobs&) = delete;
  ~short_jobs() { fail_allocations::disarm(); }

  /// @param start gets a handler
  template <class Start>
  void run(Start start) {
    bool is_over = false;
    start([&](error_code ec, const outcome<int>& what) {
      BOOST_TEST(!is_over);
      is_over = true;
      judge(ec, what);
    });
    if (context.stopped()) context.restart();
    while (!is_over) BOOST_REQUIRE(context.run_one() == 1u);
  }
  template <class Launcher>
  void run_both(Launcher& by) {
    run([&](auto handler) { start(by, isolatte::call(return_value), std::move(handler)); });
    run_with_talk(by);
  }
  template <class Launcher>
  void run_with_talk(Launcher& by) {
    run([&](auto handler) {
      start(by, isolatte::on_message(isolatte::call(post_and_return), [](int) {}),
            std::move(handler));
    });
  }
  /// The jobs that have not returned.
  int failed = 0;
  asio::io_context context;

 private:
  template <class Job, class Handler>
  static void start(isolatte::fork_server& by, Job job, Handler handler) {
    by.async_fork(std::move(job), {.timeout = 60s}, std::move(handler));
  }
  template <class Job, class Handler>
  static void start(isolatte::worker_pool& by, Job job, Handler handler) {
    by.async_run(std::move(job), {.timeout = 60s}, std::move(handler));
  }

  void judge(const error_code& ec, const outcome<int>& what) {
    if (what) {
      BOOST_TEST(what.value() == 42);
      return;
    }
    ++failed;
    BOOST_TEST(fail_allocations::injected());
    // A process that was refused memory says so, or is given up; none aborts.
    bool const is_told = what.how() == ending::not_started || what.how() == ending::threw ||
                         what.how() == ending::undelivered || what.how() == ending::exited ||
                         what.how() == ending::cancelled;
    BOOST_TEST(is_told, what << ", " << ec);
    if (what.how() == ending::not_started)
      BOOST_TEST((is_short(ec) || ec == isolatte::error::server_died ||
                  ec == isolatte::error::worker_start_failed),
                 ec.message());
  }
};

BOOST_FIXTURE_TEST_SUITE(allocations, isolatte::test::nothing_left)

BOOST_AUTO_TEST_CASE(each_allocation_fails) {
  for (auto const& by : launchers) fail_each(by, endings, 1);
}

// The library has to look for the end of each child then.
BOOST_AUTO_TEST_CASE(each_allocation_fails_without_descriptors_of_processes) {
  using isolatte::test::failure;
  isolatte::test::fail_calls const calls{{.how = failure::mode::every, .entry = "pidfd_open"}};
  fail_each({"async_fork without pidfd", by_async_fork}, endings, 1);
}

BOOST_AUTO_TEST_CASE(each_allocation_of_a_refused_sandbox_fails) {
  std::optional<error_code> expected;
  for (unsigned nth = 0; nth <= 1 || fail_allocations::injected(); ++nth) {
    BOOST_REQUIRE(nth < 1000);
    asio::io_context ctx;
    attempt a{endings[0]};
    a.opts.sandbox = isolatte::sandbox::reader({"/does/not/exist", long_text});
    fail_allocations::plan(nth, 1);
    fail_allocations::arm();
    a.initiate([&] { isolatte::async_fork(ctx, return_value, std::move(a.opts), a.handler()); });
    a.run(ctx);
    fail_allocations::disarm();
    if (!expected) expected = a.got.ec;
    BOOST_TEST(!a.got.wrong, (a.got.wrong ? a.got.wrong : ""));
    BOOST_TEST(a.got.completions == (a.got.refused ? 0 : 1));
    if (a.got.refused) continue;
    BOOST_TEST((a.got.how == ending::not_started));
    BOOST_TEST((a.got.ran == isolatte::ran::no));
    BOOST_TEST((a.got.ec == *expected || is_short(a.got.ec)), a.got.ec.message());
  }
  BOOST_TEST(bool(*expected));
}

/// Jobs that are cancelled before they begin use up the memory that the template's strand keeps.
BOOST_AUTO_TEST_CASE(a_standby_child_never_runs_a_job_that_was_not_started) {
  for (unsigned nth = 1; nth == 1 || fail_allocations::injected(); ++nth) {
    BOOST_REQUIRE(nth < 1000);
    asio::io_context ctx;
    std::optional<isolatte::fork_server> server{std::in_place, ctx};
    attempt a{endings[0]};
    ask_again(a, *server, ctx);
    a.run(ctx);
    await_standby(*server);
    std::deque<asio::cancellation_signal> stops(20);
    for (auto& stop : stops) {
      server->async_fork(isolatte::call(return_value),
                         {.sandbox = isolatte::sandbox::reader({"/usr"})},
                         asio::bind_cancellation_slot(stop.slot(), [](error_code, const auto&) {}));
      stop.emit(asio::cancellation_type::terminal);
    }
    isolatte::test::wire mark;
    a.opts.keep = {mark.write_end()};
    auto job = isolatte::call(write_mark, mark.write_end());
    fail_allocations::plan(nth, 1);
    fail_allocations::arm();
    bool const begun =
        a.initiate([&] { server->async_fork(std::move(job), std::move(a.opts), a.handler()); });
    a.run(ctx);
    fail_allocations::disarm();
    BOOST_TEST(!a.got.wrong, (a.got.wrong ? a.got.wrong : ""));
    BOOST_TEST(a.got.completions == (begun ? 1 : 0));
    server.reset();
    a.run(ctx);
    bool const ran = !mark.read_rest().empty();
    if (!begun || a.got.ran == isolatte::ran::no) BOOST_TEST(!ran, nth);
    if (begun && a.got.how == ending::returned) BOOST_TEST(ran, nth);
  }
}

BOOST_AUTO_TEST_CASE(many_jobs_leave_a_pool_the_memory_of_its_operations) {
  constexpr int jobs = 100;
  for (unsigned nth = 1; nth == 1 || fail_allocations::injected(); ++nth) {
    BOOST_REQUIRE(nth < 1000);
    asio::io_context ctx;
    attempt a{endings[0]};
    std::optional<isolatte::worker_pool> pool{std::in_place, ctx,
                                              isolatte::pool_options{.workers = 1}};
    for (int i = 0; i != jobs; ++i)
      pool->async_run(isolatte::call(return_value), {},
                      [&](error_code, const auto&) { ++a.got.completions; });
    fail_allocations::plan(nth, 1);
    fail_allocations::arm();
    a.run(ctx, [&] { return a.got.completions == jobs; });
    fail_allocations::disarm();
    BOOST_TEST(!a.got.wrong, (a.got.wrong ? a.got.wrong : ""));
    end_pool(a, pool, ctx);
    BOOST_TEST((a.got.next == ending::returned));
  }
}

/// A value of a child that cannot be read back.
struct unloadable {
  template <class Archive>
  void serialize(Archive&, unsigned) {
    if constexpr (Archive::is_loading::value) throw std::runtime_error{long_text};
  }
};

isolatte::detail::report undecodable() {
  isolatte::detail::report what;
  what.summary.how = ending::returned;
  what.max_result = 1000;
  what.kind = isolatte::detail::payload_kind::value;
  isolatte::detail::codec<unloadable>::encode(what.payload, unloadable{});
  return what;
}

isolatte::detail::report refused() {
  isolatte::detail::report what;
  what.summary.how = ending::undelivered;
  what.refused_with = std::make_exception_ptr(std::runtime_error{long_text});
  return what;
}

isolatte::detail::report killed() {
  isolatte::detail::report what;
  what.summary.how = ending::killed;
  what.summary.reason = long_text;
  return what;
}

BOOST_AUTO_TEST_CASE(an_outcome_without_a_value_says_so_without_memory) {
  for (auto* const make : {undecodable, refused, killed}) {
    auto const how = make().summary.how;
    auto const expected = how == ending::returned ? ending::undelivered : how;
    unsigned nth = 0;
    do {
      auto what = make();
      fail_allocations::plan(++nth, 1000);
      fail_allocations::arm();
      auto const made = isolatte::detail::make_outcome<unloadable>({}, std::move(what));
      bool is_end = false;
      bool is_short_too = false;
      try {
        static_cast<void>(made.value());
      } catch (const isolatte::abnormal_end& end) {
        is_end = end.how() == expected;
      } catch (const std::bad_alloc&) {
        is_short_too = true;
      }
      fail_allocations::disarm();
      BOOST_TEST((made.how() == expected));
      BOOST_TEST((is_end || (is_short_too && fail_allocations::injected())));
    } while (fail_allocations::injected());
    BOOST_TEST(nth > 1u);
  }
}

BOOST_AUTO_TEST_CASE(what_was_not_started_says_so_without_memory) {
  error_code const refused{EMFILE, boost::system::system_category()};
  unsigned nth = 0;
  do {
    isolatte::run_summary rest{.reason = long_text};
    fail_allocations::plan(++nth, 1000);
    fail_allocations::arm();
    auto const what = outcome<int>::not_started(refused, std::move(rest));
    fail_allocations::disarm();
    BOOST_TEST(what.how() == ending::not_started);
    bool const is_short_too = fail_allocations::injected() && is_short(error_of(what));
    BOOST_TEST((error_of(what) == refused || is_short_too));
  } while (fail_allocations::injected());
  BOOST_TEST(nth > 1u);
}

BOOST_AUTO_TEST_CASE(each_allocation_of_a_conversation_fails) {
  for (auto* const start :
       {talk_by_handle, talk_by_listener, talk_in_a_crowd, talk_in_a_crowd_by_server}) {
    try_to_talk(start, 0);
    unsigned nth = 1;
    while (try_to_talk(start, nth)) BOOST_REQUIRE(++nth < 1000);
    BOOST_TEST_MESSAGE(nth - 1 << " allocations");
    BOOST_TEST(nth > 1u);
  }
}

/// @param run gets the jobs
template <class Run>
void fail_each_of_descendants(Run run) {
  unsigned nth = 1;
  int failed = 0;
  for (bool injected = true; injected; ++nth) {
    BOOST_REQUIRE(nth < 1000u);
    BOOST_TEST_CONTEXT("allocation " << nth << " fails") {
      short_jobs jobs{nth};
      run(jobs);
      injected = fail_allocations::injected();
      BOOST_TEST(jobs.failed <= (injected ? 1 : 0));
      failed += jobs.failed;
    }
    BOOST_TEST(isolatte::test::children_vanish());
  }
  BOOST_TEST_MESSAGE(nth - 2 << " allocations, " << failed << " failed jobs");
  BOOST_TEST(failed > 0);
}

BOOST_AUTO_TEST_CASE(a_child_that_may_not_be_killed_and_that_there_is_no_memory_for_is_left) {
  pid_t const pid = ::fork();
  if (pid == 0) hang();
  {
    fail_calls const refused{{.how = failure::mode::every, .entry = "kill pidfd_send_signal"}};
    isolatte::posix::child_process watched;
    watched.adopt(pid, false, std::chrono::steady_clock::now());
    fail_allocations::plan(1, 1000);
    fail_allocations::arm();
  }
  fail_allocations::disarm();
  BOOST_TEST(fail_allocations::injected());
  BOOST_TEST(isolatte::test::alive(pid));
  BOOST_TEST(::kill(pid, SIGKILL) == 0);
  BOOST_TEST(::waitpid(pid, nullptr, 0) == pid);
}

BOOST_AUTO_TEST_CASE(each_allocation_of_a_child_fails) {
  fail_each_of_descendants([](short_jobs& jobs) {
    jobs.run([&](auto handler) {
      isolatte::async_fork(jobs.context, return_value, {.timeout = 60s}, std::move(handler));
    });
    jobs.run([&](auto handler) {
      isolatte::async_fork(jobs.context, isolatte::on_message(post_and_return, [](int) {}),
                           {.timeout = 60s}, std::move(handler));
    });
    std::optional<isolatte::child<int, int, std::string>> job;
    jobs.run([&](auto handler) {
      job.emplace(isolatte::spawn_child(jobs.context, take_texts, {.timeout = 60s}));
      for (int i = 0; i != some_texts; ++i)
        job->async_send(std::string(1000, 'x'), [](error_code) {});
      job->async_wait(std::move(handler));
    });
    job.reset();
    jobs.context.restart();
    jobs.context.run();
  });
}

/// Has supplementary groups as long as it lives, if this process may. A child reads them into
/// memory of its own.
class with_groups {
 public:
  with_groups() : before_(static_cast<std::size_t>(::getgroups(0, nullptr))) {
    static_cast<void>(!::getgroups(static_cast<int>(before_.size()), before_.data()));
    std::vector<gid_t> const more{12345, 23456};
    static_cast<void>(!::setgroups(more.size(), more.data()));
  }
  with_groups(const with_groups&) = delete;
  with_groups& operator=(const with_groups&) = delete;
  ~with_groups() { static_cast<void>(!::setgroups(before_.size(), before_.data())); }

 private:
  std::vector<gid_t> before_;
};

BOOST_AUTO_TEST_CASE(each_allocation_of_a_server_and_of_its_children_fails) {
  with_groups const some;
  fail_each_of_descendants([](short_jobs& jobs) {
    isolatte::fork_server server{jobs.context};
    for (int i = 0; i != 2; ++i) jobs.run_both(server);
  });
}

BOOST_AUTO_TEST_CASE(each_allocation_of_a_pools_processes_fails) {
  fail_each_of_descendants([](short_jobs& jobs) {
    isolatte::worker_pool pool{jobs.context, isolatte::pool_options{.workers = 1}};
    for (int i = 0; i != 2; ++i) jobs.run_both(pool);
    pool.stop();
    jobs.context.run();
  });
}

BOOST_AUTO_TEST_CASE(a_worker_that_has_no_memory_for_a_conversation_loses_no_job) {
  short_jobs jobs{0};
  isolatte::worker_pool pool{jobs.context, isolatte::pool_options{.workers = 1}};
  // The queue of descriptors that have come allocates in every 128th of them.
  for (int i = 0; i != 127; ++i) jobs.run_with_talk(pool);
  fail_allocations::plan(1, 1);
  jobs.run_with_talk(pool);
  BOOST_TEST(fail_allocations::injected());
  BOOST_TEST(jobs.failed == 0);
  BOOST_TEST(pool.stats().restarts == 1u);
  pool.stop();
  jobs.context.run();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace allocations_test
