// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "job.hpp"

#include <isolatte/async_execute.hpp>

#include <boost/system/errc.hpp>

#include <string>

namespace soak {

namespace {

using boost::system::error_code;
using isolatte::ending;

isolatte::program program_of(const plan& what) {
  natural_end const end = natural_end_of(what.what);
  auto const shell = [](std::string script) {
    return isolatte::program{"/bin/sh", {"-c", std::move(script)}};
  };
  switch (what.what.what) {
    case act::exit_by_code: return shell("exit " + std::to_string(*end.exit_code));
    case act::kill_itself:
    case act::signal_itself: return shell("kill -" + std::to_string(*end.signal) + " $$");
    case act::echo_input: return {"/bin/cat"};
    case act::hang: return {"/bin/sleep", {"600"}};
    case act::demand_memory: return {"/bin/there-is-no-such-program"};
    default: return {"/bin/true"};
  }
}

std::string check(const job& of, const error_code& ec, const isolatte::outcome<void>& done) {
  const plan& what = of.what;
  if (what.what.what == act::demand_memory && ec == boost::system::errc::no_such_file_or_directory)
    return done.how() == ending::not_started ? "" : "a program that does not exist has run";
  // A program that ends well exits with 0.
  bool const exits = !ec && done.how() == ending::exited;
  if (exits && natural_end_of(what.what).how == ending::returned) {
    if (done.exit_code() != 0 && !what.disturbed()) return "another exit code";
    if (what.what.what != act::echo_input && !done.out_text().empty()) return "a text from nowhere";
    bool const may_be_cut = what.during == phase::failing_allocations && done.out_truncated();
    if (what.what.what == act::echo_input && done.exit_code() == 0 && !may_be_cut &&
        done.out_text() != input_of(what.what))
      return "another text";
    return {};
  }
  if (exits && what.disturbed()) return {};
  return judge(what, {.ec = ec, .what = done, .has_value = false, .is_right = true},
               of.circumstances());
}

}  // namespace

void launch_program(const std::shared_ptr<job>& what) {
  isolatte::options opts = what->options();
  opts.limits = {};
  opts.out = isolatte::capture{.limit = 1 << 20};
  {
    allocations_may_fail const fail;
    isolatte::async_execute(
        what->executor, program_of(what->what), std::move(opts),
        boost::asio::bind_cancellation_slot(
            what->cancel.slot(),
            boost::asio::bind_executor(
                what->executor, [what](error_code ec, const isolatte::outcome<void>& done) {
                  allocations_hold const hold;
                  what->finish("program: " + label_of({.ec = ec, .what = done}),
                               check(*what, ec, done));
                })));
  }
  what->arm_cancellation();
}

}  // namespace soak
