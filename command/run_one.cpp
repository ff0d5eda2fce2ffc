// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "run_one.hpp"

#include "outcome_report.hpp"
#include "report_file.hpp"
#include "stop_signals.hpp"
#include "terminal_job.hpp"
#include "text_output.hpp"

#include <isolatte/async_execute.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>

#include <iostream>
#include <utility>

#include <signal.h>

namespace isolatte_run {

namespace {

namespace asio = boost::asio;

struct result {
  finished done;
  /// The signal that this command has got, or 0.
  int stopped_by = 0;
  /// Whether Ctrl-C on the terminal has ended the program, without this command.
  bool is_interrupted = false;
};

result run(const request& what) {
  asio::io_context context{1};
  asio::cancellation_signal cancel;
  stop_signals stops{context, [&](asio::cancellation_type how) { cancel.emit(how); }};
  terminal_job job{context};
  result all{{what.program, {}, {}}};
  finished& done = all.done;
  done.program.foreground = job.is_on();
  isolatte::async_execute(
      context, done.program, what.options_for(what.program),
      asio::bind_cancellation_slot(
          cancel.slot(), [&](boost::system::error_code error, isolatte::outcome<void> outcome) {
            done.error = error;
            done.outcome = std::move(outcome);
            job.end(done.outcome.signal().has_value());
            stops.ignore();
          }));
  context.run();
  all.stopped_by = stops.first();
  all.is_interrupted = job.had_terminal() && done.outcome.how() == isolatte::ending::signaled &&
                       done.outcome.signal() == SIGINT;
  return all;
}

}  // namespace

int run_one(const request& what) {
  report_file report{what.report};
  auto const [done, stopped_by, is_interrupted] = run(what);
  text_output output{1, "the outcome"};
  if (what.json)
    output.write(json_of(done, true) + '\n');
  else if (what.verbose || !done.outcome.success())
    std::cerr << "isolatte-run: " << text_of(done) << '\n';
  report.add(done, what.json);
  report.close();
  output.check();
  if (is_interrupted) {
    // The program had the keyboard to itself. The rest of the shell's job, a script for example,
    // hears of Ctrl-C, too.
    ::signal(SIGINT, SIG_DFL);
    ::kill(0, SIGINT);
  }
  return stopped_by != 0 ? ended_by_signal + stopped_by : exit_code_of(done);
}

}  // namespace isolatte_run
