// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/unmap_shared.hpp"

#include "posix/system_calls.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

// Async-signal-safe throughout: runs between fork and exec in a copy of a program with threads.

namespace isolatte::inline v0_1::posix {

namespace {

using confine::memory_range;

struct mapping {
  memory_range range;
  bool writable = false;
};

/// The memory from which a child must be kept.
class shared_memory_remover {
 public:
  shared_memory_remover(const std::vector<memory_range>& kept, const void* page) noexcept
      : kept_{kept}, page_{reinterpret_cast<std::uintptr_t>(page)} {}

  bool remove(const mapping& what) noexcept {
    if (holds_page(what.range) || is_read_only(what)) return true;
    // Between what is kept.
    std::uintptr_t begin = what.range.begin;
    for (auto const& each : kept_) {
      if (each.end <= begin || each.begin >= what.range.end) continue;
      if (!unmap(begin, whole_pages_down(each.begin))) return false;
      begin = std::min(whole_pages_up(each.end), what.range.end);
    }
    return unmap(begin, what.range.end);
  }

 private:
  std::uintptr_t whole_pages_down(std::uintptr_t at) const noexcept {
    return at / page_size_ * page_size_;
  }
  std::uintptr_t whole_pages_up(std::uintptr_t at) const noexcept {
    return whole_pages_down(at + page_size_ - 1);
  }

  bool holds_page(const memory_range& range) const noexcept {
    return range.begin <= page_ && page_ < range.end;
  }
  /// A mapping of a file that was opened for reading cannot be made writable. Libraries rely on
  /// theirs: the C library on its cache of character sets.
  static bool is_read_only(const mapping& what) noexcept {
    return !what.writable &&
           sys.mprotect(reinterpret_cast<void*>(what.range.begin),
                        what.range.end - what.range.begin, PROT_READ | PROT_WRITE) == -1 &&
           errno == EACCES;
  }
  static bool unmap(std::uintptr_t begin, std::uintptr_t end) noexcept {
    return begin >= end || sys.munmap(reinterpret_cast<void*>(begin), end - begin) == 0;
  }

  const std::vector<memory_range>& kept_;
  std::uintptr_t page_;
  std::uintptr_t const page_size_ = static_cast<std::uintptr_t>(::getpagesize());
};

/// struct procmap_query of Linux 6.11.
struct map_query {
  std::uint64_t size = sizeof(map_query);
  std::uint64_t flags = 0;
  std::uint64_t address = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t found_flags = 0;
  std::uint64_t rest[3] = {};
  std::uint32_t device[2] = {};
  std::uint32_t name_size = 0;
  std::uint32_t build_id_size = 0;
  std::uint64_t name = 0;
  std::uint64_t build_id = 0;
};
static_assert(sizeof(map_query) == 104);

constexpr std::uint64_t is_writable = 1 << 1;
constexpr std::uint64_t is_shared = 1 << 3;
constexpr std::uint64_t this_or_next = 1 << 4;

enum class asked { all, failed, cannot_ask };

/// Has the kernel find the mappings: there are few among many.
asked remove_by_query(int maps, shared_memory_remover& remover) noexcept {
  map_query query;
  query.flags = is_shared | this_or_next;
  for (;;) {
    if (sys.query_map(maps, &query) == -1) {
      if (errno == ENOENT) return asked::all;
      return errno == ENOTTY ? asked::cannot_ask : asked::failed;
    }
    mapping const found{{query.begin, query.end}, (query.found_flags & is_writable) != 0};
    if (!remover.remove(found)) return asked::failed;
    query.address = query.end;
    query.size = sizeof query;
  }
}

/// Reads a line of /proc/self/maps: "7f00-7f10 rw-s ...".
/// @return whether the mapping is shared
bool read_line(const char* begin, const char* end, mapping& what) noexcept {
  auto number = std::from_chars(begin, end, what.range.begin, 16);
  if (number.ptr == end || *number.ptr != '-') return false;
  number = std::from_chars(number.ptr + 1, end, what.range.end, 16);
  if (end - number.ptr < 5) return false;
  char const* const rights = number.ptr + 1;
  what.writable = rights[1] == 'w';
  return rights[3] == 's';
}

/// Reads the list that every kernel has. Unmapping meanwhile does no harm: the list goes
/// on at the address that it has come to.
bool remove_by_list(int maps, shared_memory_remover& remover) noexcept {
  char text[8192];
  std::size_t have = 0;
  for (;;) {
    ssize_t const count = retry([&] { return ::read(maps, text + have, sizeof text - have); });
    if (count <= 0) return count == 0;
    have += static_cast<std::size_t>(count);
    char const* begin = text;
    char const* const all = text + have;
    while (auto const* const end = static_cast<const char*>(
               std::memchr(begin, '\n', static_cast<std::size_t>(all - begin)))) {
      mapping what;
      if (read_line(begin, end, what) && !remover.remove(what)) return false;
      begin = end + 1;
    }
    have = static_cast<std::size_t>(all - begin);
    // A line is never longer than a path and the numbers before it.
    if (have == sizeof text) {
      errno = ENAMETOOLONG;
      return false;
    }
    std::memmove(text, begin, have);
  }
}

}  // namespace

descriptor open_memory_map() noexcept {
  return descriptor{retry([] { return sys.open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0); })};
}

bool unmap_shared(int map, const std::vector<memory_range>& kept, const void* page) noexcept {
  shared_memory_remover remover{kept, page};
  asked const result = remove_by_query(map, remover);
  return result == asked::all || (result == asked::cannot_ask && remove_by_list(map, remover));
}

}  // namespace isolatte::inline v0_1::posix
