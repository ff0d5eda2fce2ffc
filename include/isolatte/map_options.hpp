// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_MAP_OPTIONS_HPP
#define ISOLATTE_MAP_OPTIONS_HPP

#include <isolatte/config.hpp>
#include <isolatte/options.hpp>

#include <cstddef>
#include <functional>

namespace isolatte::inline v0_1 {

/// How @ref async_map runs its jobs; an aggregate for designated initialisers, every member with a
/// default.
///
/// @code
/// isolatte::map_options{.max_concurrency = 4, .stop_on_error = true, .child = {.timeout = 2s}}
/// @endcode
struct map_options {
  /// The number of jobs that may be under way at once, and so of children. 0: the number of
  /// processors, or of a pool's workers.
  std::size_t max_concurrency = 0;
  /// After the first failure nothing more is started, and what runs is stopped: asked to exit, and
  /// killed options::grace later. A failure is an outcome that is neither outcome_base::success nor
  /// holds a value.
  bool stop_on_error = false;
  /// Called after the end of each job with the number of jobs that have ended and the number of
  /// elements. The latter is 0 as long as it is unknown: until a range without a size has come to
  /// its end.
  std::function<void(std::size_t done, std::size_t total)> on_progress{};
  /// How each child is run. Descriptors that this names need to stay open until the operation
  /// completes. options::early does not apply.
  options child{};
};

}  // namespace isolatte::inline v0_1

#endif
