// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Jobs that misuse their end of a conversation: hostile bytes, closed descriptors, grandchildren.

#include "helpers.hpp"
#include "support/sanitizers.hpp"
#include "talk_world.hpp"

#include <isolatte.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <random>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace talk_abuse_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::channel;
using isolatte::ending;
using isolatte::on_message;
using isolatte::options;
using isolatte::outcome;
using isolatte::test::in_each_world;
using isolatte::test::run_to_end;
using isolatte::test::sockets;
using namespace std::chrono_literals;

/// A frame's beginning, as a job can forge it.
struct forged {
  std::uint32_t magic = 0x69736f74;
  std::uint32_t kind = 0;
  std::uint64_t length = 0;
};
constexpr std::uint32_t message = 1;
constexpr std::uint32_t credit = 2;

template <class T>
void send_raw(const T& what) {
  isolatte::test::write_all(sockets().at(0), {reinterpret_cast<const char*>(&what), sizeof what});
}

void forge(std::uint32_t kind, std::uint64_t length) {
  send_raw(forged{.kind = kind, .length = length});
}

// Hostile jobs, each of which the program is to end.

void send_garbage(channel<int, int>&) {
  std::string bytes(100'000, '\0');
  std::mt19937 random{static_cast<unsigned>(::getpid())};
  for (char& byte : bytes) byte = static_cast<char>(random());
  isolatte::test::write_all(sockets().at(0), bytes);
  isolatte::test::hang();
}
void claim_credit(channel<int, int>&) {
  forge(credit, 1);
  isolatte::test::hang();
}
void claim_all_credit(channel<int, int>&) {
  forge(credit, ~std::uint64_t{0});
  isolatte::test::hang();
}
void claim_too_much(channel<int, int>&) {
  forge(message, ~std::uint64_t{0});
  isolatte::test::hang();
}
void send_stop(channel<int, int>&) {
  forge(3, 0);
  isolatte::test::hang();
}
void send_finished(channel<int, int>&) {
  forge(4, 0);
  isolatte::test::hang();
}
void send_unheard(channel<int, int>&) {
  forge(5, 0);
  isolatte::test::hang();
}
void send_nonsense(channel<int, int>&) {
  // A right frame whose payload is no int.
  forge(message, 1);
  isolatte::test::write_all(sockets().at(0), "x");
  isolatte::test::hang();
}

constexpr void (*hostile_jobs[])(channel<int, int>&) = {
    send_garbage, claim_credit,  claim_all_credit, claim_too_much,
    send_stop,    send_finished, send_unheard,     send_nonsense};

BOOST_AUTO_TEST_SUITE(talk_abuse)

BOOST_AUTO_TEST_CASE(hostile_bytes_end_the_job) {
  in_each_world([](auto& world) {
    for (auto* const job : hostile_jobs) {
      int taken = 0;
      auto const done = run_to_end(world, on_message(call(job), [&](int) { ++taken; }));
      BOOST_TEST(!done.ec, done.ec.message());
      BOOST_TEST(done.what.how() == ending::undelivered);
      BOOST_TEST(taken == 0);

      auto by_handle = world.start(call(job));
      BOOST_TEST((world.receive(by_handle).ec == isolatte::error::bad_message));
      BOOST_TEST((world.send(by_handle, 1) == asio::error::broken_pipe));
      BOOST_TEST(world.wait(by_handle).what.how() == ending::undelivered);
    }
  });
}

BOOST_AUTO_TEST_CASE(messages_before_hostile_bytes_arrive) {
  in_each_world([](auto& world) {
    auto job = world.start(call([](channel<int, int>& talk) {
      for (int i = 1; i <= 3; ++i) talk.post(i);
      claim_too_much(talk);
    }));
    BOOST_TEST(world.wait(job).what.how() == ending::undelivered);
    auto const [all, ec] = world.receive_all(job);
    BOOST_TEST((ec == isolatte::error::bad_message), ec.message());
    BOOST_TEST((all == std::vector<int>{1, 2, 3}));
  });
}

BOOST_AUTO_TEST_CASE(a_message_from_a_job_that_has_none_to_post_ends_it) {
  in_each_world([](auto& world) {
    auto job = world.start(call([](std::stop_token) {
      forge(message, 0);
      isolatte::test::hang();
    }));
    BOOST_TEST(world.wait(job).what.how() == ending::undelivered);
  });
}

BOOST_AUTO_TEST_CASE(half_a_message_is_none) {
  in_each_world([](auto& world) {
    for (std::size_t const bytes : {0UL, 1UL, 400'000UL}) {
      auto job = world.start(call(
          [](channel<std::string>& talk, std::size_t count) {
            talk.post("whole");
            forge(message, 1024 * 1024);
            isolatte::test::write_all(sockets().at(0), std::string(count, 'x'));
            ::kill(::getpid(), SIGKILL);
          },
          bytes));
      auto const [all, ec] = world.receive_all(job);
      BOOST_TEST((ec == asio::error::eof), ec.message());
      BOOST_TEST((all == std::vector<std::string>{"whole"}));
      BOOST_TEST(world.wait(job).what.how() == ending::killed);
    }
  });
}

/// Sends messages without regard for the window, until the program has read nothing for a while.
std::size_t flood(channel<std::string>&) {
  constexpr std::size_t most = 64UL * 1024 * 1024;
  int const fd = sockets().at(0);
  std::string frame(sizeof(forged) + 1000, 'x');
  forged const header{.kind = message, .length = 1000};
  frame.replace(0, sizeof header, reinterpret_cast<const char*>(&header), sizeof header);
  std::size_t total = 0;
  for (std::size_t at = 0; total < most;) {
    ssize_t const count = ::send(fd, frame.data() + at, frame.size() - at, MSG_DONTWAIT);
    if (count > 0) {
      total += static_cast<std::size_t>(count);
      at = (at + static_cast<std::size_t>(count)) % frame.size();
      continue;
    }
    pollfd room{fd, POLLOUT, 0};
    if (::poll(&room, 1, 200) <= 0) break;
  }
  return total;
}

BOOST_AUTO_TEST_CASE(a_flood_fills_no_more_than_the_window) {
  in_each_world([](auto& world) {
    auto job = world.start(call(flood), {.message_window = 10'000});
    auto const done = world.wait(job);
    // Besides the window: what the sockets hold, which is the system's, and one read.
    BOOST_TEST(done.what.value_or(~std::size_t{0}) < 2U * 1024 * 1024);
  });
}

// Descriptors

/// Closes all descriptors but the standard streams, and the one given.
void close_all_but(int kept) {
  for (int fd = 3; fd != 1024; ++fd)
    if (fd != kept) ::close(fd);
}

BOOST_AUTO_TEST_CASE(a_job_that_closes_all_descriptors_finds_nothing_in_its_files) {
  in_each_world([](auto& world) {
    isolatte::test::scratch_folder const folder;
    auto const base = (folder / "file").string();
    auto job = world.start(call(
        [](std::stop_token, channel<int, int>& talk, const std::string& path) {
          talk.post(1);
          close_all_but(-1);
          for (int i = 0; i != 40; ++i)
            if (::open((path + std::to_string(i)).c_str(), O_RDWR | O_CREAT, 0600) == -1)
              ::_exit(50);
          bool const silent = !talk.post(2) && !talk.try_post(3) && !talk.receive();
          talk.post_latest(4);
          ::_exit(silent ? 3 : 51);
        },
        base));
    auto const [all, ec] = world.receive_all(job);
    BOOST_TEST((ec == asio::error::eof), ec.message());
    BOOST_TEST((all == std::vector<int>{1}));
    BOOST_TEST((world.wait(job).what.exit_code() == 3));
    for (int i = 0; i != 40; ++i)
      BOOST_TEST(std::filesystem::file_size(base + std::to_string(i)) == 0U);
  });
}

BOOST_AUTO_TEST_CASE(a_file_in_the_place_of_the_socket_is_not_written_to) {
  in_each_world([](auto& world) {
    isolatte::test::scratch_folder const folder;
    auto const path = (folder / "file").string();
    auto job = world.start(call(
        [](channel<int, int>& talk, const std::string& name) {
          talk.post(1);
          int const file = ::open(name.c_str(), O_RDWR | O_CREAT, 0600);
          ::dup2(file, sockets().at(0));
          talk.post_latest(2);
          return !talk.post(3) && !talk.receive();
        },
        path));
    auto const [all, ec] = world.receive_all(job);
    BOOST_TEST((ec == asio::error::eof), ec.message());
    BOOST_TEST((all == std::vector<int>{1}));
    auto const done = world.wait(job);
    BOOST_TEST((done.what && done.what.value()), "" << done.what);
    BOOST_TEST(std::filesystem::file_size(path) == 0U);
  });
}

BOOST_AUTO_TEST_CASE(a_job_that_closes_all_descriptors_ends) {
  in_each_world([](auto& world) {
    // The grandchild keeps what wakes the job's threads open.
    for (bool const has_grandchild : {false, true}) {
      auto const done = run_to_end(world, on_message(call(
                                                         [](channel<int>& talk, bool forks) {
                                                           if (forks && ::fork() == 0)
                                                             isolatte::test::hang();
                                                           talk.post(1);
                                                           close_all_but(-1);
                                                         },
                                                         has_grandchild),
                                                     [](int) {}));
      // The value has no way either.
      BOOST_TEST(done.what.how() == ending::undelivered);
    }
  });
}

/// Closes the pipe's ends that are open for this, and says how much processor time a wait for a
/// message takes then.
std::int64_t wait_with_broken_pipe(channel<int, int>& talk, int how) {
  for (int const fd : isolatte::test::descriptors_of_kind("pipe:"))
    if ((::fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == (how | O_NONBLOCK)) ::close(fd);
  auto const spent = [] {
    rusage all{};
    ::getrusage(RUSAGE_SELF, &all);
    auto const microseconds = [](const timeval& t) {
      return std::int64_t{t.tv_sec} * 1'000'000 + t.tv_usec;
    };
    return microseconds(all.ru_utime) + microseconds(all.ru_stime);
  };
  // A thread that waits in the pipe has to leave it first.
  talk.post_latest(1);
  auto const before = spent();
  if (talk.receive() != 5) return -1;
  return spent() - before;
}

BOOST_AUTO_TEST_CASE(a_job_that_closes_one_end_of_a_pipe_does_not_spin) {
  in_each_world([](auto& world) {
    for (int const how : {O_RDONLY, O_WRONLY}) {
      auto job = world.start(call(wait_with_broken_pipe, how));
      asio::steady_timer later{world.context(), 500ms};
      bool is_late = false;
      later.async_wait([&](error_code) { is_late = true; });
      world.run_until([&] { return is_late; });
      BOOST_TEST(!world.send(job, 5));
      auto const spent = world.wait(job).what.value_or(-1);
      BOOST_TEST(spent >= 0);
      BOOST_TEST(spent < 200'000);
    }
  });
}

/// The sockets of a worker between its jobs.
std::vector<int> sockets_of_worker;

void remember_sockets() { sockets_of_worker = sockets(); }

/// Waits until the thread that reads sleeps in poll(), and closes what would wake it.
void close_what_wakes(channel<int, int>& talk, bool and_socket) {
  talk.receive();
  isolatte::test::await_rest_of_threads();
  for (int const fd : isolatte::test::descriptors_of_kind("pipe:"))
    if ((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0) ::close(fd);
  if (and_socket)
    for (int const fd : sockets())
      if (std::find(sockets_of_worker.begin(), sockets_of_worker.end(), fd) ==
          sockets_of_worker.end())
        ::close(fd);
}

int echo_all(channel<int, int>& talk) {
  int count = 0;
  for (; auto const message = talk.receive(); ++count) talk.post(*message);
  return count;
}

// A thread that outlived its job would act on the conversation of the next one.
BOOST_AUTO_TEST_CASE(a_job_that_closes_what_wakes_its_thread_leaves_the_next_one_alone) {
  for (bool const and_socket : {false, true}) {
    isolatte::test::talk_world world;
    isolatte::worker_pool pool{world.context(), {.workers = 1}};
    auto first = pool.spawn_job(call(remember_sockets));
    int const worker = world.wait(first).what.pid();
    for (int i = 0; i != 100; ++i) {
      {
        auto closing = pool.spawn_job(call(close_what_wakes, and_socket));
        BOOST_TEST(!world.send(closing, 1));
        auto const done = world.wait(closing);
        BOOST_TEST((done.what.how() == ending::returned), "" << done.what);
      }
      auto echoing = pool.spawn_job(call(echo_all));
      for (int sent = 0; sent != 20; ++sent) {
        BOOST_TEST(!world.send(echoing, sent));
        BOOST_TEST(world.receive(echoing).value == sent);
      }
      echoing.close_input();
      auto const done = world.wait(echoing);
      BOOST_TEST(done.what.value_or(-1) == 20);
      BOOST_TEST(done.what.pid() == worker);
    }
    pool.stop();
    world.run();
  }
}

BOOST_AUTO_TEST_CASE(a_job_may_make_its_descriptors_non_blocking) {
  in_each_world([](auto& world) {
    auto job = world.start(call([](channel<std::string>& talk) {
      ::fcntl(sockets().at(0), F_SETFL, O_NONBLOCK);
      for (int i = 0; i != 5; ++i) talk.post(std::string(2'000'000, static_cast<char>('a' + i)));
    }));
    auto const [all, ec] = world.receive_all(job);
    BOOST_REQUIRE(all.size() == 5U);
    for (std::size_t i = 0; i != 5; ++i)
      BOOST_TEST((all[i] == std::string(2'000'000, static_cast<char>('a' + i))));
  });
}

// Grandchildren

enum class kinship { fork, clone };

/// Runs a function in a child of this process, made in one way, and waits for it.
/// @return the exit code
template <class F>
int in_kin(kinship how, F function) {
  pid_t pid = -1;
  switch (how) {
    case kinship::fork: pid = ::fork(); break;
    // The bare call, of which no library is told.
    case kinship::clone:
      pid = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
      break;
  }
  if (pid == 0) ::_exit(function());
  int status = 0;
  while (::waitpid(pid, &status, 0) == -1 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string talk_in_kin(channel<std::string, int>& talk, kinship how) {
  talk.post("before");
  int const code = in_kin(how, [&] {
    bool const silent = !talk.post("grandchild") && !talk.try_post("grandchild") &&
                        !talk.receive() && !talk.try_receive();
    return silent ? 7 : 8;
  });
  talk.post("after");
  return std::to_string(code);
}

BOOST_AUTO_TEST_CASE(a_grandchild_has_no_part_in_the_conversation) {
  in_each_world([](auto& world) {
    for (auto const how : {kinship::fork, kinship::clone}) {
      auto job = world.start(call(talk_in_kin, how));
      auto const [all, ec] = world.receive_all(job);
      BOOST_TEST((all == std::vector<std::string>{"before", "after"}));
      BOOST_TEST(world.wait(job).what.value_or("") == "7");
    }
  });
}

int post_beside_kin(channel<std::string>& talk, int count) {
  std::atomic<bool> is_over = false;
  std::thread poster{[&] {
    for (int i = 0; i != count; ++i) talk.post(std::string(5000, static_cast<char>('a' + i % 26)));
    is_over = true;
  }};
  int forks = 0;
  while (!is_over) {
    // Without an allocation: a bare clone() leaves the allocator's locks as the poster holds them.
    in_kin(forks % 2 == 0 ? kinship::fork : kinship::clone, [&] {
      talk.post("!");
      return 0;
    });
    ++forks;
  }
  poster.join();
  return forks;
}

BOOST_AUTO_TEST_CASE(grandchildren_made_amid_messages_mix_nothing_into_them) {
  // ThreadSanitizer's fork waits for its own locks, which a bare clone() leaves as they are.
  if (isolatte::test::with_tsan) return;
  in_each_world([](auto& world) {
    int number = 0;
    int wrong = 0;
    auto const done =
        run_to_end(world, on_message(call(post_beside_kin, 2000), [&](const std::string& text) {
                     wrong += text != std::string(5000, static_cast<char>('a' + number++ % 26));
                   }));
    BOOST_TEST(done.what.value_or(0) > 0);
    BOOST_TEST(number == 2000);
    BOOST_TEST(wrong == 0);
  });
}

BOOST_AUTO_TEST_CASE(a_grandchild_that_returns_leaves_the_conversation_to_the_job) {
  in_each_world([](auto& world) {
    auto job = world.start(call([](std::stop_token, channel<int>& talk) {
      pid_t const pid = ::fork();
      talk.post_latest(pid == 0 ? 1 : 2);
      if (pid == 0) return 0;
      int status = 0;
      ::waitpid(pid, &status, 0);
      talk.post(3);
      return 7;
    }));
    auto const [all, ec] = world.receive_all(job);
    BOOST_TEST((all == std::vector<int>{2, 3}));
    BOOST_TEST(world.wait(job).what.value_or(-1) == 7);
  });
}

// Not by a bare clone(): its copy may wait endlessly for a lock of malloc() that a thread held.
// The copy must not wait for threads either that sleep in the job and that it lacks.
int throw_in_kin(std::stop_token, channel<int>& talk) {
  isolatte::test::await_rest_of_threads();
  pid_t const pid = ::fork();
  if (pid == 0) throw std::runtime_error{"grandchild"};
  int status = -1;
  while (::waitpid(pid, &status, 0) == -1 && errno == EINTR) {
  }
  talk.post(WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  return 7;
}

BOOST_AUTO_TEST_CASE(a_grandchild_that_throws_leaves_the_conversation_to_the_job) {
  in_each_world([](auto& world) {
    auto job = world.start(call(throw_in_kin));
    auto const [all, ec] = world.receive_all(job);
    BOOST_TEST((all == std::vector<int>{1}));
    BOOST_TEST(world.wait(job).what.value_or(-1) == 7);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace talk_abuse_test
