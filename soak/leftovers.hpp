// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_LEFTOVERS_HPP
#define ISOLATTE_SOAK_LEFTOVERS_HPP

#include "incidents.hpp"
#include "ledger.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace soak {

/// Checks, when nothing is under way, that nothing is left: no child, no orphan (the program adopts
/// them), no descriptor, no thread, no memory.
class leftovers {
 public:
  /// Remembers what is there now. Has the library make what it keeps by design.
  explicit leftovers(ledger& book);

  /// @param round the number of the round that is over
  /// @param seen what was done to its processes
  void check(std::uint64_t round, const incidents& seen);
  std::size_t resident() const noexcept { return resident_; }
  /// The bytes that malloc() has given and not got back.
  std::size_t allocated() const noexcept { return allocated_; }

 private:
  void check_children(const std::string& when, const incidents& seen);
  void check_descriptors(const std::string& when);
  void check_threads(const std::string& when);
  void check_memory(std::uint64_t round);
  void check_growth(std::uint64_t round, const char* of_what, std::size_t now, std::size_t& most,
                    std::size_t may_grow);

  ledger& book_;
  std::vector<std::string> descriptors_;
  std::size_t threads_;
  /// The children of killed jobs that were reaped here.
  std::uint64_t nested_ = 0;
  std::size_t resident_ = 0;
  std::size_t allocated_ = 0;
  std::size_t most_resident_ = 0;
  std::size_t most_allocated_ = 0;
};

}  // namespace soak

#endif
