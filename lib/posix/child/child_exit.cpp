// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/child_exit.hpp"

#include "posix/child/child_stdio.hpp"

#include <cerrno>
#include <cstdlib>

#include <unistd.h>

extern "C" {
// Defined only in a program that is instrumented for coverage or profiling.
void __gcov_dump(void) __attribute__((weak));
int __llvm_profile_write_file(void) __attribute__((weak));
#if defined(__GLIBC__)
// The function under at_quick_exit(). glibc hands the status to the handler as a second argument.
int __cxa_at_quick_exit(void (*)(void*), void*) __attribute__((weak));
#endif
}

// hook_exit() may allocate, and takes the lock of exit()'s list of handlers, which glibc's fork()
// does not make free in a child. No thread holds it for longer than it takes to add a handler. A
// child that becomes a program does not call it. The hooks and leave() run in a child that may have
// threads and handlers of its own.

namespace isolatte::inline v0_1::posix {

namespace {

/// The address of _exit(), known when the program is loaded. Called by name, every child would have
/// the dynamic linker look it up, and would copy a dozen pages for that.
void (*volatile exit_at_once)(int) = ::_exit;

bool can_write_profile = true;

#if defined(__GLIBC__)

void on_exit_hook(int status, void*) {
  flush_buffers();
  leave(status);
}

void on_quick_exit_hook(void*, int status) { leave(status); }

#endif

}  // namespace

bool hook_exit() noexcept {
#if defined(__GLIBC__)
  // Handlers run in reverse order, so what is registered last, here, runs before the parent's.
  if (::on_exit(on_exit_hook, nullptr) != 0) {
    errno = ENOMEM;
    return false;
  }
  if (__cxa_at_quick_exit != nullptr &&
      __cxa_at_quick_exit(
          reinterpret_cast<void (*)(void*)>(reinterpret_cast<void (*)()>(on_quick_exit_hook)),
          nullptr) != 0) {
    errno = ENOMEM;
    return false;
  }
#endif
  return true;
}

void forgo_profile() noexcept { can_write_profile = false; }

void leave(int code) noexcept {
  if (can_write_profile && __gcov_dump != nullptr) __gcov_dump();
  if (can_write_profile && __llvm_profile_write_file != nullptr) __llvm_profile_write_file();
  exit_at_once(code);
  ::_exit(code);
}

}  // namespace isolatte::inline v0_1::posix
