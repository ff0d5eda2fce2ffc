// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_LEDGER_HPP
#define ISOLATTE_SOAK_LEDGER_HPP

#include "plan.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace soak {

/// The jobs that are under way, and how the others ended.
///
/// Thread-safe.
class ledger {
 public:
  using clock = std::chrono::steady_clock;

  struct totals {
    std::uint64_t jobs = 0;
    std::size_t in_flight = 0;
    std::uint64_t failures = 0;
    std::map<std::string, std::uint64_t, std::less<>> endings{};
    std::map<std::string, std::uint64_t, std::less<>> deeds{};
    std::map<std::string, std::uint64_t, std::less<>> launchers{};
    std::map<std::string, std::uint64_t, std::less<>> phases{};
    /// The launchers of the jobs that came to a good end.
    std::map<std::string, std::uint64_t, std::less<>> successful{};
  };

  void begin(const plan& what);
  /// @param ending a name under which it is counted
  /// @param complaint what is wrong, or nothing
  void end(const plan& what, std::string_view ending, const std::string& complaint);
  /// Remembers that a process was a job's, for a complaint about it.
  void note_process(const plan& what, int pid);
  void note_process(const std::string& owner, int pid);
  /// Says what had a process last.
  std::string owner_of(int pid) const;
  /// Forgets whose the processes were.
  void forget_processes();
  /// Something went wrong that belongs to no job.
  void fail(const std::string& complaint);

  totals sum() const;
  /// The number of jobs that are over.
  std::uint64_t jobs() const;
  /// The number of jobs that had children by the library, and did not come to their own end.
  std::uint64_t cut_nests() const;
  /// The job that has been under way longest, and for how long.
  std::optional<std::pair<plan, clock::duration>> oldest() const;
  std::vector<plan> outstanding() const;
  /// Blocks until no job is under way, or until then.
  bool wait_until_idle(clock::time_point until);

 private:
  struct open_job {
    plan what;
    clock::time_point since;
  };
  void print(const std::string& complaint);

  mutable std::mutex mutex_;
  std::condition_variable idle_;
  std::map<std::uint64_t, open_job> open_;
  std::map<int, std::string> processes_;
  totals totals_;
  std::uint64_t cut_nests_ = 0;
};

}  // namespace soak

#endif
