// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "frame_bytes.hpp"
#include "support/in_children.hpp"
#include "support/sanitizers.hpp"
#include "support/small_stack.hpp"
#include "travellers.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <limits>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

BOOST_CLASS_EXPORT_IMPLEMENT(travellers::polygon)
BOOST_CLASS_EXPORT_IMPLEMENT(travellers::group)
BOOST_CLASS_EXPORT_IMPLEMENT(travellers::label)
BOOST_CLASS_EXPORT_IMPLEMENT(travellers::diamond)
BOOST_CLASS_EXPORT_IMPLEMENT(travellers::intruder)

namespace hostile_frames_test {

using namespace frame_bytes;
using namespace travellers;
using isolatte::detail::byte_buffer;
using isolatte::detail::codec;
using isolatte::detail::malformed_frame;

template <class T>
bytes frame_of(const T& value) {
  byte_buffer out;
  codec<T>::encode(out, value);
  return {out.bytes().begin(), out.bytes().end()};
}

/// The same on every machine.
class dice {
 public:
  explicit dice(std::uint64_t seed) : state_{seed} {}
  std::uint64_t roll() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : roll() % limit; }

 private:
  std::uint64_t state_;
};

constexpr std::uint8_t telling[] = {0, 1, 2, 3, 4, 5, 0x7f, 0x80, 0x81, 0xfe, 0xff};

bytes damaged(const bytes& sound, dice& d) {
  bytes frame = sound;
  for (std::size_t wounds = 1 + d.below(4); wounds != 0; --wounds) {
    std::size_t const at = d.below(frame.size());
    auto const place = frame.begin() + static_cast<std::ptrdiff_t>(at);
    switch (frame.empty() ? 3 : d.below(8)) {
      case 0: frame[at] ^= std::byte{1} << d.below(8); break;
      case 1: frame[at] = static_cast<std::byte>(d.roll()); break;
      case 2: frame[at] = std::byte{telling[d.below(std::size(telling))]}; break;
      case 3: frame.insert(place, std::byte{telling[d.below(std::size(telling))]}); break;
      case 4: frame.erase(place); break;
      case 5: frame.resize(at); break;
      case 6: {
        bytes const copy(place, frame.begin() + static_cast<std::ptrdiff_t>(
                                                    at + d.below(frame.size() - at) + 1));
        frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(d.below(frame.size())),
                     copy.begin(), copy.end());
        break;
      }
      case 7: {
        // A number that is far too large.
        bytes huge(d.below(9), std::byte{0xff});
        huge.push_back(std::byte{1});
        frame.insert(place, huge.begin(), huge.end());
        break;
      }
    }
  }
  return frame;
}

struct tally {
  int refused = 0;
  int accepted = 0;
};

/// Anything but a value or an exception is caught by the sanitizers, or ends the child of the case.
template <class T>
void try_frame(const bytes& frame, tally& seen) {
  // Its end is then the end of a block of memory.
  std::unique_ptr<std::byte[]> const exact(new std::byte[frame.size()]);
  if (!frame.empty()) std::memcpy(exact.get(), frame.data(), frame.size());
  try {
    T const value = codec<T>::decode({exact.get(), frame.size()});
    ++seen.accepted;
    // A well-formed value can be sent again.
    codec<T>::decode(frame_of(value));
  } catch (const std::exception&) {
    ++seen.refused;
  }
}

template <class T>
void damage_in_all_ways(const T& value, int times = 3000) {
  bytes const sound = frame_of(value);
  tally seen;
  for (std::size_t length = 0; length < sound.size(); ++length)
    try_frame<T>(bytes(sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(length)), seen);
  for (std::size_t at = 0; at < sound.size(); ++at) {
    bytes frame = sound;
    for (auto byte : telling) {
      frame[at] = std::byte{byte};
      try_frame<T>(frame, seen);
    }
    for (int bit = 0; bit < 8; ++bit) {
      frame[at] = sound[at] ^ (std::byte{1} << bit);
      try_frame<T>(frame, seen);
    }
  }
  dice d(sound.size());
  for (int i = 0; i < times; ++i) try_frame<T>(damaged(sound, d), seen);
  BOOST_TEST_MESSAGE(sound.size() << " bytes: " << seen.accepted << " accepted, " << seen.refused
                                  << " refused");
}

template <class T>
void refuse(const bytes& frame) {
  BOOST_CHECK_THROW(codec<T>::decode(frame), malformed_frame);
}

/// The frame of one type, read as if it were of another that looks the same from outside.
template <class To, class From>
To mistaken(const From& value) {
  return codec<To>::decode(frame_of(value));
}

template <class First, class Second>
struct both {
  First first{};
  Second second{};
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & first & second;
  }
};
template <class T>
using twice = both<T, T>;

/// Refers to its parent when it is not even made.
struct hasty {
  explicit hasty(hasty* parent) : parent(parent) {}
  hasty* parent;
  std::unique_ptr<hasty> child;
  template <class Ar>
  void serialize(Ar&, unsigned) {}
};
template <class Ar>
void save_construct_data(Ar& ar, const hasty* h, const unsigned) {
  ar << h->child;
}
template <class Ar>
void load_construct_data(Ar& ar, hasty* h, const unsigned) {
  std::unique_ptr<hasty> child;
  ar >> child;
  ::new (h) hasty(nullptr);
  h->child = std::move(child);
}

struct wide {
  char content[1000] = {};
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar& content[0];
  }
};

}  // namespace hostile_frames_test

BOOST_AUTO_TEST_SUITE(hostile_frames, *isolatte::test::in_children())

using namespace hostile_frames_test;

BOOST_AUTO_TEST_CASE(damaged_records) { damage_in_all_ways(some_record(1)); }
BOOST_AUTO_TEST_CASE(damaged_lists_of_records) {
  damage_in_all_ways(std::vector<record>{some_record(1), some_record(2)});
}
BOOST_AUTO_TEST_CASE(damaged_polymorphic_objects) {
  damage_in_all_ways(some_drawing());
  BOOST_TEST(label::in_use == 0);
  BOOST_TEST(intruder::made > 0);
}
BOOST_AUTO_TEST_CASE(damaged_virtual_bases) {
  std::vector<std::unique_ptr<shape>> shapes;
  for (int i = 0; i < 3; ++i) shapes.push_back(std::make_unique<diamond>());
  damage_in_all_ways(shapes);
}
BOOST_AUTO_TEST_CASE(damaged_graphs) {
  damage_in_all_ways(some_family());
  person::break_circles();
}
BOOST_AUTO_TEST_CASE(damaged_trees) {
  damage_in_all_ways(tree{1, {{2, {}}, {3, {{4, {}}, {5, {}}}}}});
}
BOOST_AUTO_TEST_CASE(damaged_linked_lists) { damage_in_all_ways(some_list(20)); }
BOOST_AUTO_TEST_CASE(damaged_containers) { damage_in_all_ways(some_containers()); }
BOOST_AUTO_TEST_CASE(damaged_odds_and_ends) { damage_in_all_ways(odds_and_ends()); }
BOOST_AUTO_TEST_CASE(damaged_priority_queues) { damage_in_all_ways(some_queue()); }
BOOST_AUTO_TEST_CASE(damaged_user_defined_collections) { damage_in_all_ways(ring()); }
BOOST_AUTO_TEST_CASE(damaged_plain_values) {
  damage_in_all_ways(17, 1000);
  damage_in_all_ways(true, 1000);
  damage_in_all_ways(pixel{1, 2, 3}, 1000);
  damage_in_all_ways(std::string("text"), 1000);
  damage_in_all_ways(std::vector<double>{1, 2, 3}, 1000);
  damage_in_all_ways(ticket(3), 1000);
}

BOOST_AUTO_TEST_CASE(ends) {
  refuse<record>({});
  refuse<int>({});
  refuse<int>(raw({1, 0, 0, 0, 0}));
  refuse<bool>(raw({2}));
  refuse<bool>({});
  refuse<bool>(raw({1, 0}));
  refuse<bool>(raw({1, 1}));
  refuse<std::vector<int>>(raw({1, 2, 3}));
  bytes const sound = frame_of(some_record(1));
  BOOST_TEST(codec<record>::decode(sound).number == 1);
  refuse<record>(sound + raw({0}));
  refuse<record>(raw({0}) + sound);
  refuse<record>(sound + sound);
  refuse<ticket>(frame_of(ticket(3)) + raw({0}));
  town capital{1, true};
  town* const pointer = &capital;
  refuse<town*>(frame_of(pointer) + raw({0}));
  refuse<std::optional<int>>(raw({0, 2}));
  refuse<std::optional<int>>(raw({0, 1}));
}

BOOST_AUTO_TEST_CASE(padding) {
  std::vector<nothing> const many(200'000);
  bytes frame = frame_of(many);
  BOOST_TEST(frame.size() > many.size() / 32);
  BOOST_TEST((codec<std::vector<nothing>>::decode(frame) == many));

  // Who wants to have so much memory used has to send something.
  refuse<std::vector<nothing>>(number(many.size()) + end_mark);
  bytes shorter(frame.begin() + 5, frame.end());
  refuse<std::vector<nothing>>(number(many.size()) + shorter);
  frame[frame.size() / 2] = std::byte{1};
  refuse<std::vector<nothing>>(frame);
}

BOOST_AUTO_TEST_CASE(counts) {
  for (std::uint64_t count : {std::uint64_t{1000}, std::uint64_t{1} << 20, std::uint64_t{1} << 31,
                              std::uint64_t{1} << 62, std::numeric_limits<std::uint64_t>::max()}) {
    bytes const frame = number(count) + raw({1, 2, 3, 4}) + end_mark;
    refuse<std::vector<std::string>>(frame);
    refuse<std::vector<bool>>(frame);
    refuse<std::vector<std::vector<int>>>(raw({1}) + frame);
    refuse<std::list<std::string>>(frame);
    refuse<std::forward_list<std::string>>(frame);
    refuse<std::map<int, int>>(frame);
    refuse<std::unordered_map<int, int>>(frame);
    refuse<std::valarray<int>>(frame);
    refuse<std::optional<std::string>>(raw({1}) + frame);
    refuse<std::optional<std::u32string>>(raw({1}) + frame);
    refuse<std::optional<std::vector<double>>>(raw({1}) + frame);
    refuse<std::vector<wide>>(frame);
  }
  // Even where the elements are there.
  bytes const letters(100'000, std::byte{'x'});
  refuse<std::vector<wide>>(number(letters.size()) + raw({0}) + letters + end_mark);
  // A number that has no end.
  refuse<std::vector<std::string>>(bytes(20, std::byte{0xff}) + end_mark);
}

BOOST_AUTO_TEST_CASE(nested_counts) {
  // Each is small enough for itself.
  bytes frame = number(30'000);
  for (int i = 0; i < 30'000; ++i) frame = std::move(frame) + number(30'000);
  refuse<std::vector<std::vector<nothing>>>(frame + end_mark);
}

BOOST_AUTO_TEST_CASE(memory_limit) {
  std::vector<std::string> const value(1000, "some text that takes a block of its own");
  bytes const frame = frame_of(value);
  BOOST_TEST(codec<std::vector<std::string>>::decode(frame, 100'000) == value);
  BOOST_CHECK_THROW(codec<std::vector<std::string>>::decode(frame, 10'000), malformed_frame);
}

BOOST_AUTO_TEST_CASE(impossible_values) {
  refuse<std::optional<int>>(raw({2, 0, 0, 0, 0}) + end_mark);
  refuse<std::vector<bool>>(raw({3, 0x08}) + end_mark);
  refuse<std::bitset<13>>(raw({0, 0x20}) + end_mark);
  refuse<std::array<bool, 2>>(raw({0, 3}) + end_mark);
  refuse<std::variant<int, std::string>>(raw({2, 0}) + end_mark);
  refuse<std::variant<ticket, int>>(raw({5, 0}) + end_mark);
  refuse<boost::variant<int, std::string>>(raw({2, 0}) + end_mark);
  refuse<boost::variant<int, std::string>>(raw({0xff, 0xff, 0xff, 0xff, 0x0f, 0}) + end_mark);
  refuse<std::pair<bool, bool>>(raw({1, 9}) + end_mark);
  BOOST_CHECK_THROW(mistaken<std::priority_queue<int>>(std::vector<int>{1, 2, 3}), malformed_frame);
  BOOST_CHECK_THROW((mistaken<std::priority_queue<int>>(std::queue<int>({1, 2, 3}))),
                    malformed_frame);
}

BOOST_AUTO_TEST_CASE(two_owners) {
  auto const shared = std::make_shared<town>();
  twice<std::shared_ptr<town>> const value{shared, shared};
  BOOST_TEST(!!mistaken<twice<std::shared_ptr<town>>>(value).second);
  BOOST_CHECK_THROW(mistaken<twice<std::unique_ptr<town>>>(value), malformed_frame);
  using with_scoped = std::unique_ptr<twice<boost::scoped_ptr<town>>>;
  auto const boxed = std::make_unique<twice<std::shared_ptr<town>>>(value);
  BOOST_CHECK_THROW(mistaken<with_scoped>(boxed), malformed_frame);
  using mixed = both<std::unique_ptr<town>, std::shared_ptr<town>>;
  BOOST_CHECK_THROW(mistaken<mixed>(value), malformed_frame);
  using other_way = both<std::shared_ptr<town>, std::unique_ptr<town>>;
  BOOST_CHECK_THROW(mistaken<other_way>(value), malformed_frame);
  using of_both_kinds = both<std::shared_ptr<town>, boost::shared_ptr<town>>;
  BOOST_CHECK_THROW(mistaken<of_both_kinds>(value), malformed_frame);
  using of_both_kinds_again = both<boost::shared_ptr<town>, std::shared_ptr<town>>;
  BOOST_CHECK_THROW(mistaken<of_both_kinds_again>(value), malformed_frame);

  auto const number = std::make_shared<int>(3);
  twice<std::shared_ptr<int>> const numbers{number, number};
  BOOST_CHECK_THROW(mistaken<twice<std::unique_ptr<int>>>(numbers), malformed_frame);
}

BOOST_AUTO_TEST_CASE(owners_of_what_owns_them) {
  auto const first = std::make_shared<person>();
  first->children.push_back(first);
  auto const copy = mistaken<std::shared_ptr<person>>(first);
  BOOST_TEST(copy->children.at(0) == copy);
  copy->children.clear();
  first->children.clear();

  // made, tracked, value 7, its next is itself
  bytes const selfish = raw({2, 1, 7, 0, 0, 0, 1, 0}) + end_mark;
  refuse<std::unique_ptr<list_node>>(selfish);
}

BOOST_AUTO_TEST_CASE(owners_of_parts) {
  // To a part of the value itself, which is going to move.
  both<town, town*> value;
  value.second = &value.first;
  BOOST_CHECK_THROW((mistaken<both<town, town*>>(value)), malformed_frame);
  BOOST_CHECK_THROW((mistaken<both<town, std::shared_ptr<town>>>(value)), malformed_frame);

  // To an element, which may be pointed to but not owned.
  both<std::vector<town>, town*> elements;
  elements.first.resize(2);
  elements.second = &elements.first[1];
  auto const copy = mistaken<both<std::vector<town>, town*>>(elements);
  BOOST_TEST(copy.second == &copy.first[1]);
  using with_unique = both<std::vector<town>, std::unique_ptr<town>>;
  BOOST_CHECK_THROW(mistaken<with_unique>(elements), malformed_frame);
  using with_shared = both<std::vector<town>, std::shared_ptr<town>>;
  BOOST_CHECK_THROW(mistaken<with_shared>(elements), malformed_frame);
  using with_boost_shared = both<std::vector<town>, boost::shared_ptr<town>>;
  BOOST_CHECK_THROW(mistaken<with_boost_shared>(elements), malformed_frame);
}

BOOST_AUTO_TEST_CASE(parts_that_are_gone) {
  // The tuple is made of parts that were held elsewhere.
  using tuple = std::tuple<ticket, town>;
  auto const frame = [](std::string const& note) {
    return number(1) + raw({5, 0, 0, 0}) + raw({0}) + number(note.size()) +
           bytes(note.size(), std::byte{'v'});
  };
  bytes const sound = frame("valid") + raw({1, 0, 9, 0, 0, 0, 1});
  auto const value = codec<both<std::vector<tuple>, town*>>::decode(raw({0}) + sound + raw({0, 0}));
  BOOST_TEST(std::get<1>(value.first.at(0)).number == 9);
  refuse<both<std::vector<tuple>, town*>>(raw({0}) + sound + raw({1, 0, 0}));
  // A key that was there already is thrown away.
  bytes const two_keys =
      raw({2}) + raw({1, 0, 0, 0, 1, 0, 7, 0, 0, 0, 0}) + raw({1, 0, 0, 0, 0, 7, 0, 0, 0, 0});
  BOOST_TEST((codec<both<std::map<int, town>, town*>>::decode(raw({0}) + two_keys + raw({1, 0, 0}))
                  .second->number == 7));
  refuse<both<std::map<int, town>, town*>>(raw({0}) + two_keys + raw({1, 1, 0}));
}

BOOST_AUTO_TEST_CASE(objects_that_do_not_exist) {
  refuse<both<town*, town*>>(raw({0, 1, 0, 0}) + end_mark);
  refuse<both<town*, town*>>(raw({0, 1, 0xff, 0xff, 3, 0}) + end_mark);
  refuse<std::unique_ptr<town>>(raw({7}) + end_mark);
  refuse<std::unique_ptr<int>>(raw({3}) + end_mark);

  // Its child is itself, before it is made.
  refuse<std::unique_ptr<hasty>>(raw({2, 1, 1, 0}) + end_mark);
  refuse<std::unique_ptr<hasty>>(raw({2, 1, 2, 2, 1, 1, 0}) + end_mark);
  auto const sound = codec<std::unique_ptr<hasty>>::decode(raw({2, 1, 2, 2, 0}) + end_mark);
  BOOST_TEST(!sound->child->child->child);
}

BOOST_AUTO_TEST_CASE(objects_of_another_class) {
  auto const number = std::make_shared<int>(3);
  both<std::shared_ptr<int>, std::shared_ptr<int>> const numbers{number, number};
  using other = both<std::shared_ptr<int>, std::shared_ptr<float>>;
  BOOST_CHECK_THROW(mistaken<other>(numbers), malformed_frame);

  auto const shared = std::make_shared<town>();
  twice<std::shared_ptr<town>> const towns{shared, shared};
  using with_list = both<std::shared_ptr<town>, std::shared_ptr<list_node>>;
  BOOST_CHECK_THROW(mistaken<with_list>(towns), malformed_frame);
  using with_shape = both<std::shared_ptr<town>, std::shared_ptr<shape>>;
  BOOST_CHECK_THROW(mistaken<with_shape>(towns), malformed_frame);
  using with_int = both<std::shared_ptr<town>, std::shared_ptr<int>>;
  BOOST_CHECK_THROW(mistaken<with_int>(towns), malformed_frame);

  auto const polygons = std::make_shared<polygon>(5);
  twice<std::shared_ptr<polygon>> const shapes{polygons, polygons};
  using with_base = both<std::shared_ptr<polygon>, std::shared_ptr<shape>>;
  BOOST_TEST(mistaken<with_base>(shapes).second->corners() == 5);
  using with_sibling = both<std::shared_ptr<polygon>, std::shared_ptr<label>>;
  BOOST_CHECK_THROW(mistaken<with_sibling>(shapes), malformed_frame);
}

BOOST_AUTO_TEST_CASE(classes) {
  auto const named = [](std::string const& name) {
    bytes frame = raw({3}) + number(name.size());
    for (char c : name) frame.push_back(static_cast<std::byte>(c));
    return frame + raw({0});
  };
  std::unique_ptr<shape> const sound = std::make_unique<polygon>(5);
  bytes frame = frame_of(sound);
  BOOST_TEST(codec<std::unique_ptr<shape>>::decode(frame)->corners() == 5);

  std::string const key = typeid(polygon).name();
  bytes const head = named(key);
  BOOST_REQUIRE(
      (bytes(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(head.size())) == head));
  bytes const rest(frame.begin() + static_cast<std::ptrdiff_t>(head.size()), frame.end());
  BOOST_TEST(codec<std::unique_ptr<shape>>::decode(head + rest)->corners() == 5);
  for (auto const& name : {std::string(), key.substr(1), key + 'x', std::string("no such class")})
    refuse<std::unique_ptr<shape>>(named(name) + rest);
  // The second class of that name.
  refuse<std::unique_ptr<shape>>(bytes(head.begin(), head.end() - 1) + raw({1}) + rest);
  refuse<std::unique_ptr<shape>>(named(std::string(1000, 'x')) + rest);

  // A class that has nothing to do with it is not even created.
  int const made = intruder::made;
  refuse<std::unique_ptr<shape>>(named(typeid(intruder).name()) + raw({1, 0}) + end_mark);
  BOOST_TEST(intruder::made == made);
  BOOST_TEST(!!codec<std::unique_ptr<intruder>>::decode(raw({2, 1, 0}) + end_mark));
  BOOST_TEST(intruder::made == made + 1);

  // Objects of an abstract class, of one that has not been met yet, of a class without virtual
  // functions.
  refuse<std::unique_ptr<shape>>(raw({2}) + rest);
  refuse<std::unique_ptr<shape>>(raw({4}) + rest);
  refuse<std::unique_ptr<town>>(named(key) + rest);
}

BOOST_AUTO_TEST_CASE(nothing_is_left_of_what_failed) {
  std::unique_ptr<shape> const value = std::make_unique<label>(std::string(50, 'x'));
  BOOST_TEST(label::in_use == 1);
  bytes frame = frame_of(value);
  for (std::size_t length = 0; length < frame.size(); ++length) {
    BOOST_CHECK_THROW(codec<std::unique_ptr<shape>>::decode(std::span(frame).first(length)),
                      std::exception);
    BOOST_TEST(label::in_use == 1);
  }
  bytes const too_long = frame_of(std::unique_ptr<shape>(new label(std::string(101, 'x'))));
  BOOST_CHECK_THROW(codec<std::unique_ptr<shape>>::decode(too_long), std::length_error);
  BOOST_TEST(label::in_use == 1);
}

BOOST_AUTO_TEST_CASE(endless_nesting) {
  auto const repeated = [](const bytes& part) {
    bytes result;
    for (int i = 0; i < 200'000; ++i) result.insert(result.end(), part.begin(), part.end());
    return result;
  };
  // Only the first node says that its class is tracked.
  bytes const list = raw({2, 1, 0, 0, 0, 0}) + repeated(raw({2, 0, 0, 0, 0})) + raw({0}) + end_mark;
  using pointer = std::unique_ptr<list_node>;
  // ThreadSanitizer's own stack has room for 65536 calls, and this one for more.
  using isolatte::test::on_small_stack;
  using isolatte::test::with_tsan;
  if (!with_tsan) BOOST_CHECK_THROW(codec<pointer>::decode(list), std::length_error);
  BOOST_CHECK_THROW(on_small_stack([&] { codec<pointer>::decode(list); }), std::length_error);

  bytes const branches =
      raw({0}) + repeated(raw({0, 0, 0, 0, 1})) + raw({0, 0, 0, 0, 0}) + end_mark;
  if (!with_tsan) BOOST_CHECK_THROW(codec<tree>::decode(branches), std::length_error);
  BOOST_CHECK_THROW(on_small_stack([&] { codec<tree>::decode(branches); }), std::length_error);
}

/// A little more keys than those among which the reader does not count its steps.
constexpr int counted_keys = 4'200;

BOOST_AUTO_TEST_CASE(keys_that_share_a_hash) {
  constexpr int count = 20'000;
  std::unordered_set<std::uint64_t> like;
  like.reserve(count);
  bytes frame = number(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t const key = i * like.bucket_count();
    std::byte raw_key[sizeof key];
    std::memcpy(raw_key, &key, sizeof key);
    frame.insert(frame.end(), std::begin(raw_key), std::end(raw_key));
  }
  refuse<std::unordered_set<std::uint64_t>>(frame + end_mark);

  // Equal keys do no harm.
  std::unordered_multimap<int, int> equal;
  for (int i = 0; i != counted_keys; ++i) equal.emplace(7, i);
  auto const copy = codec<std::unordered_multimap<int, int>>::decode(frame_of(equal));
  // The comparison of such containers takes as many steps as the square of their size.
  std::set<std::pair<int, int>> const read(copy.begin(), copy.end());
  BOOST_TEST((read == std::set<std::pair<int, int>>(equal.begin(), equal.end())));
}

// A child that has built such a container has taken as long as its reader will.
BOOST_AUTO_TEST_CASE(keys_that_share_a_hash_and_could_be_built) {
  struct no_hash {
    std::size_t operator()(int) const noexcept { return 0; }
  };
  std::unordered_set<int, no_hash> numbers;
  for (int i = 0; i != counted_keys; ++i) numbers.insert(i);
  BOOST_TEST((codec<std::unordered_set<int, no_hash>>::decode(frame_of(numbers)) == numbers));

  std::unordered_multiset<double> nothing;
  for (int i = 0; i != counted_keys; ++i) nothing.insert(std::numeric_limits<double>::quiet_NaN());
  BOOST_TEST(codec<std::unordered_multiset<double>>::decode(frame_of(nothing)).size() ==
             nothing.size());
}

BOOST_AUTO_TEST_CASE(foreign_error_categories_are_bounded) {
  for (int i = 0; i < 1000; ++i) {
    struct category : std::error_category {
      std::string text;
      const char* name() const noexcept override { return text.c_str(); }
      std::string message(int) const override { return std::string(5000, 'm'); }
    } hostile;
    hostile.text = "hostile " + std::to_string(i);
    auto const copy = codec<std::error_code>::decode(frame_of(std::error_code(i, hostile)));
    BOOST_TEST(copy.value() == i);
    BOOST_TEST(copy.message().size() < 2000);
  }
}

// Every code is looked for among all messages that the program has ever kept.
BOOST_AUTO_TEST_CASE(foreign_error_categories_take_a_bounded_time) {
  struct category : std::error_category {
    std::string text = "kept";
    const char* name() const noexcept override { return text.c_str(); }
    std::string message(int value) const override { return "message " + std::to_string(value); }
  } kept;
  constexpr int frames = 12;
  constexpr int codes_of_frame = 256;
  for (int i = 0; i != frames; ++i) {
    std::vector<std::error_code> codes;
    for (int j = 0; j != codes_of_frame; ++j) codes.emplace_back(i * codes_of_frame + j, kept);
    auto const copy = codec<std::vector<std::error_code>>::decode(frame_of(codes));
    BOOST_TEST(copy.back().message() == codes.back().message());
  }
  std::vector<std::error_code> const few(100, {7, kept});
  auto const known = codec<std::vector<std::error_code>>::decode(frame_of(few));
  BOOST_TEST(known.back().message() == "message 7");

  std::vector<std::error_code> const many(10'000, {7, kept});
  auto const copy = codec<std::vector<std::error_code>>::decode(frame_of(many));
  BOOST_TEST(copy.front().message() == "message 7");
  BOOST_TEST(copy.back().value() == 7);
  BOOST_TEST(copy.back().category().name() == "isolatte.unknown");
}

BOOST_AUTO_TEST_SUITE_END()
