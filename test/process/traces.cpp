// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "remembered.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

/// Marks a function that is to be found in a trace.
#define IN_TRACE \
  __attribute__((noinline, no_sanitize("address"), no_sanitize("undefined"), no_sanitize("thread")))

namespace traces_test {

namespace asio = boost::asio;
using namespace isolatte::test;
using isolatte::call;
using isolatte::ending;
using isolatte::options;

/// Forbids a core file, because that of a sanitizer's shadow memory would be huge.
options const quiet{.limits = {.core_size = 0}};

int volatile sink = 0;

// Names are kept, so each test that needs an unknown one has a function of its own. Each function
// does something after the fault, so that no call before it becomes a jump.

template <int>
IN_TRACE int read_null() {
  int* volatile const null = nullptr;
  sink = *null;
  return sink;
}

IN_TRACE int recurse(int depth) {
  char volatile frame[1024];
  frame[depth % 1024] = static_cast<char>(depth);
  return depth < 0 ? 0 : recurse(depth + 1) + frame[depth % 1024];
}

std::string text_of(const isolatte::outcome_base& what) {
  std::ostringstream text;
  text << what;
  return text.str();
}

std::string trace_of(const isolatte::outcome_base& what) {
  BOOST_REQUIRE(what.fault().has_value());
  return what.fault()->trace;
}

bool mentions(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::string last_line(std::string trace) {
  if (trace.ends_with('\n')) trace.pop_back();
  return trace.substr(trace.rfind('\n') + 1);
}

/// Counts the forks of this program. A fork server's are none.
std::atomic<int>& forks() {
  static std::atomic<int> count = 0;
  static int const registered = ::pthread_atfork([] { ++forks(); }, nullptr, nullptr);
  BOOST_REQUIRE(registered == 0);
  return count;
}

template <class Call>
auto run(isolatte::fork_server& server, asio::io_context& context, Call fn, options opts = quiet) {
  if (context.stopped()) context.restart();
  remembered<isolatte::result_of<Call>> done;
  server.async_fork(std::move(fn), std::move(opts), done.handler());
  while (done.calls == 0) BOOST_REQUIRE(context.run_one() == 1u);
  return done;
}

/// Longer than a lookup may take, by as much as a busy machine may need.
constexpr std::chrono::seconds much_too_long{12};

class stopwatch {
 public:
  bool within(std::chrono::seconds limit) const {
    return std::chrono::steady_clock::now() - began_ < limit;
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

BOOST_FIXTURE_TEST_SUITE(traces, nothing_left)

// Who looks names up

BOOST_AUTO_TEST_CASE(a_fault_in_a_servers_child_does_not_fork_the_program) {
  asio::io_context context;
  isolatte::fork_server server{context};
  int const before = forks();
  auto const done = run(server, context, call(read_null<1>));
  BOOST_TEST(mentions(trace_of(done.what), "read_null<1>"));
  BOOST_TEST(forks() == before);
}

BOOST_AUTO_TEST_CASE(a_fault_in_a_pools_worker_does_not_fork_the_program) {
  asio::io_context context;
  isolatte::pool_options opts{.workers = 1};
  opts.worker = quiet;
  isolatte::worker_pool pool{context, opts};
  int const before = forks();
  remembered<int> done;
  pool.async_run(call(read_null<2>), {}, done.handler());
  while (done.calls == 0) BOOST_REQUIRE(context.run_one() == 1u);
  BOOST_TEST(mentions(trace_of(done.what), "read_null<2>"));
  BOOST_TEST(forks() == before);
  pool.stop();
  context.run();
}

template <int N>
int read_null_when_told(int fd) {
  char byte = 0;
  if (::read(fd, &byte, 1) != 1) return 1;
  return read_null<N>();
}

BOOST_AUTO_TEST_CASE(a_template_that_is_stopped_costs_the_names_alone) {
  asio::io_context context;
  isolatte::fork_server server{context};
  wire go;
  options opts = quiet;
  opts.keep = {go.read_end()};
  remembered<int> done;
  server.async_fork(call(read_null_when_told<3>, go.read_end()), opts, done.handler());
  // The template has answered the first request when it has answered a second.
  BOOST_TEST(run(server, context, call([] { return 5; })).what.value() == 5);
  BOOST_REQUIRE(::kill(server.pid(), SIGSTOP) == 0);
  siginfo_t stopped{};
  BOOST_REQUIRE(::waitid(P_PID, static_cast<id_t>(server.pid()), &stopped, WSTOPPED | WNOWAIT) ==
                0);
  stopwatch const time;
  go.tell();
  while (done.calls == 0) BOOST_REQUIRE(context.run_one() == 1u);
  BOOST_TEST(time.within(much_too_long));
  BOOST_TEST(done.what.how() == ending::faulted);
  // Told by its place in this program.
  BOOST_TEST_CONTEXT(trace_of(done.what)) {
    BOOST_TEST(mentions(trace_of(done.what), "+0x"));
    BOOST_TEST(!mentions(trace_of(done.what), "read_null"));
  }
  // The lookup that is late keeps the loop no longer than the outcome.
  context.run();
  BOOST_TEST(time.within(much_too_long));
  // A template that goes on is asked again. Names may come too late on a busy machine, but not each
  // time.
  BOOST_REQUIRE(::kill(server.pid(), SIGCONT) == 0);
  context.restart();
  while (!mentions(trace_of(run(server, context, call(read_null<4>)).what), "read_null<4>")) {
  }
}

/// Stops each child that comes while a fault is told.
/// @return the trace
std::string trace_without_help(int (*crash)(int)) {
  asio::io_context context;
  isolatte::fork_server server{context};
  wire go;
  options opts = quiet;
  opts.keep = {go.read_end()};
  remembered<int> done;
  server.async_fork(call(crash, go.read_end()), opts, done.handler());
  BOOST_TEST(run(server, context, call([] { return 5; })).what.value() == 5);
  auto known = children();
  go.tell();
  while (done.calls == 0) {
    context.poll();
    for (int const pid : children())
      if (std::find(known.begin(), known.end(), pid) == known.end()) {
        ::kill(pid, SIGSTOP);
        known.push_back(pid);
      }
  }
  BOOST_TEST(done.what.how() == ending::faulted);
  return trace_of(done.what);
}

BOOST_AUTO_TEST_CASE(a_lookup_that_is_stopped_costs_the_names_alone) {
  // A lookup may be done before it is stopped, but not each time.
  for (auto* const crash : {read_null_when_told<5>, read_null_when_told<6>, read_null_when_told<7>,
                            read_null_when_told<8>}) {
    stopwatch const time;
    auto const trace = trace_without_help(crash);
    BOOST_TEST(time.within(much_too_long));
    BOOST_TEST(mentions(trace, "+0x"), trace);
    if (!mentions(trace, "read_null")) return;
  }
  BOOST_ERROR("no lookup was stopped");
}

BOOST_AUTO_TEST_CASE(a_thread_in_the_loader_holds_no_outcome_up) {
  // In a copy of this program the loader's lock is never released.
  if (with_asan || with_tsan) return;  // their own fork handlers wait for the loader
  wire in_loader;
  wire leave;
  auto const wires = std::pair{&in_loader, &leave};
  std::thread holder{[&] {
    ::dl_iterate_phdr(
        [](dl_phdr_info*, std::size_t, void* argument) {
          auto const& [in, out] = *static_cast<std::pair<wire*, wire*> const*>(argument);
          in->tell();
          static_cast<void>(out->await());
          return 1;
        },
        const_cast<std::pair<wire*, wire*>*>(&wires));
  }};
  BOOST_TEST(in_loader.await());
  stopwatch const time;
  auto const done = isolatte::fork([] { return read_null<5>(); }, quiet);
  BOOST_TEST(time.within(much_too_long));
  leave.tell();
  holder.join();
  BOOST_TEST(done.how() == ending::faulted);
  BOOST_TEST_CONTEXT(trace_of(done)) { BOOST_TEST(mentions(trace_of(done), "+0x")); }
}

// Addresses that are looked up, or not

#if defined(__x86_64__) || defined(__aarch64__)

/// Runs an undefined instruction in memory that belongs to no program and no library, without an
/// address to return to.
IN_TRACE void run_made_code() {
#if defined(__x86_64__)
  unsigned char const code[] = {0x6a, 0, 0x0f, 0x0b};  // push 0, undefined
#else
  unsigned char const code[] = {0x1e, 0, 0x80, 0xd2, 0, 0, 0, 0};  // x30 = 0, undefined
#endif
  void* const page =
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) ::_exit(1);
  std::memcpy(page, code, sizeof code);
  __builtin___clear_cache(static_cast<char*>(page), static_cast<char*>(page) + sizeof code);
  void (*call_it)() = nullptr;
  std::memcpy(&call_it, &page, sizeof call_it);
  call_it();
  sink = 1;
}

BOOST_AUTO_TEST_CASE(code_of_no_object_file_starts_no_lookup) {
  asio::io_context context;
  int const before = forks();
  auto const done = isolatte::fork(run_made_code, quiet);
  BOOST_TEST(done.how() == ending::faulted);
  BOOST_TEST((done.signal() == SIGILL));
  BOOST_TEST_CONTEXT(trace_of(done)) { BOOST_TEST(trace_of(done).starts_with(" #0 0x")); }
  BOOST_TEST(forks() == before + 1);
}

#endif

IN_TRACE int fault_in(const char* library) {
  void* const loaded = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!loaded) return 1;
  auto* const fault = reinterpret_cast<int (*)()>(::dlsym(loaded, "plugin_fault"));
  return fault ? fault() + 1 : 2;
}

BOOST_AUTO_TEST_CASE(code_that_is_loaded_later_has_a_name_from_then_on) {
  char const* const path = std::getenv("ISOLATTE_TEST_PLUGIN");
  if (!path) {
    BOOST_TEST_MESSAGE("skipped: ISOLATTE_TEST_PLUGIN does not name a library to load");
    return;
  }
  auto const fault = [&] { return fault_in(path); };
  // The child alone loads it. This program would load it at the same address.
  auto const early = isolatte::fork(fault, quiet);
  BOOST_TEST(early.how() == ending::faulted);
  BOOST_TEST(!mentions(trace_of(early), "plugin_fault"));
  BOOST_TEST(trace_of(early).starts_with(" #0 0x"));

  void* const library = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
  BOOST_REQUIRE(library != nullptr);
  auto const late = isolatte::fork(fault, quiet);
  BOOST_TEST_CONTEXT(trace_of(late)) { BOOST_TEST(mentions(trace_of(late), "plugin_fault")); }
  ::dlclose(library);

  auto const last = isolatte::fork(fault, quiet);
  BOOST_TEST(!mentions(trace_of(last), "plugin_fault"));
}

// The ends of traces

BOOST_AUTO_TEST_CASE(a_trace_ends_with_the_callable) {
  auto const done = isolatte::fork([] { return read_null<6>() + 1; }, quiet);
  auto const trace = trace_of(done);
  BOOST_TEST_CONTEXT(trace) {
    BOOST_TEST(trace.starts_with(" #0 "));
    BOOST_TEST(!mentions(trace, "child_main"));
    BOOST_TEST(!mentions(trace, "::detail::"));
    BOOST_TEST(!mentions(trace, "on_fault"));
#ifndef __OPTIMIZE__  // otherwise the callable may have no frame of its own
    BOOST_TEST(mentions(last_line(trace), "a_trace_ends_with_the_callable"));
#else
    BOOST_TEST(mentions(last_line(trace), "read_null<6>"));
#endif
  }
}

IN_TRACE int outer(int n) { return read_null<7>() + n; }

BOOST_AUTO_TEST_CASE(a_servers_trace_ends_with_the_function) {
  asio::io_context context;
  isolatte::fork_server server{context};
  auto const trace = trace_of(run(server, context, call(outer, 1)).what);
  BOOST_TEST_CONTEXT(trace) { BOOST_TEST(mentions(last_line(trace), "outer(int)")); }
  // A standby child, if there is one, does the same.
  BOOST_TEST(trace_of(run(server, context, call(outer, 2)).what) == trace);
}

BOOST_AUTO_TEST_CASE(a_pools_trace_ends_with_the_function) {
  asio::io_context context;
  isolatte::pool_options opts{.workers = 1};
  opts.worker = quiet;
  isolatte::worker_pool pool{context, opts};
  remembered<int> done;
  pool.async_run(call(outer, 1), {}, done.handler());
  while (done.calls == 0) BOOST_REQUIRE(context.run_one() == 1u);
  auto const trace = trace_of(done.what);
  BOOST_TEST_CONTEXT(trace) { BOOST_TEST(mentions(last_line(trace), "outer(int)")); }
  pool.stop();
  context.run();
}

BOOST_AUTO_TEST_CASE(a_trace_of_another_thread_is_whole) {
  auto const done = isolatte::fork([] { std::thread{[] { read_null<8>(); }}.join(); }, quiet);
  BOOST_TEST_CONTEXT(trace_of(done)) { BOOST_TEST(mentions(trace_of(done), "std::thread")); }
}

// Stack overflows

void check_overflow(const isolatte::outcome_base& done) {
  BOOST_TEST(done.how() == ending::faulted);
  BOOST_TEST((done.signal() == SIGSEGV));
  BOOST_REQUIRE(done.fault().has_value());
  BOOST_TEST(done.fault()->stack_overflow);
  BOOST_TEST(mentions(text_of(done), "a stack overflow"));
}

BOOST_AUTO_TEST_CASE(an_overflow_of_the_first_stack_is_called_one) {
  check_overflow(isolatte::fork([] { return recurse(0); },
                                {.limits = {.core_size = 0, .stack = 1024 * 1024}}));
}

BOOST_AUTO_TEST_CASE(an_overflow_of_the_forking_threads_stack_is_called_one) {
  isolatte::outcome<int> done;
  std::thread{[&] { done = isolatte::fork([] { return recurse(0); }, quiet); }}.join();
  check_overflow(done);
}

BOOST_AUTO_TEST_CASE(an_overflow_by_one_large_frame_is_called_one) {
  check_overflow(isolatte::fork(
      []() IN_TRACE {
        char volatile frame[12 * 1024 * 1024];
        frame[sink] = 1;
        return frame[sink] + recurse(0);
      },
      {.limits = {.core_size = 0, .stack = 1024 * 1024}}));
}

BOOST_AUTO_TEST_CASE(an_overflow_in_a_servers_child_is_called_one) {
  asio::io_context context;
  isolatte::fork_server server{context};
  check_overflow(run(server, context, call(recurse, 0)).what);
}

BOOST_AUTO_TEST_CASE(an_overflow_of_another_threads_stack_is_called_one) {
  check_overflow(isolatte::fork(
      [] {
        std::thread{[] {
          std::vector<std::byte> memory(256 * 1024);
          stack_t stack{};
          stack.ss_sp = memory.data();
          stack.ss_size = memory.size();
          if (::sigaltstack(&stack, nullptr) != 0) ::_exit(1);
          sink = recurse(0);
        }}.join();
      },
      quiet));
}

BOOST_AUTO_TEST_CASE(an_overflow_that_cannot_be_recorded_is_supposed) {
  // Without an alternate stack the thread has none to run a handler on.
  auto const done = isolatte::fork([] { std::thread{[] { sink = recurse(0); }}.join(); }, quiet);
  BOOST_TEST(done.how() == ending::faulted);
  if (with_asan || with_tsan) return;  // they give every thread an alternate stack
  BOOST_TEST(!done.fault().has_value());
  BOOST_TEST(mentions(text_of(done), "no fault record, as after a stack overflow"));
}

BOOST_AUTO_TEST_CASE(other_faults_are_no_overflows) {
  auto const check = [](const isolatte::outcome_base& done) {
    BOOST_TEST(done.how() == ending::faulted);
    BOOST_REQUIRE(done.fault().has_value());
    BOOST_TEST(!done.fault()->stack_overflow);
    BOOST_TEST(!mentions(text_of(done), "overflow"));
  };
  check(isolatte::fork([] { return read_null<9>(); }, quiet));
  check(isolatte::fork([] { std::abort(); }, quiet));
  check(isolatte::fork([] { ::raise(SIGSEGV); }, quiet));
  // Next to a guard page, but of memory that is no stack.
  check(isolatte::fork(
      []() IN_TRACE {
        auto* const memory = static_cast<char*>(
            ::mmap(nullptr, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        ::mprotect(memory, 4096, PROT_NONE);
        static_cast<char volatile*>(memory)[4095] = 1;
      },
      quiet));
  // Below the stack, but far from where it is used.
  check(isolatte::fork(
      []() IN_TRACE {
        char here = 0;
        auto const at = reinterpret_cast<std::uintptr_t>(&here) - 512 * 1024 * 1024;
        *reinterpret_cast<char volatile*>(at) = 1;
      },
      quiet));
}

ucontext_t home;
ucontext_t fiber;

/// Runs a function on memory that has no guard page. Below it nothing is mapped.
void run_on_memory(void (*function)()) {
  constexpr std::size_t size = 64 * 1024;
  auto* const memory = static_cast<char*>(
      ::mmap(nullptr, 3 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ::munmap(memory, size);
  ::getcontext(&fiber);
  fiber.uc_stack.ss_sp = memory + size;
  fiber.uc_stack.ss_size = size;
  fiber.uc_link = &home;
  ::makecontext(&fiber, function, 0);
  ::swapcontext(&home, &fiber);
}

BOOST_AUTO_TEST_CASE(an_overflow_of_an_unknown_stack_is_not_claimed) {
  if (with_asan || with_tsan) return;  // they have to be told of other stacks
  auto const done = isolatte::fork([] { run_on_memory([] { sink = recurse(0); }); }, quiet);
  BOOST_TEST(done.how() == ending::faulted);
  BOOST_REQUIRE(done.fault().has_value());
  BOOST_TEST(!done.fault()->stack_overflow);
}

// Foreign exceptions

BOOST_AUTO_TEST_CASE(a_foreign_exception_says_what_it_is) {
  auto const done = isolatte::fork([] {
    static _Unwind_Exception thrown{};
    std::memcpy(&thrown.exception_class, "LANGOTHR", sizeof thrown.exception_class);
    _Unwind_RaiseException(&thrown);
  });
  BOOST_TEST(done.how() == ending::threw);
  BOOST_TEST_CONTEXT(text_of(done)) {
    BOOST_TEST(mentions(text_of(done), "threw: a foreign exception"));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace traces_test
