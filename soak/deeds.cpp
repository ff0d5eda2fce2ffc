// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The deeds of jobs. All of this runs in children.

#include "attacks.hpp"
#include "numbers.hpp"
#include "process_names.hpp"
#include "work.hpp"

#include <isolatte/fork.hpp>
#include <isolatte/this_worker.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace soak {

namespace {

std::uint64_t state = 0;
constexpr std::uint64_t loaded = 0x5eed;

/// Ends the process with a code that no job is to end with, unless the code is the job's own.
[[noreturn]] void give_up() { ::_exit(251); }

/// Hangs, but not until the machine is switched off: a job that is forgotten is a failure, and must
/// not outlive the run either.
[[noreturn]] void hang() {
  for (int i = 0; i != 6000; ++i) ::usleep(100'000);
  give_up();
}

void write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done != text.size();) {
    ssize_t const count = ::write(fd, text.data() + done, text.size() - done);
    if (count == -1 && errno == EINTR) continue;
    if (count == -1) throw std::logic_error{std::string{"write: "} + std::strerror(errno)};
    done += static_cast<std::size_t>(count);
  }
}

void flood(const work& what) {
  std::size_t const lines = flood_lines(what);
  std::string text;
  for (std::size_t line = 0; line != lines; ++line) {
    text += flood_line(what, line);
    text += '\n';
    if (text.size() < 16 * 1024 && line + 1 != lines) continue;
    write_all(1, text);
    write_all(2, text);
    text.clear();
  }
}

void echo_input(const work& what) {
  std::string read;
  std::array<char, 4096> some;
  for (;;) {
    ssize_t const count = ::read(0, some.data(), some.size());
    if (count == -1 && errno == EINTR) continue;
    if (count == -1) throw std::logic_error{std::string{"read: "} + std::strerror(errno)};
    if (count == 0) break;
    read.append(some.data(), static_cast<std::size_t>(count));
  }
  if (read != input_of(what)) throw std::logic_error{"another input"};
}

/// Waits for a moment in a process that must not allocate, because it was forked from one with
/// several threads.
[[noreturn]] void linger(unsigned seconds) {
  for (unsigned i = 0; i != seconds * 10; ++i) ::usleep(100'000);
  ::_exit(0);
}

/// Leaves a process that has all descriptors of the job's.
void cling() {
  if (::fork() == 0) linger(2);
}

/// Leaves a process that has all descriptors of the job's, in a session of its own.
void escape() {
  int ends[2];
  if (::pipe(ends) != 0) throw std::system_error{errno, std::system_category(), "pipe"};
  pid_t const pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_NAME, escaped_name);
    ::setsid();
    ::close(ends[0]);
    ::close(ends[1]);
    linger(2);
  }
  ::close(ends[1]);
  // The other end closes when the process has its session, or has been killed before.
  char byte = 0;
  while (::read(ends[0], &byte, 1) == -1 && errno == EINTR) {
  }
  ::close(ends[0]);
}

/// Has another process kill this one, at a moment of its own. A process descriptor never names
/// another process.
void hire_assassin(const work& what) {
  int const self = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
  if (self == -1) throw std::system_error{errno, std::system_category(), "pidfd_open"};
  if (::fork() == 0) {
    ::usleep(what.microseconds);
    ::syscall(SYS_pidfd_send_signal, self, SIGKILL, nullptr, 0);
    ::_exit(0);
  }
  ::usleep(what.microseconds);
  ::close(self);
}

/// Gives this process, and its children from now on, another name.
class renamed {
 public:
  explicit renamed(const char* name) {
    ::prctl(PR_GET_NAME, before_.data());
    ::prctl(PR_SET_NAME, name);
  }
  ~renamed() { ::prctl(PR_SET_NAME, before_.data()); }
  renamed(const renamed&) = delete;
  renamed& operator=(const renamed&) = delete;

 private:
  std::array<char, 16> before_{};
};

void nest(const work& what) {
  renamed const marked{nested_name};
  auto const inner = isolatte::fork([&] {
    auto const innermost = isolatte::fork([&] { return what.number + 1; });
    return innermost.value() + 1;
  });
  if (inner.value() != what.number + 2) throw std::logic_error{"another value of the inner child"};
  auto const fails = isolatte::fork([] { std::abort(); }, {.fault_report = false});
  if (fails.how() == isolatte::ending::not_started) std::rethrow_exception(fails.exception());
  if (fails.how() != isolatte::ending::faulted)
    throw std::logic_error{"another ending of the inner child: " +
                           std::string{isolatte::to_string(fails.how())}};
}

[[gnu::noinline]] int overflow(int depth) {  // NOLINT(misc-no-recursion)
  char volatile room[1024];
  room[0] = static_cast<char>(depth);
  if (depth < 0) return 0;
  return overflow(depth + 1) + room[0];
}

[[noreturn]] void write_too_much() {
  std::FILE* const file = std::tmpfile();
  if (file == nullptr) throw std::system_error{errno, std::system_category(), "tmpfile"};
  std::string const text(1 << 20, 'x');
  write_all(::fileno(file), text);
  throw std::logic_error{"the file has no limit"};
}

[[noreturn]] void burn() {
  for (std::uint64_t volatile i = 0;;) i = scrambled(i);
}

void find_slot() {
  auto const number = isolatte::this_worker::slot();
  const char* const place = std::getenv("SOAK_SLOT");
  if (place == nullptr || std::to_string(number) != place)
    throw std::logic_error{"another slot than that of the environment"};
}

void find_kept() {
  std::array<char, kept_text.size() + 1> read;
  ssize_t const count = ::pread(kept_descriptor, read.data(), read.size(), 0);
  if (count == -1) throw std::logic_error{std::string{"pread: "} + std::strerror(errno)};
  if (std::string_view{read.data(), static_cast<std::size_t>(count)} != kept_text)
    throw std::logic_error{"another file than the one that was kept"};
}

void miss_kept() {
  if (::fcntl(kept_descriptor, F_GETFD) != -1 || errno != EBADF)
    throw std::logic_error{"a descriptor that was not to be kept"};
}

void demand_memory() {
  std::unique_ptr<char[]> const room{new char[std::size_t{1} << 40]};
  // Otherwise the compiler removes an allocation that has no use.
  asm volatile("" : : "r"(room.get()) : "memory");
}

}  // namespace

void load_state() { state = loaded; }

void act_out(const work& what) {
  std::string const message = "job " + std::to_string(what.number);
  natural_end const end = natural_end_of(what);
  switch (what.what) {
    case act::compute:
    case act::too_large: return;
    case act::pause: ::usleep(what.microseconds); return;
    case act::flood: return flood(what);
    case act::echo_input: return echo_input(what);
    case act::cling: return cling();
    case act::escape: return escape();
    case act::nest: return nest(what);
    case act::leave_thread: std::thread{[] { ::usleep(50'000); }}.detach(); return;
    case act::find_preload:
      if (state != loaded) throw std::logic_error{"no preload"};
      return;
    case act::find_kept: return find_kept();
    case act::miss_kept: return miss_kept();
    case act::find_slot: return find_slot();
    case act::retire: isolatte::this_worker::retire("tired"); return;
    case act::throw_standard: throw std::out_of_range{message};
    case act::throw_own: throw complaint{message, what.number};
    case act::throw_nested: try { throw complaint{message, what.number};
      } catch (...) {
        std::throw_with_nested(std::domain_error{message});
      }
    case act::throw_number: throw what.number;
    case act::demand_memory: return demand_memory();
    case act::exit_by_code: std::exit(*end.exit_code);
    case act::quick_exit_by_code: std::quick_exit(*end.exit_code);
    case act::exit_in_thread: std::thread{[&] { ::_exit(*end.exit_code); }}.detach(); hang();
    case act::abort: std::abort();
    case act::segfault:
    case act::divide: ::raise(*end.signal); give_up();
    case act::overflow_stack: overflow(0); give_up();
    case act::abort_in_thread: std::thread{[] { std::abort(); }}.detach(); hang();
    case act::kill_itself:
    case act::signal_itself: ::kill(::getpid(), *end.signal); hang();
    case act::hire_assassin: return hire_assassin(what);
    case act::write_too_much: write_too_much();
    case act::burn: burn();
    case act::forbidden_call: ::socket(AF_INET, SOCK_STREAM, 0); give_up();
    case act::hang: hang();
    case act::hang_deaf:
      for (int const signal : {SIGTERM, SIGINT}) std::signal(signal, SIG_IGN);
      hang();
    case act::stop_itself: ::raise(SIGSTOP); hang();
    case act::close_all: return close_all(what);
    case act::garble: return garble(what);
    case act::forge: return forge(what);
    case act::scribble: return scribble(what);
    case act::end: break;
  }
  give_up();
}

}  // namespace soak
