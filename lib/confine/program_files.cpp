// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "logic/invocation.hpp"
#include "posix/this_process.hpp"

#include <isolatte/sandbox.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#if defined(__linux__)
#include <elf.h>
#endif
#include <unistd.h>

namespace isolatte::inline v0_1 {

namespace {

using std::filesystem::path;
using paths = std::vector<path>;

/// The kernel follows as many interpreters that are scripts themselves.
constexpr int most_interpreters = 5;

std::optional<path> find_executable(const isolatte::program& what) {
  if (!logic::well_formed(what)) return std::nullopt;
  auto const how = logic::invoke(what, posix::own_variables(), posix::default_path());
  std::error_code ignored;
  path const start =
      what.start_dir.empty() ? std::filesystem::current_path(ignored) : what.start_dir;
  for (auto const& each : how.paths) {
    path const file = start / each;
    if (std::filesystem::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0)
      return file;
  }
  return std::nullopt;
}

/// The words of a script's first line, without "#!"; none for another file.
std::vector<std::string> interpreter_line(std::ifstream& file) {
  char marker[2] = {};
  if (!file.read(marker, sizeof marker) || marker[0] != '#' || marker[1] != '!') return {};
  std::string line;
  std::getline(file, line);
  std::istringstream words{line};
  std::vector<std::string> all;
  for (std::string word; words >> word;) all.push_back(word);
  return all;
}

#if defined(__linux__)

template <class T>
bool read_at(std::ifstream& file, std::size_t offset, T& to) {
  file.clear();
  return file.seekg(static_cast<std::streamoff>(offset)) &&
         file.read(reinterpret_cast<char*>(&to), sizeof to);
}

/// The loader that a dynamically linked program names.
std::optional<path> loader_of(std::ifstream& file) {
  Elf64_Ehdr header;
  if (!read_at(file, 0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64)
    return std::nullopt;
  for (std::size_t i = 0; i != header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (!read_at(file, header.e_phoff + i * header.e_phentsize, segment)) return std::nullopt;
    if (segment.p_type != PT_INTERP) continue;
    std::string name(std::min<std::size_t>(segment.p_filesz, 4096), '\0');
    if (!file.seekg(static_cast<std::streamoff>(segment.p_offset)) ||
        !file.read(name.data(), static_cast<std::streamsize>(name.size())))
      return std::nullopt;
    return path{name.c_str()};
  }
  return std::nullopt;
}

#else

std::optional<path> loader_of(std::ifstream&) { return std::nullopt; }

#endif

/// Adds a program's file, and those that execute it.
void add_program(paths& all, const path& executable, int depth, const isolatte::program& what) {
  all.push_back(executable);
  if (depth == most_interpreters) return;
  std::ifstream file{executable, std::ios::binary};
  auto const words = interpreter_line(file);
  if (words.empty()) {
    if (auto const loader = loader_of(file)) all.push_back(*loader);
    return;
  }
  add_program(all, words[0], depth + 1, what);
  if (path{words[0]}.filename() != "env") return;
  // The interpreter is the program that env looks up.
  auto const name = std::find_if(words.begin() + 1, words.end(), [](const std::string& word) {
    return !word.starts_with('-') && word.find('=') == std::string::npos;
  });
  if (name == words.end()) return;
  isolatte::program const looked_up{*name, {}, what.environment, what.start_dir};
  if (auto const found = find_executable(looked_up)) add_program(all, *found, depth + 1, what);
}

void add_those_that_exist(paths& all, std::initializer_list<const char*> some) {
  std::error_code ignored;
  for (auto const* const each : some)
    if (std::filesystem::exists(each, ignored)) all.emplace_back(each);
}

}  // namespace

sandbox sandbox::program(const isolatte::program& what, std::vector<std::filesystem::path> read) {
  sandbox box;
  box.read = std::move(read);
  if (auto const file = find_executable(what)) add_program(box.execute, *file, 0, what);
  add_those_that_exist(box.execute,
                       {"/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"});
  add_those_that_exist(box.read, {"/etc/ld.so.cache"});
  add_those_that_exist(box.write, {"/dev/null"});
  return box;
}

}  // namespace isolatte::inline v0_1
