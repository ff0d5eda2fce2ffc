// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "exception/record.hpp"
#include "exception_travel.hpp"

#include <isolatte/detail/exception/codec.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>

#include <boost/exception/exception.hpp>
#include <boost/test/unit_test.hpp>
#include <boost/throw_exception.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <exception>
#include <filesystem>
#include <future>
#include <new>
#include <random>
#include <regex>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace exception_travel;

namespace exception_codec_test {

struct refusing_derived_error : tagged_error {
  using tagged_error::tagged_error;
  template <class Archive>
  void serialize(Archive&, unsigned) {
    throw std::bad_alloc();
  }
};
ISOLATTE_REGISTER_EXCEPTION(refusing_derived_error)

/// Adds to its message whenever it is made, and lets no derived class say anything else.
struct bracketing_error : std::exception {
  explicit bracketing_error(const std::string& message) : text{'<' + message + '>'} {}
  const char* what() const noexcept final { return text.c_str(); }
  std::string text;
};

struct unspeaking_error : std::exception {
  const char* what() const noexcept override { return nullptr; }
};

struct boosted_error : std::runtime_error, boost::exception {
  using std::runtime_error::runtime_error;
};
ISOLATTE_REGISTER_EXCEPTION(boosted_error)

}  // namespace exception_codec_test

template <>
inline constexpr bool isolatte::what_is_final<exception_codec_test::bracketing_error> = true;
ISOLATTE_REGISTER_EXCEPTION(exception_codec_test::bracketing_error)

using namespace exception_codec_test;

BOOST_AUTO_TEST_SUITE(exception_codec)

BOOST_AUTO_TEST_CASE(saving_throws) {
  refusing_error::on_save = true;
  auto const arrived = arrival_of([] { throw refusing_error("message"); });
  BOOST_TEST(!as<refusing_error>(arrived));
  BOOST_REQUIRE(as<std::overflow_error>(arrived));
  BOOST_REQUIRE(as<remote_exception>(arrived));
  BOOST_TEST(as<remote_exception>(arrived)->type_name() == "exception_travel::refusing_error");
  BOOST_TEST(what_of(arrived) == "message");

  auto const derived = arrival_of([] { throw refusing_derived_error("message", 9); });
  BOOST_REQUIRE(as<tagged_error>(derived));
  BOOST_TEST(as<tagged_error>(derived)->tag == 9);
  BOOST_TEST(as<remote_exception>(derived));
}

BOOST_AUTO_TEST_CASE(loading_throws) {
  refusing_error::on_save = false;
  auto const arrived = arrival_of([] { throw refusing_error("message"); });
  refusing_error::on_save = true;
  BOOST_TEST(!as<refusing_error>(arrived));
  BOOST_REQUIRE(as<std::overflow_error>(arrived));
  BOOST_TEST(as<remote_exception>(arrived));
  BOOST_TEST(what_of(arrived) == "message");
}

// A child of a child may have thrown it.
BOOST_AUTO_TEST_CASE(a_message_stays_the_same_on_a_second_way) {
  auto const arrived = arrival_of([] { throw bracketing_error("text"); });
  BOOST_REQUIRE(as<remote_exception>(arrived));
  BOOST_TEST(as<remote_exception>(arrived)->message() == "<text>");
  auto const again = travel(arrived);
  BOOST_REQUIRE(as<remote_exception>(again));
  BOOST_TEST(as<remote_exception>(again)->message() == "<text>");
  BOOST_TEST(as<bracketing_error>(again));
  BOOST_TEST(detail::describe_exception(again) == detail::describe_exception(arrived));
}

// std::current_exception() gives a null pointer for an exception that is none of C++.
BOOST_AUTO_TEST_CASE(a_foreign_exception) {
  auto const arrived = travel(nullptr);
  BOOST_REQUIRE(as<remote_exception>(arrived));
  BOOST_TEST(what_of(arrived) == "a foreign exception, which is not one of C++");
}

BOOST_AUTO_TEST_CASE(huge_messages) {
  std::string const text(20'000'000, 'x');
  auto const sent = std::make_exception_ptr(std::runtime_error(text));
  auto const whole = encode(sent);
  BOOST_TEST(whole.size() < text.size() + 1000);
  BOOST_TEST((what_of(detail::decode_exception(whole.bytes())) == text));

  for (std::size_t const limit : {text.size(), std::size_t{1'000'000}, std::size_t{1000}}) {
    auto const arrived = travel(sent, limit);
    BOOST_TEST(is_exactly<std::runtime_error>(arrived));
    BOOST_TEST(what_of(arrived).size() > limit / 2);
    BOOST_TEST(what_of(arrived).ends_with("x... [cut: 20000000 bytes]"));
  }
}

BOOST_AUTO_TEST_CASE(characters_are_not_split) {
  // The last byte of one is even, and that of the other is odd.
  for (std::string const character : {"\xe2\x82\xac", "\xe2\x81\x81"}) {
    std::string text;
    for (int i = 0; i < 1000; ++i) text += character;
    auto const sent = std::make_exception_ptr(std::runtime_error(text));
    std::size_t shortest = text.size();
    for (std::size_t limit = 1000; limit < 1006; ++limit) {
      std::string const what = what_of(travel(sent, limit));
      std::size_t const kept = what.find('.');
      BOOST_REQUIRE(kept < text.size());
      BOOST_TEST(kept % 3 == 0u);
      BOOST_TEST(what == text.substr(0, kept) + "... [cut: 3000 bytes]");
      shortest = std::min(shortest, kept);
      BOOST_TEST(kept - shortest <= 6u);
    }
    BOOST_TEST(shortest > 800u);
  }
}

BOOST_AUTO_TEST_CASE(data_that_does_not_fit) {
  tagged_error original("message", 1);
  original.notes.assign(1000, std::string(100, 'n'));
  auto const arrived = travel(std::make_exception_ptr(original), 10'000);
  BOOST_TEST(!as<tagged_error>(arrived));
  BOOST_REQUIRE(as<std::runtime_error>(arrived));
  BOOST_TEST(as<remote_exception>(arrived)->type_name() == "exception_travel::tagged_error");
  BOOST_TEST(what_of(arrived) == "message");
  BOOST_TEST(is_exactly<tagged_error>(travel(std::make_exception_ptr(original), 200'000)));
}

BOOST_AUTO_TEST_CASE(any_limit_gives_something) {
  auto const sent = thrown_by([] {
    try {
      try {
        throw decorated_error(std::string(300, 'i'), 1);
      } catch (...) {
        BOOST_THROW_EXCEPTION(tagged_error(std::string(300, 'm'), 1));
      }
    } catch (...) {
      std::throw_with_nested(
          std::filesystem::filesystem_error("outer", "/a", "/b", std::error_code()));
    }
  });
  std::size_t const whole = encode(sent).size();
  for (std::size_t limit = 0; limit <= whole + 1; ++limit) {
    auto const arrived = travel(sent, limit);
    BOOST_REQUIRE(as<std::exception>(arrived));
    if (limit > 600) BOOST_TEST(as<std::runtime_error>(arrived));
  }
  BOOST_TEST(is_exactly<tagged_error>(next(travel(sent, whole + 200))) == false);
}

BOOST_AUTO_TEST_CASE(a_limit_of_the_buffer_counts) {
  detail::byte_buffer out;
  out.append("before", 6);
  out.limit(300);
  detail::encode_exception(out, std::make_exception_ptr(std::runtime_error(std::string(500, 'x'))),
                           no_limit);
  BOOST_TEST(out.size() <= 300u);
  BOOST_TEST(std::memcmp(out.data(), "before", 6) == 0);
  BOOST_TEST(as<remote_exception>(detail::decode_exception(out.bytes().subspan(6))));
}

BOOST_AUTO_TEST_CASE(a_buffer_without_room_stays_as_it_is) {
  auto const nested = thrown_by([] {
    try {
      throw std::runtime_error("inner");
    } catch (...) {
      std::throw_with_nested(std::logic_error("outer"));
    }
  });
  for (auto const& thrown : {nested, std::exception_ptr{}})
    for (std::size_t room = 0; room != 8; ++room) {
      detail::byte_buffer out;
      out.append("before", 6);
      out.reserve(100);
      out.limit(6 + room);
      detail::encode_exception(out, thrown, no_limit);
      BOOST_TEST(out.size() == 6u);
      BOOST_TEST(std::memcmp(out.data(), "before", 6) == 0);
    }
}

BOOST_AUTO_TEST_CASE(appends) {
  detail::byte_buffer out;
  out.append("before", 6);
  detail::encode_exception(out, std::make_exception_ptr(std::runtime_error("x")), no_limit);
  BOOST_TEST(std::memcmp(out.data(), "before", 6) == 0);
  BOOST_TEST(is_exactly<std::runtime_error>(detail::decode_exception(out.bytes().subspan(6))));
}

BOOST_AUTO_TEST_CASE(nothing_was_written) {
  auto const arrived = detail::decode_exception({});
  BOOST_TEST(as<std::exception>(arrived));
  BOOST_TEST(as<remote_exception>(arrived));
}

// Descriptions

struct silent {};

BOOST_AUTO_TEST_CASE(a_description_has_the_type_and_the_message) {
  auto const describe = [](auto thrown) {
    return detail::describe_exception(std::make_exception_ptr(std::move(thrown)));
  };
  BOOST_TEST(describe(std::runtime_error("text")) == "std::runtime_error: text");
  BOOST_TEST(describe(decorated_error("text")) == "exception_travel::decorated_error: decorated");
  BOOST_TEST(describe(42) == "int: 42");
  BOOST_TEST(describe(std::runtime_error("")) == "std::runtime_error");
  BOOST_TEST(describe(silent()) == "exception_codec::silent");
  BOOST_TEST(describe(unspeaking_error()) == "exception_codec_test::unspeaking_error");
}

BOOST_AUTO_TEST_CASE(a_description_is_that_of_the_original) {
  auto const describe = [](auto thrown) {
    return detail::describe_exception(travel(std::make_exception_ptr(std::move(thrown))));
  };
  BOOST_TEST(describe(decorated_error("text")) == "exception_travel::decorated_error: decorated");
  BOOST_TEST(describe(42) == "int: 42");
  BOOST_TEST(describe(silent()) == "exception_codec::silent");
  BOOST_TEST(detail::describe_exception(travel(nullptr)) ==
             "a foreign exception, which is not one of C++");
}

// Bytes that no exception of this program gives

detail::byte_buffer written(const detail::exception_link& link, std::size_t times = 1) {
  detail::byte_buffer out;
  for (; times != 0; --times) write_link(out, link);
  detail::write_end(out);
  return out;
}

BOOST_AUTO_TEST_CASE(nothing_is_known_of_an_exception) {
  auto const arrived = detail::decode_exception(written({}).bytes());
  BOOST_REQUIRE(as<remote_exception>(arrived));
  BOOST_TEST(what_of(arrived) == "an exception of unknown type");
  BOOST_TEST(detail::describe_exception(arrived) == "an exception of unknown type");
}

BOOST_AUTO_TEST_CASE(no_links_and_too_many_are_malformed) {
  BOOST_CHECK_THROW(detail::decode_exception(written({}, 0).bytes()), detail::malformed_frame);
  // The last one may be a note.
  constexpr std::size_t most = detail::max_exception_links + 1;
  auto p = detail::decode_exception(written({}, most).bytes());
  std::size_t links = 0;
  for (; p; p = next(p)) ++links;
  BOOST_TEST(links == most);
  BOOST_CHECK_THROW(detail::decode_exception(written({}, most + 1).bytes()),
                    detail::malformed_frame);
}

BOOST_AUTO_TEST_CASE(a_boost_exception_may_come_without_its_contents) {
  auto const bytes = encode(std::make_exception_ptr(boosted_error("message")));
  auto link = detail::link_reader(bytes.bytes()).next();
  BOOST_REQUIRE(link.has_value());
  BOOST_REQUIRE(link->boost.has_value());
  link->boost.reset();
  auto const arrived = detail::decode_exception(written(*link).bytes());
  BOOST_TEST(is_exactly<boosted_error>(arrived));
  BOOST_TEST(what_of(arrived) == "message");
}

BOOST_AUTO_TEST_CASE(an_exception_that_was_not_written_nests_nothing) {
  try {
    throw std::runtime_error("unrelated");
  } catch (...) {
    BOOST_TEST(!as<std::nested_exception>(detail::decode_exception({})));
  }
}

std::vector<std::exception_ptr> samples() {
  return {
      std::make_exception_ptr(std::runtime_error("runtime")),
      std::make_exception_ptr(std::system_error(std::make_error_code(std::errc::timed_out), "x")),
      std::make_exception_ptr(
          std::filesystem::filesystem_error("outer", "/a", "/b", std::error_code())),
      std::make_exception_ptr(std::regex_error(std::regex_constants::error_brack)),
      std::make_exception_ptr(std::future_error(std::future_errc::no_state)),
      std::make_exception_ptr(tagged_error("tagged", 3)),
      std::make_exception_ptr(decorated_error("decorated", 3)),
      std::make_exception_ptr(42),
      thrown_by([] { BOOST_THROW_EXCEPTION(tagged_error("tagged", 1)); }),
      thrown_by([] {
        try {
          throw 42u;
        } catch (...) {
          std::throw_with_nested(message_error("outer"));
        }
      }),
  };
}

BOOST_AUTO_TEST_CASE(truncated_bytes_are_malformed) {
  for (const auto& sent : samples()) {
    auto const bytes = encode(sent);
    for (std::size_t size = 1; size < bytes.size(); ++size)
      BOOST_CHECK_THROW(detail::decode_exception(bytes.bytes().first(size)),
                        detail::malformed_frame);
    auto longer = encode(sent);
    longer.push_back(std::byte{0});
    BOOST_CHECK_THROW(detail::decode_exception(longer.bytes()), detail::malformed_frame);
  }
}

void decode_at_own_risk(std::span<const std::byte> bytes) {
  try {
    auto const p = detail::decode_exception(bytes);
    BOOST_REQUIRE(p != nullptr);
  } catch (const std::exception&) {
  }
}

BOOST_AUTO_TEST_CASE(damaged_bytes_do_no_harm) {
  std::mt19937 random(4711);
  for (const auto& sent : samples()) {
    auto const bytes = encode(sent);
    std::vector<std::byte> damaged(bytes.data(), bytes.data() + bytes.size());
    for (std::size_t i = 0; i < damaged.size(); ++i) {
      std::byte const original = damaged[i];
      for (unsigned const value : {0u, 1u, 0x7fu, 0x80u, 0xffu, unsigned(random() & 0xff)}) {
        damaged[i] = std::byte(value);
        decode_at_own_risk(damaged);
      }
      damaged[i] = original;
    }
    for (int round = 0; round < 300; ++round) {
      auto copy = damaged;
      for (int i = 0; i < 4; ++i) copy[random() % copy.size()] = std::byte(random() & 0xff);
      decode_at_own_risk(copy);
    }
  }
}

BOOST_AUTO_TEST_CASE(noise_does_no_harm) {
  std::mt19937 random(42);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::byte> noise(random() % 200 + 1);
    for (std::byte& b : noise) b = std::byte(random() & 0xff);
    noise[0] = std::byte{0xe1};
    decode_at_own_risk(noise);
  }
}

BOOST_AUTO_TEST_SUITE_END()
