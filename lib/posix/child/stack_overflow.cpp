// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/stack_overflow.hpp"

#include "posix/memory_mapping.hpp"
#include "posix/system_calls.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

// The C library tells a thread's bounds only with locks and allocations, so the kernel is asked.

namespace isolatte::inline v0_1::posix {

namespace {

/// How far below the stack pointer code touches its stack: a call, the red zone, a probe.
constexpr std::uintptr_t reach = 4096;

/// Looks, in ascending order, at what is mapped at and above the stack pointer and the address.
class overflow_search {
 public:
  overflow_search(std::uintptr_t fault_address, std::uintptr_t stack_pointer) noexcept
      : address_{fault_address}, low_{std::min(fault_address, stack_pointer)} {}

  bool done() const noexcept { return done_; }
  bool found() const noexcept { return found_; }

  void look_at(const memory_mapping& next) noexcept {
    if (next.end <= low_) return;
    if (next.permissions.starts_with("---")) {
      guard_ = next;
      return;
    }
    // The lowest memory there is must be a stack that begins above the address.
    done_ = true;
    if (next.begin <= address_ || !next.permissions.starts_with("rw")) return;
    bool const in_guard = guard_.end == next.begin && guard_.begin <= address_;
    found_ = in_guard || next.name == "[stack]";
  }

 private:
  std::uintptr_t address_;
  std::uintptr_t low_;
  memory_mapping guard_;
  bool done_ = false;
  bool found_ = false;
};

}  // namespace

bool is_stack_overflow(std::uintptr_t fault_address, std::uintptr_t stack_pointer) noexcept {
  if (stack_pointer > fault_address && stack_pointer - fault_address > reach) return false;
  int const file = retry([] { return sys.open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0); });
  // A sandbox may not let the list be read. The memory next to the stack pointer is there, unless
  // the stack has come to its end.
  if (file == -1)
    return fault_address >= stack_pointer - reach && fault_address < stack_pointer + reach;
  overflow_search search{fault_address, stack_pointer};
  char bytes[1024];
  // The end of a longer line is a long path, which is of no use here.
  char line[256];
  std::size_t length = 0;
  while (!search.done()) {
    ssize_t const count = retry([&] { return ::read(file, bytes, sizeof bytes); });
    if (count <= 0) break;
    for (ssize_t i = 0; i != count && !search.done(); ++i) {
      if (bytes[i] != '\n') {
        if (length != sizeof line) line[length++] = bytes[i];
        continue;
      }
      search.look_at(parse_mapping({line, length}));
      length = 0;
    }
  }
  sys.close(file);
  return search.found();
}

}  // namespace isolatte::inline v0_1::posix
