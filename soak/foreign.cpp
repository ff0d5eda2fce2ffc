// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "foreign.hpp"

#include "numbers.hpp"

#include <cerrno>
#include <csignal>
#include <string>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace soak {

namespace {

std::atomic<std::uint64_t> signals = 0;
void count_signal(int) { ++signals; }

std::string describe(int status) {
  if (WIFEXITED(status)) return "exit code " + std::to_string(WEXITSTATUS(status));
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "status " + std::to_string(status);
}

/// @return the child that was reaped, or -1
pid_t wait_for(pid_t pid, int& status) {
  for (;;) {
    pid_t const reaped = ::waitpid(pid, &status, 0);
    if (reaped != -1 || errno != EINTR) return reaped;
  }
}

pid_t spawn(int code) {
  std::string script = "exit " + std::to_string(code);
  char shell[] = "/bin/sh";
  char option[] = "-c";
  char* const arguments[] = {shell, option, script.data(), nullptr};
  pid_t pid = -1;
  return ::posix_spawn(&pid, shell, nullptr, nullptr, arguments, environ) == 0 ? pid : -1;
}

pid_t fork_to(bool dies, bool lingers, int code) {
  pid_t const pid = ::fork();
  if (pid != 0) return pid;
  if (dies) ::raise(SIGKILL);
  if (lingers) ::usleep(3000);
  ::_exit(code);
}

pid_t read_number(int fd) {
  pid_t number = -1;
  for (;;) {
    ssize_t const count = ::read(fd, &number, sizeof number);
    if (count == -1 && errno == EINTR) continue;
    return count == sizeof number ? number : -1;
  }
}

/// Makes a child of a child that leaves it to this program, which adopts orphans.
pid_t fork_orphan(int code) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return -1;
  pid_t const between = ::fork();
  if (between == 0) {
    pid_t const orphan = fork_to(false, true, code);
    static_cast<void>(!::write(ends[1], &orphan, sizeof orphan));
    ::_exit(0);
  }
  ::close(ends[1]);
  pid_t orphan = -1;
  if (between != -1) {
    orphan = read_number(ends[0]);
    int status = 0;
    wait_for(between, status);
  }
  ::close(ends[0]);
  return orphan;
}

}  // namespace

void handle_sigchld() {
  struct sigaction action{};
  action.sa_handler = count_signal;
  ::sigaction(SIGCHLD, &action, nullptr);
}

bool handles_sigchld() {
  struct sigaction action{};
  return ::sigaction(SIGCHLD, nullptr, &action) == 0 && action.sa_handler == count_signal;
}

std::uint64_t handled_signals() { return signals; }

foreign::foreign(ledger& book, const incidents& seen, std::uint64_t seed)
    : book_{book}, seen_{seen}, thread_{[this, seed] { work(seed); }} {}

foreign::~foreign() {
  ends_ = true;
  thread_.join();
}

bool foreign::start(child& what) {
  std::scoped_lock const lock{mutex_};
  switch (what.made) {
    case kind::spawned: what.pid = spawn(what.code); break;
    case kind::orphan: what.pid = fork_orphan(what.code); break;
    default: what.pid = fork_to(what.made == kind::killed, what.made == kind::slow, what.code);
  }
  if (what.pid > 0) ours_.insert(what.pid);
  return what.pid > 0;
}

void foreign::work(std::uint64_t seed) {
  numbers random{seed, 4, 0};
  while (!ends_) {
    child made{.made = static_cast<kind>(random.below(static_cast<std::uint64_t>(kind::end))),
               .code = static_cast<int>(random.below(256))};
    ::usleep(static_cast<useconds_t>(random.between(1000, 20'000)));
    // The program may be short of something.
    if (start(made)) check(made);
  }
}

void foreign::check(const child& what) {
  int status = 0;
  pid_t const reaped = wait_for(what.pid, status);
  int const error = errno;
  {
    std::scoped_lock const lock{mutex_};
    ours_.erase(what.pid);
  }
  ++count_;
  bool const is_right = what.made == kind::killed
                            ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL
                            : WIFEXITED(status) && WEXITSTATUS(status) == what.code;
  if (reaped != what.pid) {
    if (!seen_.was_reaped(what.pid))
      book_.fail("the status of a foreign child is gone: errno " + std::to_string(error));
  } else if (!is_right) {
    book_.fail("another status of a foreign child (" + std::to_string(static_cast<int>(what.made)) +
               ", " + std::to_string(what.code) + "): " + describe(status));
  }
}

}  // namespace soak
