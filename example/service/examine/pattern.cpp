// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// std::regex recurses for each character and backtracks without a bound. Both are harmless here: a
// stack that overflows and a search without an end cost a worker.

#include "examine.hpp"

#include <cstddef>
#include <iterator>
#include <regex>
#include <utility>

namespace service {

report examine_pattern(progress& told, const std::string& pattern, const std::string& text) {
  constexpr std::size_t most_matches = 200;
  constexpr std::size_t most_text = 8192;
  tell(told, "compiling the expression");
  std::regex const compiled{pattern};
  tell(told, "searching " + std::to_string(text.size()) + " bytes");
  report made;
  std::size_t count = 0;
  table groups{"Groups", {"Match", "Group", "Text"}, {}};
  for (std::sregex_iterator at{text.begin(), text.end(), compiled}, end; at != end; ++at) {
    if (++count > most_matches) break;
    made.matches.push_back(
        {static_cast<std::uint64_t>(at->position()), static_cast<std::uint64_t>(at->length())});
    for (std::size_t i = 1; i < at->size() && groups.rows.size() < 40; ++i)
      if ((*at)[i].matched)
        groups.rows.push_back(
            {std::to_string(count), std::to_string(i), (*at)[i].str().substr(0, 200)});
  }
  std::string const number =
      count > most_matches ? "more than " + std::to_string(most_matches) : std::to_string(count);
  made.summary = number + (count == 1 ? " match" : " matches");
  made.facts = {{"Expression", pattern},
                {"Groups in it", std::to_string(compiled.mark_count())},
                {"Matches", number}};
  made.text = text.substr(0, most_text);
  if (!groups.rows.empty()) made.tables.push_back(std::move(groups));
  return made;
}

}  // namespace service
