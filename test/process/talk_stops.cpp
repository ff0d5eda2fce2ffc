// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Stop requests to a job, and a conversation's place among the other options.

#include "helpers.hpp"
#include "sandbox_helpers.hpp"
#include "support/sanitizers.hpp"
#include "talk_world.hpp"

#include <isolatte.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace talk_stops_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::channel;
using isolatte::ending;
using isolatte::on_message;
using isolatte::options;
using isolatte::outcome;
using isolatte::test::heard;
using isolatte::test::in_bare_process;
using isolatte::test::in_each_world;
using isolatte::test::remembered;
using isolatte::test::run_to_end;
using namespace std::chrono_literals;

// Jobs

void wait_for_stop(const std::stop_token& token) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock{mutex};
  changed.wait(lock, token, [] { return false; });
}

int obey(std::stop_token token) {
  wait_for_stop(token);
  return 7;
}

/// Says that it runs, and obeys.
int talk_and_obey(std::stop_token token, channel<int>& talk) {
  talk.post(1);
  wait_for_stop(token);
  talk.post(2);
  return 7;
}

int talk_and_ignore(std::stop_token, channel<int>& talk) {
  talk.post(1);
  isolatte::test::hang();
}

int talk_and_throw(std::stop_token token, channel<int>& talk) {
  talk.post(1);
  wait_for_stop(token);
  throw std::out_of_range{"stopped"};
}

volatile sig_atomic_t signals_seen = 0;

int count_signals(std::stop_token token, channel<int>& talk) {
  for (int const signal : {SIGTERM, SIGINT})
    ::signal(signal, [](int) { signals_seen = signals_seen + 1; });
  talk.post(1);
  wait_for_stop(token);
  return signals_seen;
}

/// Runs an operation that is cancelled when its job says that it runs.
template <class World, class Call>
auto cancel_when_ready(World& world, Call what, options opts,
                       std::vector<asio::cancellation_type> types,
                       std::vector<int>* all = nullptr) {
  asio::cancellation_signal signal;
  remembered<isolatte::result_of<Call>> done;
  world.begin(on_message(std::move(what),
                         [&](int i) {
                           if (all) all->push_back(i);
                           if (i == 1)
                             for (auto const type : types) signal.emit(type);
                         }),
              std::move(opts), asio::bind_cancellation_slot(signal.slot(), done.handler()));
  world.run_until([&] { return done.calls != 0; });
  return done;
}

/// A sandbox is entered with one thread, and ThreadSanitizer has one of its own.
bool can_be_pure() {
  return !isolatte::test::with_tsan &&
         isolatte::sandbox_support().gaps(isolatte::sandbox::pure()).empty();
}

BOOST_AUTO_TEST_SUITE(talk_stops)

BOOST_AUTO_TEST_CASE(a_job_that_is_asked_to_stop_returns_its_value) {
  in_each_world([](auto& world) {
    auto job = world.start(call(talk_and_obey));
    BOOST_TEST(world.receive(job).value == 1);
    BOOST_TEST(!job.request_stop());
    BOOST_TEST(!job.request_stop());
    BOOST_TEST(world.receive(job).value == 2);
    BOOST_TEST((world.receive(job).ec == asio::error::eof));
    auto const done = world.wait(job);
    BOOST_TEST(!done.ec, done.ec.message());
    BOOST_TEST(done.what.how() == ending::returned);
    BOOST_TEST(done.what.value_or(-1) == 7);
  });
}

BOOST_AUTO_TEST_CASE(a_token_needs_no_channel) {
  in_each_world([](auto& world) {
    auto job = world.start(call(obey));
    BOOST_TEST(!job.request_stop());
    BOOST_TEST(world.wait(job).what.value_or(-1) == 7);
  });
}

BOOST_AUTO_TEST_CASE(a_stop_may_be_requested_before_the_child_is_made) {
  in_each_world([](auto& world) {
    auto job = world.start(call([](std::stop_token token, channel<int>& talk) {
      wait_for_stop(token);
      talk.post(5);
      return token.stop_requested() ? 7 : 8;
    }));
    BOOST_TEST(!job.request_stop());
    BOOST_TEST(world.receive(job).value == 5);
    BOOST_TEST(world.wait(job).what.value_or(-1) == 7);
  });
}

BOOST_AUTO_TEST_CASE(a_stop_after_the_end_does_nothing) {
  in_each_world([](auto& world) {
    auto job = world.start(call([](std::stop_token token) { return token.stop_requested(); }));
    auto const done = world.wait(job);
    BOOST_TEST((done.what && !done.what.value()));
    BOOST_TEST(!job.request_stop());
    world.run();
  });
}

BOOST_AUTO_TEST_CASE(a_job_without_a_token_cannot_be_asked) {
  in_each_world([](auto& world) {
    auto job =
        world.start(call([](channel<int, int>& talk) { return talk.receive().value_or(0); }));
    BOOST_TEST((job.request_stop() == boost::system::errc::operation_not_supported));
    auto plain = world.start(call([] { return 1; }));
    BOOST_TEST((plain.request_stop() == boost::system::errc::operation_not_supported));
    BOOST_TEST(!world.send(job, 5));
    BOOST_TEST(world.wait(job).what.value_or(-1) == 5);
    BOOST_TEST(world.wait(plain).what.value_or(-1) == 1);
    decltype(job) empty;
    BOOST_TEST((empty.request_stop() == isolatte::error::no_child));
  });
}

BOOST_AUTO_TEST_CASE(a_job_may_ignore_a_stop) {
  in_each_world([](auto& world) {
    auto job = world.start(call([](std::stop_token token, channel<int, int>& talk) {
      while (auto const message = talk.receive())
        if (*message == 0) break;
      return token.stop_requested();
    }));
    BOOST_TEST(!job.request_stop());
    BOOST_TEST(!world.send(job, 1));
    BOOST_TEST(!world.send(job, 0));
    auto const done = world.wait(job);
    BOOST_TEST(done.what.how() == ending::returned);
  });
}

BOOST_AUTO_TEST_CASE(a_polite_cancellation_keeps_the_value) {
  in_each_world([](auto& world) {
    for (auto const type : {asio::cancellation_type::partial, asio::cancellation_type::total}) {
      std::vector<int> all;
      auto const done = cancel_when_ready(world, call(talk_and_obey), {.grace = 1h}, {type}, &all);
      BOOST_TEST((done.ec == asio::error::operation_aborted), done.ec.message());
      BOOST_TEST(done.what.how() == ending::cancelled);
      BOOST_TEST(done.what.value_or(-1) == 7);
      BOOST_TEST((all == std::vector<int>{1, 2}));
    }
  });
}

BOOST_AUTO_TEST_CASE(a_cancelled_job_may_throw) {
  in_each_world([](auto& world) {
    auto const done = cancel_when_ready(world, call(talk_and_throw), {.grace = 1h},
                                        {asio::cancellation_type::partial});
    BOOST_TEST((done.ec == asio::error::operation_aborted), done.ec.message());
    BOOST_TEST(done.what.how() == ending::cancelled);
    BOOST_CHECK_THROW(done.what.value(), std::out_of_range);
  });
}

BOOST_AUTO_TEST_CASE(a_callable_with_a_token_gets_no_polite_signal) {
  in_each_world([](auto& world) {
    auto const done =
        cancel_when_ready(world, call(count_signals), {.grace = 1h},
                          {asio::cancellation_type::partial, asio::cancellation_type::total});
    BOOST_TEST(done.what.value_or(-1) == 0);
  });
}

BOOST_AUTO_TEST_CASE(a_terminal_cancellation_asks_nobody) {
  in_each_world([](auto& world) {
    auto const done = cancel_when_ready(world, call(talk_and_ignore), {.grace = 1h},
                                        {asio::cancellation_type::terminal});
    BOOST_TEST((done.ec == asio::error::operation_aborted), done.ec.message());
    BOOST_TEST(done.what.how() == ending::cancelled);
    BOOST_TEST(!done.what);
    // Also within the grace.
    auto const later =
        cancel_when_ready(world, call(talk_and_ignore), {.grace = 1h},
                          {asio::cancellation_type::total, asio::cancellation_type::terminal});
    BOOST_TEST(later.what.how() == ending::cancelled);
  });
}

BOOST_AUTO_TEST_CASE(without_grace_a_cancellation_kills) {
  in_each_world([](auto& world) {
    for (auto const type : {asio::cancellation_type::partial, asio::cancellation_type::total}) {
      auto const done = cancel_when_ready(world, call(talk_and_ignore), {}, {type});
      BOOST_TEST((done.ec == asio::error::operation_aborted), done.ec.message());
      BOOST_TEST(done.what.how() == ending::cancelled);
      BOOST_TEST(!done.what);
    }
  });
}

BOOST_AUTO_TEST_CASE(a_timeout_with_grace_keeps_the_value) {
  in_each_world([](auto& world) {
    auto const done = run_to_end(world, call(obey), {.timeout = 20ms, .grace = 1h});
    BOOST_TEST(!done.ec, done.ec.message());
    BOOST_TEST(done.what.how() == ending::timed_out);
    BOOST_TEST(done.what.value_or(-1) == 7);
  });
}

BOOST_AUTO_TEST_CASE(a_job_that_outlasts_the_grace_is_killed) {
  in_each_world([](auto& world) {
    auto const done = run_to_end(world, on_message(call(talk_and_ignore), [](int) {}),
                                 {.timeout = 20ms, .grace = 20ms});
    BOOST_TEST(done.what.how() == ending::timed_out);
    BOOST_TEST(!done.what);
    BOOST_TEST((done.what.signal() == SIGKILL));
    auto const cancelled = cancel_when_ready(world, call(talk_and_ignore), {.grace = 20ms},
                                             {asio::cancellation_type::partial});
    BOOST_TEST(cancelled.what.how() == ending::cancelled);
    BOOST_TEST((cancelled.what.signal() == SIGKILL));
  });
}

BOOST_AUTO_TEST_CASE(a_timeout_without_grace_asks_nobody) {
  in_each_world([](auto& world) {
    auto const done = run_to_end(world, call(obey), {.timeout = 20ms});
    BOOST_TEST(done.what.how() == ending::timed_out);
    BOOST_TEST(!done.what);
  });
}

// Callbacks

/// Waits for a message, also after the request to stop, when receive() does not.
int next_message(channel<int, int>& talk) {
  for (;;) {
    if (auto const message = talk.try_receive()) return *message;
    std::this_thread::sleep_for(1ms);
  }
}

BOOST_AUTO_TEST_CASE(a_stop_callback_may_talk_and_wait) {
  in_each_world([](auto& world) {
    auto job = world.start(call([](std::stop_token token, channel<int, int>& talk) {
      int got = 0;
      {
        std::stop_callback const on_stop{token, [&] {
                                           talk.post(2);
                                           got = next_message(talk);
                                           talk.post(3);
                                         }};
        talk.post(1);
        wait_for_stop(token);
      }
      return got;
    }));
    BOOST_TEST(world.receive(job).value == 1);
    BOOST_TEST(!job.request_stop());
    BOOST_TEST(world.receive(job).value == 2);
    BOOST_TEST(!world.send(job, 9));
    BOOST_TEST(world.receive(job).value == 3);
    BOOST_TEST(world.wait(job).what.value_or(-1) == 9);
  });
}

BOOST_AUTO_TEST_CASE(a_stop_callback_that_throws_terminates_the_job) {
  in_each_world([](auto& world) {
    options opts;
    opts.fault_report = false;
    auto job = world.start(call([](std::stop_token token, channel<int>& talk) {
                             std::stop_callback const on_stop{
                                 token, [] { throw std::runtime_error{"of a callback"}; }};
                             talk.post(1);
                             isolatte::test::hang();
                           }),
                           opts);
    BOOST_TEST(world.receive(job).value == 1);
    BOOST_TEST(!job.request_stop());
    auto const done = world.wait(job);
    BOOST_TEST(done.what.how() == ending::faulted);
    BOOST_TEST((done.what.signal() == SIGABRT));
  });
}

BOOST_AUTO_TEST_CASE(a_stop_callback_that_crashes_is_reported) {
  in_each_world([](auto& world) {
    for (bool const has_channel : {false, true}) {
      auto const body = [](std::stop_token token) {
        std::stop_callback const on_stop{token, [] { ::raise(SIGSEGV); }};
        isolatte::test::hang();
      };
      options const opts{.timeout = 20ms, .grace = 1h};
      auto const done =
          has_channel ? run_to_end(world,
                                   on_message(call([](std::stop_token token, channel<int>& talk) {
                                                std::stop_callback const on_stop{
                                                    token, [] { ::raise(SIGSEGV); }};
                                                talk.post(1);
                                                isolatte::test::hang();
                                              }),
                                              [](int) {}),
                                   opts)
                      : run_to_end(world, call(body), opts);
      BOOST_TEST(done.what.how() == ending::faulted);
      BOOST_TEST((done.what.signal() == SIGSEGV));
      BOOST_REQUIRE(done.what.fault().has_value());
      BOOST_TEST(!done.what.fault()->trace.empty());
    }
  });
}

// Other options

BOOST_AUTO_TEST_CASE(a_pure_sandbox_lets_a_job_talk) {
  if (!can_be_pure()) return;
  auto const check = [](isolatte::test::findings& f) {
    for (auto const& box : {isolatte::sandbox::pure(), isolatte::sandbox::reader({"/usr"})}) {
      asio::io_context ctx;
      options opts;
      opts.sandbox = box;
      auto job = isolatte::spawn_child(
          ctx,
          [](std::stop_token token, channel<int, int>& talk) {
            int const got = talk.receive().value_or(-1);
            talk.post_latest(got);
            talk.post(got + 1);
            wait_for_stop(token);
            talk.post_latest(got + 2);
            return got;
          },
          opts);
      std::vector<int> all;
      error_code ended;
      outcome<int> what;
      job.async_send(5, [](error_code) {});
      auto const receive = [&](auto& self) -> void {
        job.async_receive([&](error_code ec, int i) {
          ended = ec;
          if (ec) return;
          all.push_back(i);
          if (i == 6) static_cast<void>(job.request_stop());
          self(self);
        });
      };
      receive(receive);
      job.async_wait([&](error_code, outcome<int> o) { what = std::move(o); });
      ctx.run();
      f.expect(ended == asio::error::eof, "the end of the messages: " + ended.message());
      f.expect(all == std::vector<int>{5, 6, 7}, "the messages, " + std::to_string(all.size()));
      f.expect_value(what, 5);
    }
  };
  BOOST_TEST(in_bare_process([&] { return isolatte::test::found_by(check); }) == "");
  if (::geteuid() != 0) return;
  BOOST_TEST(in_bare_process([&] {
               isolatte::test::become_nobody();
               return isolatte::test::found_by(check);
             }) == "");
}

BOOST_AUTO_TEST_CASE(a_sandboxed_server_lets_its_jobs_talk) {
  if (!can_be_pure()) return;
  isolatte::test::talk_world world;
  isolatte::fork_server server{world.context(), {.sandbox = isolatte::sandbox::pure()}};
  auto job = server.spawn_child(call(talk_and_obey), {});
  BOOST_TEST(world.receive(job).value == 1);
  BOOST_TEST(!job.request_stop());
  BOOST_TEST(world.receive(job).value == 2);
  BOOST_TEST(world.wait(job).what.value_or(-1) == 7);
}

/// A job that talks, under limits that do not let it.
std::string refused_with(const options& opts, int expected) {
  return isolatte::test::found_by([&](isolatte::test::findings& f) {
    auto const what = isolatte::fork(on_message(
                                         [](channel<int>& talk) {
                                           talk.post(1);
                                           return 1;
                                         },
                                         [](int) {}),
                                     opts);
    f.expect_refused(what, expected);
  });
}

BOOST_AUTO_TEST_CASE(limits_that_leave_no_room_for_a_conversation_are_told) {
  options few_files;
  few_files.limits.open_files = 4;
  if (!isolatte::test::ubsan_needs_descriptors) BOOST_TEST(refused_with(few_files, EMFILE) == "");
  if (!isolatte::test::malloc_refuses) return;
  options little_memory;
  little_memory.limits.address_space = 1024 * 1024;
  BOOST_TEST(refused_with(little_memory, EAGAIN) == "");
  if (::geteuid() != 0) return;
  BOOST_TEST(in_bare_process([&] {
               isolatte::test::become_nobody();
               options few_processes;
               few_processes.limits.processes = 1;
               return refused_with(few_processes, EAGAIN);
             }) == "");
}

BOOST_AUTO_TEST_CASE(a_tree_is_killed_with_its_conversation) {
  in_each_world([](auto& world) {
    // The grandchild has the socket, too, and outlives the job by itself.
    auto const done = run_to_end(world, on_message(call([](channel<int>& talk) {
                                                     pid_t const pid = ::fork();
                                                     if (pid == 0) isolatte::test::hang();
                                                     talk.post(1);
                                                     return static_cast<int>(pid);
                                                   }),
                                                   [](int) {}));
    BOOST_REQUIRE(done.what);
    isolatte::test::wait_until_gone(done.what.value());
  });
}

BOOST_AUTO_TEST_CASE(a_grandchild_that_lives_on_does_not_hold_up_the_end) {
  in_each_world([](auto& world) {
    options opts;
    opts.kill_tree = false;
    auto job = world.start(call([](channel<int>& talk) {
                             pid_t const pid = ::fork();
                             if (pid == 0) isolatte::test::hang();
                             talk.post(1);
                             return static_cast<int>(pid);
                           }),
                           opts);
    auto const [all, ec] = world.receive_all(job);
    BOOST_TEST((ec == asio::error::eof), ec.message());
    BOOST_TEST(all.size() == 1U);
    auto const done = world.wait(job);
    BOOST_REQUIRE(done.what);
    ::kill(done.what.value(), SIGKILL);
    isolatte::test::wait_until_gone(done.what.value());
  });
}

// Copies of the program

BOOST_AUTO_TEST_CASE(a_copy_of_the_program_has_no_part_in_a_conversation) {
  in_each_world([](auto& world) {
    for (bool const notifies : {false, true}) {
      auto job = world.start(call([](std::stop_token, channel<int, int>& talk) {
        int sum = 0;
        while (auto const message = talk.receive()) {
          if (*message == 0) break;
          sum += *message;
          talk.post(sum);
        }
        return sum;
      }));
      BOOST_TEST(!world.send(job, 1));
      BOOST_TEST(world.receive(job).value == 1);
      heard<int> got;
      job.async_receive(got.handler());
      world.context().restart();
      world.context().poll();
      auto const said = in_bare_process([&] {
        auto& ctx = world.context();
        if (notifies) ctx.notify_fork(asio::execution_context::fork_child);
        std::string text;
        auto const note = [&text](const char* what) {
          return [&text, what](error_code ec, auto...) {
            if (ec != asio::error::operation_aborted)
              text += std::string{what} + ": " + ec.message() + "; ";
            else
              text += ".";
          };
        };
        static_cast<void>(job.request_stop());
        job.async_send(100, note("send"));
        job.async_wait(note("wait"));
        ctx.restart();
        ctx.run();
        if (got.calls != 1 || got.ec != asio::error::operation_aborted) text += "no abort; ";
        job.async_receive(note("receive"));
        ctx.restart();
        ctx.run();
        {
          auto const gone = std::move(job);
        }
        ctx.restart();
        ctx.run();
        return text;
      });
      BOOST_TEST(said == "...");
      // The original goes on as if nothing had happened.
      BOOST_TEST(got.calls == 0);
      BOOST_TEST(!world.send(job, 5));
      world.run_until([&] { return got.calls != 0; });
      BOOST_TEST(got.value == 6);
      BOOST_TEST(!world.send(job, 0));
      BOOST_TEST(world.wait(job).what.value_or(-1) == 6);
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace talk_stops_test
