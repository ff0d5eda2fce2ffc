// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LOGIC_MEAN_TIME_HPP
#define ISOLATTE_LIB_NATS_LOGIC_MEAN_TIME_HPP

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace isolatte::inline v0_1::nats::logic {

/// The mean of the times that jobs have lately taken. The last one counts for an eighth, so a few
/// jobs that last are enough to tell that the next ones may, too.
class mean_time {
 public:
  void add(std::chrono::nanoseconds time) noexcept {
    time = std::clamp(time, std::chrono::nanoseconds{1}, std::chrono::nanoseconds{longest});
    if (mean_)
      *mean_ += (time - *mean_) / 8;
    else
      mean_ = time;
  }
  /// Nothing before the first job.
  std::optional<std::chrono::nanoseconds> get() const noexcept { return mean_; }

  /// So many jobs take that time, at least `least` and at most `most`. `least` if no job has ended.
  std::uint64_t jobs_in(std::chrono::nanoseconds time, std::uint64_t least,
                        std::uint64_t most) const noexcept {
    if (!mean_) return least;
    auto const count = time / std::max(*mean_, std::chrono::nanoseconds{1});
    return std::clamp(static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0)), least, most);
  }

 private:
  // A longer one would change no decision.
  static constexpr std::chrono::hours longest{24};

  std::optional<std::chrono::nanoseconds> mean_{};
};

}  // namespace isolatte::inline v0_1::nats::logic

#endif
