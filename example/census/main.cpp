// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Damaged files meet a reader that checks nothing, and the program goes on.
//
//   survey.cpp           the event loop: the part that uses isolatte
//   trusting_reader.cpp  runs in the children; its bugs are intended
//   damage.cpp           damages the copies
//   report.cpp, json.cpp the output

#include "progress.hpp"
#include "report.hpp"
#include "settings.hpp"
#include "specimen.hpp"
#include "survey.hpp"
#include "tally.hpp"
#include "vitals.hpp"

#include <isolatte/fork.hpp>

#include <boost/program_options/errors.hpp>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <unistd.h>

namespace {

bool wants_colour() {
  const char* const no = std::getenv("NO_COLOR");
  const char* const kind = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && (no == nullptr || *no == '\0') && kind != nullptr &&
         std::string_view{kind} != "dumb";
}

int run(const census::settings& how) {
  std::ofstream json;
  if (how.json) {
    json.open(*how.json);
    if (!json) throw std::runtime_error{"cannot write " + how.json->string()};
  }
  auto specimens = census::find_programs(how.directory);
  if (specimens.empty())
    throw std::runtime_error{"there is no ELF program in " + how.directory.string()};
  census::add_damaged_copies(specimens, how.damaged);

  // Forks once before the first look: the library keeps one pipe from its first child on, which
  // would look like a leak.
  static_cast<void>(isolatte::fork([] {}));
  auto const before = census::take_vitals();
  census::results result;
  {
    census::progress progress{specimens.size()};
    result = census::take_census(specimens, how, std::ref(progress));
  }
  std::optional<census::results> warm;
  if (how.compare_pool && result.interrupted_by == 0) {
    census::settings other = how;
    other.warm = true;
    census::progress progress{specimens.size()};
    warm = census::take_census(specimens, other, std::ref(progress));
  }
  auto const after = census::take_vitals();

  census::tally const sums{result.findings};
  census::account const all{how, result, sums, before, after};
  census::write_report(std::cout, all, wants_colour());
  if (warm) census::write_comparison(std::cout, result, *warm);
  std::cout.flush();
  if (how.json) {
    census::write_json(json, all);
    if (!json.flush()) throw std::runtime_error{"cannot write " + how.json->string()};
  }
  if (!after.unharmed_since(before)) return 1;
  return result.interrupted_by == 0 ? 0 : 128 + result.interrupted_by;
}

}  // namespace

int main(int argc, char* argv[]) {
  try {
    auto const how = census::parse(argc, argv);
    return how ? run(*how) : 0;
  } catch (const boost::program_options::error& error) {
    std::cerr << "census: " << error.what() << "\nTry census --help.\n";
    return 2;
  } catch (const std::filesystem::filesystem_error& error) {
    std::cerr << "census: cannot read " << error.path1().string() << ": " << error.code().message()
              << '\n';
    return 1;
  } catch (const std::exception& error) {
    std::cerr << "census: " << error.what() << '\n';
    return 1;
  }
}
