// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "exception/record.hpp"
#include "exception_travel.hpp"

#include <isolatte/detail/exception/adapter.hpp>
#include <isolatte/detail/exception/codec.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <typeinfo>
#include <utility>

// The several ways in which a link can rebuild an exception.

using namespace exception_travel;

namespace exception_ways_test {

using detail::byte_buffer;
using detail::exception_link;

/// Says nothing while it is armed.
struct failing_category : std::error_category {
  const char* name() const noexcept override { return "failing"; }
  std::string message(int) const override {
    if (armed) throw std::domain_error("no text");
    return "text";
  }
  static inline bool armed = false;
};
failing_category const failing;

struct arming {
  arming() { failing_category::armed = true; }
  arming(const arming&) = delete;
  arming& operator=(const arming&) = delete;
  ~arming() { failing_category::armed = false; }
};

struct hiding_error : std::system_error {
  using std::system_error::system_error;
  const char* what() const noexcept override { return "shown"; }
};
struct registered_code_error : std::system_error {
  explicit registered_code_error(const std::string& message)
      : std::system_error(7, failing, message) {}
  int number = 0;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & number;
  }
};
ISOLATTE_REGISTER_EXCEPTION(registered_code_error)

/// No std::exception, but it has a message.
struct plain_failure {
  explicit plain_failure(std::string what = {}) : text{std::move(what)} {}
  std::string what() const { return text; }
  std::string text;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & text;
  }
};
ISOLATTE_REGISTER_EXCEPTION(plain_failure)
struct named_failure : plain_failure {
  explicit named_failure(std::string what = {}) : plain_failure{"base " + what}, name{what} {}
  std::string what() const { return name; }
  std::string name;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & name;
  }
};
ISOLATTE_REGISTER_EXCEPTION(named_failure)
struct unregistered_failure : plain_failure {
  using plain_failure::plain_failure;
};
struct unregistered_named_failure : named_failure {
  using named_failure::named_failure;
};

// std::exception is an ambiguous base class of these.

struct logical_error : std::logic_error {
  using std::logic_error::logic_error;
};
ISOLATTE_REGISTER_EXCEPTION(logical_error)
struct unregistered_code_error : std::system_error {
  using std::system_error::system_error;
};
struct coded_error : unregistered_code_error {
  explicit coded_error(const std::string& text) : coded_error(std::errc::timed_out, text) {}
  coded_error(std::errc code, const std::string& text)
      : unregistered_code_error(std::make_error_code(code), text) {}
};
ISOLATTE_REGISTER_EXCEPTION(coded_error)
struct coded_and_logical_error : coded_error, logical_error {
  coded_and_logical_error()
      : coded_error(std::errc::broken_pipe, "coded"), logical_error("logical") {}
};

struct unloadable_error : std::runtime_error {
  using std::runtime_error::runtime_error;
  template <class Archive>
  void serialize(Archive&, unsigned) {
    if (Archive::is_loading::value) throw std::domain_error("not here");
  }
};
ISOLATTE_REGISTER_EXCEPTION(unloadable_error)
struct other_runtime_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct unloadable_and_other_error : unloadable_error, other_runtime_error {
  unloadable_and_other_error() : unloadable_error("one"), other_runtime_error("other") {}
};

/// Gives no message, and lets no derived class give one.
struct mute_error : std::exception {
  const char* what() const noexcept final { return nullptr; }
};

/// More classes than a link can hold, each with data.
constexpr int most_layers = 20;
template <int Layer>
struct layered_error : layered_error<Layer - 1> {
  using layered_error<Layer - 1>::layered_error;
  int number = Layer;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & number;
  }
};
template <>
struct layered_error<0> : std::runtime_error {
  using std::runtime_error::runtime_error;
};

exception_link first_link(const byte_buffer& encoded) {
  auto link = detail::link_reader(encoded.bytes()).next();
  BOOST_REQUIRE(link.has_value());
  return *link;
}

void check_alone(const std::exception_ptr& arrived) { BOOST_CHECK(!next(arrived)); }

}  // namespace exception_ways_test

template <>
inline constexpr bool isolatte::what_is_final<exception_ways_test::mute_error> = true;
ISOLATTE_REGISTER_EXCEPTION(exception_ways_test::mute_error)

using namespace exception_ways_test;

BOOST_AUTO_TEST_SUITE(exception_ways)

// If not all can be found out, the texts and a standard type remain.

BOOST_AUTO_TEST_CASE(contents_that_throw_are_left_out) {
  auto const sent = std::make_exception_ptr(hiding_error(7, failing, "own"));
  arming const now;
  auto const arrived = travel(sent);
  BOOST_REQUIRE(as<std::system_error>(arrived));
  BOOST_TEST(what_of(arrived) == "shown");
  BOOST_TEST(as<std::runtime_error>(arrived)->std::runtime_error::what() ==
             std::string("own: text"));
  BOOST_REQUIRE(as<remote_exception>(arrived));
  BOOST_TEST(as<remote_exception>(arrived)->type_name() == typeid(hiding_error).name());
  check_alone(arrived);
}

BOOST_AUTO_TEST_CASE(a_registered_type_without_its_data_becomes_a_standard_one) {
  auto const sent = std::make_exception_ptr(registered_code_error("message"));
  arming const now;
  auto const arrived = travel(sent);
  BOOST_TEST(!as<registered_code_error>(arrived));
  BOOST_TEST(as<std::system_error>(arrived));
  BOOST_TEST(as<remote_exception>(arrived));
  BOOST_TEST(what_of(arrived) == "message: text");
}

BOOST_AUTO_TEST_CASE(a_standard_exception_whose_code_throws_keeps_its_type) {
  auto const sent = thrown_by([] { throw std::system_error(7, failing, "message"); });
  arming const now;
  auto const arrived = travel(sent);
  BOOST_TEST(is_exactly<std::system_error>(arrived));
  BOOST_TEST(what_of(arrived) == "message: text");
  check_alone(arrived);
}

BOOST_AUTO_TEST_CASE(a_code_that_throws_is_an_exception_of_its_type) {
  auto const sent = std::make_exception_ptr(std::error_code(7, failing));
  arming const now;
  auto const arrived = travel(sent);
  BOOST_REQUIRE(as<remote_exception>(arrived));
  BOOST_TEST(as<remote_exception>(arrived)->type_name() == typeid(std::error_code).name());
  BOOST_TEST(as<remote_exception>(arrived)->message().empty());
  check_alone(arrived);
}

BOOST_AUTO_TEST_CASE(a_message_that_remains_is_cut) {
  auto const sent = std::make_exception_ptr(registered_code_error(std::string(1000, 'm')));
  arming const now;
  auto const arrived = travel(sent, 500);
  BOOST_TEST(as<std::system_error>(arrived));
  BOOST_TEST(what_of(arrived).starts_with("mmm"));
  BOOST_TEST(what_of(arrived).ends_with("... [cut: 1006 bytes]"));
  check_alone(arrived);
}

// Types

BOOST_AUTO_TEST_CASE(a_standard_type_needs_no_further_one) {
  auto const encoded = encode(std::make_exception_ptr(std::range_error("message")));
  auto const link = first_link(encoded);
  BOOST_TEST(link.alternatives.size() == 1u);
  BOOST_TEST(link.exact);
}

BOOST_AUTO_TEST_CASE(a_thrown_value_speaks) {
  auto const encoded = encode(std::make_exception_ptr(42));
  auto const link = first_link(encoded);
  BOOST_TEST(link.speaks);
  BOOST_TEST(link.message == "42");
}

/// Registers a type after the other, encodes, and forgets the nearest type before each decoding.
template <int Layer>
void encode_and_forget(byte_buffer& out) {
  if constexpr (Layer > most_layers) {
    detail::encode_exception(out, std::make_exception_ptr(layered_error<most_layers>("message")),
                             no_limit);
    BOOST_TEST(is_exactly<layered_error<most_layers>>(detail::decode_exception(out.bytes())));
  } else {
    {
      detail::exception_registration<layered_error<Layer>> const here;
      encode_and_forget<Layer + 1>(out);
    }
    constexpr int nearest = Layer - 1;
    auto const arrived = detail::decode_exception(out.bytes());
    BOOST_TEST_CONTEXT(nearest) {
      BOOST_TEST(what_of(arrived) == "message");
      BOOST_REQUIRE(as<remote_exception>(arrived));
      auto const* const found = as<layered_error<nearest>>(arrived);
      constexpr bool is_held = most_layers - nearest < int{detail::max_alternatives};
      BOOST_TEST((found != nullptr) == is_held);
      if constexpr (is_held) BOOST_TEST(found->number == nearest);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_nearest_types_travel) {
  byte_buffer encoded;
  encode_and_forget<1>(encoded);
  BOOST_TEST(first_link(encoded).alternatives.size() == detail::max_alternatives);
}

BOOST_AUTO_TEST_CASE(the_nearest_registered_type_tells_what_a_standard_base_holds) {
  auto const arrived = arrival_of([] { throw coded_and_logical_error(); });
  BOOST_REQUIRE(as<coded_error>(arrived));
  BOOST_CHECK(as<coded_error>(arrived)->code() == std::errc::broken_pipe);
  BOOST_TEST(as<coded_error>(arrived)->std::runtime_error::what() ==
             coded_error(std::errc::broken_pipe, "coded").what());
  BOOST_TEST(what_of(arrived).starts_with("coded"));
}

BOOST_AUTO_TEST_CASE(an_ambiguous_base_class_is_no_way) {
  auto const thrown = thrown_by([] { throw unloadable_and_other_error(); });
  BOOST_TEST(!as<std::runtime_error>(thrown));
  auto const arrived = travel(thrown);
  BOOST_TEST(!as<std::runtime_error>(arrived));
  BOOST_REQUIRE(as<remote_exception>(arrived));
  BOOST_TEST(what_of(arrived) == "one");
}

// Messages

BOOST_AUTO_TEST_CASE(the_nearest_registered_type_that_speaks_gives_the_message) {
  auto const plain = arrival_of([] { throw unregistered_failure("plain"); });
  BOOST_REQUIRE(as<plain_failure>(plain));
  BOOST_REQUIRE(as<remote_exception>(plain));
  BOOST_TEST(as<remote_exception>(plain)->message() == "plain");
  BOOST_TEST(what_of(plain) == "plain");

  auto const named = arrival_of([] { throw unregistered_named_failure("named"); });
  BOOST_REQUIRE(as<named_failure>(named));
  BOOST_REQUIRE(as<remote_exception>(named));
  BOOST_TEST(as<remote_exception>(named)->message() == "named");
}

BOOST_AUTO_TEST_CASE(an_empty_message_is_none_unless_a_standard_exception_gives_it) {
  auto const plain = arrival_of([] { throw unregistered_failure(); });
  BOOST_REQUIRE(as<plain_failure>(plain));
  BOOST_TEST(what_of(plain) == "an exception of type exception_ways_test::unregistered_failure");

  struct quiet_error : std::runtime_error {
    using std::runtime_error::runtime_error;
  };
  auto const quiet = arrival_of([] { throw quiet_error(""); });
  BOOST_TEST(as<remote_exception>(quiet));
  BOOST_TEST(what_of(quiet).empty());
  BOOST_TEST(what_of(travel(quiet)).empty());
}

BOOST_AUTO_TEST_CASE(a_type_without_a_message_travels_twice) {
  struct derived_error : mute_error {};
  auto const arrived = arrival_of([] { throw derived_error(); });
  BOOST_TEST(as<mute_error>(arrived));
  BOOST_TEST(as<remote_exception>(arrived));
  auto const again = travel(arrived);
  BOOST_TEST(as<mute_error>(again));
  BOOST_TEST(as<remote_exception>(again));
}

BOOST_AUTO_TEST_SUITE_END()
