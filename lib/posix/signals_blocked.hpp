// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_SIGNALS_BLOCKED_HPP
#define ISOLATTE_LIB_POSIX_SIGNALS_BLOCKED_HPP

#include "posix/descriptor.hpp"
#include "posix/system_calls.hpp"

#include <boost/system/error_code.hpp>

#include <signal.h>

namespace isolatte::inline v0_1::posix {

/// Blocks every signal while it lives. A signal that reached a child before its handlers are reset
/// would run the parent's handlers, and these write to descriptors that both share.
class signals_blocked {
 public:
  explicit signals_blocked(boost::system::error_code& ec) noexcept {
    sigset_t all;
    sigfillset(&all);
    if (sys.sigprocmask(SIG_SETMASK, &all, &before_) == -1)
      ec = last_error();
    else
      blocked_ = true;
  }
  ~signals_blocked() {
    // Not through the table: a failure must not leave the thread with its signals blocked.
    if (blocked_) ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;

 private:
  sigset_t before_;
  bool blocked_ = false;
};

}  // namespace isolatte::inline v0_1::posix

#endif
