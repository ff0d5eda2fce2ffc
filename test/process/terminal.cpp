// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "remembered.hpp"
#include "support/fail_calls.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

// Tests of children of a program that has a controlling terminal.

namespace terminal_test {

namespace asio = boost::asio;
using isolatte::call;
using namespace isolatte::test;

/// Reads a line of the terminal, or tells why not.
std::string read_line() {
  char bytes[64];
  ssize_t const count = ::read(0, bytes, sizeof bytes);
  return count < 0 ? "error" : std::string(bytes, static_cast<std::size_t>(count));
}

/// Runs a program in the foreground of a terminal of its own, on which "typed" has been typed.
/// @return the text that the program returns
template <class Program>
std::string on_terminal(Program program) {
  wire answer;
  int keyboard = -1;
  pid_t const pid = ::forkpty(&keyboard, nullptr, nullptr, nullptr);
  if (pid == 0) {
    write_all(answer.write_end(), program());
    ::_exit(0);
  }
  write_all(keyboard, "typed\n");
  std::string const text = answer.read_rest();
  wait_for(pid);
  ::close(keyboard);
  return text;
}

/// Has the terminal stop processes in its background that write.
void stop_writers() {
  termios mode{};
  ::tcgetattr(0, &mode);
  mode.c_lflag |= TOSTOP;
  ::tcsetattr(0, TCSANOW, &mode);
}

template <class R>
std::string told(const isolatte::outcome<R>& what) {
  return std::string{to_string(what.how())};
}

BOOST_FIXTURE_TEST_SUITE(terminal, nothing_left)

BOOST_AUTO_TEST_CASE(a_child_reads_the_terminal_of_its_program) {
  BOOST_TEST(on_terminal([] {
               return isolatte::fork(read_line, {.in = isolatte::inherit}).value_or("nothing");
             }) == "typed\n");
}

BOOST_AUTO_TEST_CASE(so_does_the_child_of_a_server) {
  BOOST_TEST(on_terminal([] {
               asio::io_context context;
               isolatte::fork_server server{context};
               remembered<std::string> done;
               server.async_fork(call(read_line), {.in = isolatte::inherit}, done.handler());
               context.run();
               return done.what.value_or("nothing");
             }) == "typed\n");
}

BOOST_AUTO_TEST_CASE(so_does_another_program) {
  BOOST_TEST(on_terminal([] {
               asio::io_context context;
               remembered<void> done;
               isolatte::async_execute(
                   context, {.executable = "/bin/sh", .args = {"-c", "read line; echo got $line"}},
                   {.in = isolatte::inherit, .out = isolatte::capture{}}, done.handler());
               context.run();
               return std::string{done.what.out_text()};
             }) == "got typed\n");
}

/// Runs a script that may be a job of the terminal, and takes the terminal back.
std::string run_job(const std::string& script, isolatte::options opts) {
  asio::io_context context;
  remembered<void> done;
  opts.in = isolatte::inherit;
  opts.out = isolatte::capture{};
  isolatte::async_execute(context,
                          {.executable = "/bin/sh", .args = {"-c", script}, .foreground = true},
                          opts, done.handler());
  context.run();
  ::signal(SIGTTOU, SIG_IGN);
  ::tcsetpgrp(0, ::getpgrp());
  return std::string{done.what.out_text()} + told(done.what);
}

/// Tells whether the group of the shell is the foreground group: fields 5 and 8 of the line.
constexpr const char* tell_group =
    "read -r line </proc/$$/stat; set -- ${line##*)}; "
    "if [ $3 = $$ ] && [ $6 = $$ ]; then echo in front; else echo $*; fi;";

BOOST_AUTO_TEST_CASE(a_job_leads_the_group_that_has_the_terminal) {
  BOOST_TEST(on_terminal([] {
               return run_job(std::string{tell_group} + " read line; echo got $line", {});
             }) == "in front\ngot typed\nexited");
}

BOOST_AUTO_TEST_CASE(the_whole_group_of_a_job_ends) {
  BOOST_TEST(on_terminal([] {
               wire open_in_group;
               std::string const text =
                   run_job("sleep 1000 & wait", {.timeout = std::chrono::milliseconds{200},
                                                 .keep = {open_in_group.write_end()}});
               open_in_group.wait_until_closed();
               return text;
             }) == "timed_out");
}

BOOST_AUTO_TEST_CASE(a_program_in_the_background_leaves_the_terminal_alone) {
  BOOST_TEST(on_terminal([] {
               // The parent's group stands for that of a shell.
               pid_t const shell = ::getpgrp();
               wire answer;
               pid_t const pid = bare_fork([&] {
                 ::setpgid(0, 0);
                 asio::io_context context;
                 remembered<void> done;
                 isolatte::async_execute(context, {.executable = "/bin/true", .foreground = true},
                                         {.in = isolatte::inherit}, done.handler());
                 context.run();
                 write_all(answer.write_end(), told(done.what));
               });
               wait_for(pid);
               return answer.read_rest() + (::tcgetpgrp(0) == shell ? ", mine" : ", taken");
             }) == "exited, mine");
}

BOOST_AUTO_TEST_CASE(a_job_that_cannot_have_the_terminal_is_not_started) {
  BOOST_TEST(on_terminal([] {
               fail_calls const fails{{.where = side::child, .nth = 1, .entry = "tcsetpgrp"}};
               return run_job("echo no", {});
             }) == "not_started");
}

BOOST_AUTO_TEST_CASE(a_worker_gets_an_error) {
  BOOST_TEST(on_terminal([] {
               asio::io_context context;
               isolatte::pool_options opts{.workers = 1};
               opts.worker.in = isolatte::inherit;
               isolatte::worker_pool pool{context, opts};
               remembered<std::string> done;
               pool.async_run(call(read_line), {}, done.handler());
               while (done.calls == 0) context.run_one();
               return done.what.value_or("nothing");
             }) == "error");
}

BOOST_AUTO_TEST_CASE(a_child_that_opens_the_terminal_itself_gets_an_error) {
  BOOST_TEST(on_terminal([] {
               return isolatte::fork([] {
                        int const fd = ::open("/dev/tty", O_RDWR);
                        char byte;
                        return ::read(fd, &byte, 1) == -1 ? std::string{"error"}
                                                          : std::string{"read"};
                      })
                   .value_or("nothing");
             }) == "error");
}

BOOST_AUTO_TEST_CASE(output_is_not_stopped) {
  auto const talk = [] { return write_all(1, "hello\n"); };
  BOOST_TEST(on_terminal([&] {
               stop_writers();
               std::string text = told(isolatte::fork(talk)) + " ";
               asio::io_context context;
               isolatte::fork_server server{context};
               for (int i = 0; i != 2; ++i) {
                 remembered<bool> done;
                 server.async_fork(call(talk), {}, done.handler());
                 context.restart();
                 context.run();
                 text += told(done.what) + " ";
               }
               isolatte::worker_pool pool{context, {.workers = 1}};
               remembered<bool> done;
               pool.async_run(call(talk), {}, done.handler());
               context.restart();
               while (done.calls == 0) context.run_one();
               text += told(done.what) + " ";
               remembered<void> executed;
               isolatte::async_execute(context, {.executable = "/bin/echo", .args = {"hello"}}, {},
                                       executed.handler());
               while (executed.calls == 0) context.run_one();
               return text + told(executed.what);
             }) == "returned returned returned returned exited");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace terminal_test
