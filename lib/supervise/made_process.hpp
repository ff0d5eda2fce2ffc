// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_SUPERVISE_MADE_PROCESS_HPP
#define ISOLATTE_LIB_SUPERVISE_MADE_PROCESS_HPP

#include "posix/child_process.hpp"

#include <memory>
#include <mutex>
#include <utility>

namespace isolatte::inline v0_1::supervise {

/// The process of a run, once there is one. For any thread.
class made_process {
 public:
  void set(std::shared_ptr<posix::child_process> process) noexcept {
    std::lock_guard const lock{mutex_};
    process_ = std::move(process);
  }
  /// @return null if there is none yet
  std::shared_ptr<posix::child_process> get() const noexcept {
    std::lock_guard const lock{mutex_};
    return process_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<posix::child_process> process_;
};

}  // namespace isolatte::inline v0_1::supervise

#endif
