// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_TEST_CASE_RUN_HPP
#define ISOLATTE_LIB_TEST_CASE_RUN_HPP

#include "case_notes.hpp"
#include "event.hpp"
#include "plan.hpp"
#include "recorder.hpp"
#include "replay.hpp"

#include <isolatte/channel.hpp>
#include <isolatte/config.hpp>
#include <isolatte/outcome.hpp>

#include <memory>

namespace isolatte::inline v0_1::test {

/// Runs the current case of the module in a child, and reports it. This is the function of the
/// case.
void run_case(const isolated_case& which);

/// Returns what the child does.
inline auto body_of(const isolated_case& which, std::shared_ptr<case_notes> notes, telling how) {
  return [&which, notes = std::move(notes), how](channel<event>& program) {
    recorder with{program, *notes, how};
    run_recorded(which.fixtures, which.body, with);
  };
}

/// Writes out what this process has in buffers, of which a child would have a copy.
void flush_log();

/// Reports how the child of a case has ended, once its events have been repeated.
void report_end(const isolated_case& which, const outcome<void>& end, const case_notes& notes,
                replay& to);

}  // namespace isolatte::inline v0_1::test

#endif
