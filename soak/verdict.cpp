// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "verdict.hpp"

#include <isolatte/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <csignal>
#include <exception>
#include <new>
#include <sstream>
#include <system_error>

namespace soak {

namespace {

using boost::system::error_code;
using isolatte::ending;

bool is_resident(const plan& job) {
  return job.by == launcher::resident || job.by == launcher::served_resident;
}

bool may_be_aborted(const plan& job) {
  if (cancels(job.stopped)) return true;
  if (job.stopped == stop::destroy_handle) return true;
  bool const by_signal = job.stopped == stop::terminate || job.stopped == stop::request_exit ||
                         job.stopped == stop::interrupt;
  // A job of a pool is cancelled by these, and a child that is not made yet is not made.
  return by_signal && (job.by == launcher::pool_spawn || job.by == launcher::server_spawn ||
                       job.by == launcher::talk_pool || job.by == launcher::talk_server);
}

std::string judge_error(const plan& job, const facts& got) {
  ending const how = got.what.how();
  if (!is_allowed(job, got.ec)) return "an error that may not be: " + got.ec.message();
  bool const is_aborted = got.ec == boost::asio::error::operation_aborted;
  if (how == ending::not_started) {
    if (got.has_value) return "a value, although nothing ran";
    bool const is_known = got.ec != isolatte::error::server_died;
    if (is_known && got.what.ran() != isolatte::ran::no) return "ran() of a job that did not start";
    return {};
  }
  if (how == ending::cancelled && (is_aborted || got.ec == isolatte::error::server_died)) return {};
  // The death of the server is told even if the job would have been ended for its time anyhow.
  if (how == ending::timed_out && got.ec == isolatte::error::server_died &&
      (job.timeout || job.deadline))
    return {};
  // The system may refuse SIGKILL.
  if (job.during == phase::failing_calls && (how == ending::cancelled || how == ending::timed_out))
    return {};
  if (got.ec == isolatte::error::expired && how == ending::not_started) return {};
  return "the error " + got.ec.message() + " with another ending";
}

/// Whether a signal that the plan names ended the job.
bool is_by_plan(const plan& job, const facts& got) {
  ending const how = got.what.how();
  auto const signal = got.what.signal();
  if (how == ending::timed_out) return job.timeout || job.deadline;
  if (job.what.what == act::hire_assassin && how == ending::killed && signal == SIGKILL)
    return true;
  switch (job.stopped) {
    case stop::terminate: return how == ending::cancelled;
    case stop::request_exit: return how == ending::signaled && signal == SIGTERM;
    case stop::interrupt: return how == ending::signaled && signal == SIGINT;
    case stop::kill_from_outside: return how == ending::killed && signal == SIGKILL;
    default: return false;
  }
}

/// Whether a job threw what the system refused it: memory, a descriptor, a child of its own.
bool tells_of_system(const isolatte::outcome_base& what) {
  try {
    if (what.exception()) std::rethrow_exception(what.exception());
  } catch (const boost::system::system_error&) {
    return true;
  } catch (const std::system_error&) {
    return true;
  } catch (const std::bad_alloc&) {
    return true;
  } catch (...) {
  }
  return false;
}

/// Whether it ended as a job that is left alone.
bool is_natural(const plan& job, const facts& got, std::string& wrong) {
  if (!ends_by_itself(job.what.what)) return false;
  natural_end const end = natural_end_of(job.what);
  ending const how = got.what.how();
  if (end.any) return how != ending::threw;
  if (how != end.how) return false;
  if (how == ending::returned) {
    if (!got.has_value) wrong = "no value";
  } else if (how == ending::threw) {
    wrong =
        check_exception(job.what, got.what.exception(), job.during == phase::failing_allocations);
  } else if (how == ending::exited) {
    return got.what.exit_code() == end.exit_code;
  } else if (how != ending::undelivered) {
    return got.what.signal() == end.signal;
  }
  if (got.what.ran() != isolatte::ran::yes) wrong = "ran() is not yes";
  return true;
}

}  // namespace

bool is_allowed(const plan& job, const error_code& ec) {
  if (ec == boost::asio::error::operation_aborted) return may_be_aborted(job);
  if (ec == isolatte::error::expired) return job.deadline.has_value();
  if (ec == isolatte::error::queue_full) return job.by == launcher::placed_pool && !job.may_wait;
  if (ec == isolatte::error::state_lost) return is_resident(job);
  if (!job.disturbed()) return false;
  // The library's own errors that tell of the system's.
  return ec == isolatte::error::server_died || ec == isolatte::error::preload_failed ||
         ec == isolatte::error::worker_start_failed ||
         ec.category() == boost::system::system_category() ||
         ec.category() == boost::system::generic_category() ||
         ec.category() == isolatte::preparation_category();
}

std::string judge(const plan& job, const facts& got) {
  ending const how = got.what.how();
  std::ostringstream text;
  text << got.what << " (" << got.ec.message() << "): ";
  if (got.has_value && !got.is_right) return text.str() + "another value";
  if (got.ec) {
    std::string const wrong = judge_error(job, got);
    return wrong.empty() ? wrong : text.str() + wrong;
  }
  if (how == ending::not_started) return text.str() + "not started, without an error";
  if (job.disturbed() && how == ending::threw && tells_of_system(got.what)) return {};
  std::string wrong;
  if (is_natural(job, got, wrong)) return wrong.empty() ? wrong : text.str() + wrong;
  if (is_by_plan(job, got)) return {};
  if (job.during == phase::hunted && how == ending::killed) return {};
  if (job.disturbed() && how == ending::undelivered) return {};
  return text.str() + "an ending that may not be";
}

std::string label_of(const facts& got) {
  if (got.what.how() != ending::not_started) return std::string{to_string(got.what.how())};
  if (!got.ec) return "not_started";
  return "not_started: " + got.ec.message();
}

}  // namespace soak
