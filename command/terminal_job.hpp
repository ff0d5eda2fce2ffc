// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_COMMAND_TERMINAL_JOB_HPP
#define ISOLATTE_COMMAND_TERMINAL_JOB_HPP

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <termios.h>

namespace isolatte_run {

/// Does for a program on the terminal what a shell does for a job. The program leads a process
/// group of its own, so that it ends as a whole, and has the terminal while it runs: the keyboard
/// and its signals are the program's alone.
///
/// To the shell, this command and the program are one job. So the command stops when the program
/// has been stopped, and continues it afterwards.
class terminal_job {
 public:
  explicit terminal_job(boost::asio::io_context& context);
  terminal_job(const terminal_job&) = delete;
  terminal_job& operator=(const terminal_job&) = delete;

  /// Whether the standard input is this process's controlling terminal.
  bool is_on() const noexcept { return is_on_; }
  /// The program has ended, or has not been started. Takes the terminal back.
  /// @param is_cut_off whether the program could not restore the modes of the terminal
  void end(bool is_cut_off);
  /// Whether the keyboard's signals have gone to the program alone until its end.
  bool had_terminal() const noexcept { return had_terminal_; }

 private:
  void await();
  void look();
  void on_stop(int group, int signal);
  void give(int group);
  void take_back();

  boost::asio::signal_set child_signals_;
  termios modes_{};
  bool is_on_;
  /// Whether the program has the terminal, or is handed it when it starts.
  bool is_given_;
  bool had_terminal_ = false;
  bool has_ended_ = false;
};

}  // namespace isolatte_run

#endif
