// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/object_map.hpp"

#include "posix/descriptor.hpp"
#include "posix/system_calls.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <string_view>
#include <utility>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace isolatte::inline v0_1::posix {

namespace {

std::optional<file_version> version_of(const std::string& path) noexcept {
  struct stat now{};
  if (::stat(path.c_str(), &now) == -1) return std::nullopt;
#if defined(__APPLE__)
  auto const& changed = now.st_mtimespec;
#else
  auto const& changed = now.st_mtim;
#endif
  return file_version{now.st_ino, changed.tv_sec, changed.tv_nsec};
}

}  // namespace

std::string code_place::text() const {
  constexpr std::string_view mark_of_deleted = " (deleted)";
  std::string_view name{path};
  if (name.ends_with(mark_of_deleted)) name.remove_suffix(mark_of_deleted.size());
  if (auto const slash = name.rfind('/'); slash != name.npos) name.remove_prefix(slash + 1);
  std::array<char, 2 * sizeof offset> digits;
  char* const end = std::to_chars(digits.begin(), digits.end(), offset, 16).ptr;
  std::string result{name};
  result.append("+0x").append(digits.data(), end);
  return result;
}

object_map object_map::of_this_process() {
  object_map map;
  descriptor const file{retry([] { return sys.open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0); })};
  map.by_loader_ = !file || !map.read_mappings(file.get());
  return map;
}

std::optional<object_map> object_map::of_process(int pid) {
  object_map map;
  std::string const path = "/proc/" + std::to_string(pid) + "/maps";
  descriptor const file{retry([&] { return sys.open(path.c_str(), O_RDONLY | O_CLOEXEC, 0); })};
  if (!file || !map.read_mappings(file.get())) return std::nullopt;
  return map;
}

bool object_map::read_mappings(int file) {
  std::array<char, 4096> bytes;
  std::string text;
  for (;;) {
    ssize_t const count = retry([&] { return ::read(file, bytes.data(), bytes.size()); });
    if (count == -1) return false;
    if (count == 0) return !code_.empty();
    text.append(bytes.data(), static_cast<std::size_t>(count));
    std::size_t begin = 0;
    for (std::size_t end; (end = text.find('\n', begin)) != text.npos; begin = end + 1)
      add(parse_mapping(std::string_view{text}.substr(begin, end - begin)));
    text.erase(0, begin);
  }
}

void object_map::add(const memory_mapping& mapping) {
  // Code that the program has made itself is in no object file.
  if (mapping.name.empty()) return;
  bool const is_another =
      objects_.empty() || objects_.back().path != mapping.name || mapping.offset == 0;
  if (is_another) {
    bool const last_has_code = !code_.empty() && code_.back().object + 1 == objects_.size();
    if (!objects_.empty() && !last_has_code) objects_.pop_back();
    objects_.push_back({std::string{mapping.name}, std::nullopt, mapping.begin - mapping.offset});
  }
  if (mapping.permissions.find('x') == mapping.permissions.npos) return;
  object& holder = objects_.back();
  if (!holder.version) holder.version = version_of(holder.path);
  code_.push_back({mapping.begin, mapping.end, objects_.size() - 1});
}

std::optional<code_place> object_map::find(std::uintptr_t address) const {
  if (by_loader_) {
    Dl_info found{};
    if (::dladdr(reinterpret_cast<const void*>(address), &found) == 0 || !found.dli_fname)
      return std::nullopt;
    std::string path{found.dli_fname};
    auto const version = version_of(path);
    return code_place{std::move(path), version,
                      address - reinterpret_cast<std::uintptr_t>(found.dli_fbase)};
  }
  auto const above =
      std::upper_bound(code_.begin(), code_.end(), address,
                       [](std::uintptr_t what, const segment& each) { return what < each.begin; });
  if (above == code_.begin() || address >= std::prev(above)->end) return std::nullopt;
  object const& holder = objects_[std::prev(above)->object];
  return code_place{holder.path, holder.version, address - holder.base};
}

}  // namespace isolatte::inline v0_1::posix
