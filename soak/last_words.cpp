// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "last_words.hpp"

#include "output.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <exception>

#include <execinfo.h>
#include <unistd.h>

namespace soak {

namespace {

std::atomic<pid_t> owner = 0;

void tell_and_die(int signal) {
  if (::getpid() == owner) {
    std::array<void*, 64> frames;
    say("FAILED: the program died of signal " + std::to_string(signal));
    ::backtrace_symbols_fd(frames.data(), ::backtrace(frames.data(), frames.size()),
                           output_descriptor());
  }
  std::signal(signal, SIG_DFL);
  ::raise(signal);
}

void tell_of_exception() {
  if (::getpid() == owner) {
    try {
      if (auto const thrown = std::current_exception()) std::rethrow_exception(thrown);
      say("std::terminate()");
    } catch (const std::exception& error) {
      say(std::string{"std::terminate() after an exception: "} + error.what());
    } catch (...) {
      say("std::terminate() after an exception");
    }
  }
  std::abort();
}

}  // namespace

void tell_of_crashes() {
  owner = ::getpid();
  // Loads what backtrace() needs.
  void* frame = nullptr;
  ::backtrace(&frame, 1);
  std::set_terminate(tell_of_exception);
  for (int const signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) {
    struct sigaction action{};
    action.sa_handler = tell_and_die;
    ::sigaction(signal, &action, nullptr);
  }
}

}  // namespace soak
