// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_VERDICT_HPP
#define ISOLATTE_SOAK_VERDICT_HPP

#include "incidents.hpp"
#include "plan.hpp"

#include <isolatte/outcome.hpp>

#include <boost/system/error_code.hpp>

#include <chrono>
#include <string>

namespace soak {

/// The arguments of a job's handler.
struct facts {
  boost::system::error_code ec;
  const isolatte::outcome_base& what;
  bool has_value = false;
  /// Whether the value is the one that the job has made.
  bool is_right = false;
};

/// The facts besides the plan by which the end of a job is judged.
struct witness {
  incidents& seen;
  /// The time since the job was launched.
  std::chrono::nanoseconds age;
};

/// @return what is wrong with the end of a job, or nothing
std::string judge(const plan& job, const facts& got, const witness& by);

/// Why a job was not started, or nothing.
boost::system::error_code error_of(const isolatte::outcome_base& what);

/// The name under which the end of a job is counted.
std::string label_of(const facts& got);

/// Whether an operation may complete with this error, because the round is what it is.
bool is_allowed(const plan& job, const boost::system::error_code& ec, incidents& seen);

}  // namespace soak

#endif
