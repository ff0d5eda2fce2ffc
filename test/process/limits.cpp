// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdint>
#include <ctime>
#include <exception>
#include <new>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace asio = boost::asio;
using namespace isolatte::test;
using namespace std::chrono_literals;
using isolatte::ending;
using isolatte::options;
using isolatte::resource_limits;

namespace {

using soft_and_hard = std::pair<std::uint64_t, std::uint64_t>;

soft_and_hard limit_of(int resource) {
  struct rlimit value{};
  if (::getrlimit(static_cast<decltype(RLIMIT_AS)>(resource), &value) != 0) return {1, 0};
  return {value.rlim_cur, value.rlim_max};
}

/// Returns the limit that a child finds under these options.
soft_and_hard limit_in_child(int resource, const resource_limits& limits) {
  auto const here = limit_of(resource);
  auto const done = isolatte::fork([&] { return limit_of(resource); }, {.limits = limits});
  BOOST_TEST((limit_of(resource) == here));
  return done.value();
}

volatile unsigned spun = 0;

[[noreturn]] void spin() {
  for (;;) spun = spun + 1;
}

__attribute__((noinline)) int recurse(int depth) {
  volatile char frame[1024];
  frame[depth % 1024] = static_cast<char>(depth);
  return depth == 0 ? 0 : recurse(depth - 1) + frame[depth % 1024];
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(limits, isolatte::test::nothing_left)

BOOST_AUTO_TEST_CASE(each_limit_is_set_in_the_child_alone) {
  auto const both = [](std::uint64_t value) { return soft_and_hard{value, value}; };
  BOOST_TEST((limit_in_child(RLIMIT_CPU, {.cpu_time = 100s}) == soft_and_hard{100, 101}));
  BOOST_TEST((limit_in_child(RLIMIT_FSIZE, {.file_size = 1 << 20}) == both(1 << 20)));
  BOOST_TEST((limit_in_child(RLIMIT_NOFILE, {.open_files = 20}) == both(20)));
  BOOST_TEST((limit_in_child(RLIMIT_NPROC, {.processes = 7}) == both(7)));
  BOOST_TEST((limit_in_child(RLIMIT_CORE, {.core_size = 0}) == both(0)));
  BOOST_TEST((limit_in_child(RLIMIT_STACK, {.stack = 1 << 20}) == both(1 << 20)));
  // The shadow memory of a sanitizer is larger than any useful limit.
  if (malloc_refuses)
    BOOST_TEST((limit_in_child(RLIMIT_AS, {.address_space = std::uint64_t{1} << 32}) ==
                both(std::uint64_t{1} << 32)));
}

BOOST_AUTO_TEST_CASE(all_limits_at_once) {
  resource_limits all{.cpu_time = 50s,
                      .file_size = 1 << 20,
                      .open_files = 30,
                      .processes = 9,
                      .core_size = 0,
                      .stack = 1 << 20,
                      .nice = 19,
                      .oom_score_adj = 900};
  if (malloc_refuses) all.address_space = std::uint64_t{1} << 32;
  auto const done = isolatte::fork(
      [] {
        return std::vector{limit_of(RLIMIT_CPU), limit_of(RLIMIT_NOFILE), limit_of(RLIMIT_NPROC)};
      },
      {.limits = all});
  BOOST_TEST((done.value() == std::vector<soft_and_hard>{{50, 51}, {30, 30}, {9, 9}}));
}

BOOST_AUTO_TEST_CASE(allocations_beyond_the_address_space_throw) {
  if (!malloc_refuses) return;  // a sanitizer reserves more than any limit
  auto const done = isolatte::fork(
      [] {
        std::vector<char> const large(std::size_t{8} << 30);
        return used(large.data()) != nullptr;
      },
      {.limits = {.address_space = std::uint64_t{1} << 30}});
  BOOST_TEST(done.how() == ending::threw);
  BOOST_CHECK_THROW(done.value(), std::bad_alloc);
}

BOOST_AUTO_TEST_CASE(little_by_little_the_address_space_is_used_up) {
  if (!malloc_refuses) return;  // a sanitizer reserves more than any limit
  auto const done = isolatte::fork(
      [] {
        std::vector<std::unique_ptr<char[]>> blocks;
        for (;;) blocks.emplace_back(new char[1 << 20]);
      },
      {.limits = {.address_space = std::uint64_t{512} << 20}});
  BOOST_TEST(done.how() == ending::threw);
  BOOST_CHECK_THROW(done.value(), std::bad_alloc);
}

BOOST_AUTO_TEST_CASE(processor_time_ends_in_sigxcpu) {
  auto const done = isolatte::fork([] { spin(); }, {.limits = {.cpu_time = 1s, .core_size = 0}});
  BOOST_TEST((done.how() == ending::signaled || done.core_dumped()));
  BOOST_TEST((done.signal() == SIGXCPU));
  // The limit may count ticks, while usage() has a finer clock, so only more than 0 is certain.
  BOOST_TEST((done.usage().user + done.usage().system > 0ms));
}

BOOST_AUTO_TEST_CASE(a_child_deaf_to_sigxcpu_is_killed_by_the_kernel) {
  // The signal may come before the child ignores it, because the limit is 0. Then try again.
  for (bool deaf = false; !deaf;) {
    wire told;
    auto const done = isolatte::fork(
        [&] {
          std::signal(SIGXCPU, SIG_IGN);
          told.tell();
          spin();
        },
        {.limits = {.cpu_time = 0s, .core_size = 0}, .keep = {told.write_end()}});
    told.close_write();
    deaf = told.await();
    if (!deaf) continue;
    BOOST_TEST(done.how() == ending::killed);
    BOOST_TEST((done.signal() == SIGKILL));
  }
}

BOOST_AUTO_TEST_CASE(no_processor_time_at_all_is_an_ending_too) {
  auto const done = isolatte::fork([] { spin(); }, {.limits = {.cpu_time = 0s, .core_size = 0}});
  BOOST_TEST((done.signal() == SIGXCPU));
}

BOOST_AUTO_TEST_CASE(a_file_beyond_its_size_ends_in_sigxfsz) {
  scratch_folder folder;
  auto const path = folder / "file";
  auto const write = [&] {
    int const fd = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    return write_all(fd, std::string(100'000, 'x'));
  };
  options const opts{.limits = {.file_size = 65'536, .core_size = 0}};
  auto const done = isolatte::fork(write, opts);
  BOOST_TEST((done.how() == ending::signaled || done.core_dumped()));
  BOOST_TEST((done.signal() == SIGXFSZ));
  BOOST_TEST(std::filesystem::file_size(path) == 65'536U);
  auto const deaf = isolatte::fork(
      [&] {
        std::signal(SIGXFSZ, SIG_IGN);
        return write();
      },
      opts);
  BOOST_TEST(deaf.value() == false);
  BOOST_TEST(std::filesystem::file_size(path) == 65'536U);
}

BOOST_AUTO_TEST_CASE(a_files_size_does_not_bind_results_and_streams) {
  auto const done = isolatte::fork(
      [] {
        write_all(1, std::string(100'000, 'o'));
        return read_all(0) + std::string(100'000, 'r');
      },
      {.in = isolatte::from_text{std::string(100'000, 'i')},
       .out = isolatte::capture{200'000},
       .limits = {.file_size = 0}});
  BOOST_TEST(done.value().size() == 200'000U);
  BOOST_TEST(done.out_text().size() == 100'000U);
}

BOOST_AUTO_TEST_CASE(descriptors_run_out_and_the_result_still_arrives) {
  auto const done = isolatte::fork(
      [] {
        int opened = 0;
        while (::dup(0) != -1) ++opened;
        return std::pair{opened, errno};
      },
      {.limits = {.open_files = 16}});
  BOOST_TEST(done.value().first <= 13);
  BOOST_TEST(done.value().first >= 8);
  BOOST_TEST(done.value().second == EMFILE);
  if (ubsan_needs_descriptors) return;
  for (std::uint64_t const few : {0U, 1U, 3U}) {
    auto const none = isolatte::fork([] { return ::dup(0); }, {.limits = {.open_files = few}});
    BOOST_TEST(none.value() == -1);
  }
}

BOOST_AUTO_TEST_CASE(processes_run_out_for_all_but_root) {
  if (::geteuid() == 0) return;  // the limit does not apply to root
  auto const done = isolatte::fork(
      [] {
        pid_t const pid = bare_fork([] {});
        if (pid == -1) return errno;
        wait_for(pid);
        return 0;
      },
      {.limits = {.processes = 0}});
  BOOST_TEST(done.value() == EAGAIN);
}

BOOST_AUTO_TEST_CASE(a_core_dump_is_prevented) {
  auto const done = isolatte::fork([] { ::raise(SIGQUIT); }, {.limits = {.core_size = 0}});
  BOOST_TEST(!done.core_dumped());
  BOOST_TEST(done.how() == ending::signaled);
  BOOST_TEST((done.signal() == SIGQUIT));
}

BOOST_AUTO_TEST_CASE(a_stack_grows_to_its_limit) {
  auto const deep = [](int kibibytes, std::uint64_t limit) {
    return isolatte::fork([kibibytes] { return recurse(kibibytes) != -1; },
                          {.limits = {.core_size = 0, .stack = limit}});
  };
  BOOST_TEST(deep(100, 4 << 20).value());
  auto const over = deep(8 * 1024, 1 << 20);
  BOOST_TEST(over.how() == ending::faulted);
  BOOST_TEST((over.signal() == SIGSEGV));
}

BOOST_AUTO_TEST_CASE(the_nice_value_is_set) {
  int const here = ::getpriority(PRIO_PROCESS, 0);
  auto const done =
      isolatte::fork([] { return ::getpriority(PRIO_PROCESS, 0); }, {.limits = {.nice = 19}});
  BOOST_TEST(done.value() == 19);
  BOOST_TEST(::getpriority(PRIO_PROCESS, 0) == here);
}

BOOST_AUTO_TEST_CASE(the_oom_score_is_set) {
  auto const done = isolatte::fork([] { return read_file("/proc/self/oom_score_adj"); },
                                   {.limits = {.oom_score_adj = 1000}});
  BOOST_TEST(done.value() == "1000\n");
}

// Limits of the program's own

/// Runs a child from a program that has a limit of its own, and returns the program's answer.
template <class F>
std::string within(int resource, rlim_t most, F f, options opts) {
  return in_bare_process([&] {
    rlimit const limit{most, most};
    if (::setrlimit(static_cast<decltype(RLIMIT_AS)>(resource), &limit) != 0) return std::string{};
    std::ostringstream text;
    auto const done = isolatte::fork(f, std::move(opts));
    text << done.how();
    if (done.how() != ending::not_started) return text.str();
    try {
      std::rethrow_exception(done.exception());
    } catch (const boost::system::system_error& error) {
      text << ": "
           << (error.code() == boost::system::errc::file_too_large ? "file too large"
                                                                   : error.what());
    }
    return text.str();
  });
}

BOOST_AUTO_TEST_CASE(a_text_beyond_the_programs_file_size_is_an_error) {
  BOOST_TEST(
      within(RLIMIT_FSIZE, 4096, [] {}, {.in = isolatte::from_text{std::string(100'000, 'x')}}) ==
      "not_started: file too large");
  BOOST_TEST(within(RLIMIT_FSIZE, 4096, [] {}, {.in = isolatte::from_text{"x"}}) == "returned");
}

BOOST_AUTO_TEST_CASE(a_page_beyond_the_programs_file_size_is_an_error) {
  BOOST_TEST(in_bare_process([]() -> std::string {
               asio::io_context context;
               isolatte::fork_server server{context};
               rlimit const limit{100, 100};
               if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return "no limit";
               std::string text = "no completion";
               server.async_fork(isolatte::call([] { return 1; }), {},
                                 [&](boost::system::error_code ec, const isolatte::outcome<int>&) {
                                   text = ec == boost::system::errc::file_too_large
                                              ? "file too large"
                                              : ec.message();
                                 });
               context.run();
               return text;
             }) == "file too large");
}

BOOST_AUTO_TEST_CASE(a_signal_of_the_programs_own_stays_pending) {
  BOOST_TEST(in_bare_process([]() -> std::string {
               sigset_t set;
               sigemptyset(&set);
               sigaddset(&set, SIGXFSZ);
               ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
               ::raise(SIGXFSZ);
               static_cast<void>(isolatte::fork([] {}, {.in = isolatte::from_text{"x"}}));
               sigset_t pending;
               ::sigpending(&pending);
               return sigismember(&pending, SIGXFSZ) == 1 ? "pending" : "lost";
             }) == "pending");
}

BOOST_AUTO_TEST_CASE(processor_time_may_be_the_programs_own_limit) {
  if (::getuid() != 0) return;
  BOOST_TEST(in_bare_process([]() -> std::string {
               rlimit const limit{10, 10};
               if (::setrlimit(RLIMIT_CPU, &limit) != 0 || ::setresuid(65534, 65534, 65534) != 0)
                 return "no limit";
               auto const done = isolatte::fork([] { return limit_of(RLIMIT_CPU); },
                                                {.limits = {.cpu_time = 10s}});
               if (!done) return "none";
               return std::to_string(done.value().first) + ' ' +
                      std::to_string(done.value().second);
             }) == "10 10");
}

struct nest {
  std::vector<nest> inner;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & inner;
  }
};

nest nested(int levels) {
  nest outermost;
  for (nest* at = &outermost; levels != 0; --levels) {
    at->inner.emplace_back();
    at = &at->inner.back();
  }
  return outermost;
}

BOOST_AUTO_TEST_CASE(a_deep_value_travels_without_a_descriptor_left) {
  if (ubsan_needs_descriptors) return;
  auto const done = isolatte::fork([] { return nested(1'000); }, {.limits = {.open_files = 3}});
  BOOST_TEST(static_cast<bool>(done), done);
}

BOOST_AUTO_TEST_CASE(a_limit_that_is_refused_is_the_operations_error) {
  scratch_folder folder;
  for (auto const& refused :
       {resource_limits{.oom_score_adj = 5000}, resource_limits{.cpu_time = -1s}}) {
    asio::io_context context;
    bool ended = false;
    isolatte::async_fork(
        context, [&] { std::ofstream{folder / "ran"}; }, {.limits = refused},
        [&](boost::system::error_code ec, isolatte::outcome<void> done) {
          ended = true;
          BOOST_TEST(ec == boost::system::errc::invalid_argument);
          BOOST_TEST(done.how() == ending::not_started);
          BOOST_TEST(done.ran() == isolatte::ran::no);
        });
    context.run();
    BOOST_TEST(ended);
  }
  BOOST_TEST(!std::filesystem::exists(folder / "ran"));
}

BOOST_AUTO_TEST_CASE(a_limit_that_needs_privilege_is_the_operations_error) {
  // setuid() takes the privilege away, and the hard limit of the outer child is too low for the
  // inner one.
  auto const done = isolatte::fork(
      [] {
        if (::geteuid() == 0 && ::setuid(65534) != 0) return std::string{"setuid"};
        auto const inner = isolatte::fork([] {}, {.limits = {.open_files = 100}});
        if (inner.how() != ending::not_started) return std::string{"started"};
        try {
          inner.value();
          return std::string{"no error"};
        } catch (const boost::system::system_error& error) {
          return error.code() == boost::system::errc::operation_not_permitted
                     ? std::string{"refused"}
                     : error.code().message();
        }
      },
      {.limits = {.open_files = 50}});
  BOOST_TEST(done.value() == "refused");
}

BOOST_AUTO_TEST_SUITE_END()
