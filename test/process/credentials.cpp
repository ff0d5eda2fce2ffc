// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "gate.hpp"
#include "helpers.hpp"
#include "posix/system_calls.hpp"
#include "remembered.hpp"
#include "support/fail_calls.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include <grp.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

// Tests of programs that become another user after they have begun to use the library. They need
// root's rights, and run in a process of their own.

namespace credentials_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::async_fork;
using isolatte::call;
using isolatte::ending;
using isolatte::fork_server;
using isolatte::worker_pool;
using namespace isolatte::test;
using namespace std::chrono_literals;

constexpr uid_t nobody = 65534;

bool may_change_user() {
  if (::geteuid() == 0) return true;
  BOOST_TEST_MESSAGE("skipped: not root");
  return false;
}

void become_nobody() {
  gid_t const groups[] = {nobody, 12345};
  if (::setgroups(2, groups) == -1 || ::setresgid(nobody, nobody, nobody) == -1 ||
      ::setresuid(nobody, nobody, nobody) == -1)
    ::_exit(98);
}

/// Names users, groups, and whether root's rights can be had again.
std::string who() {
  uid_t users[3];
  gid_t groups[3];
  ::getresuid(&users[0], &users[1], &users[2]);
  ::getresgid(&groups[0], &groups[1], &groups[2]);
  std::string text;
  for (auto const each : users) text += std::to_string(each) + " ";
  for (auto const each : groups) text += std::to_string(each) + " ";
  std::vector<gid_t> others(static_cast<std::size_t>(::getgroups(0, nullptr)));
  static_cast<void>(!::getgroups(static_cast<int>(others.size()), others.data()));
  for (auto const each : others) text += std::to_string(each) + " ";
  return text + (::seteuid(0) == 0 ? "root" : "bound");
}

std::string const as_nobody = "65534 65534 65534 65534 65534 65534 12345 65534 bound";

template <class Call>
std::string by_server(asio::io_context& context, fork_server& server, Call what,
                      isolatte::options opts = {}) {
  remembered<std::string> done;
  server.async_fork(what, opts, done.handler());
  context.restart();
  context.run();
  return done.what.value_or(done.ec.message());
}

std::string by_pool(asio::io_context& context, worker_pool& pool) {
  remembered<std::string> done;
  pool.async_run(call(who), {}, done.handler());
  if (context.stopped()) context.restart();
  while (done.calls == 0) context.run_one();
  return done.what.value_or(done.ec.message());
}

BOOST_AUTO_TEST_SUITE(credentials)

BOOST_AUTO_TEST_CASE(children_of_a_server_are_what_the_program_is) {
  if (!may_change_user()) return;
  BOOST_TEST(in_bare_process([] {
               asio::io_context context;
               fork_server server{context};
               fork_server used{context};
               if (by_server(context, used, call(who)).ends_with("bound"))
                 return std::string{"not root"};
               become_nobody();
               // One child is made for the call; the other stood ready.
               std::string const fresh = by_server(context, server, call(who));
               std::string const ready = by_server(context, used, call(who));
               return fresh == ready ? fresh : fresh + ", " + ready;
             }) == as_nobody);
}

BOOST_AUTO_TEST_CASE(a_user_taken_for_a_while_is_followed) {
  if (!may_change_user()) return;
  BOOST_TEST(in_bare_process([] {
               asio::io_context context;
               static_cast<void>(::seteuid(nobody));
               fork_server server{context};
               auto const effective = call([] { return std::to_string(::geteuid()); });
               std::string text = by_server(context, server, effective) + " ";
               static_cast<void>(::seteuid(0));
               text += by_server(context, server, effective) + " ";
               static_cast<void>(::seteuid(nobody));
               return text + by_server(context, server, effective);
             }) == "65534 0 65534");
}

BOOST_AUTO_TEST_CASE(rights_that_the_server_has_not_are_refused) {
  if (!may_change_user()) return;
  BOOST_TEST(in_bare_process([] {
               asio::io_context context;
               // The server cannot become root again; the program can.
               // reserve.
               static_cast<void>(::seteuid(nobody));
               auto const bind = [] { static_cast<void>(::setresuid(nobody, nobody, nobody)); };
               ::pthread_atfork(nullptr, nullptr, bind);
               fork_server server{context};
               static_cast<void>(::seteuid(0));
               remembered<std::string> done;
               server.async_fork(call(who), {}, done.handler());
               context.run();
               return std::string{to_string(done.what.how())} + " " + done.ec.message();
             }) == "not_started Operation not permitted");
}

BOOST_AUTO_TEST_CASE(a_child_that_cannot_take_them_on_is_not_started) {
  if (!may_change_user()) return;
  for (auto const* const refused : {"capset", "setgroups", "setresgid", "setresuid"})
    BOOST_TEST_CONTEXT(refused)
  BOOST_TEST(in_bare_process([&] {
               fail_calls const fails{
                   {.how = failure::mode::every, .where = side::child, .entry = refused}};
               asio::io_context context;
               fork_server server{context};
               become_nobody();
               return by_server(context, server, call(who));
             }) == "Operation not permitted");
}

BOOST_AUTO_TEST_CASE(a_timeout_holds_after_the_change) {
  if (!may_change_user()) return;
  BOOST_TEST(in_bare_process([] {
               asio::io_context context;
               std::string text;
               {
                 fork_server server{context};
                 become_nobody();
                 remembered<void> done;
                 server.async_fork(call(hang), {.timeout = 20ms}, done.handler());
                 context.run();
                 text = std::string{to_string(done.what.how())} + " " + done.ec.message();
               }
               context.restart();
               context.run();
               return text + (children_vanish() ? "" : ", children are left");
             }) == "timed_out Success");
}

const gate* before_change = nullptr;
int refused_kills = 0;

// The server's child is root until it has taken on what the program is.
BOOST_AUTO_TEST_CASE(a_timeout_that_comes_before_the_change_waits_for_it) {
  if (!may_change_user()) return;
  BOOST_TEST(in_bare_process([] {
               gate change;
               before_change = &change;
               isolatte::posix::sys.setresuid = [](uid_t real, uid_t effective, uid_t saved) {
                 before_change->pass();
                 return static_cast<int>(::syscall(SYS_setresuid, real, effective, saved));
               };
               asio::io_context context;
               std::string text;
               {
                 fork_server server{context};
                 become_nobody();
                 auto const kill = [](int fd, int signal, unsigned flags) {
                   auto const result = ::syscall(SYS_pidfd_send_signal, fd, signal, nullptr, flags);
                   if (result == -1 && errno == EPERM && signal == SIGKILL) ++refused_kills;
                   return static_cast<int>(result);
                 };
                 isolatte::posix::sys.pidfd_send_signal = kill;
                 remembered<void> done;
                 server.async_fork(call(hang), {.timeout = 1ms, .keep = change.ends()},
                                   done.handler());
                 while (refused_kills == 0) context.run_one();
                 change.open();
                 context.run();
                 text = std::string{to_string(done.what.how())} + " " + done.ec.message();
               }
               context.restart();
               context.run();
               return text + (children_vanish() ? "" : ", children are left");
             }) == "timed_out Success");
}

BOOST_AUTO_TEST_CASE(workers_are_what_the_program_is) {
  if (!may_change_user()) return;
  BOOST_TEST(in_bare_process([] {
               asio::io_context context;
               worker_pool pool{context, {.workers = 2}};
               std::string text = by_pool(context, pool).ends_with("root") ? "" : "not root, ";
               become_nobody();
               for (int i = 0; i != 4; ++i) {
                 std::string const each = by_pool(context, pool);
                 if (each != as_nobody) text += each + ", ";
               }
               pool.stop();
               context.run();
               return text + (children_vanish() ? "" : "children are left");
             }) == "");
}

BOOST_AUTO_TEST_CASE(a_child_that_may_not_be_killed_does_not_hold_its_operation_up) {
  if (!may_change_user()) return;
  for (auto const grace : {0ms, 20ms})
    BOOST_TEST(in_bare_process([&] {
                 wire until;
                 asio::io_context context;
                 remembered<int> late;
                 auto const wait = [&] {
                   until.close_write();
                   read_all(until.read_end());
                   return 7;
                 };
                 isolatte::options opts{.timeout = 20ms, .grace = grace};
                 opts.keep = {until.read_end(), until.write_end()};
                 async_fork(context, wait, opts, late.handler());
                 auto handle = isolatte::spawn_child(context.get_executor(), wait, opts);
                 remembered<int> waited;
                 remembered<int> cancelled;
                 asio::cancellation_signal stop;
                 opts.timeout.reset();
                 async_fork(context, wait, opts,
                            asio::bind_cancellation_slot(stop.slot(), cancelled.handler()));
                 become_nobody();
                 stop.emit(asio::cancellation_type::terminal);
                 handle.async_wait(waited.handler());
                 while (late.calls == 0 || waited.calls == 0 || cancelled.calls == 0)
                   context.run_one();
                 std::string text;
                 for (auto const* each : {&late, &waited, &cancelled})
                   text +=
                       std::string{to_string(each->what.how())} + " " + each->ec.message() + ", ";
                 // Each is still watched, and reaped when it ends.
                 until.close_write();
                 context.run();
                 return text + (children_vanish() ? "gone" : "left");
               }) ==
               "timed_out Operation not permitted, timed_out Operation not permitted, "
               "cancelled Operation not permitted, gone");
}

BOOST_AUTO_TEST_CASE(a_handle_keeps_what_a_child_that_may_not_be_killed_came_to) {
  if (!may_change_user()) return;
  BOOST_TEST(in_bare_process([&] {
               wire until;
               asio::io_context context;
               int completed = 0;
               auto const watch = isolatte::observe([&](const isolatte::job_event& event) {
                 if (event.moment == isolatte::job_moment::completed) ++completed;
               });
               isolatte::options opts{.timeout = 20ms};
               opts.keep = {until.read_end(), until.write_end()};
               auto handle = isolatte::spawn_child(
                   context.get_executor(),
                   [&] {
                     until.close_write();
                     read_all(until.read_end());
                     return 7;
                   },
                   opts);
               become_nobody();
               // No handler waits yet.
               while (completed == 0) context.run_one();
               remembered<int> waited;
               handle.async_wait(waited.handler());
               while (waited.calls == 0) context.run_one();
               std::string const text =
                   std::string{to_string(waited.what.how())} + " " + waited.ec.message() + ", ";
               until.close_write();
               context.run();
               return text + std::to_string(completed) + (children_vanish() ? " gone" : " left");
             }) == "timed_out Operation not permitted, 1 gone");
}

BOOST_AUTO_TEST_CASE(more_groups_than_a_server_can_be_told_are_refused) {
  if (!may_change_user()) return;
  BOOST_TEST(in_bare_process([] {
               asio::io_context context;
               fork_server server{context};
               std::vector<gid_t> many(3000);
               for (gid_t i = 0; i != many.size(); ++i) many[i] = 1000 + i;
               if (::setgroups(many.size(), many.data()) == -1) return std::string{"no groups"};
               auto const twice =
                   call([](const std::string& text) { return text + text; }, std::string{"x"});
               remembered<std::string> done;
               server.async_fork(twice, done.handler());
               context.run();
               bool const is_refused = done.ec == boost::system::errc::argument_list_too_long &&
                                       done.what.how() == isolatte::ending::not_started;
               static_cast<void>(::setgroups(1, many.data()));
               return by_server(context, server, twice) + (is_refused ? ", refused" : ", not so");
             }) == "xx, refused");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace credentials_test
