// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Runs random jobs through every way to launch at once, disturbs them, and checks every outcome and
// what is left. tools/soak builds and runs it.

#include "foreign.hpp"
#include "last_words.hpp"
#include "leftovers.hpp"
#include "output.hpp"
#include "report.hpp"
#include "round.hpp"
#include "settings.hpp"

#include <isolatte/sandbox.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <malloc.h>
#include <sys/resource.h>

namespace {

void forbid_core_files() {
  rlimit none{};
  ::setrlimit(RLIMIT_CORE, &none);
}

std::filesystem::path make_scratch_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "isolatte-soak-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    throw std::system_error{errno, std::system_category(), "mkdtemp"};
  return name;
}

/// Threads with heaps of their own would hold on to pages, and hide what is lost. So would large
/// results, after the first of them has raised the size from which blocks are mapped; and each fork
/// would copy the tables of those pages.
void limit_heaps() {
  ::mallopt(M_ARENA_MAX, 2);
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
}

/// The round of a job that is to run alone.
soak::round_plan round_of(std::uint64_t index, const soak::settings& wanted) {
  std::uint64_t const number = index / wanted.round;
  return {.number = number,
          .during = soak::phase_of(wanted.seed, number),
          .first = index,
          .end = index + 1};
}

}  // namespace

int main(int argc, char* argv[]) {
  using namespace soak;
  settings const wanted = read_settings(argc, argv);
  keep_output_from_jobs();
  tell_of_crashes();
  forbid_core_files();
  limit_heaps();
  handle_sigchld();

  ledger book;
  leftovers left{book};
  abilities const can{.sandboxes =
                          isolatte::sandbox_support().gaps(isolatte::sandbox::pure()).empty()};
  auto const scratch = make_scratch_folder();
  report tells{book, wanted};
  auto const until = ledger::clock::now() + wanted.time;
  std::uint64_t begun = 0;
  for (std::uint64_t number = 0; ledger::clock::now() < until && begun < wanted.jobs; ++number) {
    std::uint64_t const first = number * wanted.round;
    round_plan round{.number = number,
                     .during = phase_of(wanted.seed, number),
                     .first = first,
                     .end = first + std::min(wanted.round, wanted.jobs - begun)};
    if (wanted.only) round = round_of(*wanted.only, wanted);
    tells.begin_round(round);
    tells.count_foreign(
        run_round(round, book, wanted, can, scratch, until, [&] { tells.watch(); }));
    left.check(number);
    if (!handles_sigchld()) book.fail("the handler of SIGCHLD is gone");
    tells.end_round(left.resident(), left.allocated());
    begun += round.end - round.first;
    if (wanted.only) break;
  }
  std::filesystem::remove_all(scratch);
  return tells.conclude() ? EXIT_SUCCESS : EXIT_FAILURE;
}
