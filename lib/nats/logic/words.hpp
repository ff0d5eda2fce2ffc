// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LOGIC_WORDS_HPP
#define ISOLATTE_LIB_NATS_LOGIC_WORDS_HPP

#include <cstdint>

namespace isolatte::inline v0_1::nats::logic {

/// A farm's wish for a job that a host may hold. A later one includes those before it.
enum class wish : std::uint8_t {
  none,
  /// The host gives the job back unless a worker has begun it.
  withdraw,
  /// The job is cancelled, in the three ways of a pool.
  interrupt,
  request_exit,
  terminate,
};
constexpr wish last_wish = wish::terminate;

/// A host's word on a job.
enum class told : std::uint8_t {
  /// All that the pool reports.
  report,
  /// The host does not have the code, or could not read the job.
  refused,
  /// The job has been handed out more often than hosts may be lost over it.
  lost,
  /// The host gives the job back: no worker of this host has begun it.
  returned,
  /// The host has the job, and it goes on. The answer to a question or to a request, and no end.
  held,
};
constexpr told last_told = told::held;

/// The answer of a farm to a host that is about to begin a job which may be run at most once.
enum class leave : std::uint8_t {
  /// The host may begin the job.
  yes,
  /// Another host may have begun it. The host drops the message and does not acknowledge it.
  no,
  /// The job needs no host any more. The host acknowledges the message.
  over,
};
constexpr leave last_leave = leave::over;

}  // namespace isolatte::inline v0_1::nats::logic

#endif
