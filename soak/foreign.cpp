// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "foreign.hpp"

#include "numbers.hpp"

#include <cerrno>
#include <csignal>
#include <string>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace soak {

namespace {

std::atomic<std::uint64_t> signals = 0;
void count_signal(int) { ++signals; }

constexpr std::uint64_t kinds = 4;

std::string describe(int status) {
  if (WIFEXITED(status)) return "exit code " + std::to_string(WEXITSTATUS(status));
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "status " + std::to_string(status);
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

foreign::foreign(ledger& book, std::uint64_t seed)
    : book_{book}, thread_{[this, seed] { work(seed); }} {}

foreign::~foreign() {
  ends_ = true;
  thread_.join();
}

pid_t foreign::start(std::uint64_t kind, int code) {
  std::scoped_lock const lock{mutex_};
  pid_t pid = -1;
  if (kind == 3) {
    std::string script = "exit " + std::to_string(code);
    char shell[] = "/bin/sh";
    char option[] = "-c";
    char* const arguments[] = {shell, option, script.data(), nullptr};
    if (::posix_spawn(&pid, shell, nullptr, nullptr, arguments, environ) != 0) return -1;
  } else {
    pid = ::fork();
    if (pid == 0) {
      if (kind == 1) ::raise(SIGKILL);
      if (kind == 2) ::usleep(3000);
      ::_exit(code);
    }
  }
  if (pid > 0) ours_.insert(pid);
  return pid;
}

void foreign::work(std::uint64_t seed) {
  numbers random{seed, 4, 0};
  while (!ends_) {
    std::uint64_t const kind = random.below(kinds);
    int const code = static_cast<int>(random.below(256));
    ::usleep(static_cast<useconds_t>(random.between(1000, 20'000)));
    pid_t const pid = start(kind, code);
    // The program is short of something.
    if (pid == -1) continue;
    int status = 0;
    pid_t reaped = 0;
    do reaped = ::waitpid(pid, &status, 0);
    while (reaped == -1 && errno == EINTR);
    int const error = errno;
    {
      std::scoped_lock const lock{mutex_};
      ours_.erase(pid);
    }
    ++count_;
    bool const is_right = kind == 1 ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL
                                    : WIFEXITED(status) && WEXITSTATUS(status) == code;
    if (reaped != pid)
      book_.fail("the status of a foreign child is gone: errno " + std::to_string(error));
    else if (!is_right)
      book_.fail("another status of a foreign child (" + std::to_string(kind) + ", " +
                 std::to_string(code) + "): " + describe(status));
  }
}

}  // namespace soak
