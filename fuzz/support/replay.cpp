// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Runs targets without a fuzzer.
// usage: isolatte_fuzz_replay --list
//        isolatte_fuzz_replay --write-seeds FOLDER TARGET
//        isolatte_fuzz_replay TARGET [FILE|FOLDER]...
// The last one runs the target's seeds, then the content of every file.

#include "support/small_stack.hpp"
#include "target.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;
using isolatte::fuzz::bytes;
using isolatte::fuzz::target;

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "isolatte_fuzz_replay: %s\n", why.c_str());
  std::exit(2);
}

const target& target_of(std::string_view name) {
  const target* const found = isolatte::fuzz::find_target(name);
  if (found == nullptr) give_up("no target " + std::string{name});
  return *found;
}

std::string content_of(const fs::path& file) {
  std::ifstream stream{file, std::ios::binary};
  if (!stream) give_up("cannot read " + file.string());
  return {std::istreambuf_iterator<char>{stream}, {}};
}

/// In a fixed order, so that a failure happens again.
std::vector<fs::path> files_of(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (auto const& entry : fs::directory_iterator{path}) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

void run(const target& what, const void* data, std::size_t size) {
  // A block of its own, so that AddressSanitizer sees a read beyond the end.
  auto const copy = std::make_unique<std::byte[]>(size);
  if (size != 0) std::memcpy(copy.get(), data, size);
  isolatte::fuzz::run_in_time(what, {copy.get(), size});
}

void write_seeds(const target& what, const fs::path& folder) {
  fs::create_directories(folder);
  std::size_t number = 0;
  for (auto const& seed : what.seeds()) {
    std::ofstream stream{folder / ("seed-" + std::to_string(number++)), std::ios::binary};
    stream.write(reinterpret_cast<const char*>(seed.data()),
                 static_cast<std::streamsize>(seed.size()));
    if (!stream.flush()) give_up("cannot write to " + folder.string());
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string_view> const arguments{argv + 1, argv + argc};
  if (arguments.size() == 1 && arguments[0] == "--list") {
    for (auto const& each : isolatte::fuzz::all_targets()) std::puts(each.name);
    return 0;
  }
  if (arguments.size() == 3 && arguments[0] == "--write-seeds") {
    write_seeds(target_of(arguments[2]), arguments[1]);
    return 0;
  }
  if (arguments.empty()) give_up("no target");
  auto const& what = target_of(arguments[0]);
  isolatte::fuzz::use_small_stack(argv);
  std::size_t count = 0;
  for (auto const& seed : what.seeds()) {
    run(what, seed.data(), seed.size());
    ++count;
  }
  for (auto const argument : std::span{arguments}.subspan(1))
    for (auto const& file : files_of(argument)) {
      // Named before it runs, for it may end the process.
      std::printf("%s\n", file.filename().c_str());
      std::fflush(stdout);
      auto const content = content_of(file);
      run(what, content.data(), content.size());
      ++count;
    }
  std::printf("%s: %zu inputs\n", what.name, count);
}
