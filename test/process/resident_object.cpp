// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Objects that live in processes of their own: calls, state, and its loss.

#include "helpers.hpp"
#include "in_threads.hpp"
#include "support/plugin.hpp"
#include "talk_world.hpp"

#include <isolatte.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

namespace resident_object_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::channel;
using isolatte::ending;
using isolatte::job_options;
using isolatte::on_message;
using isolatte::outcome;
using isolatte::ran;
using isolatte::resident;
using isolatte::resident_options;
using isolatte::restart;
using isolatte::test::hang;
using isolatte::test::heard;
using isolatte::test::in_threads;
using isolatte::test::remembered;
using isolatte::test::sent;
using isolatte::test::talk_world;
using namespace std::chrono_literals;

/// Counts in the memory of the program and of all its children.
class shared_count {
 public:
  shared_count() {
    void* const memory = ::mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::system_error{errno, std::system_category(), "mmap"};
    count_ = new (memory) std::atomic<int>{0};
  }
  ~shared_count() { ::munmap(count_, sizeof(std::atomic<int>)); }
  shared_count(const shared_count&) = delete;
  shared_count& operator=(const shared_count&) = delete;

  std::atomic<int>& operator*() const noexcept { return *count_; }

 private:
  std::atomic<int>* count_;
};

/// The object. Cannot be moved.
struct counter {
  explicit counter(int start) : value{start} {}
  counter(counter&&) = delete;

  int add(int n) { return value += n; }
  int get() const { return value; }

  int value;
};

counter make_counter(int start) { return counter{start}; }
int add_to(counter& to, int n) { return to.value += n; }
int pid_of(counter&) { return ::getpid(); }
[[noreturn]] void crash(counter&) { std::abort(); }
[[noreturn]] void never_return(counter&) { hang(); }

auto begin_at(int start) { return call(make_counter, start); }

/// Runs residents, in processes forked from the program, or from a fork server.
struct world : talk_world {
  explicit world(bool by_server) {
    if (by_server) server.emplace(context());
  }

  template <class T, class Make>
  resident<T> make(const Make& how, resident_options opts = {}) {
    if (server) return resident<T>{*server, how, std::move(opts)};
    return resident<T>{context(), how, std::move(opts)};
  }
  resident<counter> make(int start, resident_options opts = {}) {
    return make<counter>(begin_at(start), std::move(opts));
  }
  template <class T, class Call>
  auto run_call(resident<T>& on, const Call& what, const job_options& opts = {}) {
    remembered<isolatte::detail::result_on_t<Call, T>> done;
    on.async_call(what, opts, done.handler());
    run_until([&] { return done.calls != 0; });
    BOOST_TEST(done.calls == 1);
    return done;
  }
  template <class T>
  int value_of(resident<T>& of) {
    return run_call(of, call(&counter::get)).what.value();
  }
  template <class T>
  error_code ready(resident<T>& which) {
    std::optional<error_code> done;
    which.async_ready([&](error_code ec) { done = ec; });
    run_until([&] { return done.has_value(); });
    return *done;
  }
  template <class T>
  error_code make_again(resident<T>& which) {
    std::optional<error_code> done;
    which.async_restart([&](error_code ec) { done = ec; });
    run_until([&] { return done.has_value(); });
    return *done;
  }

  std::optional<isolatte::fork_server> server;
};

template <class Case>
void in_each(Case one) {
  BOOST_TEST_CONTEXT("launched by fork") {
    world here{false};
    one(here);
  }
  BOOST_TEST_CONTEXT("launched by a fork server") {
    world here{true};
    one(here);
  }
}

template <class R>
void expect_lost(const remembered<R>& done) {
  BOOST_TEST(done.calls == 1);
  BOOST_TEST((done.ec == isolatte::error::state_lost), done.ec.message());
  BOOST_TEST((done.what.ran() == ran::no));
  BOOST_TEST(done.what.how() == ending::not_started);
}

BOOST_AUTO_TEST_SUITE(resident_object)

// Calls

BOOST_AUTO_TEST_CASE(calls_run_in_order_on_one_object) {
  in_each([](world& here) {
    auto held = here.make(5);
    std::vector<int> all;
    for (int i = 0; i != 100; ++i)
      held.async_call(call(&counter::add, i), [&](error_code ec, const outcome<int>& what) {
        BOOST_TEST(!ec, ec.message());
        all.push_back(what.value_or(-1));
      });
    here.run_until([&] { return all.size() == 100; });
    int expected = 5;
    for (int i = 0; i != 100; ++i) BOOST_TEST(all[static_cast<std::size_t>(i)] == (expected += i));
    BOOST_TEST(held.generation() == 1u);
    int const pid = here.run_call(held, call(pid_of)).what.value();
    BOOST_TEST(held.pid() == pid);
    BOOST_TEST(pid != ::getpid());
  });
}

BOOST_AUTO_TEST_CASE(all_kinds_of_functions_are_called_on_the_object) {
  in_each([](world& here) {
    auto held = here.make(1);
    BOOST_TEST(here.run_call(held, call(&counter::add, 1)).what.value_or(0) == 2);
    BOOST_TEST(here.run_call(held, call(&counter::get)).what.value_or(0) == 2);
    BOOST_TEST(here.run_call(held, call(&counter::value)).what.value_or(0) == 2);
    BOOST_TEST(here.run_call(held, call(add_to, 2)).what.value_or(0) == 4);
    BOOST_TEST(
        here.run_call(held, call([](counter& c,
                                    const std::string& by) { return std::to_string(c.value) + by; },
                                 std::string{"!"}))
            .what.value_or("") == "4!");
    BOOST_TEST(here.run_call(held, call([](auto& c, auto n) { return c.value * n; }, 3))
                   .what.value_or(0) == 12);
    BOOST_TEST(here.run_call(held, call([](counter& c) { c.value = 9; })).what.success());
    BOOST_TEST(
        here.run_call(held, call([](const counter& c) { return c.value; })).what.value_or(0) == 9);
  });
}

BOOST_AUTO_TEST_CASE(an_object_is_made_of_what_converts_to_it) {
  in_each([](world& here) {
    auto of_number = here.make<counter>(call([] { return 7; }));
    BOOST_TEST(here.value_of(of_number) == 7);
    auto by_pointer =
        here.make<std::unique_ptr<counter>>([] { return std::make_unique<counter>(8); });
    BOOST_TEST(
        here.run_call(by_pointer,
                      call([](std::unique_ptr<counter>& held, int n) { return held->add(n); }, 3))
            .what.value_or(0) == 11);
    auto of_text =
        here.make<std::string>(call([](std::string text) { return text + "b"; }, std::string{"a"}));
    BOOST_TEST(
        here.run_call(of_text, call([](std::string& s) { return s += 'c'; })).what.value_or("") ==
        "abc");
  });
}

BOOST_AUTO_TEST_CASE(a_call_that_throws_leaves_the_object_alone) {
  in_each([](world& here) {
    auto held = here.make(3);
    auto const done = here.run_call(held, call([](counter& c) {
                                      ++c.value;
                                      throw std::out_of_range{"far"};
                                    }));
    BOOST_TEST(done.what.how() == ending::threw);
    BOOST_CHECK_THROW(done.what.value(), std::out_of_range);
    BOOST_TEST(here.value_of(held) == 4);
    BOOST_TEST(held.generation() == 1u);
  });
}

BOOST_AUTO_TEST_CASE(a_call_talks) {
  in_each([](world& here) {
    auto held = here.make(0);
    std::vector<int> all;
    auto const count = [](channel<int>& talk, counter& c, int n) {
      for (int i = 0; i != n; ++i) talk.post(++c.value);
      return c.value;
    };
    auto const done =
        here.run_call(held, on_message(call(count, 300), [&](int i) { all.push_back(i); }));
    BOOST_TEST(done.what.value_or(0) == 300);
    BOOST_TEST(all.size() == 300u);
    BOOST_TEST(std::is_sorted(all.begin(), all.end()));

    auto job = held.spawn_call(call([](channel<int, int>& talk, counter& c) {
      while (auto const n = talk.receive()) talk.post(c.value += *n);
      return c.value;
    }));
    BOOST_TEST(!here.send(job, 5));
    BOOST_TEST(here.receive(job).value == 305);
    job.close_input();
    BOOST_TEST(here.wait(job).what.value_or(0) == 305);
    BOOST_TEST(here.value_of(held) == 305);
  });
}

int await_stop(std::stop_token stop, channel<int>& talk, counter& c) {
  talk.post(0);
  std::mutex mutex;
  std::condition_variable_any asked;
  std::unique_lock lock{mutex};
  asked.wait(lock, stop, [] { return false; });
  return ++c.value;
}

BOOST_AUTO_TEST_CASE(a_call_that_obeys_a_stop_keeps_the_state) {
  in_each([](world& here) {
    auto held = here.make(0);
    auto job = held.spawn_call(call(await_stop));
    BOOST_TEST(here.receive(job).value == 0);
    BOOST_TEST(!job.request_stop());
    BOOST_TEST(here.wait(job).what.value_or(0) == 1);

    asio::cancellation_signal signal;
    remembered<int> done;
    held.async_call(
        on_message(call(await_stop), [&](int) { signal.emit(asio::cancellation_type::total); }),
        {.grace = 1h}, asio::bind_cancellation_slot(signal.slot(), done.handler()));
    here.run_until([&] { return done.calls != 0; });
    BOOST_TEST((done.ec == asio::error::operation_aborted));
    BOOST_TEST(done.what.value_or(0) == 2);

    auto const late = here.run_call(held, on_message(call(await_stop), [](int) {}),
                                    {.timeout = 20ms, .grace = 1h});
    BOOST_TEST(late.what.how() == ending::timed_out);
    BOOST_TEST(late.what.value_or(0) == 3);
    BOOST_TEST(here.value_of(held) == 3);
    BOOST_TEST(held.generation() == 1u);
  });
}

BOOST_AUTO_TEST_CASE(options_of_a_call_hold) {
  in_each([](world& here) {
    auto held = here.make(0);
    auto const late = std::chrono::steady_clock::now();
    auto const expired = here.run_call(held, call(&counter::get), {.deadline = late});
    BOOST_TEST((expired.ec == isolatte::error::expired));
    BOOST_TEST((expired.what.ran() == ran::no));
    auto const big = here.run_call(held, call([](counter&) { return std::string(100'000, 'x'); }),
                                   {.max_result = 1000});
    BOOST_TEST(big.what.how() == ending::undelivered);
  });
}

// The loss of the state

/// The running call ends the process; two more wait.
template <class Call, class R>
void check_loss(world& here, resident<counter>& held, const Call& what, const job_options& opts,
                R check) {
  BOOST_TEST(here.run_call(held, call(&counter::add, 10)).what.value_or(0) == 10);
  remembered<isolatte::detail::result_on_t<Call, counter>> first;
  std::array<remembered<int>, 2> waiting;
  held.async_call(what, opts, first.handler());
  for (auto& each : waiting) held.async_call(call(&counter::get), each.handler());
  here.run_until(
      [&] { return first.calls != 0 && waiting[0].calls != 0 && waiting[1].calls != 0; });
  check(first);
  for (auto const& each : waiting) expect_lost(each);
}

struct end_of_process {
  void (*how)(counter&);
  ending expected;
  job_options opts{};
};

const end_of_process ends_of_process[] = {
    {crash, ending::faulted},
    {[](counter&) { std::exit(3); }, ending::exited},
    {[](counter&) { ::_exit(3); }, ending::exited},
    {[](counter&) { ::raise(SIGKILL); }, ending::killed},
    {[](counter&) { ::raise(SIGHUP); }, ending::signaled},
    {never_return, ending::timed_out, {.timeout = 20ms}},
    {never_return, ending::timed_out, {.timeout = 20ms, .grace = 20ms}},
};

BOOST_AUTO_TEST_CASE(calls_that_wait_are_lost_and_later_ones_meet_another_object) {
  in_each([](world& here) {
    for (auto const& each : ends_of_process) {
      auto held = here.make(0);
      check_loss(here, held, call(each.how), each.opts, [&](const remembered<void>& first) {
        BOOST_TEST(!first.ec, first.ec.message());
        BOOST_TEST(first.what.how() == each.expected, first.what);
        BOOST_TEST((first.what.ran() == ran::yes));
      });
      BOOST_TEST(here.value_of(held) == 0);
      BOOST_TEST(held.generation() == 2u);
    }
  });
}

BOOST_AUTO_TEST_CASE(a_lost_state_stays_lost_until_it_is_made_again) {
  in_each([](world& here) {
    for (auto const& each : ends_of_process) {
      auto held = here.make(0, {.restart = restart::never});
      check_loss(here, held, call(each.how), each.opts, [&](const remembered<void>& first) {
        BOOST_TEST(first.what.how() == each.expected, first.what);
      });
      expect_lost(here.run_call(held, call(&counter::get)));
      BOOST_TEST((here.ready(held) == isolatte::error::state_lost));
      BOOST_TEST(held.pid() == 0);
      BOOST_TEST(!here.make_again(held));
      BOOST_TEST(here.value_of(held) == 0);
      BOOST_TEST(held.generation() == 2u);
    }
  });
}

BOOST_AUTO_TEST_CASE(a_cancelled_call_takes_the_state_along) {
  in_each([](world& here) {
    auto held = here.make(0);
    auto job = held.spawn_call(call([](channel<int>& talk, counter&) {
      talk.post(0);
      hang();
    }));
    remembered<int> waiting;
    held.async_call(call(&counter::get), waiting.handler());
    BOOST_TEST(here.receive(job).value == 0);
    BOOST_TEST(!job.terminate());
    auto const done = here.wait(job);
    BOOST_TEST((done.ec == asio::error::operation_aborted));
    BOOST_TEST(done.what.how() == ending::cancelled);
    here.run_until([&] { return waiting.calls != 0; });
    expect_lost(waiting);
    BOOST_TEST(here.value_of(held) == 0);
  });
}

BOOST_AUTO_TEST_CASE(a_call_that_waits_can_be_cancelled_alone) {
  in_each([](world& here) {
    auto held = here.make(0);
    auto job = held.spawn_call(call([](channel<int, int>& talk, counter& c) {
      talk.post(0);
      talk.receive();
      return ++c.value;
    }));
    asio::cancellation_signal signal;
    remembered<int> waiting;
    held.async_call(call(&counter::add, 100),
                    asio::bind_cancellation_slot(signal.slot(), waiting.handler()));
    BOOST_TEST(here.receive(job).value == 0);
    signal.emit(asio::cancellation_type::terminal);
    here.run_until([&] { return waiting.calls != 0; });
    BOOST_TEST((waiting.ec == asio::error::operation_aborted));
    BOOST_TEST((waiting.what.ran() == ran::no));
    job.close_input();
    BOOST_TEST(here.wait(job).what.value_or(0) == 1);
    BOOST_TEST(here.value_of(held) == 1);
  });
}

BOOST_AUTO_TEST_CASE(a_call_while_the_process_is_being_ended_meets_another_object) {
  in_each([](world& here) {
    auto held = here.make(0);
    asio::cancellation_signal signal;
    remembered<void> first;
    remembered<int> second;
    int pid = 0;
    held.async_call(on_message(call([](channel<int>& talk, counter& c) {
                                 ::signal(SIGTERM, SIG_IGN);
                                 c.value = 5;
                                 talk.post(::getpid());
                                 hang();
                               }),
                               [&](int at) {
                                 pid = at;
                                 signal.emit(asio::cancellation_type::partial);
                               }),
                    {.grace = 1h}, asio::bind_cancellation_slot(signal.slot(), first.handler()));
    here.run_until([&] { return pid != 0; });
    // The process goes on for an hour.
    while (second.what.value_or(-1) != 0) {
      second = {};
      held.async_call(call(&counter::get), second.handler());
      here.run_until([&] { return second.calls != 0; });
      // At first the cancellation may still be on its way.
      if (second.ec) expect_lost(second);
    }
    BOOST_TEST(first.calls == 0);
    BOOST_TEST(held.generation() == 2u);
    BOOST_TEST(held.pid() != pid);
    ::kill(pid, SIGKILL);
    here.run_until([&] { return first.calls != 0; });
    BOOST_TEST(first.what.how() == ending::killed);
    BOOST_TEST((first.what.ran() == ran::yes));
    BOOST_TEST(here.value_of(held) == 0);
    BOOST_TEST(held.generation() == 2u);
  });
}

BOOST_AUTO_TEST_CASE(a_process_that_ends_while_nothing_runs_takes_the_state_along) {
  in_each([](world& here) {
    for (auto const how : {restart::always, restart::never}) {
      auto held = here.make(0, {.restart = how});
      int const pid = here.run_call(held, call(pid_of)).what.value();
      BOOST_TEST(here.run_call(held, call(&counter::add, 3)).what.value_or(0) == 3);
      ::kill(pid, SIGKILL);
      here.run_until([&] { return held.pid() != pid; });
      if (how == restart::never) {
        expect_lost(here.run_call(held, call(&counter::get)));
        BOOST_TEST(!here.make_again(held));
      }
      BOOST_TEST(here.value_of(held) == 0);
      BOOST_TEST(held.generation() == 2u);
      BOOST_TEST(held.pid() != pid);
    }
  });
}

BOOST_AUTO_TEST_CASE(an_object_that_dies_before_its_first_call_is_made_again_for_a_call) {
  in_each([](world& here) {
    auto held = here.make(0);
    BOOST_TEST(!here.ready(held));
    int const pid = held.pid();
    ::kill(pid, SIGKILL);
    here.run_until([&] { return held.pid() != pid; });
    BOOST_TEST(here.value_of(held) == 0);
    BOOST_TEST(held.generation() == 2u);
  });
}

BOOST_AUTO_TEST_CASE(an_object_can_be_made_again_at_any_time) {
  in_each([](world& here) {
    auto held = here.make(0);
    BOOST_TEST(here.run_call(held, call(&counter::add, 3)).what.value_or(0) == 3);
    BOOST_TEST(!here.make_again(held));
    BOOST_TEST(here.value_of(held) == 0);
    BOOST_TEST(held.generation() == 2u);

    // While a call runs and another waits.
    auto job = held.spawn_call(call([](channel<int>& talk, counter&) {
      talk.post(0);
      hang();
    }));
    remembered<int> waiting;
    held.async_call(call(&counter::get), waiting.handler());
    BOOST_TEST(here.receive(job).value == 0);
    BOOST_TEST(!here.make_again(held));
    auto const done = here.wait(job);
    BOOST_TEST((done.ec == asio::error::operation_aborted));
    BOOST_TEST((done.what.ran() == ran::yes));
    here.run_until([&] { return waiting.calls != 0; });
    expect_lost(waiting);
    BOOST_TEST(here.value_of(held) == 0);
    BOOST_TEST(held.generation() == 3u);
  });
}

BOOST_AUTO_TEST_CASE(calls_for_an_object_that_is_made_again_before_it_is_there_are_lost) {
  in_each([](world& here) {
    auto held = here.make<counter>(begin_at(0));
    remembered<int> early;
    remembered<int> late;
    std::optional<error_code> again;
    held.async_call(call(&counter::get), early.handler());
    held.async_restart([&](error_code ec) { again = ec; });
    held.async_call(call(&counter::get), late.handler());
    here.run_until([&] { return early.calls != 0 && late.calls != 0 && again; });
    expect_lost(early);
    BOOST_TEST(!late.ec, late.ec.message());
    BOOST_TEST(late.what.value_or(-1) == 0);
    BOOST_TEST(!*again, again->message());
  });
}

BOOST_AUTO_TEST_CASE(a_call_that_retires_its_worker_takes_the_state_along) {
  in_each([](world& here) {
    auto held = here.make(0);
    auto const done = here.run_call(held, call([](counter& c) {
                                      isolatte::this_worker::retire("old");
                                      return ++c.value;
                                    }));
    BOOST_TEST(done.what.value_or(0) == 1);
    BOOST_TEST(here.value_of(held) == 0);
    BOOST_TEST(held.generation() == 2u);
  });
}

// Making

shared_count* attempts = nullptr;

/// Whether an attempt is to fail. The first ones are.
bool fails(int failing) { return (**attempts)++ < failing; }

struct failure_to_make {
  int (*make)(int failing);
  /// In the outcomes of calls.
  const char* expected;
  bool hangs = false;
};

const failure_to_make failures_to_make[] = {
    {[](int failing) {
       if (fails(failing)) throw std::out_of_range{"no object"};
       return 4;
     },
     "std::out_of_range: no object"},
    {[](int failing) {
       if (fails(failing)) std::abort();
       return 4;
     },
     "SIGABRT"},
    {[](int failing) {
       if (fails(failing)) ::_exit(3);
       return 4;
     },
     "exited with code 3"},
    {[](int failing) {
       if (fails(failing)) hang();
       return 4;
     },
     "timed_out", true},
};

BOOST_AUTO_TEST_CASE(an_object_that_cannot_be_made_is_tried_again_for_the_next_call) {
  shared_count count;
  attempts = &count;
  in_each([&](world& here) {
    for (auto const& each : failures_to_make) {
      *count = 0;
      resident_options opts;
      if (each.hangs) opts.make_timeout = 50ms;
      // Under load, making takes longer than that.
      auto held = here.make<counter>(call(each.make, 2), opts);
      std::array<remembered<int>, 2> first;
      for (auto& one : first) held.async_call(call(&counter::get), one.handler());
      here.run_until([&] { return first[0].calls != 0 && first[1].calls != 0; });
      for (auto const& one : first) {
        BOOST_TEST((one.ec == isolatte::error::worker_start_failed), one.ec.message());
        BOOST_TEST(one.what.how() == ending::not_started);
        BOOST_TEST((one.what.ran() == ran::no));
        std::ostringstream text;
        text << one.what;
        BOOST_TEST(text.str().find(each.expected) != std::string::npos, text.str());
      }
      BOOST_TEST(*count == 1);
      BOOST_TEST((here.ready(held) == isolatte::error::worker_start_failed));
      BOOST_TEST(held.generation() == 0u);
      BOOST_TEST(held.pid() == 0);
      auto const second = here.run_call(held, call(&counter::get));
      BOOST_TEST((second.ec == isolatte::error::worker_start_failed), second.ec.message());
      BOOST_TEST(*count == 2);
      remembered<int> third;
      do third = here.run_call(held, call(&counter::get));
      while (third.ec && opts.make_timeout);
      BOOST_TEST(!third.ec, third.ec.message());
      BOOST_TEST(third.what.value_or(0) == 4);
    }
  });
}

BOOST_AUTO_TEST_CASE(an_object_that_could_not_be_made_is_made_again_if_that_is_asked_for) {
  shared_count count;
  attempts = &count;
  in_each([&](world& here) {
    *count = 0;
    auto held = here.make<counter>(call(failures_to_make[0].make, 1), {.restart = restart::never});
    BOOST_TEST((here.ready(held) == isolatte::error::worker_start_failed));
    auto const done = here.run_call(held, call(&counter::get));
    BOOST_TEST((done.ec == isolatte::error::worker_start_failed));
    BOOST_CHECK_THROW(done.what.value(), std::out_of_range);
    BOOST_TEST(*count == 1);
    BOOST_TEST(!here.make_again(held));
    BOOST_TEST(here.value_of(held) == 4);
  });
}

// The end

BOOST_AUTO_TEST_CASE(a_stopped_resident_refuses_calls) {
  in_each([](world& here) {
    auto held = here.make(0);
    auto job = held.spawn_call(call([](channel<int>& talk, counter&) {
      talk.post(0);
      hang();
    }));
    remembered<int> waiting;
    held.async_call(call(&counter::get), waiting.handler());
    BOOST_TEST(here.receive(job).value == 0);
    held.stop();
    auto const done = here.wait(job);
    BOOST_TEST((done.ec == asio::error::operation_aborted));
    here.run_until([&] { return waiting.calls != 0; });
    BOOST_TEST((waiting.ec == asio::error::operation_aborted));
    BOOST_TEST((waiting.what.ran() == ran::no));
    BOOST_TEST((here.run_call(held, call(&counter::get)).ec == asio::error::operation_aborted));
    BOOST_TEST((here.ready(held) == asio::error::operation_aborted));
    BOOST_TEST((here.make_again(held) == asio::error::operation_aborted));
    // Nothing is left to do.
    here.server.reset();
    here.run();
    BOOST_TEST(held.pid() == 0);
  });
}

BOOST_AUTO_TEST_CASE(a_resident_that_is_destroyed_ends_its_calls) {
  in_each([](world& here) {
    std::array<remembered<int>, 3> done;
    std::optional<error_code> ready;
    {
      auto held = here.make(0);
      here.value_of(held);
      for (auto& each : done) held.async_call(call(&counter::get), each.handler());
      held.async_ready([&](error_code ec) { ready = ec; });
    }
    here.run_until([&] {
      return ready && std::all_of(done.begin(), done.end(),
                                  [](auto const& each) { return each.calls == 1; });
    });
    for (auto const& each : done) BOOST_TEST((each.ec == asio::error::operation_aborted));
    here.server.reset();
    here.run();
  });
}

BOOST_AUTO_TEST_CASE(a_resident_moves) {
  in_each([](world& here) {
    auto first = here.make(1);
    BOOST_TEST(here.run_call(first, call(&counter::add, 1)).what.value_or(0) == 2);
    auto second = std::move(first);
    BOOST_TEST(here.value_of(second) == 2);
    auto other = here.make(9);
    int const pid = here.run_call(other, call(pid_of)).what.value();
    other = std::move(second);
    BOOST_TEST(here.value_of(other) == 2);
    BOOST_TEST(other.pid() != pid);
  });
}

BOOST_AUTO_TEST_CASE(a_context_that_goes_takes_objects_along) {
  bool called = false;
  for (bool const served : {false, true}) {
    isolatte::test::nothing_left const nothing;
    asio::io_context context;
    std::optional<isolatte::fork_server> server;
    if (served) server.emplace(context);
    auto held =
        served ? resident<counter>{*server, begin_at(0)} : resident<counter>{context, begin_at(0)};
    bool is_there = false;
    held.async_ready([&](error_code) { is_there = true; });
    while (!is_there) context.run_one();
    held.async_call(call(never_return), [&](error_code, const outcome<void>&) { called = true; });
    context.poll();
  }
  BOOST_TEST(!called);
}

// The process

BOOST_AUTO_TEST_CASE(an_object_lives_in_a_sandbox) {
  if (!isolatte::sandbox_support().gaps(isolatte::sandbox::pure()).empty()) return;
  auto const open_file = [](counter&) {
    int const fd = ::open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    return fd == -1 ? errno : 0;
  };
  in_each([&](world& here) {
    // ThreadSanitizer gives a copy of a program with threads one of its own, and no process with
    // several enters a sandbox.
    if (isolatte::test::with_tsan && !here.server) return;
    auto pure = here.make(5, {.child = {.sandbox = isolatte::sandbox::pure()}});
    BOOST_TEST(here.value_of(pure) == 5);
    BOOST_TEST(here.run_call(pure, call(open_file)).what.value_or(0) != 0);
    auto const forbidden =
        here.run_call(pure, call([](counter&) { return static_cast<int>(::fork()); }));
    BOOST_TEST(forbidden.what.value_or(-1) == -1, forbidden.what);
    BOOST_TEST(here.value_of(pure) == 5);
    auto reader = here.make(5, {.child = {.sandbox = isolatte::sandbox::reader({"/usr"})}});
    BOOST_TEST(here.run_call(reader, call(open_file)).what.value_or(0) == EACCES);
    BOOST_TEST(here.value_of(reader) == 5);
  });
}

BOOST_AUTO_TEST_CASE(options_of_the_process_hold) {
  in_each([](world& here) {
    std::vector<std::string> lines;
    auto held = here.make(0, {.child = {.out = isolatte::capture{},
                                        .err = isolatte::by_line{[&](std::string line) {
                                          lines.push_back(std::move(line));
                                        }},
                                        .timeout = 1h,
                                        .limits = {.open_files = 20}}});
    auto const say = [](counter&, const std::string& text) {
      std::cout << text;
      std::cerr << "line " << text << '\n';
    };
    for (std::string const text : {"one", "two"})
      BOOST_TEST(here.run_call(held, call(say, text)).what.out_text() == text);
    here.run_until([&] { return lines.size() == 2; });
    BOOST_TEST((lines == std::vector<std::string>{"line one", "line two"}));
    BOOST_TEST(here.run_call(held, call([](counter&) {
                               int fd;
                               while ((fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) != -1 &&
                                      fd < 100) {
                               }
                               return fd;
                             }))
                   .what.value_or(0) == -1);
  });
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused) {
  isolatte::test::nothing_left const nothing;
  asio::io_context context;
  auto const is_invalid = [](const boost::system::system_error& error) {
    return error.code() == boost::system::errc::invalid_argument ||
           error.code() == boost::system::errc::operation_not_supported;
  };
  BOOST_CHECK_EXCEPTION((resident<counter>{context, begin_at(0), {.make_timeout = 0s}}),
                        boost::system::system_error, is_invalid);
  BOOST_CHECK_EXCEPTION(
      (resident<counter>{context, begin_at(0), {.child = {.keep = isolatte::all_descriptors}}}),
      boost::system::system_error, is_invalid);
}

BOOST_AUTO_TEST_CASE(a_server_that_dies_takes_the_state_along) {
  world here{true};
  auto held = here.make(0);
  BOOST_TEST(here.run_call(held, call(&counter::add, 5)).what.value_or(0) == 5);
  int const pid = held.pid();
  ::kill(here.server->pid(), SIGKILL);
  here.run_until([&] { return held.pid() != pid; });
  remembered<int> done;
  // A call that comes before the end is known is lost.
  do done = here.run_call(held, call(&counter::get));
  while (done.ec == isolatte::error::state_lost);
  BOOST_TEST(!done.ec, done.ec.message());
  BOOST_TEST(done.what.value_or(-1) == 0);
  BOOST_TEST(held.generation() >= 2u);
}

BOOST_AUTO_TEST_CASE(calls_of_an_object_whose_server_is_gone_end) {
  world here{true};
  auto held = here.make(0);
  BOOST_TEST(here.value_of(held) == 0);
  int const pid = held.pid();
  here.server.reset();
  here.run_until([&] { return held.pid() != pid; });
  auto const done = here.run_call(held, call(&counter::get));
  BOOST_TEST((done.ec == isolatte::error::server_died || done.ec == isolatte::error::state_lost ||
              done.ec == isolatte::error::worker_start_failed),
             done.ec.message());
  BOOST_TEST((done.what.ran() == ran::no));
}

BOOST_AUTO_TEST_CASE(a_copy_of_the_program_leaves_the_object_alone) {
  in_each([](world& here) {
    auto held = here.make(0);
    BOOST_TEST(here.run_call(held, call(&counter::add, 2)).what.value_or(0) == 2);
    auto const answer = isolatte::test::in_bare_process([&] {
      std::string text;
      if (here.run_call(held, call(&counter::get)).ec != asio::error::operation_aborted)
        text += "call ";
      if (here.ready(held) != asio::error::operation_aborted) text += "ready ";
      if (here.make_again(held) != asio::error::operation_aborted) text += "restart ";
      if (held.pid() != 0) text += "pid ";
      {
        auto const gone = std::move(held);
      }
      here.server.reset();
      here.run();
      return text.empty() ? std::string{"fine"} : text;
    });
    BOOST_TEST(answer == "fine");
    BOOST_TEST(here.value_of(held) == 2);
    BOOST_TEST(held.generation() == 1u);
  });
}

BOOST_AUTO_TEST_CASE(threads_call_one_object_at_once) {
  isolatte::test::nothing_left const nothing;
  asio::thread_pool threads{4};
  std::atomic<int> wrong = 0;
  {
    isolatte::fork_server server{threads};
    resident<counter> held{server, begin_at(0)};
    in_threads(4, [&](int) {
      for (int i = 0; i != 100; ++i)
        if (held.async_call(call(&counter::add, 1), asio::use_future).get().value_or(0) <= 0)
          ++wrong;
    });
    if (held.async_call(call(&counter::get), asio::use_future).get().value_or(0) != 400) ++wrong;
    // Errors are values here: ThreadSanitizer reports an exception that leaves its thread, and
    // starts a process when it does.
    auto const restarted = asio::use_future([](error_code ec) { return !ec; });
    auto const told = asio::use_future([](error_code ec, const outcome<int>& what) {
      if (!ec) return what.value_or(401) <= 400;
      return ec == isolatte::error::state_lost || ec == asio::error::operation_aborted;
    });
    in_threads(4, [&](int which) {
      for (int i = 0; i != 5; ++i) {
        bool const right = which == 0 ? held.async_restart(restarted).get()
                                      : held.async_call(call(&counter::get), told).get();
        if (!right) ++wrong;
      }
    });
  }
  threads.join();
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(an_idle_resident_has_few_descriptors_and_nothing_to_do) {
  in_each([](world& here) {
    auto const count = [] { return isolatte::test::descriptors_of_kind("").size(); };
    constexpr std::size_t many = 20;
    auto first = here.make(0);
    here.value_of(first);
    std::size_t const before = count();
    std::deque<resident<counter>> all;
    for (std::size_t i = 0; i != many; ++i) all.push_back(here.make(static_cast<int>(i)));
    for (auto& each : all) BOOST_TEST(!here.ready(each));
    for (auto& each : all) here.value_of(each);
    BOOST_TEST_MESSAGE("descriptors: " << static_cast<double>(count() - before) / many);
    BOOST_TEST(count() - before <= 3 * many);
    // One more turn for what the calls have left.
    here.context().restart();
    here.context().poll();
    BOOST_TEST(here.context().poll() == 0u);
  });
}

BOOST_AUTO_TEST_CASE(an_object_of_code_that_the_server_has_not_cannot_be_made) {
  char const* const path = isolatte::test::plugin_file();
  if (path == nullptr) return;
  world here{true};
  isolatte::test::plugin const loaded{path};
  auto held = here.make<int>(call(loaded.twice(), 21));
  BOOST_TEST((here.ready(held) == isolatte::error::worker_start_failed));
  auto const get = [](int& value) { return value; };
  auto const refused = here.run_call(held, call(get));
  BOOST_TEST((refused.ec == isolatte::error::worker_start_failed), refused.ec.message());
  BOOST_TEST((refused.what.ran() == ran::no));
  // A server that is made later has the code.
  int const server = here.server->pid();
  ::kill(server, SIGKILL);
  isolatte::test::wait_until_gone(server);
  BOOST_TEST(!here.make_again(held));
  BOOST_TEST(here.run_call(held, call(get)).what.value_or(0) == 42);
}

BOOST_AUTO_TEST_CASE(an_object_that_waits_too_long_for_a_preload_lets_it_go_on) {
  isolatte::test::scratch_folder folder;
  auto const path = (folder / "go").string();
  auto const load = [](const std::string& name) {
    while (::access(name.c_str(), F_OK) == -1) ::usleep(1000);
  };
  world here{false};
  here.server.emplace(here.context(), isolatte::fork_server_options{.preload = call(load, path)});
  BOOST_TEST((here.server->get_executor() == here.context().get_executor()));
  auto late = here.make(1, {.make_timeout = 10ms});
  BOOST_TEST((late.get_executor() == here.context().get_executor()));
  BOOST_TEST((here.ready(late) == isolatte::error::worker_start_failed));
  std::ofstream{path} << 1;
  auto held = here.make(2);
  BOOST_TEST(here.value_of(held) == 2);
  BOOST_TEST(here.server->stats().starts == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace resident_object_test
