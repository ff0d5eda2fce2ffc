// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_POOL_JOB_HPP
#define ISOLATTE_LIB_NATS_POOL_JOB_HPP

#include "nats/watchdog.hpp"

#include <isolatte/detail/operation/relayed_job.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace isolatte::inline v0_1::nats {

/// Notes which worker has a job of a host's, as long as one has it.
class pool_job final : public isolatte::detail::job_witness {
 public:
  /// @param dog may be null
  /// @param running counts the jobs that workers have
  /// @param on_kept called on the pool's strand when a withdrawal was in vain
  pool_job(std::shared_ptr<watchdog> dog, std::shared_ptr<std::atomic<std::uint64_t>> running,
           std::function<void()> on_kept)
      : dog_{std::move(dog)}, running_{std::move(running)}, on_kept_{std::move(on_kept)} {}
  ~pool_job() override { end(); }

  void given(int pid) noexcept override {
    end();
    has_worker_ = true;
    ++*running_;
    if (dog_) place_ = dog_->give(pid);
  }
  void taken_back() noexcept override { end(); }
  void kept() noexcept override;

  /// The job is done.
  /// @return whether the watchdog has killed its worker
  bool end() noexcept {
    if (!has_worker_) return false;
    has_worker_ = false;
    --*running_;
    bool const is_killed = place_ && dog_->take_back(*place_);
    place_.reset();
    return is_killed;
  }

 private:
  std::shared_ptr<watchdog> const dog_;
  std::shared_ptr<std::atomic<std::uint64_t>> const running_;
  std::function<void()> const on_kept_;
  bool has_worker_ = false;
  std::optional<watchdog::place> place_;
};

}  // namespace isolatte::inline v0_1::nats

#endif
