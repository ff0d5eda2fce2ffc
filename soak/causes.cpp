// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "causes.hpp"

#include "support/fail_calls.hpp"

#include <isolatte/error.hpp>
#include <isolatte/remote_exception.hpp>

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <new>
#include <optional>
#include <string_view>
#include <system_error>

namespace soak {

namespace {

using boost::system::error_code;
using isolatte::ending;

/// Whether a phase has the system refuse something with this errno.
bool refuses_by(phase during, int error) {
  switch (during) {
    case phase::few_descriptors: return error == EMFILE;
    case phase::few_processes: return error == EAGAIN;
    case phase::failing_allocations: return error == ENOMEM;
    case phase::failing_calls: {
      auto const all = isolatte::test::fail_calls::errors_at_random();
      return std::find(all.begin(), all.end(), error) != all.end();
    }
    default: return false;
  }
}

bool is_of_system(const error_code& ec) {
  return ec.category() == boost::system::system_category() ||
         ec.category() == boost::system::generic_category() ||
         ec.category() == isolatte::preparation_category();
}

/// The errno in a job's exception, if the system refused it something: memory, a descriptor, a
/// child of its own.
std::optional<int> error_thrown(const isolatte::outcome_base& end) {
  try {
    if (end.exception()) std::rethrow_exception(end.exception());
  } catch (const boost::system::system_error& error) {
    return error.code().value();
  } catch (const std::system_error& error) {
    return error.code().value();
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  } catch (...) {
  }
  return std::nullopt;
}

/// Whether an outcome gives an errno as its reason, in words.
bool tells_of(const isolatte::outcome_base& end, int error) {
  try {
    if (end.exception()) std::rethrow_exception(end.exception());
  } catch (const std::exception& reason) {
    return std::string_view{reason.what()}.find(std::generic_category().message(error)) !=
           std::string_view::npos;
  }
  return false;
}

/// Whether a job that uses the library itself has lost the result of its own child.
bool lost_inner_result(const plan& job, const isolatte::outcome_base& end) {
  if (job.what.what != act::nest || job.during != phase::failing_calls) return false;
  try {
    if (end.exception()) std::rethrow_exception(end.exception());
  } catch (const isolatte::remote_exception& inner) {
    // An abnormal_end, whose type has no way to travel.
    return inner.message().find(to_string(ending::undelivered)) != inner.message().npos;
  } catch (const std::exception&) {
  }
  return false;
}

/// Whether a job that talks was told that the program hears no more, because the program could not
/// read on.
bool breaks_talk(const plan& job, int error) {
  bool const fails = job.during == phase::failing_calls || job.during == phase::failing_allocations;
  return fails && is_conversation(job.by) && error == EPIPE;
}

/// Whether a process whose death others notice can die.
bool kills(phase during) {
  return during == phase::hunted || during == phase::failing_calls || during == phase::greedy_wait;
}

}  // namespace

bool can_cause(phase during, const error_code& ec, incidents& seen) {
  if (during == phase::calm || during == phase::abandoned) return false;
  if (ec == isolatte::error::server_died) return kills(during);
  if (ec == isolatte::error::worker_start_failed) return true;
  if (ec == isolatte::error::preload_failed) return during == phase::failing_calls;
  if (!is_of_system(ec) || !refuses_by(during, ec.value())) return false;
  if (during == phase::few_descriptors) seen.note();
  return true;
}

bool can_cause(const plan& job, const isolatte::outcome_base& end, incidents& seen) {
  ending const how = end.how();
  if (how == ending::threw) {
    if (lost_inner_result(job, end)) return true;
    auto const error = error_thrown(end);
    return error && (refuses_by(job.during, *error) || breaks_talk(job, *error));
  }
  switch (job.during) {
    case phase::hunted:
      return (how == ending::killed || how == ending::undelivered) && seen.was_killed(end.pid());
    case phase::greedy_wait: return how == ending::lost && seen.was_reaped(end.pid());
    case phase::failing_calls:
    case phase::failing_allocations: return how == ending::undelivered;
    case phase::few_descriptors: return how == ending::undelivered && tells_of(end, EMFILE);
    default: return false;
  }
}

}  // namespace soak
