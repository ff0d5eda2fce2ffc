// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/stack_trace.hpp"

#include "posix/process_registry.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <map>
#include <utility>

namespace isolatte::inline v0_1::launch {

namespace {

/// The names that have been found. Guarded by the registry's lock, which no child finds locked.
class known_names {
 public:
  static known_names& get() {
    static known_names* const instance = new known_names;
    return *instance;
  }

  /// @return the name, empty if it is not known
  std::string find(const posix::code_place& place) const {
    auto const lock = posix::lock_registry();
    auto const found = names_.find(place);
    return found != names_.end() ? found->second : std::string{};
  }

  /// A file that is gone, or has no version, may be another one the next time.
  void keep(const posix::code_place& place, const std::string& name) {
    if (!place.version || name.empty()) return;
    auto const lock = posix::lock_registry();
    auto const cost = sizeof(posix::code_place) + place.path.size() + name.size();
    if (bytes_ + cost > most_bytes) {
      names_.clear();
      bytes_ = 0;
    }
    if (names_.emplace(place, name).second) bytes_ += cost;
  }

 private:
  /// Children choose what is looked up, so they must not decide how much is kept.
  static constexpr std::size_t most_bytes = 2 * 1024 * 1024;
  std::map<posix::code_place, std::string> names_;
  std::size_t bytes_ = 0;
};

std::string hexadecimal(std::uintptr_t address) {
  std::array<char, 2 * sizeof address> digits;
  char* const end = std::to_chars(digits.begin(), digits.end(), address, 16).ptr;
  return std::string{"0x"}.append(digits.data(), end);
}

/// Leaves out what comes before a function's name: the result type of a template.
std::string_view without_result_type(std::string_view name) noexcept {
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i != name.size(); ++i) {
    char const c = name[i];
    if (c == '<' || c == '(' || c == '{' || c == '[') {
      // Parentheses after the name hold the parameters; others are of an unnamed namespace, or of a
      // result type.
      bool const is_part = name.substr(i).starts_with("(anonymous namespace)") ||
                           name.substr(begin, i - begin) == "decltype";
      if (c == '(' && depth == 0 && !is_part) break;
      ++depth;
    } else if (c == '>' || c == ')' || c == '}' || c == ']') {
      --depth;
    } else if (c == ' ' && depth == 0) {
      begin = i + 1;
    }
  }
  return name.substr(begin);
}

bool is_of_library(std::string_view name) noexcept {
  return without_result_type(name).starts_with("isolatte::");
}

bool is_of_standard_library(std::string_view name) noexcept {
  return without_result_type(name).starts_with("std::");
}

}  // namespace

stack_trace::stack_trace(const posix::object_map& loaded, const posix::fault_record& fault) {
  frames_.reserve(fault.frames.size());
  for (std::uintptr_t const address : fault.frames) {
    frame& next = frames_.emplace_back(frame{address, loaded.find(address), {}});
    if (!next.place) continue;
    next.name = known_names::get().find(*next.place);
    if (next.name.empty()) unnamed_.push_back(address);
  }
}

void stack_trace::name(std::string_view lines) {
  for (frame& each : frames_) {
    if (!each.place || !each.name.empty()) continue;
    auto const end = lines.find('\n');
    if (end == lines.npos) return;
    each.name = lines.substr(0, end);
    lines.remove_prefix(end + 1);
    known_names::get().keep(*each.place, each.name);
  }
}

std::string stack_trace::text() const {
  std::vector<std::string> lines;
  lines.reserve(frames_.size());
  for (frame const& each : frames_)
    lines.push_back(!each.name.empty() ? each.name
                    : each.place       ? each.place->text()
                                       : hexadecimal(each.address));
  lines.resize(frames_of_the_user(lines));
  std::string text;
  for (std::size_t i = 0; i != lines.size(); ++i)
    text.append(i < 10 ? " #" : "#").append(std::to_string(i)).append(" ").append(lines[i]) += '\n';
  return text;
}

std::size_t frames_of_the_user(std::span<const std::string> names) {
  auto rest = names;
  bool has_cut = false;
  while (!rest.empty() &&
         (is_of_library(rest.back()) || (has_cut && is_of_standard_library(rest.back())))) {
    has_cut = true;
    rest = rest.first(rest.size() - 1);
  }
  return rest.empty() ? names.size() : rest.size();
}

}  // namespace isolatte::inline v0_1::launch
