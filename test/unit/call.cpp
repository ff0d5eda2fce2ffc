// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/call.hpp>

#include <boost/serialization/access.hpp>
#include <boost/serialization/base_object.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace call_test {

using isolatte::is_call;
using isolatte::detail::byte_buffer;
using isolatte::detail::make_remote;
using isolatte::detail::remote_call;

int add(int a, int b) { return a + b; }
int once(std::unique_ptr<int> number) { return *number; }
std::string join(const std::vector<std::string>& words) {
  std::string all;
  for (auto const& word : words) all += word;
  return all;
}

struct scale {
  int factor = 1;
  int times(int n) const { return factor * n; }
  int operator()(int n) const { return factor * n; }
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & factor;
  }
};

struct shape {
  virtual ~shape() = default;
  virtual int corners() const { return 0; }
  int constant() const { return 5; }
  template <class Archive>
  void serialize(Archive&, unsigned) {}
};
struct triangle : shape {
  int corners() const override { return 3; }
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& boost::serialization::base_object<shape>(*this);
  }
};

/// A function object that can be moved but not copied.
struct owner {
  std::unique_ptr<int> number = std::make_unique<int>(0);
  int operator()(int n) const { return *number + n; }
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & number;
  }
};

/// Counts the copies and moves of an argument.
struct counted {
  static inline int copies = 0;
  static inline int moves = 0;
  int value = 0;
  counted() = default;
  explicit counted(int v) : value{v} {}
  counted(const counted& other) : value{other.value} { ++copies; }
  counted(counted&& other) noexcept : value{other.value} { ++moves; }
  counted& operator=(const counted&) = default;
  counted& operator=(counted&&) = default;
  ~counted() = default;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & value;
  }
};

/// Sends a call through bytes and invokes it, as the other process does.
template <class Call>
decltype(auto) arrived(const Call& original) {
  byte_buffer bytes;
  original.encode(bytes);
  return Call::decode(bytes.bytes())();
}

/// Does the same through remote_call, without the type, as a fork server does.
template <class R, class Call>
R ran(const Call& original) {
  remote_call const remote = make_remote(original);
  auto const task = remote.entry(remote.arguments.bytes());
  task->receive();
  task->invoke();
  byte_buffer result;
  task->encode(result);
  return isolatte::detail::codec<R>::decode(result.bytes());
}

template <class F>
std::uintptr_t address_of(F* function) {
  return reinterpret_cast<std::uintptr_t>(function);
}

BOOST_AUTO_TEST_SUITE(call)

BOOST_AUTO_TEST_CASE(is_called_where_it_was_made) {
  BOOST_TEST(isolatte::call(add, 1, 2)() == 3);
  auto const kept = isolatte::call(&scale::times, scale{3}, 4);
  BOOST_TEST(kept() == 12);
  BOOST_TEST(kept() == 12);
  BOOST_TEST(isolatte::call(once, std::make_unique<int>(7))() == 7);
}

BOOST_AUTO_TEST_CASE(functions_of_every_kind_arrive) {
  BOOST_TEST(arrived(isolatte::call(add, 20, 22)) == 42);
  BOOST_TEST(arrived(isolatte::call(&add, 20, 22)) == 42);
  BOOST_TEST(arrived(isolatte::call([](int n) { return n + 1; }, 41)) == 42);
  BOOST_TEST(arrived(isolatte::call(std::plus<>{}, 20, 22)) == 42);
  BOOST_TEST(arrived(isolatte::call(scale{6}, 7)) == 42);
  BOOST_TEST(arrived(isolatte::call(&scale::times, scale{6}, 7)) == 42);
  BOOST_TEST(arrived(isolatte::call(&scale::factor, scale{42})) == 42);
  BOOST_TEST(arrived(isolatte::call(owner{std::make_unique<int>(40)}, 2)) == 42);
}

BOOST_AUTO_TEST_CASE(virtual_functions_are_those_of_the_object) {
  BOOST_TEST(arrived(isolatte::call(&shape::corners, triangle{})) == 3);
  BOOST_TEST(arrived(isolatte::call(&shape::corners, shape{})) == 0);
}

BOOST_AUTO_TEST_CASE(arguments_arrive) {
  BOOST_TEST(arrived(isolatte::call(join, std::vector<std::string>{"a", "", "bc"})) == "abc");
  BOOST_TEST(arrived(isolatte::call(
                 [](std::pair<int, std::string> both, bool flag) {
                   return flag ? both.second + std::to_string(both.first) : "no";
                 },
                 std::pair{1, std::string{"n"}}, true)) == "n1");
  BOOST_TEST(arrived(isolatte::call(once, std::make_unique<int>(7))) == 7);
  BOOST_TEST(arrived(isolatte::call([] { return std::string(100'000, 'x'); })).size() == 100'000U);
}

BOOST_AUTO_TEST_CASE(without_its_type_it_runs_the_same) {
  BOOST_TEST(ran<int>(isolatte::call(add, 20, 22)) == 42);
  BOOST_TEST(ran<std::string>(isolatte::call(join, std::vector<std::string>{"a", "b"})) == "ab");
  BOOST_TEST(ran<int>(isolatte::call(owner{std::make_unique<int>(1)}, 2)) == 3);
  static int runs = 0;
  remote_call const nothing = make_remote(isolatte::call([] { ++runs; }));
  auto const task = nothing.entry(nothing.arguments.bytes());
  task->receive();
  BOOST_TEST(runs == 0);
  task->invoke();
  BOOST_TEST(runs == 1);
  byte_buffer result;
  task->encode(result);
  BOOST_TEST(result.size() == 0U);
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_arguments_are_refused_before_it_is_run) {
  remote_call remote = make_remote(isolatte::call(join, std::vector<std::string>{"a", "bc"}));
  auto const whole = remote.arguments.bytes();
  for (std::size_t count = 0; count != whole.size(); ++count) {
    auto const task = remote.entry(whole.first(count));
    BOOST_CHECK_THROW(task->receive(), std::exception);
  }
}

BOOST_AUTO_TEST_CASE(the_function_to_check_is_named) {
  BOOST_TEST(make_remote(isolatte::call(add, 1, 2)).function == address_of(add));
  BOOST_TEST(make_remote(isolatte::call(&shape::constant, shape{})).function != 0U);
  // There is no address to check: a virtual function is found through the object, a data member is
  // an offset, and code without state is named by the entry.
  BOOST_TEST(make_remote(isolatte::call(&shape::corners, shape{})).function == 0U);
  BOOST_TEST(make_remote(isolatte::call(&scale::factor, scale{})).function == 0U);
  BOOST_TEST(make_remote(isolatte::call([] {})).function == 0U);
  BOOST_TEST(make_remote(isolatte::call(scale{}, 1)).function == 0U);
}

BOOST_AUTO_TEST_CASE(every_call_has_an_entry_of_its_type) {
  auto const entry = make_remote(isolatte::call(add, 1, 2)).entry;
  BOOST_TEST((make_remote(isolatte::call(add, 3, 4)).entry == entry));
  BOOST_TEST(
      (make_remote(isolatte::call([](int a, int b) { return a - b; }, 1, 2)).entry != entry));
}

BOOST_AUTO_TEST_CASE(arguments_are_moved_as_far_as_they_can) {
  counted::copies = 0;
  auto made = isolatte::call([](counted c) { return c.value; }, counted{42});
  BOOST_TEST(std::move(made)() == 42);
  BOOST_TEST(counted::copies == 0);
  counted const kept{1};
  auto const copied = isolatte::call([](const counted& c) { return c.value; }, kept);
  BOOST_TEST(counted::copies == 1);
  auto const moved = std::move(copied);
  BOOST_TEST(moved() == 1);
}

BOOST_AUTO_TEST_CASE(move_only_arguments_make_it_move_only) {
  auto mine = isolatte::call(once, std::make_unique<int>(7));
  static_assert(!std::is_copy_constructible_v<decltype(mine)>);
  static_assert(std::is_move_constructible_v<decltype(mine)>);
  static_assert(!std::is_invocable_v<const decltype(mine)&>);
  static_assert(std::is_invocable_r_v<int, decltype(mine)>);
  auto theirs = std::move(mine);
  BOOST_TEST(std::move(theirs)() == 7);
}

BOOST_AUTO_TEST_CASE(the_concept_tells_calls_from_callables) {
  auto const made = isolatte::call(add, 1, 2);
  static_assert(is_call<decltype(made)>);
  static_assert(is_call<decltype(made)&>);
  static_assert(!is_call<decltype(&add)>);
  auto const closure = [] { return 1; };
  static_assert(!is_call<decltype(closure)>);
  static_assert(std::is_same_v<std::invoke_result_t<decltype(made)>, int>);
  BOOST_TEST(made() == 3);
}

BOOST_AUTO_TEST_CASE(what_the_function_throws_is_thrown) {
  auto const made =
      isolatte::call([](int n) { return n == 0 ? throw std::range_error{"0"} : n; }, 0);
  BOOST_CHECK_THROW(made(), std::range_error);
  BOOST_CHECK_THROW(arrived(made), std::range_error);
  BOOST_CHECK_THROW(ran<int>(made), std::range_error);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace call_test
