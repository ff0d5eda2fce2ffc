// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <ostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <link.h>
#include <sys/mman.h>

#undef NDEBUG
#include <cassert>

namespace asio = boost::asio;
namespace data = boost::unit_test::data;
using namespace isolatte::test;
using isolatte::ending;
using isolatte::options;

/// Marks a function that faults. Inlining would remove it from the trace, and a sanitizer would
/// report the fault in its own way.
#define FAULTY \
  __attribute__((noinline, no_sanitize("address"), no_sanitize("undefined"), no_sanitize("thread")))

namespace {

volatile int sink = 0;
volatile int zero = 0;
volatile int hundred = 100;
char data_bytes[16];

// Each function does something after the fault, so that no call before it becomes a jump.

FAULTY void fault_by_null_read() {
  int* volatile const null = nullptr;
  sink = *null;
  sink = 1;
}

FAULTY void fault_by_wild_write() {
  auto* volatile const wild = reinterpret_cast<volatile int*>(std::uintptr_t{0x1230});
  *wild = 1;
  sink = 1;
}

FAULTY void fault_by_read_only_write() {
  auto* volatile const page = static_cast<volatile char*>(
      ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  *page = 1;
  sink = 1;
}

FAULTY void fault_by_non_canonical_read() {
  auto* volatile const wild = reinterpret_cast<volatile int*>(std::uintptr_t{0xdead} << 48);
  sink = *wild;
  sink = 1;
}

FAULTY void fault_by_null_call() {
  void (*volatile const null)() = nullptr;
  null();
  sink = 1;
}

FAULTY void fault_by_wild_call() {
  auto const wild = reinterpret_cast<void (*)()>(std::uintptr_t{0x1230});
  void (*volatile const call)() = wild;
  call();
  sink = 1;
}

FAULTY void fault_by_call_of_data() {
  void (*volatile const call)() =
      reinterpret_cast<void (*)()>(reinterpret_cast<std::uintptr_t>(data_bytes));
  call();
  sink = 1;
}

FAULTY void fault_by_division() {
  sink = hundred / zero;
  sink = 1;
}

FAULTY void fault_by_abort() {
  if (zero == 0) std::abort();
  sink = 1;
}

FAULTY void fault_by_assert() {
  assert(zero == 1);
  sink = 1;
}

FAULTY void throw_something() {
  if (zero == 0) throw 1;
  sink = 1;
}

FAULTY void fault_by_terminate() noexcept {
  throw_something();
  sink = 1;
}

FAULTY void fault_by_trap() {
  if (zero == 0) __builtin_trap();
  sink = 1;
}

FAULTY void fault_by_truncated_file() {
  std::FILE* const file = std::tmpfile();
  auto* volatile const page = static_cast<volatile char*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ::fileno(file), 0));
  sink = *page;
  sink = 1;
}

FAULTY void fault_by_raised_trap() {
  ::raise(SIGTRAP);
  sink = 1;
}

FAULTY void fault_by_raised_sys() {
  ::raise(SIGSYS);
  sink = 1;
}

FAULTY int fault_by_recursion(int depth) {
  volatile char frame[1024];
  frame[depth % 1024] = static_cast<char>(depth);
  return depth < 0 ? 0 : fault_by_recursion(depth + 1) + frame[depth % 1024];
}

FAULTY void fault_without_stack() {
#if defined(__x86_64__)
  asm volatile("xor %%esp, %%esp\n\tpush %%rax" ::: "memory");
#else
  fault_by_null_read();
#endif
}

struct fault_case {
  const char* name;
  void (*function)();
  int signal;
  /// 0: any code.
  int code;
  std::optional<std::uintptr_t> address;
};

std::ostream& operator<<(std::ostream& os, const fault_case& which) { return os << which.name; }

fault_case const cases[] = {
    {"fault_by_null_read", fault_by_null_read, SIGSEGV, SEGV_MAPERR, 0},
    {"fault_by_wild_write", fault_by_wild_write, SIGSEGV, SEGV_MAPERR, 0x1230},
    {"fault_by_read_only_write", fault_by_read_only_write, SIGSEGV, SEGV_ACCERR, {}},
    {"fault_by_non_canonical_read", fault_by_non_canonical_read, SIGSEGV, 0, {}},
    {"fault_by_null_call", fault_by_null_call, SIGSEGV, SEGV_MAPERR, 0},
    {"fault_by_wild_call", fault_by_wild_call, SIGSEGV, SEGV_MAPERR, 0x1230},
    {"fault_by_call_of_data", fault_by_call_of_data, SIGSEGV, SEGV_ACCERR, {}},
#if defined(__x86_64__)
    // Other processors do not fault on a division by zero.
    {"fault_by_division", fault_by_division, SIGFPE, FPE_INTDIV, {}},
    {"fault_by_trap", fault_by_trap, SIGILL, ILL_ILLOPN, {}},
#endif
    {"fault_by_truncated_file", fault_by_truncated_file, SIGBUS, BUS_ADRERR, {}},
    {"fault_by_abort", fault_by_abort, SIGABRT, SI_TKILL, 0},
    {"fault_by_assert", fault_by_assert, SIGABRT, SI_TKILL, 0},
    {"fault_by_terminate", fault_by_terminate, SIGABRT, SI_TKILL, 0},
    {"fault_by_raised_trap", fault_by_raised_trap, SIGTRAP, SI_TKILL, 0},
    {"fault_by_raised_sys", fault_by_raised_sys, SIGSYS, SI_TKILL, 0},
};

/// Returns the line of the trace that names a function, or an empty text.
std::string line_with(const std::string& trace, std::string_view name) {
  std::istringstream lines{trace};
  for (std::string line; std::getline(lines, line);)
    if (line.find(name) != line.npos) return line;
  return {};
}

void check_ending(const isolatte::outcome_base& done, int signal) {
  BOOST_TEST(done.how() == ending::faulted);
  BOOST_TEST((done.signal() == signal));
  BOOST_TEST(!done.exit_code());
  BOOST_TEST(done.ran() == isolatte::ran::yes);
}

void check_report(const isolatte::outcome_base& done, int signal, std::string_view function) {
  check_ending(done, signal);
  BOOST_REQUIRE(done.fault().has_value());
  BOOST_TEST(done.fault()->signal == signal);
  auto const line = line_with(done.fault()->trace, function);
  BOOST_TEST_CONTEXT(done.fault()->trace) {
    BOOST_TEST(!line.empty());
    BOOST_TEST(done.fault()->trace.starts_with(" #0 "));
#ifndef __OPTIMIZE__  // built with debug information
    BOOST_TEST(line.find("faults.cpp:") != line.npos);
#endif
  }
}

/// Forbids a core file, because that of a sanitizer's shadow memory would be huge.
options const quiet{.limits = {.core_size = 0}};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(faults, isolatte::test::nothing_left)

BOOST_DATA_TEST_CASE(a_fault_is_told_with_its_address_and_trace, data::make(cases), which) {
  auto const done = isolatte::fork(
      [&] {
        which.function();
        return 1;
      },
      quiet);
  check_report(done, which.signal, which.name);
  auto const& fault = *done.fault();
  if (which.code != 0) BOOST_TEST(fault.code == which.code);
  if (which.address) BOOST_TEST(reinterpret_cast<std::uintptr_t>(fault.address) == *which.address);
  BOOST_TEST(!done.core_dumped());
  BOOST_CHECK_THROW(done.value(), isolatte::abnormal_end);
}

BOOST_AUTO_TEST_CASE(the_faulting_page_is_named) {
  auto* const page =
      static_cast<char*>(::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  auto const done =
      isolatte::fork([&]() FAULTY { static_cast<volatile char*>(page)[123] = 1; }, quiet);
  check_ending(done, SIGSEGV);
  BOOST_REQUIRE(done.fault().has_value());
  BOOST_TEST(done.fault()->address == page + 123);
  BOOST_TEST(done.fault()->code == SEGV_ACCERR);
  ::munmap(page, 4096);
}

BOOST_AUTO_TEST_CASE(an_outcome_of_a_fault_reads_well) {
  auto const done = isolatte::fork([] { fault_by_null_read(); }, quiet);
  std::ostringstream text;
  text << done;
  BOOST_TEST_CONTEXT(text.str()) {
    BOOST_TEST(text.str().find("faulted") != std::string::npos);
    BOOST_TEST(text.str().find("SIGSEGV") != std::string::npos);
    BOOST_TEST(text.str().find('\n') == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(the_text_of_an_assertion_is_there_beside_the_report) {
  auto const done = isolatte::fork([] { fault_by_assert(); },
                                   {.err = isolatte::capture{}, .limits = {.core_size = 0}});
  check_report(done, SIGABRT, "fault_by_assert");
  BOOST_TEST(done.err_text().find("zero == 1") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_stack_overflow_is_told) {
  auto const done = isolatte::fork([] { return fault_by_recursion(0); },
                                   {.limits = {.core_size = 0, .stack = 1024 * 1024}});
  check_report(done, SIGSEGV, "fault_by_recursion");
}

BOOST_AUTO_TEST_CASE(a_stack_overflow_without_a_limit_of_ours_is_told) {
  // This thread has a stack of another size than the main thread.
  isolatte::outcome<int> done;
  std::thread{[&] { done = isolatte::fork([] { return fault_by_recursion(0); }, quiet); }}.join();
  check_report(done, SIGSEGV, "fault_by_recursion");
}

BOOST_AUTO_TEST_CASE(a_fault_without_a_stack_is_told) {
  auto const done = isolatte::fork([] { fault_without_stack(); }, quiet);
  check_ending(done, SIGSEGV);
  BOOST_REQUIRE(done.fault().has_value());
  BOOST_TEST(done.fault()->signal == SIGSEGV);
}

BOOST_AUTO_TEST_CASE(a_fault_in_another_thread_of_the_child_is_told) {
  auto const done = isolatte::fork([] { std::thread{fault_by_null_read}.join(); }, quiet);
  check_report(done, SIGSEGV, "fault_by_null_read");
}

BOOST_AUTO_TEST_CASE(faults_in_many_threads_of_the_child_are_one) {
  auto const done = isolatte::fork(
      [] {
        std::vector<std::thread> threads;
        for (int i = 0; i != 8; ++i)
          threads.emplace_back(i % 2 == 0 ? fault_by_null_read : fault_by_abort);
        for (auto& thread : threads) thread.join();
      },
      quiet);
  BOOST_TEST(done.how() == ending::faulted);
  BOOST_REQUIRE(done.fault().has_value());
  BOOST_TEST((done.signal() == done.fault()->signal));
  BOOST_TEST((done.signal() == SIGSEGV || done.signal() == SIGABRT));
}

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))

// Faults in a frame that cannot be unwound: the place of the frame before it is said by an
// expression (DW_CFA_def_cfa_expression) that jumps to its own beginning (DW_OP_skip -3).
asm(".pushsection .text\n"
    ".type isolatte_test_fault_without_end, %function\n"
    "isolatte_test_fault_without_end:\n"
    ".cfi_startproc\n"
    ".cfi_escape 0x0f, 3, 0x2f, 0xfd, 0xff\n"
#if defined(__x86_64__)
    "ud2\n"
#else
    "udf #0\n"
#endif
    ".cfi_endproc\n"
    ".size isolatte_test_fault_without_end, . - isolatte_test_fault_without_end\n"
    ".popsection\n");
extern "C" void isolatte_test_fault_without_end();

BOOST_AUTO_TEST_CASE(a_trace_that_never_ends_delays_no_ending_and_another_fault_changes_nothing) {
  // ThreadSanitizer may hold the timer's signal back.
  if (with_tsan) return;
  auto const done = isolatte::fork(
      [] {
        std::thread first{isolatte_test_fault_without_end};
        // The handler of faults sets a timer before it unwinds.
        struct sigaction of_timer{};
        while (of_timer.sa_handler == SIG_DFL) ::sigaction(SIGALRM, nullptr, &of_timer);
        fault_by_abort();
        first.join();
      },
      quiet);
  check_ending(done, SIGILL);
  BOOST_REQUIRE(done.fault().has_value());
  BOOST_TEST(done.fault()->signal == SIGILL);
  BOOST_TEST((done.fault()->address == reinterpret_cast<void*>(isolatte_test_fault_without_end)));
}

#endif

BOOST_AUTO_TEST_CASE(a_stack_overflow_in_another_thread_is_the_ending) {
  auto const done =
      isolatte::fork([] { std::thread{[] { sink = fault_by_recursion(0); }}.join(); }, quiet);
  check_ending(done, SIGSEGV);
}

namespace {

FAULTY void ruin_heap() {
  auto* volatile const block = static_cast<char*>(std::malloc(24));
  for (int i = 0; i != 4096; ++i) block[i] = static_cast<char>(0x5a);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_fault_with_a_ruined_heap_is_told) {
  if (with_asan || with_tsan) return;  // sanitizers keep their blocks elsewhere
  auto const done = isolatte::fork(
      [] {
        ruin_heap();
        fault_by_null_read();
      },
      quiet);
  check_report(done, SIGSEGV, "fault_by_null_read");
}

#if defined(__GLIBC__)

namespace {

FAULTY void fault_by_double_free() {
  void* volatile const block = std::malloc(24);
  std::free(block);
  std::free(block);
  sink = 1;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_allocator_that_finds_its_heap_ruined_is_told) {
  if (with_asan || with_tsan) return;  // sanitizers keep their blocks elsewhere
  auto const done = isolatte::fork([] { fault_by_double_free(); }, quiet);
  check_report(done, SIGABRT, "fault_by_double_free");
}

#endif

BOOST_AUTO_TEST_CASE(a_fault_with_the_loaders_lock_held_is_told) {
  auto const done = isolatte::fork(
      [] {
        ::dl_iterate_phdr(
            [](dl_phdr_info*, std::size_t, void*) {
              fault_by_null_read();
              return 0;
            },
            nullptr);
      },
      quiet);
  check_ending(done, SIGSEGV);
  BOOST_TEST(done.fault().has_value());
}

BOOST_AUTO_TEST_CASE(a_fault_with_all_signals_blocked_is_the_ending) {
  auto const done = isolatte::fork(
      [] {
        sigset_t all;
        sigfillset(&all);
        ::sigprocmask(SIG_SETMASK, &all, nullptr);
        fault_by_null_read();
      },
      quiet);
  check_ending(done, SIGSEGV);
}

BOOST_AUTO_TEST_CASE(without_a_report_the_ending_is_the_same) {
  for (auto const& which : cases) {
    options opts = quiet;
    opts.fault_report = false;
    auto const done = isolatte::fork([&] { which.function(); }, opts);
    BOOST_TEST_CONTEXT(which) {
      check_ending(done, which.signal);
      BOOST_TEST(!done.fault().has_value());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_handler_of_the_callables_own_wins) {
  auto const done = isolatte::fork(
      [] {
        std::signal(SIGSEGV, [](int) { ::_exit(7); });
        fault_by_null_read();
      },
      quiet);
  BOOST_TEST(done.how() == ending::exited);
  BOOST_TEST((done.exit_code() == 7));
  BOOST_TEST(!done.fault().has_value());
}

BOOST_AUTO_TEST_CASE(a_signal_that_the_callable_ignores_ends_nothing) {
  auto const done = isolatte::fork(
      [] {
        std::signal(SIGTRAP, SIG_IGN);
        ::raise(SIGTRAP);
        return 3;
      },
      quiet);
  BOOST_TEST(done.value() == 3);
  BOOST_TEST(!done.fault().has_value());
}

BOOST_AUTO_TEST_CASE(a_fatal_signal_from_outside_says_so) {
  for (int const signal : {SIGSEGV, SIGBUS, SIGABRT}) {
    wire ready;
    asio::io_context context;
    options opts = quiet;
    opts.keep = {ready.write_end()};
    auto child = isolatte::spawn_child(context, [&] { ready.tell(), hang(); }, opts);
    BOOST_TEST(ready.await());
    BOOST_TEST(::kill(child.pid(), signal) == 0);
    bool ended = false;
    child.async_wait([&](boost::system::error_code ec, isolatte::outcome<void> done) {
      ended = true;
      BOOST_TEST(!ec);
      check_report(done, signal, "a_fatal_signal_from_outside_says_so");
      BOOST_TEST(done.fault()->code <= 0);
      BOOST_TEST(done.fault()->address == nullptr);
    });
    context.run();
    BOOST_TEST(ended);
  }
}

BOOST_AUTO_TEST_CASE(a_grandchilds_fault_is_its_own) {
  auto const done = isolatte::fork(
      [] {
        int const status = wait_for(bare_fork(fault_by_null_read));
        return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
      },
      quiet);
  BOOST_TEST(done.value() == SIGSEGV);
  BOOST_TEST(!done.fault().has_value());
}

BOOST_AUTO_TEST_CASE(a_nested_childs_fault_is_told_to_the_child) {
  auto const done = isolatte::fork([] {
    auto const inner = isolatte::fork([] { fault_by_null_read(); }, quiet);
    return inner.fault() ? inner.fault()->trace : std::string{};
  });
  BOOST_TEST(done.value().find("fault_by_null_read") != std::string::npos);
}

namespace {

struct faulty_value {
  template <class Archive>
  void serialize(Archive&, unsigned) {
    fault_by_null_read();
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_fault_while_the_value_is_saved_is_told) {
  auto const done = isolatte::fork([] { return faulty_value{}; }, quiet);
  check_report(done, SIGSEGV, "fault_by_null_read");
}

BOOST_AUTO_TEST_CASE(a_fault_that_repeats_reads_the_same) {
  auto const again = [] { return isolatte::fork([] { fault_by_null_read(); }, quiet); };
  std::string first;
  for (int i = 0; i != 3; ++i) {
    auto const done = again();
    check_report(done, SIGSEGV, "fault_by_null_read");
    if (first.empty()) first = done.fault()->trace;
    BOOST_TEST(done.fault()->trace == first);
  }
}

BOOST_AUTO_TEST_CASE(faults_that_happen_at_once_are_each_told) {
  // Looked up at once on a busy machine, names could take longer than an outcome is held back.
  // Names that have been found are kept.
  for (auto const& which : cases)
    for (bool named = false; !named;) {
      auto const done = isolatte::fork([&] { which.function(); }, quiet);
      BOOST_REQUIRE(done.fault().has_value());
      named = !line_with(done.fault()->trace, which.name).empty();
    }
  asio::io_context context;
  std::size_t told = 0;
  for (auto const& which : cases)
    isolatte::async_fork(
        context, [&] { which.function(); }, quiet,
        [&](boost::system::error_code, isolatte::outcome<void> done) {
          check_report(done, which.signal, which.name);
          ++told;
        });
  context.run();
  BOOST_TEST(told == std::size(cases));
}

/// The ending of the child of a signal handler that runs on an alternate stack.
ending volatile told_by_handler = ending::not_started;

BOOST_AUTO_TEST_CASE(a_program_may_fork_on_an_alternate_stack) {
  BOOST_TEST(in_bare_process([]() -> std::string {
               std::vector<std::byte> memory(1024 * 1024);
               stack_t stack{};
               stack.ss_sp = memory.data();
               stack.ss_size = memory.size();
               struct sigaction action{};
               action.sa_handler = [](int) {
                 told_by_handler = isolatte::fork([] { ::raise(SIGSEGV); }, quiet).how();
               };
               action.sa_flags = SA_ONSTACK;
               if (::sigaltstack(&stack, nullptr) != 0) return "no stack";
               ::sigaction(SIGUSR1, &action, nullptr);
               ::raise(SIGUSR1);
               std::ostringstream text;
               text << told_by_handler;
               return text.str();
             }) == "faulted");
}

BOOST_AUTO_TEST_SUITE_END()
