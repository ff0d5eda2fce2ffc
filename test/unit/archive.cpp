// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "travellers.hpp"

#include <isolatte/detail/archive/input_archive.hpp>
#include <isolatte/detail/archive/output_archive.hpp>
#include <isolatte/detail/archive/stack_guard.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <boost/archive/archive_exception.hpp>
#include <boost/archive/basic_archive.hpp>
#include <boost/serialization/array_wrapper.hpp>
#include <boost/serialization/binary_object.hpp>
#include <boost/serialization/list.hpp>
#include <boost/serialization/nvp.hpp>
#include <boost/serialization/shared_ptr.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/tracking.hpp>
#include <boost/serialization/unique_ptr.hpp>
#include <boost/serialization/version.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace archive_test {

using namespace travellers;
using isolatte::detail::buffer_limit_reached;
using isolatte::detail::byte_buffer;
using isolatte::detail::input_archive;
using isolatte::detail::malformed_frame;
using isolatte::detail::output_archive;

template <class... T>
byte_buffer saved(const T&... values) {
  byte_buffer out;
  output_archive save(out);
  (save << ... << values);
  save.finish();
  return out;
}

/// Sends one object, into another that there is already.
template <class T>
void send(const T& from, T& to) {
  auto const out = saved(from);
  input_archive load(out.bytes());
  load >> to;
  load.finish();
}

template <class T>
T sent(const T& value) {
  T result{};
  send(value, result);
  return result;
}

/// Asks for the version of Boost.Serialization, as that does itself for its containers.
struct knowing_the_library {
  unsigned at_saving = 0;
  unsigned at_loading = 0;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    auto const version = static_cast<unsigned>(ar.get_library_version());
    (Ar::is_saving::value ? at_saving : at_loading) = version;
    ar & at_saving;
  }
};

/// One of many classes of which the archive remembers whether they are tracked.
template <int N>
struct numbered {
  int number = N;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & number;
  }
};

struct versioned {
  int number = 0;
  unsigned seen = 99;
  template <class Ar>
  void serialize(Ar& ar, unsigned version) {
    seen = version;
    ar & number;
  }
};

/// Its parts are named, as XML archives ask for.
struct named {
  int number = 0;
  std::string text;
  double numbers[3] = {};
  std::uint8_t blob[4] = {};
  std::vector<double> series;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar& BOOST_SERIALIZATION_NVP(number) & BOOST_SERIALIZATION_NVP(text);
    ar& boost::serialization::make_array(numbers, 3);
    ar& boost::serialization::make_nvp("blob",
                                       boost::serialization::make_binary_object(blob, sizeof blob));
    std::size_t size = series.size();
    ar & size;
    series.resize(size);
    ar& boost::serialization::make_array(series.data(), size);
  }
};

/// A class that free functions serialise.
struct coin {
  int value = 0;
};
template <class Ar>
void save(Ar& ar, const coin& c, const unsigned) {
  ar << c.value;
}
template <class Ar>
void load(Ar& ar, coin& c, const unsigned) {
  ar >> c.value;
}
template <class Ar>
void serialize(Ar& ar, coin& c, const unsigned version) {
  boost::serialization::split_free(ar, c, version);
}

struct tracked_always {
  int value = 0;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & value;
  }
};
struct tracked_never {
  int value = 0;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & value;
  }
};

/// Has raw pointers, to itself too.
struct knot {
  int value = 0;
  knot* next = nullptr;
  tracked_never* plain = nullptr;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & value & next & plain;
  }
};

struct hidden_base {
  virtual ~hidden_base() = default;
  int value = 0;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & value;
  }
};
struct registered : hidden_base {
  std::string text;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar& boost::serialization::base_object<hidden_base>(*this) & text;
  }
};
struct unregistered : hidden_base {
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar& boost::serialization::base_object<hidden_base>(*this);
  }
};
struct registering {
  std::vector<std::unique_ptr<hidden_base>> items;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar.template register_type<registered>();
    ar & items;
  }
};

/// A base class that some classes have twice.
struct wing {
  virtual ~wing() = default;
  int length = 0;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & length;
  }
};
struct left_wing : wing {
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar& boost::serialization::base_object<wing>(*this);
  }
};
struct right_wing : wing {
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar& boost::serialization::base_object<wing>(*this);
  }
};
struct bird : left_wing, right_wing {
  bird() = default;
  bird(int left, int right) {
    left_wing::length = left;
    right_wing::length = right;
  }
  std::string name;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar& boost::serialization::base_object<left_wing>(*this);
    ar& boost::serialization::base_object<right_wing>(*this);
    ar & name;
  }
};

struct folded_wing : virtual wing {
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar& boost::serialization::base_object<wing>(*this);
  }
};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winaccessible-base"
/// One of its two bases of that type is virtual.
struct moth : folded_wing, right_wing {
  std::string name;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar& boost::serialization::base_object<folded_wing>(*this);
    ar& boost::serialization::base_object<right_wing>(*this);
    ar & name;
  }
};
#pragma GCC diagnostic pop

/// Its name has more than 128 characters, the most that Boost's own archives take.
struct
    a_wing_of_an_aircraft_whose_makers_were_so_fond_of_their_work_that_they_wrote_down_in_its_name_what_it_had_cost_them_and_who_had_paid_for_it
    : wing {
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar& boost::serialization::base_object<wing>(*this);
  }
};
using long_named_wing =
    a_wing_of_an_aircraft_whose_makers_were_so_fond_of_their_work_that_they_wrote_down_in_its_name_what_it_had_cost_them_and_who_had_paid_for_it;

/// Saves objects that end before the next one is made.
template <class Pointer>
struct passing {
  std::vector<Pointer> loaded{};

 private:
  friend class boost::serialization::access;
  template <class Ar>
  void save(Ar& ar, unsigned) const {
    for (int i = 0; i != 10; ++i) {
      Pointer const pointer(new town(i, true));
      ar << pointer;
    }
  }
  template <class Ar>
  void load(Ar& ar, unsigned) {
    loaded.resize(10);
    for (auto& pointer : loaded) ar >> pointer;
  }
  BOOST_SERIALIZATION_SPLIT_MEMBER()
};
/// Saves weak pointers, whose objects are owned for a moment only.
struct passing_weak {
  std::vector<std::shared_ptr<int>> loaded{};

 private:
  friend class boost::serialization::access;
  template <class Ar>
  void save(Ar& ar, unsigned) const {
    for (int i = 0; i != 10; ++i) {
      auto const owner = std::make_shared<int>(i);
      std::weak_ptr<int> const pointer = owner;
      ar << pointer << owner;
    }
  }
  template <class Ar>
  void load(Ar& ar, unsigned) {
    loaded.resize(10);
    for (auto& owner : loaded) {
      std::weak_ptr<int> pointer;
      ar >> pointer >> owner;
    }
  }
  BOOST_SERIALIZATION_SPLIT_MEMBER()
};

struct fragile {
  template <class Ar>
  void serialize(Ar&, unsigned) {
    throw std::domain_error("not today");
  }
};

/// Keeps an object of the archive's while it is loaded.
struct helped {
  struct helper {
    int calls = 0;
  };
  struct other_helper {
    std::string text = "untouched";
  };
  int first = 0;
  std::string second;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    first = ++ar.template get_helper<helper>().calls;
    second = ar.template get_helper<other_helper>().text;
  }
};

/// Has parts elsewhere, which do not move with it.
struct street {
  town corner;
  std::vector<town> houses;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & corner & houses;
  }
};

/// Loads its elements somewhere else first, and says so as Boost asks for.
template <class Element>
struct moving {
  std::list<Element> elements{};
  std::vector<town*> pointers{};

 private:
  friend class boost::serialization::access;
  template <class Ar>
  void save(Ar& ar, unsigned) const {
    boost::serialization::collection_size_type const count(elements.size());
    ar << count;
    for (auto const& each : elements) ar << each;
    ar << pointers;
  }
  template <class Ar>
  void load(Ar& ar, unsigned) {
    boost::serialization::collection_size_type count;
    ar >> count;
    while (count-- > 0) {
      Element each;
      ar >> each;
      elements.push_back(std::move(each));
      ar.reset_object_address(&elements.back(), &each);
    }
    ar >> pointers;
  }
  BOOST_SERIALIZATION_SPLIT_MEMBER()
};

}  // namespace archive_test

BOOST_CLASS_VERSION(archive_test::versioned, 7)
BOOST_CLASS_TRACKING(archive_test::tracked_always, boost::serialization::track_always)
BOOST_CLASS_TRACKING(archive_test::tracked_never, boost::serialization::track_never)

BOOST_CLASS_EXPORT(archive_test::bird)
BOOST_CLASS_EXPORT(archive_test::moth)
BOOST_CLASS_EXPORT(archive_test::long_named_wing)

BOOST_AUTO_TEST_SUITE(archive)

using namespace archive_test;

BOOST_AUTO_TEST_SUITE(buffer)

BOOST_AUTO_TEST_CASE(grows) {
  byte_buffer b;
  BOOST_TEST(b.empty());
  for (int i = 0; i < 10'000; ++i) b.push_back(static_cast<std::byte>(i));
  BOOST_TEST(b.size() == 10'000u);
  for (int i = 0; i < 10'000; ++i) BOOST_REQUIRE((b.data()[i] == static_cast<std::byte>(i)));
  b.append("abc", 3);
  BOOST_TEST(std::memcmp(b.data() + 10'000, "abc", 3) == 0);
  b.append(nullptr, 0);
  BOOST_TEST(b.size() == 10'003u);
}

BOOST_AUTO_TEST_CASE(changes_size) {
  byte_buffer b;
  b.resize(10);
  std::fill_n(b.data(), 10, std::byte{1});
  b.resize(1'000'000);
  BOOST_TEST(std::count(b.data(), b.data() + 10, std::byte{1}) == 10);
  b.resize(4);
  BOOST_TEST(b.bytes().size() == 4u);
  b.clear();
  BOOST_TEST(b.empty());
  b.reserve(5'000'000);
  BOOST_TEST(b.capacity() >= 5'000'000u);
  BOOST_TEST(b.empty());
}

BOOST_AUTO_TEST_CASE(moves) {
  // Short ones are in the object itself.
  for (std::size_t size : {0, 3, 200, 224, 225, 5000}) {
    std::string const text(size, 'x');
    byte_buffer a;
    a.append(text.data(), size);
    byte_buffer b = std::move(a);
    BOOST_TEST(b.size() == size);
    a.append("again", 5);
    BOOST_TEST(a.size() == 5u);
    for (std::size_t other : {0, 4, 1000}) {
      byte_buffer c;
      c.resize(other);
      c = std::move(b);
      BOOST_TEST(c.size() == size);
      b = std::exchange(c, {});
      BOOST_TEST(c.empty());
      b.append("more", 4);
      BOOST_TEST(std::memcmp(b.data(), text.data(), size) == 0);
      b.resize(size);
    }
  }
}

BOOST_AUTO_TEST_CASE(has_a_limit) {
  byte_buffer b;
  b.limit(1000);
  b.resize(1000);
  BOOST_CHECK_THROW(b.push_back({}), buffer_limit_reached);
  BOOST_TEST(b.size() == 1000u);
  b.resize(10);
  BOOST_CHECK_THROW(b.resize(1001), buffer_limit_reached);
  BOOST_CHECK_THROW(b.extend(std::numeric_limits<std::size_t>::max()), buffer_limit_reached);
  b.extend(990);

  byte_buffer small;
  small.limit(5);
  small.resize(5);
  BOOST_CHECK_THROW(small.push_back({}), buffer_limit_reached);

  byte_buffer unlimited;
  BOOST_CHECK_THROW(unlimited.resize(std::numeric_limits<std::size_t>::max()), std::exception);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(class_versions) {
  versioned v;
  v.number = 5;
  auto const copy = sent(v);
  BOOST_TEST(copy.number == 5);
  BOOST_TEST(copy.seen == 7u);
}

BOOST_AUTO_TEST_CASE(the_version_of_the_library) {
  unsigned const expected{boost::archive::BOOST_ARCHIVE_VERSION()};
  auto const arrived = sent(knowing_the_library{});
  BOOST_TEST(arrived.at_saving == expected);
  BOOST_TEST(arrived.at_loading == expected);
}

template <int... N>
void send_numbered(std::integer_sequence<int, N...>) {
  // Twice, and the second time in another order: then the archives have to know each class again.
  auto const out = saved(numbered<N>{}..., numbered<(N * 7) % sizeof...(N)>{}...);
  input_archive load(out.bytes());
  std::vector<int> all;
  auto const take = [&](auto fresh) {
    fresh.number = -1;
    load >> fresh;
    all.push_back(fresh.number);
  };
  (take(numbered<N>{}), ...);
  (take(numbered<(N * 7) % sizeof...(N)>{}), ...);
  load.finish();
  BOOST_TEST(all == (std::vector<int>{N..., (N * 7) % static_cast<int>(sizeof...(N))...}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(many_classes) { send_numbered(std::make_integer_sequence<int, 40>{}); }

BOOST_AUTO_TEST_CASE(names_and_arrays) {
  named n{1, "text", {1, 2, 3}, {4, 5, 6, 7}, {8, 9}};
  auto const copy = sent(n);
  BOOST_TEST(copy.number == 1);
  BOOST_TEST(copy.text == "text");
  BOOST_TEST(copy.numbers[2] == 3);
  BOOST_TEST(copy.blob[3] == 7);
  BOOST_TEST(copy.series.at(1) == 9);
}

BOOST_AUTO_TEST_CASE(free_functions) { BOOST_TEST(sent(coin{5}).value == 5); }

BOOST_AUTO_TEST_CASE(several_values) {
  byte_buffer out;
  {
    output_archive save(out);
    int const one = 1;
    save << one << std::string("two") & 3.0;
    save.finish();
  }
  input_archive load(out.bytes());
  int one = 0;
  std::string two;
  double three = 0;
  load >> one >> two& three;
  BOOST_TEST(load.remaining() == 0u);
  load.finish();
  BOOST_TEST(one == 1);
  BOOST_TEST(two == "two");
  BOOST_TEST(three == 3.0);
  BOOST_CHECK_THROW(load >> one, malformed_frame);
}

BOOST_AUTO_TEST_CASE(after_other_bytes) {
  byte_buffer out;
  out.append("head", 4);
  output_archive save(out);
  save << 7;
  save.finish();
  input_archive load(out.bytes().subspan(4));
  int seven = 0;
  load >> seven;
  load.finish();
  BOOST_TEST(seven == 7);
}

// Otherwise the frame would not be as large as its reader asks for.
BOOST_AUTO_TEST_CASE(elements_that_take_more_memory_than_there_is_make_no_small_frame) {
  for (auto const& counts : {std::vector<std::size_t>{SIZE_MAX},
                             std::vector<std::size_t>{SIZE_MAX / 16, SIZE_MAX / 16}}) {
    byte_buffer out;
    out.limit(1000);
    output_archive save(out);
    for (auto const each : counts) save.save_count(each, 16);
    BOOST_CHECK_THROW(save.finish(), buffer_limit_reached);
  }
}

BOOST_AUTO_TEST_CASE(not_all_is_loaded) {
  auto const out = saved(7, 8);
  input_archive load(out.bytes());
  int seven = 0;
  load >> seven;
  BOOST_CHECK_THROW(load.finish(), malformed_frame);
}

BOOST_AUTO_TEST_CASE(raw_pointers) {
  knot a, b;
  tracked_never n;
  n.value = 4;
  a.value = 1;
  a.next = &b;
  a.plain = &n;
  b.value = 2;
  b.next = &b;
  knot* first = &a;
  knot* copy = nullptr;
  send(first, copy);
  std::unique_ptr<knot> const copy_of_a(copy);
  std::unique_ptr<knot> const copy_of_b(copy->next);
  std::unique_ptr<tracked_never> const copy_of_n(copy->plain);
  BOOST_TEST(copy->value == 1);
  BOOST_TEST(copy->plain->value == 4);
  BOOST_TEST(copy->next->value == 2);
  BOOST_TEST(copy->next->next == copy->next);

  const knot* constant = nullptr;
  BOOST_TEST(sent(constant) == nullptr);
}

BOOST_AUTO_TEST_CASE(tracked_objects) {
  // Pointers to elements point to the elements of the copy.
  auto const copy = sent(some_map());
  BOOST_TEST(copy.route.at(0) == &copy.towns.at(3));
  BOOST_TEST(copy.route.at(1) == &copy.by_number.at(11));
  BOOST_TEST(!copy.route.at(2));
  BOOST_TEST(copy.route.at(4) == copy.route.at(0));
  BOOST_TEST(std::get<1>(*copy.centre).number == 99);
  BOOST_TEST(sent(tracked_always{3}).value == 3);
}

BOOST_AUTO_TEST_CASE(objects_saved_twice) {
  // The second time a reference is enough.
  tracked_always const t{5};
  auto const out = saved(t, t);
  input_archive load(out.bytes());
  tracked_always copy;
  load >> copy >> copy;
  load.finish();
  BOOST_TEST(copy.value == 5);

  // Boost would leave the other as it was.
  input_archive again(out.bytes());
  tracked_always other;
  again >> copy;
  BOOST_CHECK_THROW(again >> other, malformed_frame);
}

BOOST_AUTO_TEST_CASE(objects_saved_by_pointer_and_by_value) {
  byte_buffer out;
  output_archive save(out);
  town const t{1, true};
  const town* const p = &t;
  save << p;
  BOOST_CHECK_THROW(save << t, boost::archive::archive_exception);
}

BOOST_AUTO_TEST_CASE(objects_that_move) {
  moving<town> m;
  for (int i = 0; i < 5; ++i) m.pointers.push_back(&m.elements.emplace_back(i, false));
  moving<town> copy;
  send(m, copy);
  BOOST_TEST(copy.elements.size() == 5u);
  auto pointer = copy.pointers.begin();
  for (auto const& t : copy.elements) BOOST_TEST(*pointer++ == &t);
}

BOOST_AUTO_TEST_CASE(parts_that_do_not_move) {
  moving<street> m;
  for (int i = 0; i < 5; ++i) {
    auto& each = m.elements.emplace_back();
    for (int house = 0; house != 3; ++house) each.houses.emplace_back(house, false);
    m.pointers.push_back(&each.corner);
    for (auto& house : each.houses) m.pointers.push_back(&house);
  }
  moving<street> copy;
  send(m, copy);
  BOOST_TEST(copy.elements.size() == 5u);
  auto pointer = copy.pointers.begin();
  for (auto& each : copy.elements) {
    BOOST_TEST(*pointer++ == &each.corner);
    for (auto& house : each.houses) BOOST_TEST(*pointer++ == &house);
  }
}

BOOST_AUTO_TEST_CASE(an_object_without_tracking_has_no_number) {
  tracked_never n;
  n.value = 4;
  knot k;
  k.value = 1;
  tracked_never* const plain = &n;
  knot* const tracked = &k;
  auto const out = saved(plain, tracked, tracked);
  input_archive load(out.bytes());
  tracked_never* other = nullptr;
  knot* first = nullptr;
  knot* second = nullptr;
  load >> other >> first >> second;
  load.finish();
  std::unique_ptr<tracked_never> const copy_of_n(other);
  std::unique_ptr<knot> const copy_of_k(first);
  BOOST_TEST(other->value == 4);
  BOOST_TEST(first->value == 1);
  BOOST_TEST(second == first);
}

BOOST_AUTO_TEST_CASE(virtual_bases) {
  diamond d;
  d.layer = 5;
  diamond copy;
  send(d, copy);
  BOOST_TEST(copy.layer == 5);
  std::unique_ptr<shape> const p = std::make_unique<diamond>();
  p->layer = 6;
  auto const other = sent(p);
  BOOST_TEST(other->layer == 6);
  BOOST_TEST(!!dynamic_cast<diamond*>(other.get()));
}

BOOST_AUTO_TEST_CASE(polymorphic_objects) {
  auto const copy = sent(some_drawing());
  BOOST_TEST(copy.shapes.at(0)->corners() == 5);
  auto const& g = dynamic_cast<group&>(*copy.shapes.at(1));
  BOOST_TEST(g.layer == 7);
  BOOST_TEST(dynamic_cast<label&>(*g.parts.at(0)).text() == "text");
  BOOST_TEST(!g.parts.at(1));
  BOOST_TEST(copy.first == copy.second);
  BOOST_TEST((copy.third.lock() == copy.first));
}

BOOST_AUTO_TEST_CASE(registered_classes) {
  registering value;
  for (auto text : {"a", "b"}) {
    auto item = std::make_unique<registered>();
    item->text = text;
    value.items.push_back(std::move(item));
  }
  value.items.push_back(std::make_unique<hidden_base>());
  auto const copy = sent(value);
  BOOST_TEST(dynamic_cast<registered&>(*copy.items.at(1)).text == "b");
  BOOST_TEST(!dynamic_cast<registered*>(copy.items.at(2).get()));
}

BOOST_AUTO_TEST_CASE(unregistered_classes) {
  std::unique_ptr<hidden_base> const value = std::make_unique<unregistered>();
  byte_buffer out;
  output_archive save(out);
  BOOST_CHECK_EXCEPTION(save << value, boost::archive::archive_exception, [](auto const& e) {
    return std::string(e.what()).find("unregistered") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(exceptions_pass) {
  byte_buffer out;
  output_archive save(out);
  fragile f;
  BOOST_CHECK_THROW(save << std::as_const(f), std::domain_error);
}

BOOST_AUTO_TEST_CASE(helpers) {
  byte_buffer out;
  output_archive save(out);
  helped h;
  save << std::as_const(h) << std::as_const(h);
  BOOST_TEST(h.first == 2);
  BOOST_TEST(h.second == "untouched");
  save.finish();

  input_archive load(out.bytes());
  helped one;
  helped other;
  load >> one >> other;
  BOOST_TEST(one.first == 1);
  BOOST_TEST(other.first == 2);
  BOOST_TEST(other.second == "untouched");
}

BOOST_AUTO_TEST_CASE(shared_owners) {
  auto const family = some_family();
  auto const copy = sent(family);
  BOOST_TEST(copy->children.size() == 4u);
  BOOST_TEST(copy->children.at(0) == copy->children.at(3));
  BOOST_TEST(copy->children.at(0).use_count() == 2);
  BOOST_TEST((copy->children.at(1)->parent.lock() == copy));
  BOOST_TEST((copy->children.at(1)->shared_from_this() == copy->children.at(1)));
  BOOST_TEST(copy.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(shared_owners_of_two_kinds) {
  // Boost's helpers for the two have the same id.
  using both = std::pair<std::shared_ptr<town>, boost::shared_ptr<town>>;
  both const value{std::make_shared<town>(1, true), boost::make_shared<town>(2, true)};
  auto const copy = sent(std::vector<both>{value, value});
  BOOST_TEST(copy.at(0).first == copy.at(1).first);
  BOOST_TEST(copy.at(0).second == copy.at(1).second);
  BOOST_TEST(copy.at(0).second->number == 2);
}

template <class T>
void check_passing() {
  auto const copy = sent(T{});
  int number = 0;
  for (auto const& pointer : copy.loaded) {
    BOOST_REQUIRE(pointer);
    if constexpr (requires { pointer->number; })
      BOOST_TEST(pointer->number == number++);
    else
      BOOST_TEST(*pointer == number++);
  }
}

BOOST_AUTO_TEST_CASE(objects_at_the_address_of_one_that_has_ended) {
  check_passing<passing<std::shared_ptr<town>>>();
  check_passing<passing<boost::shared_ptr<town>>>();
  check_passing<passing_weak>();
}

BOOST_AUTO_TEST_CASE(a_base_class_that_is_there_twice) {
  auto const original = std::make_shared<bird>(3, 4);
  original->name = "crow";
  for (wing* const part : {static_cast<wing*>(static_cast<left_wing*>(original.get())),
                           static_cast<wing*>(static_cast<right_wing*>(original.get()))}) {
    auto const copy = sent(std::shared_ptr<wing>(original, part));
    auto const* const whole = dynamic_cast<const bird*>(copy.get());
    BOOST_REQUIRE(whole);
    BOOST_TEST(whole->name == "crow");
    BOOST_TEST(whole->left_wing::length == 3);
    BOOST_TEST(whole->right_wing::length == 4);
  }
}

BOOST_AUTO_TEST_CASE(a_base_class_that_is_there_twice_and_has_been_seen) {
  using both = std::pair<std::shared_ptr<bird>, std::shared_ptr<wing>>;
  auto const original = std::make_shared<bird>(3, 4);
  auto const copy = sent(
      both{original, std::shared_ptr<wing>(original, static_cast<left_wing*>(original.get()))});
  BOOST_TEST(dynamic_cast<const bird*>(copy.second.get()) == copy.first.get());
  BOOST_TEST(copy.first.use_count() == 2);
}

BOOST_AUTO_TEST_CASE(a_base_class_that_is_there_twice_and_once_virtual) {
  auto original = std::make_unique<moth>();
  original->name = "emperor";
  original->folded_wing::length = 5;
  original->right_wing::length = 6;
  std::shared_ptr<wing> const part(static_cast<right_wing*>(original.release()));
  auto const copy = sent(part);
  auto const* const whole = dynamic_cast<const moth*>(copy.get());
  BOOST_REQUIRE(whole);
  BOOST_TEST(whole->name == "emperor");
  BOOST_TEST(whole->folded_wing::length == 5);
  BOOST_TEST(whole->right_wing::length == 6);
}

BOOST_AUTO_TEST_CASE(a_class_with_a_long_name) {
  std::unique_ptr<wing> const original = std::make_unique<long_named_wing>();
  original->length = 7;
  auto const copy = sent(original);
  BOOST_TEST(copy->length == 7);
  BOOST_TEST(!!dynamic_cast<const long_named_wing*>(copy.get()));
}

/// An archive may begin in a frame below a large one into which its checks are inlined.
[[gnu::noinline]] isolatte::detail::stack_guard begun_far_below() {
  [[maybe_unused]] volatile char frame[100 * 1024];
  frame[0] = 0;
  return isolatte::detail::stack_guard{};
}

BOOST_AUTO_TEST_CASE(a_large_frame_above_is_no_nesting) {
  auto guard = begun_far_below();
  BOOST_CHECK_NO_THROW(guard.check());
}

BOOST_AUTO_TEST_CASE(deep_lists) {
#ifdef ISOLATTE_PORTABLE
  constexpr int nodes = 25;
#else
  constexpr int nodes = 2000;
#endif
  auto const copy = sent(some_list(nodes));
  int length = 1;
  for (const list_node* node = &copy; node->next; node = node->next.get()) ++length;
  BOOST_TEST(length == nodes);
}

BOOST_AUTO_TEST_CASE(many_objects) {
  std::vector<std::shared_ptr<town>> towns;
  for (int i = 0; i < 20'000; ++i) towns.push_back(std::make_shared<town>(i, false));
  auto const first = towns;
  towns.insert(towns.end(), first.begin(), first.end());
  auto const copy = sent(towns);
  BOOST_TEST(copy.at(20'100) == copy.at(100));
  BOOST_TEST(copy.at(20'100)->number == 100);
}

BOOST_AUTO_TEST_SUITE_END()
