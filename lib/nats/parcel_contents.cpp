// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/parcel_contents.hpp"

#include <isolatte/detail/task/distant_call.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace isolatte::inline v0_1::nats {

std::optional<isolatte::detail::remote_call> call_of(const wire::parcel_job& what) {
  isolatte::detail::distant_call call{.decoder = what.decoder, .function = what.function};
  call.arguments.append(what.arguments.data(), what.arguments.size());
  return isolatte::detail::resolve(std::move(call));
}

job_options options_of(const wire::parcel_job& what) {
  job_options made;
  made.timeout = what.timeout;
  made.grace = what.grace;
  made.max_result = static_cast<std::size_t>(
      std::min<std::uint64_t>(what.max_result, std::numeric_limits<std::ptrdiff_t>::max()));
  // The host has asked for the job, so it waits with others of the pool's.
  made.when_full = admission::wait;
  return made;
}

}  // namespace isolatte::inline v0_1::nats
