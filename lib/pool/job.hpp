// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POOL_JOB_HPP
#define ISOLATTE_LIB_POOL_JOB_HPP

#include "posix/job_channel.hpp"
#include "supervise/pending_handler.hpp"

#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <chrono>
#include <optional>

namespace isolatte::pool {

class worker;

/// One job, from when it is asked for until its handler is called.
struct job {
  /// Why its worker is being ended.
  enum class cause { none, timeout, cancel };

  posix::job_header header;
  detail::byte_buffer arguments;
  std::optional<std::chrono::nanoseconds> timeout;
  std::chrono::nanoseconds grace{0};
  /// Gone once it has been called.
  std::optional<supervise::pending_handler> handler;
  /// Who has it; nobody as long as it waits.
  worker* at = nullptr;
  bool was_started = false;
  cause stopped_for = cause::none;
};

}  // namespace isolatte::pool

#endif
