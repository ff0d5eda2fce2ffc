// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/child_exit.hpp"

#include "posix/child/child_stdio.hpp"
#include "posix/child/talk_end.hpp"

#include <cerrno>
#include <cstdlib>

#include <pthread.h>
#include <unistd.h>

extern "C" {
// Defined only in a program that is instrumented for coverage or profiling.
void __gcov_dump(void) __attribute__((weak));
int __llvm_profile_write_file(void) __attribute__((weak));
#if defined(__GLIBC__)
// The functions under atexit() and at_quick_exit(). glibc hands the status to the handler as a
// second argument.
int __cxa_atexit(void (*)(void*), void*, void*) noexcept;
int __cxa_at_quick_exit(void (*)(void*), void*) __attribute__((weak));
// Runs what __cxa_atexit() has registered, in reverse order.
void __cxa_finalize(void*);
#endif
}

// hook_exit() may allocate, and takes the lock of exit()'s list of handlers, which glibc's fork()
// does not make free in a child. No thread holds it for longer than it takes to add a handler. A
// child that becomes a program does not call it. The hooks, leave_main() and leave() run in a child
// that may have threads and handlers of its own.
//
// leave_main() does not call exit(): that would begin with the thread_local objects of the thread
// that runs the callable, and these may be the parent's. __cxa_finalize() runs what exit() runs
// next, and holds no lock while it calls a handler.

namespace isolatte::inline v0_1::posix {

namespace {

/// The address of _exit(), known when the program is loaded. Called by name, every child would have
/// the dynamic linker look it up, and would copy a dozen pages for that.
__attribute__((noreturn)) void (*volatile exit_at_once)(int) = ::_exit;

bool can_write_profile = true;
/// The child that this process is.
struct {
  pid_t pid = 0;
  pthread_t thread{};
  child_page_data* page = nullptr;
  int code = 0;
  last_step last;
} constinit self;

/// Whether this is the child itself. Its own children have inherited the hooks, and have no page.
bool is_child_itself() noexcept { return ::getpid() == self.pid; }

#if defined(__GLIBC__)

/// Tells the program, if another thread than that of the callable ends the process, that the
/// callable's thread is not to blame for a result that is missing.
void note_exit() noexcept {
  if (!is_child_itself() || ::pthread_equal(::pthread_self(), self.thread) != 0) return;
  auto expected = logic::child_stage::finished;
  self.page->stage.compare_exchange_strong(expected, logic::child_stage::left);
}

void on_exit_hook(int status, void*) {
  note_exit();
  socket_talk_end::send_last();
  flush_buffers();
  leave(status);
}

void on_quick_exit_hook(void*, int status) {
  note_exit();
  socket_talk_end::send_last();
  leave(status);
}

#endif

/// Follows the handlers that the child has registered, and precedes those of the parent.
[[noreturn]] void after_handlers(void*) noexcept {
  flush_buffers();
  if (self.last.call != nullptr && is_child_itself()) self.last.call(self.last.context);
  leave(self.code);
}

}  // namespace

bool hook_exit(child_page_data& page) noexcept {
  self.pid = ::getpid();
  self.thread = ::pthread_self();
  self.page = &page;
#if defined(__GLIBC__)
  // Handlers run in reverse order, so what is registered last, here, runs before the parent's.
  // __cxa_finalize() passes over on_exit()'s handlers, and exit() calls that one first.
  if (__cxa_atexit(after_handlers, nullptr, nullptr) != 0 ||
      ::on_exit(on_exit_hook, nullptr) != 0 ||
      (__cxa_at_quick_exit != nullptr &&
       __cxa_at_quick_exit(
           reinterpret_cast<void (*)(void*)>(reinterpret_cast<void (*)()>(on_quick_exit_hook)),
           nullptr) != 0)) {
    errno = ENOMEM;
    return false;
  }
#endif
  return true;
}

void forgo_profile() noexcept { can_write_profile = false; }
void leave_main(int code, last_step last) noexcept {
  self.code = code;
  self.last = last;
#if defined(__GLIBC__)
  __cxa_finalize(nullptr);
#endif
  after_handlers(nullptr);
}

void leave(int code) noexcept {
  if (can_write_profile && __gcov_dump != nullptr) __gcov_dump();
  if (can_write_profile && __llvm_profile_write_file != nullptr) __llvm_profile_write_file();
  exit_at_once(code);
}

}  // namespace isolatte::inline v0_1::posix
