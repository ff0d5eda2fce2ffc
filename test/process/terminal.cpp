// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "remembered.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

#include <fcntl.h>
#include <pty.h>
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
