// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Each member of options means the same thing whatever launches the child. If one cannot, the
// table below names the launcher, and its documentation does so, too.

#include "helpers.hpp"
#include "support/nothing_left.hpp"
#include "support/sanitizers.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

namespace one_meaning_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::ending;
using isolatte::options;
using isolatte::outcome;
using isolatte::test::scratch_folder;
using isolatte::test::wire;
using namespace std::chrono_literals;

// A child states a fact about itself. Each probe is a function, and a script for /bin/sh.

std::string line_of(const char* path, std::string_view beginning) {
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(beginning)) return line + "\n";
  return {};
}

std::string read_input(int) { return isolatte::test::read_all(0); }
std::string read_kept(int fd) {
  char bytes[4] = {};
  ssize_t const count = ::read(fd, bytes, sizeof bytes);
  return count > 0 ? std::string(bytes, static_cast<std::size_t>(count)) : "closed";
}
std::string write_streams(int) {
  isolatte::test::write_all(1, "one\ntwo\n");
  isolatte::test::write_all(2, "error\n");
  return {};
}
std::string tell_limits(int) {
  std::string text;
  for (auto const limit : {"Max address space", "Max cpu time", "Max file size", "Max open files",
                           "Max core file size", "Max stack size"})
    text += line_of("/proc/self/limits", limit);
  text += line_of("/proc/self/oom_score_adj", "");
  return text + std::to_string(::getpriority(PRIO_PROCESS, 0)) + "\n";
}
std::string tell_group(int) { return ::getpgid(0) == ::getpid() ? "leads\n" : "follows\n"; }
std::string hang(int) { isolatte::test::hang(); }
std::string exit_politely(int) {
  ::signal(SIGTERM, [](int) { ::_exit(5); });
  isolatte::test::hang();
}
std::string make_large(int) { return std::string(100'000, 'x'); }
std::string crash(int) {
  ::raise(SIGSEGV);
  return {};
}
std::string answer(int) { return "answer\n"; }

using probe = std::string (*)(int);

constexpr const char* limits_script =
    "for i in 'Max address space' 'Max cpu time' 'Max file size' 'Max open files' "
    "'Max core file size' 'Max stack size'; do grep \"^$i\" /proc/$$/limits; done; "
    "cat /proc/$$/oom_score_adj; nice";

/// All that one case needs while it runs.
struct setting {
  options opts;
  /// The argument of the probe.
  int fd = -1;
  /// Kept open, and looked at after the run.
  scratch_folder folder;
  wire pipe;
  std::string lines;
  /// Says what the case's outside has seen.
  std::function<std::string()> seen = [] { return std::string{}; };
};

struct facts {
  error_code ec;
  outcome<std::string> what;
};

std::string text_of(const facts& all, const std::string& seen) {
  std::string text{to_string(all.what.how())};
  if (all.ec) text += ", error: " + all.ec.message();
  if (all.what) text += ", value: " + *all.what;
  if (auto const signal = all.what.signal()) text += ", signal " + std::to_string(*signal);
  if (auto const code = all.what.exit_code(); code && *code > 1)
    text += ", code " + std::to_string(*code);
  if (all.what.fault()) text += ", fault told";
  text += ", out: " + all.what.out_text() + (all.what.out_truncated() ? " (cut)" : "");
  text += ", err: " + all.what.err_text() + (all.what.err_truncated() ? " (cut)" : "");
  return text + ", seen: " + seen;
}

// Launchers

void run(asio::io_context& ctx, const std::function<bool()>& until) {
  while (!until() && ctx.run_one() != 0) {
  }
}

struct noted {
  bool done = false;
  facts all;
  auto handler() {
    return [this](error_code ec, outcome<std::string> what) {
      done = true;
      all.ec = ec;
      all.what = std::move(what);
    };
  }
};

facts by_async_fork(probe what, setting& s) {
  asio::io_context ctx;
  noted result;
  isolatte::async_fork(ctx, [what, fd = s.fd] { return what(fd); }, s.opts, result.handler());
  ctx.run();
  return std::move(result.all);
}

facts by_fork(probe what, setting& s) {
  facts all;
  all.what = isolatte::fork([what, fd = s.fd] { return what(fd); }, s.opts);
  if (all.what.how() != ending::not_started) return all;
  try {
    static_cast<void>(all.what.value());
  } catch (const boost::system::system_error& error) {
    all.ec = error.code();
  }
  return all;
}

facts by_spawn_child(probe what, setting& s) {
  asio::io_context ctx;
  noted result;
  auto child = isolatte::spawn_child(ctx, [what, fd = s.fd] { return what(fd); }, s.opts);
  child.async_wait(result.handler());
  ctx.run();
  return std::move(result.all);
}

facts by_map(probe what, setting& s) {
  asio::io_context ctx;
  facts all;
  isolatte::async_map(ctx, std::vector<int>{s.fd}, what, isolatte::map_options{.child = s.opts},
                      [&](error_code ec, std::vector<outcome<std::string>> outcomes) {
                        all.ec = ec;
                        if (outcomes.size() == 1) all.what = std::move(outcomes[0]);
                      });
  ctx.run();
  return all;
}

facts by_server(probe what, setting& s) {
  asio::io_context ctx;
  isolatte::fork_server server{ctx};
  noted result;
  server.async_fork(isolatte::call(what, s.fd), s.opts, result.handler());
  run(ctx, [&] { return result.done; });
  ctx.run();
  return std::move(result.all);
}

facts by_standby(probe what, setting& s) {
  asio::io_context ctx;
  isolatte::fork_server server{ctx};
  noted first;
  server.async_fork(isolatte::call(answer, 0), {}, first.handler());
  ctx.run();
  ctx.restart();
  auto const stands_by = [&] {
    auto const all = isolatte::test::children();
    return std::any_of(all.begin(), all.end(), [&](int pid) { return pid != server.pid(); });
  };
  while (!stands_by()) std::this_thread::yield();
  noted result;
  server.async_fork(isolatte::call(what, s.fd), s.opts, result.handler());
  ctx.run();
  return std::move(result.all);
}

facts by_pool(probe what, setting& s) {
  asio::io_context ctx;
  noted result;
  std::optional<isolatte::worker_pool> pool;
  try {
    pool.emplace(ctx, isolatte::pool_options{.workers = 1, .worker = s.opts});
  } catch (const boost::system::system_error& error) {
    return {error.code(), {}};
  }
  pool->async_run(isolatte::call(what, s.fd), {}, result.handler());
  run(ctx, [&] { return result.done; });
  pool->stop();
  ctx.run();
  return std::move(result.all);
}

/// A program has no value. The text that it writes stands for it, if the case leaves the output to
/// the launcher.
facts by_execute(const std::string& script, setting& s, bool has_value) {
  asio::io_context ctx;
  facts all;
  if (has_value) s.opts.out = isolatte::capture{};
  isolatte::async_execute(ctx, {"/bin/sh", {"-c", script}}, s.opts,
                          [&](error_code ec, const outcome<void>& what) {
                            all.ec = ec;
                            isolatte::run_summary end;
                            end.how = what.how();
                            end.signal = what.signal();
                            end.exit_code = what.exit_code();
                            end.out = {what.out_text(), what.out_truncated()};
                            end.err = {what.err_text(), what.err_truncated()};
                            if (what.how() != ending::exited || what.exit_code() != 0) {
                              all.what = outcome<std::string>::ended(std::move(end));
                              return;
                            }
                            end.how = ending::returned;
                            std::string value = has_value ? std::exchange(end.out.text, {}) : "";
                            all.what = outcome<std::string>::returned(value, std::move(end));
                          });
  ctx.run();
  return all;
}

struct launcher {
  const char* name;
  facts (*run)(probe, setting&);
};

constexpr launcher launchers[] = {
    {"async_fork", by_async_fork}, {"fork", by_fork},          {"spawn_child", by_spawn_child},
    {"async_map", by_map},         {"fork_server", by_server}, {"standby child", by_standby},
    {"worker_pool", by_pool},
};

/// Puts a descriptor in the place of a standard stream, which "inherit" refers to.
class in_place_of {
 public:
  in_place_of(int stream, int fd) : stream_{stream}, before_{::fcntl(stream, F_DUPFD_CLOEXEC, 3)} {
    ::dup2(fd, stream);
  }
  ~in_place_of() {
    ::dup2(before_, stream_);
    ::close(before_);
  }
  in_place_of(const in_place_of&) = delete;
  in_place_of& operator=(const in_place_of&) = delete;

 private:
  int stream_;
  int before_;
};

struct option_case {
  const char* name;
  probe what;
  /// Null: no program can do it.
  const char* script;
  void (*set)(setting&);
  /// Text that every launcher's facts contain.
  std::string_view expected;
  /// Launchers that refuse it, or that it does not apply to, and what theirs contain.
  std::map<std::string_view, std::string_view> exceptions{};
  /// The stream that the pipe takes the place of, or -1.
  int replaced = -1;
};

void see_file(setting& s) {
  s.seen = [&s] { return isolatte::test::read_file(s.folder / "file"); };
}
void see_pipe(setting& s) {
  s.seen = [&s] { return s.pipe.read_rest(); };
}
void fill_file(setting& s) { std::ofstream{s.folder / "file"} << "before\n"; }

const option_case cases[] = {
    {"in: discard", read_input, "cat", [](setting& s) { s.opts.in = isolatte::discard; },
     "returned, value: ,"},
    {"in: inherit",
     read_input,
     "cat",
     [](setting& s) {
       s.opts.in = isolatte::inherit;
       s.pipe.tell();
       s.pipe.close_write();
     },
     "value: .",
     {},
     0},
    {"in: from_file", read_input, "cat",
     [](setting& s) {
       fill_file(s);
       s.opts.in = isolatte::from_file{s.folder / "file"};
     },
     "value: before\n"},
    {"in: no such file", read_input, "cat",
     [](setting& s) { s.opts.in = isolatte::from_file{s.folder / "none"}; },
     "not_started, error: No such file or directory"},
    {"in: from_fd", read_input, "cat",
     [](setting& s) {
       s.pipe.tell();
       s.pipe.close_write();
       s.opts.in = isolatte::from_fd{s.pipe.read_end()};
     },
     "value: ."},
    {"in: from_text", read_input, "cat",
     [](setting& s) { s.opts.in = isolatte::from_text{"text"}; }, "value: text"},
    {"out: discard", write_streams, "printf 'one\ntwo\n'; echo error >&2",
     [](setting& s) { s.opts.out = isolatte::discard; }, "returned, value: , out: , err: , seen: "},
    {"out: inherit",
     write_streams,
     "printf 'one\ntwo\n'; echo error >&2",
     [](setting& s) {
       s.opts.out = isolatte::inherit;
       see_pipe(s);
     },
     "seen: one\ntwo\n",
     {},
     1},
    {"err: inherit",
     write_streams,
     "printf 'one\ntwo\n'; echo error >&2",
     [](setting& s) {
       s.opts.out = isolatte::discard;
       s.opts.err = isolatte::inherit;
       see_pipe(s);
     },
     "seen: error\n",
     {},
     2},
    {"out: to_file", write_streams, "printf 'one\ntwo\n'; echo error >&2",
     [](setting& s) {
       fill_file(s);
       s.opts.out = isolatte::to_file{s.folder / "file"};
       see_file(s);
     },
     "seen: one\ntwo\n"},
    {"out: to_file, append", write_streams, "printf 'one\ntwo\n'; echo error >&2",
     [](setting& s) {
       fill_file(s);
       s.opts.out = isolatte::to_file{s.folder / "file", true};
       see_file(s);
     },
     "seen: before\none\ntwo\n"},
    {"out and err: one file", write_streams, "printf 'one\ntwo\n'; echo error >&2",
     [](setting& s) {
       s.opts.out = isolatte::to_file{s.folder / "file"};
       s.opts.err = isolatte::to_file{s.folder / "file"};
       see_file(s);
     },
     "seen: one\ntwo\nerror\n"},
    {"out: to_fd", write_streams, "printf 'one\ntwo\n'; echo error >&2",
     [](setting& s) {
       s.opts.out = isolatte::to_fd{s.pipe.write_end()};
       see_pipe(s);
     },
     "seen: one\ntwo\n"},
    {"out and err: capture", write_streams, "printf 'one\ntwo\n'; echo error >&2",
     [](setting& s) { s.opts.out = s.opts.err = isolatte::capture{}; },
     "out: one\ntwo\n, err: error\n"},
    {"out: capture, limited", write_streams, "printf 'one\ntwo\n'; echo error >&2",
     [](setting& s) { s.opts.out = isolatte::capture{.limit = 4}; }, "out: two\n (cut)"},
    {"out: by_line", write_streams, "printf 'one\ntwo\n'; echo error >&2",
     [](setting& s) {
       s.opts.out = isolatte::by_line{
           [&s](std::string_view line) { s.lines.append("<").append(line).append(">"); }};
       s.seen = [&s] { return s.lines; };
     },
     "seen: <one><two>"},
    {"timeout", hang, "exec sleep 1000", [](setting& s) { s.opts.timeout = 10ms; },
     "timed_out, signal 9"},
    {"timeout of zero", hang, "exec sleep 1000", [](setting& s) { s.opts.timeout = 0ms; },
     "timed_out"},
    {"grace", exit_politely, "trap 'exit 5' TERM; while :; do sleep 0.01; done",
     [](setting& s) {
       s.opts.timeout = 300ms;
       s.opts.grace = 1h;
     },
     "timed_out, code 5"},
    {"limits", tell_limits, limits_script,
     [](setting& s) {
       s.opts.limits = {.cpu_time = 3600s,
                        .file_size = 1 << 20,
                        .open_files = 100,
                        .core_size = 0,
                        .stack = 1 << 20,
                        .nice = 3,
                        .oom_score_adj = 1000};
       // The shadow memory of a sanitizer is larger than any limit.
       if (isolatte::test::malloc_refuses) s.opts.limits.address_space = std::uint64_t{1} << 40;
     },
     "1000\n3\n"},
    {"limits that are refused", answer, "echo answer",
     [](setting& s) { s.opts.limits.oom_score_adj = 5000; },
     "not_started, error: Invalid argument"},
    {"keep", read_kept, "head -c 4 <&$FD",
     [](setting& s) {
       isolatte::test::write_all(s.pipe.write_end(), "kept");
       s.fd = s.pipe.read_end();
       s.opts.keep = {s.fd};
     },
     "value: kept"},
    {"keep nothing", read_kept, nullptr,
     [](setting& s) {
       isolatte::test::write_all(s.pipe.write_end(), "kept");
       s.fd = s.pipe.read_end();
     },
     "value: closed"},
    {"keep what is not open", answer, "echo answer", [](setting& s) { s.opts.keep = {999}; },
     "not_started, error: Bad file descriptor"},
    {"keep all descriptors",
     read_kept,
     "head -c 4 <&$FD",
     [](setting& s) {
       isolatte::test::write_all(s.pipe.write_end(), "kept");
       s.fd = s.pipe.read_end();
       s.opts.keep = isolatte::all_descriptors;
     },
     "value: kept",
     {{"fork_server", "not_started, error: Operation not supported"},
      {"standby child", "not_started, error: Operation not supported"},
      {"worker_pool", "not_started, error: Operation not supported"}}},
    {"kill_tree", tell_group,
     "read a b c d e f < /proc/$$/stat; [ $a = $e ] && echo leads || echo follows",
     [](setting& s) { s.opts.kill_tree = true; }, "value: leads"},
    {"no kill_tree", tell_group,
     "read a b c d e f < /proc/$$/stat; [ $a = $e ] && echo leads || echo follows",
     [](setting& s) { s.opts.kill_tree = false; }, "value: follows"},
    {"no die_with_parent", answer, "echo answer",
     [](setting& s) { s.opts.die_with_parent = false; }, "value: answer"},
    {"max_result", make_large, nullptr, [](setting& s) { s.opts.max_result = 1000; },
     "undelivered"},
    {"fault_report", crash, nullptr, [](setting& s) { s.opts.fault_report = true; },
     "faulted, signal 11, fault told"},
    {"no fault_report", crash, "kill -SEGV $$", [](setting& s) { s.opts.fault_report = false; },
     "faulted, signal 11, out"},
    {"early", answer, "echo answer", [](setting& s) { s.opts.early = true; }, "value: answer"},
};

void compare(const option_case& each, const char* by, const std::function<facts(setting&)>& run,
             std::optional<std::string>& first) {
  setting s;
  std::optional<in_place_of> replaced;
  each.set(s);
  if (each.replaced != -1)
    replaced.emplace(each.replaced, each.replaced == 0 ? s.pipe.read_end() : s.pipe.write_end());
  facts const all = run(s);
  replaced.reset();
  std::string const text = text_of(all, s.seen());
  auto const exception = each.exceptions.find(by);
  bool const is_exception = exception != each.exceptions.end();
  std::string_view const expected = is_exception ? exception->second : each.expected;
  BOOST_TEST_CONTEXT(each.name << " by " << by) {
    BOOST_TEST((text.find(expected) != std::string::npos), text);
    if (is_exception) return;
    if (!first)
      first = text;
    else
      BOOST_TEST(text == *first);
  }
}

std::string replace_fd(std::string script, int fd) {
  if (auto const at = script.find("$FD"); at != std::string::npos)
    script.replace(at, 3, std::to_string(fd));
  return script;
}

BOOST_FIXTURE_TEST_SUITE(one_meaning, isolatte::test::nothing_left)

BOOST_AUTO_TEST_CASE(each_option_by_each_launcher) {
  for (auto const& each : cases) {
    std::optional<std::string> first;
    for (auto const& by : launchers)
      compare(each, by.name, [&](setting& s) { return by.run(each.what, s); }, first);
    if (each.script == nullptr) continue;
    bool const has_value = each.what != write_streams;
    compare(
        each, "async_execute",
        [&](setting& s) { return by_execute(replace_fd(each.script, s.fd), s, has_value); }, first);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace one_meaning_test
