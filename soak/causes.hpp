// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_CAUSES_HPP
#define ISOLATTE_SOAK_CAUSES_HPP

#include "incidents.hpp"
#include "plan.hpp"

#include <isolatte/outcome.hpp>

#include <boost/system/error_code.hpp>

namespace soak {

// Questions whether the surroundings of a round are the cause of what came of a job. Each phase
// causes what it does, and nothing else.

/// Whether an operation can complete with this error because of them.
bool can_cause(phase during, const boost::system::error_code& ec, incidents& seen);

/// Whether a job can end in this way, without an error, because of them.
bool can_cause(const plan& job, const isolatte::outcome_base& end, incidents& seen);

}  // namespace soak

#endif
