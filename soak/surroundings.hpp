// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_SURROUNDINGS_HPP
#define ISOLATTE_SOAK_SURROUNDINGS_HPP

#include "allocations.hpp"
#include "foreign.hpp"
#include "greedy_waiter.hpp"
#include "hunter.hpp"
#include "incidents.hpp"
#include "phases.hpp"
#include "support/fail_calls.hpp"

#include <cstdint>
#include <optional>

#include <sys/resource.h>

namespace soak {

/// Limits the descriptors of the program as long as this object lives.
class descriptor_limit {
 public:
  /// @param more how many the program may open besides those it has
  explicit descriptor_limit(rlim_t more);
  ~descriptor_limit();
  descriptor_limit(const descriptor_limit&) = delete;
  descriptor_limit& operator=(const descriptor_limit&) = delete;

 private:
  rlimit before_{};
};

/// Disturbs the program, as the phase of a round has it.
class surroundings {
 public:
  /// Begins with the disturbances that servers and pools can be made under. The seed decides which
  /// calls fail.
  surroundings(phase during, std::uint64_t seed, incidents& seen);

  /// Begins with the rest.
  /// @param spared the part of the program whose children are left alone
  void tighten(foreign& spared);
  /// Ends what goes for processes.
  void relax();
  /// How often something was done to the program.
  std::uint64_t count() const;

 private:
  phase const during_;
  std::uint64_t const seed_;
  incidents& seen_;
  std::optional<isolatte::test::fail_calls> calls_;
  std::optional<descriptor_limit> descriptors_;
  std::optional<failing_memory> allocations_;
  std::optional<hunter> hunter_;
  std::optional<greedy_waiter> waiter_;
};

}  // namespace soak

#endif
