// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The entry points of libFuzzer, which has main().
// usage: isolatte_fuzz --target=NAME [LIBFUZZER ARGUMENT...] [CORPUS...]

#include "support/small_stack.hpp"
#include "target.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

const isolatte::fuzz::target* chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  constexpr std::string_view flag = "--target=";
  for (int i = 1; i != *argc; ++i) {
    std::string_view const argument = (*argv)[i];
    if (argument.starts_with(flag))
      chosen = isolatte::fuzz::find_target(argument.substr(flag.size()));
  }
  if (chosen == nullptr) {
    std::fputs("no such target; --target=NAME takes one of\n", stderr);
    for (auto const& each : isolatte::fuzz::all_targets())
      std::fprintf(stderr, "  %s\n", each.name);
    std::exit(2);
  }
  isolatte::fuzz::use_small_stack(*argv);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  isolatte::fuzz::run_in_time(*chosen, {reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
