// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_PROCESS_NAMES_HPP
#define ISOLATTE_SOAK_PROCESS_NAMES_HPP

namespace soak {

/// The name of the processes that leave their job on purpose. The check at the end of a round ends
/// them.
inline constexpr const char* escaped_name = "soak-escaped";

/// The name of a job as long as it uses the library itself, and of its children. These have groups
/// of their own. If the job is killed they die, and are left to the process that adopts them.
inline constexpr const char* nested_name = "soak-nested";

}  // namespace soak

#endif
