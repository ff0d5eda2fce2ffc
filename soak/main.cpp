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
#include "work.hpp"

#include <isolatte/sandbox.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>

#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

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

/// Makes the descriptor that some jobs keep and others must not have.
void open_kept_descriptor() {
  int const made = ::memfd_create("soak-kept", MFD_CLOEXEC);
  if (made == -1 || ::write(made, soak::kept_text.data(), soak::kept_text.size()) == -1 ||
      ::fcntl(made, F_DUPFD_CLOEXEC, soak::kept_descriptor) != soak::kept_descriptor)
    throw std::system_error{errno, std::system_category(), "the kept descriptor"};
  ::close(made);
}

/// Threads with heaps of their own would hold on to pages, and hide what is lost. So would large
/// results, after the first of them has raised the size from which blocks are mapped; and each fork
/// would copy the tables of those pages.
void limit_heaps() {
  ::mallopt(M_ARENA_MAX, 2);
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
}

/// @param job absent: all jobs of the round
soak::round_plan round_of(std::uint64_t number, std::optional<std::uint64_t> job,
                          const soak::settings& wanted) {
  std::uint64_t const first = number * wanted.round;
  soak::round_plan made{.number = number,
                        .during = soak::phase_of(wanted.seed, number),
                        .first = first,
                        .end = std::min(first + wanted.round, wanted.jobs)};
  if (job) {
    made.first = *job;
    made.end = *job + 1;
  }
  return made;
}

void run_and_check(const soak::round_plan& round, const soak::run& in, soak::leftovers& left,
                   soak::report& tells) {
  tells.begin_round(round);
  soak::incidents seen;
  auto const counts = run_round(round, in, seen);
  left.check(round.number, seen);
  if (!soak::handles_sigchld()) in.book.fail("the handler of SIGCHLD is gone");
  tells.end_round(counts, left.resident(), left.allocated());
}

void run_all(const soak::run& in, soak::leftovers& left, soak::report& tells) {
  const soak::settings& wanted = in.wanted;
  if (wanted.only)
    return run_and_check(round_of(*wanted.only / wanted.round, wanted.only, wanted), in, left,
                         tells);
  if (wanted.only_round)
    return run_and_check(round_of(*wanted.only_round, {}, wanted), in, left, tells);
  for (std::uint64_t number = 0; number * wanted.round < wanted.jobs; ++number) {
    if (soak::ledger::clock::now() >= in.until) return;
    run_and_check(round_of(number, {}, wanted), in, left, tells);
  }
}

}  // namespace

int main(int argc, char* argv[]) {
  using namespace soak;
  using clock = ledger::clock;
  settings const wanted = read_settings(argc, argv);
  keep_output_from_jobs();
  tell_of_crashes();
  forbid_core_files();
  limit_heaps();
  handle_sigchld();
  open_kept_descriptor();

  ledger book;
  leftovers left{book};
  abilities const can{.sandboxes =
                          isolatte::sandbox_support().gaps(isolatte::sandbox::pure()).empty()};
  report tells{book, wanted, can};
  run const all{.book = book,
                .wanted = wanted,
                .can = can,
                .scratch = make_scratch_folder(),
                .until = wanted.time ? clock::now() + *wanted.time : clock::time_point::max(),
                .watch = [&] { tells.watch(); }};
  run_all(all, left, tells);
  std::filesystem::remove_all(all.scratch);
  return tells.conclude() ? EXIT_SUCCESS : EXIT_FAILURE;
}
