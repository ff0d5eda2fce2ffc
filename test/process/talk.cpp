// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Messages between a job and its program: their order, their types, and what becomes of them when
// something ends.

#include "helpers.hpp"
#include "in_threads.hpp"
#include "talk_world.hpp"

#include <isolatte.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <memory>
#include <new>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace talk_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::channel;
using isolatte::ending;
using isolatte::on_message;
using isolatte::options;
using isolatte::outcome;
using isolatte::test::heard;
using isolatte::test::in_each_world;
using isolatte::test::in_threads;
using isolatte::test::remembered;
using isolatte::test::run_to_end;
using isolatte::test::sent;
using isolatte::test::wire;
using namespace std::chrono_literals;

constexpr std::size_t mebibyte = 1024 * 1024;

std::vector<int> numbers_to(int count) {
  std::vector<int> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

// Jobs

int post_numbers(channel<int>& talk, int count) {
  int posted = 0;
  for (int i = 0; i != count; ++i) posted += talk.post(i);
  return posted;
}

template <class T>
int echo(channel<T, T>& talk, int count) {
  int echoed = 0;
  while (echoed != count) {
    auto message = talk.receive();
    if (!message) break;
    talk.post(std::move(*message));
    ++echoed;
  }
  return echoed;
}

[[noreturn]] void wait_for_ever(channel<int, int>& talk) {
  talk.post(0);
  isolatte::test::hang();
}

struct record {
  int number = 0;
  std::string text;
  std::vector<double> values;
  std::optional<std::string> note;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & number & text & values & note;
  }
  bool operator==(const record&) const = default;
};

/// A message that cannot be read back if its number is 3.
struct unreadable {
  int number = 0;
  template <class Archive>
  void save(Archive& archive, unsigned) const {
    archive << number;
  }
  template <class Archive>
  void load(Archive& archive, unsigned) {
    archive >> number;
    if (number == 3) throw std::out_of_range{"three"};
  }
  BOOST_SERIALIZATION_SPLIT_MEMBER()
};

/// A message that cannot be saved.
struct unsavable {
  template <class Archive>
  void save(Archive&, unsigned) const {
    throw std::out_of_range{"unsavable"};
  }
  template <class Archive>
  void load(Archive&, unsigned) {}
  BOOST_SERIALIZATION_SPLIT_MEMBER()
};

void post_unreadable(channel<unreadable>& talk, int count) {
  for (int i = 1; i <= count; ++i) talk.post({i});
}

BOOST_AUTO_TEST_SUITE(talk)

// Order and types

BOOST_AUTO_TEST_CASE(messages_arrive_in_the_order_in_which_they_were_posted) {
  in_each_world([](auto& world) {
    auto job = world.start(call(post_numbers, 5000));
    auto const [all, ec] = world.receive_all(job);
    BOOST_TEST((ec == asio::error::eof), ec.message());
    BOOST_TEST((all == numbers_to(5000)));
    // The end stays the end.
    BOOST_TEST((world.receive(job).ec == asio::error::eof));
    auto const done = world.wait(job);
    BOOST_TEST(done.what.value_or(-1) == 5000);
  });
}

BOOST_AUTO_TEST_CASE(a_handler_takes_messages_in_order_and_before_the_end) {
  in_each_world([](auto& world) {
    std::vector<int> all;
    bool is_over = false;
    remembered<int> done;
    world.begin(on_message(call(post_numbers, 5000),
                           [&](int i) {
                             BOOST_TEST(!is_over);
                             all.push_back(i);
                           }),
                {}, [&](error_code ec, outcome<int> what) {
                  is_over = true;
                  done.handler()(ec, std::move(what));
                });
    world.run_until([&] { return done.calls != 0; });
    BOOST_TEST(done.what.value_or(-1) == 5000);
    BOOST_TEST((all == numbers_to(5000)));
  });
}

BOOST_AUTO_TEST_CASE(a_blocking_fork_hands_messages_to_the_calling_thread) {
  std::vector<int> all;
  bool elsewhere = false;
  auto const self = std::this_thread::get_id();
  auto const what =
      isolatte::fork(on_message([](channel<int>& talk) { return post_numbers(talk, 1000); },
                                [&](int i) {
                                  elsewhere |= self != std::this_thread::get_id();
                                  all.push_back(i);
                                }));
  BOOST_TEST(what.value_or(-1) == 1000);
  BOOST_TEST((all == numbers_to(1000)));
  BOOST_TEST(!elsewhere);
}

template <class World, class T>
void exchange_messages(World& world, const std::vector<T>& messages) {
  auto job = world.start(call(echo<T>, static_cast<int>(messages.size())));
  for (auto const& message : messages) BOOST_TEST(!world.send(job, message));
  for (auto const& message : messages) {
    auto const got = world.receive(job);
    BOOST_TEST(!got.ec, got.ec.message());
    BOOST_TEST((got.value == message));
  }
  BOOST_TEST((world.receive(job).ec == asio::error::eof));
  BOOST_TEST(world.wait(job).what.value_or(-1) == static_cast<int>(messages.size()));
}

BOOST_AUTO_TEST_CASE(messages_of_many_types_go_both_ways) {
  in_each_world([](auto& world) {
    exchange_messages(world, std::vector<int>{1, -1, 0});
    exchange_messages(world, std::vector<std::string>{"", "text", std::string(10'000, 'x')});
    exchange_messages(world, std::vector<std::vector<std::string>>{{}, {"a", "", "b"}});
    exchange_messages(world, std::vector<std::map<int, double>>{{{1, 2.5}, {3, 4.5}}});
    exchange_messages(world, std::vector<record>{{}, {7, "seven", {7, 0.7}, "note"}});
  });
}

int post_owned(channel<std::unique_ptr<int>, std::unique_ptr<int>>& talk) {
  for (;;) {
    auto message = talk.receive();
    if (!message || !*message) return 0;
    if (!talk.post(std::make_unique<int>(**message + 1))) return 1;
  }
}

BOOST_AUTO_TEST_CASE(messages_may_be_of_a_type_that_can_only_be_moved) {
  in_each_world([](auto& world) {
    auto job = world.start(call(post_owned));
    for (int i = 0; i != 3; ++i) {
      BOOST_TEST(!world.send(job, std::make_unique<int>(i)));
      auto const got = world.receive(job);
      BOOST_REQUIRE(got.value);
      BOOST_TEST(*got.value == i + 1);
    }
    BOOST_TEST(!world.send(job, std::unique_ptr<int>{}));
    BOOST_TEST(world.wait(job).what.value_or(-1) == 0);
    BOOST_TEST((world.receive(job).ec == asio::error::eof));
  });
}

// Size and windows

std::size_t exchange_megabytes(channel<std::string, std::string>& talk, int count,
                               std::size_t size) {
  std::thread poster{[&] {
    for (int i = 0; i != count; ++i) talk.post(std::string(size, static_cast<char>('a' + i % 26)));
  }};
  std::size_t received = 0;
  for (int i = 0; i != count; ++i) {
    auto const message = talk.receive();
    if (message && *message == std::string(size, static_cast<char>('A' + i % 26)))
      received += message->size();
  }
  poster.join();
  return received;
}

BOOST_AUTO_TEST_CASE(both_sides_send_megabytes_at_once) {
  static constexpr int count = 40;
  static constexpr std::size_t size = mebibyte / 2;
  in_each_world([](auto& world) {
    auto job = world.start(call(exchange_megabytes, count, size));
    std::vector<sent> sends(count);
    for (int i = 0; i != count; ++i)
      job.async_send(std::string(size, static_cast<char>('A' + i % 26)),
                     sends[static_cast<std::size_t>(i)].handler());
    for (int i = 0; i != count; ++i) {
      auto const got = world.receive(job);
      BOOST_TEST((got.value == std::string(size, static_cast<char>('a' + i % 26))));
    }
    auto const done = world.wait(job);
    BOOST_TEST(done.what.value_or(0) == count * size);
    for (auto const& each : sends) {
      BOOST_TEST(each.calls == 1);
      BOOST_TEST(!each.ec, each.ec.message());
    }
  });
}

BOOST_AUTO_TEST_CASE(one_large_message_each_way_needs_no_one_to_take_the_other_first) {
  in_each_world([](auto& world) {
    auto job = world.start(call([](channel<std::string, std::string>& talk) {
      bool const posted = talk.post(std::string(16 * mebibyte, 'x'));
      auto const got = talk.receive();
      return posted && got ? got->size() : 0;
    }));
    BOOST_TEST(!world.send(job, std::string(16 * mebibyte, 'y')));
    BOOST_TEST(world.receive(job).value.size() == 16 * mebibyte);
    BOOST_TEST(world.wait(job).what.value_or(0) == 16 * mebibyte);
  });
}

BOOST_AUTO_TEST_CASE(messages_that_nobody_takes_hold_up_no_sends) {
  in_each_world([](auto& world) {
    auto job = world.start(call([](channel<std::string, std::string>& talk) {
                             talk.post(std::string(1000, 'x'));
                             int count = 0;
                             while (auto message = talk.receive()) {
                               if (message->empty()) break;
                               ++count;
                             }
                             return count;
                           }),
                           {.message_window = 500});
    for (int i = 0; i != 100; ++i) BOOST_TEST(!world.send(job, std::string(100, 'y')));
    BOOST_TEST(!world.send(job, std::string{}));
    BOOST_TEST(world.wait(job).what.value_or(-1) == 100);
    BOOST_TEST(world.receive(job).value.size() == 1000U);
    BOOST_TEST((world.receive(job).ec == asio::error::eof));
  });
}

/// Posts without waiting until there is no room, and says how many times there was.
int fill_window(channel<std::string>& talk, std::size_t size) {
  int count = 0;
  while (count != 1'000'000 && talk.try_post(std::string(size, 'x'))) ++count;
  return count;
}

BOOST_AUTO_TEST_CASE(the_window_bounds_what_nobody_has_taken) {
  in_each_world([](auto& world) {
    for (std::size_t const window : {1000UL, 100'000UL}) {
      auto job = world.start(call(fill_window, std::size_t{100}), {.message_window = window});
      auto const done = world.wait(job);
      auto const count = static_cast<std::size_t>(done.what.value_or(-1));
      BOOST_TEST(count >= 1U);
      BOOST_TEST(count * 100 <= window);
      BOOST_TEST((count + 1) * 200 > window);
      auto const [all, ec] = world.receive_all(job);
      BOOST_TEST(all.size() == count);
    }
  });
}

BOOST_AUTO_TEST_CASE(a_message_larger_than_the_window_goes_alone) {
  in_each_world([](auto& world) {
    for (std::size_t const window : {0UL, 1UL, 64UL, 5000UL}) {
      auto job = world.start(call([](channel<std::string>& talk) {
                               std::string text;
                               for (int i = 0; i != 20; ++i)
                                 talk.post(std::string(i % 2 == 0 ? 200'000U : 1U, 'x'));
                               // The last one may not have been taken yet.
                               return talk.try_post(std::string(200'000, 'y')) ? 21 : 20;
                             }),
                             {.message_window = window});
      auto const [all, ec] = world.receive_all(job);
      BOOST_TEST((ec == asio::error::eof), ec.message());
      BOOST_TEST(static_cast<int>(all.size()) == world.wait(job).what.value_or(-1));
      for (std::size_t i = 0; i != 20; ++i)
        BOOST_TEST(all[i].size() == (i % 2 == 0 ? 200'000U : 1U));
    }
  });
}

BOOST_AUTO_TEST_CASE(sends_wait_for_room_in_the_window) {
  in_each_world([](auto& world) {
    for (std::size_t const window : {0UL, 1UL, 1000UL}) {
      wire gate;
      auto job = world.start(call(
                                 [](channel<int, std::string>& talk, int gate_end) {
                                   char byte = 0;
                                   while (::read(gate_end, &byte, 1) == -1) {
                                   }
                                   int count = 0;
                                   while (auto const message = talk.receive()) {
                                     if (message->empty()) break;
                                     ++count;
                                   }
                                   return count;
                                 },
                                 gate.read_end()),
                             {.keep = {gate.read_end()}, .message_window = window});
      std::vector<sent> sends(50);
      for (auto& each : sends) job.async_send(std::string(400, 'x'), each.handler());
      world.run_until([&] { return sends[0].calls == 1; });
      world.context().poll();
      auto const gone = std::count_if(sends.begin(), sends.end(),
                                      [](const sent& each) { return each.calls != 0; });
      BOOST_TEST(gone == (window == 1000 ? 2 : 1));
      gate.tell();
      BOOST_TEST(!world.send(job, std::string{}));
      for (auto const& each : sends) BOOST_TEST((each.calls == 1 && !each.ec));
      BOOST_TEST(world.wait(job).what.value_or(-1) == 50);
    }
  });
}

int post_from_threads(channel<std::string>& talk, int count) {
  std::atomic<int> posted = 0;
  in_threads(8, [&](int thread) {
    for (int i = 0; i != count; ++i) {
      // Some are longer than the window.
      std::size_t const size = i % 10 == thread ? 3000 : static_cast<std::size_t>(i % 50);
      posted += talk.post(std::to_string(thread) + ":" + std::to_string(i) + ":" +
                          std::string(size, static_cast<char>('a' + thread)));
    }
  });
  return posted;
}

BOOST_AUTO_TEST_CASE(eight_threads_post_and_none_waits_for_ever) {
  static constexpr int count = 300;
  in_each_world([](auto& world) {
    std::map<int, int> next;
    int wrong = 0;
    auto const take = [&](const std::string& text) {
      int const thread = std::stoi(text);
      int const number = std::stoi(text.substr(text.find(':') + 1));
      wrong += next[thread]++ != number;
      auto const rest = text.substr(text.rfind(':') + 1);
      wrong += rest.find_first_not_of(static_cast<char>('a' + thread)) != std::string::npos;
    };
    auto const done = run_to_end(world, on_message(call(post_from_threads, count), take),
                                 {.message_window = 1000});
    BOOST_TEST(done.what.value_or(-1) == 8 * count);
    BOOST_TEST(wrong == 0);
    BOOST_TEST(next.size() == 8U);
    for (auto const& [thread, number] : next) BOOST_TEST(number == count);
  });
}

// Ends

enum class way { returns, throws, exits, exits_at_once, crashes, aborts, is_killed, hangs };

int end_in_a_way(channel<int, int>& talk, int count, way how) {
  for (int i = 0; i != count; ++i)
    if (!talk.post(i)) ::_exit(99);
  switch (how) {
    case way::returns: return 7;
    case way::throws: throw std::out_of_range{"thrown"};
    case way::exits: std::exit(3);
    case way::exits_at_once: ::_exit(4);
    case way::crashes: ::raise(SIGSEGV); break;
    case way::aborts: std::abort();
    case way::is_killed: ::kill(::getpid(), SIGKILL); break;
    case way::hangs: break;
  }
  isolatte::test::hang();
}

struct end_case {
  const char* name;
  way how;
  ending expected;
};

constexpr end_case end_cases[] = {
    {"a return", way::returns, ending::returned}, {"an exception", way::throws, ending::threw},
    {"exit()", way::exits, ending::exited},       {"_exit()", way::exits_at_once, ending::exited},
    {"a crash", way::crashes, ending::faulted},   {"abort()", way::aborts, ending::faulted},
    {"kill -9", way::is_killed, ending::killed},
};

options plain() {
  options opts;
  opts.fault_report = false;
  return opts;
}

BOOST_AUTO_TEST_CASE(what_was_posted_arrives_before_the_end_however_the_job_ends) {
  in_each_world([](auto& world) {
    for (auto const& each : end_cases) {
      BOOST_TEST_CONTEXT(each.name) {
        auto job = world.start(call(end_in_a_way, 100, each.how), plain());
        auto const [all, ec] = world.receive_all(job);
        BOOST_TEST((ec == asio::error::eof), ec.message());
        BOOST_TEST((all == numbers_to(100)));
        BOOST_TEST((world.receive(job).ec == asio::error::eof));
        BOOST_TEST((world.send(job, 1) == asio::error::broken_pipe));
        BOOST_TEST(world.wait(job).what.how() == each.expected);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(messages_can_be_received_after_the_outcome) {
  in_each_world([](auto& world) {
    for (auto const& each : end_cases) {
      BOOST_TEST_CONTEXT(each.name) {
        auto job = world.start(call(end_in_a_way, 100, each.how), plain());
        BOOST_TEST(world.wait(job).what.how() == each.expected);
        BOOST_TEST((world.send(job, 1) == asio::error::broken_pipe));
        auto const [all, ec] = world.receive_all(job);
        BOOST_TEST((ec == asio::error::eof), ec.message());
        BOOST_TEST((all == numbers_to(100)));
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(a_handler_gets_what_was_posted_before_any_end) {
  in_each_world([](auto& world) {
    for (auto const& each : end_cases) {
      BOOST_TEST_CONTEXT(each.name) {
        std::vector<int> all;
        auto const done = run_to_end(
            world, on_message(call(end_in_a_way, 100, each.how), [&](int i) { all.push_back(i); }),
            plain());
        BOOST_TEST(done.what.how() == each.expected);
        BOOST_TEST((all == numbers_to(100)));
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(the_end_of_a_job_that_is_stopped_follows_its_messages) {
  in_each_world([](auto& world) {
    {
      auto opts = plain();
      opts.timeout = 300ms;
      auto job = world.start(call(end_in_a_way, 100, way::hangs), opts);
      auto const [all, ec] = world.receive_all(job);
      BOOST_TEST((ec == asio::error::eof), ec.message());
      BOOST_TEST(all.size() <= 100U);
      BOOST_TEST(world.wait(job).what.how() == ending::timed_out);
    }
    auto job = world.start(call(end_in_a_way, 100, way::hangs), plain());
    for (int i = 0; i != 50; ++i) BOOST_TEST(world.receive(job).value == i);
    BOOST_TEST(!job.terminate());
    auto const [all, ec] = world.receive_all(job);
    BOOST_TEST((ec == asio::error::eof), ec.message());
    BOOST_TEST(all.size() <= 50U);
    for (std::size_t i = 0; i != all.size(); ++i) BOOST_TEST(all[i] == 50 + static_cast<int>(i));
    BOOST_TEST(world.wait(job).what.how() == ending::cancelled);
  });
}

BOOST_AUTO_TEST_CASE(the_end_of_the_fork_server_ends_a_conversation_after_its_messages) {
  isolatte::test::serving_world world;
  auto job = world.start(call(end_in_a_way, 100, way::hangs), plain());
  for (int i = 0; i != 50; ++i) BOOST_TEST(world.receive(job).value == i);
  ::kill(world.server.pid(), SIGKILL);
  auto const [all, ec] = world.receive_all(job);
  BOOST_TEST((ec == asio::error::eof), ec.message());
  BOOST_TEST(all.size() <= 50U);
  auto const done = world.wait(job);
  BOOST_TEST((done.ec == isolatte::error::server_died), done.ec.message());
}

BOOST_AUTO_TEST_CASE(a_receive_that_waits_ends_with_the_job) {
  in_each_world([](auto& world) {
    for (auto const& each : end_cases) {
      BOOST_TEST_CONTEXT(each.name) {
        auto job = world.start(call(end_in_a_way, 0, each.how), plain());
        BOOST_TEST((world.receive(job).ec == asio::error::eof));
      }
    }
  });
}

/// Sends until the job is gone: the last send may have been partly on its way.
BOOST_AUTO_TEST_CASE(a_send_that_waits_ends_with_the_job) {
  in_each_world([](auto& world) {
    auto job = world.start(call([](channel<int, std::string>& talk) {
      talk.post(1);
      isolatte::test::hang();
    }));
    BOOST_TEST(world.receive(job).value == 1);
    std::vector<sent> sends(4);
    for (auto& each : sends) job.async_send(std::string(mebibyte, 'x'), each.handler());
    world.context().poll();
    BOOST_TEST(!job.terminate());
    world.run_until([&] {
      return std::all_of(sends.begin(), sends.end(), [](auto& each) { return each.calls != 0; });
    });
    for (auto const& each : sends)
      BOOST_TEST((!each.ec || each.ec == asio::error::broken_pipe), each.ec.message());
    BOOST_TEST((sends.back().ec == asio::error::broken_pipe), sends.back().ec.message());
  });
}

void post_for_ever(channel<std::string>& talk, std::size_t size) {
  for (char c = 'a';; c = c == 'z' ? 'a' : static_cast<char>(c + 1))
    if (!talk.post(std::string(size, c))) return;
}

BOOST_AUTO_TEST_CASE(a_job_that_is_killed_amid_a_long_message_leaves_whole_ones) {
  in_each_world([](auto& world) {
    for (int round = 0; round != 20; ++round) {
      auto job = world.start(call(post_for_ever, mebibyte), plain());
      for (int i = 0; i != round % 5; ++i) BOOST_TEST(world.receive(job).value.size() == mebibyte);
      int const pid = job.pid();
      if (pid != 0) ::kill(pid, SIGKILL);
      if (pid == 0) static_cast<void>(job.terminate());
      auto const [all, ec] = world.receive_all(job);
      BOOST_TEST((ec == asio::error::eof), ec.message());
      BOOST_TEST(all.size() <= 2U);
      for (auto const& text : all) BOOST_TEST((text == std::string(mebibyte, text[0])));
    }
  });
}

BOOST_AUTO_TEST_CASE(a_consumer_may_stop_taking_and_end_the_job) {
  in_each_world([](auto& world) {
    auto job = world.start(call(post_for_ever, std::size_t{1000}), plain());
    remembered<void> done;
    job.async_wait(done.handler());
    for (int i = 0; i != 3; ++i) BOOST_TEST(world.receive(job).value.size() == 1000U);
    BOOST_TEST(done.calls == 0);
    BOOST_TEST(!job.terminate());
    world.run_until([&] { return done.calls != 0; });
    BOOST_TEST(done.what.how() == ending::cancelled);
  });
}

// Operations that are cancelled

BOOST_AUTO_TEST_CASE(a_receive_that_is_cancelled_loses_no_message) {
  in_each_world([](auto& world) {
    for (auto const type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                            asio::cancellation_type::total}) {
      wire gate;
      auto job = world.start(call(
                                 [](channel<int>& talk, int gate_end) {
                                   char byte = 0;
                                   while (::read(gate_end, &byte, 1) == -1) {
                                   }
                                   return post_numbers(talk, 100);
                                 },
                                 gate.read_end()),
                             {.keep = {gate.read_end()}});
      asio::cancellation_signal signal;
      heard<int> first;
      job.async_receive(asio::bind_cancellation_slot(signal.slot(), first.handler()));
      world.context().restart();
      world.context().poll();
      signal.emit(type);
      world.run_until([&] { return first.calls != 0; });
      BOOST_TEST((first.ec == asio::error::operation_aborted), first.ec.message());
      gate.tell();
      std::vector<int> all;
      for (bool is_over = false; !is_over;) {
        heard<int> next;
        job.async_receive(asio::bind_cancellation_slot(signal.slot(), next.handler()));
        // Now and then the cancellation and the message meet.
        world.context().restart();
        if (all.size() % 3 == 0) world.context().poll_one();
        if (next.calls == 0) signal.emit(type);
        world.run_until([&] { return next.calls != 0; });
        if (next.ec == asio::error::operation_aborted) {
          next = world.receive(job);
        }
        is_over = next.ec == asio::error::eof;
        if (!next.ec) all.push_back(next.value);
      }
      BOOST_TEST((all == numbers_to(100)));
      BOOST_TEST(world.wait(job).what.value_or(-1) == 100);
    }
  });
}

BOOST_AUTO_TEST_CASE(a_send_that_is_cancelled_is_not_sent) {
  in_each_world([](auto& world) {
    wire gate;
    auto job = world.start(call(
                               [](channel<void, std::string>& talk, int gate_end) {
                                 char byte = 0;
                                 while (::read(gate_end, &byte, 1) == -1) {
                                 }
                                 std::string all;
                                 while (auto const message = talk.receive()) {
                                   if (message->empty()) break;
                                   all += message->front();
                                 }
                                 return all;
                               },
                               gate.read_end()),
                           {.keep = {gate.read_end()}, .message_window = 500});
    asio::cancellation_signal signal;
    sent first;
    sent second;
    sent third;
    job.async_send(std::string(400, 'a'), first.handler());
    job.async_send(std::string(400, 'b'),
                   asio::bind_cancellation_slot(signal.slot(), second.handler()));
    job.async_send(std::string(400, 'c'), third.handler());
    world.run_until([&] { return first.calls != 0; });
    world.context().poll();
    signal.emit(asio::cancellation_type::total);
    world.run_until([&] { return second.calls != 0; });
    BOOST_TEST((second.ec == asio::error::operation_aborted), second.ec.message());
    BOOST_TEST(third.calls == 0);
    gate.tell();
    BOOST_TEST(!world.send(job, std::string{}));
    BOOST_TEST(third.calls == 1);
    BOOST_TEST(world.wait(job).what.value_or("") == "ac");
  });
}

BOOST_AUTO_TEST_CASE(a_wait_that_is_cancelled_leaves_the_conversation_alone) {
  in_each_world([](auto& world) {
    auto job = world.start(call(echo<int>, 2));
    asio::cancellation_signal signal;
    remembered<int> done;
    job.async_wait(asio::bind_cancellation_slot(signal.slot(), done.handler()));
    BOOST_TEST(!world.send(job, 1));
    BOOST_TEST(world.receive(job).value == 1);
    signal.emit(asio::cancellation_type::total);
    world.run_until([&] { return done.calls != 0; });
    BOOST_TEST((done.ec == asio::error::operation_aborted));
    BOOST_TEST(!world.send(job, 2));
    BOOST_TEST(world.receive(job).value == 2);
    BOOST_TEST(world.wait(job).what.value_or(-1) == 2);
  });
}

BOOST_AUTO_TEST_CASE(a_second_receive_is_refused) {
  in_each_world([](auto& world) {
    auto job = world.start(call(echo<int>, 1));
    heard<int> first;
    heard<int> second;
    job.async_receive(first.handler());
    job.async_receive(second.handler());
    world.run_until([&] { return second.calls != 0; });
    BOOST_TEST((second.ec == isolatte::error::already_waiting), second.ec.message());
    BOOST_TEST(first.calls == 0);
    BOOST_TEST(!world.send(job, 5));
    world.run_until([&] { return first.calls != 0; });
    BOOST_TEST(first.value == 5);
    BOOST_TEST(second.calls == 1);
  });
}

// Handles

BOOST_AUTO_TEST_CASE(a_handle_may_be_moved_while_it_receives) {
  in_each_world([](auto& world) {
    auto job = world.start(call(echo<int>, 1));
    heard<int> got;
    job.async_receive(got.handler());
    auto other = std::move(job);
    BOOST_TEST(!world.send(other, 5));
    world.run_until([&] { return got.calls != 0; });
    BOOST_TEST(got.value == 5);
    BOOST_TEST(world.wait(other).what.value_or(-1) == 1);
    BOOST_CHECK_THROW(job.async_receive(got.handler()), boost::system::system_error);
    BOOST_CHECK_THROW(job.async_send(1, [](error_code) {}), boost::system::system_error);
  });
}

BOOST_AUTO_TEST_CASE(destroying_a_handle_ends_what_waits) {
  in_each_world([](auto& world) {
    for (bool const runs : {false, true}) {
      heard<int> got;
      std::vector<sent> sends(3);
      remembered<int> done;
      auto const witness = std::make_shared<int>(1);
      std::weak_ptr<int> const watch = witness;
      {
        options opts{.out = isolatte::by_line{[held = witness](std::string_view) {}}};
        auto job = world.start(call([](channel<int, std::string>& talk) -> int {
                                 talk.post(1);
                                 isolatte::test::hang();
                               }),
                               std::move(opts));
        if (runs) BOOST_TEST(world.receive(job).value == 1);
        if (runs) job.async_receive(got.handler());
        for (auto& each : sends) job.async_send(std::string(mebibyte, 'x'), each.handler());
        job.async_wait(done.handler());
        if (!runs) job.async_receive(got.handler());
        world.context().restart();
        if (runs) world.context().poll();
      }
      world.run();
      BOOST_TEST(got.calls == 1);
      if (runs) BOOST_TEST((got.ec == asio::error::operation_aborted), got.ec.message());
      for (auto const& each : sends) BOOST_TEST(each.calls == 1);
      BOOST_TEST((sends.back().ec == asio::error::operation_aborted), sends.back().ec.message());
      BOOST_TEST(done.calls == 1);
      BOOST_TEST((done.ec == asio::error::operation_aborted), done.ec.message());
      // The conversation keeps nothing.
      BOOST_TEST(watch.use_count() == 1);
    }
  });
}

BOOST_AUTO_TEST_CASE(a_child_that_could_not_be_made_says_why) {
  isolatte::test::forking_world world;
  auto job = world.start(call(echo<int>, 1), {.in = isolatte::from_file{"/no/such/file"}});
  BOOST_TEST(world.receive(job).ec.value() == ENOENT);
  BOOST_TEST(world.send(job, 1).value() == ENOENT);
  BOOST_TEST(world.wait(job).ec.value() == ENOENT);
}

BOOST_AUTO_TEST_CASE(a_context_may_be_destroyed_amid_a_conversation) {
  isolatte::test::nothing_left const nothing;
  for (bool const is_served : {false, true}) {
    auto const witness = std::make_shared<int>(1);
    {
      std::optional<asio::io_context> ctx{std::in_place};
      std::optional<isolatte::fork_server> server;
      if (is_served) server.emplace(*ctx);
      auto const what = call(wait_for_ever);
      auto job = is_served ? server->spawn_child(what) : isolatte::spawn_child(*ctx, what);
      int got = 0;
      job.async_receive([&, witness](error_code, int) { ++got; });
      while (got == 0) ctx->run_one();
      job.async_receive([&, witness](error_code, int) { ++got; });
      job.async_send(1, [&, witness](error_code) {});
      job.async_wait([&, witness](error_code, const outcome<void>&) { ++got; });
      isolatte::async_fork(
          *ctx,
          on_message([](channel<int>& talk) { return post_numbers(talk, 1'000'000); },
                     [witness](int) {}),
          [witness](error_code, const outcome<int>&) {});
      ctx->poll_one();
      job = {};
      server.reset();
      ctx.reset();
      BOOST_TEST(got == 1);
    }
    BOOST_TEST(witness.use_count() == 1);
  }
}

BOOST_AUTO_TEST_CASE(many_threads_run_many_conversations) {
  isolatte::test::nothing_left const nothing;
  asio::io_context ctx;
  isolatte::fork_server server{ctx};
  std::atomic<int> taken = 0;
  std::atomic<int> returned = 0;
  for (int i = 0; i != 20; ++i) {
    auto what = on_message(call(post_numbers, 500), [&](int) { ++taken; });
    auto handler = [&](error_code, const outcome<int>& got) { returned += got.value_or(0); };
    if (i % 2 == 0)
      server.async_fork(std::move(what), handler);
    else
      isolatte::async_fork(ctx, std::move(what), handler);
  }
  in_threads(4, [&](int) { ctx.run(); });
  BOOST_TEST(taken == 20 * 500);
  BOOST_TEST(returned == 20 * 500);
}

// Messages that are none

BOOST_AUTO_TEST_CASE(a_message_that_cannot_be_read_back_ends_the_job) {
  in_each_world([](auto& world) {
    std::vector<int> all;
    auto const done =
        run_to_end(world, on_message(call(post_unreadable, 10),
                                     [&](const unreadable& got) { all.push_back(got.number); }));
    BOOST_TEST(!done.ec, done.ec.message());
    BOOST_TEST(done.what.how() == ending::undelivered);
    BOOST_TEST((all == std::vector<int>{1, 2}));
    try {
      done.what.value();
      BOOST_ERROR("a value");
    } catch (const isolatte::abnormal_end& end) {
      BOOST_CHECK_THROW(std::rethrow_if_nested(end), std::out_of_range);
    }
  });
}

BOOST_AUTO_TEST_CASE(a_receive_tells_that_a_message_cannot_be_read_back) {
  in_each_world([](auto& world) {
    auto job = world.start(call([](channel<unreadable>& talk) {
      post_unreadable(talk, 10);
      isolatte::test::hang();
    }));
    BOOST_TEST(world.receive(job).value.number == 1);
    BOOST_TEST(world.receive(job).value.number == 2);
    BOOST_TEST((world.receive(job).ec == isolatte::error::bad_message));
    BOOST_TEST((world.receive(job).ec == isolatte::error::bad_message));
    auto const done = world.wait(job);
    BOOST_TEST(done.what.how() == ending::undelivered);
    BOOST_CHECK_THROW(
        try { done.what.value(); } catch (const isolatte::abnormal_end& end) {
          std::rethrow_if_nested(end);
        },
        std::out_of_range);
  });
}

BOOST_AUTO_TEST_CASE(a_job_meets_what_reading_a_message_back_throws) {
  in_each_world([](auto& world) {
    auto job = world.start(call([](channel<void, unreadable>& talk) {
      std::string all;
      for (;;) try {
          auto const got = talk.receive();
          if (!got || got->number == 9) return all;
          all += std::to_string(got->number);
        } catch (const std::out_of_range& error) {
          all += error.what();
        }
    }));
    for (int const i : {1, 2, 3, 4, 9}) BOOST_TEST(!world.send(job, unreadable{i}));
    BOOST_TEST(world.wait(job).what.value_or("") == "12three4");
  });
}

template <class Exception>
void check_throwing_handler() {
  in_each_world([](auto& world) {
    std::vector<int> all;
    remembered<int> done;
    world.begin(on_message(call(post_numbers, 100),
                           [&](int i) {
                             all.push_back(i);
                             if (i % 10 == 3) throw Exception{};
                           }),
                {.message_window = 200}, done.handler());
    int thrown = 0;
    world.context().restart();
    for (bool is_over = false; !is_over;) try {
        while (done.calls == 0 && world.context().run_one() != 0) {
        }
        is_over = true;
      } catch (const Exception&) {
        ++thrown;
      }
    BOOST_TEST(thrown == 10);
    BOOST_TEST((all == numbers_to(100)));
    BOOST_TEST(done.what.value_or(-1) == 100);
  });
}

struct mishap {};

BOOST_AUTO_TEST_CASE(a_handler_that_throws_loses_no_message) {
  check_throwing_handler<mishap>();
  // Not taken for a lack of memory of the library's.
  check_throwing_handler<std::bad_alloc>();
}

BOOST_AUTO_TEST_CASE(what_a_handler_throws_comes_out_of_a_blocking_fork) {
  isolatte::test::nothing_left const nothing;
  BOOST_CHECK_THROW(static_cast<void>(isolatte::fork(
                        on_message([](channel<int>& talk) { post_numbers(talk, 1000); },
                                   [](int i) {
                                     if (i == 5) throw mishap{};
                                   }))),
                    mishap);
}

BOOST_AUTO_TEST_CASE(a_message_that_cannot_be_saved_is_the_jobs_to_handle) {
  int taken = 0;
  auto const what = isolatte::fork(on_message(
      [](channel<unsavable>& talk) {
        try {
          talk.post({});
          return 0;
        } catch (const std::out_of_range&) {
          return 1;
        }
      },
      [&](const unsavable&) { ++taken; }));
  BOOST_TEST(what.value_or(-1) == 1);
  auto const latest = isolatte::fork(on_message(
      [](channel<unsavable>& talk) {
        talk.post_latest({});
        return 0;
      },
      [&](const unsavable&) { ++taken; }));
  BOOST_TEST(latest.how() == ending::undelivered);
  BOOST_TEST(taken == 0);
}

/// Throws when it is moved in another thread than the one that has made it.
struct homebound {
  homebound() = default;
  homebound(homebound&& other) : home{other.home} {
    if (std::this_thread::get_id() == home) return;
    has_thrown = true;
    throw std::out_of_range{"away"};
  }
  template <class Archive>
  void serialize(Archive&, unsigned) {}

  std::thread::id home = std::this_thread::get_id();
  static inline std::atomic<bool> has_thrown = false;
};

BOOST_AUTO_TEST_CASE(a_latest_value_that_cannot_be_taken_is_told_at_the_end) {
  int taken = 0;
  auto const what = isolatte::fork(on_message(
      [](channel<homebound>& talk) {
        talk.post_latest({});
        while (!homebound::has_thrown) std::this_thread::yield();
      },
      [&](const homebound&) { ++taken; }));
  BOOST_TEST(what.how() == ending::undelivered);
  BOOST_TEST(taken == 0);
}

BOOST_AUTO_TEST_CASE(max_result_bounds_a_message) {
  in_each_world([](auto& world) {
    auto const done = run_to_end(world,
                                 on_message(call([](channel<std::string>& talk) {
                                              talk.post(std::string(100, 'x'));
                                              talk.post(std::string(200'000, 'x'));
                                              isolatte::test::hang();
                                            }),
                                            [](const std::string&) {}),
                                 {.max_result = 100'000});
    BOOST_TEST(done.what.how() == ending::undelivered);
  });
}

// Latest values

BOOST_AUTO_TEST_CASE(the_latest_value_arrives_and_earlier_ones_may_be_replaced) {
  in_each_world([](auto& world) {
    std::vector<int> all;
    auto const done = run_to_end(world, on_message(call([](channel<int>& talk) {
                                                     for (int i = 0; i != 200'000; ++i)
                                                       if (!talk.post_latest(i)) return -1;
                                                     return 0;
                                                   }),
                                                   [&](int i) { all.push_back(i); }));
    BOOST_TEST(done.what.value_or(-1) == 0);
    BOOST_REQUIRE(!all.empty());
    BOOST_TEST(all.back() == 199'999);
    BOOST_TEST(all.size() < 100'000U);
    BOOST_TEST(std::is_sorted(all.begin(), all.end()));
  });
}

BOOST_AUTO_TEST_CASE(one_latest_value_is_under_way_at_a_time) {
  in_each_world([](auto& world) {
    wire gate;
    wire told;
    auto job = world.start(call(
                               [](channel<int>& talk, int gate_end, int tell_end) {
                                 for (int i = 0; i != 1000; ++i) {
                                   talk.post_latest(i);
                                   if (i % 10 == 0) std::this_thread::sleep_for(100us);
                                 }
                                 isolatte::test::write_all(tell_end, ".");
                                 char byte = 0;
                                 while (::read(gate_end, &byte, 1) == -1) {
                                 }
                                 talk.post_latest(1000);
                                 return 0;
                               },
                               gate.read_end(), told.write_end()),
                           {.keep = {gate.read_end(), told.write_end()}});
    // The program takes none meanwhile.
    world.context().restart();
    world.context().poll();
    BOOST_TEST(told.await());
    gate.tell();
    BOOST_TEST(world.wait(job).what.value_or(-1) == 0);
    auto const [all, ec] = world.receive_all(job);
    // The first, and the last one at the end. A program that is slow to run gets no others.
    BOOST_TEST(all.size() <= 2U);
    BOOST_TEST(all.back() == 1000);
  });
}

BOOST_AUTO_TEST_CASE(a_post_follows_the_latest_value_before_it) {
  in_each_world([](auto& world) {
    std::vector<int> all;
    auto const done = run_to_end(world,
                                 on_message(call([](channel<int>& talk) {
                                              for (int i = 0; i != 3000; ++i) {
                                                talk.post_latest(2 * i);
                                                if (i % 7 == 0) std::this_thread::sleep_for(50us);
                                                talk.post(2 * i + 1);
                                              }
                                            }),
                                            [&](int i) { all.push_back(i); }),
                                 {.message_window = 500});
    BOOST_TEST(done.what.how() == ending::returned);
    BOOST_TEST((all == numbers_to(6000)));
  });
}

BOOST_AUTO_TEST_CASE(latest_values_do_not_get_past_the_window) {
  in_each_world([](auto& world) {
    auto job = world.start(call([](channel<std::string>& talk) {
                             fill_window(talk, 100);
                             int more = 0;
                             for (int i = 0; i != 10'000; ++i) {
                               talk.post_latest(std::string(100, 'y'));
                               more += talk.try_post(std::string(100, 'z'));
                             }
                             return more;
                           }),
                           {.message_window = 1000});
    BOOST_TEST(world.wait(job).what.value_or(-1) == 0);
    auto const [all, ec] = world.receive_all(job);
    // The last value has gone beyond the window, at the end.
    BOOST_TEST(all.size() <= 11U);
    BOOST_REQUIRE(!all.empty());
    BOOST_TEST(all.back()[0] == 'y');
  });
}

std::atomic<bool> is_being_saved = false;

/// Takes a while to save.
struct slow_value {
  std::string text;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    if (text == "slow") {
      is_being_saved = true;
      std::this_thread::sleep_for(20ms);
    }
    archive & text;
  }
};

// A post waits for the value that is on its way, and does not send the next one beyond the window.
BOOST_AUTO_TEST_CASE(a_latest_value_is_no_reason_for_another_to_get_past_the_window) {
  in_each_world([](auto& world) {
    auto job = world.start(call([](channel<slow_value>& talk) {
                             while (talk.try_post({std::string(100, 'x')})) {
                             }
                             talk.post_latest({"slow"});
                             while (!is_being_saved) std::this_thread::yield();
                             talk.post_latest({"second"});
                             bool const is_posted = talk.try_post({"none"});
                             talk.post_latest({"last"});
                             return is_posted;
                           }),
                           {.message_window = 1000});
    auto const done = world.wait(job);
    BOOST_TEST((done.what && !done.what.value()), "" << done.what);
    auto const [all, ec] = world.receive_all(job);
    BOOST_REQUIRE(all.size() >= 2U);
    BOOST_TEST(all[all.size() - 2].text == "slow");
    BOOST_TEST(all.back().text == "last");
  });
}

BOOST_AUTO_TEST_CASE(the_latest_value_arrives_before_an_exit) {
  in_each_world([](auto& world) {
    for (bool const quick : {false, true}) {
      std::vector<int> all;
      auto const done =
          run_to_end(world, on_message(call(
                                           [](channel<int>& talk, bool is_quick) {
                                             talk.post_latest(1);
                                             talk.post_latest(2);
                                             is_quick ? std::quick_exit(3) : std::exit(3);
                                           },
                                           quick),
                                       [&](int i) { all.push_back(i); }));
      BOOST_TEST(done.what.how() == ending::exited);
      BOOST_REQUIRE(!all.empty());
      BOOST_TEST(all.back() == 2);
    }
  });
}

// Jobs that have no listener

BOOST_AUTO_TEST_CASE(a_channel_that_nobody_listens_to_takes_and_gives_nothing) {
  in_each_world([](auto& world) {
    auto const done = run_to_end(
        world, call([](channel<int, int>& talk) {
          bool const silent = !talk.post(1) && !talk.try_post(1) && !talk.post_latest(1) &&
                              !talk.receive() && !talk.try_receive();
          return (silent ? 0 : 1000) + static_cast<int>(isolatte::test::sockets().size()) * 10 +
                 static_cast<int>(isolatte::test::threads());
        }));
    BOOST_TEST(done.what.value_or(-1) == 1);
  });
}

BOOST_AUTO_TEST_CASE(a_plain_job_has_no_conversation) {
  in_each_world([](auto& world) {
    auto const done = run_to_end(world, call([] {
                                   return static_cast<int>(isolatte::test::sockets().size()) * 10 +
                                          static_cast<int>(isolatte::test::threads());
                                 }));
    BOOST_TEST(done.what.value_or(-1) == 1);
  });
}

BOOST_AUTO_TEST_CASE(try_receive_does_not_wait) {
  in_each_world([](auto& world) {
    auto job = world.start(call([](channel<int, int>& talk) {
      if (talk.try_receive()) return -1;
      talk.post(0);
      std::optional<int> got;
      while (!(got = talk.try_receive())) std::this_thread::yield();
      return *got;
    }));
    BOOST_TEST(world.receive(job).value == 0);
    BOOST_TEST(!world.send(job, 5));
    BOOST_TEST(world.wait(job).what.value_or(-1) == 5);
  });
}

BOOST_AUTO_TEST_CASE(early_delivery_follows_the_messages) {
  in_each_world([](auto& world) {
    std::vector<int> all;
    options opts;
    opts.early = true;
    auto const done = run_to_end(
        world, on_message(call(post_numbers, 1000), [&](int i) { all.push_back(i); }), opts);
    BOOST_TEST(done.what.value_or(-1) == 1000);
    BOOST_TEST((all == numbers_to(1000)));
    world.run();
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace talk_test
