// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "support/small_stack.hpp"
#include "travellers.hpp"

#include <isolatte.hpp>

#include <boost/asio/error.hpp>
#include <boost/blank.hpp>
#include <boost/system/error_category.hpp>
#include <boost/test/unit_test.hpp>
#include <boost/variant/recursive_variant.hpp>
#include <boost/variant2/variant.hpp>

#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <fstream>
#include <functional>
#include <future>
#include <limits>
#include <list>
#include <memory_resource>
#include <mutex>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace serialization_test {

using namespace travellers;
using isolatte::is_transportable_v;
using isolatte::detail::byte_buffer;
using isolatte::detail::codec;

template <class T>
T sent(const T& value) {
  codec<T>::prepare();
  byte_buffer out;
  codec<T>::encode(out, value);
  return codec<T>::decode(out.bytes());
}

template <class T>
std::size_t size_of_frame(const T& value) {
  byte_buffer out;
  codec<T>::encode(out, value);
  return out.size();
}

/// Checks a type as the result, and as a part of other results.
template <class T>
void check(const T& value) {
  BOOST_TEST((sent(value) == value));
  std::vector<T> values;
  values.push_back(sent(value));
  values.push_back(sent(value));
  BOOST_TEST((sent(values) == values));
  std::optional<T> maybe{sent(value)};
  BOOST_TEST((sent(maybe) == maybe));
}

template <class T>
void check_limits() {
  check(std::numeric_limits<T>::lowest());
  check(std::numeric_limits<T>::max());
  check(T(1));
}

// A type of std::chrono::duration's that is not plain.
struct fraction {
  int up = 0;
  int down = 1;
  constexpr fraction() = default;
  constexpr fraction(int u) : up(u) {}
  bool operator==(const fraction&) const = default;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & up & down;
  }
};

class strange_category : public std::error_category {
 public:
  const char* name() const noexcept override { return "strange"; }
  std::string message(int value) const override { return "strange " + std::to_string(value); }
};

class known_category : public std::error_category {
 public:
  const char* name() const noexcept override { return "known"; }
  std::string message(int) const override { return "known"; }
  static const known_category& instance() {
    static known_category const category;
    return category;
  }
};

class boost_category : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "odd"; }
  std::string message(int value) const override { return "odd " + std::to_string(value); }
};

// Types that are not transportable, and types that only look so.

struct mute {
  int value;
};
struct has_private_serialize {
 private:
  friend class boost::serialization::access;
  template <class Ar>
  void serialize(Ar&, unsigned) {}
};
struct has_function {
  int value = 0;
};
template <class Ar>
void serialize(Ar& ar, has_function& h, const unsigned) {
  ar & h.value;
}
template <class T>
struct box {
  T value{};
};
template <class Ar, class T>
void serialize(Ar& ar, box<T>& b, const unsigned) {
  ar & b.value;
}
struct has_function_in_boost {
  int value = 0;
};
struct has_not_to_be_serialised {
  template <class Ar>
  void serialize(Ar&, unsigned) {}
};
union either {
  int a;
  float b;
};
struct derived_from_record : record {};

/// Has nothing to serialise, and does not say so.
struct greeter {
  virtual ~greeter() = default;
  virtual std::string greet() const = 0;
};
class polite : public greeter {
 public:
  explicit polite(std::string name = {}) : name_{std::move(name)} {}
  std::string greet() const override { return "hello, " + name_; }

  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & name_;
  }

 private:
  std::string name_;
};

/// Has no virtual functions.
struct capital : town {
  int inhabitants = 0;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar& boost::serialization::base_object<town>(*this) & inhabitants;
  }
};

/// An order with a state.
struct by_distance {
  int origin = 0;
  bool operator()(int a, int b) const { return std::abs(a - origin) < std::abs(b - origin); }
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & origin;
  }
};
struct salted_hash {
  int salt = 0;
  std::size_t operator()(int value) const { return static_cast<std::size_t>(value ^ salt); }
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & salt;
  }
};

/// Maps within maps, with an object in each that can be pointed to.
struct atlas {
  town place;
  std::map<int, atlas> pages;
  town* home = nullptr;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & place & pages & home;
  }
};

/// A class that is no less bitwise because its author has written its copy constructor.
struct counted {
  counted() = default;
  explicit counted(int n) : number{n} {}
  counted(const counted& other) : number{other.number} {}
  counted& operator=(const counted& other) = default;
  bool operator==(const counted&) const = default;
  int number = 0;
};
/// Two classes that only claim to be bitwise.
struct owning {
  ~owning() { delete number; }
  int* number = nullptr;
};
struct speaking {
  speaking() = default;
  speaking(const speaking&) {}
  virtual void speak() {}
};

/// Sets within sets, with an object in each that can be pointed to.
struct matryoshka {
  town place;
  std::set<matryoshka> inner;
  bool operator<(const matryoshka& other) const { return inner.size() < other.inner.size(); }
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & place & inner;
  }
};

}  // namespace serialization_test

namespace boost::serialization {
template <class Ar>
void serialize(Ar& ar, serialization_test::has_function_in_boost& h, const unsigned) {
  ar & h.value;
}
}  // namespace boost::serialization
BOOST_CLASS_IMPLEMENTATION(serialization_test::has_not_to_be_serialised, not_serializable)
BOOST_IS_BITWISE_SERIALIZABLE(serialization_test::either)
BOOST_IS_BITWISE_SERIALIZABLE(serialization_test::counted)
BOOST_IS_BITWISE_SERIALIZABLE(serialization_test::owning)
BOOST_IS_BITWISE_SERIALIZABLE(serialization_test::speaking)
BOOST_CLASS_EXPORT(serialization_test::polite)

BOOST_AUTO_TEST_SUITE(serialization)

using namespace serialization_test;

BOOST_AUTO_TEST_CASE(numbers) {
  check(true);
  check(false);
  check('x');
  check(u8'x');
  check(U'\x1f600');
  check(L'x');
  check_limits<short>();
  check_limits<long long>();
  check_limits<unsigned long>();
  check_limits<float>();
  check_limits<double>();
  check_limits<long double>();
  BOOST_TEST(std::isnan(sent(std::numeric_limits<double>::quiet_NaN())));
#ifdef __SIZEOF_INT128__
  __extension__ using int128 = __int128;
  check(int128{1} << 100);
#endif
  check(colour::blue);
  check(huge::most);
  check(huge::least);
  check(yes_or_no::yes);
  check(std::byte{7});
  check(std::complex<float>(1, 2));
  check(nullptr);
  check(std::monostate());
}

BOOST_AUTO_TEST_CASE(plain_values_are_their_bytes) {
  BOOST_TEST(size_of_frame(7) == sizeof(int));
  BOOST_TEST(size_of_frame(true) == 1u);
  BOOST_TEST(size_of_frame(pixel{1, 2, 3}) == 3u);
  BOOST_TEST(size_of_frame(std::array<double, 3>{}) == 24u);
  BOOST_TEST(size_of_frame(std::vector<double>(1000)) == 8000u);
  BOOST_TEST(size_of_frame(std::vector<pixel>(1000)) == 3000u);
  BOOST_TEST(size_of_frame(std::vector<std::chrono::seconds>(10)) == 80u);
  BOOST_TEST(size_of_frame(std::string(100, 'x')) == 100u);
  BOOST_TEST(size_of_frame(std::vector<std::vector<pixel>>{std::vector<pixel>(1000)}) < 3010u);
  check(pixel{1, 2, 3});
  either e;
  e.a = 5;
  BOOST_TEST(sent(e).a == 5);
}

BOOST_AUTO_TEST_CASE(strings) {
  check(std::string());
  check(std::string("with\0zero", 9));
  check(std::string(100'000, 'x'));
  check(std::wstring(L"wide"));
  check(std::u8string(u8"\u00e4"));
  check(std::u16string(u"\u00e4"));
  check(std::u32string(U"\u00e4"));
  check(std::pmr::string("pmr"));
  check(std::filesystem::path("/tmp/a file"));
  check(std::filesystem::path());
}

BOOST_AUTO_TEST_CASE(vectors) {
  check(std::vector<int>());
  check(std::vector<int>{1, 2, 3});
  check(std::vector<std::string>{"", "a", std::string(1000, 'b')});
  check(std::vector<bool>());
  check(std::vector<bool>{true, false, true, true, true, false, true, false, true});
  check(std::vector<bool>(1000, true));
  check(std::vector<std::vector<bool>>{{true}, {}});
  check(std::vector<ticket>{ticket(1), ticket(2)});
  check(std::vector<nothing>(5));
  check(std::pmr::vector<int>{1, 2, 3});
  std::vector<double> large(1'000'000);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<double>(i);
  check(large);
  std::vector<parcel> parcels;
  parcels.emplace_back("a");
  parcels.emplace_back();
  BOOST_TEST((sent(parcels) == parcels));
}

BOOST_AUTO_TEST_CASE(unaligned_vectors) {
  // Whatever comes before it in the frame.
  for (std::size_t shift = 0; shift < 9; ++shift) {
    std::pair<std::string, std::vector<double>> const value{std::string(shift, 'x'), {1, 2, 3}};
    BOOST_TEST((sent(value) == value));
    std::vector<std::byte> frame(shift + 16);
    byte_buffer out;
    codec<std::vector<double>>::encode(out, {4, 5});
    std::copy_n(out.data(), out.size(), frame.data() + shift);
    BOOST_TEST((codec<std::vector<double>>::decode(std::span(frame).subspan(shift)) ==
                std::vector<double>{4, 5}));
  }
}

BOOST_AUTO_TEST_CASE(sequences) {
  check(std::deque<std::string>{"a", "b"});
  check(std::deque<ticket>{ticket(1), ticket(2)});
  check(std::list<int>{1, 2, 3});
  check(std::list<ticket>{ticket(1)});
  check(std::forward_list<int>{1, 2, 3});
  check(std::forward_list<int>());
  check(std::forward_list<ticket>{ticket(1), ticket(2)});
  check(std::array<std::string, 2>{"a", "b"});
  check(std::array<int, 0>());
  check(std::array<ticket, 2>{ticket(1), ticket(2)});
  check(std::array<bool, 2>{true, false});
  check(std::array<std::array<int, 2>, 2>{{{1, 2}, {3, 4}}});
  check(std::bitset<0>());
  check(std::bitset<64>(0x123456789abcdef0));
  check(std::bitset<65>(3));
  auto const numbers = sent(std::valarray<int>{1, 2, 3});
  BOOST_TEST(numbers.sum() == 6);
  auto const texts = sent(std::valarray<std::string>{"a", "b"});
  BOOST_TEST(texts[1] == "b");
  BOOST_TEST(sent(std::valarray<int>()).size() == 0u);
}

BOOST_AUTO_TEST_CASE(sets_and_maps) {
  check(std::set<int>{3, 1, 2});
  check(std::set<ticket>{ticket(2), ticket(1)});
  check(std::set<int, std::greater<>>{1, 2, 3});
  check(std::multiset<std::string>{"a", "a", "b"});
  check(std::map<int, std::string>{{1, "a"}, {2, "b"}});
  check(std::map<ticket, ticket>{{ticket(1), ticket(2)}});
  check(std::map<std::string, std::map<std::string, int>>{{"a", {{"b", 1}}}, {"c", {}}});
  check(std::multimap<int, int>{{1, 2}, {1, 1}, {0, 0}});
  check(std::unordered_set<std::string>{"a", "b", "c"});
  check(std::unordered_set<ticket>{ticket(1), ticket(2)});
  check(std::unordered_multiset<int>{1, 1, 2, 2, 3});
  check(std::unordered_map<std::string, std::vector<int>>{{"a", {1}}, {"b", {}}});
  check(std::unordered_map<int, ticket>{{1, ticket(1)}});
  check(std::unordered_multimap<int, std::string>{{1, "a"}, {1, "b"}});

  std::map<int, parcel> parcels;
  parcels.emplace(1, parcel("a"));
  BOOST_TEST((sent(parcels) == parcels));
  std::unordered_map<int, int> many;
  for (int i = 0; i < 100'000; ++i) many.emplace(i * 64, i);
  BOOST_TEST((sent(many) == many));
  // The old content is gone.
  std::map<int, int> target{{7, 7}};
  byte_buffer out;
  isolatte::detail::output_archive save(out);
  save << std::map<int, int>{{1, 1}};
  save.finish();
  isolatte::detail::input_archive load(out.bytes());
  load >> target;
  BOOST_TEST((target == std::map<int, int>{{1, 1}}));
}

BOOST_AUTO_TEST_CASE(adaptors) {
  check(std::stack<int>({1, 2, 3}));
  check(std::stack<std::string, std::vector<std::string>>({"a", "b"}));
  check(std::queue<ticket>({ticket(1), ticket(2)}));
  auto queue = sent(some_queue());
  std::string sorted;
  for (; !queue.empty(); queue.pop()) sorted += queue.top();
  BOOST_TEST(sorted == "abcd");
}

BOOST_AUTO_TEST_CASE(several_parts) {
  check(std::pair<int, std::string>{1, "a"});
  check(std::pair<const int, ticket>{1, ticket(2)}.second);
  BOOST_TEST(sent(std::pair<const int, ticket>{1, ticket(2)}).second.number() == 2);
  check(std::tuple<>());
  check(std::tuple<int, std::string, std::optional<bool>>{1, "a", true});
  check(std::tuple<ticket, int>{ticket(1), 2});
  BOOST_TEST((sent(std::tuple<parcel, ticket>{parcel("a"), ticket(3)}) ==
              std::tuple<parcel, ticket>{parcel("a"), ticket(3)}));
}

BOOST_AUTO_TEST_CASE(one_of_several_parts) {
  check(std::optional<int>());
  check(std::optional<std::string>("a"));
  check(std::optional<ticket>(ticket(1)));
  check(std::optional<std::optional<bool>>(std::optional<bool>()));
  BOOST_TEST((sent(std::optional<parcel>(parcel("a"))) == std::optional<parcel>(parcel("a"))));

  using variant = std::variant<std::monostate, int, std::string, ticket, int>;
  check(variant());
  check(variant(std::in_place_index<1>, 7));
  check(variant(std::in_place_index<4>, 7));
  check(variant("text"));
  check(variant(ticket(5)));
  using no_default = std::variant<ticket, std::string>;
  check(no_default(ticket(1)));
  check(no_default("text"));

  std::variant<int, std::unique_ptr<int>> v = 5;
  BOOST_TEST(std::get<0>(sent(v)) == 5);
  check(boost::optional<std::string>("a"));
  check(boost::optional<std::string>());
  BOOST_TEST((sent(boost::optional<ticket>(ticket(1))) == ticket(1)));
  check(boost::variant<int, std::string>("text"));
  check(boost::variant<std::string, ticket>(ticket(1)));
  check(boost::variant2::variant<int, std::string>("text"));
  check(boost::variant2::variant<ticket, std::string>(ticket(1)));
  check(boost::variant2::variant<boost::variant2::monostate, int>());
  check(boost::variant<boost::blank, int>());
  using nested = boost::make_recursive_variant<int, std::vector<boost::recursive_variant_>>::type;
  check(nested(std::vector<nested>{nested(1), nested(std::vector<nested>{nested(2)})}));

#ifdef __cpp_lib_expected
  check(std::expected<int, std::string>(5));
  check(std::expected<int, std::string>(std::unexpect, "a"));
  check(std::expected<void, std::string>());
  check(std::expected<ticket, ticket>(std::unexpect, ticket(1)));
#endif
}

BOOST_AUTO_TEST_CASE(pointers) {
  BOOST_TEST(*sent(std::make_unique<int>(5)) == 5);
  BOOST_TEST(!sent(std::unique_ptr<int>()));
  BOOST_TEST(*sent(std::make_unique<const std::string>("a")) == "a");
  BOOST_TEST(sent(std::make_unique<ticket>(5))->number() == 5);
  BOOST_TEST((*sent(std::make_unique<pixel>()) == pixel{}));
  BOOST_TEST((*sent(std::make_unique<std::optional<int>>(3)) == std::optional<int>(3)));
  BOOST_TEST(std::get<0>(*sent(std::make_unique<std::tuple<ticket>>(ticket(4)))).number() == 4);
}

BOOST_AUTO_TEST_CASE(shared_pointers) {
  auto const text = std::make_shared<std::string>("a");
  std::vector<std::shared_ptr<std::string>> const texts{text, nullptr, text};
  auto const copy = sent(texts);
  BOOST_TEST(copy.at(0) == copy.at(2));
  BOOST_TEST(!copy.at(1));
  BOOST_TEST(copy.at(0).use_count() == 2);

  std::vector<std::shared_ptr<std::string>> many;
  for (int i = 0; i != 100; ++i) many.push_back(std::make_shared<std::string>(std::to_string(i)));
  std::vector<std::shared_ptr<std::string>> const again(many.rbegin(), many.rend());
  many.insert(many.end(), again.begin(), again.end());
  auto const copies = sent(many);
  for (std::size_t i = 0; i != 100; ++i) {
    BOOST_TEST(*copies.at(i) == std::to_string(i));
    BOOST_TEST(copies.at(i) == copies.at(199 - i));
  }

  // The program's own copy and the base class's are the same object, too.
  auto const p = std::make_shared<polygon>(6);
  std::pair<std::shared_ptr<shape>, std::shared_ptr<const polygon>> const shapes{p, p};
  auto const both = sent(shapes);
  BOOST_TEST(both.first->corners() == 6);
  BOOST_TEST(static_cast<const shape*>(both.second.get()) == both.first.get());
  BOOST_TEST(both.first.use_count() == 2);

  std::pair<std::weak_ptr<int>, std::shared_ptr<int>> weak;
  weak.second = std::make_shared<int>(5);
  weak.first = weak.second;
  auto const weak_copy = sent(weak);
  BOOST_TEST((weak_copy.first.lock() == weak_copy.second));
  BOOST_TEST(sent(std::weak_ptr<int>(weak.second)).expired());
  BOOST_TEST(sent(std::weak_ptr<int>()).expired());
}

BOOST_AUTO_TEST_CASE(interfaces) {
  // The interface has no serialize(): there is nothing in it.
  std::unique_ptr<greeter> const one = std::make_unique<polite>("world");
  BOOST_TEST(sent(one)->greet() == "hello, world");
  std::shared_ptr<greeter> const shared = std::make_shared<polite>("you");
  auto const copy = sent(std::vector<std::shared_ptr<greeter>>{shared, shared, nullptr});
  BOOST_TEST(copy.at(0)->greet() == "hello, you");
  BOOST_TEST(copy.at(0) == copy.at(1));
}

BOOST_AUTO_TEST_CASE(owners_of_an_object_and_of_its_base) {
  auto const whole = std::make_shared<capital>();
  whole->number = 5;
  whole->inhabitants = 7;
  std::pair<std::shared_ptr<capital>, std::shared_ptr<town>> const value{whole, whole};
  auto const copy = sent(value);
  BOOST_TEST(copy.first->inhabitants == 7);
  BOOST_TEST(copy.second.get() == copy.first.get());
  BOOST_TEST(copy.second->number == 5);
  BOOST_TEST(copy.first.use_count() == 2);
}

BOOST_AUTO_TEST_CASE(large_elements_on_a_small_stack) {
  using block = std::array<char, 300 * 1024>;
  auto const blocks = std::make_unique<std::map<int, block>>();
  (*blocks)[1][7] = 'a';
  auto const set = std::make_unique<std::set<block>>();
  set->insert((*blocks)[1]);
  auto const lists = std::make_unique<std::unordered_map<int, std::list<block>>>();
  (*lists)[1].push_back((*blocks)[1]);
  isolatte::test::on_small_stack([&] {
    BOOST_TEST((*sent(blocks) == *blocks));
    BOOST_TEST((*sent(set) == *set));
    BOOST_TEST((*sent(lists) == *lists));
  });
}

BOOST_AUTO_TEST_CASE(orders_with_a_state) {
  std::set<int, by_distance> near{{}, by_distance{10}};
  near.insert({1, 9, 14, 12});
  auto const copy = sent(near);
  BOOST_TEST(copy.key_comp().origin == 10);
  BOOST_TEST((std::vector<int>(copy.begin(), copy.end()) == std::vector<int>{9, 12, 14, 1}));

  std::priority_queue<int, std::vector<int>, by_distance> queue(by_distance{10});
  for (int i : {1, 9, 14, 12}) queue.push(i);
  BOOST_TEST(sent(queue).top() == 1);

  std::unordered_map<int, std::string, salted_hash> hashed(8, salted_hash{5});
  hashed.emplace(1, "a");
  auto const hashed_copy = sent(hashed);
  BOOST_TEST(hashed_copy.hash_function().salt == 5);
  BOOST_TEST(hashed_copy.at(1) == "a");
}

BOOST_AUTO_TEST_CASE(objects_within_many_maps) {
#ifdef ISOLATTE_PORTABLE
  constexpr int levels = 10;
#else
  constexpr int levels = 1500;
#endif
  auto const root = std::make_unique<atlas>();
  atlas* page = root.get();
  for (int i = 0; i < levels; ++i) page = &page->pages[i];
  page->place.number = 7;
  auto const copy = sent(root);
  page = copy.get();
  while (!page->pages.empty()) page = &page->pages.begin()->second;
  BOOST_TEST(page->place.number == 7);
}

BOOST_AUTO_TEST_CASE(bitwise_classes_with_a_copy_constructor) {
  check(counted{5});
  check(std::vector{counted{1}, counted{2}});
  check(std::map<int, counted>{{3, counted{4}}});
  using isolatte::is_transportable_v;
  static_assert(!is_transportable_v<owning> && !is_transportable_v<speaking>);
}

/// Returns sets within sets: every element moves, with all that it holds, when it is complete.
matryoshka nested_dolls(int levels) {
  matryoshka doll;
  for (int i = 0; i < levels; ++i) {
    matryoshka outer;
    outer.inner.insert(std::move(doll));
    doll = std::move(outer);
  }
  return doll;
}

BOOST_AUTO_TEST_CASE(objects_within_many_sets) {
#ifdef ISOLATTE_PORTABLE
  constexpr int levels = 10;
#else
  constexpr int levels = 2000;
#endif
  auto const copy = sent(nested_dolls(levels));
  int seen = 0;
  for (auto const* doll = &copy; !doll->inner.empty(); doll = &*doll->inner.begin()) ++seen;
  BOOST_TEST(seen == levels);
}

BOOST_AUTO_TEST_CASE(times) {
  check(std::chrono::nanoseconds(-5));
  check(std::chrono::duration<double, std::ratio<3600>>(1.5));
  check(std::chrono::system_clock::now());
  check(std::chrono::steady_clock::now());
  using fractions = std::chrono::duration<fraction>;
  BOOST_TEST((sent(fractions(fraction(3))).count() == fraction(3)));
}

BOOST_AUTO_TEST_CASE(whole_values) {
  check(some_record(1));
  check(tree{1, {{2, {}}, {3, {{4, {}}}}}});
  auto const c = some_containers();
  BOOST_TEST((sent(c) == c));
  odds_and_ends const odds;
  auto const copy = sent(odds);
  BOOST_TEST((copy.variant == odds.variant));
  BOOST_TEST((copy.tuple == odds.tuple));
  BOOST_TEST((copy.error == odds.error));
  BOOST_TEST((copy.condition == odds.condition));
  BOOST_TEST((copy.boost_error == odds.boost_error));
  BOOST_TEST(copy.shared_string == copy.same_string);
  BOOST_TEST((copy.wide == odds.wide));
  BOOST_TEST(copy.boost_shared == copy.boost_same);
  BOOST_TEST((copy.boost_weak.lock() == copy.boost_same));
  BOOST_TEST((copy.boost_variant == odds.boost_variant));
  BOOST_TEST((sent(ring()).items == ring().items));
  BOOST_TEST((sent(ticket(7)) == ticket(7)));
  BOOST_TEST((sent(parcel("p")) == parcel("p")));
  // Results may be raw pointers: the receiver owns them.
  town const t{4, true};
  std::unique_ptr<const town> const owner(sent(&t));
  BOOST_TEST(owner->number == 4);
}

BOOST_AUTO_TEST_SUITE(error_codes)

BOOST_AUTO_TEST_CASE(of_known_categories) {
  check(std::error_code());
  check(std::error_code(ENOENT, std::system_category()));
  check(std::make_error_code(std::errc::io_error));
  check(std::make_error_code(std::io_errc::stream));
  check(std::make_error_code(std::future_errc::broken_promise));
  check(std::make_error_condition(std::errc::io_error));
  check(boost::system::error_code());
  check(boost::system::error_code(ENOENT, boost::system::system_category()));
  check(boost::system::errc::make_error_code(boost::system::errc::io_error));
  check(boost::system::errc::make_error_condition(boost::system::errc::io_error));
  check(boost::asio::error::make_error_code(boost::asio::error::eof));
  check(boost::asio::error::make_error_code(boost::asio::error::host_not_found));
  check(boost::asio::error::make_error_code(boost::asio::error::service_not_found));
  check(boost::asio::error::make_error_code(boost::asio::error::operation_aborted));
  check(make_error_code(isolatte::error::no_child));
}

BOOST_AUTO_TEST_CASE(that_changed_sides) {
  std::error_code const std_eof = boost::asio::error::make_error_code(boost::asio::error::eof);
  BOOST_TEST((sent(std_eof) == std_eof));
  BOOST_TEST(sent(std_eof).message() == std_eof.message());
  boost::system::error_code const boost_error = std::make_error_code(std::future_errc::no_state);
  BOOST_TEST((sent(boost_error) == boost_error));
  BOOST_TEST(sent(boost_error).message() == boost_error.message());
}

BOOST_AUTO_TEST_CASE(of_registered_categories) {
  isolatte::register_error_category(known_category::instance());
  isolatte::register_error_category(known_category::instance());
  check(std::error_code(5, known_category::instance()));
  check(std::error_condition(5, known_category::instance()));
  static boost_category const category;
  isolatte::register_error_category(category);
  check(boost::system::error_code(5, category));
}

BOOST_AUTO_TEST_CASE(of_unknown_categories) {
  strange_category const category;
  auto const copy = sent(std::error_code(5, category));
  BOOST_TEST(copy.value() == 5);
  BOOST_TEST(copy.category().name() == "strange");
  BOOST_TEST(copy.message() == "strange 5");
  BOOST_TEST(copy != std::error_code(5, category));
  BOOST_TEST(copy == sent(std::error_code(5, category)));
  BOOST_TEST(sent(std::error_code(6, category)).message() == "strange 6");
  BOOST_TEST(sent(copy) == copy);
  BOOST_TEST(sent(copy).message() == "strange 5");
}

BOOST_AUTO_TEST_CASE(of_a_category_that_another_child_forges) {
  auto const honest = [](std::string text) {
    struct category : std::error_category {
      std::string text;
      const char* name() const noexcept override { return "payments"; }
      std::string message(int) const override { return text; }
    };
    static category payments;
    payments.text = std::move(text);
    return sent(std::error_code(5, payments));
  };
  auto const forged = honest("all is well");
  auto const real = honest("card declined");
  BOOST_TEST(real.message() == "card declined");
  BOOST_TEST(forged.message() == "all is well");
  BOOST_TEST(real.category().name() == "payments");
  BOOST_TEST(real == honest("card declined"));
}

BOOST_AUTO_TEST_CASE(of_more_categories_than_a_frame_may_bring) {
  struct category : std::error_category {
    std::string text;
    const char* name() const noexcept override { return text.c_str(); }
    std::string message(int) const override { return "message of " + text; }
  };
  std::vector<std::unique_ptr<category>> categories;
  std::vector<std::error_code> codes;
  for (int i = 0; i < 1000; ++i) {
    categories.push_back(std::make_unique<category>());
    categories.back()->text = "many " + std::to_string(i);
    codes.emplace_back(i, *categories.back());
  }
  auto const copies = sent(codes);
  BOOST_TEST(copies.at(0).message() == "message of many 0");
  BOOST_TEST(copies.at(999).value() == 999);
  BOOST_TEST(copies.at(999).category().name() == "isolatte.unknown");
  // The next child may bring its own.
  category other;
  other.text = "of another child";
  BOOST_TEST(sent(std::error_code(5, other)).message() == "message of of another child");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(what_can_travel) {
  static_assert(is_transportable_v<int>);
  static_assert(is_transportable_v<const int>);
  static_assert(is_transportable_v<record>);
  static_assert(is_transportable_v<parcel>);
  static_assert(is_transportable_v<has_private_serialize>);
  static_assert(is_transportable_v<has_function>);
  static_assert(is_transportable_v<box<int>>);
  static_assert(is_transportable_v<has_function_in_boost>);
  static_assert(is_transportable_v<derived_from_record>);
  static_assert(is_transportable_v<either>);
  static_assert(is_transportable_v<boost::optional<int>>);
  static_assert(is_transportable_v<std::unique_ptr<shape>>);
  static_assert(is_transportable_v<town*>);
  static_assert(is_transportable_v<const shape*>);
  static_assert(is_transportable_v<std::vector<std::pair<int, std::optional<std::string>>>>);

  static_assert(!is_transportable_v<void>);
  static_assert(!is_transportable_v<int&>);
  static_assert(!is_transportable_v<mute>);
  static_assert(!is_transportable_v<has_not_to_be_serialised>);
  static_assert(!is_transportable_v<std::vector<mute>>);
  static_assert(!is_transportable_v<std::map<int, mute>>);
  static_assert(!is_transportable_v<std::tuple<int, mute>>);
  static_assert(!is_transportable_v<std::variant<int, mute>>);
  static_assert(!is_transportable_v<std::unique_ptr<mute>>);
  static_assert(!is_transportable_v<std::shared_ptr<void>>);
  static_assert(!is_transportable_v<std::unique_ptr<int[]>>);
  static_assert(!is_transportable_v<mute*>);
  static_assert(!is_transportable_v<void*>);
  static_assert(!is_transportable_v<const char*>);
  static_assert(!is_transportable_v<town**>);
  static_assert(!is_transportable_v<void (*)()>);
  static_assert(!is_transportable_v<void()>);
  static_assert(!is_transportable_v<int mute::*>);
  static_assert(!is_transportable_v<std::string_view>);
  static_assert(!is_transportable_v<std::span<int>>);
  static_assert(!is_transportable_v<std::vector<std::string_view>>);
  static_assert(!is_transportable_v<std::thread>);
  static_assert(!is_transportable_v<std::mutex>);
  static_assert(!is_transportable_v<std::condition_variable>);
  static_assert(!is_transportable_v<std::future<int>>);
  static_assert(!is_transportable_v<std::function<void()>>);
  static_assert(!is_transportable_v<std::ofstream>);
  static_assert(!is_transportable_v<std::stringstream>);
  static_assert(!is_transportable_v<std::exception_ptr>);
  static_assert(!is_transportable_v<std::runtime_error>);
  static_assert(!is_transportable_v<std::atomic<int>>);
  static_assert(!is_transportable_v<std::reference_wrapper<int>>);
  [[maybe_unused]] auto const lambda = [i = 1] { return i; };
  static_assert(!is_transportable_v<decltype(lambda)>);
  BOOST_TEST(sent(box<std::string>{"a"}).value == "a");
  BOOST_TEST(sent(has_function_in_boost{3}).value == 3);
}

BOOST_AUTO_TEST_CASE(valueless_variants) {
  struct bomb {
    operator int() const { throw std::domain_error("boom"); }
  };
  std::variant<std::string, int> v = "a";
  BOOST_CHECK_THROW(v.emplace<1>(bomb()), std::domain_error);
  if (v.valueless_by_exception()) {
    byte_buffer out;
    BOOST_CHECK_THROW((codec<std::variant<std::string, int>>::encode(out, v)),
                      std::bad_variant_access);
  }
}

BOOST_AUTO_TEST_SUITE_END()
