// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "terminal_job.hpp"

#include <boost/system/error_code.hpp>

#include <csignal>
#include <utility>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace isolatte_run {

namespace {

/// Changes the foreground group. From the background, SIGTTOU would stop this process.
bool set_foreground(int group) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTTOU);
  ::sigprocmask(SIG_BLOCK, &blocked, &before);
  bool const done = ::tcsetpgrp(0, group) == 0;
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  return done;
}

/// Whether this job has come to the background, by the shell.
bool shell_has_terminal() { return ::tcgetpgrp(0) == ::getpgid(::getsid(0)); }

volatile std::sig_atomic_t continued = 0;

/// Stops the shell's whole job, with what reads or writes the pipes of this command.
/// @return false if no shell could have continued it: the kernel refuses then
bool stop_own_group() {
  struct sigaction note{};
  struct sigaction before{};
  note.sa_handler = [](int) { continued = 1; };
  continued = 0;
  ::sigaction(SIGCONT, &note, &before);
  ::kill(0, SIGTSTP);
  ::sigaction(SIGCONT, &before, nullptr);
  return continued != 0;
}

}  // namespace

terminal_job::terminal_job(boost::asio::io_context& context)
    : child_signals_{context},
      // Fails if the standard input is no terminal, or another session's.
      is_on_{::tcgetpgrp(0) != -1 && ::tcgetattr(0, &modes_) == 0},
      is_given_{is_on_ && ::tcgetpgrp(0) == ::getpgrp()} {
  if (!is_on_) return;
  child_signals_.add(SIGCHLD);
  await();
}

void terminal_job::await() {
  child_signals_.async_wait([this](const boost::system::error_code& ec, int) {
    // A signal may have come just before the end, and then there is nothing to cancel.
    if (ec || has_ended_) return;
    look();
    await();
  });
}

/// Ends are the library's to wait for, so this asks for stops alone.
void terminal_job::look() {
  for (;;) {
    siginfo_t child{};
    if (::waitid(P_ALL, 0, &child, WSTOPPED | WNOHANG) != 0 || child.si_pid == 0) return;
    on_stop(child.si_pid, child.si_status);
  }
}

void terminal_job::on_stop(int group, int signal) {
  bool const wants_terminal = signal == SIGTTIN || signal == SIGTTOU;
  take_back();
  // The shell may have brought this job to the foreground while the program ran on.
  if (!wants_terminal || ::tcgetpgrp(0) != ::getpgrp()) {
    bool const has_stopped = stop_own_group();
    // The kernel does this to stopped groups of which no shell takes care.
    if (!has_stopped && wants_terminal) ::kill(-group, SIGHUP);
  }
  give(group);
  ::kill(-group, SIGCONT);
}

void terminal_job::give(int group) {
  if (::tcgetpgrp(0) == ::getpgrp()) is_given_ = set_foreground(group);
}

void terminal_job::take_back() {
  // Before its start, the program could not take the terminal from the shell.
  if (shell_has_terminal()) is_given_ = false;
  if (is_given_) set_foreground(::getpgrp());
  had_terminal_ = std::exchange(is_given_, false);
}

void terminal_job::end(bool is_cut_off) {
  has_ended_ = true;
  boost::system::error_code ignored;
  child_signals_.cancel(ignored);
  take_back();
  if (had_terminal_ && is_cut_off) ::tcsetattr(0, TCSANOW, &modes_);
}

}  // namespace isolatte_run
