// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "verdict.hpp"

#include "causes.hpp"
#include "support/sanitizers.hpp"

#include <isolatte/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <exception>
#include <new>
#include <sstream>

namespace soak {

namespace {

using boost::system::error_code;
using isolatte::ending;

/// The time that the end of a job may take on a busy machine.
constexpr auto most_delay = std::chrono::seconds{isolatte::test::malloc_refuses ? 40 : 120};

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

std::string judge_error(const plan& job, const facts& got, incidents& seen) {
  ending const how = got.what.how();
  if (!is_allowed(job, got.ec, seen)) return "an error that may not be: " + got.ec.message();
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
  // The server's death is told on top of a result that the system would not let the program read.
  if (job.during == phase::failing_calls && how == ending::undelivered &&
      got.ec == isolatte::error::server_died)
    return {};
  if (got.ec == isolatte::error::bad_message) return {};
  // The server's death is told on top of what an attack has done to its worker.
  bool const is_attacked = is_rough(job.by) || natural_end_of(job.what).any;
  if (is_attacked && got.ec == isolatte::error::server_died) return {};
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

/// Judges the report of a signal that the job itself has brought about.
std::string judge_fault(const plan& job, const isolatte::outcome_base& end) {
  auto const& fault = end.fault();
  if (end.how() != ending::faulted) return fault ? "a report of a fault without one" : "";
  bool const has_option = takes_options(job.by) || job.by == launcher::boxed_server;
  if (has_option && fault.has_value() != job.fault_report && !job.disturbed())
    return fault ? "a report of a fault that nobody wants" : "a fault without a report";
  if (!fault) return {};
  if (fault->signal != end.signal()) return "a report of another fault";
  if (job.what.what == act::forbidden_call && fault->system_call != "socket")
    return "a report of another system call: " + fault->system_call;
  if (fault->stack_overflow != (job.what.what == act::overflow_stack))
    return "a report that is wrong about the stack";
  return {};
}

bool is_short_of_memory(const plan& job) noexcept {
  return job.during == phase::failing_allocations;
}

/// Whether a job may have ended thus because another one has attacked its process.
bool is_rough_end(const plan& job, const isolatte::outcome_base& end) {
  ending const how = end.how();
  if (how == ending::threw)
    return check_exception(job.what, end.exception(), is_short_of_memory(job)).empty();
  return how != ending::timed_out && how != ending::lost;
}

/// Whether an attack may end thus. A forged exception has no content.
bool is_end_of_attack(const plan& job, const isolatte::outcome_base& end) {
  ending const how = end.how();
  if (how == ending::threw) return job.what.what == act::forge && is_contentless(end.exception());
  return how != ending::timed_out && how != ending::lost;
}

/// Whether it ended as a job that is left alone.
bool is_natural(const plan& job, const facts& got, std::string& wrong) {
  if (!ends_by_itself(job.what.what)) return false;
  if (is_rough(job.by)) return is_rough_end(job, got.what);
  natural_end const end = natural_end_of(job.what);
  ending const how = got.what.how();
  if (end.any) return is_end_of_attack(job, got.what);
  if (how != end.how) return false;
  if (how == ending::returned) {
    if (!got.has_value) wrong = "no value";
  } else if (how == ending::threw) {
    wrong = check_exception(job.what, got.what.exception(), is_short_of_memory(job));
  } else if (how == ending::exited) {
    return got.what.exit_code() == end.exit_code;
  } else if (how != ending::undelivered) {
    if (got.what.signal() != end.signal) return false;
    wrong = judge_fault(job, got.what);
  }
  if (got.what.ran() != isolatte::ran::yes) wrong = "ran() is not yes";
  return true;
}

/// Judges the moment at which a job was ended for its time.
std::string judge_time(const plan& job, const isolatte::outcome_base& end,
                       std::chrono::nanoseconds age) {
  if (end.how() != ending::timed_out) return {};
  if (!job.timeout && !job.deadline) return "timed out, although it had all the time";
  auto const least = std::min(job.timeout.value_or(std::chrono::hours{1}),
                              job.deadline.value_or(std::chrono::hours{1}));
  if (age < least) return "timed out before its time";
  // A worker begins a job a moment after it was sent, when its time begins.
  bool const is_measured =
      takes_options(job.by) && !job.disturbed() && end.usage().wall.count() != 0;
  if (!is_measured) return {};
  auto const wall = end.usage().wall;
  if (wall < *job.timeout) return "timed out before its time, by its own clock";
  if (wall > *job.timeout + job.grace + most_delay) return "timed out long after its time";
  return {};
}

}  // namespace

bool is_allowed(const plan& job, const error_code& ec, incidents& seen) {
  if (ec == boost::asio::error::operation_aborted) return may_be_aborted(job);
  if (ec == isolatte::error::expired) return job.deadline.has_value();
  if (ec == isolatte::error::queue_full) return job.by == launcher::placed_pool && !job.may_wait;
  if (ec == isolatte::error::state_lost) return is_resident(job);
  // A job that talks may have said what is none of its messages.
  if (ec == isolatte::error::bad_message)
    return is_conversation(job.by) && natural_end_of(job.what).any;
  return can_cause(job.during, ec, seen);
}

std::string judge(const plan& job, const facts& got, const witness& by) {
  ending const how = got.what.how();
  std::ostringstream text;
  text << got.what << " (" << got.ec.message() << "): ";
  // A job that forges its result may return what it likes.
  bool const may_differ = job.what.what == act::forge;
  if (got.has_value && !got.is_right && !may_differ) return text.str() + "another value";
  std::string wrong = judge_time(job, got.what, by.age);
  if (wrong.empty() && got.ec) wrong = judge_error(job, got, by.seen);
  if (!wrong.empty()) return text.str() + wrong;
  if (got.ec) return {};
  if (how == ending::not_started) return text.str() + "not started, without an error";
  bool const is_of_itself = is_natural(job, got, wrong);
  if (is_of_itself && wrong.empty()) return {};
  if (is_by_plan(job, got) || can_cause(job, got.what, by.seen)) return {};
  return text.str() + (is_of_itself ? wrong : "an ending that may not be");
}

error_code error_of(const isolatte::outcome_base& what) {
  if (what.how() != isolatte::ending::not_started) return {};
  try {
    std::rethrow_exception(what.exception());
  } catch (const boost::system::system_error& error) {
    return error.code();
  } catch (const std::bad_alloc&) {
    // There was no memory for the exception that would have the code.
    return make_error_code(boost::system::errc::not_enough_memory);
  } catch (...) {
    return {};
  }
}

std::string label_of(const facts& got) {
  if (got.what.how() != ending::not_started) return std::string{to_string(got.what.how())};
  if (!got.ec) return "not_started";
  return "not_started: " + got.ec.message();
}

}  // namespace soak
