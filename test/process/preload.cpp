// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "gate.hpp"
#include "helpers.hpp"
#include "posix/child/fork_request.hpp"
#include "posix/system_calls.hpp"
#include "remembered.hpp"
#include "run_in_server.hpp"
#include "support/nothing_left.hpp"
#include "support/sanitizers.hpp"

#include <isolatte/call.hpp>
#include <isolatte/child.hpp>
#include <isolatte/error.hpp>
#include <isolatte/fork.hpp>
#include <isolatte/fork_server.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <list>
#include <mutex>
#include <new>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace preload_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::ending;
using isolatte::error;
using isolatte::fork_server;
using isolatte::fork_server_options;
using isolatte::options;
using isolatte::outcome;
using namespace isolatte::test;
using namespace std::chrono_literals;

/// The state of the tests: each preload sets it, and jobs read it.
int state = 0;
int descriptor_of_state = -1;
int (*function_of_state)(int) = nullptr;

int read_state() { return state; }

/// Runs an operation of a server whose preload fails.
auto failure_of(isolatte::startup_call preload) {
  asio::io_context context;
  fork_server server{context, {.preload = std::move(preload)}};
  auto done = run(server, context, call(read_state));
  BOOST_TEST(done.what.how() == ending::not_started);
  BOOST_TEST((done.what.ran() == isolatte::ran::no));
  BOOST_TEST(!server.stats().ready);
  BOOST_TEST(server.pid() == 0);
  return done;
}

std::string text_of(const outcome<int>& what) {
  try {
    return std::to_string(what.value());
  } catch (const std::exception& thrown) {
    return thrown.what();
  }
}

BOOST_FIXTURE_TEST_SUITE(preload, nothing_left)

BOOST_AUTO_TEST_CASE(every_child_starts_with_its_state) {
  asio::io_context context;
  fork_server server{context, {.preload = [] { state = 41; }}};
  auto const change = [] { return ++state; };
  for (int i = 0; i != 3; ++i) BOOST_TEST(run(server, context, call(change)).what.value() == 42);
  BOOST_TEST(state == 0);
  BOOST_TEST(server.stats().ready);
  BOOST_TEST(server.stats().starts == 1u);
}

BOOST_AUTO_TEST_CASE(it_has_arguments) {
  asio::io_context context;
  auto const load = [](const std::string& name, int number) {
    state = number + static_cast<int>(name.size());
  };
  fork_server server{context, {.preload = call(load, std::string{"four"}, 38)}};
  BOOST_TEST(run(server, context, call(read_state)).what.value() == 42);
}

BOOST_AUTO_TEST_CASE(two_servers_have_states_of_their_own) {
  asio::io_context context;
  fork_server one{context, {.preload = [] { state = 1; }}};
  fork_server two{context, {.preload = [] { state = 2; }}};
  fork_server none{context};
  BOOST_TEST(run(one, context, call(read_state)).what.value() == 1);
  BOOST_TEST(run(two, context, call(read_state)).what.value() == 2);
  BOOST_TEST(run(none, context, call(read_state)).what.value() == 0);
}

BOOST_AUTO_TEST_CASE(operations_wait_for_it) {
  wire go;
  asio::io_context context;
  // A descriptor of the program's is not the server's, but can be opened by its path.
  std::string const path =
      "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(go.read_end());
  auto const wait_by_path = [](const std::string& name) {
    int const fd = ::open(name.c_str(), O_RDONLY);
    read_all(fd);
    ::close(fd);
    state = 7;
  };
  fork_server server{context, {.preload = call(wait_by_path, path)}};
  std::list<remembered<int>> all(20);
  for (auto& each : all) server.async_fork(call(read_state), each.handler());
  context.poll();
  for (auto const& each : all) BOOST_TEST(each.calls == 0);
  BOOST_TEST(!server.stats().ready);
  go.close_write();
  context.restart();
  context.run();
  for (auto const& each : all) BOOST_TEST(each.what.value_or(-1) == 7);
}

BOOST_AUTO_TEST_CASE(operations_that_wait_can_be_cancelled) {
  asio::io_context context;
  fork_server server{context, {.preload = [] { hang(); }}};
  asio::cancellation_signal stop;
  remembered<int> first;
  remembered<int> second;
  server.async_fork(call(read_state), {},
                    asio::bind_cancellation_slot(stop.slot(), first.handler()));
  asio::cancellation_signal later;
  server.async_fork(call(read_state), {},
                    asio::bind_cancellation_slot(later.slot(), second.handler()));
  context.poll();
  BOOST_TEST(first.calls == 0);
  later.emit(asio::cancellation_type::total);
  while (second.calls == 0) context.run_one();
  BOOST_TEST(second.ec == asio::error::operation_aborted);
  BOOST_TEST(second.what.how() == ending::not_started);
  BOOST_TEST(first.calls == 0);
  stop.emit(asio::cancellation_type::terminal);
  // The server is idle then, and lets the event loop end.
  context.run();
  BOOST_TEST(first.ec == asio::error::operation_aborted);
  BOOST_TEST(alive(server.pid()));
}

BOOST_AUTO_TEST_CASE(destroyed_meanwhile_it_ends) {
  asio::io_context context;
  std::optional<fork_server> server{std::in_place, context,
                                    fork_server_options{.preload = [] { hang(); }}};
  int const pid = server->pid();
  remembered<int> done;
  server->async_fork(call(read_state), done.handler());
  context.poll();
  server.reset();
  BOOST_TEST(!alive(pid));
  context.run();
  BOOST_TEST(done.ec == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(an_idle_server_that_preloads_keeps_no_loop_at_work) {
  asio::io_context context;
  fork_server server{context, {.preload = [] { hang(); }}};
  BOOST_TEST(context.run() == 0u);
}

BOOST_AUTO_TEST_CASE(its_exception_is_told) {
  auto const done = failure_of([] {
    std::fputs("no file\n", stderr);
    throw std::domain_error{"no rules"};
  });
  BOOST_TEST((done.ec == error::preload_failed), done.ec.message());
  BOOST_CHECK_THROW(done.what.value(), std::domain_error);
  BOOST_TEST(text_of(done.what) == "no rules");
  BOOST_TEST(done.what.err_text() == "no file\n");
  std::ostringstream line;
  line << done.what;
  BOOST_TEST(line.str().find("std::domain_error: no rules") != std::string::npos, line.str());
}

BOOST_AUTO_TEST_CASE(a_large_exception_is_told) {
  auto const done = failure_of([] { throw std::runtime_error{std::string(1u << 20, 'x')}; });
  BOOST_TEST((done.ec == error::preload_failed), done.ec.message());
  BOOST_CHECK_THROW(done.what.value(), std::runtime_error);
}

void crash_while_loading() { ::raise(SIGSEGV); }

BOOST_AUTO_TEST_CASE(its_fault_is_told) {
  auto const done = failure_of(crash_while_loading);
  BOOST_TEST((done.ec == error::preload_failed), done.ec.message());
  BOOST_REQUIRE(done.what.fault().has_value());
  BOOST_TEST(done.what.fault()->signal == SIGSEGV);
  BOOST_TEST(done.what.fault()->trace.find("crash_while_loading") != std::string::npos,
             done.what.fault()->trace);
  BOOST_TEST(text_of(done.what).find("SIGSEGV") != std::string::npos, text_of(done.what));
}

BOOST_AUTO_TEST_CASE(its_exit_is_told) {
  for (int const code : {0, 3}) {
    auto const done = failure_of(call([](int how) { std::exit(how); }, code));
    BOOST_TEST((done.ec == error::preload_failed), done.ec.message());
    BOOST_TEST((done.what.exit_code() == code));
    BOOST_TEST(
        text_of(done.what).find("exited with code " + std::to_string(code)) != std::string::npos,
        text_of(done.what));
  }
  BOOST_TEST((failure_of([] { ::_exit(0); }).ec == error::preload_failed));
}

BOOST_AUTO_TEST_CASE(the_end_of_its_thread_is_told) {
  auto const done = failure_of([] { ::pthread_exit(nullptr); });
  BOOST_TEST((done.ec == error::preload_failed), done.ec.message());
}

BOOST_AUTO_TEST_CASE(somebody_kills_it) {
  auto const done = failure_of([] { ::raise(SIGKILL); });
  BOOST_TEST((done.ec == error::server_died), done.ec.message());
  BOOST_TEST((done.what.signal() == SIGKILL));
}

BOOST_AUTO_TEST_CASE(memory_that_it_does_not_get_is_told) {
  if (!malloc_refuses) return;
  auto const done = failure_of([] {
    rlimit const limit{std::size_t{2} << 30, std::size_t{2} << 30};
    ::setrlimit(RLIMIT_AS, &limit);
    used(new char[std::size_t{4} << 30]);
  });
  BOOST_TEST((done.ec == error::preload_failed), done.ec.message());
  BOOST_CHECK_THROW(done.what.value(), std::bad_alloc);
}

BOOST_AUTO_TEST_CASE(after_a_failure_the_next_operation_tries_again) {
  scratch_folder folder;
  std::string const path = (folder / "rules").string();
  auto const load = [](const std::string& name) {
    std::ifstream file{name};
    if (!(file >> state)) throw std::runtime_error{"no rules"};
  };
  asio::io_context context;
  fork_server server{context, {.preload = call(load, path)}};
  for (int i = 0; i != 2; ++i)
    BOOST_TEST((run(server, context, call(read_state)).ec == error::preload_failed));
  std::ofstream{path} << 42;
  BOOST_TEST(run(server, context, call(read_state)).what.value_or(-1) == 42);
  BOOST_TEST(server.stats().starts == 3u);
}

BOOST_AUTO_TEST_CASE(a_wait_for_the_next_try_can_be_cancelled) {
  asio::io_context context;
  fork_server server{context, {.preload = [] { throw 1; }}};
  for (int i = 0; i != 3; ++i) run(server, context, call(read_state));
  asio::cancellation_signal stop;
  remembered<int> done;
  server.async_fork(call(read_state), {},
                    asio::bind_cancellation_slot(stop.slot(), done.handler()));
  context.restart();
  context.poll();
  BOOST_TEST(done.calls == 0);
  stop.emit(asio::cancellation_type::terminal);
  context.run();
  BOOST_TEST(done.ec == asio::error::operation_aborted);
  BOOST_TEST(server.stats().starts == 3u);
}

BOOST_AUTO_TEST_CASE(a_server_that_died_runs_it_again) {
  asio::io_context context;
  fork_server server{context, {.preload = [] { state = 5; }}};
  BOOST_TEST(run(server, context, call(read_state)).what.value() == 5);
  int const first = server.pid();
  ::kill(first, SIGKILL);
  wait_until_gone(first);
  BOOST_TEST(run(server, context, call(read_state)).what.value() == 5);
  BOOST_TEST(server.pid() != first);
  BOOST_TEST(server.stats().starts == 2u);
}

BOOST_AUTO_TEST_CASE(killed_while_operations_wait_it_is_made_again_for_the_next) {
  scratch_folder folder;
  std::string const path = (folder / "go").string();
  auto const load = [](const std::string& name) {
    if (::access(name.c_str(), F_OK) == -1) hang();
    state = 3;
  };
  asio::io_context context;
  fork_server server{context, {.preload = call(load, path)}};
  std::list<remembered<int>> all(3);
  for (auto& each : all) server.async_fork(call(read_state), each.handler());
  context.poll();
  ::kill(server.pid(), SIGKILL);
  context.restart();
  context.run();
  for (auto const& each : all) {
    BOOST_TEST(each.calls == 1);
    BOOST_TEST((each.ec == error::server_died), each.ec.message());
    BOOST_TEST((each.what.ran() == isolatte::ran::no));
  }
  std::ofstream{path} << 1;
  BOOST_TEST(run(server, context, call(read_state)).what.value_or(-1) == 3);
}

BOOST_AUTO_TEST_CASE(stopped_by_somebody_it_is_replaced) {
  scratch_folder folder;
  std::string const path = (folder / "go").string();
  auto const load = [](const std::string& name) {
    if (::access(name.c_str(), F_OK) == -1) ::raise(SIGSTOP);
    state = 3;
  };
  asio::io_context context;
  fork_server server{context, {.preload = call(load, path)}};
  auto const done = run(server, context, call(read_state));
  BOOST_TEST((done.ec == error::server_died), done.ec.message());
}

std::thread* left_thread = nullptr;

BOOST_AUTO_TEST_CASE(a_thread_that_it_leaves_is_an_error) {
  auto const done = failure_of([] { left_thread = new std::thread{[] { hang(); }}; });
  BOOST_TEST((done.ec == error::preload_failed), done.ec.message());
  BOOST_TEST(text_of(done.what).find("threads") != std::string::npos, text_of(done.what));
}

BOOST_AUTO_TEST_CASE(threads_that_it_joins_are_not) {
  asio::io_context context;
  fork_server server{context, {.preload = [] {
                       std::vector<std::thread> all;
                       for (int i = 0; i != 8; ++i) all.emplace_back([] {});
                       for (auto& each : all) each.join();
                       state = 8;
                     }}};
  auto const done = run(server, context, call(read_state));
  BOOST_TEST(done.what.value_or(-1) == 8, done.what);
}

BOOST_AUTO_TEST_CASE(a_process_that_it_leaves_ends_with_the_server) {
  asio::io_context context;
  std::optional<fork_server> server{std::in_place, context, fork_server_options{.preload = [] {
                                      state = ::fork();
                                      if (state == 0) hang();
                                    }}};
  pid_t const left = run(*server, context, call(read_state)).what.value_or(0);
  BOOST_REQUIRE(left > 0);
  BOOST_TEST(alive(left));
  server.reset();
  wait_until_gone(left);
}

/// Leaves a process that traces this one; `state` is 0 if the system does not allow that.
void leave_tracer() {
  wire began;
  ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  bare_fork([&] {
    if (::ptrace(PTRACE_SEIZE, ::getppid(), nullptr, nullptr) == 0) began.tell();
    began.close_write();
    hang();
  });
  began.close_write();
  state = began.await() ? 1 : 0;
}

BOOST_AUTO_TEST_CASE(the_end_of_a_server_that_a_process_traces_which_it_leaves_is_seen) {
  asio::io_context context;
  fork_server server{context, {.preload = leave_tracer}};
  if (run(server, context, call(read_state)).what.value_or(0) == 0) {
    BOOST_TEST_MESSAGE("no process may trace another one here");
    return;
  }
  ::kill(server.pid(), SIGKILL);
  // Neither the kernel nor the socket tells of the end. A server that does not answer is given up
  // after 10 s, so an end that is seen is seen long before.
  auto const killed = std::chrono::steady_clock::now();
  while (server.stats().starts == 1u) run(server, context, call(read_state));
  BOOST_TEST((std::chrono::steady_clock::now() - killed < 8s));
  BOOST_TEST(run(server, context, call(read_state)).what.value_or(0) == 1);
}

BOOST_AUTO_TEST_CASE(a_process_that_it_leaves_ends_with_a_failure) {
  wire held;
  std::string const path =
      "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(held.write_end());
  auto const load = [](const std::string& name) {
    int const fd = ::open(name.c_str(), O_WRONLY);
    if (::fork() == 0) {
      write_all(fd, ".");
      hang();
    }
    ::close(fd);
    throw std::runtime_error{"half done"};
  };
  auto const done = failure_of(call(load, path));
  BOOST_TEST((done.ec == error::preload_failed), done.ec.message());
  held.wait_until_closed();
}

/// Leaves a process that answers for this one: it has made a child with this number, or none if
/// that is 0, whatever it is asked. Waits for the one pipe to be written to, and writes to the
/// other.
void leave_forger(const std::string& begin_path, const std::string& told_path, int number) {
  int const begin = ::open(begin_path.c_str(), O_RDONLY);
  int const told = ::open(told_path.c_str(), O_WRONLY);
  if (::fork() != 0) {
    ::close(begin);
    ::close(told);
    return;
  }
  char byte;
  while (::read(begin, &byte, 1) == -1) {
  }
  isolatte::posix::fork_reply reply;
  reply.pid = number;
  for (int fd = 3; fd != 64; ++fd)
    for (reply.id = 1; reply.id != 50; ++reply.id)
      ::send(fd, &reply, sizeof reply, MSG_DONTWAIT | MSG_NOSIGNAL);
  write_all(told, "!");
  hang();
}

std::string path_of(int fd) {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd);
}

BOOST_AUTO_TEST_CASE(a_process_that_it_leaves_cannot_answer_for_it) {
  asio::io_context context;
  asio::io_context context_of_other;
  gate end;
  auto other = isolatte::spawn_child(context_of_other,
                                     [&] {
                                       end.pass();
                                       return 7;
                                     },
                                     {.keep = end.ends()});
  gate begin;
  gate told;
  fork_server server{context,
                     {.preload = call(leave_forger, path_of(begin.descriptor()),
                                      path_of(told.ends().fds()[1]), other.pid())}};
  BOOST_TEST(run(server, context, call(read_state)).what.how() == ending::returned);
  int const first = server.pid();
  stop_child(first);
  // The first one may go to a child that stands ready.
  remembered<int> ahead;
  server.async_fork(call(read_state), {}, ahead.handler());
  remembered<int> lost;
  server.async_fork(call(read_state), {}, lost.handler());
  context.restart();
  context.poll();
  begin.open();
  told.pass();
  context.restart();
  context.run();
  BOOST_TEST((lost.ec == error::server_died), lost.ec.message());
  BOOST_TEST(!alive(first));
  end.open();
  remembered<int> done;
  other.async_wait(done.handler());
  context_of_other.run();
  BOOST_TEST(done.what.value_or(-1) == 7, done.what);
}

// The program would take the refused request for settled, and the server makes the child later.
BOOST_AUTO_TEST_CASE(a_process_that_it_leaves_cannot_refuse_for_it) {
  asio::io_context context;
  gate begin;
  gate told;
  fork_server server{context,
                     {.preload = call(leave_forger, path_of(begin.descriptor()),
                                      path_of(told.ends().fds()[1]), 0)}};
  BOOST_TEST(run(server, context, call(read_state)).what.how() == ending::returned);
  int const first = server.pid();
  stop_child(first);
  // The first one may go to a child that stands ready.
  remembered<int> ahead;
  server.async_fork(call(read_state), {}, ahead.handler());
  remembered<int> asked;
  server.async_fork(call(read_state), {}, asked.handler());
  context.restart();
  context.poll();
  begin.open();
  told.pass();
  context.poll();
  BOOST_TEST(asked.calls == 0);
  ::kill(first, SIGCONT);
  context.run();
  BOOST_TEST(asked.what.how() == ending::returned, asked.ec.message());
  BOOST_TEST(server.pid() == first);
}

BOOST_AUTO_TEST_CASE(a_process_that_returns_from_it_is_no_server) {
  asio::io_context context;
  fork_server server{context, {.preload = [] {
                       ::fork();
                       state = ::getpid();
                     }}};
  BOOST_TEST(run(server, context, call(read_state)).what.value_or(-1) == server.pid());
}

BOOST_AUTO_TEST_CASE(it_changes_what_children_start_with) {
  asio::io_context context;
  fork_server server{context, {.preload = [] {
                       if (::chdir("/") == -1) throw 1;
                       ::umask(0123);
                       ::setenv("ISOLATTE_PRELOADED", "yes", 1);
                     }}};
  auto const look = [] {
    char here[64] = {};
    std::string text = ::getcwd(here, sizeof here);
    text += ' ' + std::to_string(::umask(0));
    return text + ' ' + ::getenv("ISOLATTE_PRELOADED");
  };
  BOOST_TEST(run(server, context, call(look)).what.value() == "/ 83 yes");
}

BOOST_AUTO_TEST_CASE(descriptors_that_it_opened_stay_open) {
  scratch_folder folder;
  std::string const path = (folder / "data").string();
  std::ofstream{path} << "0123456789";
  auto const load = [](const std::string& name) {
    descriptor_of_state = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  };
  asio::io_context context;
  fork_server server{context, {.preload = call(load, path)}};
  auto const read_one = [] {
    char byte = 0;
    return ::pread(descriptor_of_state, &byte, 1, 3) == 1 ? std::string(1, byte) : "none";
  };
  wire given;
  for (int i = 0; i != 3; ++i) {
    auto const done = run(server, context, call(read_one),
                          {.out = isolatte::capture{}, .keep = {given.write_end()}});
    BOOST_TEST(done.what.value_or("error") == "3", done.what);
  }
  // Others are closed as ever.
  auto const count = [](int last) {
    int open = 0;
    for (int fd = 3; fd <= last; ++fd)
      if (::fcntl(fd, F_GETFD) != -1) ++open;
    return open;
  };
  asio::io_context other;
  fork_server plain{other};
  BOOST_TEST(run(server, context, call(count, 1023)).what.value() ==
             run(plain, other, call(count, 1023)).what.value() + 1);
}

BOOST_AUTO_TEST_CASE(a_descriptor_that_it_opened_cannot_be_kept_over) {
  asio::io_context context;
  fork_server server{context, {.preload = [] {
                       descriptor_of_state = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
                     }}};
  auto const where = [] { return descriptor_of_state; };
  int const number = run(server, context, call(where)).what.value();
  wire given;
  BOOST_REQUIRE(::dup2(given.write_end(), number) == number);
  remembered<int> done;
  server.async_fork(call(where), {.keep = {number}}, done.handler());
  context.restart();
  context.run();
  ::close(number);
  BOOST_TEST((done.ec == boost::system::errc::invalid_argument), done.ec.message());
  BOOST_TEST(run(server, context, call(where)).what.value() == number);
}

BOOST_AUTO_TEST_CASE(closing_all_descriptors_is_an_error_that_says_so) {
  auto const done = failure_of([] {
    for (int fd = 0; fd != 1024; ++fd) ::close(fd);
  });
  BOOST_TEST((done.ec == error::preload_failed), done.ec.message());
  BOOST_TEST(text_of(done.what).find("descriptors") != std::string::npos, text_of(done.what));
}

BOOST_AUTO_TEST_CASE(closing_what_is_needed_afterwards_is_an_error_that_says_so) {
  auto const done = failure_of([] {
    for (int fd = 3; fd != 1024; ++fd) {
      std::error_code ignored;
      if (std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), ignored) ==
          "/dev/null")
        ::close(fd);
    }
  });
  BOOST_TEST((done.ec == error::preload_failed), done.ec.message());
  BOOST_TEST(text_of(done.what).find("had not opened") != std::string::npos, text_of(done.what));
}

BOOST_AUTO_TEST_CASE(what_it_has_buffered_is_written_once_and_not_by_children) {
  asio::io_context context;
  fork_server server{context, {.preload = [] { std::fputs("buffered", stdout); }}};
  auto const done =
      run(server, context, call([] { std::puts("job"); }), {.out = isolatte::capture{}});
  BOOST_TEST(done.what.out_text() == "job\n");
}

BOOST_AUTO_TEST_CASE(a_fault_of_a_job_is_its_own) {
  asio::io_context context;
  fork_server server{context, {.preload = [] { state = 1; }}};
  auto const silent = run(server, context, call(crash_while_loading), {.fault_report = false});
  BOOST_TEST(silent.what.how() == ending::faulted);
  BOOST_TEST(!silent.what.fault().has_value());
  auto const told = run(server, context, call(crash_while_loading));
  BOOST_REQUIRE(told.what.fault().has_value());
  BOOST_TEST(told.what.fault()->trace.find("crash_while_loading") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_handler_of_a_fault_that_it_sets_is_the_jobs) {
  asio::io_context context;
  fork_server server{context, {.preload = [] { std::signal(SIGSEGV, [](int) { ::_exit(9); }); }}};
  auto const done = run(server, context, call(crash_while_loading), {.fault_report = false});
  BOOST_TEST(done.what.how() == ending::exited);
  BOOST_TEST((done.what.exit_code() == 9));
}

int refuse_to_leave_zombies(int signal, const struct sigaction* action, struct sigaction* old) {
  bool const leaves_them = signal == SIGCHLD && action != nullptr &&
                           action->sa_handler == SIG_DFL && action->sa_flags == 0;
  if (!leaves_them) return ::sigaction(signal, action, old);
  errno = EPERM;
  return -1;
}

BOOST_AUTO_TEST_CASE(a_job_that_could_not_wait_for_its_own_children_is_not_started) {
  asio::io_context context;
  // A template that has left a process leaves no zombies, and its children have to.
  fork_server server{context, {.preload = [] {
                       bare_fork(hang);
                       isolatte::posix::sys.sigaction = refuse_to_leave_zombies;
                     }}};
  auto const done = run(server, context, call(read_state));
  BOOST_TEST(done.what.how() == ending::not_started);
  BOOST_TEST(text_of(done.what).find("signals") != std::string::npos, text_of(done.what));
}

BOOST_AUTO_TEST_CASE(jobs_call_what_it_has_loaded) {
  char const* const path = std::getenv("ISOLATTE_TEST_PLUGIN");
  if (path == nullptr) {
    BOOST_TEST_MESSAGE("skipped: ISOLATTE_TEST_PLUGIN does not name a library to load");
    return;
  }
  auto const load = [](const std::string& name) {
    void* const library = ::dlopen(name.c_str(), RTLD_NOW);
    if (library == nullptr) throw std::runtime_error{::dlerror()};
    function_of_state = reinterpret_cast<int (*)(int)>(::dlsym(library, "plugin_twice"));
  };
  asio::io_context context;
  fork_server server{context, {.preload = call(load, std::string{path})}};
  auto const use = [](int n) { return function_of_state(n); };
  BOOST_TEST(run(server, context, call(use, 21)).what.value_or(-1) == 42);
}

BOOST_AUTO_TEST_CASE(it_runs_before_the_sandbox) {
  // The sanitizers' run-time needs what a sandbox forbids.
  if (with_asan || with_tsan) return;
  asio::io_context context;
  auto const load = [] {
    std::ifstream file{"/etc/passwd"};
    std::string line;
    std::getline(file, line);
    state = static_cast<int>(line.size());
  };
  std::optional<fork_server> made;
  try {
    made.emplace(context,
                 fork_server_options{.preload = load, .sandbox = isolatte::sandbox::pure()});
  } catch (const boost::system::system_error& refused) {
    BOOST_TEST((refused.code() == error::sandbox_unsupported), refused.what());
    return;
  }
  fork_server& server = *made;
  BOOST_TEST(run(server, context, call(read_state)).what.value_or(0) > 0);
  auto const open_file = [] { return ::open("/etc/passwd", O_RDONLY); };
  auto const forbidden = run(server, context, call(open_file));
  BOOST_TEST((forbidden.what.how() == ending::faulted || forbidden.what.value_or(0) == -1),
             forbidden.what);
  auto const fault = run(server, context, call(crash_while_loading));
  BOOST_REQUIRE(fault.what.fault().has_value());
  BOOST_TEST(fault.what.fault()->trace.find("crash_while_loading") != std::string::npos,
             fault.what.fault()->trace);
}

BOOST_AUTO_TEST_CASE(it_may_use_the_library_itself) {
  asio::io_context context;
  fork_server server{context,
                     {.preload = [] { state = isolatte::fork([] { return 6; }).value(); }}};
  BOOST_TEST(run(server, context, call(read_state)).what.value_or(-1) == 6);
}

std::mutex held_elsewhere;

BOOST_AUTO_TEST_CASE(made_again_it_is_a_copy_of_the_program_as_that_was) {
  static int learnt = 0;
  // A copy of the program as it is later would wait without end: another thread holds the lock.
  auto const load = [] {
    std::lock_guard const lock{held_elsewhere};
    state = 10 + learnt;
  };
  asio::io_context context;
  fork_server server{context, {.preload = load}};
  BOOST_TEST(run(server, context, call(read_state)).what.value_or(-1) == 10);
  learnt = 7;
  wire locked;
  wire go;
  std::thread holder{[&] {
    std::lock_guard const lock{held_elsewhere};
    locked.tell();
    go.await();
  }};
  locked.await();
  for (int i = 0; i != 2; ++i) {
    int const before = server.pid();
    ::kill(before, SIGKILL);
    wait_until_gone(before);
    BOOST_TEST(run(server, context, call(read_state)).what.value_or(-1) == 10);
  }
  go.tell();
  holder.join();
  learnt = 0;
}

BOOST_AUTO_TEST_CASE(made_again_without_what_it_was_made_from) {
  asio::io_context context;
  fork_server server{context, {.preload = [] { ++state; }}};
  BOOST_TEST(run(server, context, call(read_state)).what.value_or(-1) == 1);
  // With the template, and whatever stands ready.
  for (int const pid : children()) {
    ::kill(pid, SIGKILL);
    wait_until_gone(pid);
  }
  BOOST_TEST(run(server, context, call(read_state)).what.value_or(-1) == 1);
  BOOST_TEST(server.stats().starts == 2u);
}

BOOST_AUTO_TEST_CASE(what_it_was_made_from_is_stopped) {
  asio::io_context context;
  fork_server server{context, {.preload = [] { ++state; }}};
  for (int const pid : children())
    if (pid != server.pid()) ::kill(pid, SIGSTOP);
  BOOST_TEST(run(server, context, call(read_state)).what.value_or(-1) == 1);
  int const before = server.pid();
  ::kill(before, SIGKILL);
  wait_until_gone(before);
  auto const lost = run(server, context, call(read_state));
  BOOST_TEST((lost.ec == error::server_died), lost.ec.message());
  BOOST_TEST(run(server, context, call(read_state)).what.value_or(-1) == 1);
}

BOOST_AUTO_TEST_CASE(a_process_that_it_leaves_is_no_zombie_after_its_end) {
  scratch_folder folder;
  std::string const path = (folder / "go").string();
  auto const load = [](const std::string& name) {
    state = ::fork();
    if (state != 0) return;
    while (::access(name.c_str(), F_OK) == -1) ::usleep(1000);
    ::_exit(0);
  };
  asio::io_context context;
  fork_server server{context, {.preload = call(load, path)}};
  pid_t const left = run(server, context, call(read_state)).what.value_or(0);
  BOOST_REQUIRE(left > 0);
  std::ofstream{path} << 1;
  wait_until_gone(left);
  // A child of the server is not to inherit that.
  auto const has_child = [] {
    pid_t const pid = ::fork();
    if (pid == 0) ::_exit(3);
    int status = 0;
    return ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 3;
  };
  BOOST_TEST(run(server, context, call(has_child)).what.value_or(false));
}

BOOST_AUTO_TEST_CASE(it_may_change_the_root_directory) {
  if (::geteuid() != 0) return;
  scratch_folder folder;
  asio::io_context context;
  auto const load = [](const std::string& root) {
    if (::chroot(root.c_str()) == -1 || ::chdir("/") == -1) throw 1;
    state = 2;
  };
  fork_server server{context, {.preload = call(load, (folder / "").string())}};
  auto const done = run(server, context, call(read_state), {.out = isolatte::capture{}});
  BOOST_TEST(done.what.value_or(-1) == 2, done.what);
}

BOOST_AUTO_TEST_CASE(a_limit_that_it_exceeds_is_its_own_fault) {
  auto const done = failure_of([] {
    struct rlimit const one{1, 1};
    ::setrlimit(RLIMIT_FSIZE, &one);
    std::fputs("more than that", stderr);
    ::raise(SIGXFSZ);
  });
  BOOST_TEST((done.ec == error::preload_failed), done.ec.message());
}

BOOST_AUTO_TEST_CASE(what_it_writes_to_stderr_takes_little_memory) {
  asio::io_context context;
  scratch_folder folder;
  std::string const path = (folder / "go").string();
  // Ends when its first bytes are gone.
  auto const load = [] {
    std::string const much(256 * 1024, 'x');
    for (int written = 0;; ++written) {
      if (written == 4096) throw 3;
      if (::write(2, much.data(), much.size()) == -1) throw 1;
      struct stat file{};
      if (::fstat(2, &file) == -1) throw 2;
      if (file.st_blocks * 512 < file.st_size) break;
      ::usleep(10000);
    }
    std::fputs("the end", stderr);
    throw std::runtime_error{"enough"};
  };
  fork_server server{context, {.preload = load}};
  auto const done = run(server, context, call(read_state));
  BOOST_TEST((done.ec == error::preload_failed), done.ec.message());
  BOOST_TEST(done.what.err_text().ends_with("the end"));
}

BOOST_AUTO_TEST_CASE(made_again_with_more_descriptors_than_it_could_have) {
  struct rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  struct rlimit const few{128, before.rlim_max};
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  asio::io_context context;
  fork_server server{context, {.preload = [] { state = 2; }}};
  BOOST_TEST(run(server, context, call(read_state)).what.value_or(-1) == 2);
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  std::list<wire> many(before.rlim_cur > 400 ? 100 : 1);
  int const first = server.pid();
  ::kill(first, SIGKILL);
  wait_until_gone(first);
  auto const again = run(server, context, call(read_state));
  BOOST_TEST(again.what.value_or(-1) == 2, again.what);
}

BOOST_AUTO_TEST_CASE(made_again_it_has_the_users_of_the_beginning) {
  if (::geteuid() != 0) return;
  // A program of its own gives up its users.
  pid_t const program = ::fork();
  if (program == 0) {
    asio::io_context context;
    bool right = true;
    {
      fork_server server{context, {.preload = [] { state = static_cast<int>(::geteuid()) + 1; }}};
      auto const ask = [&] {
        remembered<int> done;
        server.async_fork(call(read_state), done.handler());
        context.restart();
        context.run();
        return done.what.value_or(-1);
      };
      right = ask() == 1;
      int const first = server.pid();
      ::kill(first, SIGKILL);
      wait_until_gone(first);
      right = ::setresuid(4321, 4321, 4321) == 0 && right;
      right = ask() == 1 && right;
    }
    // Processes that may not be killed end by themselves.
    context.restart();
    context.run();
    for (int const pid : children()) wait_until_gone(pid);
    ::_exit(right ? 0 : 1);
  }
  BOOST_TEST(wait_for(program) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace preload_test
