// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_OBJECT_MAP_HPP
#define ISOLATTE_LIB_POSIX_OBJECT_MAP_HPP

#include "posix/memory_mapping.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::posix {

/// A version of a file. Another file that takes the path later has another one.
struct file_version {
  std::uint64_t inode = 0;
  std::int64_t changed_seconds = 0;
  std::int64_t changed_nanoseconds = 0;

  auto operator<=>(const file_version&) const = default;
};

/// The place of an address of code: an object file, and the distance from where that is loaded.
struct code_place {
  std::string path;
  /// None if the file is no longer there.
  std::optional<file_version> version;
  std::uintptr_t offset = 0;

  auto operator<=>(const code_place&) const = default;
  /// "libfoo.so+0x1234".
  std::string text() const;
};

/// The object files whose code a process had loaded at a moment.
class object_map {
 public:
  /// Holds nothing.
  object_map() = default;
  /// Asks the kernel, not the loader: another thread may hold the loader's locks for long. Only
  /// without /proc is the loader asked, at each find().
  static object_map of_this_process();
  /// Asks the kernel for those of another process.
  /// @return nothing if the kernel does not tell
  static std::optional<object_map> of_process(int pid);

  /// @return where the address is; none if no object file has code there
  std::optional<code_place> find(std::uintptr_t address) const;

 private:
  struct object {
    std::string path;
    std::optional<file_version> version;
    std::uintptr_t base = 0;
  };
  struct segment {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    std::size_t object = 0;
  };

  bool read_mappings(int file);
  void add(const memory_mapping& mapping);

  bool by_loader_ = false;
  std::vector<object> objects_;
  /// Ascending.
  std::vector<segment> code_;
};

}  // namespace isolatte::inline v0_1::posix

#endif
