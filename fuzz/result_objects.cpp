// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The payload of a result, decoded as objects of classes: pointers, bases, graphs.

#include "target.hpp"
#include "unit/travellers.hpp"

#include <isolatte/detail/archive/codec.hpp>

#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>

BOOST_CLASS_EXPORT_IMPLEMENT(travellers::polygon)
BOOST_CLASS_EXPORT_IMPLEMENT(travellers::group)
BOOST_CLASS_EXPORT_IMPLEMENT(travellers::label)
BOOST_CLASS_EXPORT_IMPLEMENT(travellers::diamond)
BOOST_CLASS_EXPORT_IMPLEMENT(travellers::intruder)

namespace result_objects_target {

using namespace isolatte::fuzz;
using namespace travellers;
using isolatte::detail::byte_buffer;
using isolatte::detail::codec;
using isolatte::detail::malformed_frame;
using isolatte::detail::memory_factor;
using isolatte::detail::memory_slack;

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
constexpr std::array<std::size_t, 3> limits{no_limit, 1000, 100'000};
constexpr std::size_t small_change = 32 * 1024;

template <class T>
void try_as(input frame, std::size_t limit) {
  std::size_t const allowed =
      2 * std::min(limit, memory_slack + memory_factor * frame.size()) + small_change;
  try {
    std::optional<T> value;
    {
      memory_bound const bound{allowed};
      value.emplace(codec<T>::decode(frame, limit));
    }
    byte_buffer again;
    codec<T>::encode(again, *value);
    T const second = codec<T>::decode(again.bytes());
  } catch (const malformed_frame&) {
  } catch (const std::length_error&) {  // nested too deeply, or thrown by a label
  }
  person::break_circles();
  require(person::alive().empty(), "no object is left of a frame");
  require(label::in_use == 0, "no memory is left of a frame");
}

using shapes = std::vector<std::unique_ptr<shape>>;

/// All types, in an order that the inputs of the corpus depend on: new ones go to the end.
constexpr auto types = std::to_array<void (*)(input, std::size_t)>({
    &try_as<shapes>,
    &try_as<drawing>,
    &try_as<std::shared_ptr<person>>,
    &try_as<list_node>,
    &try_as<tree>,
    &try_as<containers>,
    &try_as<odds_and_ends>,
});

void run(input bytes) {
  choices from{bytes};
  auto const decode = from.one_of(types);
  auto const limit = from.one_of(limits);
  decode(from.rest(), limit);
}

std::vector<bytes> seeds() {
  std::vector<bytes> all;
  std::uint8_t type = 0;
  auto const add = [&]<class T>(const T& value) {
    byte_buffer payload;
    codec<T>::encode(payload, value);
    append(all.emplace_back(raw(type++, 0)), payload.bytes());
  };
  {
    shapes some;
    some.push_back(std::make_unique<diamond>());
    some.push_back(std::make_unique<polygon>(5));
    some.push_back(nullptr);
    some.push_back(std::make_unique<label>("text"));
    some.push_back(std::make_unique<diamond>());
    add(some);
  }
  add(some_drawing());
  add(some_family());
  person::break_circles();
  add(some_list(20));
  add(tree{1, {{2, {}}, {3, {{4, {}}, {5, {}}}}}});
  add(some_containers());
  add(odds_and_ends());
  require(type == types.size(), "each type has a seed");
  return all;
}

registration const registered{{"result_objects", &run, &seeds}};

}  // namespace result_objects_target
