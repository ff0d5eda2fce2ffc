// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "process/gate.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace context_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::async_fork;
using isolatte::ending;
using isolatte::fork;
using isolatte::options;
using isolatte::outcome;
using isolatte::spawn_child;
using isolatte::test::children;
using isolatte::test::gate;
using isolatte::test::leave_main;
using isolatte::test::nothing_left;

[[noreturn]] void pause_for_ever() {
  for (;;) ::pause();
}

/// A pipe whose write end belongs to children. End-of-file tells that all of them have ended.
class last_gasp {
 public:
  last_gasp() { BOOST_REQUIRE(::pipe2(fds_, O_CLOEXEC) == 0); }
  ~last_gasp() {
    ::close(fds_[0]);
    close_mine();
  }
  last_gasp(const last_gasp&) = delete;
  last_gasp& operator=(const last_gasp&) = delete;

  isolatte::kept_descriptors held() const { return {fds_[1]}; }
  void close_mine() {
    if (fds_[1] != -1) ::close(fds_[1]);
    fds_[1] = -1;
  }
  void say_hello() const { static_cast<void>(!::write(fds_[1], "!", 1)); }
  /// Blocks until a child has called say_hello().
  void await_hello() const {
    char byte;
    BOOST_TEST(::read(fds_[0], &byte, 1) == 1);
  }
  /// Whether all children have ended.
  bool all_gone() const {
    struct pollfd state{fds_[0], POLLIN, 0};
    return ::poll(&state, 1, 0) == 1 && (state.revents & POLLHUP) != 0;
  }
  /// Blocks until all children have ended.
  void await_all_gone() const {
    char byte;
    while (::read(fds_[0], &byte, 1) > 0) {
    }
  }

 private:
  int fds_[2] = {-1, -1};
};

BOOST_AUTO_TEST_SUITE(context)

// The end of the context

BOOST_FIXTURE_TEST_CASE(ends_children_that_nobody_ran_it_for, nothing_left) {
  last_gasp children_alive;
  auto const captured = std::make_shared<int>();
  bool called = false;
  {
    asio::io_context context;
    for (int i = 0; i != 3; ++i)
      async_fork(context, pause_for_ever, {.keep = children_alive.held()},
                 [&, captured](error_code, outcome<void>) { called = true; });
    BOOST_TEST(children().size() == 3U);
    children_alive.close_mine();
  }
  BOOST_TEST(children_alive.all_gone());
  BOOST_TEST(children().empty());
  // The handlers are destroyed without being called.
  BOOST_TEST(!called);
  BOOST_TEST(captured.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(ends_children_that_it_has_run_for, nothing_left) {
  last_gasp children_alive;
  auto const captured = std::make_shared<int>();
  bool called = false;
  {
    asio::io_context context;
    async_fork(
        context,
        [&] {
          children_alive.say_hello();
          pause_for_ever();
        },
        {.in = isolatte::from_text{"text"},
         .out = isolatte::capture{},
         .err = isolatte::by_line{[captured](std::string_view) {}},
         .timeout = std::chrono::hours{1},
         .grace = std::chrono::hours{1},
         .keep = children_alive.held()},
        [&, captured](error_code, outcome<void>) { called = true; });
    children_alive.await_hello();
    context.poll();
    children_alive.close_mine();
    BOOST_TEST(!children_alive.all_gone());
  }
  BOOST_TEST(children_alive.all_gone());
  BOOST_TEST(!called);
  BOOST_TEST(captured.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(ends_children_with_their_trees, nothing_left) {
  last_gasp tree_alive;
  {
    asio::io_context context;
    async_fork(
        context,
        [&] {
          if (::fork() == 0) {
            ::signal(SIGTERM, SIG_IGN);
            tree_alive.say_hello();
            pause_for_ever();
          }
          pause_for_ever();
        },
        {.keep = tree_alive.held()}, asio::detached);
    tree_alive.await_hello();
    tree_alive.close_mine();
  }
  // The grandchild dies at once, but another process reaps it.
  tree_alive.await_all_gone();
}

BOOST_FIXTURE_TEST_CASE(ends_a_coroutines_child, nothing_left) {
  last_gasp children_alive;
  auto const captured = std::make_shared<int>();
  {
    asio::io_context context;
    asio::co_spawn(
        context,
        [&, captured]() -> asio::awaitable<void> {
          // The options have a name, because GCC 12 destroys temporaries in a co_await expression
          // twice.
          options const opts{.keep = children_alive.held()};
          static_cast<void>(
              co_await async_fork(context, pause_for_ever, opts, asio::use_awaitable));
        },
        asio::detached);
    context.poll();
    BOOST_TEST(children().size() == 1U);
    children_alive.close_mine();
  }
  BOOST_TEST(children_alive.all_gone());
  BOOST_TEST(captured.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(ends_children_whose_cancellation_is_under_way, nothing_left) {
  asio::cancellation_signal stop;
  {
    asio::io_context context;
    async_fork(context, pause_for_ever, {.grace = std::chrono::hours{1}},
               asio::bind_cancellation_slot(stop.slot(), asio::detached));
    stop.emit(asio::cancellation_type::partial);
  }
  BOOST_TEST(children().empty());
  // Emitting after the operation has been destroyed does nothing.
  stop.emit(asio::cancellation_type::terminal);
}

BOOST_FIXTURE_TEST_CASE(ends_children_that_have_ended_already, nothing_left) {
  asio::io_context context;
  async_fork(context, [] { return 1; }, {}, asio::detached);
  auto const pids = children();
  BOOST_REQUIRE(pids.size() == 1U);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pids[0]), &info, WEXITED | WNOWAIT);
}

BOOST_FIXTURE_TEST_CASE(ends_children_whose_handles_outlive_it, nothing_left) {
  last_gasp children_alive;
  isolatte::child<void> waited;
  isolatte::child<void> forgotten;
  isolatte::child<int> ended;
  bool called = false;
  {
    asio::io_context context;
    waited = spawn_child(context, pause_for_ever, {.keep = children_alive.held()});
    forgotten = spawn_child(context, pause_for_ever, {.keep = children_alive.held()});
    ended = spawn_child(context, [] { return 1; });
    waited.async_wait([&](error_code, outcome<void>) { called = true; });
    context.poll();
    children_alive.close_mine();
  }
  BOOST_TEST(children_alive.all_gone());
  BOOST_TEST(children().empty());
  BOOST_TEST(!called);
  BOOST_TEST(!waited.running());
  BOOST_TEST(!forgotten.running());
  // The handles have no process to send a signal to.
  BOOST_TEST(waited.terminate().failed());
  BOOST_TEST(forgotten.suspend().failed());
  BOOST_TEST(ended.interrupt().failed());
}

/// A conversation that its own handlers keep, as those of a session of Asio's do.
struct session : std::enable_shared_from_this<session> {
  isolatte::child<void, int, int> job;

  void run() {
    job.async_wait([self = shared_from_this()](error_code, const outcome<void>&) {});
    job.async_receive([self = shared_from_this()](error_code, int) {});
    job.async_send(1, [self = shared_from_this()](error_code) {});
  }
};

void talk_without_end(isolatte::channel<int, int>& talk) {
  talk.receive();
  pause_for_ever();
}

template <class Launcher>
void check_session_ends(Launcher launch) {
  std::weak_ptr<session> left;
  {
    asio::io_context context;
    launch(context, [&](auto start) {
      auto const made = std::make_shared<session>();
      left = made;
      made->job = start();
      made->run();
    });
  }
  BOOST_TEST(left.expired());
}

BOOST_FIXTURE_TEST_CASE(destroys_handlers_that_own_their_handle, nothing_left) {
  auto const job = isolatte::call(talk_without_end);
  check_session_ends([&](asio::io_context& context, auto begin) {
    begin([&] { return spawn_child(context, job); });
    context.poll();
  });
  check_session_ends([&](asio::io_context& context, auto begin) {
    isolatte::fork_server server{context};
    begin([&] { return server.spawn_child(job); });
    context.poll();
  });
  for (bool const runs : {false, true})
    check_session_ends([&](asio::io_context& context, auto begin) {
      isolatte::worker_pool pool{context, {.workers = 1}};
      begin([&] { return pool.spawn_job(job); });
      while (runs && pool.stats().running == 0) context.run_one();
    });
  check_session_ends([&](asio::io_context& context, auto begin) {
    isolatte::resident<int> object{context, [] { return 1; }};
    begin([&] {
      return object.spawn_call(
          isolatte::call([](isolatte::channel<int, int>& talk, int&) { talk_without_end(talk); }));
    });
    context.poll();
  });
}

BOOST_FIXTURE_TEST_CASE(ends_the_children_of_a_thread_pool, nothing_left) {
  last_gasp children_alive;
  {
    asio::thread_pool pool{2};
    for (int i = 0; i != 4; ++i)
      async_fork(pool, pause_for_ever, {.keep = children_alive.held()}, asio::detached);
    children_alive.close_mine();
    // The destructor of the pool would wait for all operations otherwise.
    pool.stop();
  }
  BOOST_TEST(children_alive.all_gone());
}

BOOST_FIXTURE_TEST_CASE(may_be_destroyed_by_an_exception, nothing_left) {
  last_gasp children_alive;
  BOOST_CHECK_THROW(
      {
        asio::io_context context;
        async_fork(context, pause_for_ever, {.keep = children_alive.held()}, asio::detached);
        asio::post(context, [] { throw std::runtime_error{"out of run()"}; });
        context.run();
      },
      std::runtime_error);
  children_alive.close_mine();
  BOOST_TEST(children_alive.all_gone());
}

// The end of the program

/// Runs a program in a bare fork, and returns its exit code.
template <class Program>
int program(Program body) {
  pid_t const pid = ::fork();
  if (pid == 0) {
    body();
    // Not reached: every program ends itself.
    ::_exit(99);
  }
  int status = 0;
  BOOST_TEST(::waitpid(pid, &status, 0) == pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

BOOST_FIXTURE_TEST_CASE(is_left_with_main, nothing_left) {
  last_gasp children_alive;
  int const code = program([&] {
    // Never destroyed, like a static object that other threads may still use.
    auto* const context = new asio::io_context;
    for (int i = 0; i != 3; ++i)
      async_fork(*context, pause_for_ever,
                 {.keep = children_alive.held(), .die_with_parent = false}, asio::detached);
    auto* const handle =
        new auto(spawn_child(*context,
                             [&] {
                               if (::fork() == 0) pause_for_ever();
                               children_alive.say_hello();
                               pause_for_ever();
                             },
                             {.keep = children_alive.held(), .die_with_parent = false}));
    static_cast<void>(handle);
    children_alive.await_hello();
    leave_main(21);
  });
  BOOST_TEST(code == 21);
  children_alive.close_mine();
  children_alive.await_all_gone();
}

BOOST_FIXTURE_TEST_CASE(is_left_with_main_while_threads_run_it, nothing_left) {
  last_gasp children_alive;
  int const code = program([&] {
    auto* const context = new asio::io_context;
    for (int i = 0; i != 3; ++i)
      async_fork(*context, pause_for_ever,
                 {.keep = children_alive.held(), .die_with_parent = false}, asio::detached);
    for (int i = 0; i != 2; ++i) std::thread{[context] { context->run(); }}.detach();
    leave_main(22);
  });
  BOOST_TEST(code == 22);
  children_alive.close_mine();
  children_alive.await_all_gone();
}

BOOST_FIXTURE_TEST_CASE(dies_with_the_program, nothing_left) {
  last_gasp children_alive;
  int const code = program([&] {
    auto* const context = new asio::io_context;
    for (int i = 0; i != 3; ++i)
      async_fork(
          *context,
          [&] {
            children_alive.say_hello();
            pause_for_ever();
          },
          {.keep = children_alive.held()}, asio::detached);
    for (int i = 0; i != 3; ++i) children_alive.await_hello();
    ::raise(SIGKILL);
  });
  BOOST_TEST(code == -SIGKILL);
  children_alive.close_mine();
  children_alive.await_all_gone();
}

// The library inside a child

int nested(int depth) {
  if (depth == 0) return 0;
  auto const what = fork([&] { return nested(depth - 1); });
  return what.how() == ending::returned ? what.value() + 1 : -1000;
}

BOOST_FIXTURE_TEST_CASE(is_made_anew_in_a_child, nothing_left) { BOOST_TEST(nested(4) == 4); }

int nested_with_loops(int depth) {
  if (depth == 0) return 1;
  asio::io_context context;
  int sum = 0;
  for (int i = 0; i != 2; ++i)
    async_fork(
        context, [&] { return nested_with_loops(depth - 1); }, {},
        [&](error_code ec, outcome<int> what) { sum += ec ? -1000 : what.value(); });
  context.run();
  return sum;
}

BOOST_FIXTURE_TEST_CASE(runs_in_children_beside_the_one_it_came_from, nothing_left) {
  BOOST_TEST(nested_with_loops(3) == 8);
}

BOOST_FIXTURE_TEST_CASE(sees_every_ending_from_within_a_child, nothing_left) {
  auto const what = fork([] {
    std::vector<int> how;
    auto const add = [&](const isolatte::outcome_base& o) {
      how.push_back(static_cast<int>(o.how()));
    };
    options const quiet{.limits = {.core_size = 0}, .fault_report = false};
    add(fork([] { return 1; }));
    add(fork([] { throw 1; }));
    add(fork([] { ::_exit(3); }));
    add(fork([] { std::exit(3); }));
    add(fork([] { std::abort(); }, quiet));
    add(fork([] { std::abort(); }, {.limits = {.core_size = 0}}));
    add(fork([] { ::raise(SIGKILL); }));
    add(fork([] { ::raise(SIGTERM); }));
    add(fork(pause_for_ever, {.timeout = std::chrono::milliseconds{5}}));
    add(fork([] {}, {.in = isolatte::from_fd{-1}}));
    return how;
  });
  std::vector<int> expected;
  for (auto const how :
       {ending::returned, ending::threw, ending::exited, ending::exited, ending::faulted,
        ending::faulted, ending::killed, ending::signaled, ending::timed_out, ending::not_started})
    expected.push_back(static_cast<int>(how));
  BOOST_TEST(what.value() == expected, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(is_the_parents_own_whatever_a_child_does, nothing_left) {
  // The child inherits this loop with its running operations. The child must not disturb them,
  // whether it runs the loop, exits or crashes.
  asio::io_context context;
  gate const leave;
  int calls = 0;
  async_fork(
      context,
      [&] {
        leave.pass();
        return 1;
      },
      {.timeout = std::chrono::hours{1}, .keep = leave.ends()},
      [&](error_code ec, outcome<int> what) {
        BOOST_TEST(ec == error_code{});
        BOOST_TEST(what.value() == 1);
        ++calls;
      });
  context.poll();
  BOOST_TEST(fork([] { return 2; }).value() == 2);
  BOOST_TEST(fork([] { std::exit(3); }).how() == ending::exited);
  BOOST_TEST(fork([]() -> int { throw 1; }).how() == ending::threw);
  BOOST_TEST(nested(2) == 2);
  leave.open();
  context.run();
  BOOST_TEST(calls == 1);
}

BOOST_FIXTURE_TEST_CASE(passes_a_nested_exception_up, nothing_left) {
  auto const what = fork([]() -> int {
    return fork([]() -> int {
             return fork([]() -> int { throw std::out_of_range{"from the depths"}; }).value();
           })
        .value();
  });
  BOOST_CHECK_EXCEPTION(what.value(), std::out_of_range, [](auto const& error) {
    return error.what() == std::string{"from the depths"};
  });
}

BOOST_FIXTURE_TEST_CASE(takes_a_childs_children_with_it, nothing_left) {
  last_gasp tree_alive;
  asio::io_context context;
  options const held{.keep = tree_alive.held()};
  auto const innermost = [&] {
    tree_alive.say_hello();
    pause_for_ever();
  };
  auto const inner = [&] { static_cast<void>(fork(innermost, held)); };
  auto const outer = [&] { static_cast<void>(fork(inner, held)); };
  auto one = std::make_unique<isolatte::child<void>>(spawn_child(context, outer, held));
  tree_alive.await_hello();
  tree_alive.close_mine();
  one.reset();
  tree_alive.await_all_gone();
  context.run();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace context_test
