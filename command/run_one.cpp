// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "run_one.hpp"

#include "outcome_report.hpp"
#include "stop_signals.hpp"

#include <isolatte/async_execute.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>

#include <cerrno>
#include <fstream>
#include <iostream>
#include <system_error>
#include <utility>

namespace isolatte_run {

namespace {

namespace asio = boost::asio;

finished run(const request& what, int& stopped_by) {
  asio::io_context context{1};
  asio::cancellation_signal cancel;
  stop_signals stops{context, [&](asio::cancellation_type how) { cancel.emit(how); }};
  finished done{what.program, {}, {}};
  isolatte::async_execute(
      context, what.program, what.options,
      asio::bind_cancellation_slot(
          cancel.slot(), [&](boost::system::error_code error, isolatte::outcome<void> outcome) {
            done.error = error;
            done.outcome = std::move(outcome);
            stops.ignore();
          }));
  context.run();
  stopped_by = stops.first();
  return done;
}

void write_report(const request& what, const finished& done) {
  if (what.report.empty()) return;
  std::ofstream file{what.report};
  file << json_of(done, what.json) << '\n' << std::flush;
  if (!file)
    throw std::system_error{errno, std::generic_category(), "writing " + what.report.string()};
}

}  // namespace

int run_one(const request& what) {
  int stopped_by = 0;
  auto const done = run(what, stopped_by);
  if (what.json)
    std::cout << json_of(done, true) << '\n' << std::flush;
  else if (what.verbose || !done.outcome.success())
    std::cerr << "isolatte-run: " << text_of(done) << '\n';
  write_report(what, done);
  if (what.json && !std::cout)
    throw std::system_error{errno, std::generic_category(), "writing the outcome"};
  return stopped_by != 0 ? ended_by_signal + stopped_by : exit_code_of(done);
}

}  // namespace isolatte_run
