// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/fault_handler.hpp"

#include "posix/child/stack_overflow.hpp"
#include "posix/child/user_code.hpp"
#include "posix/system_calls.hpp"

#include <cerrno>
#include <cstddef>

#include <pthread.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

// Everything that on_fault() calls runs in a signal handler, in a process whose memory may be
// corrupt: no allocation, no lock, no library call that is not async-signal-safe. The unwinder is
// the one exception, and runs last. The process dies of its true signal whatever the unwinder
// does: a fault in the unwinder is caught, and a timer ends a hang.

namespace isolatte::inline v0_1::posix {

namespace {

constexpr int fatal_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
constexpr time_t unwind_seconds = 2;

child_page_data* page = nullptr;
pid_t owner = 0;
/// Whether SIGSYS has had its handler, in this process or in one that it was forked from. In a
/// sandbox no code can change it.
bool handles_violations = false;
std::atomic<int> dying_of = 0;
std::atomic<pthread_t> dying_thread{};

// A stack overflow leaves no stack to handle it on. The size is what the unwinder takes under a
// sanitizer.
alignas(16) std::byte alternate_stack[256 * 1024];

// Before a call that does not return, AddressSanitizer looks up the bounds of the stack, and ends a
// process that cannot read /proc/self/maps, as in a sandbox.
#define ISOLATTE_ON_SIGNAL_STACK __attribute__((no_sanitize("address")))

[[noreturn]] ISOLATTE_ON_SIGNAL_STACK void die(int signal) noexcept {
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  ::sigaction(signal, &action, nullptr);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal);
  // Reached by process 1 of a namespace alone, which no signal of its own kills.
  for (;;) ::_exit(128 + signal);
}

ISOLATTE_ON_SIGNAL_STACK void on_alarm(int) { die(dying_of.load()); }

void limit_unwinding() noexcept {
  struct sigaction action{};
  action.sa_handler = on_alarm;
  ::sigaction(SIGALRM, &action, nullptr);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGALRM);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  struct itimerval timer{};
  timer.it_value.tv_sec = unwind_seconds;
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

struct registers {
  bool known = false;
  std::uintptr_t program_counter = 0;
  std::uintptr_t stack_pointer = 0;
  /// The place of the return address, as long as the function that was called has not built its
  /// frame.
  std::uintptr_t return_address_at = 0;
  std::uintptr_t return_address = 0;
};

registers interrupted(const void* context) noexcept {
  registers found;
#if defined(__linux__) && defined(__x86_64__)
  auto const& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
  found.known = true;
  found.program_counter = static_cast<std::uintptr_t>(machine.gregs[REG_RIP]);
  found.stack_pointer = static_cast<std::uintptr_t>(machine.gregs[REG_RSP]);
  found.return_address_at = found.stack_pointer;
#elif defined(__linux__) && defined(__aarch64__)
  auto const& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
  found.known = true;
  found.program_counter = machine.pc;
  found.stack_pointer = machine.sp;
  found.return_address = machine.regs[30];
#else
  (void)context;
#endif
  return found;
}

struct unwinding {
  std::uintptr_t program_counter;
  bool passed_handler;
  std::uint32_t count;
};

_Unwind_Reason_Code take_frame(_Unwind_Context* context, void* argument) {
  auto& state = *static_cast<unwinding*>(argument);
  int exact = 0;
  std::uintptr_t address = _Unwind_GetIPInfo(context, &exact);
  if (address == 0) return _URC_END_OF_STACK;
  // The frames above the interrupted instruction are this handler's.
  if (!state.passed_handler) state.passed_handler = address == state.program_counter;
  if (!state.passed_handler) return _URC_NO_REASON;
  // The frames below are the library's and the program's.
  if (_Unwind_GetRegionStart(context) == reinterpret_cast<std::uintptr_t>(run_user_code))
    return _URC_END_OF_STACK;
  // A return address may belong to the next line already.
  if (!exact) --address;
  if (state.count == child_page_data::max_frames) return _URC_END_OF_STACK;
  page->frames[state.count++].store(address);
  if (state.count > page->frame_count.load()) page->frame_count.store(state.count);
  return _URC_NO_REASON;
}

/// Records the caller of a bad pointer. Such a call leads nowhere that can be unwound, and the
/// unwinder may itself fault when it looks there.
void take_caller(const registers& faulted_at) noexcept {
  std::uintptr_t caller = faulted_at.return_address;
  if (faulted_at.return_address_at != 0)
    caller = *reinterpret_cast<const volatile std::uintptr_t*>(faulted_at.return_address_at);
  if (caller == 0) return;
  page->frames[1].store(caller - 1);
  page->frame_count.store(2);
}

void record(int signal, const siginfo_t* info, const void* context) noexcept {
  registers const faulted_at = interrupted(context);
  bool const sent_by_someone = info->si_code <= 0;
  page->signal.store(signal);
  page->code.store(info->si_code);
  page->address.store(sent_by_someone ? 0 : reinterpret_cast<std::uintptr_t>(info->si_addr));
#if defined(__linux__)
  if (signal == SIGSYS) page->system_call.store(info->si_syscall);
#endif
  page->frames[0].store(faulted_at.program_counter);
  page->frame_count.store(faulted_at.known ? 1 : 0);
  page->fault.store(fault_state::recorded);

  limit_unwinding();
  bool const has_no_access = info->si_code == SEGV_MAPERR || info->si_code == SEGV_ACCERR;
  if (signal == SIGSEGV && has_no_access && faulted_at.known)
    page->stack_overflow.store(is_stack_overflow(page->address.load(), faulted_at.stack_pointer));
  bool const nothing_to_fetch =
      !sent_by_someone && page->address.load() == faulted_at.program_counter;
  if (faulted_at.known && nothing_to_fetch) take_caller(faulted_at);
  unwinding state{faulted_at.program_counter, !faulted_at.known, 0};
  _Unwind_Backtrace(take_frame, &state);
}

ISOLATTE_ON_SIGNAL_STACK void on_fault(int signal, siginfo_t* info, void* context) {
  // A grandchild made by a bare fork() has this handler, but not this page.
  if (::getpid() != owner) die(signal);
  int expected = 0;
  if (dying_of.compare_exchange_strong(expected, signal)) {
    dying_thread = ::pthread_self();
    record(signal, info, context);
    die(signal);
  }
  if (::pthread_equal(dying_thread, ::pthread_self()) != 0) die(expected);
  // Another thread is already dying, and takes this one with it.
  for (;;) ::pause();
}

bool handle(int signal) noexcept {
  struct sigaction action{};
  action.sa_sigaction = on_fault;
  sigemptyset(&action.sa_mask);
  // SA_NODEFER: a fault of the handler's own must reach it, too.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  // A sandbox lets no code set this handler, so the handler resets it by being called.
  if (signal == SIGSYS) action.sa_flags |= static_cast<int>(SA_RESETHAND);
  bool const done = sys.sigaction(signal, &action, nullptr) == 0;
  if (signal != SIGSYS) return done;
  handles_violations = done || (handles_violations && errno == EINVAL);
  return handles_violations;
}

}  // namespace

bool install_violation_handler() noexcept {
  owner = 0;
  return handle(SIGSYS);
}

bool install_fault_handler(child_page_data& target) noexcept {
  page = &target;
  owner = ::getpid();
  dying_of = 0;
  dying_thread = pthread_t{};
  stack_t stack{};
  stack.ss_sp = alternate_stack;
  stack.ss_size = sizeof alternate_stack;
  // EPERM: the child runs on such a stack already, because the program forked from a handler.
  // Faults are reported on the stack that they happen on then.
  if (sys.sigaltstack(&stack, nullptr) == -1 && errno != EPERM) return false;
  for (int const signal : fatal_signals)
    if (!handle(signal)) return false;
  return true;
}

void remove_fault_handler() noexcept {
  for (int const signal : fatal_signals) {
    struct sigaction action{};
    if (::sigaction(signal, nullptr, &action) == -1 || (action.sa_flags & SA_SIGINFO) == 0 ||
        action.sa_sigaction != on_fault)
      continue;
    action = {};
    action.sa_handler = SIG_DFL;
    ::sigaction(signal, &action, nullptr);
  }
}

}  // namespace isolatte::inline v0_1::posix
