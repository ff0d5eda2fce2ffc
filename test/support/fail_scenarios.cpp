// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "support/fail_scenarios.hpp"

#include "support/fail_calls.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace isolatte::inline v0_1::test {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::capture;
using isolatte::ending;
using isolatte::outcome;
using isolatte::ran;
using namespace std::chrono_literals;

/// The facts about one run that judge() looks at.
struct result {
  int completions = 0;
  error_code ec{};
  ending how = ending::not_started;
  isolatte::ran ran = isolatte::ran::unknown;
  bool has_value = false;
  /// Names a value, a text or an exception that differs from the one that the child sent.
  std::string wrong{};
  /// For a fork server: the completions and the ending of the next operation.
  std::optional<int> next_completions{};
  ending next_how = ending::not_started;
};

template <class R>
void note(result& to, const error_code& ec, const outcome<R>& from) {
  ++to.completions;
  to.ec = ec;
  to.how = from.how();
  to.ran = from.ran();
  to.has_value = static_cast<bool>(from);
}

template <class R>
void expect(result& to, const outcome<R>& from, const R& value) {
  if (from && from.value() != value) to.wrong = "the value";
}

[[noreturn]] void hang() {
  for (;;) ::pause();
}

/// Writes a line, so that the program knows that it runs, and hangs.
void announce_and_hang() {
  std::cout << "ready" << std::endl;
  hang();
}

struct scenario {
  const char* name;
  result (*run)();
  ending expected;
  /// Whether a signal of the library's ends the child.
  bool needs_kill = false;
  /// Whether a fork server makes the child.
  bool served = false;
};

result plain_value() {
  result r;
  asio::io_context ctx;
  isolatte::async_fork(
      ctx, [] { return 42; }, {},
      [&](error_code ec, outcome<int> o) {
        note(r, ec, o);
        expect(r, o, 42);
      });
  ctx.run();
  return r;
}

result exception() {
  result r;
  outcome<int> const o = isolatte::fork([]() -> int { throw std::out_of_range{"far out"}; });
  note(r, {}, o);
  if (o.how() != ending::not_started) {
    try {
      o.value();
      r.wrong = "a value instead of an exception";
    } catch (const std::out_of_range& error) {
      if (error.what() != std::string_view{"far out"}) r.wrong = error.what();
    } catch (const isolatte::abnormal_end&) {
      if (o.how() != ending::undelivered) r.wrong = "the exception's type";
    }
  } else {
    try {
      o.value();
    } catch (const boost::system::system_error& error) {
      r.ec = error.code();
    }
  }
  return r;
}

result streams() {
  result r;
  asio::io_context ctx;
  std::vector<std::string> lines;
  isolatte::async_fork(
      ctx,
      [] {
        std::string all;
        for (std::string line; std::getline(std::cin, line);) {
          std::cout << line << '\n';
          all += line;
        }
        std::cerr << "to err";
        return all;
      },
      {.in = isolatte::from_text{"one\ntwo\nthree"},
       .out = isolatte::by_line{[&](std::string line) { lines.push_back(std::move(line)); }},
       .err = capture{}},
      [&](error_code ec, outcome<std::string> o) {
        note(r, ec, o);
        expect<std::string>(r, o, "onetwothree");
        if (!o) return;
        if (lines != std::vector<std::string>{"one", "two", "three"}) r.wrong = "the lines";
        if (o.err_text() != "to err") r.wrong = "the captured text";
      });
  ctx.run();
  return r;
}

result timed(isolatte::options opts, void (*body)()) {
  result r;
  asio::io_context ctx;
  opts.timeout = 10ms;
  isolatte::async_fork(ctx, body, std::move(opts),
                       [&](error_code ec, const outcome<void>& o) { note(r, ec, o); });
  ctx.run();
  return r;
}

result timeout() { return timed({}, hang); }
result timeout_without_group() { return timed({.kill_tree = false}, hang); }
result timeout_with_grace() {
  return timed({.grace = 1ms}, [] {
    ::signal(SIGTERM, SIG_IGN);
    hang();
  });
}
result timeout_stopped() {
  return timed({}, [] {
    ::raise(SIGSTOP);
    hang();
  });
}

/// Cancels when the line of the child arrives.
result cancelled(asio::cancellation_type type, isolatte::options opts) {
  result r;
  asio::io_context ctx;
  asio::cancellation_signal signal;
  opts.out = isolatte::by_line{[&](std::string_view) { signal.emit(type); }};
  isolatte::async_fork(
      ctx, announce_and_hang, std::move(opts),
      asio::bind_cancellation_slot(signal.slot(), [&](error_code ec, const outcome<void>& o) {
        note(r, ec, o);
        if ((o.how() == ending::cancelled) != (ec == asio::error::operation_aborted))
          r.wrong = "cancelled, but not aborted";
      }));
  ctx.run();
  return r;
}

result cancel_terminal() { return cancelled(asio::cancellation_type::terminal, {}); }
result cancel_partial() { return cancelled(asio::cancellation_type::partial, {.grace = 1h}); }
result cancel_total_without_group() {
  return cancelled(asio::cancellation_type::total, {.kill_tree = false});
}

int crash_depth = 0;

/// Each depth gives a trace with other addresses, so the cache of known addresses never has them
/// all.
[[gnu::noinline]] int crash(int depth) {  // NOLINT(misc-no-recursion)
  if (depth == 0) return ::raise(SIGABRT);
  int volatile const deeper = crash(depth - 1);
  return deeper + 1;
}

result fault_report() {
  result r;
  asio::io_context ctx;
  isolatte::async_fork(
      ctx, [] { return crash(crash_depth); }, {},
      [&](error_code ec, const outcome<int>& o) {
        note(r, ec, o);
        if (o.how() != ending::faulted) return;
        if (o.signal() != SIGABRT) r.wrong = "the signal";
        if (!o.fault() || o.fault()->trace.empty()) r.wrong = "the report";
      });
  ctx.run();
  return r;
}

result large_result() {
  result r;
  asio::io_context ctx;
  auto const make = [] {
    std::vector<int> numbers(512 * 1024);
    for (std::size_t i = 0; i != numbers.size(); ++i) numbers[i] = static_cast<int>(i * 3);
    return numbers;
  };
  isolatte::async_fork(ctx, make, {}, [&](error_code ec, const outcome<std::vector<int>>& o) {
    note(r, ec, o);
    expect(r, o, make());
  });
  ctx.run();
  return r;
}

result limits_and_kept() {
  result r;
  asio::io_context ctx;
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  isolatte::options opts;
  opts.limits = {
      .cpu_time = 3600s, .open_files = 100, .core_size = 0, .nice = 1, .oom_score_adj = 1000};
  opts.keep = {ends[1]};
  isolatte::async_fork(
      ctx, [fd = ends[1]] { return static_cast<int>(::write(fd, "kept", 4)); }, std::move(opts),
      [&](error_code ec, outcome<int> o) {
        note(r, ec, o);
        expect(r, o, 4);
      });
  ctx.run();
  ::close(ends[0]);
  ::close(ends[1]);
  return r;
}

result files() {
  static std::filesystem::path const path = std::filesystem::temp_directory_path() /
                                            ("isolatte-every-call." + std::to_string(::getpid()));
  result r;
  asio::io_context ctx;
  isolatte::options opts{.in = isolatte::from_file{"/dev/null"},
                         .out = isolatte::to_file{path},
                         .err = isolatte::to_file{path}};
  isolatte::async_fork(
      ctx,
      [] {
        std::cout << "out" << std::flush;
        std::cerr << "err" << std::flush;
      },
      std::move(opts),
      [&](error_code ec, const outcome<void>& o) {
        note(r, ec, o);
        if (!o) return;
        std::ostringstream text;
        text << std::ifstream{path}.rdbuf();
        if (text.str() != "outerr") r.wrong = "the file: " + text.str();
      });
  ctx.run();
  std::filesystem::remove(path);
  return r;
}

isolatte::options announcing(bool& ready) {
  return {.out = isolatte::by_line{[&ready](std::string_view) { ready = true; }}};
}

result handle_destroyed() {
  result r;
  asio::io_context ctx;
  bool ready = false;
  {
    auto child = isolatte::spawn_child(ctx, announce_and_hang, announcing(ready));
    child.async_wait([&](error_code ec, const outcome<void>& o) { note(r, ec, o); });
    while (!ready && r.completions == 0) ctx.run_one();
  }
  ctx.restart();
  ctx.run();
  return r;
}

result handle_terminates() {
  result r;
  asio::io_context ctx;
  auto child = isolatte::spawn_child(ctx, hang);
  bool const there = child.pid() != 0;
  error_code const ec = child.terminate();
  if (there && ec && ec.value() != ESRCH) r.wrong = "terminate: " + ec.message();
  child.async_wait([&](error_code e, const outcome<void>& o) { note(r, e, o); });
  ctx.run();
  return r;
}

result context_destroyed() {
  result r;
  bool ready = false;
  {
    asio::io_context ctx;
    isolatte::async_fork(ctx, announce_and_hang, announcing(ready),
                         [&](error_code ec, const outcome<void>& o) { note(r, ec, o); });
    while (!ready && r.completions == 0) ctx.run_one();
  }
  // The handler is destroyed with the context. The test is that no child and no descriptor remains.
  if (r.completions == 0) r = {.completions = 1, .how = ending::cancelled};
  return r;
}

result early() {
  result r;
  asio::io_context ctx;
  isolatte::async_fork(
      ctx, [] { return 7; }, {.early = true},
      [&](error_code ec, outcome<int> o) {
        note(r, ec, o);
        expect(r, o, 7);
      });
  ctx.run();
  return r;
}

result lost() {
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before{};
  ::sigaction(SIGCHLD, &ignore, &before);
  result const r = plain_value();
  ::sigaction(SIGCHLD, &before, nullptr);
  return r;
}

/// The kill of the process group takes the grandchild along.
result grandchild() {
  result r;
  asio::io_context ctx;
  isolatte::async_fork(
      ctx,
      [] {
        int const pid = ::fork();
        if (pid == 0) hang();
        return pid;
      },
      {},
      [&](error_code ec, outcome<int> o) {
        note(r, ec, o);
        if (o && o.value() > 0) wait_until_gone(o.value());
      });
  ctx.run();
  return r;
}

result executed(isolatte::program what, isolatte::options opts) {
  result r;
  asio::io_context ctx;
  opts.in = isolatte::from_text{"text"};
  opts.out = capture{};
  isolatte::async_execute(ctx, std::move(what), std::move(opts),
                          [&](error_code ec, const outcome<void>& o) {
                            note(r, ec, o);
                            if (o.how() != ending::exited) return;
                            if (o.exit_code() != 0) r.wrong = "the exit code";
                            if (o.out_text() != "text") r.wrong = "the captured text";
                          });
  ctx.run();
  return r;
}

result program() { return executed({.executable = "cat", .start_dir = "/"}, {}); }
result program_timeout() { return executed({"sleep", {"1000"}}, {.timeout = 10ms}); }

/// Everything that a sandbox has set up, as far as the system can do it.
isolatte::sandbox whole_sandbox() {
  return {.read = {"/"},
          .write = {"/dev/null"},
          .execute = {"/"},
          .network = isolatte::any_network,
          .isolate = {.network = true},
          .enforce = isolatte::enforcement::best_effort};
}

/// Tries the mechanisms of a sandbox, which are kept then, with descriptors of their own.
/// @return whether the library was built with sandboxes
bool has_sandboxes() {
  static bool const built = [] {
    auto const gaps = isolatte::sandbox_support().gaps(whole_sandbox());
    return gaps.empty() || !gaps.front().starts_with("no sandbox: ");
  }();
  return built;
}

std::optional<isolatte::sandbox> if_built(isolatte::sandbox box) {
  if (!has_sandboxes()) return std::nullopt;
  return box;
}

result sandboxed_value() {
  result r;
  asio::io_context ctx;
  isolatte::async_fork(
      ctx, [] { return 42; }, {.sandbox = if_built(whole_sandbox())},
      [&](error_code ec, outcome<int> o) {
        note(r, ec, o);
        expect(r, o, 42);
      });
  ctx.run();
  return r;
}

result sandboxed_program() {
  return executed({.executable = "cat"}, {.sandbox = if_built(whole_sandbox())});
}

using server_place = std::optional<isolatte::fork_server>;

/// Waits for a standby child, but not without end: the failed call may be the one that makes it.
void await_standby(server_place& server, asio::io_context& ctx) {
  bool served = false;
  server->async_fork(isolatte::call([] { return 41; }), {},
                     [&](error_code, const outcome<int>& o) { served = static_cast<bool>(o); });
  ctx.run();
  ctx.restart();
  auto const stands_by = [&] {
    auto const all = children();
    return std::any_of(all.begin(), all.end(), [&](int pid) { return pid != server->pid(); });
  };
  auto const latest = std::chrono::steady_clock::now() + 50ms;
  while (served && !stands_by() && std::chrono::steady_clock::now() < latest)
    std::this_thread::yield();
}

/// Runs an operation of a fork server, and then another one, which shows whether the server still
/// works.
template <class Start>
result served(Start start, void (*prepare)(server_place&, asio::io_context&) = nullptr,
              isolatte::fork_server_options opts = {}) {
  result r;
  asio::io_context ctx;
  std::optional<isolatte::fork_server> server;
  try {
    server.emplace(ctx, std::move(opts));
  } catch (const boost::system::system_error& error) {
    return {.completions = 1, .ec = error.code(), .ran = isolatte::ran::no};
  }
  if (prepare != nullptr) prepare(server, ctx);
  start(server, r);
  ctx.run();
  if (!server) return r;
  r.next_completions = 0;
  server->async_fork(isolatte::call([] { return 43; }), {}, [&](error_code, const outcome<int>& o) {
    ++*r.next_completions;
    r.next_how = o.how();
    if (o && o.value() != 43) r.wrong = "the next value";
  });
  ctx.restart();
  ctx.run();
  return r;
}

result served_value() {
  return served([](server_place& server, result& r) {
    server->async_fork(isolatte::call([](int a, int b) { return a + b; }, 40, 2), {},
                       [&](error_code ec, const outcome<int>& o) {
                         note(r, ec, o);
                         expect(r, o, 42);
                       });
  });
}

int preloaded = 0;

result served_with_preload() {
  return served(
      [](server_place& server, result& r) {
        server->async_fork(isolatte::call([](int a) { return preloaded + a; }, 2), {},
                           [&](error_code ec, const outcome<int>& o) {
                             note(r, ec, o);
                             expect(r, o, 42);
                           });
      },
      nullptr, {.preload = [] { preloaded = 40; }});
}

result served_with_failing_preload() {
  return served(
      [](server_place& server, result& r) {
        server->async_fork(isolatte::call([] { return 42; }), {},
                           [&](error_code ec, const outcome<int>& o) {
                             note(r, ec, o);
                             // Another failure may come first.
                             if (ec == isolatte::error::preload_failed) r.how = ending::threw;
                           });
      },
      nullptr, {.preload = [] { throw std::out_of_range{"far out"}; }});
}

result served_in_sandbox() {
  return served(
      [](server_place& server, result& r) {
        server->async_fork(isolatte::call([](int a, int b) { return a + b; }, 40, 2), {},
                           [&](error_code ec, const outcome<int>& o) {
                             note(r, ec, o);
                             expect(r, o, 42);
                           });
      },
      nullptr, {.sandbox = if_built(isolatte::sandbox::pure())});
}

result served_streams_by(void (*prepare)(server_place&, asio::io_context&)) {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  auto const echo = [](int fd) {
    std::string text;
    std::getline(std::cin, text);
    std::cout << text;
    std::cerr << "to err";
    return static_cast<int>(::write(fd, "kept", 4));
  };
  result all = served(
      [&](server_place& server, result& r) {
        isolatte::options opts{.in = isolatte::from_text{"text"},
                               .out = capture{},
                               .err = capture{},
                               .keep = {ends[1]}};
        server->async_fork(isolatte::call(echo, ends[1]), std::move(opts),
                           [&](error_code ec, const outcome<int>& o) {
                             note(r, ec, o);
                             expect(r, o, 4);
                             if (!o) return;
                             if (o.out_text() != "text") r.wrong = "the captured output";
                             if (o.err_text() != "to err") r.wrong = "the captured errors";
                           });
      },
      prepare);
  pollfd written{ends[0], POLLIN, 0};
  if (::poll(&written, 1, 0) > 0 && all.ran == ran::no) all.wrong = "it ran, though it says no";
  ::close(ends[0]);
  ::close(ends[1]);
  return all;
}

result served_streams() { return served_streams_by(nullptr); }
result standby_streams() { return served_streams_by(await_standby); }

result served_large_arguments() {
  return served([](server_place& server, result& r) {
    std::vector<int> const numbers(100'000, 1);
    auto const size = [](const std::vector<int>& all) { return all.size(); };
    server->async_fork(isolatte::call(size, numbers), {},
                       [&](error_code ec, const outcome<std::size_t>& o) {
                         note(r, ec, o);
                         expect(r, o, std::size_t{100'000});
                       });
  });
}

result served_timeout() {
  return served([](server_place& server, result& r) {
    server->async_fork(isolatte::call(hang), {.timeout = 10ms},
                       [&](error_code ec, const outcome<void>& o) { note(r, ec, o); });
  });
}

/// Runs `then` with the server when the line of the child arrives.
template <class Then>
result served_until_ready(Then then) {
  asio::cancellation_signal signal;
  return served([&](server_place& server, result& r) {
    server->async_fork(
        isolatte::call(announce_and_hang),
        {.out = isolatte::by_line{[&](std::string_view) { then(server, signal); }}},
        asio::bind_cancellation_slot(
            signal.slot(), [&](error_code ec, const outcome<void>& o) { note(r, ec, o); }));
  });
}

result served_cancelled() {
  return served_until_ready([](server_place&, asio::cancellation_signal& signal) {
    signal.emit(asio::cancellation_type::terminal);
  });
}

void kill_server(const server_place& server) {
  if (int const pid = server->pid()) ::kill(pid, SIGKILL);
}

result server_killed() {
  return served_until_ready(
      [](server_place& server, asio::cancellation_signal&) { kill_server(server); });
}

result server_destroyed() {
  return served_until_ready(
      [](server_place& server, asio::cancellation_signal&) { server.reset(); });
}

result server_replaced() {
  return served([](server_place& server, result& r) {
    int const pid = server->pid();
    kill_server(server);
    wait_until_gone(pid);
    server->async_fork(isolatte::call([] { return 42; }), {},
                       [&](error_code ec, const outcome<int>& o) {
                         note(r, ec, o);
                         expect(r, o, 42);
                       });
  });
}

/// The kernel reports no end of the child until the program has reaped the thread.
result traced_thread() {
  result r;
  asio::io_context ctx;
  isolatte::async_fork(
      ctx,
      [] {
        std::thread{[] { ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }}.join();
        return 42;
      },
      {},
      [&](error_code ec, outcome<int> o) {
        note(r, ec, o);
        expect(r, o, 42);
      });
  ctx.run();
  return r;
}

/// Leaves the program two children, one of which would not end.
result siblings() {
  result r;
  asio::io_context ctx;
  isolatte::async_fork(
      ctx,
      [] {
        constexpr int flags = CLONE_PARENT | SIGCHLD;
        if (::syscall(SYS_clone, flags, 0, 0, 0, 0) == 0) ::_exit(0);
        if (::syscall(SYS_clone, flags, 0, 0, 0, 0) == 0) hang();
        return 42;
      },
      {},
      [&](error_code ec, outcome<int> o) {
        note(r, ec, o);
        expect(r, o, 42);
      });
  ctx.run();
  return r;
}

/// Posts, and receives until it is told that this is all, or there is no more.
int converse(std::stop_token, isolatte::channel<int, int>& talk) {
  for (int i = 1; i <= 3; ++i) talk.post(i);
  talk.post_latest(4);
  while (auto const message = talk.receive())
    if (*message == 0) break;
  return 42;
}

/// The program's side of converse(). Its handlers keep it.
struct conversation : std::enable_shared_from_this<conversation> {
  conversation(result& to, isolatte::child<int, int, int> with) : r{to}, job{std::move(with)} {}

  void begin() {
    job.async_wait([self = shared_from_this()](error_code ec, const outcome<int>& o) {
      note(self->r, ec, o);
      expect(self->r, o, 42);
    });
    receive();
    send(7);
  }
  void receive() {
    job.async_receive([self = shared_from_this()](error_code ec, int message) {
      if (ec) return;
      if (message != ++self->received) self->r.wrong = "a message";
      if (message == 3) {
        static_cast<void>(self->job.request_stop());
        self->send(0);
      }
      self->receive();
    });
  }
  void send(int message) {
    job.async_send(message, [self = shared_from_this()](error_code) {});
  }

  result& r;
  isolatte::child<int, int, int> job;
  int received = 0;
};

result talk() {
  result r;
  asio::io_context ctx;
  std::make_shared<conversation>(r, isolatte::spawn_child(ctx, converse))->begin();
  ctx.run();
  return r;
}

result served_talk() {
  return served([](server_place& server, result& r) {
    std::make_shared<conversation>(r, server->spawn_child(isolatte::call(converse), {}))->begin();
  });
}

constexpr scenario scenarios[] = {
    {"plain value", plain_value, ending::returned},
    {"exception", exception, ending::threw},
    {"streams", streams, ending::returned},
    {"timeout", timeout, ending::timed_out, true},
    {"timeout without group", timeout_without_group, ending::timed_out, true},
    {"timeout with grace", timeout_with_grace, ending::timed_out, true},
    {"timeout of a stopped child", timeout_stopped, ending::timed_out, true},
    {"cancel terminal", cancel_terminal, ending::cancelled, true},
    {"cancel partial", cancel_partial, ending::cancelled, true},
    {"cancel total without group", cancel_total_without_group, ending::cancelled, true},
    {"fault report", fault_report, ending::faulted},
    {"large result", large_result, ending::returned},
    {"limits and kept descriptors", limits_and_kept, ending::returned},
    {"files", files, ending::returned},
    {"handle destroyed", handle_destroyed, ending::cancelled, true},
    {"handle terminates", handle_terminates, ending::cancelled, true},
    {"context destroyed", context_destroyed, ending::cancelled, true},
    {"early", early, ending::returned},
    {"lost", lost, ending::lost},
    {"grandchild", grandchild, ending::returned},
    {"traced thread", traced_thread, ending::returned},
    {"siblings", siblings, ending::returned},
    {"program", program, ending::exited},
    {"timeout of a program", program_timeout, ending::timed_out, true},
    {"sandboxed value", sandboxed_value, ending::returned},
    {"sandboxed program", sandboxed_program, ending::exited},
    {"served value", served_value, ending::returned, false, true},
    {"served with a preload", served_with_preload, ending::returned, false, true},
    {"served with a failing preload", served_with_failing_preload, ending::threw, false, true},
    {"served in a sandbox", served_in_sandbox, ending::returned, false, true},
    {"served streams", served_streams, ending::returned, false, true},
    {"served large arguments", served_large_arguments, ending::returned, false, true},
    {"served timeout", served_timeout, ending::timed_out, true, true},
    {"served cancel", served_cancelled, ending::cancelled, true, true},
    {"standby streams", standby_streams, ending::returned, false, true},
    {"server killed", server_killed, ending::cancelled, true, true},
    {"server destroyed", server_destroyed, ending::cancelled, true, true},
    {"talk", talk, ending::returned},
    {"served talk", served_talk, ending::returned, false, true},
    {"server replaced", server_replaced, ending::returned, false, true},
};

/// The system calls that carry the result and the messages. If they fail, the outcome is
/// undelivered.
bool carries(const scenario& what, const std::string& entry) {
  bool const talks = what.run == talk || what.run == served_talk;
  return entry == "write" || entry == "fstat" ||
         (talks && (entry == "sendmsg" || entry == "recvmsg"));
}

/// A failed call in the server ends the server, because it cannot answer. The next operation starts
/// another one.
bool costs_the_server(const scenario& what, const result& r, const fail_calls& calls) {
  return what.served && calls.injected() &&
         (r.ec == isolatte::error::server_died ||
          (what.run == served_with_preload && r.ec == isolatte::error::preload_failed));
}

void judge_next(const scenario& what, const result& r, const failure& how) {
  if (!r.next_completions) return;
  BOOST_TEST(*r.next_completions == 1);
  // One failure costs one operation, so the next one works.
  if (how.how == failure::mode::nth && r.how != what.expected &&
      what.run != served_with_failing_preload)
    BOOST_TEST(r.next_how == ending::returned);
}

void judge(const scenario& what, const result& r, const fail_calls& calls) {
  BOOST_TEST(r.completions == 1);
  BOOST_TEST(r.wrong == "");
  BOOST_TEST((r.has_value ? r.how != ending::not_started : true));
  if (r.how == ending::not_started) {
    BOOST_TEST(calls.injected());
    BOOST_TEST((r.ec.value() == calls.error() || costs_the_server(what, r, calls)), r.ec.message());
    BOOST_TEST(r.ran == ran::no);
    return;
  }
  if (costs_the_server(what, r, calls)) {
    BOOST_TEST(r.how == ending::cancelled);
    return;
  }
  if (what.run == server_killed) {
    BOOST_TEST((r.ec == isolatte::error::server_died), r.ec.message());
    BOOST_TEST(r.how == what.expected);
    return;
  }
  if (what.run == served_with_failing_preload && r.ec == isolatte::error::preload_failed) return;
  BOOST_TEST((!r.ec || r.ec == asio::error::operation_aborted), r.ec.message());
  if (calls.injected() && carries(what, calls.entry()) && r.how == ending::undelivered) return;
  BOOST_TEST(r.how == what.expected);
}

/// @return whether a call was made to fail
bool run(const scenario& what, const failure& how) {
  has_sandboxes();
  auto const descriptors = open_descriptors();
  fail_calls const calls{how};
  result const r = what.run();
  BOOST_TEST_CONTEXT(what.name << ": " << (how.how == failure::mode::nth ? "call " : "every call ")
                               << how.nth << " fails in the "
                               << (how.where == side::parent ? "parent" : "child") << " ("
                               << calls.entry() << ") -> " << r.how << ", " << r.ec.message()) {
    judge(what, r, calls);
    judge_next(what, r, how);
    BOOST_TEST(open_descriptors() == descriptors, boost::test_tools::per_element());
    BOOST_TEST(children_vanish());
  }
  return calls.injected();
}

}  // namespace

void fail_each(side where) {
  for (auto const& what : scenarios) {
    crash_depth = where == side::parent ? 1 : 40;
    unsigned nth = 1;
    while (run(what, {.where = where, .nth = nth})) {
      ++nth;
      // In the parent every run needs a trace of unknown addresses. In the child a known trace
      // saves time.
      if (where == side::parent) ++crash_depth;
      BOOST_REQUIRE(nth < 1000);
    }
    BOOST_TEST_MESSAGE(what.name << ": " << nth - 1 << " calls");
    // A child that is killed at once may make no call at all.
    BOOST_TEST((nth > 1U || (where == side::child && what.needs_kill)), what.name);
  }
}

namespace {

/// Whether the scenario cannot work without the call.
bool hopeless(const scenario& what, std::string_view entry) {
  // Killing a group needs its leader as a zombie, and only waitid(WNOWAIT) leaves it one. Linux 6.9
  // could signal a group through a pidfd; older kernels cannot.
  if (what.run == grandchild || what.run == siblings) return entry == "kill" || entry == "waitid";
  // No other call reaps a group, or a thread.
  if (what.run == traced_thread) return entry == "waitid";
  // Without pidfd, kill() is the only way to end a fork server, too.
  return !ISOLATTE_HAS_PIDFD && entry == "kill" && (what.needs_kill || what.served);
}

}  // namespace

void fail_every(side where) {
  for (auto const entry : fail_calls::entries())
    for (auto const& what : scenarios) {
      if (where == side::parent && hopeless(what, entry)) continue;
      BOOST_TEST_CONTEXT(entry) {
        run(what, {.how = failure::mode::every, .where = where, .entry = entry});
      }
    }
}

void fail_none() {
  for (auto const& what : scenarios) BOOST_TEST(!run(what, {.nth = 0}));
}

void interrupt_all() {
  has_sandboxes();
  for (auto const& what : scenarios) {
    auto const descriptors = open_descriptors();
    result r;
    {
      fail_calls const calls{{.how = failure::mode::interrupted}};
      r = what.run();
      BOOST_TEST(calls.injected());
    }
    BOOST_TEST_CONTEXT(what.name) {
      BOOST_TEST(r.completions == 1);
      BOOST_TEST(r.how == what.expected);
      BOOST_TEST(r.wrong == "");
      BOOST_TEST(open_descriptors() == descriptors, boost::test_tools::per_element());
    }
  }
}

}  // namespace isolatte::inline v0_1::test
