// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "support/nothing_left.hpp"
#include "support/small_stack.hpp"

#include <isolatte.hpp>

#include <boost/asio.hpp>
#include <boost/serialization/access.hpp>
#include <boost/serialization/is_bitwise_serializable.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <new>
#include <string>
#include <utility>
#include <vector>

// Each of these values is many times as large as the stack on which the program asks for it. The
// program passes no such value by value: what the library does must need no stack either.

namespace large_values_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::test::nothing_left;
using isolatte::test::on_small_stack;

constexpr std::size_t mebibyte = 1024 * 1024;

/// Plain.
struct picture {
  std::array<char, mebibyte> bytes{};
  static picture make() { return {}; }
  void paint() { bytes.back() = 'p'; }
  bool is_painted() const { return bytes.back() == 'p'; }
};

/// Plain, without a default constructor.
struct print {
  explicit print(char ink) { bytes.back() = ink; }
  std::array<char, mebibyte> bytes{};
  static print make() { return print{'?'}; }
  void paint() { bytes.back() = 'p'; }
  bool is_painted() const { return bytes.back() == 'p'; }
};

/// Has a serialize().
struct album {
  std::array<std::string, mebibyte / sizeof(std::string)> titles{};
  static album make() { return {}; }
  void paint() { titles.back() = "p"; }
  bool is_painted() const { return titles.back() == "p"; }
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & titles;
  }
};

/// Has a serialize(), and no default constructor.
struct bound_album : album {
  explicit bound_album(int) {}
  static bound_album make() { return bound_album{1}; }
};
template <class Archive>
void load_construct_data(Archive&, bound_album* place, unsigned) {
  ::new (place) bound_album{0};
}

}  // namespace large_values_test

BOOST_IS_BITWISE_SERIALIZABLE(large_values_test::picture)
BOOST_IS_BITWISE_SERIALIZABLE(large_values_test::print)

namespace large_values_test {

/// Makes the value in the place of the result.
template <class T>
T painted() {
  T value = T::make();
  value.paint();
  return value;
}

template <class T>
int is_painted(const T& value) {
  return value.is_painted() ? 1 : 0;
}

template <class T>
void check_results() {
  on_small_stack([] {
    asio::io_context context;
    isolatte::fork_server server{context};
    isolatte::worker_pool pool{context, {.workers = 1}};
    int good = 0;
    auto const count = [&](error_code ec, const isolatte::outcome<T>& what) {
      if (!ec && what && what->is_painted()) ++good;
    };
    auto const count_all = [&](error_code ec, const std::vector<isolatte::outcome<T>>& all) {
      for (auto const& each : all) count(ec, each);
      pool.stop();
    };
    isolatte::async_fork(context, painted<T>, count);
    server.async_fork(isolatte::call(painted<T>), count);
    pool.async_run(isolatte::call(painted<T>), count);
    isolatte::async_map(pool, std::vector{1, 2}, [](int) { return painted<T>(); }, {}, count_all);
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
          count({}, co_await isolatte::async_fork(context, painted<T>, {}, asio::use_awaitable));
        },
        asio::detached);
    auto future = isolatte::async_fork(context, painted<T>, {}, asio::use_future);
    context.run();
    count({}, future.get());
    count({}, isolatte::fork(painted<T>));
    BOOST_TEST(good == 8);
  });
}

BOOST_AUTO_TEST_SUITE(large_values)

BOOST_FIXTURE_TEST_CASE(plain_results, nothing_left) { check_results<picture>(); }
BOOST_FIXTURE_TEST_CASE(plain_results_without_a_default, nothing_left) { check_results<print>(); }
BOOST_FIXTURE_TEST_CASE(results_with_a_serialize, nothing_left) { check_results<album>(); }
BOOST_FIXTURE_TEST_CASE(results_with_a_serialize_without_a_default, nothing_left) {
  check_results<bound_album>();
}

// The caller's frames have two copies of the callable: the caller's own and async_fork()'s.
BOOST_FIXTURE_TEST_CASE(callables, nothing_left) {
  struct closure {
    std::array<char, 24 * 1024> bytes{};
    int operator()() const { return bytes.back(); }
  };
  on_small_stack([] {
    asio::io_context context;
    closure large;
    large.bytes.back() = 5;
    int value = 0;
    isolatte::async_fork(context, large,
                         [&](error_code, const isolatte::outcome<int>& what) { value = *what; });
    context.run();
    BOOST_TEST(value == 5);
  });
}

BOOST_FIXTURE_TEST_CASE(outcomes_copy_and_move, nothing_left) {
  auto what = isolatte::fork(painted<picture>);
  auto const copy = what;
  BOOST_TEST(copy->is_painted());
  what->bytes.front() = 'q';
  BOOST_TEST(copy->bytes.front() != 'q');
  auto moved = std::move(what);
  BOOST_TEST(moved.has_value());
  BOOST_TEST(moved->bytes.front() == 'q');
  moved = copy;
  BOOST_TEST(moved->bytes.front() != 'q');
  auto const changed = moved.transform([](const picture& p) { return std::pair{p, 1}; });
  BOOST_TEST(changed->first.is_painted());
  BOOST_TEST(changed.pid() == moved.pid());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace large_values_test
