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

/// Lines, as their sizes and what they are together.
struct reading {
  std::vector<std::size_t> sizes;
  std::string joined;
  bool operator==(const reading&) const = default;
};

/// The pieces in which a text arrives. A long text has longer ones, because their number takes the
/// time.
class cuts {
 public:
  cuts(std::string_view text, std::uint8_t pattern) noexcept
      : rest_{text}, lengths_{pattern}, scale_{1 + text.size() / 512} {}
  bool done() const noexcept { return rest_.empty(); }
  std::string_view next() noexcept {
    std::size_t const size = std::min(rest_.size(), lengths_.next());
    auto const piece = rest_.substr(0, size * scale_);
    rest_.remove_prefix(piece.size());
    return piece;
  }

 private:
  std::string_view rest_;
  pieces lengths_;
  std::size_t scale_;
};

reading split(std::string_view text, std::uint8_t pattern) {
  reading lines;
  lines.joined.reserve(text.size());
  line_splitter splitter;
  auto const take = [&] {
    while (auto const line = splitter.next()) {
      require(line->size() <= line_splitter::max_line, "a line is bounded");
      lines.sizes.push_back(line->size());
      lines.joined += *line;
    }
  };
  for (cuts from{text, pattern}; !from.done(); take()) splitter.append(from.next());
  splitter.close();
  take();
  return lines;
}

/// The bytes that come before the input. One input in four makes a line that is too long, or nearly
/// so: such a line takes time.
std::size_t run_of(std::uint8_t choice) noexcept {
  constexpr std::uint8_t first_long = 192;
  return choice < first_long ? choice : std::size_t{1'200} * (choice - first_long + 1);
}

void run(input bytes) {
  choices from{bytes};
  std::size_t const limit = from.take<std::uint8_t>();
  std::size_t const run = run_of(from.take<std::uint8_t>());
  std::uint8_t const pattern = from.take<std::uint8_t>();
  input const rest = from.rest();
  std::string_view const end{reinterpret_cast<const char*>(rest.data()), rest.size()};
  std::string text(run, 'x');
  text += end;

  reading const lines = split(text, 0);
  require(lines == split(text, pattern), "pieces do not change the lines");
  require(lines.joined.find('\n') == std::string::npos, "a line has no end in it");
  std::string kept{end};
  std::erase(kept, '\n');
  require(lines.joined.size() == run + kept.size() && lines.joined.ends_with(kept) &&
              lines.joined.compare(0, run, text, 0, run) == 0,
          "no byte is lost");

  tail_buffer tail{limit};
  for (cuts left{text, pattern}; !left.done();) tail.append(left.next());
  require(tail.truncated() == (text.size() > limit), "a text is cut if it is too long");
  require(tail.take() == text.substr(text.size() - std::min(text.size(), limit)),
          "the end of a text is kept");
}

std::vector<bytes> seeds() {
  auto const seed = [](std::uint8_t run, std::uint8_t pattern, std::string_view text) {
    bytes made = raw(10, run, pattern);
    append(made, std::as_bytes(std::span{text}));
    return made;
  };
  // The second has a line of the largest size, which its newline ends.
  return {seed(0, 0, "one\ntwo\n\nlast"), seed(245, 200, std::string(736, 'x') + "\n\nnext"),
          seed(255, 1, "a\n\n")};
}

registration const registered{{"output_lines", &run, &seeds}};

}  // namespace output_lines_target
