// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "frame_bytes.hpp"
#include "support/sanitizers.hpp"
#include "travellers.hpp"

#include <isolatte/detail/archive/function_form.hpp>
#include <isolatte/detail/archive/input_archive.hpp>
#include <isolatte/detail/archive/memory_cost.hpp>
#include <isolatte/detail/archive/output_archive.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <typeinfo>
#include <utility>
#include <vector>

// The bounds of what an input archive accepts. The frames are made by hand.

namespace archive_edges_test {

using namespace frame_bytes;
using namespace travellers;
using isolatte::detail::heap_cost;
using isolatte::detail::input_archive;
using isolatte::detail::malformed_frame;
using isolatte::detail::memory_factor;
using isolatte::detail::memory_slack;
using isolatte::detail::record_cost;

/// A town after its number in the archive.
bytes const a_town = raw({7, 0, 0, 0, 1});

/// A frame, and how much of what it bounds is left after so much of it.
struct loading {
  explicit loading(bytes of, std::size_t memory = std::numeric_limits<std::size_t>::max())
      : frame{std::move(of)}, archive{frame, memory} {}
  bytes frame;
  input_archive archive;
};

template <class T>
bool loads(const bytes& frame, std::size_t memory = std::numeric_limits<std::size_t>::max()) {
  input_archive archive(frame, memory);
  T value{};
  try {
    archive >> value;
    archive.finish();
    return true;
  } catch (const malformed_frame&) {
    return false;
  }
}

/// Whether a value needs so much memory, to a byte.
template <class T>
bool costs(std::size_t memory, const bytes& frame) {
  return loads<T>(frame, memory) && !loads<T>(frame, memory - 1);
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

/// Fails if the frame says so.
struct fragile {
  town inner;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    bool fails = false;
    ar & inner & fails;
    if (fails) throw std::domain_error("not today");
  }
};
/// Goes on after that.
struct forgiving {
  std::unique_ptr<fragile> first;
  town* second = nullptr;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    try {
      ar & first;
    } catch (const std::domain_error&) {
    }
    ar & second;
  }
};

/// Loads the object of a pointer once more, as a value.
struct repeating {
  std::unique_ptr<town> first;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & first;
    ar&* first;
  }
};

/// Points to a base class of itself.
struct ouroboros : shape {
  int corners() const override { return 0; }
  shape* tail = nullptr;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar& boost::serialization::base_object<shape>(*this) & tail;
  }
};

/// Loads an object elsewhere, and does not say so.
struct careless {
  town place;
  town* pointer = nullptr;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    town other;
    ar & other;
    place = other;
    ar & pointer;
  }
};

struct two_towns {
  town first;
  town second;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & first & second;
  }
};

/// Owns in its own way.
template <int Kind>
struct keeper {
  static keeper make(void* object, void (*destroy)(void*)) {
    return {std::shared_ptr<void>(object, destroy)};
  }
  std::shared_ptr<void> object;
};

template <class T>
T sent(const T& value) {
  isolatte::detail::byte_buffer out;
  isolatte::detail::output_archive save(out);
  save << value;
  save.finish();
  input_archive load(out.bytes());
  T copy{};
  load >> copy;
  load.finish();
  return copy;
}

/// Exported, but without virtual functions.
struct stone {
  int weight = 0;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & weight;
  }
};

/// An archive that has loaded three towns, which are in a row.
struct three_towns : loading {
  explicit three_towns(const bytes& rest)
      : loading{raw({1, 0}) + a_town + raw({0}) + a_town + raw({0}) + a_town + rest + end_mark},
        towns{new town[4]} {
    for (int i = 0; i != 3; ++i) archive >> towns[i];
  }
  town* pointer() {
    town* result = nullptr;
    archive >> result;
    return result;
  }
  const std::array<town, 2>* first_two() const {
    return reinterpret_cast<const std::array<town, 2>*>(towns.get());
  }
  std::unique_ptr<town[]> towns;
  town elsewhere;
};

bytes const aliases_of_three = raw({1, 0, 1, 1, 1, 2});

void spend_all_but(input_archive& archive, std::size_t frame, std::uint64_t steps) {
  archive.spend((std::uint64_t{1} << 27) + 256 * frame - steps);
}

}  // namespace archive_edges_test

BOOST_CLASS_EXPORT(archive_edges_test::ouroboros)
BOOST_CLASS_EXPORT(archive_edges_test::stone)

BOOST_AUTO_TEST_SUITE(archive_edges)

using namespace archive_edges_test;

// The end of a frame

BOOST_AUTO_TEST_CASE(padding_may_be_all_that_there_is) {
  for (std::uint8_t const padding : {0, 1, 9}) {
    bytes const frame = bytes(padding) + raw({padding, 0, 0, 0, 0, 0, 0, 0, 1});
    input_archive archive(frame);
    BOOST_TEST(archive.remaining() == 0u);
    BOOST_CHECK_NO_THROW(archive.finish());
  }
}

BOOST_AUTO_TEST_CASE(padding_is_within_the_frame) {
  // The bytes before the frame would do.
  bytes before(16);
  bytes const longer = before + raw({3, 3, 0, 0, 0, 0, 0, 0, 0, 1});
  BOOST_CHECK_THROW(input_archive(std::span{longer}.subspan(16)), malformed_frame);
  bytes const shorter = before + raw({1});
  for (std::size_t size = 1; size != 9; ++size)
    BOOST_CHECK_THROW(input_archive(std::span{shorter}.last(size)), malformed_frame);
  BOOST_CHECK_NO_THROW(input_archive(std::span{shorter}.last(9)));
}

// Numbers

BOOST_AUTO_TEST_CASE(numbers_of_every_length) {
  std::vector<std::uint64_t> values{0, std::numeric_limits<std::uint64_t>::max()};
  for (int bit = 0; bit != 64; ++bit) {
    std::uint64_t const power = std::uint64_t{1} << bit;
    values.insert(values.end(), {power - 1, power, power + 1, power | 0x5555});
  }
  for (std::uint64_t const value : values) {
    bytes const frame = number(value) + end_mark;
    input_archive archive(frame);
    BOOST_TEST(archive.load_size() == value);
    BOOST_TEST(archive.remaining() == 0u);
  }
}

BOOST_AUTO_TEST_CASE(a_number_has_64_bits) {
  for (int const last : {2, 3, 0x7f, 0x80, 0x81, 0xff}) {
    bytes const frame = bytes(9, std::byte{0x80}) + raw({last, 0}) + end_mark;
    input_archive archive(frame);
    BOOST_CHECK_THROW(archive.load_size(), malformed_frame);
  }
}

// Limits

BOOST_AUTO_TEST_CASE(steps_are_in_proportion_to_the_frame) {
  for (std::size_t const size : {1u, 2u, 1000u}) {
    loading all{bytes(size)};
    spend_all_but(all.archive, size, 1);
    BOOST_CHECK_THROW(all.archive.spend(2), malformed_frame);
    BOOST_CHECK_NO_THROW(all.archive.spend(1));
    BOOST_CHECK_NO_THROW(all.archive.spend(0));
    BOOST_CHECK_THROW(all.archive.spend(1), malformed_frame);
  }
}

BOOST_AUTO_TEST_CASE(memory_is_in_proportion_to_the_frame) {
  for (std::size_t const size : {4u, 1000u, 5000u}) {
    std::size_t const most = memory_slack + memory_factor * size;
    for (std::size_t const more : {0u, 1u}) {
      bytes frame = number(most + more);
      frame.resize(size);
      loading one{frame};
      if (more == 0)
        BOOST_TEST(one.archive.load_count(1) == most);
      else
        BOOST_CHECK_THROW(one.archive.load_count(1), malformed_frame);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_objects_and_pointers_cost) {
  BOOST_TEST(costs<town>(record_cost, raw({1, 0}) + a_town + end_mark));
  using numbers = std::pair<std::shared_ptr<int>, std::shared_ptr<int>>;
  BOOST_TEST(costs<std::unique_ptr<int>>(heap_cost<int>, raw({2, 7, 0, 0, 0}) + end_mark));
  BOOST_TEST(costs<numbers>(2 * heap_cost<int>, raw({2, 7, 0, 0, 0, 1, 0}) + end_mark));
  using towns = std::pair<std::shared_ptr<town>, std::shared_ptr<town>>;
  BOOST_TEST(costs<std::unique_ptr<town>>(heap_cost<town>, raw({2, 1}) + a_town + end_mark));
  BOOST_TEST(costs<towns>(2 * heap_cost<town>, raw({2, 1}) + a_town + raw({1, 0}) + end_mark));
}

// References to objects that have been loaded

BOOST_AUTO_TEST_CASE(an_object_is_loaded_again_in_its_place_only) {
  using towns = std::pair<town, town>;
  BOOST_TEST(loads<towns>(raw({1, 0}) + a_town + raw({0}) + a_town + end_mark));
  for (int const reference : {1, 2, 3})
    BOOST_TEST(!loads<towns>(raw({1, 0}) + a_town + raw({reference}) + end_mark));

  town one;
  loading twice{raw({1, 0}) + a_town + raw({1, 2}) + end_mark};
  twice.archive >> one >> one;
  BOOST_TEST(one.number == 7);
  BOOST_CHECK_THROW(twice.archive >> one, malformed_frame);
}

BOOST_AUTO_TEST_CASE(a_part_at_the_same_address_is_another_object) {
  using parts = both<town, int>;
  bytes const rest = raw({3, 0, 0, 0}) + end_mark;
  BOOST_TEST(loads<parts>(raw({1, 0, 1, 0}) + a_town + rest));
  BOOST_TEST(!loads<parts>(raw({1, 0, 1, 1}) + rest));
}

BOOST_AUTO_TEST_CASE(the_object_of_a_pointer_is_no_value) {
  BOOST_TEST(loads<repeating>(raw({0, 2, 1}) + a_town + raw({0}) + a_town + end_mark));
  BOOST_TEST(!loads<repeating>(raw({0, 2, 1}) + a_town + raw({1}) + end_mark));
}

BOOST_AUTO_TEST_CASE(an_object_that_is_gone_is_not_loaded_again) {
  // The towns are loaded in one place, from which the second does not move: the key is known.
  bytes const first = raw({1, 0, 0, 0, 1, 0}) + a_town;
  bytes const again = raw({1, 0, 0, 0, 0}) + a_town;
  auto const third = [](int reference) { return raw({2, 0, 0, 0, reference}); };
  using towns = std::map<int, town>;
  BOOST_TEST(loads<towns>(raw({3}) + first + again + third(0) + a_town + end_mark));
  BOOST_TEST(!loads<towns>(raw({3}) + first + again + third(2) + end_mark));
}

// Pointers to objects that have been loaded

BOOST_AUTO_TEST_CASE(pointers_lead_to_objects_that_are_there) {
  three_towns all{aliases_of_three + raw({1, 3})};
  for (int i = 0; i != 3; ++i) BOOST_TEST(all.pointer() == &all.towns[i]);
  BOOST_CHECK_THROW(all.pointer(), malformed_frame);
}

BOOST_AUTO_TEST_CASE(pointers_follow_an_object_that_moves_alone) {
  three_towns all{aliases_of_three};
  all.archive.moved(0, &all.towns[1], &all.elsewhere);
  BOOST_TEST(all.pointer() == &all.towns[0]);
  BOOST_TEST(all.pointer() == &all.elsewhere);
  BOOST_TEST(all.pointer() == &all.towns[2]);
}

BOOST_AUTO_TEST_CASE(no_pointer_leads_to_an_object_that_has_ended) {
  three_towns all{aliases_of_three};
  all.archive.ended(0, &all.towns[1]);
  BOOST_TEST(all.pointer() == &all.towns[0]);
  BOOST_CHECK_THROW(all.pointer(), malformed_frame);
  BOOST_TEST(all.pointer() == &all.towns[2]);
}

BOOST_AUTO_TEST_CASE(pointers_follow_the_parts_of_what_moves_or_has_ended) {
  std::array<town, 2> other;
  three_towns moved{aliases_of_three};
  moved.archive.moved(0, moved.first_two(), &other);
  BOOST_TEST(moved.pointer() == &other[0]);
  BOOST_TEST(moved.pointer() == &other[1]);
  BOOST_TEST(moved.pointer() == &moved.towns[2]);

  three_towns ended{aliases_of_three};
  ended.archive.ended(0, ended.first_two());
  BOOST_CHECK_THROW(ended.pointer(), malformed_frame);
  BOOST_CHECK_THROW(ended.pointer(), malformed_frame);
  BOOST_TEST(ended.pointer() == &ended.towns[2]);
}

BOOST_AUTO_TEST_CASE(objects_before_the_mark_stay) {
  three_towns all{aliases_of_three};
  all.archive.moved(2, &all.towns[1], &all.elsewhere);
  all.archive.ended(1, &all.towns[0]);
  for (int i = 0; i != 3; ++i) BOOST_TEST(all.pointer() == &all.towns[i]);
}

BOOST_AUTO_TEST_CASE(an_object_that_has_ended_does_not_move) {
  three_towns all{aliases_of_three};
  all.archive.ended(0, &all.towns[0]);
  all.archive.moved(0, &all.towns[0], &all.elsewhere);
  BOOST_CHECK_THROW(all.pointer(), malformed_frame);
}

BOOST_AUTO_TEST_CASE(to_move_takes_a_step_for_each_object) {
  three_towns all{{}};
  spend_all_but(all.archive, all.frame.size(), 5);
  all.archive.moved(1, &all.towns[0], &all.elsewhere);
  all.archive.moved(0, &all.towns[0], &all.elsewhere);
  BOOST_CHECK_THROW(all.archive.spend(1), malformed_frame);
}

BOOST_AUTO_TEST_CASE(only_the_last_object_has_a_new_address) {
  three_towns all{aliases_of_three};
  spend_all_but(all.archive, all.frame.size(), 1);
  all.archive.reset_object_address(&all.elsewhere, &all.towns[2]);
  BOOST_CHECK_THROW(all.archive.spend(1), malformed_frame);
  BOOST_TEST(all.pointer() == &all.towns[0]);
  BOOST_TEST(all.pointer() == &all.towns[1]);
  BOOST_TEST(all.pointer() == &all.elsewhere);
}

BOOST_AUTO_TEST_CASE(no_pointer_leads_to_a_variable_of_a_function) {
  // The stack has other addresses then.
  if (isolatte::test::with_asan) return;
  bytes const head = raw({0, 1, 0}) + a_town;
  BOOST_TEST(loads<careless>(head + raw({0}) + end_mark));
  BOOST_TEST(!loads<careless>(head + raw({1, 0}) + end_mark));
}

BOOST_AUTO_TEST_CASE(no_pointer_leads_into_an_object_that_could_not_be_loaded) {
  bytes const head = raw({0, 2, 1, 1, 0}) + a_town;
  auto const second = raw({1, 1});
  BOOST_TEST(loads<forgiving>(head + raw({0}) + second + end_mark));
  BOOST_TEST(loads<forgiving>(head + raw({1}) + raw({0}) + end_mark));
  BOOST_TEST(!loads<forgiving>(head + raw({1}) + second + end_mark));
}

BOOST_AUTO_TEST_CASE(a_number_is_no_object_of_a_class) {
  using pointers = std::pair<std::shared_ptr<int>, std::shared_ptr<town>>;
  BOOST_TEST(loads<pointers>(raw({2, 7, 0, 0, 0, 0}) + end_mark));
  BOOST_TEST(!loads<pointers>(raw({2, 7, 0, 0, 0, 1, 0}) + end_mark));
  using shapes = std::pair<std::shared_ptr<int>, std::shared_ptr<shape>>;
  BOOST_TEST(!loads<shapes>(raw({2, 7, 0, 0, 0, 1, 0}) + end_mark));
}

BOOST_AUTO_TEST_CASE(a_base_class_waits_for_the_whole_object) {
  for (bool const is_closed : {false, true}) {
    std::unique_ptr<ouroboros> const pointer(new ouroboros);
    pointer->tail = is_closed ? pointer.get() : nullptr;
    isolatte::detail::byte_buffer out;
    isolatte::detail::output_archive save(out);
    save << pointer;
    save.finish();
    input_archive load(out.bytes());
    std::unique_ptr<ouroboros> copy;
    if (is_closed)
      BOOST_CHECK_THROW(load >> copy, malformed_frame);
    else
      BOOST_CHECK_NO_THROW(load >> copy);
  }
}

// Owners

BOOST_AUTO_TEST_CASE(to_own_a_part_is_to_own_the_whole) {
  bytes const whole = raw({2, 1, 1, 0}) + a_town + raw({0}) + a_town;
  loading one{whole + raw({1, 2}) + end_mark};
  std::shared_ptr<two_towns> first;
  std::shared_ptr<town> second;
  one.archive >> first;
  // Each object from the part to the whole takes a step.
  spend_all_but(one.archive, one.frame.size(), 2);
  one.archive >> second;
  BOOST_CHECK_THROW(one.archive.spend(1), malformed_frame);
  BOOST_TEST(second.get() == &first->second);
  BOOST_TEST(first.use_count() >= 2);
  BOOST_TEST((!first.owner_before(second) && !second.owner_before(first)));
}

BOOST_AUTO_TEST_CASE(an_owner_of_one_kind_has_no_share_of_another) {
  using pointers =
      std::tuple<boost::shared_ptr<town>, std::unique_ptr<town>, boost::shared_ptr<town>>;
  bytes const two = raw({2, 1}) + a_town + raw({2}) + a_town;
  BOOST_TEST(loads<pointers>(two + raw({1, 0}) + end_mark));
  BOOST_TEST(!loads<pointers>(two + raw({1, 1}) + end_mark));

  loading other{raw({2, 1}) + a_town + raw({1, 0, 1, 0}) + end_mark};
  town* object = nullptr;
  other.archive >> object;
  auto const& kept = other.archive.claim_for(&keeper<1>::make);
  BOOST_TEST(kept.object.get() == object);
  other.archive >> object;
  BOOST_TEST(&other.archive.claim_for(&keeper<1>::make) == &kept);
  other.archive >> object;
  BOOST_CHECK_THROW(other.archive.claim_for(&keeper<2>::make), malformed_frame);
}

// Classes

BOOST_AUTO_TEST_CASE(classes_have_the_numbers_of_the_writer) {
  std::tuple<std::unique_ptr<town>, std::unique_ptr<polygon>, std::unique_ptr<polygon>,
             std::unique_ptr<shape>, std::unique_ptr<shape>>
      value{std::make_unique<town>(), std::make_unique<polygon>(5), std::make_unique<polygon>(6),
            std::make_unique<label>("text"), std::make_unique<polygon>(7)};
  auto const copy = sent(value);
  BOOST_TEST(std::get<2>(copy)->corners() == 6);
  BOOST_TEST(!!dynamic_cast<const label*>(std::get<3>(copy).get()));
  BOOST_TEST(std::get<4>(copy)->corners() == 7);
}

bytes named(const std::type_info& type, std::uint64_t ordinal = 0) {
  std::string const name = type.name();
  bytes result = number(name.size());
  for (char const c : name) result.push_back(static_cast<std::byte>(c));
  return result + number(ordinal);
}

BOOST_AUTO_TEST_CASE(a_class_is_named_once) {
  using shapes = std::pair<std::unique_ptr<shape>, std::unique_ptr<shape>>;
  // A polygon brings its tracking, the layer and the corners.
  bytes const layer_and_corners = raw({4, 0, 0, 0, 5, 0, 0, 0});
  auto const frame = [&](const bytes& second) {
    return raw({3}) + named(typeid(polygon)) + raw({1, 1, 0}) + layer_and_corners + second +
           raw({0}) + layer_and_corners + end_mark;
  };
  BOOST_TEST(loads<shapes>(frame(raw({3}))));
  BOOST_TEST(!loads<shapes>(frame(raw({4}) + named(typeid(polygon)))));
  BOOST_TEST(!loads<shapes>(frame(raw({5}))));
}

BOOST_AUTO_TEST_CASE(a_class_has_a_number_of_32_bits) {
  bytes const rest = raw({1, 1, 0, 4, 0, 0, 0, 5, 0, 0, 0}) + end_mark;
  BOOST_TEST(loads<std::unique_ptr<shape>>(raw({3}) + named(typeid(polygon)) + rest));
  BOOST_TEST(!loads<std::unique_ptr<shape>>(raw({3}) +
                                            named(typeid(polygon), std::uint64_t{1} << 32) + rest));
}

BOOST_AUTO_TEST_CASE(a_class_without_virtual_functions_is_derived_from_none) {
  BOOST_TEST(!loads<std::unique_ptr<shape>>(raw({3}) + named(typeid(stone)) +
                                            raw({1, 0, 0, 0, 0, 0, 0}) + end_mark));
}

BOOST_AUTO_TEST_SUITE_END()
