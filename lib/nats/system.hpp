// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_SYSTEM_HPP
#define ISOLATTE_LIB_NATS_SYSTEM_HPP

#include "logic/moment.hpp"

#include <isolatte/config.hpp>

namespace isolatte::inline v0_1::nats {

/// The time of a clock that goes on while the machine is suspended: the server's goes on, too.
isolatte::logic::moment now() noexcept;

/// The number of this process.
int process_id() noexcept;

}  // namespace isolatte::inline v0_1::nats

#endif
