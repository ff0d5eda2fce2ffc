// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "process/gate.hpp"
#include "process/helpers.hpp"
#include "process/marked_executor.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <forward_list>
#include <functional>
#include <future>
#include <iostream>
#include <istream>
#include <iterator>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <numeric>
#include <optional>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace map_test {

namespace asio = boost::asio;
using asio::cancellation_type;
using boost::system::error_code;
using isolatte::async_map;
using isolatte::ending;
using isolatte::map_options;
using isolatte::options;
using isolatte::outcome;
using isolatte::test::gate;
using isolatte::test::nothing_left;

/// A pool that starts nothing: the test says how and when each job ends.
struct puppet_pool {
  struct job {
    int element = 0;
    /// The cancellations that the map has emitted for the job.
    std::vector<cancellation_type> asked{};
    std::function<void(error_code, ending)> complete{};
    bool done = false;
  };

  explicit puppet_pool(asio::any_io_executor ex) : executor{std::move(ex)} {}

  /// The elements of the jobs under way, in the order of their starts.
  std::vector<int> under_way() const {
    std::vector<int> elements;
    for (auto const& one : jobs)
      if (!one->done) elements.push_back(one->element);
    return elements;
  }
  /// Ends the job that was started last for an element.
  void end(int element, error_code ec = {}, ending how = ending::returned) {
    auto const one = std::find_if(jobs.rbegin(), jobs.rend(), [&](auto const& job) {
      return job->element == element && !job->done;
    });
    BOOST_REQUIRE(one != jobs.rend());
    (*one)->done = true;
    (*one)->complete(ec, ec ? ending::not_started : how);
    (*one)->complete = nullptr;
  }

  asio::any_io_executor executor;
  std::size_t recommended = 3;
  std::vector<std::shared_ptr<job>> jobs;
  /// Called before each start; may throw in place of it.
  std::function<void(int)> before_start;
};

}  // namespace map_test

template <>
struct isolatte::detail::pool_starter<map_test::puppet_pool> {
  pool_starter(map_test::puppet_pool& p, const options&) : pool{&p} {}

  boost::asio::any_io_executor get_executor() const { return pool->executor; }
  std::size_t concurrency() const { return pool->recommended; }

  template <class F, class Element, class Handler>
  void start(F& f, Element&& element, Handler handler) {
    using R = std::decay_t<std::invoke_result_t<F&, Element>>;
    if (pool->before_start) pool->before_start(element);
    auto const job = std::make_shared<map_test::puppet_pool::job>();
    job->element = element;
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    // The slot belongs to the map, and lives as long as the handler of the job.
    slot.assign([weak = std::weak_ptr{job}](boost::asio::cancellation_type type) {
      if (auto const asked = weak.lock()) asked->asked.push_back(type);
    });
    auto const next = std::make_shared<Handler>(std::move(handler));
    job->complete = [f, element, next](boost::system::error_code ec, ending how) {
      auto result = how == ending::returned ? outcome<R>::returned(f(element))
                                            : outcome<R>::ended({.how = how});
      boost::asio::post(boost::asio::get_associated_executor(*next),
                        [next, ec, result = std::move(result)]() mutable {
                          std::move (*next)(ec, std::move(result));
                        });
    };
    pool->jobs.push_back(job);
  }

  map_test::puppet_pool* pool;
};

namespace map_test {

/// Remembers with which arguments a map completed, and how often.
template <class R>
struct remembered {
  int calls = 0;
  error_code ec;
  std::vector<outcome<R>> all;

  auto handler() {
    return [this](error_code error, std::vector<outcome<R>> outcomes) {
      ++calls;
      ec = error;
      all = std::move(outcomes);
    };
  }
  std::vector<ending> endings() const {
    std::vector<ending> list;
    for (auto const& one : all) list.push_back(one.how());
    return list;
  }
  std::vector<R> values() const {
    std::vector<R> list;
    for (auto const& one : all) list.push_back(one.value());
    return list;
  }
};

int square(int n) { return n * n; }

std::vector<int> numbers(int count) {
  std::vector<int> list(static_cast<std::size_t>(count));
  std::iota(list.begin(), list.end(), 0);
  return list;
}

// Own ranges, because Clang 14 cannot compile the views of libstdc++.

/// A range of the results of a function for 0, 1, 2 and so on, made one at a time.
template <class F>
class made {
 public:
  struct iterator {
    using value_type = std::decay_t<std::invoke_result_t<const F&, int>>;
    using difference_type = std::ptrdiff_t;
    value_type operator*() const { return (*f)(at); }
    iterator& operator++() {
      ++at;
      return *this;
    }
    void operator++(int) { ++at; }
    bool operator==(std::default_sentinel_t) const { return at == end; }

    const F* f = nullptr;
    int at = 0;
    int end = 0;
  };

  made(int count, F f) : count_{count}, f_{std::move(f)} {}
  iterator begin() const { return {&f_, 0, count_}; }
  std::default_sentinel_t end() const { return {}; }

 protected:
  int count_;
  F f_;
};

template <class F>
struct made_with_size : made<F> {
  using made<F>::made;
  std::size_t size() const { return static_cast<std::size_t>(this->count_); }
};
template <class F>
made_with_size(int, F) -> made_with_size<F>;

/// A range of words, each read from a stream when it is needed.
struct words_of {
  std::istream* in;
  std::istream_iterator<std::string> begin() const {
    return std::istream_iterator<std::string>{*in};
  }
  std::default_sentinel_t end() const { return {}; }
};

const error_code short_of_processes{
    boost::system::errc::make_error_code(boost::system::errc::resource_unavailable_try_again)};

/// A fixture: a map over a puppet_pool.
struct puppets {
  asio::io_context context;
  puppet_pool pool{context.get_executor()};
  remembered<int> done;
  asio::cancellation_signal cancel;
  std::vector<std::pair<std::size_t, std::size_t>> progress;

  template <class Range>
  void start(Range range, map_options opts = {}) {
    if (!opts.on_progress)
      opts.on_progress = [this](std::size_t n, std::size_t of) { progress.emplace_back(n, of); };
    async_map(pool, std::move(range), square, std::move(opts),
              asio::bind_cancellation_slot(cancel.slot(), done.handler()));
    settle();
  }
  void settle() {
    context.poll();
    context.restart();
  }
  void end(int element, error_code ec = {}, ending how = ending::returned) {
    pool.end(element, ec, how);
    settle();
  }
  void expect(std::initializer_list<int> elements) const {
    auto const is = pool.under_way();
    BOOST_CHECK_EQUAL_COLLECTIONS(is.begin(), is.end(), elements.begin(), elements.end());
  }
  void expect_endings(std::initializer_list<ending> expected) const {
    BOOST_TEST(done.calls == 1);
    auto const is = done.endings();
    BOOST_CHECK_EQUAL_COLLECTIONS(is.begin(), is.end(), expected.begin(), expected.end());
  }
};

[[noreturn]] void pause_for_ever() {
  for (;;) ::pause();
}

BOOST_AUTO_TEST_SUITE(map)

// Order of starts

BOOST_FIXTURE_TEST_CASE(gives_outcomes_in_the_order_of_the_elements, puppets) {
  start(numbers(4), {.max_concurrency = 4});
  expect({0, 1, 2, 3});
  for (int const element : {3, 1, 0, 2}) end(element);
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(!done.ec);
  BOOST_TEST(done.values() == (std::vector{0, 1, 4, 9}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(has_no_more_under_way_than_allowed, puppets) {
  start(numbers(5), {.max_concurrency = 2});
  expect({0, 1});
  end(1);
  expect({0, 2});
  end(0);
  end(2);
  expect({3, 4});
  end(3);
  end(4);
  BOOST_TEST(done.calls == 1);
}

BOOST_FIXTURE_TEST_CASE(has_as_many_under_way_as_the_pool_recommends, puppets) {
  start(numbers(5));
  expect({0, 1, 2});
}

BOOST_FIXTURE_TEST_CASE(takes_an_element_when_its_job_is_started_and_no_sooner, puppets) {
  int taken = 0;
  start(made{std::numeric_limits<int>::max(),
             [&](int n) {
               ++taken;
               return n;
             }},
        {.max_concurrency = 2});
  BOOST_TEST(taken == 2);
  end(0);
  BOOST_TEST(taken == 3);
  cancel.emit(cancellation_type::terminal);
  settle();
  end(1);
  end(2);
  BOOST_TEST(taken == 3);
  BOOST_TEST(done.all.size() == 3U);
  BOOST_TEST(done.ec == asio::error::operation_aborted);
}

BOOST_FIXTURE_TEST_CASE(tells_its_progress, puppets) {
  start(numbers(3), {.max_concurrency = 2});
  BOOST_TEST(progress.empty());
  for (int const element : {1, 0, 2}) end(element);
  BOOST_CHECK(
      (progress == std::vector<std::pair<std::size_t, std::size_t>>{{1, 3}, {2, 3}, {3, 3}}));
}

BOOST_FIXTURE_TEST_CASE(tells_the_total_of_a_range_without_a_size_when_it_knows, puppets) {
  start(std::forward_list<int>{0, 1, 2}, {.max_concurrency = 1});
  for (int const element : {0, 1, 2}) end(element);
  BOOST_CHECK(
      (progress == std::vector<std::pair<std::size_t, std::size_t>>{{1, 0}, {2, 0}, {3, 3}}));
}

// Failures

BOOST_FIXTURE_TEST_CASE(goes_on_behind_failures, puppets) {
  start(numbers(3), {.max_concurrency = 1});
  end(0, {}, ending::faulted);
  end(1, {}, ending::threw);
  end(2);
  expect_endings({ending::faulted, ending::threw, ending::returned});
  BOOST_TEST(!done.ec);
}

BOOST_FIXTURE_TEST_CASE(stops_at_the_first_failure_if_told, puppets) {
  start(numbers(6), {.max_concurrency = 3, .stop_on_error = true});
  end(0);
  end(2, {}, ending::threw);
  expect({1, 3});
  for (auto const& job : pool.jobs)
    if (!job->done) BOOST_CHECK((job->asked == std::vector{cancellation_type::partial}));
  end(1, asio::error::operation_aborted);
  BOOST_TEST(done.calls == 0);
  end(3);
  expect_endings({ending::returned, ending::not_started, ending::threw, ending::returned,
                  ending::not_started, ending::not_started});
  BOOST_TEST(!done.ec);
  BOOST_CHECK((progress.back() == std::pair<std::size_t, std::size_t>{4, 6}));
}

BOOST_FIXTURE_TEST_CASE(completes_with_the_first_error_of_the_system, puppets) {
  start(numbers(3), {.max_concurrency = 3});
  end(1, boost::system::errc::make_error_code(boost::system::errc::no_such_file_or_directory));
  end(0, boost::system::errc::make_error_code(boost::system::errc::permission_denied));
  end(2);
  expect_endings({ending::not_started, ending::not_started, ending::returned});
  BOOST_TEST(done.ec == boost::system::errc::no_such_file_or_directory);
}

BOOST_FIXTURE_TEST_CASE(tries_again_what_could_not_be_started_while_others_ran, puppets) {
  start(numbers(4), {.max_concurrency = 3});
  end(2, short_of_processes);
  expect({0, 1});
  BOOST_TEST(progress.empty());
  end(0);
  expect({1, 2});
  end(1);
  end(2);
  end(3);
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(!done.ec);
  BOOST_TEST(done.values() == (std::vector{0, 1, 4, 9}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(gives_up_what_could_not_be_started_alone, puppets) {
  start(numbers(2), {.max_concurrency = 2});
  end(1, short_of_processes);
  end(0);
  end(1, short_of_processes);
  expect_endings({ending::returned, ending::not_started});
  BOOST_TEST(done.ec == short_of_processes);
}

BOOST_FIXTURE_TEST_CASE(starts_nothing_more_in_a_pool_that_is_stopped, puppets) {
  start(numbers(5), {.max_concurrency = 2});
  end(0, asio::error::operation_aborted);
  end(1);
  expect_endings({ending::not_started, ending::returned, ending::not_started, ending::not_started,
                  ending::not_started});
  BOOST_TEST(done.ec == asio::error::operation_aborted);
}

BOOST_FIXTURE_TEST_CASE(keeps_what_a_launch_throws, puppets) {
  int shortages = 1;
  pool.before_start = [&](int element) {
    if (element == 1) throw std::range_error{"one"};
    if (element == 2 && shortages-- > 0) throw std::bad_alloc{};
  };
  start(numbers(4), {.max_concurrency = 4});
  // The bad_alloc of element 2 counts as a shortage, so the others wait for an end.
  expect({0});
  end(0);
  expect({2, 3});
  end(3);
  end(2);
  expect_endings({ending::returned, ending::not_started, ending::returned, ending::returned});
  BOOST_TEST(done.ec == make_error_code(isolatte::error::bad_element));
  BOOST_CHECK_THROW(done.all[1].value(), std::range_error);
}

// The range

/// Returns a function that throws for one number.
auto thrower(int at) {
  return [at](int n) {
    if (n == at) throw std::range_error{std::to_string(n)};
    return n;
  };
}

BOOST_FIXTURE_TEST_CASE(loses_nothing_when_the_range_throws, puppets) {
  start(made_with_size{5, thrower(2)}, {.max_concurrency = 2});
  end(0);
  BOOST_CHECK((progress == std::vector<std::pair<std::size_t, std::size_t>>{{1, 5}, {2, 5}}));
  BOOST_TEST(done.calls == 0);
  end(1);
  expect_endings({ending::returned, ending::returned, ending::not_started, ending::not_started,
                  ending::not_started});
  BOOST_TEST(done.ec == make_error_code(isolatte::error::bad_element));
  BOOST_CHECK_THROW(done.all[2].value(), std::range_error);
  BOOST_TEST(!done.all[3].exception());
}

BOOST_FIXTURE_TEST_CASE(loses_nothing_when_a_range_without_a_size_throws, puppets) {
  start(made{5, thrower(1)});
  end(0);
  expect_endings({ending::returned, ending::not_started});
  BOOST_TEST(done.ec == make_error_code(isolatte::error::bad_element));
}

BOOST_FIXTURE_TEST_CASE(stops_the_others_when_the_range_throws_if_told, puppets) {
  start(made_with_size{5, thrower(1)}, {.stop_on_error = true});
  expect({0});
  BOOST_CHECK((pool.jobs[0]->asked == std::vector{cancellation_type::partial}));
  end(0, asio::error::operation_aborted);
  BOOST_TEST(done.ec == make_error_code(isolatte::error::bad_element));
}

// Cancellation

BOOST_FIXTURE_TEST_CASE(passes_every_cancellation_on, puppets) {
  start(numbers(4), {.max_concurrency = 2});
  std::vector const types{cancellation_type::total, cancellation_type::partial,
                          cancellation_type::terminal};
  for (auto const type : types) {
    cancel.emit(type);
    settle();
  }
  expect({0, 1});
  for (auto const& job : pool.jobs) BOOST_CHECK(job->asked == types);
  end(1, asio::error::operation_aborted);
  end(0);
  BOOST_TEST(done.ec == asio::error::operation_aborted);
  expect_endings({ending::returned, ending::not_started, ending::not_started, ending::not_started});
}

BOOST_FIXTURE_TEST_CASE(is_not_aborted_when_all_is_done_all_the_same, puppets) {
  start(numbers(2), {.max_concurrency = 2});
  cancel.emit(cancellation_type::terminal);
  settle();
  end(0);
  end(1);
  BOOST_TEST(!done.ec);
  BOOST_TEST(done.values() == (std::vector{0, 1}), boost::test_tools::per_element());
  cancel.emit(cancellation_type::terminal);
  settle();
  BOOST_TEST(done.calls == 1);
}

BOOST_FIXTURE_TEST_CASE(starts_nothing_if_cancelled_at_once, puppets) {
  async_map(pool, numbers(2), square, {},
            asio::bind_cancellation_slot(cancel.slot(), done.handler()));
  cancel.emit(cancellation_type::total);
  BOOST_TEST(done.calls == 0);
  settle();
  BOOST_TEST(pool.jobs.empty());
  expect_endings({ending::not_started, ending::not_started});
  BOOST_TEST(done.ec == asio::error::operation_aborted);
}

BOOST_FIXTURE_TEST_CASE(can_be_cancelled_by_its_own_progress, puppets) {
  start(numbers(9), {.max_concurrency = 1, .on_progress = [&](std::size_t, std::size_t) {
                       cancel.emit(cancellation_type::terminal);
                     }});
  end(0);
  expect({1});
  end(1, asio::error::operation_aborted);
  BOOST_TEST(done.ec == asio::error::operation_aborted);
  BOOST_TEST(done.all.size() == 9U);
}

// Callbacks that throw

BOOST_FIXTURE_TEST_CASE(goes_on_when_its_progress_callback_throws, puppets) {
  start(numbers(5), {.max_concurrency = 2, .on_progress = [&](std::size_t n, std::size_t of) {
                       progress.emplace_back(n, of);
                       if (n % 2 == 1) throw static_cast<int>(n);
                     }});
  int thrown = 0;
  for (int element = 0; element != 5; ++element) {
    pool.end(element);
    try {
      context.poll();
    } catch (int) {
      ++thrown;
    }
    settle();
  }
  BOOST_TEST(thrown == 3);
  BOOST_TEST(progress.size() == 5U);
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(done.values() == (std::vector{0, 1, 4, 9, 16}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(lets_the_handlers_exception_out_of_the_loop) {
  asio::io_context context;
  async_map(context, numbers(0), square, {},
            [](error_code, std::vector<outcome<int>>) { throw 7; });
  BOOST_CHECK_THROW(context.run(), int);
}

// Real children

BOOST_FIXTURE_TEST_CASE(maps_a_container, nothing_left) {
  asio::io_context context;
  remembered<int> done;
  async_map(context, numbers(20), square, {}, done.handler());
  BOOST_TEST(done.calls == 0);
  BOOST_TEST(isolatte::test::children().empty());
  context.run();
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(!done.ec);
  BOOST_REQUIRE(done.all.size() == 20U);
  for (int n = 0; n != 20; ++n) BOOST_TEST(done.all[static_cast<std::size_t>(n)].value() == n * n);
}

BOOST_FIXTURE_TEST_CASE(maps_nothing, nothing_left) {
  asio::io_context context;
  remembered<int> done;
  int told = 0;
  map_options const opts{.on_progress = [&](std::size_t, std::size_t) { ++told; }};
  async_map(context, std::vector<int>{}, square, opts, done.handler());
  async_map(context, std::forward_list<int>{}, square, opts, done.handler());
  BOOST_TEST(done.calls == 0);
  context.run();
  BOOST_TEST(done.calls == 2);
  BOOST_TEST(!done.ec);
  BOOST_TEST(done.all.empty());
  BOOST_TEST(told == 0);
}

BOOST_FIXTURE_TEST_CASE(never_holds_more_children_than_allowed, nothing_left) {
  asio::io_context context;
  remembered<int> done;
  std::size_t most = 0;
  std::size_t calls = 0;
  async_map(
      context, numbers(60),
      [](int n) {
        if (n % 5 == 0) std::abort();
        return n;
      },
      {.max_concurrency = 3,
       .on_progress =
           [&](std::size_t, std::size_t) {
             ++calls;
             most = std::max(most, isolatte::test::children().size());
           },
       .child = {.limits = {.core_size = 0}, .early = true}},
      done.handler());
  context.run();
  BOOST_TEST(calls == 60U);
  BOOST_TEST(most <= 3U);
  BOOST_TEST(done.all.size() == 60U);
}

BOOST_FIXTURE_TEST_CASE(has_as_many_children_as_allowed, nothing_left) {
  // No child ends before all four have arrived.
  asio::io_context context;
  gate arrived;
  gate leave;
  remembered<int> done;
  async_map(
      context, numbers(4),
      [&](int n) {
        arrived.open();
        leave.pass();
        return n;
      },
      {.max_concurrency = 4,
       .child = {.keep = std::vector<int>{arrived.ends().fds()[0], arrived.ends().fds()[1],
                                          leave.ends().fds()[0], leave.ends().fds()[1]}}},
      done.handler());
  std::thread other{[&] {
    for (int i = 0; i != 4; ++i) arrived.pass();
    for (int i = 0; i != 4; ++i) leave.open();
  }};
  context.run();
  other.join();
  BOOST_TEST(done.values() == numbers(4), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(tells_every_ending_at_its_index, nothing_left) {
  asio::io_context context;
  remembered<void> done;
  async_map(
      context, numbers(6),
      [](int n) {
        switch (n) {
          case 1: throw std::out_of_range{"one"};
          case 2: ::_exit(2);
          case 3: std::abort();
          case 4: ::raise(SIGKILL); break;
          case 5: pause_for_ever();
        }
      },
      {.child = {.timeout = std::chrono::milliseconds{300}, .limits = {.core_size = 0}}},
      done.handler());
  context.run();
  std::vector const expected{ending::returned, ending::threw,  ending::exited,
                             ending::faulted,  ending::killed, ending::timed_out};
  // On a slow machine any of them may time out, which is right as well.
  auto const is = done.endings();
  BOOST_REQUIRE(is.size() == expected.size());
  for (std::size_t i = 0; i != is.size(); ++i)
    BOOST_CHECK(is[i] == expected[i] || is[i] == ending::timed_out);
  BOOST_CHECK(is[5] == ending::timed_out);
  BOOST_TEST(!done.ec);
}

BOOST_FIXTURE_TEST_CASE(copies_a_container_that_it_is_not_given, nothing_left) {
  asio::io_context context;
  remembered<std::string> done;
  {
    std::vector<std::string> list{"a", "b"};
    async_map(
        context, list, [](const std::string& text) { return text + text; }, {}, done.handler());
    list.assign(2, "changed");
  }
  context.run();
  BOOST_TEST(done.values() == (std::vector<std::string>{"aa", "bb"}),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(refers_to_what_a_view_refers_to, nothing_left) {
  asio::io_context context;
  remembered<int> all;
  remembered<int> some;
  std::vector<std::unique_ptr<int>> list;
  for (int n = 0; n != 3; ++n) list.push_back(std::make_unique<int>(n));
  async_map(
      context, std::span{list}, [](const std::unique_ptr<int>& n) { return *n; }, {},
      all.handler());
  async_map(context, std::span{list}.subspan(1), [](auto& n) { return *n; }, {}, some.handler());
  list[2] = std::make_unique<int>(7);
  context.run();
  BOOST_TEST(all.values() == (std::vector{0, 1, 7}), boost::test_tools::per_element());
  BOOST_TEST(some.values() == (std::vector{1, 7}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(takes_ranges_of_every_kind, nothing_left) {
  asio::io_context context;
  remembered<std::string> words;
  remembered<std::size_t> pairs;
  remembered<bool> bits;
  remembered<int> odd;
  remembered<int> fixed;
  remembered<int> nodes;
  std::istringstream stream{"one two three"};
  async_map(
      context, words_of{&stream}, [](const std::string& word) { return word + "!"; },
      {.max_concurrency = 2}, words.handler());
  async_map(
      context, std::map<int, std::string>{{1, "x"}, {2, "yy"}},
      [](const std::pair<const int, std::string>& one) { return one.second.size(); }, {},
      pairs.handler());
  async_map(
      context, std::vector<bool>{true, false}, [](bool bit) { return !bit; }, {}, bits.handler());
  async_map(context, made{3, [](int n) { return 2 * n + 1; }}, square, {}, odd.handler());
  async_map(context, std::array{1, 2}, square, {}, fixed.handler());
  async_map(context, std::list{3}, square, {}, nodes.handler());
  context.run();
  BOOST_TEST(words.values() == (std::vector<std::string>{"one!", "two!", "three!"}),
             boost::test_tools::per_element());
  BOOST_TEST(pairs.values() == (std::vector<std::size_t>{1, 2}), boost::test_tools::per_element());
  BOOST_TEST(bits.values() == (std::vector{false, true}), boost::test_tools::per_element());
  BOOST_TEST(odd.values() == (std::vector{1, 9, 25}), boost::test_tools::per_element());
  BOOST_TEST(fixed.values() == (std::vector{1, 4}), boost::test_tools::per_element());
  BOOST_TEST(nodes.values() == (std::vector{9}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(moves_elements_functions_and_results, nothing_left) {
  asio::io_context context;
  std::vector<std::unique_ptr<int>> list;
  for (int n = 0; n != 3; ++n) list.push_back(std::make_unique<int>(n));
  auto f = [extra = std::make_unique<int>(10)](std::unique_ptr<int>& n) {
    *n += *extra;
    return std::move(n);
  };
  using R = std::unique_ptr<int>;
  static_assert(std::is_same_v<isolatte::map_result_of<decltype(list), decltype(f)>, R>);
  remembered<R> owned;
  remembered<R> fresh;
  async_map(context, std::move(list), std::move(f), {}, owned.handler());
  async_map(
      context, made{3, [](int n) { return std::make_unique<int>(n); }}, [](R n) { return n; }, {},
      fresh.handler());
  context.run();
  BOOST_REQUIRE(owned.all.size() == 3U);
  BOOST_REQUIRE(fresh.all.size() == 3U);
  for (int n = 0; n != 3; ++n) {
    BOOST_TEST(*owned.all[static_cast<std::size_t>(n)].value() == n + 10);
    BOOST_TEST(*fresh.all[static_cast<std::size_t>(n)].value() == n);
  }
}

struct not_assignable {
  const int n = 0;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& const_cast<int&>(n);
  }
};

BOOST_FIXTURE_TEST_CASE(gives_results_that_cannot_be_assigned, nothing_left) {
  asio::io_context context;
  int sum = 0;
  async_map(
      context, numbers(4), [](int n) { return not_assignable{n}; }, {},
      [&](error_code, std::vector<outcome<not_assignable>> all) {
        for (auto const& one : all) sum += one.value().n;
      });
  context.run();
  BOOST_TEST(sum == 6);
}

BOOST_FIXTURE_TEST_CASE(works_with_other_tokens, nothing_left) {
  asio::io_context context;
  std::future<std::vector<outcome<int>>> future =
      async_map(context, numbers(3), square, {}, asio::use_future);
  int sum = 0;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        auto const executor = co_await asio::this_coro::executor;
        auto operation = async_map(executor, numbers(3), square);
        for (auto const& one : co_await std::move(operation)) sum += one.value();
        auto again = async_map(executor, numbers(4), square, {}, asio::as_tuple(asio::deferred));
        auto const [ec, all] = co_await std::move(again);
        sum += ec ? 0 : all.back().value();
      },
      [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
      });
  auto const deferred = async_map(context, numbers(2), square);
  remembered<int> first;
  remembered<int> second;
  deferred(first.handler());
  deferred(second.handler());
  async_map(context, numbers(2), square, {}, asio::detached);
  context.run();
  BOOST_TEST(future.get().back().value() == 4);
  BOOST_TEST(sum == 5 + 9);
  BOOST_TEST(first.values() == (std::vector{0, 1}), boost::test_tools::per_element());
  BOOST_TEST(second.values() == (std::vector{0, 1}), boost::test_tools::per_element());
}

// Stopping children

BOOST_FIXTURE_TEST_CASE(kills_what_runs_at_the_first_failure, nothing_left) {
  asio::io_context context;
  remembered<int> done;
  async_map(
      context, numbers(9),
      [](int n) -> int {
        if (n == 2) throw std::runtime_error{"two"};
        pause_for_ever();
      },
      {.max_concurrency = 4, .stop_on_error = true}, done.handler());
  context.run();
  BOOST_TEST(!done.ec);
  auto const is = done.endings();
  BOOST_REQUIRE(is.size() == 9U);
  for (std::size_t i = 0; i != 9; ++i)
    BOOST_CHECK(is[i] == ending::threw || is[i] == ending::cancelled ||
                is[i] == ending::not_started);
  BOOST_CHECK(is[0] == ending::cancelled);
  BOOST_CHECK(is[2] == ending::threw);
  BOOST_CHECK(is[8] == ending::not_started);
}

BOOST_FIXTURE_TEST_CASE(does_not_stop_for_an_exit_with_0, nothing_left) {
  asio::io_context context;
  remembered<void> done;
  async_map(
      context, numbers(3), [](int n) { ::_exit(n == 1 ? 1 : 0); },
      {.max_concurrency = 1, .stop_on_error = true}, done.handler());
  context.run();
  BOOST_CHECK((done.endings() == std::vector{ending::exited, ending::exited, ending::not_started}));
}

struct type_and_signal {
  cancellation_type type;
  int signal;
};
std::ostream& operator<<(std::ostream& os, const type_and_signal& what) {
  return os << isolatte::signal_name(what.signal);
}

BOOST_DATA_TEST_CASE_F(nothing_left, kills_what_runs_when_cancelled,
                       boost::unit_test::data::make(std::vector<type_and_signal>{
                           {cancellation_type::terminal, SIGKILL},
                           {cancellation_type::partial, SIGTERM},
                           {cancellation_type::total, SIGINT}}),
                       what) {
  asio::io_context context;
  asio::cancellation_signal cancel;
  remembered<int> done;
  gate running;
  async_map(
      context, numbers(5),
      [&](int) -> int {
        running.open();
        pause_for_ever();
      },
      {.max_concurrency = 2, .child = {.grace = std::chrono::hours{1}, .keep = running.ends()}},
      asio::bind_cancellation_slot(cancel.slot(), done.handler()));
  asio::posix::stream_descriptor at{context, ::dup(running.descriptor())};
  int seen = 0;
  std::function<void(error_code)> const on_running = [&](error_code) {
    running.pass();
    if (++seen == 2)
      cancel.emit(what.type);
    else
      at.async_wait(asio::posix::descriptor_base::wait_read, on_running);
  };
  at.async_wait(asio::posix::descriptor_base::wait_read, on_running);
  context.run();
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(done.ec == asio::error::operation_aborted);
  BOOST_CHECK(
      (done.endings() == std::vector{ending::cancelled, ending::cancelled, ending::not_started,
                                     ending::not_started, ending::not_started}));
  for (int i = 0; i != 2; ++i)
    BOOST_CHECK(done.all[static_cast<std::size_t>(i)].signal() == what.signal);
}

BOOST_FIXTURE_TEST_CASE(kills_what_runs_when_its_context_goes, nothing_left) {
  auto const held = std::make_shared<int>();
  {
    asio::io_context context;
    gate running;
    async_map(
        context, numbers(5),
        [held, &running](int) -> int {
          running.open();
          pause_for_ever();
        },
        {.max_concurrency = 2,
         .on_progress = [held](std::size_t, std::size_t) {},
         .child = {.keep = running.ends()}},
        [held](error_code, std::vector<outcome<int>>) {
          BOOST_ERROR("the handler is not to be called");
        });
    while (isolatte::test::children().size() != 2) context.poll_one();
    running.pass();
    running.pass();
  }
  BOOST_TEST(held.use_count() == 1);
}

// Refusals of the system

BOOST_FIXTURE_TEST_CASE(completes_with_what_is_wrong_with_the_options, nothing_left) {
  asio::io_context context;
  remembered<int> done;
  async_map(context, numbers(3), square, {.child = {.in = isolatte::from_file{"/does/not/exist"}}},
            done.handler());
  context.run();
  BOOST_TEST(done.ec == boost::system::errc::no_such_file_or_directory);
  BOOST_TEST(done.all.size() == 3U);
  for (auto const& one : done.all) {
    BOOST_CHECK(one.how() == ending::not_started);
    BOOST_CHECK_THROW(one.value(), boost::system::system_error);
  }
}

BOOST_FIXTURE_TEST_CASE(makes_do_with_few_descriptors, nothing_left) {
  BOOST_TEST(isolatte::test::in_bare_process([] {
               asio::io_context context;
               remembered<int> done;
               // Opens the descriptors that stay open.
               async_map(context, numbers(1), square, {}, done.handler());
               context.run();
               context.restart();
               // There is room for a few children, each of which needs some descriptors.
               int const next = ::dup(0);
               rlimit few{};
               ::getrlimit(RLIMIT_NOFILE, &few);
               few.rlim_cur = static_cast<rlim_t>(next) + 20;
               ::setrlimit(RLIMIT_NOFILE, &few);
               std::size_t most = 0;
               async_map(context, numbers(100), square,
                         {.max_concurrency = 50,
                          .on_progress =
                              [&](std::size_t, std::size_t) {
                                most = std::max(most, isolatte::test::children().size());
                              }},
                         done.handler());
               context.run();
               std::ostringstream text;
               text << done.ec.message() << ' ' << done.all.size();
               for (int n = 0; n != 100; ++n)
                 if (done.all[static_cast<std::size_t>(n)].value_or(-1) != n * n)
                   text << " not " << n;
               if (most > 20) text << " most " << most;
               return text.str();
             }) == "Success 100");
}

// Executors, threads, memory

BOOST_FIXTURE_TEST_CASE(runs_what_is_the_users_where_it_belongs, nothing_left) {
  asio::io_context context;
  isolatte::test::marked_executor const own{context};
  isolatte::test::marked_executor const handlers{context};
  int lines = 0;
  int told = 0;
  int calls = 0;
  async_map(
      asio::any_io_executor{own}, numbers(3), [](int) { return ::write(1, "x\n", 2); },
      {.on_progress = [&](std::size_t, std::size_t) { told += own.running(); },
       .child = {.out = isolatte::by_line{[&](std::string_view) { lines += own.running(); }}}},
      asio::bind_executor(handlers, [&](error_code, std::vector<outcome<ssize_t>>) {
        calls += handlers.running();
      }));
  context.run();
  BOOST_TEST(lines == 3);
  BOOST_TEST(told == 3);
  BOOST_TEST(calls == 1);
}

BOOST_FIXTURE_TEST_CASE(keeps_the_handlers_context_going, nothing_left) {
  asio::io_context mine;
  asio::thread_pool others{2};
  remembered<int> done;
  async_map(others, numbers(5), square, {}, asio::bind_executor(mine, done.handler()));
  mine.run();
  BOOST_TEST(done.calls == 1);
  others.join();
}

struct tally {
  std::size_t live = 0;
  std::size_t ever = 0;
};

template <class T>
struct counting_allocator {
  using value_type = T;
  tally* count;

  explicit counting_allocator(tally& to) noexcept : count{&to} {}
  template <class U>
  counting_allocator(const counting_allocator<U>& other) noexcept : count{other.count} {}
  T* allocate(std::size_t n) {
    count->live += n;
    ++count->ever;
    return std::allocator<T>{}.allocate(n);
  }
  void deallocate(T* at, std::size_t n) noexcept {
    count->live -= n;
    std::allocator<T>{}.deallocate(at, n);
  }
  template <class U>
  bool operator==(const counting_allocator<U>& other) const noexcept {
    return count == other.count;
  }
};

/// An element whose copies are counted.
struct counted {
  std::shared_ptr<int> share;
  int n = 0;
};

BOOST_FIXTURE_TEST_CASE(holds_nothing_any_more_when_it_calls_the_handler, nothing_left) {
  for (bool const stops : {false, true}) {
    asio::io_context context;
    asio::cancellation_signal cancel;
    tally memory;
    auto const share = std::make_shared<int>();
    int calls = 0;
    std::vector<counted> elements(4, counted{share, 1});
    async_map(
        context, std::move(elements),
        [share, stops](counted& one) {
          if (stops) throw 1;
          return one.n;
        },
        {.max_concurrency = 2,
         .stop_on_error = stops,
         .on_progress = [share](std::size_t, std::size_t) {},
         .child = {.out = isolatte::by_line{[share](std::string_view) {}}}},
        asio::bind_cancellation_slot(
            cancel.slot(), asio::bind_allocator(counting_allocator<char>{memory},
                                                [&](error_code, std::vector<outcome<int>> all) {
                                                  ++calls;
                                                  BOOST_TEST(share.use_count() == 1);
                                                  BOOST_TEST(memory.live == 0U);
                                                  BOOST_TEST(all.size() == 4U);
                                                  BOOST_TEST(isolatte::test::children().empty());
                                                })));
    BOOST_TEST(memory.ever > 0U);
    BOOST_TEST(memory.live > 0U);
    context.run();
    BOOST_TEST(calls == 1);
  }
}

BOOST_FIXTURE_TEST_CASE(runs_on_many_threads, nothing_left) {
  asio::thread_pool pool{3};
  std::atomic<int> right = 0;
  std::atomic<int> inside = 0;
  std::atomic<int> wrong = 0;
  constexpr int maps = 6;
  // The children allocate nothing, because ThreadSanitizer's locks do not survive a fork.
  for (int i = 0; i != maps; ++i) {
    auto const told = std::make_shared<int>();
    async_map(
        pool, numbers(40), [i](int n) { return n * i; },
        {.max_concurrency = 4,
         .on_progress =
             [&, told](std::size_t done, std::size_t total) {
               // Calls must not overlap, and have to come in order.
               wrong += static_cast<int>(done) != ++*told || total != 40;
               ++inside;
             }},
        [&, i](error_code ec, std::vector<outcome<int>> all) {
          bool good = !ec && all.size() == 40;
          for (std::size_t n = 0; n != all.size(); ++n)
            good = good && all[n].value() == static_cast<int>(n) * i;
          right += good;
        });
  }
  pool.join();
  BOOST_TEST(right == maps);
  BOOST_TEST(inside == maps * 40);
  BOOST_TEST(wrong == 0);
}

BOOST_FIXTURE_TEST_CASE(is_cancelled_from_another_thread_at_any_moment, nothing_left) {
  asio::thread_pool pool{3};
  std::atomic<int> right = 0;
  struct shared {
    explicit shared(asio::any_io_executor ex) : strand{std::move(ex)} {}
    asio::strand<asio::any_io_executor> strand;
    asio::cancellation_signal stop;
    int told = 0;
  };
  constexpr int maps = 30;
  for (int i = 0; i != maps; ++i) {
    auto const state = std::make_shared<shared>(pool.get_executor());
    asio::post(state->strand, [&, state, i] {
      async_map(pool, numbers(10), square,
                {.max_concurrency = 2,
                 .on_progress =
                     [state, i](std::size_t done, std::size_t) {
                       if (static_cast<int>(done) == i % 10)
                         asio::post(state->strand,
                                    [state] { state->stop.emit(cancellation_type::terminal); });
                     }},
                asio::bind_cancellation_slot(
                    state->stop.slot(),
                    asio::bind_executor(
                        state->strand, [&, state](error_code ec, std::vector<outcome<int>> all) {
                          bool good = all.size() == 10;
                          bool whole = true;
                          for (std::size_t n = 0; n != all.size(); ++n) {
                            whole = whole && all[n];
                            if (all[n])
                              good = good && all[n].value() == static_cast<int>(n * n);
                            else
                              good = good && (all[n].how() == ending::cancelled ||
                                              all[n].how() == ending::not_started);
                          }
                          right += good && (whole || ec == asio::error::operation_aborted);
                        })));
    });
  }
  pool.join();
  BOOST_TEST(right == maps);
}

/// Notes whether two threads are in it at once: each waits a moment for another one.
class narrow_door {
 public:
  void enter() {
    std::unique_lock lock{mutex_};
    if (++inside_ > 1) crowded_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, std::chrono::milliseconds{20}, [&] { return crowded_; });
    --inside_;
    ++passed_;
  }
  bool crowded() const { return crowded_; }
  int passed() const { return passed_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;
  int passed_ = 0;
  bool crowded_ = false;
};

BOOST_FIXTURE_TEST_CASE(lines_of_several_children_come_one_at_a_time, nothing_left) {
  asio::thread_pool pool{3};
  narrow_door door;
  options child;
  child.out = isolatte::by_line{[&](std::string_view) { door.enter(); }};
  child.err = child.out;
  auto const talk = [](int) {
    std::cout << "one\ntwo\n" << std::flush;
    std::cerr << "three\nfour\n";
  };
  auto results = async_map(pool, std::vector<int>(6), talk, {.max_concurrency = 3, .child = child},
                           asio::use_future);
  for (auto const& each : results.get()) BOOST_TEST(each.success());
  pool.join();
  BOOST_TEST(!door.crowded());
  BOOST_TEST(door.passed() == 24);
}

BOOST_FIXTURE_TEST_CASE(a_line_callback_may_wait_for_another_operation, nothing_left) {
  asio::thread_pool pool{2};
  std::atomic<int> sum = 0;
  options child;
  child.out = isolatte::by_line{[&](std::string_view) {
    sum += isolatte::async_fork(pool, [] { return 1; }, {}, asio::use_future).get().value();
  }};
  auto const talk = [](int) { std::cout << "one\ntwo\n"; };
  async_map(pool, std::vector<int>(4), talk, {.max_concurrency = 2, .child = child},
            asio::use_future)
      .get();
  pool.join();
  BOOST_TEST(sum == 8);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace map_test
