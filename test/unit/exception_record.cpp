// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "exception/record.hpp"

#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace exception_record_test {

using isolatte::detail::byte_buffer;
using isolatte::detail::exception_link;
using isolatte::detail::link_reader;
using isolatte::detail::malformed_frame;
using isolatte::detail::max_alternatives;
using bytes = std::vector<std::byte>;

bytes written(const exception_link& link) {
  byte_buffer out;
  write_link(out, link);
  BOOST_TEST(out.size() == size_of_link(link));
  write_end(out);
  return {out.bytes().begin(), out.bytes().end()};
}

/// A link with so many types to try, which are the last that it holds.
exception_link with_alternatives(std::size_t count) {
  exception_link link;
  for (std::size_t i = 0; i != count; ++i) {
    auto& one = link.alternatives.emplace_back();
    one.key.name = "name";
    if (i % 2 == 0) one.data = "data";
  }
  return link;
}

BOOST_AUTO_TEST_SUITE(exception_record)

BOOST_AUTO_TEST_CASE(each_part_arrives) {
  exception_link link;
  link.exact = true;
  link.type_name = "type";
  link.message = "message";
  link.standard.text = "own text";
  link.standard.code = "code";
  link.standard.number = -7;
  link.standard.file_text = "file text";
  link.standard.path1 = "one";
  link.standard.path2 = "two";
  link.boost.emplace();
  link.boost->function = "function";
  link.boost->line = 12;
  link.boost->infos = "infos";
  bytes const all = written(link);

  link_reader from{all};
  auto const copy = from.next();
  BOOST_REQUIRE(copy.has_value());
  BOOST_TEST(copy->exact);
  BOOST_TEST(!copy->speaks);
  BOOST_TEST(copy->type_name == "type");
  BOOST_TEST(copy->message == "message");
  BOOST_TEST((copy->standard.text == "own text"));
  BOOST_TEST((copy->standard.code == "code"));
  BOOST_TEST(!copy->standard.boost_code);
  BOOST_TEST((copy->standard.number == -7));
  BOOST_TEST((copy->standard.file_text == "file text"));
  BOOST_TEST(copy->standard.path1 == "one");
  BOOST_TEST(copy->standard.path2 == "two");
  BOOST_REQUIRE(copy->boost.has_value());
  BOOST_TEST(!copy->boost->file);
  BOOST_TEST((copy->boost->function == "function"));
  BOOST_TEST((copy->boost->line == 12));
  BOOST_TEST(!copy->boost->column);
  BOOST_TEST(copy->boost->infos == "infos");
  BOOST_TEST(copy->alternatives.empty());
  BOOST_TEST(!from.next());
}

BOOST_AUTO_TEST_CASE(a_text_like_the_message_is_sent_once) {
  exception_link link;
  link.message = "message";
  link.standard.text = "message";
  auto const same = written(link);
  link.standard.text = "massage";
  BOOST_TEST(same.size() + sizeof(std::uint64_t) + 7 < written(link).size() + 2);
  auto const copy = link_reader{same}.next();
  BOOST_REQUIRE(copy.has_value());
  BOOST_TEST((copy->standard.text == "message"));
}

BOOST_AUTO_TEST_CASE(so_many_types_may_be_tried) {
  bytes const all = written(with_alternatives(max_alternatives));
  auto const copy = link_reader{all}.next();
  BOOST_REQUIRE(copy.has_value());
  BOOST_REQUIRE(copy->alternatives.size() == max_alternatives);
  for (std::size_t i = 0; i != max_alternatives; ++i) {
    BOOST_TEST(copy->alternatives[i].key.name == "name");
    BOOST_TEST(copy->alternatives[i].data.has_value() == (i % 2 == 0));
  }
}

BOOST_AUTO_TEST_CASE(more_types_are_malformed) {
  // The number of types is the last byte before the end, if there are none.
  bytes all = written(with_alternatives(0));
  BOOST_REQUIRE(all.at(all.size() - 2) == std::byte{0});
  all.at(all.size() - 2) = std::byte{max_alternatives + 1};
  all.resize(all.size() + 1000);
  BOOST_CHECK_THROW(link_reader{all}.next(), malformed_frame);
}

BOOST_AUTO_TEST_CASE(a_flag_is_true_or_false) {
  bytes all = written({});
  // The first flag follows the tag.
  for (unsigned flag = 0; flag != 256; ++flag) {
    all.at(1) = static_cast<std::byte>(flag);
    if (flag < 2) {
      auto const link = link_reader{all}.next();
      BOOST_REQUIRE(link.has_value());
      BOOST_TEST(link->exact == (flag == 1));
    } else {
      BOOST_CHECK_THROW(link_reader{all}.next(), malformed_frame);
    }
  }
}

BOOST_AUTO_TEST_CASE(other_tags_are_malformed) {
  bytes all = written({});
  int sound = 0;
  for (unsigned tag = 0; tag != 256; ++tag) {
    all.front() = static_cast<std::byte>(tag);
    try {
      sound += link_reader{all}.next().has_value();
    } catch (const malformed_frame&) {
    }
  }
  BOOST_TEST(sound == 1);
}

BOOST_AUTO_TEST_CASE(one_byte_alone_ends_a_chain) {
  int sound = 0;
  for (unsigned tag = 0; tag != 256; ++tag) {
    bytes const one(1, static_cast<std::byte>(tag));
    try {
      sound += !link_reader{one}.next();
    } catch (const malformed_frame&) {
    }
  }
  BOOST_TEST(sound == 1);
}

BOOST_AUTO_TEST_CASE(an_empty_link_is_short) {
  // Two sizes of 8 bytes, the two tags, nine flags and the number of types.
  BOOST_TEST(written({}).size() == 28u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace exception_record_test
