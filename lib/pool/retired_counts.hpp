// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POOL_RETIRED_COUNTS_HPP
#define ISOLATTE_LIB_POOL_RETIRED_COUNTS_HPP

#include "logic/retire_cause.hpp"

#include <isolatte/config.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace isolatte::inline v0_1::pool {

/// Counts the workers that were told to leave, by reason. For any thread.
class retired_counts {
 public:
  /// @param reason that of a job, if the cause is `asked`
  void count(logic::retire_cause why, const std::string& reason) noexcept;
  std::map<std::string, std::uint64_t> get() const;

 private:
  mutable std::mutex mutex_;
  std::array<std::uint64_t, logic::number_of_retire_causes> by_cause_{};
  /// Reasons come from workers, which are not believed: they must not fill the memory.
  std::map<std::string, std::uint64_t> by_reason_;
  std::uint64_t others_ = 0;
};

}  // namespace isolatte::inline v0_1::pool

#endif
