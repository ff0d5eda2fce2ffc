// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_JOB_OUTCOME_HPP
#define ISOLATTE_LIB_NATS_JOB_OUTCOME_HPP

#include "nats/logic/farm_job.hpp"
#include "nats/wire/results.hpp"

#include <isolatte/detail/vocabulary/report.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace isolatte::inline v0_1::nats {

/// All that an operation of a farm completes with. The functions wait for memory for a text, since
/// without an outcome no operation can complete.
struct job_outcome {
  boost::system::error_code ec{};
  isolatte::detail::report what{};
};

/// The outcome of a job that no host has reported.
/// @param ec why; none for a job that is lost
/// @param is_certainly_unrun otherwise the job is lost
job_outcome unreported(const boost::system::error_code& ec, bool is_certainly_unrun,
                       std::string_view reason);

/// @param verdict of which no host's result is the cause
/// @param was_stored whether the server ever had the job
/// @param is_cancelled whether the operation has been cancelled
job_outcome outcome_of(const logic::job_verdict& verdict, bool was_stored, bool is_cancelled);

/// @param verdict of which the result is the cause
/// @param result its report is taken
/// @param host the host's name
job_outcome outcome_of(const logic::job_verdict& verdict, wire::job_result& result,
                       const std::string& host, std::size_t max_result, bool is_cancelled);

}  // namespace isolatte::inline v0_1::nats

#endif
