// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio.hpp>
#include <boost/serialization/access.hpp>
#include <boost/serialization/base_object.hpp>
#include <boost/serialization/export.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <bitset>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace values_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::fork;
using isolatte::test::nothing_left;

/// Returns a value after it went through a child.
template <class T>
T travelled(const T& value) {
  return fork([&] { return value; }).value();
}

template <class T>
void check_same(const T& value) {
  BOOST_TEST((travelled(value) == value));
}

struct point {
  int x = 0;
  double y = 0;
  std::vector<std::string> notes{};

  bool operator==(const point&) const = default;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & x & y & notes;
  }
};

/// A class without a default constructor, whose serialize() is private.
class temperature {
 public:
  explicit temperature(double kelvin) : kelvin_{kelvin} {}
  double kelvin() const { return kelvin_; }

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & kelvin_;
  }
  double kelvin_;
};

/// A class with separate save() and load(), and with a version.
struct split_up {
  int value = 0;
  template <class Archive>
  void save(Archive& ar, unsigned) const {
    int const twice = 2 * value;
    ar & twice;
  }
  template <class Archive>
  void load(Archive& ar, unsigned) {
    int twice = 0;
    ar & twice;
    value = twice / 2;
  }
  BOOST_SERIALIZATION_SPLIT_MEMBER()
};

/// A class that can be loaded and moved, but not copied.
struct only_moved {
  only_moved() = default;
  explicit only_moved(int v) : value{std::make_unique<int>(v)} {}
  std::unique_ptr<int> value;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & value;
  }
};

struct shape {
  virtual ~shape() = default;
  virtual double area() const = 0;
  template <class Archive>
  void serialize(Archive&, unsigned) {}
};

struct square : shape {
  explicit square(double s = 0) : side{s} {}
  double side;
  double area() const override { return side * side; }
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& boost::serialization::base_object<shape>(*this);
    ar & side;
  }
};

struct circle : shape {
  double radius = 1;
  double area() const override { return 3 * radius * radius; }
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& boost::serialization::base_object<shape>(*this);
    ar & radius;
  }
};

struct tree {
  int value = 0;
  std::vector<std::unique_ptr<tree>> branches{};
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & value & branches;
  }
};

enum class colour : std::uint8_t { red, green = 200 };
enum plain_enum { nil, one };

}  // namespace values_test

BOOST_SERIALIZATION_ASSUME_ABSTRACT(values_test::shape)
BOOST_CLASS_EXPORT(values_test::square)
BOOST_CLASS_EXPORT(values_test::circle)
BOOST_CLASS_VERSION(values_test::split_up, 3)

namespace boost::serialization {

template <class Archive>
void save_construct_data(Archive& ar, const values_test::temperature* t, unsigned) {
  double const kelvin = t->kelvin();
  ar << kelvin;
}

template <class Archive>
void load_construct_data(Archive& ar, values_test::temperature* t, unsigned) {
  double kelvin;
  ar >> kelvin;
  ::new (t) values_test::temperature{kelvin};
}

}  // namespace boost::serialization

namespace values_test {

struct unloadable {
  template <class Archive>
  void serialize(Archive&, unsigned) {
    if constexpr (Archive::is_loading::value) throw std::runtime_error{"no licence to load"};
  }
};

BOOST_AUTO_TEST_SUITE(values)

BOOST_FIXTURE_TEST_CASE(numbers, nothing_left) {
  check_same(0);
  check_same(std::numeric_limits<int>::min());
  check_same(std::numeric_limits<std::uint64_t>::max());
  check_same(std::numeric_limits<std::int8_t>::min());
  check_same(true);
  check_same(false);
  check_same('x');
  check_same(u'\u20ac');
  check_same(-0.25f);
  check_same(std::numeric_limits<double>::infinity());
  check_same(std::numeric_limits<long double>::denorm_min());
  check_same(std::complex<double>{1, -1});
  check_same(std::byte{255});
}

BOOST_FIXTURE_TEST_CASE(enumerations, nothing_left) {
  check_same(colour::green);
  check_same(one);
}

BOOST_FIXTURE_TEST_CASE(strings, nothing_left) {
  check_same(std::string{});
  check_same(std::string{"zero\0inside", 11});
  check_same(std::string(100'000, 'x'));
  check_same(std::wstring{L"wide"});
  check_same(std::u16string{u"sixteen"});
}

BOOST_FIXTURE_TEST_CASE(containers, nothing_left) {
  check_same(std::vector<int>{});
  check_same(std::vector<int>{1, 2, 3});
  check_same(std::vector<bool>{true, false, true});
  check_same(std::vector<std::vector<std::string>>{{"a"}, {}, {"b", "c"}});
  check_same(std::deque<double>{1.5, 2.5});
  check_same(std::list<std::string>{"x", "y"});
  check_same(std::set<int>{3, 1, 2});
  check_same(std::map<std::string, std::vector<int>>{{"a", {1}}, {"b", {}}});
  check_same(std::multimap<int, int>{{1, 1}, {1, 2}});
  check_same(std::unordered_map<int, std::string>{{1, "one"}, {2, "two"}});
  check_same(std::array<int, 3>{1, 2, 3});
  check_same(std::array<std::string, 2>{"a", "b"});
  check_same(std::bitset<70>{"1011"});
}

BOOST_FIXTURE_TEST_CASE(vocabulary, nothing_left) {
  check_same(std::optional<std::string>{});
  check_same(std::optional<std::string>{"there"});
  check_same(std::optional<std::optional<int>>{std::optional<int>{}});
  check_same(std::variant<std::monostate, int, std::string>{});
  check_same(std::variant<std::monostate, int, std::string>{"text"});
  check_same(std::tuple<int, std::string, bool>{1, "x", true});
  check_same(std::tuple<>{});
  check_same(std::pair<const int, std::string>{1, "x"});
  check_same(std::monostate{});
}

BOOST_FIXTURE_TEST_CASE(times_paths_and_codes, nothing_left) {
  check_same(std::chrono::nanoseconds{123456789});
  check_same(std::chrono::duration<double>{1.5});
  check_same(std::chrono::system_clock::now());
  check_same(std::filesystem::path{"/some/where"});
  check_same(std::make_error_code(std::errc::timed_out));
  check_same(std::error_code{});
  check_same(boost::system::error_code{5, boost::system::system_category()});
}

BOOST_FIXTURE_TEST_CASE(pointers, nothing_left) {
  BOOST_TEST(*fork([] { return std::make_unique<std::string>("owned"); }).value() == "owned");
  BOOST_TEST(!fork([] { return std::unique_ptr<int>{}; }).value());
  BOOST_TEST((*fork([] { return std::make_shared<point>(); }).value() == point{}));
  auto const shared = fork([] {
                        auto const p = std::make_shared<int>(3);
                        return std::vector<std::shared_ptr<int>>{p, p, nullptr};
                      }).value();
  BOOST_REQUIRE(shared.size() == 3U);
  BOOST_TEST((shared[0] == shared[1]));
  BOOST_TEST(*shared[0] == 3);
  BOOST_TEST(!shared[2]);
}

BOOST_FIXTURE_TEST_CASE(classes_that_say_how, nothing_left) {
  check_same(point{1, 2.5, {"a", "b"}});
  check_same(std::map<int, point>{{1, {1, 2, {"x"}}}});
  BOOST_TEST(travelled(split_up{21}).value == 21);
  BOOST_TEST(travelled(temperature{273.15}).kelvin() == 273.15);
  auto const many = travelled(std::vector<temperature>{temperature{1}, temperature{2}});
  BOOST_REQUIRE(many.size() == 2U);
  BOOST_TEST(many[1].kelvin() == 2.0);
}

BOOST_FIXTURE_TEST_CASE(classes_that_can_only_be_moved, nothing_left) {
  auto what = fork([] { return only_moved{5}; });
  only_moved const one = std::move(what).value();
  BOOST_REQUIRE(one.value);
  BOOST_TEST(*one.value == 5);

  auto const many = fork([] {
                      std::vector<std::unique_ptr<int>> v;
                      for (int i = 0; i != 3; ++i) v.push_back(std::make_unique<int>(i));
                      return v;
                    }).value();
  BOOST_REQUIRE(many.size() == 3U);
  BOOST_TEST(*many[2] == 2);
}

BOOST_FIXTURE_TEST_CASE(objects_of_derived_classes, nothing_left) {
  auto what = fork([]() -> std::unique_ptr<shape> { return std::make_unique<square>(3); });
  auto const one = std::move(what).value();
  BOOST_REQUIRE(one);
  BOOST_TEST((dynamic_cast<const square*>(one.get()) != nullptr));
  BOOST_TEST(one->area() == 9.0);

  auto const many = fork([] {
                      return std::vector<std::shared_ptr<shape>>{std::make_shared<circle>(),
                                                                 std::make_shared<square>(2)};
                    }).value();
  BOOST_REQUIRE(many.size() == 2U);
  BOOST_TEST(many[0]->area() + many[1]->area() == 7.0);

  // The caller owns the object of a raw pointer.
  std::unique_ptr<shape> const raw{fork([]() -> shape* { return new square{4}; }).value()};
  BOOST_REQUIRE(raw);
  BOOST_TEST(raw->area() == 16.0);
}

BOOST_FIXTURE_TEST_CASE(recursive_structures, nothing_left) {
  auto const root = fork([] {
                      tree t{1, {}};
                      for (int i = 2; i != 5; ++i) {
                        t.branches.push_back(std::make_unique<tree>());
                        t.branches.back()->value = i;
                      }
                      t.branches.push_back(nullptr);
                      return t;
                    }).value();
  BOOST_REQUIRE(root.branches.size() == 4U);
  BOOST_TEST(root.branches[2]->value == 4);
  BOOST_TEST(!root.branches[3]);
}

BOOST_FIXTURE_TEST_CASE(vectors_of_64_mib, nothing_left) {
  auto what = fork([] {
    std::vector<double> v(8 << 20);
    std::iota(v.begin(), v.end(), 0.5);
    return v;
  });
  BOOST_REQUIRE(what.how() == isolatte::ending::returned);
  std::vector<double> const v = std::move(what).value();
  BOOST_REQUIRE(v.size() == std::size_t{8 << 20});
  double expected = 0.5;
  BOOST_TEST(std::all_of(v.begin(), v.end(), [&](double d) { return d == expected++; }));
}

BOOST_FIXTURE_TEST_CASE(strings_of_100_mib, nothing_left) {
  constexpr std::size_t size = 100 << 20;
  auto const text = fork([] {
                      std::string made(size + 1, 'y');
                      made.back() = 'z';
                      return made;
                    }).value();
  BOOST_REQUIRE(text.size() == size + 1);
  BOOST_TEST(text.back() == 'z');
  BOOST_TEST(text.find_first_not_of('y') == size);
}

BOOST_FIXTURE_TEST_CASE(large_ones_in_an_archive, nothing_left) {
  auto const map = fork([] {
                     std::map<int, std::string> m;
                     for (int i = 0; i != 20'000; ++i) m.emplace(i, std::string(100, 'm'));
                     return m;
                   }).value();
  BOOST_TEST(map.size() == 20'000U);
  BOOST_TEST(map.at(19'999) == std::string(100, 'm'));
}

/// Sets the soft limit of this process's memory, and returns the limits that were.
rlimit limit_memory(rlim_t most) {
  rlimit before{};
  ::getrlimit(RLIMIT_AS, &before);
  rlimit const limit{most, before.rlim_max};
  ::setrlimit(RLIMIT_AS, &limit);
  return before;
}

std::string told(const isolatte::outcome_base& what) {
  std::ostringstream text;
  text << what;
  return text.str().substr(0, text.str().find(" (pid"));
}

// A result that cannot be loaded here says why, however it came: the child is not to blame.
BOOST_FIXTURE_TEST_CASE(that_cannot_be_loaded_say_why, nothing_left) {
  asio::io_context context;
  isolatte::fork_server server{context};
  isolatte::worker_pool pool{context, {.workers = 1}};
  std::vector<std::string> texts;
  auto const note = [&](error_code, const isolatte::outcome<unloadable>& what) {
    texts.push_back(told(what));
    BOOST_TEST(what.ran() == isolatte::ran::yes);
    BOOST_CHECK_THROW(static_cast<void>(what.value()), isolatte::abnormal_end);
  };
  auto const f = [] { return unloadable{}; };
  isolatte::async_fork(context, f, note);
  server.async_fork(isolatte::call(f), note);
  pool.async_run(isolatte::call(f), note);
  std::vector<int> const one{1};
  isolatte::async_map(
      context, one, [](int) { return unloadable{}; }, {},
      [&](error_code, const std::vector<isolatte::outcome<unloadable>>& all) {
        note({}, all.at(0));
      });
  isolatte::async_map(
      pool, one, [](int) { return unloadable{}; }, {},
      [&](error_code, const std::vector<isolatte::outcome<unloadable>>& all) {
        note({}, all.at(0));
        pool.stop();
      });
  context.run();
  texts.push_back(told(fork(f)));
  BOOST_TEST(texts.size() == 6u);
  for (auto const& text : texts)
    BOOST_TEST(text == "undelivered: the result could not be loaded: no licence to load");
}

// The map takes some 48 MiB, and its frame 8 MiB. Only the child has that much memory.
BOOST_AUTO_TEST_CASE(that_there_is_no_memory_for_say_so) {
  if (!isolatte::test::malloc_refuses) return;  // a sanitizer reserves more than any limit
  auto const report = isolatte::test::in_bare_process([]() -> std::string {
    std::size_t pages = 0;
    std::ifstream{"/proc/self/statm"} >> pages;
    rlim_t const most = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + 30 * 1024 * 1024;
    rlimit const before = limit_memory(most);
    auto const what = fork([&] {
      limit_memory(before.rlim_cur);
      std::map<int, int> large;
      for (int i = 0; i != 1'000'000; ++i) large.emplace_hint(large.end(), i, i);
      return large;
    });
    return told(what);
  });
  BOOST_TEST(report == "undelivered: no memory for the result");
}

BOOST_FIXTURE_TEST_CASE(outcomes_copy_and_move, nothing_left) {
  auto what = fork([] { return std::string{"value"}; });
  auto const copy = what;
  BOOST_TEST(copy.value() == "value");
  what.value() += "!";
  BOOST_TEST(what.value() == "value!");
  auto const moved = std::move(what);
  BOOST_TEST(moved.value() == "value!");
  BOOST_TEST(isolatte::outcome<std::string>{moved}.value_or("other") == "value!");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace values_test
