// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/detail/exception/codec.hpp>
#include <isolatte/detail/exception/registry.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/exception.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <thread>
#include <typeinfo>
#include <vector>

namespace registry_test {

namespace detail = isolatte::detail;
using isolatte::remote_exception;

struct base_error : std::runtime_error {
  explicit base_error(const std::string& text, int n = 0) : std::runtime_error(text), number(n) {}
  int number;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & number;
  }
};

struct middle_error : base_error {
  using base_error::base_error;
};

struct derived_error : middle_error {
  explicit derived_error(const std::string& text) : middle_error(text, 1) {}
  std::string more{};
  template <class Archive>
  void serialize(Archive& ar, unsigned version) {
    base_error::serialize(ar, version);
    ar & more;
  }
};

struct plain_error : std::range_error {
  using std::range_error::range_error;
};
// A type of its own, since the order in which threads register decides its ordinals.
struct busy_error : std::range_error {
  using std::range_error::range_error;
};

template <class E>
const E* exception_as(const std::exception_ptr& p) {
  try {
    std::rethrow_exception(p);
  } catch (const E& e) {
    return &e;
  } catch (...) {
    return nullptr;
  }
}

template <class E>
detail::byte_buffer encode(const E& e) {
  detail::byte_buffer out;
  detail::encode_exception(out, std::make_exception_ptr(e), 1 << 20);
  return out;
}

std::exception_ptr decode(const detail::byte_buffer& bytes) {
  return detail::decode_exception(bytes.bytes());
}

template <class T>
bool is_known() {
  return detail::find_exception(typeid(T)).ops != nullptr;
}

template <class T>
using registration = detail::exception_registration<T>;

/// Registered by several macros below, from several places.
struct everywhere_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

namespace inner {
ISOLATTE_REGISTER_EXCEPTION(everywhere_error)
}
namespace {
ISOLATTE_REGISTER_EXCEPTION(registry_test::everywhere_error);
struct unnamed_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
ISOLATTE_REGISTER_EXCEPTION(unnamed_error)
}  // namespace
// clang-format off
ISOLATTE_REGISTER_EXCEPTION(everywhere_error) ISOLATTE_REGISTER_EXCEPTION(everywhere_error)
// clang-format on

}  // namespace registry_test

ISOLATTE_REGISTER_EXCEPTION(::registry_test::everywhere_error)

using namespace registry_test;

BOOST_AUTO_TEST_SUITE(exception_registry)

BOOST_AUTO_TEST_CASE(the_standard_ones_are_known) {
  BOOST_TEST(is_known<std::exception>());
  BOOST_TEST(is_known<std::runtime_error>());
  BOOST_TEST(is_known<std::future_error>());
  BOOST_TEST(detail::find_exception(typeid(std::regex_error)).standard);
  BOOST_TEST(!is_known<int>());
  BOOST_TEST(!is_known<plain_error>());
}

BOOST_AUTO_TEST_CASE(by_type_and_by_key) {
  auto const by_type = detail::find_exception(typeid(everywhere_error));
  BOOST_REQUIRE(by_type.ops);
  BOOST_TEST(!by_type.standard);
  BOOST_TEST((*by_type.ops->type == typeid(everywhere_error)));
  BOOST_TEST(detail::find_exception(by_type.key).ops == by_type.ops);
  BOOST_TEST(!detail::find_exception({by_type.key.name, by_type.key.ordinal + 1}).ops);
  BOOST_TEST(!detail::find_exception({"", 0}).ops);
  BOOST_TEST(!detail::find_exception({"no such type", 0}).ops);
  BOOST_TEST(is_known<unnamed_error>());
}

BOOST_AUTO_TEST_CASE(registration_ends) {
  BOOST_TEST(!is_known<plain_error>());
  {
    registration<plain_error> const here;
    BOOST_TEST(is_known<plain_error>());
  }
  BOOST_TEST(!is_known<plain_error>());
  registration<plain_error> const again;
  BOOST_TEST(detail::find_exception(typeid(plain_error)).key.ordinal == 0u);
}

BOOST_AUTO_TEST_CASE(one_of_two_libraries_goes) {
  // A library with hidden symbols has the same type and other functions.
  detail::exception_ops const twin = detail::exception_ops_for<plain_error>;
  std::optional<registration<plain_error>> first(std::in_place);
  detail::register_exception(twin);
  first.reset();
  BOOST_TEST(detail::find_exception(typeid(plain_error)).ops == &twin);
  BOOST_TEST(detail::find_exception(typeid(plain_error)).key.ordinal == 0u);
  detail::unregister_exception(twin);
  BOOST_TEST(!is_known<plain_error>());
}

#ifdef __GLIBCXX__
// Types of several unnamed namespaces have one name; the asterisk tells the runtime so.
struct namesake : std::type_info {
  explicit namesake(const char* name) : std::type_info(name) {}
};

BOOST_AUTO_TEST_CASE(namesakes_are_told_apart) {
  static const char one_name[] = "*namesake";
  static const char other_name[] = "*namesake";
  static namesake const one(one_name);
  static namesake const other(other_name);
  if (one == other) return;
  static detail::exception_ops const ops[] = {{&one, {}, {}, {}, {}, {}},
                                              {&other, {}, {}, {}, {}, {}}};
  for (auto const& o : ops) detail::register_exception(o);
  auto const first = detail::find_exception(one);
  auto const second = detail::find_exception(other);
  BOOST_TEST(first.ops == &ops[0]);
  BOOST_TEST(second.ops == &ops[1]);
  BOOST_TEST(first.key.name == second.key.name);
  BOOST_TEST(first.key.ordinal != second.key.ordinal);
  BOOST_TEST(detail::find_exception(first.key).ops == &ops[0]);
  BOOST_TEST(detail::find_exception(second.key).ops == &ops[1]);
  for (auto const& o : ops) detail::unregister_exception(o);
}
#endif

// ---------------------------------------------------------------------------------------------
// A type that only the child knew, for instance of a library that was loaded there.

BOOST_AUTO_TEST_CASE(unknown_here_falls_back_to_the_standard_base) {
  std::optional<registration<base_error>> in_child(std::in_place);
  auto const bytes = encode(base_error("text", 5));
  BOOST_TEST(!exception_as<remote_exception>(decode(bytes)));
  BOOST_REQUIRE(exception_as<base_error>(decode(bytes)));
  BOOST_TEST(exception_as<base_error>(decode(bytes))->number == 5);

  in_child.reset();
  auto const arrived = decode(bytes);
  BOOST_TEST(!exception_as<base_error>(arrived));
  BOOST_REQUIRE(exception_as<std::runtime_error>(arrived));
  BOOST_TEST(exception_as<std::runtime_error>(arrived)->what() == "text");
  BOOST_REQUIRE(exception_as<remote_exception>(arrived));
  BOOST_TEST(exception_as<remote_exception>(arrived)->type_name() == "registry_test::base_error");
}

BOOST_AUTO_TEST_CASE(unknown_here_falls_back_to_a_registered_base) {
  registration<base_error> const everywhere;
  std::optional<registration<derived_error>> in_child(std::in_place);
  derived_error original("text");
  original.number = 6;
  original.more = "more";
  auto const bytes = encode(original);
  BOOST_REQUIRE(exception_as<derived_error>(decode(bytes)));
  BOOST_TEST(exception_as<derived_error>(decode(bytes))->more == "more");

  in_child.reset();
  auto const arrived = decode(bytes);
  BOOST_TEST(!exception_as<derived_error>(arrived));
  BOOST_REQUIRE(exception_as<base_error>(arrived));
  BOOST_TEST(exception_as<base_error>(arrived)->number == 6);
  BOOST_TEST(exception_as<base_error>(arrived)->what() == "text");
  BOOST_TEST(exception_as<remote_exception>(arrived)->type_name() ==
             "registry_test::derived_error");
}

BOOST_AUTO_TEST_CASE(known_here_but_not_in_the_child) {
  auto const bytes = encode(base_error("text", 5));
  registration<base_error> const in_parent;
  auto const arrived = decode(bytes);
  BOOST_TEST(!exception_as<base_error>(arrived));
  BOOST_TEST(exception_as<std::runtime_error>(arrived));
  BOOST_TEST(exception_as<remote_exception>(arrived));
}

BOOST_AUTO_TEST_CASE(fallback_data_is_bounded) {
  registration<base_error> const base;
  registration<derived_error> const derived;
  derived_error original("text");
  original.more.assign(1'000'000, 'm');
  BOOST_TEST(encode(original).size() < 1'001'000u);
}

BOOST_AUTO_TEST_CASE(the_nearest_of_several) {
  registration<base_error> const base;
  registration<middle_error> const middle;
  struct local_error : derived_error {
    using derived_error::derived_error;
  };
  auto const arrived = decode(encode(local_error("text")));
  BOOST_TEST(exception_as<middle_error>(arrived));
  BOOST_TEST(exception_as<remote_exception>(arrived));
  registration<derived_error> const derived;
  BOOST_TEST(exception_as<derived_error>(decode(encode(local_error("text")))));
}

BOOST_AUTO_TEST_CASE(no_class) {
  registration<int> const here;
  auto const arrived = decode(encode(42));
  BOOST_REQUIRE(exception_as<int>(arrived));
  BOOST_TEST(*exception_as<int>(arrived) == 42);
}

// ---------------------------------------------------------------------------------------------
BOOST_AUTO_TEST_CASE(many_threads) {
  std::atomic<bool> go{false};
  std::vector<std::thread> threads;
  auto const busy = [&go](auto work) {
    return [&go, work] {
      while (!go) std::this_thread::yield();
      for (int i = 0; i < 200; ++i) work();
    };
  };
  static detail::exception_ops const twins[] = {detail::exception_ops_for<busy_error>,
                                                detail::exception_ops_for<busy_error>,
                                                detail::exception_ops_for<busy_error>};
  std::atomic<int> wrong{0};
  for (auto const& twin : twins)
    threads.emplace_back(busy([&twin] {
      detail::register_exception(twin);
      detail::unregister_exception(twin);
    }));
  for (int i = 0; i < 2; ++i)
    threads.emplace_back(busy([&wrong] {
      auto const arrived = decode(encode(busy_error("text")));
      if (!exception_as<std::range_error>(arrived)) ++wrong;
    }));
  go = true;
  for (auto& thread : threads) thread.join();
  BOOST_TEST(wrong == 0);
  BOOST_TEST(!is_known<busy_error>());
}

BOOST_AUTO_TEST_SUITE_END()
