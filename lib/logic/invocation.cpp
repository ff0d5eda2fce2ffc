// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/invocation.hpp"

#include <algorithm>
#include <optional>

namespace isolatte::inline v0_1::logic {

namespace {

bool has_null(std::string_view text) noexcept { return text.find('\0') != text.npos; }

std::string_view name_of(std::string_view variable) noexcept {
  return variable.substr(0, variable.find('='));
}

std::vector<std::string> merge(const environment& what, const char* const* inherited) {
  std::vector<std::string> all;
  if (what.inherits())
    for (; inherited != nullptr && *inherited != nullptr; ++inherited) {
      std::string variable{*inherited};
      if (!what.given().contains(std::string{name_of(variable)}))
        all.push_back(std::move(variable));
    }
  for (auto const& [name, value] : what.given())
    if (value) all.push_back(name + '=' + *value);
  return all;
}

template <class Variables>
std::optional<std::string_view> find_path(const Variables& variables) {
  constexpr std::string_view prefix = "PATH=";
  for (std::string_view const variable : variables)
    if (variable.starts_with(prefix)) return variable.substr(prefix.size());
  return std::nullopt;
}

std::vector<std::string> look_up(const std::string& name, std::string_view directories) {
  std::vector<std::string> paths;
  for (;;) {
    auto const end = std::min(directories.find(':'), directories.size());
    std::string path{directories.substr(0, end)};
    // No name means the current directory.
    if (!path.empty() && !path.ends_with('/')) path += '/';
    paths.push_back(path + name);
    if (end == directories.size()) return paths;
    directories.remove_prefix(end + 1);
  }
}

}  // namespace

bool well_formed(const program& what) noexcept {
  auto const clean = [](const auto& text) { return !has_null(text); };
  auto const sound = [](const environment::variables::value_type& variable) {
    auto const& [name, value] = variable;
    return !name.empty() && name.find('=') == name.npos && !has_null(name) &&
           (!value || !has_null(*value));
  };
  return clean(what.executable.native()) && clean(what.start_dir.native()) &&
         std::all_of(what.args.begin(), what.args.end(), clean) &&
         std::all_of(what.environment.given().begin(), what.environment.given().end(), sound);
}

invocation invoke(const program& what, const char* const* inherited,
                  std::string_view default_path) {
  invocation result;
  result.variables = merge(what.environment, inherited);
  std::string const& name = what.executable.native();
  if (name.empty() || name.find('/') != name.npos) {
    result.paths.push_back(name);
    return result;
  }
  std::vector<std::string_view> own;
  for (; inherited != nullptr && *inherited != nullptr; ++inherited) own.push_back(*inherited);
  std::optional<std::string_view> path = find_path(result.variables);
  if (!path) path = find_path(own);
  result.paths = look_up(name, path.value_or(default_path));
  result.searched = true;
  return result;
}

}  // namespace isolatte::inline v0_1::logic
