// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "vocabulary/signals.hpp"

#include <isolatte/ending.hpp>

#include <ostream>

namespace isolatte::inline v0_1 {

std::string_view to_string(ending how) noexcept {
  switch (how) {
    case ending::not_started: return "not_started";
    case ending::returned: return "returned";
    case ending::threw: return "threw";
    case ending::exited: return "exited";
    case ending::faulted: return "faulted";
    case ending::killed: return "killed";
    case ending::signaled: return "signaled";
    case ending::timed_out: return "timed_out";
    case ending::cancelled: return "cancelled";
    case ending::undelivered: return "undelivered";
    case ending::lost: return "lost";
  }
  return "unknown";
}

std::string_view to_string(ran answer) noexcept {
  switch (answer) {
    case ran::no: return "no";
    case ran::yes: return "yes";
    case ran::unknown: return "unknown";
  }
  return "unknown";
}

std::string signal_name(int signal) { return detail::signal_name(signal); }

std::ostream& operator<<(std::ostream& os, ending how) { return os << to_string(how); }

std::ostream& operator<<(std::ostream& os, ran answer) { return os << to_string(answer); }

}  // namespace isolatte::inline v0_1
