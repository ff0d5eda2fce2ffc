// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_COMMAND_STOP_SIGNALS_HPP
#define ISOLATTE_COMMAND_STOP_SIGNALS_HPP

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <functional>

namespace isolatte_run {

/// Passes SIGINT, SIGTERM and SIGHUP on to what runs, as cancellations. A second signal does not
/// wait any longer. A SIGHUP that nohup has had ignored stays so.
class stop_signals {
 public:
  using cancel = std::function<void(boost::asio::cancellation_type)>;

  stop_signals(boost::asio::io_context& context, cancel what);

  /// The event loop may end, and a signal ends this process from here on.
  void ignore();
  /// The signal that has come first; 0: none.
  int first() const noexcept { return first_; }

 private:
  void await();

  boost::asio::signal_set signals_;
  cancel cancel_;
  int first_ = 0;
  bool is_ignored_ = false;
};

}  // namespace isolatte_run

#endif
