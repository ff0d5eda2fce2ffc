// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The payload of a result, decoded as a value of a standard type.

#include "target.hpp"

#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/serialization.hpp>

#include <bitset>
#include <chrono>
#include <complex>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <stack>
#include <stdexcept>
#include <string>
#include <system_error>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <valarray>
#include <variant>

namespace result_values_target {

using namespace isolatte::fuzz;
using isolatte::detail::byte_buffer;
using isolatte::detail::codec;
using isolatte::detail::malformed_frame;
using isolatte::detail::memory_factor;
using isolatte::detail::memory_slack;

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
constexpr std::array<std::size_t, 4> limits{no_limit, 0, 1000, 100'000};
/// The exception that refuses a frame, and the archive's own tables.
constexpr std::size_t small_change = 16 * 1024;

/// The memory that a frame may make its reader take: what the archive counts, and what a container
/// takes for itself.
std::size_t allowed(std::size_t frame, std::size_t limit) {
  return std::min(limit, memory_slack + memory_factor * frame) + frame + small_change;
}

enum class order { kept, free };

template <class T, order Order>
void try_as(input frame, std::size_t limit) {
  byte_buffer again;
  bool is_sound = false;
  try {
    std::optional<T> value;
    {
      memory_bound const bound{allowed(frame.size(), limit)};
      value.emplace(codec<T>::decode(frame, limit));
    }
    codec<T>::encode(again, *value);
    is_sound = true;
    byte_buffer third;
    codec<T>::encode(third, codec<T>::decode(again.bytes()));
    require(third.size() == again.size(), "a value that has travelled twice has the same size");
    if constexpr (Order == order::kept)
      require(std::ranges::equal(third.bytes(), again.bytes()),
              "a value that has travelled twice is the same");
  } catch (const malformed_frame&) {
    require(!is_sound, "a value that could be encoded can be decoded");
  } catch (const std::length_error&) {
    // Nested too deeply for the stack.
  }
}

/// Nests without end.
struct branch {
  std::vector<branch> below;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & below;
  }
};

enum class colour : std::uint16_t { red, green };

using index = std::map<std::string, std::vector<std::string>>;
using choice = std::variant<std::monostate, int, std::string, std::vector<int>>;
using several = std::tuple<int, std::string, std::optional<double>, colour>;
using numbers = std::unordered_map<std::string, std::uint32_t>;
using queue_type = std::priority_queue<std::string>;

/// All types, in an order that the inputs of the corpus depend on: new ones go to the end.
constexpr auto types = std::to_array<void (*)(input, std::size_t)>({
    &try_as<int, order::kept>,
    &try_as<bool, order::kept>,
    &try_as<std::string, order::kept>,
    &try_as<std::vector<double>, order::kept>,
    &try_as<std::vector<bool>, order::kept>,
    &try_as<index, order::kept>,
    &try_as<choice, order::kept>,
    &try_as<several, order::kept>,
    &try_as<numbers, order::free>,
    &try_as<std::optional<std::vector<std::string>>, order::kept>,
    &try_as<std::set<std::string>, order::kept>,
    &try_as<std::unordered_set<std::uint64_t>, order::free>,
    &try_as<std::deque<std::list<std::string>>, order::kept>,
    &try_as<std::forward_list<std::pair<int, bool>>, order::kept>,
    &try_as<std::array<std::string, 3>, order::kept>,
    &try_as<std::bitset<13>, order::kept>,
    &try_as<std::filesystem::path, order::kept>,
    &try_as<std::error_code, order::kept>,
    &try_as<std::chrono::system_clock::time_point, order::kept>,
    &try_as<std::complex<double>, order::kept>,
    &try_as<std::valarray<int>, order::kept>,
    &try_as<std::u32string, order::kept>,
    &try_as<std::unique_ptr<std::string>, order::kept>,
    &try_as<std::vector<std::shared_ptr<std::string>>, order::kept>,
    &try_as<std::stack<std::string>, order::kept>,
    &try_as<queue_type, order::free>,
    &try_as<std::vector<std::vector<std::vector<bool>>>, order::kept>,
    &try_as<branch, order::kept>,
    &try_as<std::unordered_multimap<int, std::string>, order::free>,
});

void run(input bytes) {
  choices from{bytes};
  auto const decode = from.one_of(types);
  auto const limit = from.one_of(limits);
  decode(from.rest(), limit);
}

template <class T>
bytes seed(std::uint8_t type, const T& value, std::uint8_t limit = 0) {
  byte_buffer payload;
  codec<T>::encode(payload, value);
  bytes made = raw(type, limit);
  append(made, payload.bytes());
  return made;
}

std::vector<bytes> seeds() {
  std::vector<bytes> all;
  std::uint8_t type = 0;
  auto const add = [&]<class T>(const T& value) { all.push_back(seed(type++, value)); };
  add(17);
  add(true);
  add(std::string{"text"});
  add(std::vector<double>{1, 2, 3});
  add(std::vector<bool>{true, false, true, true, false, false, true, false, true});
  add(index{{"a", {"x", "yy"}}, {"bb", {}}});
  add(choice{std::vector<int>{1, 2}});
  add(several{1, "two", 3.0, colour::green});
  add(numbers{{"one", 1}, {"two", 2}});
  add(std::optional<std::vector<std::string>>{{"", "a"}});
  add(std::set<std::string>{"k", "l"});
  add(std::unordered_set<std::uint64_t>{1, 2, 1ULL << 40});
  add(std::deque<std::list<std::string>>{{"a"}, {}, {"b", "c"}});
  add(std::forward_list<std::pair<int, bool>>{{1, true}, {2, false}});
  add(std::array<std::string, 3>{"p", "q", ""});
  add(std::bitset<13>{0x155});
  add(std::filesystem::path{"/tmp/a b"});
  add(std::make_error_code(std::errc::io_error));
  add(std::chrono::system_clock::time_point{std::chrono::seconds{7}});
  add(std::complex<double>{1, 2});
  add(std::valarray<int>{1, 2, 3});
  add(std::u32string{U"\x1f600"});
  add(std::make_unique<std::string>("owned"));
  auto const shared = std::make_shared<std::string>("s");
  add(std::vector{shared, shared, std::shared_ptr<std::string>{}});
  add(std::stack<std::string>{{"x", "y"}});
  add(queue_type{std::less<std::string>{}, {"c", "a", "d"}});
  add(std::vector<std::vector<std::vector<bool>>>{{{true}, {}}, {}});
  add(branch{{{{{}, {}}}, {}}});
  add(std::unordered_multimap<int, std::string>{{1, "a"}, {1, "b"}, {2, "c"}});
  require(type == types.size(), "each type has a seed");

  // A vector of empty vectors, whose frame is padded, and one that nests deeply.
  all.push_back(seed(26, std::vector<std::vector<std::vector<bool>>>(3'000)));
  branch deep;
  for (int i = 0; i != 100; ++i) {
    branch outer;
    outer.below.push_back(std::move(deep));
    deep = std::move(outer);
  }
  all.push_back(seed(27, deep));
  return all;
}

registration const registered{{"result_values", &run, &seeds}};

}  // namespace result_values_target
