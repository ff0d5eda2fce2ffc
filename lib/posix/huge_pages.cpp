// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/huge_pages.hpp"

#include "posix/descriptor.hpp"
#include "posix/system_calls.hpp"

#include <isolatte/collapse_to_huge_pages.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace isolatte::inline v0_1 {

#if defined(__linux__)

namespace posix {

namespace {

/// MADV_COLLAPSE of Linux 6.1. Older headers lack it.
constexpr int collapse_advice = 25;

/// Huge pages in one call. The kernel flushes lists of each processor in every call.
constexpr std::size_t pages_at_once = 32;

/// After this many refusals in a row for want of memory the rest is left alone: each takes the
/// kernel long.
constexpr int most_shortages = 4;

/// The kernel is asked so many times for what it could not do at the moment.
constexpr int attempts_to_move = 4;

descriptor open_to_read(const char* path) noexcept {
  return descriptor{retry([&] { return sys.open(path, O_RDONLY | O_CLOEXEC, 0); })};
}

/// Reads a file line by line, in memory of its own. The rest of a line that is too long is a line.
class line_reader {
 public:
  explicit line_reader(const char* path) noexcept : file_{open_to_read(path)} {}

  /// @return false at the end
  bool next(std::string_view& line) noexcept {
    for (;;) {
      std::string_view const here{bytes_.data() + begin_, end_ - begin_};
      auto const size = here.find('\n');
      if (size != here.npos || here.size() == bytes_.size()) {
        line = here.substr(0, size);
        begin_ += std::min(line.size() + 1, here.size());
        return true;
      }
      std::copy(here.begin(), here.end(), bytes_.begin());
      begin_ = 0;
      end_ = here.size();
      if (!file_) return false;
      ssize_t const count =
          retry([&] { return ::read(file_.get(), bytes_.data() + end_, bytes_.size() - end_); });
      if (count <= 0) return false;
      end_ += static_cast<std::size_t>(count);
    }
  }

 private:
  descriptor file_;
  std::array<char, 4096> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

std::uint64_t number(std::string_view text, int base = 10) noexcept {
  auto const begin = text.find_first_not_of(' ');
  std::uint64_t value = 0;
  if (begin != text.npos)
    std::from_chars(text.data() + begin, text.data() + text.size(), value, base);
  return value;
}

/// Takes a word off the text.
std::string_view next_word(std::string_view& text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  auto const word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

/// A mapping as /proc/self/smaps describes it.
struct listed_mapping {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  bool is_private = false;
  bool has_file = false;
  std::uint64_t anonymous = 0;
  std::uint64_t huge = 0;
  bool suits = false;
};

/// Reads the first line of a mapping: "7f00-7f10 rw-p 0 00:00 0".
bool read_header(std::string_view line, listed_mapping& what) noexcept {
  auto const dash = line.find('-');
  auto const space = line.find(' ');
  if (dash == line.npos || space == line.npos || dash > space) return false;
  what = {};
  what.begin = number(line.substr(0, dash), 16);
  what.end = number(line.substr(dash + 1, space - dash - 1), 16);
  line.remove_prefix(space);
  auto const permissions = next_word(line);
  what.is_private = permissions.size() == 4 && permissions[3] == 'p';
  next_word(line);
  next_word(line);
  what.has_file = next_word(line) != "0";
  return what.end > what.begin;
}

/// Judges by the kernel's flags: "rd wr mr mw me ac sd".
bool are_suitable(std::string_view flags) noexcept {
  // Stacks, locked memory, memory of devices, memory that children do not get, memory of
  // hugetlbfs, and what the program has asked to be handled in another way.
  constexpr std::string_view unsuitable[] = {"gd", "lo", "io", "pf", "mm", "dc", "wf", "ht",
                                             "nh", "mg", "um", "uw", "ui", "sh", "ss"};
  bool is_readable = false;
  for (auto flag = next_word(flags); !flag.empty(); flag = next_word(flags)) {
    if (std::find(std::begin(unsuitable), std::end(unsuitable), flag) != std::end(unsuitable))
      return false;
    if (flag == "rd") is_readable = true;
  }
  return is_readable;
}

/// Calls the function with every mapping of this process.
template <class Function>
void for_each_mapping(Function function) noexcept {
  constexpr std::string_view anonymous = "Anonymous:";
  constexpr std::string_view huge = "AnonHugePages:";
  constexpr std::string_view flags = "VmFlags:";
  line_reader lines{"/proc/self/smaps"};
  listed_mapping current;
  for (std::string_view line; lines.next(line);) {
    if (line.starts_with(anonymous)) {
      current.anonymous = number(line.substr(anonymous.size())) * 1024;
    } else if (line.starts_with(huge)) {
      current.huge = number(line.substr(huge.size())) * 1024;
    } else if (line.starts_with(flags)) {
      current.suits =
          current.is_private && !current.has_file && are_suitable(line.substr(flags.size()));
      function(current);
    } else if (line.find(':') == line.npos || line.find(':') > line.find(' ')) {
      read_header(line, current);
    }
  }
}

std::uint64_t bytes_in_huge_pages() noexcept {
  std::uint64_t sum = 0;
  for_each_mapping([&](const listed_mapping& each) { sum += each.huge; });
  return sum;
}

// The kernel has this since Linux 6.7.

struct page_region {
  std::uint64_t begin;
  std::uint64_t end;
  std::uint64_t categories;
};

struct page_scan {
  std::uint64_t size = sizeof(page_scan);
  std::uint64_t flags = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t walk_end = 0;
  std::uint64_t regions = 0;
  std::uint64_t most_regions = 0;
  std::uint64_t most_pages = 0;
  std::uint64_t inverted = 0;
  std::uint64_t all_of = 0;
  std::uint64_t any_of = 0;
  std::uint64_t returned = 0;
};
static_assert(sizeof(page_scan) == 96);

constexpr std::uint64_t page_is_present = 1 << 3;
constexpr std::uint64_t page_is_zero = 1 << 5;

/// Counts the bytes in a range of memory that pages of the program's own fill. A page that has been
/// read and not written stands for the kernel's page of zeros.
/// @return 0 if the kernel does not tell
std::uint64_t count_filled(int pagemap, std::uintptr_t begin, std::uintptr_t end) noexcept {
  std::array<page_region, 64> found;
  page_scan scan;
  scan.begin = begin;
  scan.end = end;
  scan.regions = reinterpret_cast<std::uintptr_t>(found.data());
  scan.most_regions = found.size();
  scan.inverted = page_is_zero;
  scan.all_of = page_is_present | page_is_zero;
  scan.returned = page_is_present;
  std::uint64_t filled = 0;
  while (scan.begin < end) {
    int const count = ::ioctl(pagemap, _IOWR('f', 16, page_scan), &scan);
    if (count < 0 || scan.walk_end <= scan.begin) return 0;
    for (int i = 0; i != count; ++i)
      filled += found[static_cast<std::size_t>(i)].end - found[static_cast<std::size_t>(i)].begin;
    scan.begin = scan.walk_end;
  }
  return filled;
}

class mover {
 public:
  mover(pages_to_move which, std::uintptr_t huge_page) noexcept
      : huge_page_{huge_page}, which_{which} {}

  void move(const listed_mapping& what) noexcept {
    std::uintptr_t run = 0;
    std::size_t pages = 0;
    auto const begin = (what.begin + huge_page_ - 1) / huge_page_ * huge_page_;
    for (auto at = begin; at + huge_page_ <= what.end; at += huge_page_) {
      if (shortages_ == most_shortages) return;
      if (!is_well_used(at)) {
        collapse(run, std::exchange(pages, 0));
        continue;
      }
      if (pages == 0) run = at;
      if (++pages == pages_at_once) collapse(run, std::exchange(pages, 0));
    }
    collapse(run, pages);
  }

 private:
  // Bits of an entry of /proc/self/pagemap.
  static constexpr std::uint64_t is_present = std::uint64_t{1} << 63;
  static constexpr std::uint64_t is_swapped = std::uint64_t{1} << 62;
  static constexpr std::uint64_t is_own = std::uint64_t{1} << 56;

  bool is_well_used(std::uintptr_t huge_page) noexcept {
    std::uintptr_t const size = static_cast<std::uintptr_t>(::getpagesize());
    std::size_t const entries = huge_page_ / size;
    std::size_t used = 0;
    std::size_t own = 0;
    std::array<std::uint64_t, 512> part;
    for (std::size_t done = 0; done != entries;) {
      std::size_t const count = std::min(part.size(), entries - done);
      auto const place = static_cast<off_t>((huge_page / size + done) * sizeof part[0]);
      auto const wanted = static_cast<ssize_t>(count * sizeof part[0]);
      if (::pread(map_.get(), part.data(), static_cast<std::size_t>(wanted), place) != wanted)
        return false;
      for (std::size_t i = 0; i != count; ++i) {
        // Memory that has been swapped out is not brought back, and a guard page looks like that.
        if ((part[i] & is_swapped) != 0) return false;
        if ((part[i] & is_present) == 0) continue;
        ++used;
        if ((part[i] & is_own) != 0) ++own;
      }
      done += count;
    }
    std::size_t const enough = entries / 4 * 3;
    if (own >= enough || which_ == pages_to_move::own) return own >= enough;
    // Others share the rest, or it is the kernel's page of zeros.
    return used >= enough &&
           count_filled(map_.get(), huge_page, huge_page + huge_page_) >= enough * size;
  }

  void collapse(std::uintptr_t begin, std::size_t pages) noexcept {
    if (pages == 0) return;
    // Every refusal leaves memory as it was. Another thread may have unmapped it.
    for (int attempt = 0; attempt != attempts_to_move; ++attempt) {
      if (sys.madvise(reinterpret_cast<void*>(begin), pages * huge_page_, collapse_advice) == 0) {
        shortages_ = 0;
        return;
      }
      // A page that the kernel is at work on may be free at once.
      if (errno != EAGAIN) break;
    }
    if (errno == ENOMEM || errno == EBUSY) ++shortages_;
  }

  std::uintptr_t const huge_page_;
  pages_to_move const which_;
  descriptor const map_ = open_to_read("/proc/self/pagemap");
  int shortages_ = 0;
};

}  // namespace

std::uint64_t move_to_huge_pages(pages_to_move which) noexcept {
  line_reader said{"/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"};
  std::string_view line;
  auto const huge_page = said.next(line) ? number(line) : 0;
  if (huge_page < static_cast<std::uintptr_t>(::getpagesize())) return 0;
  std::uint64_t before = 0;
  mover moves{which, huge_page};
  for_each_mapping([&](const listed_mapping& each) {
    before += each.huge;
    if (each.suits && each.anonymous >= each.huge + huge_page / 4 * 3) moves.move(each);
  });
  auto const after = bytes_in_huge_pages();
  return after > before ? after - before : 0;
}

}  // namespace posix

#else

namespace posix {

std::uint64_t move_to_huge_pages(pages_to_move) noexcept { return 0; }

}  // namespace posix

#endif

std::uint64_t collapse_to_huge_pages() noexcept {
  return posix::move_to_huge_pages(posix::pages_to_move::present);
}

}  // namespace isolatte::inline v0_1
