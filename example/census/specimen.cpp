// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "specimen.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <set>
#include <system_error>
#include <utility>

#include <elf.h>
#include <sys/stat.h>

namespace census {

namespace {

namespace fs = std::filesystem;

/// Larger programs are not damaged, because copying them would cost more than reading them.
constexpr std::uint64_t largest_copy = 2 << 20;

bool begins_as_elf(const fs::path& file) {
  char magic[SELFMAG] = {};
  std::ifstream{file, std::ios::binary}.read(magic, sizeof magic);
  return std::memcmp(magic, ELFMAG, SELFMAG) == 0;
}

}  // namespace

std::string_view describe(damage what) {
  switch (what) {
    case damage::none: return "as installed";
    case damage::truncated: return "truncated";
    case damage::flipped_bits: return "flipped bits";
    case damage::huge_tables: return "absurd table size";
    case damage::empty_entries: return "entries of size 0";
    case damage::long_note: return "overlong note";
    case damage::circular_links: return "circular links";
    case damage::later_version: return "unknown version";
  }
  return "";
}

std::vector<specimen> find_programs(const fs::path& directory) {
  std::vector<fs::path> names;
  std::vector<fs::path> links;
  for (auto const& entry : fs::directory_iterator{directory}) {
    std::error_code gone;
    (entry.is_symlink(gone) ? links : names).push_back(entry.path());
  }
  // Names of files come before names of links, so that a file is listed under its own name.
  std::sort(names.begin(), names.end());
  std::sort(links.begin(), links.end());
  names.insert(names.end(), links.begin(), links.end());

  std::vector<specimen> found;
  std::set<std::pair<dev_t, ino_t>> seen;
  for (const fs::path& name : names) {
    struct stat status{};
    if (::stat(name.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (!seen.emplace(status.st_dev, status.st_ino).second || !begins_as_elf(name)) continue;
    found.push_back({.program = name, .bytes = static_cast<std::uint64_t>(status.st_size)});
  }
  std::sort(found.begin(), found.end(),
            [](const specimen& a, const specimen& b) { return a.program < b.program; });
  return found;
}

void add_damaged_copies(std::vector<specimen>& programs, std::size_t count) {
  std::vector<specimen> small;
  std::copy_if(programs.begin(), programs.end(), std::back_inserter(small),
               [](const specimen& one) { return one.bytes <= largest_copy; });
  count = std::min(count, small.size());
  for (std::size_t i = 0; i != count; ++i) {
    specimen copy = small[i * small.size() / count];
    copy.seed = i;
    for (damage harm : all_damages) {
      copy.harm = harm;
      programs.push_back(copy);
    }
  }
}

}  // namespace census
