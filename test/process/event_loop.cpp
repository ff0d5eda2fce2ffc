// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "process/gate.hpp"
#include "process/helpers.hpp"
#include "process/remembered.hpp"
#include "support/nothing_left.hpp"
#include "support/sanitizers.hpp"

#include <isolatte.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

// Event loops that throw, that have no memory, and that a copy of the program cannot go on with.

namespace event_loop_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::ending;
using isolatte::outcome;
using namespace isolatte::test;

/// Has no memory for a function that it is given, except at every third attempt.
class short_executor {
 public:
  explicit short_executor(asio::io_context& context)
      : inner_{context.get_executor()}, attempts_{std::make_shared<int>(0)} {}

  int attempts() const noexcept { return *attempts_; }

  template <class F>
  void execute(F&& f) const {
    if (++*attempts_ % 3 != 0) throw std::bad_alloc{};
    inner_.execute(std::forward<F>(f));
  }
  asio::execution_context& query(asio::execution::context_t) const noexcept {
    return asio::query(inner_, asio::execution::context);
  }
  short_executor require(asio::execution::blocking_t::never_t never) const {
    return {asio::require(inner_, never), attempts_};
  }
  short_executor prefer(asio::execution::outstanding_work_t::tracked_t tracked) const {
    return {asio::prefer(inner_, tracked), attempts_};
  }
  friend bool operator==(const short_executor& a, const short_executor& b) noexcept {
    return a.attempts_ == b.attempts_;
  }

 private:
  short_executor(asio::any_io_executor inner, std::shared_ptr<int> attempts)
      : inner_{std::move(inner)}, attempts_{std::move(attempts)} {}

  asio::any_io_executor inner_;
  std::shared_ptr<int> attempts_;
};

/// Runs functions here and now.
struct prompt_executor {
  template <class F>
  void execute(F&& f) const {
    std::forward<F>(f)();
  }
  friend bool operator==(prompt_executor, prompt_executor) noexcept { return true; }
};

/// This process cannot open any other descriptor.
bool forbid_descriptors() {
  rlimit few{};
  ::getrlimit(RLIMIT_NOFILE, &few);
  few.rlim_cur = 3;
  return ::setrlimit(RLIMIT_NOFILE, &few) == 0;
}

BOOST_FIXTURE_TEST_SUITE(event_loop, nothing_left)

// The steps that wait after one that throws go on, and in order.
BOOST_AUTO_TEST_CASE(callbacks_of_both_streams_throw_and_no_line_is_lost) {
  asio::io_context context;
  gate const written;
  std::vector<std::string> out;
  std::vector<std::string> err;
  auto const keep_in = [](std::vector<std::string>& lines) {
    return isolatte::by_line{[&lines](std::string_view line) {
      lines.emplace_back(line);
      throw std::runtime_error{"of a callback"};
    }};
  };
  remembered<int> done;
  isolatte::async_fork(
      context,
      [&] {
        write_all(1, "1\n2\n3\n4\n");
        write_all(2, "5\n6\n7\n8\n");
        written.open();
        return 42;
      },
      {.out = keep_in(out), .err = keep_in(err), .keep = written.ends()}, done.handler());
  written.pass();
  int thrown = 0;
  for (bool is_over = false; !is_over;) {
    try {
      context.run();
      is_over = true;
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  }
  BOOST_TEST(thrown == 8);
  BOOST_TEST(out == (std::vector<std::string>{"1", "2", "3", "4"}),
             boost::test_tools::per_element());
  BOOST_TEST(err == (std::vector<std::string>{"5", "6", "7", "8"}),
             boost::test_tools::per_element());
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(done.what.value() == 42);
}

BOOST_AUTO_TEST_CASE(an_executor_without_memory_is_asked_again) {
  asio::io_context context;
  short_executor const executor{context};
  std::vector<std::string> lines;
  remembered<int> done;
  isolatte::async_fork(
      asio::any_io_executor{executor},
      [] {
        write_all(1, "one\ntwo\n");
        return 42;
      },
      {.out = isolatte::by_line{[&](std::string_view line) { lines.emplace_back(line); }}},
      done.handler());
  context.run();
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(done.what.value() == 42);
  BOOST_TEST(lines.size() == 2u);
  BOOST_TEST(executor.attempts() >= 3);
}

BOOST_AUTO_TEST_CASE(a_handlers_executor_without_memory_is_asked_again) {
  asio::io_context context;
  short_executor const executor{context};
  remembered<int> done;
  isolatte::async_fork(
      context, [] { return 42; }, {}, asio::bind_executor(executor, done.handler()));
  context.run();
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(done.what.value() == 42);
  BOOST_TEST(executor.attempts() == 3);
}

BOOST_AUTO_TEST_CASE(a_handler_that_has_no_memory_is_not_called_again) {
  asio::io_context context;
  int calls = 0;
  isolatte::async_fork(
      context, [] { return 42; }, {},
      asio::bind_executor(prompt_executor{}, [&](error_code, outcome<int> what) {
        ++calls;
        BOOST_TEST(what.value() == 42);
        throw std::bad_alloc{};
      }));
  BOOST_CHECK_THROW(context.run(), std::bad_alloc);
  context.run();
  BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(a_copy_that_cannot_have_a_loop_of_its_own_has_lost_its_children) {
  if (isolatte::test::ubsan_needs_descriptors) return;
  asio::io_context context;
  gate const leave;
  remembered<int> here;
  {
    auto child = isolatte::spawn_child(context,
                                       [&] {
                                         leave.pass();
                                         return 42;
                                       },
                                       {.keep = leave.ends()});
    context.poll();
    context.restart();
    BOOST_TEST(in_bare_process([&]() -> std::string {
                 if (!forbid_descriptors()) return "no limit";
                 remembered<int> done;
                 child.async_wait(done.handler());
                 while (done.calls == 0 && context.run_one() != 0) {
                 }
                 if (done.calls != 1) return "calls: " + std::to_string(done.calls);
                 if (done.ec != asio::error::operation_aborted) return done.ec.message();
                 if (done.what.how() != ending::lost) return "it is not lost";
                 return "";
               }) == "");
    child.async_wait(here.handler());
    leave.open();
    context.run();
  }
  BOOST_TEST(here.calls == 1);
  BOOST_TEST(here.what.value() == 42);
}

BOOST_AUTO_TEST_CASE(a_loop_without_a_descriptor_for_itself_refuses_the_operation) {
  if (isolatte::test::ubsan_needs_descriptors) return;
  BOOST_TEST(in_bare_process([]() -> std::string {
               if (!forbid_descriptors()) return "no limit";
               asio::io_context context;
               remembered<int> done;
               isolatte::async_fork(context, [] { return 42; }, {}, done.handler());
               if (done.calls != 0) return "called at once";
               context.run();
               return std::to_string(done.calls) + " " + done.ec.message() + " " +
                      std::string{to_string(done.what.how())};
             }) == "1 Too many open files not_started");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace event_loop_test
