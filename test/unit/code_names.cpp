// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/code_image.hpp"
#include "support/plugin.hpp"

#include <isolatte/detail/vocabulary/code_name.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace code_names_test {

using isolatte::detail::build_id;
using isolatte::detail::code_name;
using isolatte::detail::find_code;
using isolatte::detail::name_code;
using isolatte::test::plugin;
using isolatte::test::plugin_file;

int one(int n) { return n + 1; }
int two(int n) { return n * 2 + 2; }
int in_memory = 1;

template <class T>
std::uintptr_t address_of(T* what) {
  return reinterpret_cast<std::uintptr_t>(what);
}

/// The name of code that has one.
code_name named(std::uintptr_t address) {
  auto const name = name_code(address);
  BOOST_REQUIRE(name.has_value());
  return *name;
}

/// The loader has added this to the addresses of the program.
std::uintptr_t bias_of_program() { return address_of(one) - named(address_of(one)).offset; }

build_id id_of(const std::vector<std::byte>& bytes) {
  auto const id = build_id::of(bytes);
  BOOST_REQUIRE(id.has_value());
  return *id;
}

std::vector<std::byte> bytes_of(const build_id& id) {
  return {id.bytes().begin(), id.bytes().end()};
}

BOOST_AUTO_TEST_SUITE(code_names)

BOOST_AUTO_TEST_CASE(lead_to_the_code_that_they_name) {
  auto const name = named(address_of(one));
  BOOST_TEST(find_code(name) == address_of(one));
  BOOST_TEST((named(address_of(one)) == name));
  auto const other = named(address_of(two));
  BOOST_TEST((other.object == name.object));
  BOOST_TEST((other != name));
  BOOST_TEST(find_code(other) == address_of(two));
}

BOOST_AUTO_TEST_CASE(differ_between_a_program_and_its_libraries) {
  auto const name = named(address_of(&std::abort));
  BOOST_TEST(find_code(name) == address_of(&std::abort));
  BOOST_TEST(find_code(named(address_of(one))) == address_of(one));
  BOOST_TEST(find_code(name) == address_of(&std::abort));
}

BOOST_AUTO_TEST_CASE(are_of_code_alone) {
  int on_stack = 0;
  auto const on_heap = std::make_unique<int>(0);
  BOOST_TEST(!name_code(address_of(&in_memory)).has_value());
  BOOST_TEST(!name_code(address_of(&on_stack)).has_value());
  BOOST_TEST(!name_code(address_of(on_heap.get())).has_value());
  BOOST_TEST(!name_code(0).has_value());
  BOOST_TEST(!name_code(std::numeric_limits<std::uintptr_t>::max()).has_value());
}

BOOST_AUTO_TEST_CASE(begin_with_the_build_id_of_the_program) {
  auto const name = named(address_of(one));
  std::string text;
  char digits[3];
  for (std::byte const each : name.object.bytes()) {
    std::snprintf(digits, sizeof digits, "%02x", std::to_integer<unsigned>(each));
    text += digits;
  }
  BOOST_TEST(isolatte::detail::program_build_id().value() == text);
  BOOST_TEST(text.size() >= 16U);
}

BOOST_AUTO_TEST_CASE(of_other_programs_are_not_found) {
  auto const name = named(address_of(one));
  auto other = bytes_of(name.object);
  other.back() ^= std::byte{1};
  BOOST_TEST(find_code({id_of(other), name.offset}) == 0U);
  // Neither a part of the id is one, nor an id with more to it.
  other = bytes_of(name.object);
  other.pop_back();
  BOOST_TEST(find_code({id_of(other), name.offset}) == 0U);
  other = bytes_of(name.object);
  other.push_back(std::byte{0});
  BOOST_TEST(find_code({id_of(other), name.offset}) == 0U);
  BOOST_TEST(find_code({build_id{}, name.offset}) == 0U);
}

BOOST_AUTO_TEST_CASE(of_no_code_are_not_found) {
  auto const id = named(address_of(one)).object;
  auto const bias = bias_of_program();
  BOOST_TEST(find_code({id, address_of(&in_memory) - bias}) == 0U);
  BOOST_TEST(find_code({id, 0}) == 0U);
  BOOST_TEST(find_code({id, std::numeric_limits<std::uint64_t>::max()}) == 0U);
  int on_stack = 0;
  BOOST_TEST(find_code({id, address_of(&on_stack) - bias}) == 0U);
  // The offset leads into the code of another library.
  BOOST_TEST(find_code({id, address_of(&std::abort) - bias}) == 0U);
}

BOOST_AUTO_TEST_CASE(end_where_the_code_ends) {
  for (auto const& each : isolatte::posix::loaded_code()) {
    if (each.id.empty() || !each.holds(address_of(one))) continue;
    std::uint64_t const begin = each.begin - each.bias;
    BOOST_TEST(find_code({each.id, begin}) == each.begin);
    BOOST_TEST(find_code({each.id, begin - 1}) == 0U);
    BOOST_TEST(find_code({each.id, begin + each.size - 1}) == each.begin + each.size - 1);
    BOOST_TEST(find_code({each.id, begin + each.size}) == 0U);
    return;
  }
  BOOST_FAIL("the code of the program is loaded");
}

BOOST_AUTO_TEST_CASE(come_and_go_with_their_library) {
  auto const* const path = plugin_file();
  if (path == nullptr) return;
  code_name name;
  {
    plugin const loaded{path};
    name = named(loaded.address());
    BOOST_TEST((name.object != named(address_of(one)).object));
    BOOST_TEST(find_code(name) == loaded.address());
  }
  BOOST_TEST(find_code(name) == 0U);
  plugin const again{path};
  BOOST_TEST(find_code(name) == again.address());
}

BOOST_AUTO_TEST_CASE(need_a_build_id) {
  auto const* const path = plugin_file("ISOLATTE_TEST_NAMELESS_PLUGIN");
  if (path == nullptr) return;
  plugin const loaded{path};
  auto const* const segment = isolatte::posix::find_segment(loaded.address());
  BOOST_REQUIRE(segment != nullptr);
  BOOST_TEST(segment->id.empty());
  std::uint64_t const offset = loaded.address() - segment->bias;
  BOOST_TEST(!name_code(loaded.address()).has_value());
  BOOST_TEST(find_code({build_id{}, offset}) == 0U);
}

BOOST_AUTO_TEST_CASE(have_an_id_of_up_to_32_bytes) {
  std::array<std::byte, 33> many{};
  many[31] = std::byte{7};
  BOOST_TEST(!build_id::of({}).has_value());
  BOOST_TEST(!build_id::of(many).has_value());
  auto const longest = build_id::of(std::span{many}.first(32));
  BOOST_REQUIRE(longest.has_value());
  BOOST_TEST(longest->bytes().size() == 32U);
  BOOST_TEST((longest->bytes()[31] == std::byte{7}));
  BOOST_TEST((*build_id::of(std::span{many}.first(3)) != *build_id::of(std::span{many}.first(4))));
  BOOST_TEST((*build_id::of(std::span{many}.first(3)) == *build_id::of(std::span{many}.first(3))));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace code_names_test
