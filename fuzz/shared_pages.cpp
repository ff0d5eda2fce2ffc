// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The pages that a child shares with the program: its own, and that of a worker's jobs.

#include "logic/run_machine.hpp"
#include "posix/child_page.hpp"
#include "posix/job_channel.hpp"
#include "target.hpp"

#include <boost/system/error_code.hpp>

#include <string_view>

namespace shared_pages_target {

using namespace isolatte::fuzz;
using isolatte::logic::job_stage;
using isolatte::posix::child_page;
using isolatte::posix::child_page_data;
using isolatte::posix::job_header;
using isolatte::posix::job_page;

/// Whatever the page says, a run ends with a verdict.
void end_with(const child_page& page, choices& from) {
  using namespace isolatte::logic;
  run_machine machine{{}};
  machine.started();
  exit_status const status{static_cast<exit_status::kind>(from.take<std::uint8_t>() % 4),
                           from.take<std::uint8_t>()};
  auto const fault = page.fault();
  machine.reaped(status, page.stage(), fault ? fault->signal : 0);
  if (!machine.complete()) machine.drained();
  if (!machine.complete()) machine.symbolised();
  require(machine.complete(), "a run ends, whatever the page says");
  auto const verdict = machine.conclude();
  require(verdict.setup_failed || verdict.how != isolatte::ending::not_started,
          "a child that was reaped has an ending");
}

void try_child_page(choices& from) {
  static child_page const page = [] {
    boost::system::error_code ec;
    auto made = child_page::make(ec);
    require(!ec, "a page can be made");
    return made;
  }();
  std::memset(static_cast<void*>(page.data()), 0, sizeof(child_page_data));
  from.fill(static_cast<void*>(page.data()), sizeof(child_page_data));
  require(page.pid() >= 0, "a child's number is none of a group");
  require(!std::string_view{to_string(page.failed_step())}.empty(), "each step has words");
  static_cast<void>(page.setup_error());
  end_with(page, from);
}

void try_job_page(choices& from) {
  static isolatte::posix::descriptor file;
  static job_page page = [] {
    boost::system::error_code ec;
    auto made = job_page::make(file, ec);
    require(!ec, "a page can be made");
    return made;
  }();
  auto* const words = reinterpret_cast<std::uint64_t*>(page.range().first);
  std::memset(words, 0, job_page::slots * sizeof *words);
  from.fill(words, job_page::slots * sizeof *words);

  job_header job;
  job.id = from.take<std::uint64_t>() >> 2;
  job.slot = from.take<std::uint64_t>();
  auto const unoffered = page.stage(job);
  bool const may_move = unoffered == job_stage::not_begun;
  bool const says_taken_back = page.was_taken_back(job);
  require(!says_taken_back || unoffered == job_stage::begun, "a job is in one stage");
  switch (from.take<std::uint8_t>() % 3) {
    case 0:
      require(page.receive(job) == may_move, "a job is received if it is offered");
      if (may_move) require(page.stage(job) == job_stage::receiving, "it is being received");
      require(!page.take_back(job), "a job that is received is not taken back");
      break;
    case 1:
      require(page.take_back(job) == may_move, "a job is taken back if it is offered");
      if (may_move) require(page.was_taken_back(job), "the worker sees that");
      require(!page.receive(job), "a job that is taken back is not received");
      break;
    case 2:
      page.offer(job);
      require(page.stage(job) == job_stage::not_begun, "a job that is offered has not begun");
      page.begin(job);
      require(page.stage(job) == job_stage::begun && !page.receive(job) && !page.take_back(job),
              "a job that has begun stays so");
      break;
  }
  static_cast<void>(needs_of(job));
}

void run(input bytes) {
  choices from{bytes};
  if (from.take<std::uint8_t>() % 2 == 0)
    try_child_page(from);
  else
    try_job_page(from);
}

std::vector<bytes> seeds() {
  bytes child = raw(0);
  append(child, bytes(sizeof(child_page_data)));
  append(child, raw(1, 0));
  bytes jobs = raw(1);
  for (std::uint64_t slot = 0; slot != job_page::slots; ++slot)
    append_object(jobs, slot << 2 | slot % 4);
  append_object(jobs, std::uint64_t{4} << 2);
  append_object(jobs, std::uint64_t{4});
  std::vector<bytes> all{child, jobs, jobs, jobs};
  for (std::uint8_t i = 0; i != 3; ++i) append(all[1u + i], raw(i));
  return all;
}

registration const registered{{"shared_pages", &run, &seeds}};

}  // namespace shared_pages_target
