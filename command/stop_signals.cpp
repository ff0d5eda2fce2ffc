// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "stop_signals.hpp"

#include <csignal>
#include <utility>

#include <signal.h>

namespace isolatte_run {

using boost::asio::cancellation_type;

namespace {

/// Whether this process has been started so, as nohup does.
bool is_ignored(int signal) {
  struct sigaction now{};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

stop_signals::stop_signals(boost::asio::io_context& context, cancel what)
    : signals_{context, SIGINT, SIGTERM}, cancel_{std::move(what)} {
  if (!is_ignored(SIGHUP)) signals_.add(SIGHUP);
  await();
}

void stop_signals::ignore() {
  is_ignored_ = true;
  signals_.clear();
  signals_.cancel();
}

void stop_signals::await() {
  signals_.async_wait([this](const boost::system::error_code& ec, int signal) {
    // A signal may have come just before it was to be ignored, and then there is nothing to cancel.
    if (ec || is_ignored_) return;
    if (first_ != 0)
      cancel_(cancellation_type::terminal);
    else
      cancel_(signal == SIGINT ? cancellation_type::total : cancellation_type::partial);
    if (first_ == 0) first_ = signal;
    // Nothing may be left to wait for.
    if (!is_ignored_) await();
  });
}

}  // namespace isolatte_run
