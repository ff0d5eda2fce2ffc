// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "exception/record.hpp"
#include "exception_travel.hpp"

#include <isolatte/detail/exception/codec.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <boost/exception/exception.hpp>
#include <boost/exception/info.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstring>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

// The tests say which parts of an exception that does not fit are left out, and that all else
// stays.

using namespace exception_travel;

namespace exception_limits_test {

using detail::byte_buffer;
using detail::exception_link;

constexpr std::string_view note_of_more = "more exceptions are nested here; they were left out";
constexpr std::string_view note_of_nothing = "the exception could not be carried out of the child";
/// The longest name in a link that does not fit.
constexpr std::size_t most_name = 4096;

/// Tells data of its own, and leaves out what the base class would tell.
struct brief_error : tagged_error {
  using tagged_error::tagged_error;
  std::string more = "own data";
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & more;
  }
};
ISOLATTE_REGISTER_EXCEPTION(brief_error)

/// Has data of this class, and of the classes below.
template <int Level>
struct sized_error : sized_error<Level - 1> {
  using sized_error<Level - 1>::sized_error;
  std::string data{};
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & data;
  }
};
template <>
struct sized_error<0> : std::runtime_error {
  using std::runtime_error::runtime_error;
};
ISOLATTE_REGISTER_EXCEPTION(sized_error<1>)
ISOLATTE_REGISTER_EXCEPTION(sized_error<2>)
ISOLATTE_REGISTER_EXCEPTION(sized_error<3>)
ISOLATTE_REGISTER_EXCEPTION(sized_error<4>)

/// The name of such a type is long.
template <std::size_t... Number>
struct numbered_error : tagged_error, boost::exception {
  using tagged_error::tagged_error;
};
template <std::size_t... Number>
numbered_error<Number...> numbered(std::index_sequence<Number...>, const std::string& message) {
  return numbered_error<Number...>(message, 1);
}

/// Hides the text of its base class.
struct hiding_error : std::runtime_error, boost::exception {
  using std::runtime_error::runtime_error;
  const char* what() const noexcept override { return "shown"; }
};

struct placeless_error : std::runtime_error, boost::exception {
  using std::runtime_error::runtime_error;
};

exception_link saying(std::string_view text) {
  exception_link link;
  link.message = text;
  return link;
}

/// The least limit with which a link is whole that takes so much alone.
std::size_t enough_for(const byte_buffer& encoded) {
  return encoded.size() + size_of_link(saying(note_of_more));
}

/// The links refer to the bytes.
std::vector<exception_link> links_of(const byte_buffer& encoded) {
  std::vector<exception_link> links;
  detail::link_reader reader(encoded.bytes());
  while (auto link = reader.next()) links.push_back(*link);
  return links;
}

bool is_same(const byte_buffer& a, const byte_buffer& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string cut_note(std::size_t size) { return "... [cut: " + std::to_string(size) + " bytes]"; }

void check_cut(std::string_view text, std::size_t before) {
  BOOST_TEST(text.size() == most_name);
  BOOST_TEST(text.ends_with(cut_note(before)));
}

}  // namespace exception_limits_test

BOOST_AUTO_TEST_SUITE(exception_limits)

using namespace exception_limits_test;

BOOST_AUTO_TEST_CASE(a_link_may_fill_its_room_to_the_last_byte) {
  auto const sent = std::make_exception_ptr(tagged_error("message", 5));
  auto const whole = encode(sent);
  BOOST_TEST(is_same(encode(sent, enough_for(whole)), whole));
  auto const arrived = travel(sent, enough_for(whole) - 1);
  BOOST_TEST(!as<tagged_error>(arrived));
  BOOST_TEST(as<std::runtime_error>(arrived));
  BOOST_REQUIRE(as<remote_exception>(arrived));
  BOOST_TEST(what_of(arrived) == "message");
}

BOOST_AUTO_TEST_CASE(bytes_before_the_exception_take_none_of_its_room) {
  auto const sent = std::make_exception_ptr(tagged_error("message", 5));
  auto const whole = encode(sent);
  byte_buffer out;
  out.resize(1000);
  std::memset(out.data(), 7, out.size());
  detail::encode_exception(out, sent, enough_for(whole));
  BOOST_REQUIRE(out.size() == 1000 + whole.size());
  BOOST_TEST(std::memcmp(out.data() + 1000, whole.data(), whole.size()) == 0);
}

BOOST_AUTO_TEST_CASE(data_of_base_classes_is_left_out_first) {
  brief_error original("message", 1);
  original.notes.assign(10, std::string(100, 'n'));
  auto const sent = std::make_exception_ptr(original);
  auto const whole = encode(sent);
  auto const whole_links = links_of(whole);
  BOOST_TEST(whole_links.at(0).alternatives.size() == 3u);

  auto const without = encode(sent, enough_for(whole) - 1);
  BOOST_TEST(without.size() + 1000 < whole.size());
  BOOST_TEST(is_exactly<brief_error>(detail::decode_exception(without.bytes())));
  auto const links = links_of(without);
  BOOST_TEST(links.at(0).alternatives.size() == 2u);
  BOOST_TEST(is_same(encode(sent, enough_for(without)), without));

  auto const less = encode(sent, enough_for(without) - 1);
  auto const last_links = links_of(less);
  BOOST_TEST(last_links.at(0).alternatives.size() == 1u);
  BOOST_TEST(last_links.at(0).message == "message");
  BOOST_TEST(!last_links.at(0).exact);
  auto const arrived = detail::decode_exception(less.bytes());
  BOOST_TEST(!as<tagged_error>(arrived));
  BOOST_TEST(as<std::runtime_error>(arrived));
  BOOST_TEST(as<remote_exception>(arrived));
}

BOOST_AUTO_TEST_CASE(data_of_base_classes_has_a_limit_together) {
  sized_error<4> original("message");
  original.data.assign(60'000, 'd');
  original.sized_error<3>::data.assign(40'000, 'c');
  original.sized_error<2>::data.assign(20'000, 'b');
  original.sized_error<1>::data.assign(10'000, 'a');
  auto const whole = encode(std::make_exception_ptr(original));
  BOOST_TEST(is_exactly<sized_error<4>>(detail::decode_exception(whole.bytes())));
  auto const links = links_of(whole);
  auto const& types = links.at(0).alternatives;
  // Three classes with data, and the standard one.
  BOOST_REQUIRE(types.size() == 4u);
  for (auto const& [place, size] :
       {std::pair{0u, 60'000u}, std::pair{1u, 40'000u}, std::pair{2u, 20'000u}}) {
    BOOST_REQUIRE(types[place].data.has_value());
    BOOST_TEST(types[place].data->size() >= size);
    BOOST_TEST(types[place].data->size() < size + 100);
  }
  BOOST_TEST(!types[3].data.has_value());
}

BOOST_AUTO_TEST_CASE(names_are_cut_when_no_data_is_left) {
  std::string const file(most_name, 'f');
  std::string const function(5000, 'g');
  std::string const message(3000, 'm');
  using info = boost::error_info<struct info_tag, std::string>;
  auto original = numbered(std::make_index_sequence<1500>(), message);
  original << boost::throw_file(file.c_str()) << boost::throw_function(function.c_str())
           << boost::throw_line(12) << info(std::string(6000, 'i'));
  auto const sent = std::make_exception_ptr(original);
  auto const whole = encode(sent);
  auto const whole_links = links_of(whole);
  std::size_t const type_name = whole_links.at(0).type_name.size();
  std::size_t const infos = whole_links.at(0).boost->infos.size();
  BOOST_REQUIRE(type_name > most_name);
  BOOST_REQUIRE(infos > 6000u);

  auto const without_data = encode(sent, enough_for(whole) - 1);
  auto const whole_names = links_of(without_data);
  BOOST_TEST(whole_names.at(0).alternatives.size() + 1 == whole_links.at(0).alternatives.size());
  BOOST_TEST(whole_names.at(0).type_name.size() == type_name);
  BOOST_TEST((whole_names.at(0).boost->function == function));
  BOOST_TEST(whole_names.at(0).boost->infos.size() == infos);

  auto const with_short_names = encode(sent, enough_for(without_data) - 1);
  auto const short_names = links_of(with_short_names);
  auto const& link = short_names.at(0);
  check_cut(link.type_name, type_name);
  BOOST_TEST((link.boost->file == file));
  check_cut(link.boost->function.value(), function.size());
  check_cut(link.boost->infos, infos);
  BOOST_TEST(link.message == message);
  BOOST_TEST((link.standard.text == message));

  // The message is cut at last, and fills the room that there is.
  auto const least = encode(sent, enough_for(with_short_names) - 1);
  BOOST_TEST(least.size() == with_short_names.size() - 1);
  auto const cut_links = links_of(least);
  BOOST_TEST(cut_links.at(0).message.size() == message.size() - 1);
  BOOST_TEST(cut_links.at(0).message.starts_with("mmm"));
  BOOST_TEST(cut_links.at(0).message.ends_with("mmm" + cut_note(message.size())));
  BOOST_TEST((cut_links.at(0).standard.text == cut_links.at(0).message));
  auto const arrived = detail::decode_exception(least.bytes());
  BOOST_TEST(as<std::runtime_error>(arrived));
  BOOST_TEST(as<boost::exception>(arrived));
}

BOOST_AUTO_TEST_CASE(a_long_file_name_is_cut_too) {
  std::string const file(most_name + 1, 'f');
  auto original = placeless_error("message");
  original << boost::throw_file(file.c_str());
  auto const sent = std::make_exception_ptr(original);
  auto const least = encode(sent, enough_for(encode(sent)) - 1);
  auto const links = links_of(least);
  check_cut(links.at(0).boost->file.value(), file.size());
  BOOST_TEST(!links.at(0).boost->function);
  BOOST_TEST(links.at(0).message == "message");
}

BOOST_AUTO_TEST_CASE(a_message_is_cut_where_there_are_no_names) {
  std::string const message(1000, 'm');
  auto const placeless = travel(std::make_exception_ptr(placeless_error(message)), 500);
  BOOST_TEST(as<boost::exception>(placeless));
  BOOST_TEST(what_of(placeless).starts_with("mmm"));
  BOOST_TEST(what_of(placeless).ends_with(cut_note(1000)));
  // A text is an exception of no registered type.
  auto const text = travel(std::make_exception_ptr(message), 500);
  BOOST_TEST(as<remote_exception>(text));
  BOOST_TEST(what_of(text).starts_with("mmm"));
  BOOST_TEST(what_of(text).ends_with(cut_note(1000)));
}

BOOST_AUTO_TEST_CASE(a_hidden_text_is_dropped_before_the_message_is_cut) {
  hiding_error original(std::string(1000, 't'));
  std::string const function(5000, 'f');
  original << boost::throw_function(function.c_str());
  auto const sent = std::make_exception_ptr(original);
  auto const cut = encode(sent, enough_for(encode(sent)) - 1);
  auto const cut_links = links_of(cut);
  // The function's name is cut, and that suffices.
  BOOST_TEST((cut_links.at(0).standard.text == std::string(1000, 't')));

  auto const least = encode(sent, enough_for(cut) - 1);
  auto const links = links_of(least);
  BOOST_TEST(links.at(0).message == "shown");
  BOOST_TEST(!links.at(0).standard.text);
  auto const arrived = detail::decode_exception(least.bytes());
  BOOST_TEST(as<std::runtime_error>(arrived));
  BOOST_TEST(what_of(arrived) == "shown");
}

BOOST_AUTO_TEST_CASE(the_code_of_a_cut_message_stays) {
  auto const code = std::make_error_code(std::errc::timed_out);
  auto const sent = std::make_exception_ptr(std::system_error(code, std::string(1000, 'm')));
  auto const arrived = travel(sent, 500);
  BOOST_TEST(is_exactly<std::system_error>(arrived));
  BOOST_CHECK(as<std::system_error>(arrived)->code() == code);
  BOOST_TEST(what_of(arrived).starts_with("mmm"));
  BOOST_TEST(what_of(arrived).ends_with(" bytes]"));
}

BOOST_AUTO_TEST_CASE(bytes_that_begin_no_character_are_cut_whole) {
  auto const sent = std::make_exception_ptr(std::runtime_error(std::string(1000, '\x81')));
  BOOST_TEST(what_of(travel(sent, 500)) == cut_note(1000));
}

BOOST_AUTO_TEST_CASE(a_note_alone_may_fill_the_limit) {
  std::size_t const size = size_of_link(saying(note_of_nothing)) + 1;
  auto const sent = thrown_by([] {
    try {
      throw std::runtime_error("inner");
    } catch (...) {
      // Paths are not cut.
      std::throw_with_nested(std::filesystem::filesystem_error(
          "outer", std::string(1000, 'p'), std::string(1000, 'q'), std::error_code()));
    }
  });
  for (std::size_t const limit : {size, size + 500}) {
    auto const encoded = encode(sent, limit);
    BOOST_TEST(encoded.size() == size);
    auto const links = links_of(encoded);
    BOOST_REQUIRE(links.size() == 1u);
    BOOST_TEST(links[0].message == note_of_nothing);
    BOOST_TEST(links[0].speaks);
    auto const arrived = detail::decode_exception(encoded.bytes());
    BOOST_TEST(what_of(arrived) == note_of_nothing);
    BOOST_CHECK(!next(arrived));
  }
  BOOST_TEST(encode(sent, size - 1).empty());
  BOOST_TEST(encode(sent, 1).empty());
  BOOST_TEST(encode(sent, 0).empty());
}

BOOST_AUTO_TEST_CASE(a_foreign_exception_fits_or_is_left_out) {
  auto const whole = encode(nullptr);
  for (std::size_t limit = 0; limit <= whole.size(); ++limit) {
    auto const encoded = encode(nullptr, limit);
    BOOST_TEST(encoded.size() == (limit < whole.size() ? 0 : whole.size()));
    BOOST_TEST(as<remote_exception>(detail::decode_exception(encoded.bytes())));
  }
}

// The buffer may end sooner than the limit.
BOOST_AUTO_TEST_CASE(any_limit_of_the_buffer_gives_something) {
  auto const sent = thrown_by([] {
    try {
      throw std::runtime_error("inner");
    } catch (...) {
      std::throw_with_nested(std::runtime_error(std::string(500, 'x')));
    }
  });
  auto const whole = encode(sent);
  std::size_t const outer = size_of_link(links_of(whole).at(0));
  std::size_t const note = size_of_link(saying(note_of_nothing)) + 1;
  auto const into_buffer_of = [&sent](std::size_t limit) {
    byte_buffer out;
    out.limit(limit);
    detail::encode_exception(out, sent, no_limit);
    BOOST_TEST(out.size() <= limit);
    return out;
  };
  for (std::size_t limit = 0; limit <= whole.size(); ++limit) {
    auto const encoded = into_buffer_of(limit);
    BOOST_TEST(encoded.empty() == (limit < note));
    auto const arrived = detail::decode_exception(encoded.bytes());
    BOOST_TEST(what_of(arrived) ==
               (limit <= outer ? std::string(note_of_nothing) : std::string(500, 'x')));
    if (limit <= outer) BOOST_CHECK(!next(arrived));
  }
  BOOST_TEST(is_same(into_buffer_of(whole.size()), whole));
}

BOOST_AUTO_TEST_SUITE_END()
