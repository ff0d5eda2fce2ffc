// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_PARCEL_CONTENTS_HPP
#define ISOLATTE_LIB_NATS_PARCEL_CONTENTS_HPP

#include "nats/wire/parcel.hpp"

#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/pool_options.hpp>

#include <optional>

namespace isolatte::inline v0_1::nats {

/// The call of a job that has come in a parcel, for a pool of this program.
/// @return nothing if the program does not have the code
std::optional<isolatte::detail::remote_call> call_of(const wire::parcel_job& what);

job_options options_of(const wire::parcel_job& what);

}  // namespace isolatte::inline v0_1::nats

#endif
