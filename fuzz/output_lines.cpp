// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The text of a child's standard streams, cut into lines, and the end that is kept of it.

#include "logic/line_splitter.hpp"
#include "logic/tail_buffer.hpp"
#include "target.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace output_lines_target {

using namespace isolatte::fuzz;
using isolatte::logic::line_splitter;
using isolatte::logic::tail_buffer;

std::vector<std::string> split(std::string_view text, pieces lengths) {
  std::vector<std::string> lines;
  line_splitter splitter;
  auto const take = [&] {
    while (auto const line = splitter.next()) lines.emplace_back(*line);
  };
  while (!text.empty()) {
    std::size_t const count = std::min(text.size(), lengths.next());
    splitter.append(text.substr(0, count));
    text.remove_prefix(count);
    take();
  }
  splitter.close();
  take();
  return lines;
}

void run(input bytes) {
  choices from{bytes};
  std::size_t const limit = from.take<std::uint8_t>();
  // Repeated, so that short inputs make long lines.
  std::size_t const times = 1 + from.take<std::uint8_t>();
  std::uint8_t const pattern = from.take<std::uint8_t>();
  input const rest = from.rest();
  std::string text;
  for (std::size_t i = 0; i != times; ++i)
    text.append(reinterpret_cast<const char*>(rest.data()), rest.size());

  auto const lines = split(text, pieces{0});
  require(lines == split(text, pieces{pattern}), "pieces do not change the lines");
  std::string joined;
  for (auto const& line : lines) {
    require(line.size() <= line_splitter::max_line, "a line is bounded");
    require(line.find('\n') == line.npos, "a line has no end in it");
    joined += line;
  }
  std::erase(text, '\n');
  require(joined == text, "no byte is lost");

  tail_buffer tail{limit};
  std::string_view left = text;
  for (pieces lengths{pattern}; !left.empty();) {
    std::size_t const count = std::min(left.size(), lengths.next());
    tail.append(left.substr(0, count));
    left.remove_prefix(count);
  }
  require(tail.truncated() == (text.size() > limit), "a text is cut if it is too long");
  require(tail.take() == text.substr(text.size() - std::min(text.size(), limit)),
          "the end of a text is kept");
}

std::vector<bytes> seeds() {
  auto const seed = [](std::uint8_t times, std::uint8_t pattern, std::string_view text) {
    bytes made = raw(10, times, pattern);
    append(made, std::as_bytes(std::span{text}));
    return made;
  };
  return {seed(0, 0, "one\ntwo\n\nlast"), seed(255, 200, std::string(600, 'x')),
          seed(3, 1, "a\n\n")};
}

registration const registered{{"output_lines", &run, &seeds}};

}  // namespace output_lines_target
