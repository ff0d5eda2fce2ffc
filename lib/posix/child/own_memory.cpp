// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/own_memory.hpp"

#include "posix/system_calls.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace isolatte::inline v0_1::posix {

namespace {

descriptor open_for_reading(const char* path) noexcept {
  return descriptor{retry([path] { return sys.open(path, O_RDONLY | O_CLOEXEC, 0); })};
}

std::uint64_t page_size() noexcept { return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)); }

/// Adds up what /proc/self/smaps_rollup says is this process's alone.
std::optional<std::uint64_t> read_own(int file) noexcept {
  std::array<char, 4096> text;
  ssize_t const count = ::pread(file, text.data(), text.size() - 1, 0);
  if (count <= 0) return std::nullopt;
  text[static_cast<std::size_t>(count)] = '\0';
  std::string_view const all{text.data(), static_cast<std::size_t>(count)};
  std::uint64_t kib = 0;
  for (std::string_view const name :
       {"\nPrivate_Clean:", "\nPrivate_Dirty:", "\nPrivate_Hugetlb:", "\nSwapPss:"}) {
    auto const at = all.find(name);
    if (at != std::string_view::npos) kib += ::strtoull(all.data() + at + name.size(), nullptr, 10);
  }
  return kib * 1024;
}

}  // namespace

void own_memory::begin() noexcept {
  statm_ = open_for_reading("/proc/self/statm");
  rollup_ = open_for_reading("/proc/self/smaps_rollup");
  since_ = look();
}

own_memory::quick own_memory::look() const noexcept {
  quick found;
  char text[64] = {};
  if (::pread(statm_.get(), text, sizeof text - 1, 0) > 0) {
    char* resident = nullptr;
    ::strtoull(text, &resident, 10);
    found.resident = ::strtoull(resident, nullptr, 10) * page_size();
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  found.faulted = static_cast<std::uint64_t>(usage.ru_minflt + usage.ru_majflt) * page_size();
  return found;
}

std::uint64_t own_memory::bytes(std::uint64_t enough) noexcept {
  quick const now = look();
  if (now.resident == 0) return 0;
  std::uint64_t const grown = now.resident - std::min(now.resident, since_.resident);
  std::uint64_t const most =
      std::min(now.resident, known_ + grown + (now.faulted - since_.faulted));
  if (most <= enough) return most;
  auto const exact = read_own(rollup_.get());
  if (!exact) return most;
  known_ = *exact;
  since_ = now;
  return known_;
}

}  // namespace isolatte::inline v0_1::posix
