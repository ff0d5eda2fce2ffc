// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "tally.hpp"

#include "text.hpp"

#include <algorithm>
#include <string_view>

namespace census {

namespace {

ranking rank(const std::map<std::string, std::size_t>& counts) {
  ranking sorted{counts.begin(), counts.end()};
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](auto const& a, auto const& b) { return a.second > b.second; });
  return sorted;
}

template <class Measure>
void prefer(const finding*& best, const finding& other, Measure measure) {
  if (best == nullptr || measure(other) > measure(*best)) best = &other;
}

/// The deeper inside the reader a fault struck, the more its trace tells; a stack overflow's tells
/// the same thing a hundred times.
std::size_t worth(const finding& one) {
  std::string_view const trace = one.outcome.fault()->trace;
  auto const frames = static_cast<std::size_t>(std::count(trace.begin(), trace.end(), '\n'));
  std::size_t own = 0;
  for (std::size_t at = 0; (at = trace.find("census::", at)) != trace.npos; ++at) ++own;
  return own == 0 || frames > 40 ? 1 : 1 + frames;
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

void cost::add(const isolatte::resource_usage& usage) {
  ++files;
  total += usage.wall;
  slowest = std::max(slowest, usage.wall);
  peak_memory = std::max(peak_memory, usage.max_resident_bytes);
}

tally::tally(const std::vector<finding>& findings) {
  std::map<std::string, std::size_t> thrown;
  std::map<std::string, std::size_t> libraries;
  for (const finding& one : findings) {
    auto const& outcome = one.outcome;
    endings[kind_of(outcome)].add(outcome.usage());
    all.add(outcome.usage());
    ++fates[one.what.harm][outcome.how()];

    if (outcome.exception()) ++thrown[describe(outcome.exception())];
    if (outcome.fault()) {
      ++faults;
      prefer(fault, one, worth);
    }
    if (complaint == nullptr && !outcome.err_text().empty()) complaint = &one;
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
  needed = rank(libraries);
}

}  // namespace census
