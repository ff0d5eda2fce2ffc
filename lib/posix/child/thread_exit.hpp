// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_THREAD_EXIT_HPP
#define ISOLATTE_LIB_POSIX_CHILD_THREAD_EXIT_HPP

#include <exception>

#include <cxxabi.h>

namespace isolatte::inline v0_1::posix {

/// Calls code of the user's. If the code ends its thread by pthread_exit(), calls @p ended, which
/// has to end the process: the unwinding cannot be stopped, and would go on through the parent's
/// frames.
template <class Step, class Ended>
void run_to_thread_exit(Step& step, Ended ended) {
#ifdef __GLIBCXX__
  try {
    step();
  } catch (abi::__forced_unwind&) {
    ended();
  }
#else
  // libc++abi has no type for this unwinding, and enters no handler: it runs destructors alone. An
  // exception is uncaught while they run; this unwinding is none.
  struct thread_watch {
    Ended& ended;
    int exceptions = std::uncaught_exceptions();
    bool is_over = false;
    ~thread_watch() {
      if (!is_over && std::uncaught_exceptions() == exceptions) ended();
    }
  } watch{ended};
  step();
  watch.is_over = true;
#endif
}

}  // namespace isolatte::inline v0_1::posix

#endif
