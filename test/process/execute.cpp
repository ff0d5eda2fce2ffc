// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "posix/leash.hpp"
#include "process/gate.hpp"
#include "process/marked_executor.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#if defined(ISOLATTE_NO_BOOST_PROCESS)
#include <boost/process/v2/posix/detail/close_handles.hpp>
#endif
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdlib>
#include <ostream>

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace execute_test {

namespace asio = boost::asio;
namespace data = boost::unit_test::data;
namespace errc = boost::system::errc;
using namespace isolatte::test;
using namespace std::chrono_literals;
using asio::cancellation_type;
using boost::system::error_code;
using isolatte::async_execute;
using isolatte::capture;
using isolatte::ending;
using isolatte::options;
using isolatte::outcome;
using isolatte::program;

struct result {
  int calls = 0;
  error_code ec;
  outcome<void> what;
};

/// Starts a program, and keeps how the operation completes.
void start(asio::io_context& context, result& into, program what, options opts = {}) {
  async_execute(context, std::move(what), std::move(opts),
                [&into](error_code ec, outcome<void> what) {
                  ++into.calls;
                  into.ec = ec;
                  into.what = std::move(what);
                });
}

result run(program what, options opts = {}) {
  asio::io_context context;
  result done;
  start(context, done, std::move(what), std::move(opts));
  BOOST_TEST(done.calls == 0);
  context.run();
  BOOST_TEST(done.calls == 1);
  return done;
}

program shell(std::string script, std::vector<std::string> args = {}) {
  args.insert(args.begin(), {"-c", std::move(script), "sh"});
  return {"sh", std::move(args)};
}

/// Returns what the program writes to its standard output.
std::string output(program what, options opts = {}) {
  opts.out = capture{};
  auto const done = run(std::move(what), std::move(opts));
  BOOST_TEST(!done.ec, done.ec.message());
  BOOST_TEST(done.what.success(), done.what);
  return done.what.out_text();
}

void check_not_started(const result& done, errc::errc_t why) {
  BOOST_TEST(done.ec == why, done.ec.message());
  BOOST_TEST(done.what.how() == ending::not_started);
  BOOST_TEST(done.what.ran() == isolatte::ran::no);
  BOOST_TEST(done.what.pid() == 0);
  BOOST_TEST(!done.what.exit_code());
  BOOST_TEST(!done.what.success());
}

std::filesystem::path write_file(const std::filesystem::path& path, std::string_view text,
                                 mode_t mode) {
  std::ofstream{path} << text;
  ::chmod(path.c_str(), mode);
  return path;
}

std::string line(const std::filesystem::path& path) {
  return std::filesystem::canonical(path).string() + "\n";
}

/// Sets an environment variable, and restores it in the destructor.
class variable {
 public:
  variable(const char* name, const char* value) : name_{name} {
    if (auto const* const old = std::getenv(name)) old_ = old;
    ::setenv(name, value, 1);
  }
  ~variable() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }
  variable(const variable&) = delete;
  variable& operator=(const variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

BOOST_FIXTURE_TEST_SUITE(execute, isolatte::test::nothing_left)

// Endings

BOOST_DATA_TEST_CASE(a_program_exits_with_its_code, data::make({0, 1, 2, 126, 127, 255}), code) {
  auto const done = run(shell("exit " + std::to_string(code)));
  BOOST_TEST(!done.ec);
  BOOST_TEST(done.what.how() == ending::exited);
  BOOST_TEST((done.what.exit_code() == code));
  BOOST_TEST(done.what.success() == (code == 0));
  BOOST_TEST(!done.what.exception());
  BOOST_TEST(done.what.ran() == isolatte::ran::yes);
  BOOST_TEST(done.what.pid() > 0);
  BOOST_CHECK_THROW(done.what.value(), isolatte::abnormal_end);
}

struct by_signal {
  const char* name;
  int number;
  ending how;
  friend std::ostream& operator<<(std::ostream& out, const by_signal& s) { return out << s.name; }
};

BOOST_DATA_TEST_CASE(a_program_ends_by_a_signal,
                     data::make({by_signal{"TERM", SIGTERM, ending::signaled},
                                 by_signal{"KILL", SIGKILL, ending::killed},
                                 by_signal{"SEGV", SIGSEGV, ending::faulted},
                                 by_signal{"ABRT", SIGABRT, ending::faulted}}),
                     signal) {
  auto const done = run(shell(std::string{"kill -"} + signal.name + " $$; sleep 1000"),
                        {.limits = {.core_size = 0}});
  BOOST_TEST(!done.ec);
  BOOST_TEST(done.what.how() == signal.how);
  BOOST_TEST((done.what.signal() == signal.number));
  BOOST_TEST(!done.what.fault());
  BOOST_TEST(done.what.ran() == isolatte::ran::yes);
}

BOOST_AUTO_TEST_CASE(its_usage_is_known_and_early_means_nothing) {
  auto const done = run(shell("i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; exit 3"),
                        {.max_result = 0, .early = true});
  BOOST_TEST((done.what.exit_code() == 3));
  BOOST_TEST((done.what.usage().wall > 0s));
  BOOST_TEST((done.what.usage().user + done.what.usage().system > 0s));
  BOOST_TEST(done.what.usage().max_resident_bytes > 0U);
}

// Arguments, environment and descriptors

BOOST_AUTO_TEST_CASE(arguments_arrive_as_they_are) {
  BOOST_TEST(output(shell("printf '%s;' \"$@\"", {"a b", "", "*", "\"'$x\\", "ü\n", "-n"})) ==
             "a b;;*;\"'$x\\;ü\n;-n;");
  BOOST_TEST(output({"printf", {"none"}}) == "none");
  BOOST_TEST(output({"sh", {"-c", "echo $0"}}) == "sh\n", "a program is called by its own name");
}

BOOST_AUTO_TEST_CASE(streams_go_where_they_should) {
  scratch_folder folder;
  wire read;
  std::ofstream{folder / "in"} << "from file";
  BOOST_TEST(output({"cat"}, {.in = isolatte::from_text{"text"}}) == "text");
  BOOST_TEST(output({"cat"}, {.in = isolatte::from_file{folder / "in"}}) == "from file");
  write_all(read.write_end(), "from fd");
  read.close_write();
  BOOST_TEST(output({"cat"}, {.in = isolatte::from_fd{read.read_end()}}) == "from fd");
  BOOST_TEST(output({"cat"}, {}) == "");

  wire written;
  std::vector<std::string> lines;
  auto const collect = [&lines](std::string text) { lines.push_back(std::move(text)); };
  auto const both = [](std::string text) { return shell("printf " + text + "; printf err >&2"); };
  auto done = run(both("'one\\ntwo'"), {.out = isolatte::by_line{collect}, .err = capture{}});
  BOOST_TEST((lines == std::vector<std::string>{"one", "two"}));
  BOOST_TEST(done.what.err_text() == "err");
  done = run(both("fd"), {.out = isolatte::to_fd{written.write_end()},
                          .err = isolatte::to_file{folder / "err"}});
  BOOST_TEST(written.read_rest() == "fd");
  BOOST_TEST(read_file(folder / "err") == "err");
}

BOOST_AUTO_TEST_CASE(a_flood_blocks_nobody) {
  constexpr std::size_t total = 4 * 1024 * 1024;
  auto const done = run(shell("head -c 4194304 /dev/zero; head -c 4194304 /dev/zero >&2"),
                        {.out = capture{.limit = total}, .err = capture{.limit = 10}});
  BOOST_TEST(done.what.success());
  BOOST_TEST(done.what.out_text().size() == total);
  BOOST_TEST(done.what.err_text().size() == 10U);
  BOOST_TEST(done.what.err_truncated());
}

BOOST_AUTO_TEST_CASE(the_environment_is_inherited_changed_or_given) {
  variable const here{"ISOLATTE_HERE", "here"};
  variable const both{"ISOLATTE_BOTH", "old"};
  auto const print = shell("echo $ISOLATTE_HERE,$ISOLATTE_BOTH,${ISOLATTE_NEW-unset}");
  auto const with = [&](isolatte::environment variables) {
    program what = print;
    what.environment = std::move(variables);
    return output(what);
  };
  BOOST_TEST(output(print) == "here,old,unset\n");
  BOOST_TEST(with(isolatte::inherit) == "here,old,unset\n");
  BOOST_TEST(with(isolatte::inherited_with({{"ISOLATTE_BOTH", "new"}, {"ISOLATTE_NEW", ""}})) ==
             "here,new,\n");
  BOOST_TEST(with(isolatte::inherited_with({{"ISOLATTE_HERE", std::nullopt}})) == ",old,unset\n");
  BOOST_TEST(with(isolatte::exactly({{"ISOLATTE_NEW", "a=b c"}})) == ",,a=b c\n");
  BOOST_TEST(output({"env", {}, isolatte::exactly({{"B", "2"}, {"A", "1"}})}) == "A=1\nB=2\n");
  BOOST_TEST(output({"env", {}, isolatte::exactly({})}) == "");
}

BOOST_AUTO_TEST_CASE(it_starts_where_it_should) {
  scratch_folder folder;
  auto const here = std::filesystem::current_path();
  BOOST_TEST(output({"pwd"}) == line(here));
  BOOST_TEST(output({.executable = "pwd", .start_dir = folder / ""}) == line(folder / ""));
  BOOST_TEST((std::filesystem::current_path() == here));
  write_file(folder / "tool", "#!/bin/sh\necho tool\n", 0755);
  BOOST_TEST(output({.executable = "./tool", .start_dir = folder / ""}) == "tool\n");
}

BOOST_AUTO_TEST_CASE(a_bare_name_is_looked_up_in_path) {
  scratch_folder folder;
  auto const add = [&](std::string_view where, mode_t mode) {
    std::filesystem::create_directory(folder / where);
    write_file(folder / where / "isolatte-tool", "#!/bin/sh\necho " + std::string{where} + "\n",
               mode);
    return (folder / where).string();
  };
  std::string const refused = add("refused", 0644);
  std::string const first = add("first", 0755);
  std::string const second = add("second", 0755);
  auto const find = [](const std::string& path) {
    return program{"isolatte-tool", {}, isolatte::inherited_with({{"PATH", path}})};
  };
  std::string const no_folder = first + "/isolatte-tool";
  BOOST_TEST(output(find(no_folder + ":/no/such:" + refused + ":" + first + ":" + second)) ==
             "first\n");
  check_not_started(run(find(refused + ":/no/such")), errc::permission_denied);
  check_not_started(run(find("/no/such:" + no_folder)), errc::no_such_file_or_directory);
  // The PATH of the program counts first, then that of this process, then the default of the
  // system.
  variable const ours{"PATH", second.c_str()};
  BOOST_TEST(output({"isolatte-tool"}) == "second\n");
  BOOST_TEST(output(find(first)) == "first\n");
  BOOST_TEST(output({"isolatte-tool", {}, isolatte::exactly({})}) == "second\n");
  BOOST_TEST(output({"isolatte-tool", {}, isolatte::exactly({{"PATH", first}})}) == "first\n");
  check_not_started(run({"sh"}), errc::no_such_file_or_directory);
}

BOOST_AUTO_TEST_CASE(an_entry_of_path_that_is_no_folder_is_passed_over) {
  auto const find = [](const std::string& path) {
    return program{"true", {}, isolatte::inherited_with({{"PATH", path}})};
  };
  scratch_folder folder;
  std::string const loop = (folder / "loop").string();
  BOOST_REQUIRE(::symlink(loop.c_str(), loop.c_str()) == 0);
  for (auto const& entry :
       {std::string(5'000, 'x'), std::string(300, 'x'), loop, std::string{"/dev/null"}}) {
    BOOST_TEST(run(find(entry + ":/usr/bin:/bin")).what.success());
    check_not_started(run(find(entry)), errc::no_such_file_or_directory);
  }
}

BOOST_AUTO_TEST_CASE(it_has_the_descriptors_that_are_kept_and_no_others) {
  wire kept;
  wire closed;
  int const high = ::fcntl(kept.write_end(), F_DUPFD_CLOEXEC, 700);
  ::fcntl(kept.write_end(), F_SETFD, FD_CLOEXEC);
  auto const list = shell("exec ls /proc/self/fd");
  // One descriptor is that of ls itself, for the directory.
  auto const count = [](std::string_view text) {
    return std::count(text.begin(), text.end(), '\n');
  };
  BOOST_TEST(count(output(list, {.die_with_parent = false})) == 4);
  BOOST_TEST(count(output(list)) == 5, "the leash");
  std::string const some = output(list, {.keep = {high, kept.write_end()}});
  BOOST_TEST(count(some) == 7);
  BOOST_TEST(some.find("\n700\n") != some.npos);
  std::string const all = output(list, {.keep = isolatte::all_descriptors});
  for (int const fd : {closed.read_end(), closed.write_end()})
    BOOST_TEST((all.find("\n" + std::to_string(fd) + "\n") != all.npos));
  BOOST_TEST(all.find("\n700\n") == all.npos, "marked to be closed on exec");
  check_not_started(run(list, {.keep = {701}}), errc::bad_file_descriptor);
  ::close(high);
}

BOOST_AUTO_TEST_CASE(signals_are_as_they_should_be) {
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before{};
  ::sigaction(SIGPIPE, &ignore, &before);
  sigset_t usr1;
  sigset_t mask;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &usr1, &mask);
  std::string const text = output({"grep", {"-E", "^Sig(Blk|Ign)", "/proc/self/status"}});
  sigset_t after;
  ::pthread_sigmask(SIG_SETMASK, &mask, &after);
  ::sigaction(SIGPIPE, &before, nullptr);
  BOOST_TEST(text == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  BOOST_TEST(::sigismember(&after, SIGUSR1) == 1);
  BOOST_TEST(::sigismember(&after, SIGUSR2) == 0);
}

BOOST_AUTO_TEST_CASE(limits_bind_it) {
  BOOST_TEST(output(shell("ulimit -n"), {.limits = {.open_files = 77}}) == "77\n");
  auto const done = run(shell("while :; do :; done"), {.limits = {.cpu_time = 0s, .core_size = 0}});
  BOOST_TEST((done.what.how() == ending::signaled || done.what.how() == ending::killed), done.what);
  check_not_started(run({"true"}, {.limits = {.oom_score_adj = 5000}}), errc::invalid_argument);
}

// Failures to start

BOOST_AUTO_TEST_CASE(what_cannot_be_executed_is_the_operations_error) {
  scratch_folder folder;
  check_not_started(run({"/no/such/program"}), errc::no_such_file_or_directory);
  check_not_started(run({"no-such-program-anywhere"}), errc::no_such_file_or_directory);
  check_not_started(run({""}), errc::no_such_file_or_directory);
  check_not_started(run({folder / ""}), errc::permission_denied);
  check_not_started(run({write_file(folder / "plain", "#!/bin/sh\n", 0644)}),
                    errc::permission_denied);
  check_not_started(run({write_file(folder / "text", "no program\n", 0755)}),
                    errc::executable_format_error);
  check_not_started(run({write_file(folder / "lost", "#!/no/such/interpreter\n", 0755)}),
                    errc::no_such_file_or_directory);
  check_not_started(run({folder / "plain" / "below"}), errc::not_a_directory);
  check_not_started(run({"true", {std::string(16 * 1024 * 1024, 'x')}}),
                    errc::argument_list_too_long);
}

BOOST_AUTO_TEST_CASE(a_step_before_it_is_the_operations_error_too) {
  scratch_folder folder;
  check_not_started(run({.executable = "true", .start_dir = folder / "missing"}),
                    errc::no_such_file_or_directory);
  check_not_started(run({"true"}, {.in = isolatte::from_file{folder / "missing"}}),
                    errc::no_such_file_or_directory);
  std::string const null(1, '\0');
  check_not_started(run({"true" + null}), errc::invalid_argument);
  check_not_started(run({"true", {"a" + null + "b"}}), errc::invalid_argument);
  check_not_started(run({.executable = "true", .start_dir = "/" + null}), errc::invalid_argument);
  for (auto const& [name, value] :
       isolatte::environment::variables{{"", "v"}, {"A=B", "v"}, {"A" + null, "v"}, {"A", null}})
    check_not_started(run({"true", {}, isolatte::inherited_with({{name, value}})}),
                      errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(the_step_that_failed_is_told) {
  std::ostringstream text;
  text << run({"/no/such/program"}).what;
  BOOST_TEST(text.str() == "not_started: executing the program: No such file or directory");
}

BOOST_AUTO_TEST_CASE(a_failure_to_execute_runs_no_exit_handlers) {
  static wire* handlers = nullptr;
  wire ran;
  handlers = &ran;
  pid_t const helper = bare_fork([] {
    std::atexit([] { handlers->tell(); });
    // Left unflushed at the fork, because a flush of the child would write it twice. TSan's _exit()
    // flushes.
    std::setvbuf(stdout, nullptr, _IOFBF, 4096);
    ::dup2(handlers->write_end(), STDOUT_FILENO);
    if (!with_tsan) std::fputs("buffered", stdout);
    asio::io_context context;
    async_execute(context, {"/no/such/program"}, {.keep = isolatte::all_descriptors},
                  [](error_code, const outcome<void>&) {});
    context.run();
  });
  BOOST_TEST(ran.read_rest() == "");
  BOOST_TEST(wait_for(helper) == 0);
}

BOOST_AUTO_TEST_CASE(where_sigchld_is_ignored_the_error_is_still_told) {
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before{};
  ::sigaction(SIGCHLD, &ignore, &before);
  auto const missing = run({"/no/such/program"});
  auto const there = run({"true"});
  ::sigaction(SIGCHLD, &before, nullptr);
  check_not_started(missing, errc::no_such_file_or_directory);
  BOOST_TEST(!there.ec);
  BOOST_TEST(there.what.how() == ending::lost);
  BOOST_TEST(there.what.ran() == isolatte::ran::yes);
}

/// Forks a sibling in the middle of the next fork of this thread. The sibling holds all
/// descriptors.
struct intruder {
  static inline thread_local bool armed = false;
  static inline pid_t pid = 0;

  static void before_fork() {
    if (!armed) return;
    armed = false;
    pid = bare_fork(hang);
  }
};

BOOST_AUTO_TEST_CASE(a_sibling_that_holds_everything_holds_up_nobody) {
  static bool const registered = ::pthread_atfork(intruder::before_fork, nullptr, nullptr) == 0;
  BOOST_REQUIRE(registered);
  for (auto const& what : {program{"true"}, program{"/no/such/program"}}) {
    intruder::armed = true;
    auto const done = run(what);
    BOOST_TEST(!intruder::armed);
    BOOST_TEST(done.what.success() == !done.ec);
    BOOST_TEST(alive(intruder::pid));
    end_child(intruder::pid);
  }
}

BOOST_AUTO_TEST_CASE(every_number_of_descriptors_left) {
  // UBSan's check of virtual calls needs descriptors.
  if (ubsan_needs_descriptors) return;
  constexpr int most = 64;
  bool worked = false;
  for (int available = 0; available != 24; ++available) {
    std::string const told = in_bare_process([available] {
      asio::io_context context;
      result done;
      start(context, done, {"true"});
      context.run();
      // By now the leash and the descriptors of the context are open.
      context.restart();
      rlimit const limit{most, most};
      ::setrlimit(RLIMIT_NOFILE, &limit);
      std::vector<int> filled;
      for (int fd; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) != -1;) filled.push_back(fd);
      for (int i = 0; i != available; ++i) {
        ::close(filled.back());
        filled.pop_back();
      }
      start(context, done, {"true"}, {.out = capture{}, .err = capture{}});
      context.run();
      int left = 0;
      for (; ::open("/dev/null", O_RDONLY) != -1; ++left) {
      }
      if (left != available) return std::string{"a descriptor is left"};
      if (::waitpid(-1, nullptr, WNOHANG) != -1) return std::string{"a child is left"};
      if (done.what.success()) return std::string{"worked"};
      return done.what.how() == ending::not_started ? done.ec.message() : std::string{"ended"};
    });
    BOOST_TEST_CONTEXT(available << " descriptors left") {
      if (told == "worked")
        worked = true;
      else
        BOOST_TEST((told == "Too many open files" && !worked), told);
    }
  }
  BOOST_TEST(worked);
}

// Stops

BOOST_AUTO_TEST_CASE(its_timeout_kills_it) {
  auto const done = run({"sleep", {"1000"}}, {.timeout = 10ms});
  BOOST_TEST(!done.ec);
  BOOST_TEST(done.what.how() == ending::timed_out);
  BOOST_TEST((done.what.signal() == SIGKILL));
}

/// Cancels the operation when the program has written a line.
result once_ready(program what, options opts, cancellation_type type) {
  asio::io_context context;
  asio::cancellation_signal signal;
  result done;
  opts.out = isolatte::by_line{[&](std::string_view) { signal.emit(type); }};
  async_execute(context, std::move(what), std::move(opts),
                asio::bind_cancellation_slot(signal.slot(), [&](error_code ec, outcome<void> o) {
                  ++done.calls;
                  done.ec = ec;
                  done.what = std::move(o);
                }));
  context.run();
  BOOST_TEST(done.calls == 1);
  return done;
}

struct cancelling {
  cancellation_type type;
  const char* handled;
  int signal;
  friend std::ostream& operator<<(std::ostream& out, const cancelling& c) {
    return out << c.signal;
  }
};

BOOST_DATA_TEST_CASE(cancellation_ends_it,
                     data::make({cancelling{cancellation_type::terminal, "", SIGKILL},
                                 cancelling{cancellation_type::partial, "TERM", SIGTERM},
                                 cancelling{cancellation_type::total, "INT", SIGINT}}),
                     how) {
  auto const check = [](const result& done) {
    BOOST_TEST(done.ec == asio::error::operation_aborted);
    BOOST_TEST(done.what.how() == ending::cancelled);
    BOOST_TEST(!alive(done.what.pid()));
  };
  auto done = once_ready(shell("echo ready; exec sleep 1000"), {.grace = 1h}, how.type);
  check(done);
  BOOST_TEST((done.what.signal() == how.signal));
  if (how.signal == SIGKILL) return;
  auto const obeying = shell(std::string{"trap 'exit 7' "} + how.handled +
                             "; echo ready; while :; do sleep 0.01; done");
  done = once_ready(obeying, {.grace = 1h, .kill_tree = false}, how.type);
  check(done);
  BOOST_TEST((done.what.exit_code() == 7));
  done =
      once_ready(shell("trap '' INT TERM; echo ready; exec sleep 1000"), {.grace = 1ms}, how.type);
  check(done);
  BOOST_TEST((done.what.signal() == SIGKILL));
}

BOOST_AUTO_TEST_CASE(its_tree_dies_with_it) {
  wire held;
  auto const tree = shell("sleep 1000 & (sleep 1000 & sleep 1000) & exit 0");
  BOOST_TEST(run(tree, {.keep = {held.write_end()}}).what.success());
  held.wait_until_closed();
}

BOOST_AUTO_TEST_CASE(without_kill_tree_the_rest_lives_on) {
  wire question;
  wire answer;
  auto const done = run(shell("exec 3<&0; { read line <&3; echo $line; } & exit 0"),
                        {.in = isolatte::from_fd{question.read_end()},
                         .out = isolatte::to_fd{answer.write_end()},
                         .kill_tree = false,
                         .die_with_parent = false});
  BOOST_TEST(done.what.success());
  write_all(question.write_end(), "asked\n");
  BOOST_TEST(answer.read_rest() == "asked\n");
}

BOOST_AUTO_TEST_CASE(it_dies_with_the_program) {
  wire held;
  wire out;
  pid_t const helper = bare_fork([&] {
    asio::io_context context;
    result done;
    start(context, done, shell("echo; sleep 1000 & exec sleep 1000"),
          {.out = isolatte::to_fd{out.write_end()}, .keep = {held.write_end()}});
    hang();
  });
  BOOST_TEST(out.await());
  end_child(helper);
  held.wait_until_closed();
}

BOOST_AUTO_TEST_CASE(a_script_that_closes_what_it_can_name_dies_with_the_program) {
  wire held;
  wire out;
  pid_t const helper = bare_fork([&] {
    // Closes descriptors, so that the leash gets a small number, as in a fresh program.
    for (int fd = 3; fd != 10; ++fd)
      if (fd != held.write_end() && fd != out.write_end()) ::close(fd);
    error_code ec;
    static_cast<void>(isolatte::posix::open_leash(isolatte::posix::leash_kind::pipe, ec));
    int const high = ::fcntl(held.write_end(), F_DUPFD, 500);
    asio::io_context context;
    result done;
    start(context, done, shell("exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; echo; exec sleep 1000"),
          {.out = isolatte::to_fd{out.write_end()}, .keep = {high}});
    hang();
  });
  BOOST_TEST(out.await());
  end_child(helper);
  held.wait_until_closed();
}

BOOST_AUTO_TEST_CASE(it_dies_with_its_context) {
  wire held;
  result done;
  {
    asio::io_context context;
    start(context, done, {"sleep", {"1000"}}, {.keep = {held.write_end()}});
  }
  BOOST_TEST(done.calls == 0);
  held.wait_until_closed();
}

// Executors and tokens

BOOST_AUTO_TEST_CASE(it_takes_every_executor_and_token) {
  asio::io_context context;
  marked_executor const marked{context};
  int calls = 0;
  async_execute(marked, {"true"}, {}, [&](error_code ec, const outcome<void>& what) {
    ++calls;
    BOOST_TEST(!ec);
    BOOST_TEST(what.success());
    BOOST_TEST(marked.running());
  });
  async_execute(context, {"/no/such/program"}, {},
                asio::bind_executor(marked, [&](error_code ec, const outcome<void>&) {
                  ++calls;
                  BOOST_TEST(ec == errc::no_such_file_or_directory);
                  BOOST_TEST(marked.running());
                }));
  auto deferred = async_execute(context, {"true"});
  std::move(deferred)([&](error_code, const outcome<void>& what) {
    ++calls;
    BOOST_TEST(what.success());
  });
  auto future = async_execute(context, {"false"}, {}, asio::use_future);
  context.run();
  BOOST_TEST(calls == 3);
  BOOST_TEST((future.get().exit_code() == 1));
}

BOOST_AUTO_TEST_CASE(many_at_once_from_many_threads) {
  constexpr int each = 12;
  std::atomic<int> right = 0;
  asio::thread_pool pool{4};
  for (int thread = 0; thread != 4; ++thread)
    asio::post(pool, [&] {
      for (int i = 0; i != each; ++i)
        async_execute(pool.get_executor(), shell("cat; exit " + std::to_string(i)),
                      {.in = isolatte::from_text{std::to_string(i)}, .out = capture{}},
                      [&right, i](error_code ec, const outcome<void>& what) {
                        right +=
                            !ec && what.exit_code() == i && what.out_text() == std::to_string(i);
                      });
    });
  pool.join();
  BOOST_TEST(right == 4 * each);
}

#if defined(ISOLATTE_NO_BOOST_PROCESS)
// A program may have a Boost.Process of its own, which then calls the library's stand-in.
BOOST_AUTO_TEST_CASE(the_stand_in_for_a_function_of_boost_process_does_the_same) {
  auto const close_some = [] {
    int const kept = ::open("/dev/null", O_RDONLY);
    int const other = ::open("/dev/null", O_RDONLY);
    int const last = ::open("/dev/null", O_RDONLY);
    error_code ec;
    boost::process::v2::posix::detail::close_all({0, 1, 2, kept, last}, ec);
    auto const is_open = [](int fd) { return ::fcntl(fd, F_GETFD) != -1; };
    ::_exit(!ec && is_open(0) && is_open(kept) && !is_open(other) && is_open(last) ? 7 : 1);
  };
  BOOST_TEST((isolatte::fork(close_some).exit_code() == 7));
}
#endif

BOOST_AUTO_TEST_SUITE_END()

}  // namespace execute_test
