// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "tally.hpp"

#include "text.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <string_view>

namespace census {

namespace {

ranking rank(const std::map<std::string, std::size_t>& counts) {
  ranking sorted{counts.begin(), counts.end()};
  std::sort(sorted.begin(), sorted.end(), [](auto const& a, auto const& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  return sorted;
}

template <class Measure>
void prefer(const finding*& best, const finding& other, Measure measure) {
  if (best == nullptr || measure(other) > measure(*best)) best = &other;
}

/// Rates a trace. The best has the reader on top and some other frames below it. The trace of a
/// stack overflow repeats one line a hundred times.
std::size_t worth(const finding& one) {
  std::istringstream trace{one.outcome.fault()->trace};
  std::size_t frames = 0;
  std::size_t own = 0;
  bool own_on_top = false;
  for (std::string line; std::getline(trace, line) && !is_below_the_child(line); ++frames) {
    if (line.find(" census::") == line.npos) continue;
    ++own;
    own_on_top = own_on_top || frames == 0;
  }
  return frames > 20 ? 0 : own + (own_on_top ? 10 : 0);
}

/// Returns the first line that has a letter, because some programs draw a ruler above it.
std::string first_words(const std::string& text) {
  std::istringstream lines{text};
  std::string line;
  while (std::getline(lines, line))
    if (std::any_of(line.begin(), line.end(), [](unsigned char c) { return std::isalpha(c); }))
      break;
  return printable(line);
}

}  // namespace

ending_kind kind_of(const isolatte::outcome_base& outcome) {
  ending_kind kind{.how = outcome.how(), .detail = {}};
  switch (outcome.how()) {
    case isolatte::ending::exited: kind.detail = std::to_string(*outcome.exit_code()); break;
    case isolatte::ending::faulted:
    case isolatte::ending::signaled: kind.detail = isolatte::signal_name(*outcome.signal()); break;
    default: break;
  }
  return kind;
}

bool is_below_the_child(std::string_view frame) { return frame.find(" isolatte::") != frame.npos; }

void cost::add(const isolatte::resource_usage& usage) {
  ++files;
  total += usage.wall;
  slowest = std::max(slowest, usage.wall);
  peak_memory = std::max(peak_memory, usage.max_resident_bytes);
}

tally::tally(const std::vector<finding>& findings) {
  std::map<std::string, std::size_t> thrown;
  std::map<std::string, std::size_t> said;
  std::map<std::string, std::size_t> libraries;
  for (const finding& one : findings) {
    auto const& outcome = one.outcome;
    endings[kind_of(outcome)].add(outcome.usage());
    all.add(outcome.usage());
    ++fates[one.what.harm][outcome.how()];

    if (outcome.exception()) {
      // An outcome also has an exception if no child was created, or if its value was not
      // delivered.
      auto const how = outcome.how();
      auto const note = how == isolatte::ending::threw ? "" : std::string{to_string(how)} + ": ";
      ++thrown[note + describe(outcome.exception())];
    }
    if (outcome.fault()) {
      ++faults;
      prefer(fault, one, worth);
    }
    if (!outcome.err_text().empty()) ++said[first_words(outcome.err_text())];
    if (!outcome || one.what.harm != damage::none) continue;

    elf_facts const& facts = outcome.value();
    ++programs;
    programs_of_32_bits += facts.bits == 32;
    program_bytes += facts.bytes;
    sections += facts.sections;
    symbols += facts.symbols;
    relocations += facts.relocations;
    for (const std::string& library : facts.needed) ++libraries[library];
    prefer(largest_function, one, [](auto& f) { return f.outcome.value().largest_size; });
    prefer(longest_chain, one, [](auto& f) { return f.outcome.value().longest_chain.size(); });
    prefer(largest, one, [](auto& f) { return f.outcome.value().bytes; });
    prefer(slowest, one, [](auto& f) { return f.outcome.usage().wall; });
    prefer(hungriest, one, [](auto& f) { return f.outcome.usage().max_resident_bytes; });
  }
  exceptions = rank(thrown);
  complaints = rank(said);
  needed = rank(libraries);
}

}  // namespace census
