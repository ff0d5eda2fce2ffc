// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/job_outcome.hpp"

#include "nats/link/memory.hpp"

#include <isolatte/ending.hpp>
#include <isolatte/error.hpp>

#include <boost/asio/error.hpp>

#include <utility>

namespace isolatte::inline v0_1::nats {

using boost::system::error_code;
using logic::job_end;

namespace {

error_code error_of(job_end how, bool was_stored, bool is_cancelled) {
  switch (how) {
    case job_end::refused: return error::unknown_function;
    case job_end::taken_back: return boost::asio::error::operation_aborted;
    case job_end::not_in_time: return error::not_in_time;
    case job_end::queue_full: return error::queue_full;
    case job_end::too_large: return error::too_large;
    case job_end::not_stored: return error::no_server;
    case job_end::stopped:
      if (!was_stored) return error::no_server;
      return boost::asio::error::operation_aborted;
    case job_end::reported:
    case job_end::lost: break;
  }
  if (is_cancelled) return boost::asio::error::operation_aborted;
  return {};
}

const char* reason_of(job_end how) {
  switch (how) {
    case job_end::lost: return "no host that may have run the job has told what became of it";
    case job_end::too_large: return "the job is larger than a message of the server may be";
    case job_end::not_stored: return "the server refused to store the job";
    case job_end::queue_full: return "the server's queue is full";
    default: return "";
  }
}

}  // namespace

job_outcome unreported(const error_code& ec, bool is_certainly_unrun, std::string_view reason) {
  job_outcome made;
  made.ec = ec;
  auto& run = made.what.summary;
  run.how = is_certainly_unrun ? ending::not_started : ending::lost;
  run.ran = is_certainly_unrun ? ran::no : ran::unknown;
  link::until_memory([&] { run.reason = reason; });
  return made;
}

job_outcome outcome_of(const logic::job_verdict& verdict, bool was_stored, bool is_cancelled) {
  return unreported(error_of(verdict.how, was_stored, is_cancelled), verdict.is_certainly_unrun,
                    reason_of(verdict.how));
}

job_outcome outcome_of(const logic::job_verdict& verdict, wire::job_result& result,
                       const std::string& host, std::size_t max_result, bool is_cancelled) {
  job_outcome made;
  if (verdict.how != job_end::reported || !result.report) {
    made = outcome_of(verdict, true, is_cancelled);
    if (!result.reason.empty()) made.what.summary.reason = std::move(result.reason);
    if (verdict.how == job_end::refused) link::until_memory([&] { made.what.summary.host = host; });
    return made;
  }
  made.ec = result.ec;
  made.what = std::move(*result.report);
  made.what.max_result = max_result;
  auto& run = made.what.summary;
  link::until_memory([&] { run.host = host; });
  if (result.is_over_limit) {
    run.how = ending::undelivered;
    link::until_memory([&] { run.reason = "the result is larger than the job allows"; });
  }
  if (run.ran == ran::no && !verdict.is_certainly_unrun) {
    // Another host may have begun the job before this one.
    run.ran = ran::unknown;
    if (run.how == ending::not_started) run.how = ending::lost;
  }
  return made;
}

}  // namespace isolatte::inline v0_1::nats
