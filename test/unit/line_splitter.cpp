// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/line_splitter.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace line_splitter_test {

using splitter_type = isolatte::logic::line_splitter;
using lines = std::vector<std::string>;

constexpr std::size_t max_line = splitter_type::max_line;

/// The reference: splits a whole text.
lines split(std::string_view text) {
  lines found;
  while (!text.empty()) {
    auto const newline = text.find('\n');
    auto const length = std::min(newline, text.size());
    if (length > max_line) {
      found.emplace_back(text.substr(0, max_line));
      text.remove_prefix(max_line);
    } else {
      found.emplace_back(text.substr(0, length));
      text.remove_prefix(std::min(length + 1, text.size()));
    }
  }
  return found;
}

void take(splitter_type& splitter, lines& found) {
  while (auto const line = splitter.next()) found.emplace_back(*line);
}

/// Feeds a text in pieces of the given sizes; the rest is the last piece.
lines feed(std::string_view text, const std::vector<std::size_t>& sizes, bool take_between = true) {
  splitter_type splitter;
  lines found;
  for (std::size_t const size : sizes) {
    splitter.append(text.substr(0, size));
    text.remove_prefix(std::min(size, text.size()));
    if (take_between) take(splitter, found);
  }
  splitter.append(text);
  if (take_between) take(splitter, found);
  splitter.close();
  take(splitter, found);
  BOOST_TEST(!splitter.next().has_value());
  return found;
}

const std::string samples[] = {
    "",
    "a",
    "\n",
    "a\n",
    "\n\n",
    "a\nb",
    "a\nb\n",
    "\na\n\nb",
    "one\r\ntwo\r\n",
    "\n\n\n\nx",
    "no newline",
    std::string{"\0a\n\0", 4},
    "\xc3\xa4\n\xe2\x82\xac\n\xf0\x9f\x98\x80",
};

BOOST_AUTO_TEST_SUITE(line_splitter)

BOOST_AUTO_TEST_CASE(the_oracle_is_right) {
  BOOST_TEST((split("") == lines{}));
  BOOST_TEST((split("a") == lines{"a"}));
  BOOST_TEST((split("a\n") == lines{"a"}));
  BOOST_TEST((split("a\n\nb") == lines{"a", "", "b"}));
  BOOST_TEST((split("\n") == lines{""}));
}

BOOST_AUTO_TEST_CASE(every_chunking_of_short_texts) {
  for (auto const& text : samples) {
    auto const expected = split(text);
    std::size_t const gaps = text.empty() ? 0 : std::min<std::size_t>(text.size() - 1, 13);
    // Tries every subset of the places between two bytes.
    for (unsigned cuts = 0; cuts != 1U << gaps; ++cuts) {
      std::vector<std::size_t> sizes;
      std::size_t size = 1;
      for (std::size_t gap = 0; gap != gaps; ++gap, ++size)
        if ((cuts >> gap & 1U) != 0) {
          sizes.push_back(size);
          size = 0;
        }
      BOOST_REQUIRE((feed(text, sizes) == expected));
      BOOST_REQUIRE((feed(text, sizes, false) == expected));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_line_is_there_as_soon_as_its_newline_is) {
  splitter_type splitter;
  splitter.append("first\nsec");
  BOOST_TEST((splitter.next() == "first"));
  BOOST_TEST((!splitter.next()));
  splitter.append("ond");
  BOOST_TEST((!splitter.next()));
  splitter.append("\n");
  BOOST_TEST((splitter.next() == "second"));
  BOOST_TEST((!splitter.next()));
  splitter.close();
  BOOST_TEST((!splitter.next()));
}

BOOST_AUTO_TEST_CASE(pieces_of_nothing_change_nothing) {
  BOOST_TEST((feed("a\nb", {0, 0, 1, 0, 1, 0, 0}) == lines{"a", "b"}));
}

BOOST_AUTO_TEST_CASE(lines_around_the_limit) {
  for (std::size_t const size :
       {max_line - 1, max_line, max_line + 1, max_line + 2, 2 * max_line - 1, 2 * max_line,
        2 * max_line + 1, 5 * max_line + 7})
    for (std::string const end : {"", "\n", "\n\n", "\nnext", "\nnext\n"}) {
      std::string text(size, 'x');
      for (std::size_t i = 0; i < size; i += 1000) text[i] = static_cast<char>('a' + i / 1000 % 26);
      text += end;
      auto const expected = split(text);
      BOOST_TEST_CONTEXT("a line of " << size) {
        BOOST_TEST((feed(text, {}) == expected));
        for (std::size_t const cut :
             {std::size_t{1}, max_line - 1, max_line, max_line + 1, max_line + 2})
          BOOST_TEST((feed(text, {cut}) == expected), "cut at " << cut);
        BOOST_TEST((feed(text, std::vector<std::size_t>(200, 4096)) == expected));
        BOOST_TEST((feed(text, std::vector<std::size_t>(200, 4096), false) == expected));
      }
    }
}

BOOST_AUTO_TEST_CASE(a_line_of_exactly_the_limit_is_one_line) {
  std::string const text(max_line, 'x');
  BOOST_TEST((feed(text + "\n", {}) == lines{text}));
  BOOST_TEST((feed(text + "\n", {max_line}) == lines{text}));
  BOOST_TEST((feed(text, {}) == lines{text}));
  BOOST_TEST((feed(text + "\n\n", {max_line}) == lines{text, ""}));
  BOOST_TEST((feed(text + "y", {max_line}) == lines{text, "y"}));
}

BOOST_AUTO_TEST_CASE(byte_by_byte_over_the_limit) {
  std::string const text = std::string(max_line + 3, 'x') + "\nend";
  BOOST_TEST((feed(text, std::vector<std::size_t>(text.size(), 1)) == split(text)));
}

BOOST_AUTO_TEST_CASE(an_endless_line_is_kept_bounded) {
  splitter_type splitter;
  std::string const piece(16 * 1024, 'x');
  std::size_t fed = 0;
  std::size_t handed = 0;
  for (int i = 0; i != 256; ++i) {
    splitter.append(piece);
    fed += piece.size();
    while (auto const line = splitter.next()) {
      BOOST_REQUIRE(line->size() == max_line);
      handed += line->size();
    }
    BOOST_REQUIRE(fed - handed <= max_line);
  }
}

BOOST_AUTO_TEST_CASE(random_texts_in_random_pieces) {
  std::mt19937 random{7};
  for (int round = 0; round != 300; ++round) {
    std::string text;
    for (auto count = random() % 20; count != 0; --count) {
      // Makes mostly short lines, and sometimes one that is cut.
      auto const length = random() % 10 == 0 ? random() % (3 * max_line) : random() % 40;
      text += std::string(length, static_cast<char>('a' + random() % 26));
      if (random() % 5 != 0) text += '\n';
    }
    std::vector<std::size_t> sizes;
    for (auto count = random() % 30; count != 0; --count)
      sizes.push_back(random() % (1 + random() % (1 + random() % 20000)));
    BOOST_REQUIRE((feed(text, sizes, round % 2 == 0) == split(text)));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace line_splitter_test
