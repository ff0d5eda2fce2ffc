// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_CONVERSATION_HPP
#define ISOLATTE_SOAK_CONVERSATION_HPP

#include "work.hpp"

#include <isolatte/channel.hpp>

#include <cstdint>
#include <stop_token>
#include <string>

namespace soak {

/// The ways in which a job talks.
enum class manner : std::uint32_t {
  /// Posts some messages.
  tell,
  /// Posts what it receives.
  echo,
  /// Posts a message, and ends when it is asked to stop.
  obey,
  /// Posts some messages, and ends in its own way.
  tell_and_act,
  /// Posts progress, of which some may be dropped.
  progress,
  /// Posts until no more is taken.
  pour,
  end,
};

struct talk {
  work deed;
  manner how = manner::tell;
  std::uint32_t count = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & deed & how & count;
  }
};

using talk_channel = isolatte::channel<std::string, std::string>;

/// The nth message of a job, either way.
std::string message_of(const talk& what, std::uint32_t nth);

/// The job.
long converse(std::stop_token stop, talk_channel& with, const talk& what);

}  // namespace soak

#endif
