// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/traced_threads.hpp"

#include "posix/descriptor.hpp"
#include "posix/system_calls.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace isolatte::inline v0_1::posix {

#if defined(__linux__)

namespace {

/// A path within `/proc`, made without an allocation.
class proc_path {
 public:
  template <class Name>
  explicit proc_path(Name name) noexcept {
    add("/proc/").add(name);
  }
  proc_path& add(std::string_view text) noexcept {
    std::memcpy(end_, text.data(), text.size());
    end_ += text.size();
    return *this;
  }
  proc_path& add(int number) noexcept {
    end_ = std::to_chars(end_, text_.data() + text_.size() - 1, number).ptr;
    return *this;
  }
  descriptor open(int flags = 0) noexcept {
    *end_ = '\0';
    return descriptor{
        retry([&] { return sys.open(text_.data(), O_RDONLY | O_CLOEXEC | flags, 0); })};
  }

 private:
  std::array<char, 64> text_;
  char* end_ = text_.data();
};

/// The beginning of a `stat` file: "PID (NAME) STATE ...". The name has 15 bytes at most.
class stat_text {
 public:
  explicit stat_text(const descriptor& file) noexcept {
    if (!file) return;
    ssize_t const count = retry([&] { return ::read(file.get(), bytes_.data(), bytes_.size()); });
    if (count > 0) text_ = {bytes_.data(), static_cast<std::size_t>(count)};
  }
  stat_text(const stat_text&) = delete;
  stat_text& operator=(const stat_text&) = delete;

  bool is_of(int pid) const noexcept {
    int number = 0;
    std::from_chars(text_.data(), text_.data() + text_.size(), number);
    return number == pid;
  }
  thread_ends ends() const noexcept {
    // The name may have parentheses, too. Only numbers follow the state.
    auto const name_end = text_.rfind(") ");
    if (name_end == text_.npos) return thread_ends::unknown;
    auto const state = text_.substr(name_end + 2, 1);
    return state == "Z" || state == "X" ? thread_ends::all_ended : thread_ends::some_run;
  }

 private:
  std::array<char, 128> bytes_;
  std::string_view text_;
};

/// Whether `/proc` is that of this process's namespace, and has the numbers of this one.
bool has_own_numbers() noexcept {
  return stat_text{proc_path{"self"}.add("/stat").open()}.is_of(::getpid());
}

thread_ends first_thread_ends(int pid) noexcept {
  if (!has_own_numbers()) return thread_ends::unknown;
  return stat_text{proc_path{pid}.add("/stat").open()}.ends();
}

/// A thread that is gone has ended.
bool runs(int pid, int thread) noexcept {
  return stat_text{proc_path{pid}.add("/task/").add(thread).add("/stat").open()}.ends() ==
         thread_ends::some_run;
}

/// The kernel writes that for each entry of a folder; the name follows at once, without padding.
struct entry_head {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t size;
  std::uint8_t type;
};
constexpr std::size_t name_offset = offsetof(entry_head, type) + sizeof(entry_head::type);

/// Calls `visit` with the number of each thread.
/// @return false if the folder cannot be read
template <class Visit>
bool each_thread(int pid, Visit visit) noexcept {
  descriptor const folder = proc_path{pid}.add("/task").open(O_DIRECTORY);
  if (!folder) return false;
  alignas(entry_head) std::array<char, 2048> entries;
  for (;;) {
    ssize_t const count = sys.getdents(folder.get(), entries.data(), entries.size());
    if (count <= 0) return count == 0;
    for (char const* each = entries.data(); each < entries.data() + count;) {
      entry_head head;
      std::memcpy(&head, each, name_offset);
      char const* const name = each + name_offset;
      each += head.size;
      int thread = 0;
      // The names "." and ".." are no numbers.
      if (std::from_chars(name, each, thread).ec == std::errc{}) visit(thread);
    }
  }
}

}  // namespace

thread_ends reap_traced_threads(int pid) noexcept {
  // Most often the first thread runs, and no other one has to be looked at.
  if (thread_ends const first = first_thread_ends(pid); first != thread_ends::all_ended)
    return first;
  bool some_run = false;
  if (!each_thread(pid, [&](int thread) { some_run = some_run || runs(pid, thread); }))
    return thread_ends::unknown;
  if (some_run) return thread_ends::some_run;
  bool const reaped = each_thread(pid, [pid](int thread) {
    // The first thread is reaped with its process. Others that this process does not trace are none
    // of its children: the call fails, and touches nothing.
    if (thread == pid) return;
    siginfo_t info{};
    retry([&] {
      return sys.waitid(P_PID, static_cast<id_t>(thread), &info, WEXITED | WNOHANG | __WALL,
                        nullptr);
    });
  });
  return reaped ? thread_ends::all_ended : thread_ends::unknown;
}

#else

thread_ends reap_traced_threads(int) noexcept { return thread_ends::unknown; }

#endif

}  // namespace isolatte::inline v0_1::posix
