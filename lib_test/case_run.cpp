// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "case_run.hpp"

#include "case_trace.hpp"
#include "side_by_side.hpp"
#include "system.hpp"

#include <isolatte/fork.hpp>
#include <isolatte/on_message.hpp>

#include <boost/test/unit_test_log.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <ostream>
#include <string_view>
#include <utility>

namespace isolatte::inline v0_1::test {

namespace ut = boost::unit_test;
using boost::execution_exception;

namespace {

/// Says how a child ended: "faulted: SIGSEGV at 0x0", and where.
std::string describe(const outcome<void>& end) {
  std::string text;
  try {
    std::rethrow_exception(end.error());
  } catch (const std::exception& error) {
    text = error.what();
  } catch (...) {
    text = to_string(end.how());
  }
  static constexpr std::string_view prefix = "isolatte: the child's end: ";
  if (text.starts_with(prefix)) text.erase(0, prefix.size());
  if (end.fault() && !end.fault()->trace.empty()) text += '\n' + trace_of_case(end.fault()->trace);
  return text;
}

bool died(const outcome<void>& end) {
  return end.how() == ending::faulted || end.how() == ending::killed ||
         end.how() == ending::signaled;
}

std::string describe(const expected_death& death) {
  std::string text = "death";
  if (death.signal != 0) text += " by " + signal_name(death.signal);
  if (!death.text.empty()) text += " with \"" + death.text + '"';
  return text;
}

void report_death(const expected_death& expected, const outcome<void>& end) {
  std::string difference;
  if (!died(end))
    difference = end.how() == ending::returned ? "the case ended without" : describe(end);
  else if (expected.signal != 0 && end.signal() != expected.signal)
    difference = describe(end);
  else if (end.err_text().find(expected.text) == std::string::npos)
    difference = "the text is missing";

  std::string text = describe(expected) + " was expected";
  if (difference.empty()) return add_assertion(true, text + ", and came");
  text += ": " + difference;
  if (!end.err_text().empty()) text += "\nstandard error: " + end.err_text();
  while (text.ends_with('\n')) text.pop_back();
  add_assertion(false, text);
}

}  // namespace

void flush_log() {
  for (auto const format : {ut::OF_CLF, ut::OF_XML, ut::OF_JUNIT, ut::OF_CUSTOM_LOGGER})
    if (std::ostream* const stream = ut::unit_test_log.get_stream(format)) stream->flush();
  std::cout.flush();
  std::cerr.flush();
  std::clog.flush();
}

void report_end(const isolated_case& which, const outcome<void>& end, const case_notes& notes,
                replay& to) {
  to.finish(notes);
  if (which.death)
    report_death(*which.death, end);
  else if (end.how() == ending::timed_out)
    to.report(execution_exception::timeout_error, describe(end), notes);
  else if (end.how() != ending::returned)
    to.report(execution_exception::system_error, describe(end), notes);
  // Other ends have failed the case anyway.
  if (notes.has_loss() && (end.how() == ending::returned || which.death))
    to.report(execution_exception::system_error,
              "undelivered: the case did something that could not be told, an assertion that "
              "failed for example",
              notes);
  to.throw_if_fatal();
}

void run_case(const isolated_case& which) {
  // The handler of Boost.Test's alarm would jump out of the functions that wait for the child,
  // which the child would survive.
  options how = *which.how;
  if (auto const seconds = cancel_alarm()) {
    std::chrono::nanoseconds const left = std::chrono::seconds{*seconds};
    how.timeout = std::min(how.timeout.value_or(left), left);
  }
  if (side_by_side::instance().is_on()) return side_by_side::instance().run(which, std::move(how));

  flush_log();
  // One message fills the window, so the child can wait until an entry has been shown.
  how.message_window = 1;
  auto const notes = std::make_shared<case_notes>();
  replay to{how.limits};
  auto const listener = on_message(body_of(which, notes, telling::in_step), [&to](event what) {
    to.repeat(what);
    if (what.what == event::kind::entry) flush_log();
  });
  outcome<void> const end = isolatte::fork(listener, std::move(how));
  report_end(which, end, *notes, to);
}

}  // namespace isolatte::inline v0_1::test
