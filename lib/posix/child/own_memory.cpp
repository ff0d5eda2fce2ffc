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
  resident_then_ = resident();
}

std::uint64_t own_memory::resident() const noexcept {
  char text[64] = {};
  if (::pread(statm_.get(), text, sizeof text - 1, 0) <= 0) return 0;
  char* number = nullptr;
  ::strtoull(text, &number, 10);
  return ::strtoull(number, nullptr, 10) * page_size();
}

std::uint64_t own_memory::bytes(std::uint64_t enough, std::uint64_t faults) noexcept {
  if (faults == last_faults_ && last_ <= enough) return last_;
  std::uint64_t const now = resident();
  if (now == 0) return 0;
  last_faults_ = faults;
  std::uint64_t const grown = now - std::min(now, resident_then_);
  std::uint64_t const copied = (faults - std::min(faults, faults_then_)) * page_size();
  last_ = std::min(now, exact_ + grown + copied);
  if (last_ <= enough) return last_;
  if (auto const exact = read_own(rollup_.get())) {
    last_ = exact_ = *exact;
    resident_then_ = now;
    faults_then_ = faults;
  }
  return last_;
}

}  // namespace isolatte::inline v0_1::posix
