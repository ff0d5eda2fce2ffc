// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "support/plugin.hpp"

#include <isolatte/call.hpp>
#include <isolatte/detail/task/distant_call.hpp>
#include <isolatte/detail/vocabulary/unknown_code.hpp>

#include <boost/serialization/base_object.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace distant_calls_test {

using isolatte::call;
using isolatte::detail::build_id;
using isolatte::detail::byte_buffer;
using isolatte::detail::code_name;
using isolatte::detail::distant_call;
using isolatte::detail::encode_distant_call;
using isolatte::detail::malformed_frame;
using isolatte::detail::name_code;
using isolatte::detail::needs_of_decoder;
using isolatte::detail::registered_decoder;
using isolatte::detail::remote_call;
using isolatte::detail::resolve;
using isolatte::detail::unknown_code;
using isolatte::test::plugin;
using isolatte::test::plugin_file;

int add(int a, int b) { return a + b; }
int in_memory = 1;

struct scale {
  int factor = 1;
  int times(int n) const { return factor * n; }
  int operator()(int n) const { return factor * n; }
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & factor;
  }
};

struct side {
  int width = 2;
  int twice_width() const { return 2 * width; }
};
struct shape {
  int number = 0;
  virtual ~shape() = default;
  virtual int corners() const { return 0; }
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & number;
  }
};
/// Members of the second base class are found by an adjustment.
struct triangle : shape, side {
  int corners() const override { return 3; }
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& boost::serialization::base_object<shape>(*this);
    ar & width;
  }
};

template <class T>
std::uintptr_t address_of(T* what) {
  return reinterpret_cast<std::uintptr_t>(what);
}
std::uintptr_t address_of(isolatte::detail::make_task entry) {
  return reinterpret_cast<std::uintptr_t>(entry);
}

/// Encodes a call whose code has names.
template <class Call>
distant_call encoded(const Call& what) {
  auto made = encode_distant_call(what);
  BOOST_REQUIRE(made.has_value());
  return std::move(*made);
}

distant_call copy_of(const distant_call& what) {
  distant_call copy{what.decoder, what.function, {}};
  copy.arguments.append(what.arguments.data(), what.arguments.size());
  return copy;
}

/// Runs a call as a process does that it has come to.
template <class R>
R arrived(distant_call what) {
  auto const found = resolve(std::move(what));
  BOOST_REQUIRE(found.has_value());
  auto const task = found->entry(found->arguments.bytes());
  task->receive();
  task->invoke();
  byte_buffer result;
  task->encode(result);
  return isolatte::detail::codec<R>::decode(result.bytes());
}

template <class Call>
auto sent(const Call& what) {
  return arrived<typename Call::result_type>(encoded(what));
}

void receive(const distant_call& what, std::span<const std::byte> arguments) {
  auto const entry = resolve(copy_of(what)).value().entry;
  entry(arguments)->receive();
}

/// Arguments of which the test writes every byte.
class forged {
 public:
  forged& byte(unsigned value) {
    bytes_.push_back(static_cast<std::byte>(value));
    return *this;
  }
  forged& bytes(std::span<const std::byte> more) {
    bytes_.insert(bytes_.end(), more.begin(), more.end());
    return *this;
  }
  forged& word(std::uint64_t value) { return bytes(std::as_bytes(std::span{&value, 1})); }
  forged& number(int value) { return bytes(std::as_bytes(std::span{&value, 1})); }
  forged& named(const code_name& name) {
    auto const id = name.object.bytes();
    return byte(1).byte(static_cast<unsigned>(id.size())).bytes(id).word(name.offset);
  }
  std::span<const std::byte> all() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

/// Whether a word is in the bytes, at any place.
bool holds(std::span<const std::byte> bytes, std::uintptr_t word) {
  auto const what = std::as_bytes(std::span{&word, 1});
  return std::search(bytes.begin(), bytes.end(), what.begin(), what.end()) != bytes.end();
}

BOOST_AUTO_TEST_SUITE(distant_calls)

BOOST_AUTO_TEST_CASE(call_functions_of_every_kind) {
  BOOST_TEST(sent(call(add, 20, 22)) == 42);
  BOOST_TEST(sent(call([](int n) { return n + 1; }, 41)) == 42);
  BOOST_TEST(sent(call(std::plus<>{}, 20, 22)) == 42);
  BOOST_TEST(sent(call(scale{6}, 7)) == 42);
  BOOST_TEST(sent(call(&scale::times, scale{6}, 7)) == 42);
  BOOST_TEST(sent(call(&scale::factor, scale{42})) == 42);
  BOOST_TEST(sent(call(&shape::corners, triangle{})) == 3);
  BOOST_TEST(sent(call(&triangle::twice_width, triangle{})) == 4);
  BOOST_TEST(sent(call([](std::unique_ptr<int> n) { return *n; }, std::make_unique<int>(7))) == 7);
  BOOST_TEST(sent(call([](std::stop_token, int n) { return n; }, 5)) == 5);
}

BOOST_AUTO_TEST_CASE(adjust_the_object_of_a_member_function) {
  int (triangle::* const function)() const = &side::twice_width;
  BOOST_TEST(sent(call(function, triangle{})) == 4);
}

BOOST_AUTO_TEST_CASE(hold_no_address) {
  BOOST_TEST(!holds(encoded(call(add, 1, 2)).arguments.bytes(), address_of(&add)));
  auto const member = call(&scale::times, scale{6}, 7);
  BOOST_TEST(!holds(encoded(member).arguments.bytes(), member.function_address()));
  // The same test finds it in what is sent to a process with the same addresses.
  auto const near = isolatte::detail::make_remote(call(add, 1, 2));
  BOOST_TEST(holds(near.arguments.bytes(), address_of(&add)));
  BOOST_TEST(near.arguments.size() == sizeof(void*) + 2 * sizeof(int) + 1);
}

BOOST_AUTO_TEST_CASE(name_the_function_that_is_called_by_its_address) {
  BOOST_TEST((encoded(call(add, 1, 2)).function == name_code(address_of(&add))));
  BOOST_TEST(encoded(call(&scale::times, scale{}, 1)).function.has_value());
  BOOST_TEST(!encoded(call(&shape::corners, triangle{})).function.has_value());
  BOOST_TEST(!encoded(call(&scale::factor, scale{})).function.has_value());
  BOOST_TEST(!encoded(call([] {})).function.has_value());
  BOOST_TEST(resolve(encoded(call(add, 1, 2))).value().function == address_of(&add));
}

BOOST_AUTO_TEST_CASE(may_call_no_function) {
  // The child that calls it ends by a fault, as one on this machine does.
  int (*const null)(int, int) = nullptr;
  auto const what = encoded(call(null, 1, 2));
  BOOST_TEST(!what.function.has_value());
  BOOST_CHECK_NO_THROW(receive(what, what.arguments.bytes()));
  int (scale::* const no_member)(int) const = nullptr;
  auto const member = encoded(call(no_member, scale{}, 2));
  BOOST_CHECK_NO_THROW(receive(member, member.arguments.bytes()));
}

BOOST_AUTO_TEST_CASE(tell_whether_they_take_a_stop_token) {
  auto const stops = resolve(encoded(call([](std::stop_token) {}))).value();
  BOOST_TEST(stops.talk.needs.stops);
  BOOST_TEST(!stops.talk.needs.has_channel());
  auto const goes_on = resolve(encoded(call([] {}))).value();
  BOOST_TEST(!static_cast<bool>(goes_on.talk.needs));
}

BOOST_AUTO_TEST_CASE(come_in_by_a_registered_decoder_alone) {
  auto const what = encoded(call(add, 1, 2));
  auto const decoder = address_of(resolve(copy_of(what)).value().entry);
  BOOST_TEST(needs_of_decoder(decoder).has_value());
  BOOST_TEST(!needs_of_decoder(0).has_value());
  BOOST_TEST(!needs_of_decoder(decoder + 1).has_value());

  auto const refused = [&](std::uintptr_t address) {
    auto forged = copy_of(what);
    auto const name = name_code(address);
    BOOST_REQUIRE(name.has_value());
    forged.decoder = *name;
    return !resolve(std::move(forged)).has_value();
  };
  BOOST_TEST(!refused(decoder));
  BOOST_TEST(refused(decoder + 1));
  BOOST_TEST(refused(decoder - 1));
  BOOST_TEST(refused(address_of(&add)));
  BOOST_TEST(refused(address_of(&std::abort)));
  // Neither do those that read addresses.
  BOOST_TEST(refused(address_of(isolatte::detail::make_remote(call(add, 1, 2)).entry)));
}

BOOST_AUTO_TEST_CASE(are_left_as_they_are_if_their_code_is_not_found) {
  auto const what = encoded(call(add, 1, 2));
  auto const bias = address_of(&add) - what.function.value().offset;
  std::array<std::byte, 20> const none{};
  std::vector<distant_call> all;
  all.push_back(copy_of(what));
  all.back().decoder.object = build_id::of(none).value();
  all.push_back(copy_of(what));
  all.back().decoder = {};
  all.push_back(copy_of(what));
  all.back().function->object = build_id::of(none).value();
  all.push_back(copy_of(what));
  all.back().function->offset = address_of(&in_memory) - bias;
  all.push_back(copy_of(what));
  all.back().function->offset = 0;
  for (auto& each : all) {
    BOOST_TEST(!resolve(std::move(each)).has_value());
    BOOST_TEST(each.arguments.size() == what.arguments.size());
  }
}

BOOST_AUTO_TEST_CASE(come_in_while_their_decoder_is_registered) {
  isolatte::detail::make_task const decoder = [](std::span<const std::byte>) {
    return std::unique_ptr<isolatte::detail::child_task>{};
  };
  auto const address = address_of(decoder);
  BOOST_TEST(!needs_of_decoder(address).has_value());
  {
    // Two libraries may name the same function.
    std::optional<registered_decoder> first{std::in_place, decoder,
                                            isolatte::detail::talk_needs{.stops = true}};
    registered_decoder second{decoder, {.stops = true}};
    BOOST_TEST(needs_of_decoder(address).value().stops);
    first.reset();
    BOOST_TEST(needs_of_decoder(address).has_value());
    first.emplace(decoder, isolatte::detail::talk_needs{});
  }
  BOOST_TEST(!needs_of_decoder(address).has_value());
  BOOST_TEST(sent(call(add, 1, 2)) == 3);
}

BOOST_AUTO_TEST_CASE(find_the_function_of_a_library_while_it_is_loaded) {
  auto const* const path = plugin_file();
  if (path == nullptr) return;
  distant_call what;
  {
    plugin const loaded{path};
    what = encoded(call(loaded.twice(), 21));
    BOOST_TEST(arrived<int>(copy_of(what)) == 42);
  }
  BOOST_TEST(!resolve(copy_of(what)).has_value());
  auto without = copy_of(what);
  without.function.reset();
  auto const found = resolve(std::move(without));
  BOOST_REQUIRE(found.has_value());
  BOOST_CHECK_THROW(found->entry(found->arguments.bytes())->receive(), unknown_code);
  plugin const again{path};
  BOOST_TEST(arrived<int>(std::move(what)) == 42);
}

BOOST_AUTO_TEST_CASE(are_none_if_the_function_has_no_name) {
  auto const* const path = plugin_file("ISOLATTE_TEST_NAMELESS_PLUGIN");
  if (path == nullptr) return;
  plugin const loaded{path};
  auto const what = call(loaded.twice(), 21);
  BOOST_TEST(!encode_distant_call(what).has_value());
  byte_buffer bytes;
  BOOST_CHECK_THROW(what.encode(bytes, isolatte::detail::function_form::name), unknown_code);
}

BOOST_AUTO_TEST_CASE(are_refused_if_they_end_too_soon) {
  for (auto const& what : {encoded(call(add, 1, 2)), encoded(call(&scale::times, scale{}, 1)),
                           encoded(call(&shape::corners, triangle{}))}) {
    auto const whole = what.arguments.bytes();
    for (std::size_t count = 0; count != whole.size(); ++count)
      BOOST_CHECK_THROW(receive(what, whole.first(count)), malformed_frame);
  }
}

BOOST_AUTO_TEST_CASE(are_refused_if_they_name_no_code) {
  auto const what = encoded(call(add, 1, 2));
  auto const name = what.function.value();
  auto const arguments = [](const code_name& of) {
    return forged{}.named(of).number(1).number(2).byte(0);
  };
  BOOST_TEST(std::ranges::equal(arguments(name).all(), what.arguments.bytes()));

  auto other = name;
  other.offset = address_of(&in_memory) - (address_of(&add) - name.offset);
  BOOST_CHECK_THROW(receive(what, arguments(other).all()), unknown_code);
  other.offset = 0;
  BOOST_CHECK_THROW(receive(what, arguments(other).all()), unknown_code);
  std::array<std::byte, 20> const none{};
  other = {build_id::of(none).value(), name.offset};
  BOOST_CHECK_THROW(receive(what, arguments(other).all()), unknown_code);
}

BOOST_AUTO_TEST_CASE(are_refused_if_their_function_is_not_well_formed) {
  auto const what = encoded(call(add, 1, 2));
  auto const refused = [&](forged arguments) {
    arguments.number(1).number(2).byte(0);
    try {
      receive(what, arguments.all());
    } catch (const unknown_code&) {
      return false;
    } catch (const malformed_frame&) {
      return true;
    }
    return false;
  };
  std::array<std::byte, 33> const many{};
  BOOST_TEST(refused(forged{}.byte(0).word(address_of(&add))));
  BOOST_TEST(refused(forged{}.byte(2).word(0)));
  BOOST_TEST(refused(forged{}.byte(1).byte(0).word(0)));
  BOOST_TEST(refused(forged{}.byte(1).byte(33).bytes(many).word(0)));
  BOOST_TEST(refused(forged{}.byte(1).byte(0x80).byte(0x80).byte(0x80).byte(0x80).byte(0x7f)));
}

#if !defined(__aarch64__) && !defined(__arm__)
BOOST_AUTO_TEST_CASE(are_refused_if_a_member_function_is_no_such) {
  auto const what = encoded(call(&scale::times, scale{}, 1));
  auto name = what.function.value();
  forged sound;
  sound.named(name).word(0);
  // The function comes first, and the other arguments after it.
  auto const rest = what.arguments.bytes().subspan(sound.all().size());
  BOOST_CHECK_NO_THROW(receive(what, forged{sound}.bytes(rest).all()));
  std::uintptr_t const address = resolve(copy_of(what)).value().function;
  BOOST_CHECK_THROW(receive(what, forged{}.byte(0).word(address).word(0).bytes(rest).all()),
                    malformed_frame);
  // An odd address would be taken for the place of a virtual function.
  name.offset += 1 - address % 2;
  BOOST_CHECK_THROW(receive(what, forged{}.named(name).word(0).bytes(rest).all()), malformed_frame);
}
#endif

BOOST_AUTO_TEST_SUITE_END()

}  // namespace distant_calls_test
