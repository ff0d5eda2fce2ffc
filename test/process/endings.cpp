// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "process/gate.hpp"
#include "process/shared_memory.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <functional>
#include <new>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace endings_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::abnormal_end;
using isolatte::ending;
using isolatte::fork;
using isolatte::options;
using isolatte::outcome;
using isolatte::ran;
using isolatte::test::gate;
using isolatte::test::nothing_left;

/// Returns the abnormal_end that value() throws if there is neither a value nor an exception.
template <class R>
abnormal_end end_of(const outcome<R>& what) {
  try {
    what.value();
  } catch (const abnormal_end& end) {
    return end;
  }
  BOOST_FAIL("value() did not throw abnormal_end");
  std::abort();
}

std::string text_of(const isolatte::outcome_base& what) {
  std::ostringstream os;
  os << what;
  return os.str();
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

void check_ran(const isolatte::outcome_base& what) {
  BOOST_TEST(what.ran() == ran::yes);
  BOOST_TEST(what.pid() > 0);
  BOOST_TEST(what.pid() != ::getpid());
}

template <class R>
void check_exited(const outcome<R>& what, int code) {
  BOOST_TEST(what.how() == ending::exited);
  BOOST_TEST(what.success() == (code == 0));
  BOOST_TEST(!what);
  BOOST_TEST((what.exit_code() == code));
  BOOST_TEST(!what.signal().has_value());
  BOOST_TEST(!what.exception());
  abnormal_end const end = end_of(what);
  BOOST_TEST(end.how() == ending::exited);
  BOOST_TEST((end.exit_code() == code));
  BOOST_TEST(!end.signal().has_value());
  check_ran(what);
}

template <class R>
void check_signal(const outcome<R>& what, ending how, int signal) {
  BOOST_TEST_CONTEXT(::strsignal(signal)) {
    BOOST_TEST(what.how() == how);
    BOOST_TEST(!what.success());
    BOOST_TEST(!what);
    BOOST_TEST(!what.exit_code().has_value());
    BOOST_TEST((what.signal() == signal));
    BOOST_TEST(!what.exception());
    abnormal_end const end = end_of(what);
    BOOST_TEST(end.how() == how);
    BOOST_TEST(!end.exit_code().has_value());
    BOOST_TEST((end.signal() == signal));
    check_ran(what);
  }
}

void check_undelivered(const isolatte::outcome_base& what, std::string_view why) {
  BOOST_TEST(what.how() == ending::undelivered);
  BOOST_TEST(!what.success());
  BOOST_REQUIRE(what.exception());
  BOOST_CHECK_EXCEPTION(
      std::rethrow_exception(what.exception()), abnormal_end, [&](const abnormal_end& end) {
        BOOST_TEST(contains(end.what(), why), end.what() << " should say \"" << why << '"');
        return end.how() == ending::undelivered;
      });
  BOOST_TEST(contains(text_of(what), why), text_of(what));
  check_ran(what);
}

options without_trace() { return {.limits = {.core_size = 0}, .fault_report = false}; }

[[noreturn]] void pause_for_ever() {
  for (;;) ::pause();
}

struct leaves_when_saved {
  int value = 1;
  template <class Archive>
  void serialize(Archive&, unsigned) {
    if (Archive::is_saving::value) std::exit(31);
  }
};

struct greedy_when_saved {
  int value = 1;
  template <class Archive>
  void serialize(Archive&, unsigned) {
    if (Archive::is_saving::value) throw std::bad_alloc{};
  }
};

struct throws_when_saved {
  int value = 1;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    if (Archive::is_saving::value) throw std::domain_error{"I do not travel"};
    ar & value;
  }
};

struct throws_when_loaded {
  int value = 1;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & value;
    if (Archive::is_loading::value) throw std::domain_error{"I do not arrive"};
  }
};

BOOST_AUTO_TEST_SUITE(endings)

// No operation

BOOST_AUTO_TEST_CASE(of_nothing) {
  outcome<int> const none;
  BOOST_TEST(none.how() == ending::not_started);
  BOOST_TEST(none.ran() == ran::no);
  BOOST_TEST(!none.success());
  BOOST_TEST(!none);
  BOOST_TEST(none.pid() == 0);
  BOOST_TEST(!none.exit_code().has_value());
  BOOST_TEST(!none.signal().has_value());
  BOOST_TEST(!none.core_dumped());
  BOOST_TEST(!none.exception());
  BOOST_TEST(!none.fault().has_value());
  BOOST_TEST(none.usage().wall.count() == 0);
  BOOST_TEST(none.usage().max_resident_bytes == 0U);
  BOOST_TEST(none.out_text().empty());
  BOOST_TEST(none.err_text().empty());
  BOOST_TEST(none.value_or(7) == 7);
  BOOST_TEST(end_of(none).how() == ending::not_started);
  BOOST_TEST(text_of(none) == "not_started");
  BOOST_TEST(end_of(outcome<void>{}).how() == ending::not_started);
}

// returned

BOOST_FIXTURE_TEST_CASE(returned, nothing_left) {
  outcome<int> what = fork([] { return 5; });
  BOOST_TEST(what.how() == ending::returned);
  BOOST_TEST(what.success());
  BOOST_TEST(static_cast<bool>(what));
  BOOST_TEST(what.value() == 5);
  BOOST_TEST(what.value_or(6) == 5);
  BOOST_TEST(std::move(what).value_or(6) == 5);
  BOOST_TEST((what.exit_code() == 0));
  BOOST_TEST(!what.signal().has_value());
  BOOST_TEST(!what.exception());
  BOOST_TEST(!what.fault().has_value());
  check_ran(what);
  BOOST_TEST(contains(text_of(what), "returned"), text_of(what));
  BOOST_TEST(contains(text_of(what), "pid " + std::to_string(what.pid())), text_of(what));
}

BOOST_FIXTURE_TEST_CASE(returned_nothing, nothing_left) {
  auto const what = fork([] {});
  BOOST_TEST(what.how() == ending::returned);
  BOOST_TEST(what.success());
  BOOST_TEST(static_cast<bool>(what));
  BOOST_CHECK_NO_THROW(what.value());
  check_ran(what);
}

BOOST_FIXTURE_TEST_CASE(returned_the_childs_own_pid, nothing_left) {
  auto const what = fork([] { return ::getpid(); });
  BOOST_TEST(what.value() == what.pid());
}

// threw

BOOST_FIXTURE_TEST_CASE(threw, nothing_left) {
  auto const what = fork([]() -> int { throw std::out_of_range{"beyond\nthe end"}; });
  BOOST_TEST(what.how() == ending::threw);
  BOOST_TEST(!what.success());
  BOOST_TEST(!what);
  BOOST_TEST(what.value_or(8) == 8);
  BOOST_REQUIRE(what.exception());
  BOOST_CHECK_THROW(std::rethrow_exception(what.exception()), std::out_of_range);
  BOOST_CHECK_THROW(what.value(), std::out_of_range);
  BOOST_TEST(!what.signal().has_value());
  check_ran(what);
  // The text is one line, even if the message is not.
  BOOST_TEST(contains(text_of(what), "threw"), text_of(what));
  BOOST_TEST(contains(text_of(what), "beyond the end"), text_of(what));
  BOOST_TEST(!contains(text_of(what), "\n"));
}

// exited

struct way_to_exit {
  const char* name;
  void (*leave)(int);
};

std::ostream& operator<<(std::ostream& os, const way_to_exit& way) { return os << way.name; }

const way_to_exit ways_to_exit[] = {
    {"exit", [](int code) { std::exit(code); }},
    {"_exit", [](int code) { ::_exit(code); }},
    {"quick_exit", [](int code) { std::quick_exit(code); }},
    {"_Exit", [](int code) { std::_Exit(code); }},
};

/// Every exit code arrives unchanged, and none has a second meaning. Eight children run at a time.
BOOST_DATA_TEST_CASE_F(nothing_left, exited_with_any_code, ways_to_exit) {
  asio::io_context context{1};
  int next = 0;
  int seen = 0;
  std::function<void()> start = [&] {
    if (next == 256) return;
    int const code = next++;
    isolatte::async_fork(
        context,
        [&sample, code]() -> int {
          sample.leave(code);
          return -1;
        },
        {},
        [&, code](error_code ec, outcome<int> what) {
          BOOST_TEST_CONTEXT("code " << code) {
            BOOST_TEST(ec == error_code{});
            check_exited(what, code);
          }
          ++seen;
          start();
        });
  };
  for (int i = 0; i != 8; ++i) start();
  context.run();
  BOOST_TEST(seen == 256);
}

BOOST_FIXTURE_TEST_CASE(exited_with_more_than_a_byte, nothing_left) {
  // The system keeps only the lowest byte.
  check_exited(fork([] { ::_exit(256 + 7); }), 7);
  check_exited(fork([] { std::exit(-1); }), 255);
}

int leave_from_deep_below(int depth, void (*leave)(int)) {
  struct would_throw_if_destroyed {
    ~would_throw_if_destroyed() { ::_exit(99); }
  } const not_unwound;
  if (depth == 0) leave(23);
  // GCC warns of a function that does not return, and cannot tell that this one is left.
  int (*volatile const below)(int, void (*)(int)) = leave_from_deep_below;
  return depth == 0 ? 0 : below(depth - 1, leave) + 1;
}

BOOST_FIXTURE_TEST_CASE(exited_from_a_nested_function, nothing_left) {
  for (auto const& way : ways_to_exit) BOOST_TEST_CONTEXT(way.name)
  check_exited(fork([&] { return leave_from_deep_below(10, way.leave); }), 23);
}

BOOST_FIXTURE_TEST_CASE(exited_from_another_thread, nothing_left) {
  for (auto const& way : ways_to_exit) BOOST_TEST_CONTEXT(way.name)
  check_exited(fork([&] {
                 std::thread{[&] { way.leave(9); }}.detach();
                 pause_for_ever();
               }),
               9);
}

BOOST_FIXTURE_TEST_CASE(exited_while_handling_an_exception, nothing_left) {
  check_exited(fork([]() -> int {
                 try {
                   throw 1;
                 } catch (...) {
                   std::exit(0);
                 }
               }),
               0);
}

BOOST_FIXTURE_TEST_CASE(exited_says_its_code, nothing_left) {
  auto const what = fork([] { std::exit(3); });
  BOOST_TEST(contains(text_of(what), "exited with code 3"), text_of(what));
  BOOST_TEST(contains(end_of(what).what(), "exited with code 3"), end_of(what).what());
}

// The callable has finished, so only its value is missing.
BOOST_FIXTURE_TEST_CASE(undelivered_for_an_exit_while_saving, nothing_left) {
  auto const what = fork([] { return leaves_when_saved{}; });
  check_undelivered(what, "the child ended before it had saved its result");
  BOOST_TEST((what.exit_code() == 31));
}

// faulted

BOOST_DATA_TEST_CASE_F(nothing_left, faulted,
                       boost::unit_test::data::make({SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT,
                                                     SIGTRAP, SIGSYS})) {
  auto const what = fork([signal = sample] { return ::raise(signal); }, without_trace());
  check_signal(what, ending::faulted, sample);
  BOOST_TEST(!what.fault().has_value());
  BOOST_TEST(!what.core_dumped());
  // The report does not change the signal that ends the child.
  auto const reported = fork([signal = sample] { return ::raise(signal); });
  check_signal(reported, ending::faulted, sample);
  BOOST_REQUIRE(reported.fault().has_value());
  BOOST_TEST(reported.fault()->signal == sample);
}

BOOST_FIXTURE_TEST_CASE(faulted_says_its_signal, nothing_left) {
  auto const what = fork([] { std::abort(); }, without_trace());
  BOOST_TEST(contains(text_of(what), "faulted: SIGABRT"), text_of(what));
  BOOST_TEST(contains(end_of(what).what(), "SIGABRT"), end_of(what).what());
}

BOOST_FIXTURE_TEST_CASE(faulted_by_terminate, nothing_left) {
  check_signal(fork([] { std::terminate(); }, without_trace()), ending::faulted, SIGABRT);
}

BOOST_FIXTURE_TEST_CASE(faulted_by_what_a_noexcept_function_threw, nothing_left) {
  auto const fail = [] { throw std::runtime_error{"nobody catches this"}; };
  check_signal(fork([&]() noexcept { fail(); }, without_trace()), ending::faulted, SIGABRT);
}

BOOST_FIXTURE_TEST_CASE(faulted_by_what_another_thread_threw, nothing_left) {
  check_signal(fork(
                   [] {
                     std::thread{[] { throw 1; }}.detach();
                     pause_for_ever();
                   },
                   without_trace()),
               ending::faulted, SIGABRT);
}

class scratch_directory {
 public:
  scratch_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "isolatte-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~scratch_directory() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

void allow_core_dump(const std::filesystem::path& directory) {
  if (::chdir(directory.c_str()) != 0) ::_exit(1);
  struct rlimit limit{};
  ::getrlimit(RLIMIT_CORE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_CORE, &limit);
}

/// Whether a signal leaves a core dump depends on the settings of the system, so an ordinary child
/// tells.
bool dumps_core(const std::filesystem::path& directory, int signal) {
  pid_t const pid = ::fork();
  if (pid == 0) {
    allow_core_dump(directory);
    ::signal(signal, SIG_DFL);
    ::raise(signal);
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status) && WCOREDUMP(status);
}

BOOST_FIXTURE_TEST_CASE(faulted_by_any_core_dump, nothing_left) {
  scratch_directory const directory;
  // Limits keep the dump small: the shadow memory of a sanitizer has terabytes.
  for (int const signal : {SIGABRT, SIGQUIT}) {
    bool const dumps = dumps_core(directory.path(), signal);
    auto const what = fork(
        [&] {
          allow_core_dump(directory.path());
          return ::raise(signal);
        },
        {.fault_report = false});
    check_signal(what, signal == SIGABRT || dumps ? ending::faulted : ending::signaled, signal);
    BOOST_TEST(what.core_dumped() == dumps);
    BOOST_TEST(contains(text_of(what), "core dumped") == dumps, text_of(what));
  }
}

// killed

BOOST_FIXTURE_TEST_CASE(killed_from_outside, nothing_left) {
  asio::io_context context;
  gate const running;
  auto child = isolatte::spawn_child(context,
                                     [&] {
                                       running.open();
                                       pause_for_ever();
                                     },
                                     {.keep = running.ends()});
  running.pass();
  ::kill(child.pid(), SIGKILL);
  std::optional<outcome<void>> what;
  child.async_wait([&](error_code ec, outcome<void> result) {
    BOOST_TEST(ec == error_code{});
    what = std::move(result);
  });
  context.run();
  BOOST_REQUIRE(what.has_value());
  check_signal(*what, ending::killed, SIGKILL);
}

BOOST_FIXTURE_TEST_CASE(killed_by_itself, nothing_left) {
  auto const what = fork([] { ::kill(::getpid(), SIGKILL); });
  check_signal(what, ending::killed, SIGKILL);
  BOOST_TEST(contains(text_of(what), "killed: SIGKILL"), text_of(what));
}

BOOST_FIXTURE_TEST_CASE(killed_from_outside_although_a_timeout_was_set, nothing_left) {
  check_signal(fork([] { ::raise(SIGKILL); }, {.timeout = std::chrono::hours{1}}), ending::killed,
               SIGKILL);
}

// signaled

BOOST_FIXTURE_TEST_CASE(signaled, nothing_left) {
  std::vector<int> signals{SIGHUP,    SIGINT,  SIGQUIT, SIGUSR1,  SIGUSR2,      SIGPIPE,
                           SIGALRM,   SIGTERM, SIGXCPU, SIGXFSZ,  SIGPROF,      SIGVTALRM,
                           SIGSTKFLT, SIGPOLL, SIGPWR,  SIGRTMIN, SIGRTMIN + 3, SIGRTMAX};
  for (int const signal : signals)
    check_signal(fork([&] { return ::raise(signal); }, without_trace()), ending::signaled, signal);
}

BOOST_FIXTURE_TEST_CASE(signaled_by_name, nothing_left) {
  BOOST_TEST(contains(text_of(fork([] { ::raise(SIGTERM); })), "signaled: SIGTERM"));
  BOOST_TEST(contains(text_of(fork([] { ::raise(SIGRTMIN + 3); })), "SIGRTMIN+3"));
}

// timed_out

BOOST_FIXTURE_TEST_CASE(timed_out, nothing_left) {
  auto const what = fork([] { pause_for_ever(); }, {.timeout = std::chrono::milliseconds{20}});
  BOOST_TEST(what.how() == ending::timed_out);
  BOOST_TEST(!what.success());
  BOOST_TEST(!what);
  BOOST_TEST((what.signal() == SIGKILL));
  BOOST_TEST(end_of(what).how() == ending::timed_out);
  BOOST_TEST(contains(text_of(what), "timed_out"), text_of(what));
}

// undelivered

BOOST_FIXTURE_TEST_CASE(undelivered_for_an_exception_while_saving, nothing_left) {
  auto const what = fork([] { return throws_when_saved{}; });
  check_undelivered(what, "I do not travel");
  BOOST_TEST(!what);
  // The nested exception is the one that was thrown.
  try {
    what.value();
    BOOST_FAIL("there is no value");
  } catch (const abnormal_end& end) {
    BOOST_CHECK_THROW(std::rethrow_if_nested(end), std::domain_error);
  }
}

BOOST_FIXTURE_TEST_CASE(undelivered_for_an_exception_while_loading, nothing_left) {
  auto const what = fork([] { return throws_when_loaded{}; });
  check_undelivered(what, "I do not arrive");
  BOOST_TEST(!what);
}

BOOST_FIXTURE_TEST_CASE(undelivered_for_its_size, nothing_left) {
  auto const make = [](std::size_t size) {
    return fork([size] { return std::string(size, 'x'); }, {.max_result = 100'000});
  };
  BOOST_TEST(make(100'000).value().size() == 100'000U);
  check_undelivered(make(100'001), "");
  check_undelivered(make(50'000'000), "");
}

BOOST_FIXTURE_TEST_CASE(undelivered_for_want_of_memory_in_the_child, nothing_left) {
  auto const what = fork([] { return greedy_when_saved{}; });
  check_undelivered(what, "");
  BOOST_CHECK_EXCEPTION(what.value(), abnormal_end, [](const abnormal_end& end) {
    BOOST_CHECK_THROW(std::rethrow_if_nested(end), std::bad_alloc);
    return true;
  });
}

/// Finds the result channel as a misbehaving child could: the only pipe that it can write besides
/// its standard streams.
int find_channel() {
  int found = -1;
  for (int fd = 3; fd != 1024; ++fd) {
    struct stat status{};
    if (::fstat(fd, &status) != 0 || !S_ISFIFO(status.st_mode)) continue;
    if ((::fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY) continue;
    if (found != -1) std::abort();
    found = fd;
  }
  if (found == -1) std::abort();
  return found;
}

void scribble(const void* bytes, std::size_t size) {
  if (::write(find_channel(), bytes, size) != static_cast<ssize_t>(size)) std::abort();
}

/// The layout of a frame header, to forge one.
struct header {
  std::uint32_t magic = 0x69736f6c;
  std::uint32_t kind = 1;
  std::uint64_t length = 0;
};

BOOST_FIXTURE_TEST_CASE(undelivered_for_a_channel_that_the_callable_closed, nothing_left) {
  check_undelivered(fork([] {
                      ::close(find_channel());
                      return 1;
                    }),
                    "could not write");
  check_undelivered(fork([] {
                      for (int fd = 3; fd != 1024; ++fd) ::close(fd);
                      return 1;
                    }),
                    "could not write");
  check_undelivered(fork([]() -> int {
                      ::close(find_channel());
                      throw 1;
                    }),
                    "could not write");
}

BOOST_FIXTURE_TEST_CASE(undelivered_for_a_channel_that_is_another_file_now, nothing_left) {
  // The library must not write its frame into a file of the user's.
  int ends[2];
  BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  auto const what = fork(
      [&] {
        int const channel = find_channel();
        return ::dup2(0, channel);
      },
      {.in = isolatte::from_fd{ends[1]}});
  check_undelivered(what, "could not write");
  ::close(ends[1]);
  char byte;
  BOOST_TEST(::read(ends[0], &byte, 1) == 0);
  ::close(ends[0]);
}

BOOST_FIXTURE_TEST_CASE(undelivered_for_garbage, nothing_left) {
  std::string const garbage(1000, '?');
  check_undelivered(fork([&] {
                      scribble(garbage.data(), garbage.size());
                      return 1;
                    }),
                    "malformed");
  check_undelivered(fork([&] {
                      scribble(garbage.data(), garbage.size());
                      ::_exit(0);
                    }),
                    "malformed");
  check_undelivered(fork([&] {
                      scribble(garbage.data(), garbage.size());
                      // The parent has to kill a child that does not end by itself.
                      pause_for_ever();
                    }),
                    "malformed");
}

BOOST_FIXTURE_TEST_CASE(undelivered_for_a_forged_header, nothing_left) {
  auto const forge = [](header head, options opts = {}) {
    return fork(
        [&]() -> int {
          scribble(&head, sizeof head);
          ::_exit(0);
        },
        std::move(opts));
  };
  check_undelivered(forge({.length = std::uint64_t{1} << 30}), "truncated");
  check_undelivered(forge({.length = (std::uint64_t{1} << 30) + 1}), "larger");
  check_undelivered(forge({.length = std::uint64_t{1} << 30}, {.max_result = 1024}), "larger");
  check_undelivered(forge({.length = ~std::uint64_t{0}}), "larger");
  check_undelivered(forge({.length = ~std::uint64_t{0}}, {.max_result = ~std::size_t{0}}),
                    "memory");
  check_undelivered(forge({.kind = 0}), "malformed");
  check_undelivered(forge({.kind = 4}), "malformed");
  check_undelivered(forge({.kind = ~0U}), "malformed");
  check_undelivered(forge({.length = 0}), "malformed");
}

BOOST_FIXTURE_TEST_CASE(undelivered_for_a_frame_of_something_else, nothing_left) {
  // Kind 1 is a value, but the bytes are not of this type. Kind 2 is an exception, but the bytes
  // are none.
  for (std::uint32_t const kind : {1, 2})
    check_undelivered(fork([&]() -> int {
                        header const head{.kind = kind, .length = 3};
                        scribble(&head, sizeof head);
                        scribble("abc", 3);
                        ::_exit(kind == 1 ? 0 : 1);
                      }),
                      "malformed");
  check_undelivered(fork([] {
                      header const head{.length = 1};
                      scribble(&head, sizeof head);
                      scribble("a", 1);
                      ::_exit(0);
                    }),
                    "malformed");
}

BOOST_FIXTURE_TEST_CASE(undelivered_for_surplus_bytes, nothing_left) {
  check_undelivered(fork([]() -> int {
                      header const head{.length = sizeof(int)};
                      int const value = 7;
                      scribble(&head, sizeof head);
                      scribble(&value, sizeof value);
                      scribble("!", 1);
                      ::_exit(0);
                    }),
                    "malformed");
  // A second frame follows the first.
  check_undelivered(fork([] {
                      header const head{.length = sizeof(int)};
                      int const value = 7;
                      scribble(&head, sizeof head);
                      scribble(&value, sizeof value);
                      return 8;
                    }),
                    "malformed");
}

BOOST_FIXTURE_TEST_CASE(undelivered_for_a_truncated_frame, nothing_left) {
  check_undelivered(fork([] {
                      header const head{.length = 100};
                      scribble(&head, sizeof head);
                      scribble("only this", 9);
                      ::_exit(0);
                    }),
                    "truncated");
  check_undelivered(fork([] {
                      header const head{};
                      scribble(&head, sizeof head / 2);
                      ::_exit(0);
                    }),
                    "truncated");
}

BOOST_FIXTURE_TEST_CASE(faulted_although_a_frame_had_been_sent, nothing_left) {
  auto const what = fork(
      []() -> int {
        header const head{.length = sizeof(int)};
        int const value = 7;
        scribble(&head, sizeof head);
        scribble(&value, sizeof value);
        std::abort();
      },
      without_trace());
  check_signal(what, ending::faulted, SIGABRT);
}

BOOST_FIXTURE_TEST_CASE(exited_although_a_frame_had_been_sent, nothing_left) {
  check_exited(fork([]() -> int {
                 header const head{.length = sizeof(int)};
                 int const value = 7;
                 scribble(&head, sizeof head);
                 scribble(&value, sizeof value);
                 ::_exit(5);
               }),
               5);
}

BOOST_FIXTURE_TEST_CASE(undelivered_for_a_thread_that_ended_itself, nothing_left) {
  check_undelivered(fork([]() -> int { ::pthread_exit(nullptr); }), "ended its thread");
}

BOOST_FIXTURE_TEST_CASE(returned_although_another_thread_goes_on, nothing_left) {
  BOOST_TEST(fork([] {
               std::thread{[] { pause_for_ever(); }}.detach();
               return 3;
             }).value() == 3);
}

// lost

class sigchld_ignored {
 public:
  sigchld_ignored() {
    struct sigaction ignore{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGCHLD, &ignore, &before_);
  }
  ~sigchld_ignored() { ::sigaction(SIGCHLD, &before_, nullptr); }

 private:
  struct sigaction before_{};
};

BOOST_FIXTURE_TEST_CASE(lost_where_sigchld_is_ignored, nothing_left) {
  sigchld_ignored const ignored;
  auto const value = fork([] { return 11; });
  BOOST_TEST(value.how() == ending::lost);
  BOOST_TEST(!value.success());
  BOOST_TEST(value.value() == 11);
  BOOST_TEST(!value.exit_code().has_value());
  BOOST_TEST(!value.signal().has_value());
  check_ran(value);

  auto const exception = fork([]() -> int { throw std::range_error{"x"}; });
  BOOST_TEST(exception.how() == ending::lost);
  BOOST_CHECK_THROW(exception.value(), std::range_error);

  auto const neither = fork([] { ::_exit(3); });
  BOOST_TEST(neither.how() == ending::lost);
  BOOST_TEST(!neither);
  BOOST_TEST(!neither.exit_code().has_value());
  BOOST_TEST(end_of(neither).how() == ending::lost);
  BOOST_TEST(contains(text_of(neither), "lost"), text_of(neither));
  check_ran(neither);
}

BOOST_FIXTURE_TEST_CASE(lost_to_somebody_elses_wait, nothing_left) {
  asio::io_context context;
  for (bool const returns : {true, false}) {
    std::optional<outcome<int>> what;
    isolatte::async_fork(
        context,
        [&] {
          if (!returns) ::_exit(3);
          return 12;
        },
        {},
        [&](error_code ec, outcome<int> result) {
          BOOST_TEST(ec == error_code{});
          what = std::move(result);
        });
    auto const children = isolatte::test::children();
    BOOST_REQUIRE(children.size() == 1U);
    std::thread{[&] { BOOST_TEST(::waitpid(children[0], nullptr, 0) == children[0]); }}.join();
    context.run();
    context.restart();
    BOOST_REQUIRE(what.has_value());
    BOOST_TEST(what->how() == ending::lost);
    BOOST_TEST(what->pid() == children[0]);
    BOOST_TEST(what->ran() == ran::yes);
    BOOST_TEST(!what->exit_code().has_value());
    BOOST_TEST(what->value_or(-1) == (returns ? 12 : -1));
  }
}

// Grandchildren that return from the callable do not reach the program

BOOST_FIXTURE_TEST_CASE(not_of_a_grandchild_that_returns, nothing_left) {
  auto const what = fork([]() -> int {
    pid_t const pid = ::fork();
    if (pid == 0) return 666;
    int status = -1;
    ::waitpid(pid, &status, 0);
    return status;
  });
  BOOST_TEST(what.how() == ending::returned);
  BOOST_TEST(what.value() == 0);
}

BOOST_FIXTURE_TEST_CASE(not_of_a_grandchild_that_throws, nothing_left) {
  auto const what = fork([]() -> int {
    pid_t const pid = ::fork();
    if (pid == 0) throw std::runtime_error{"a grandchild's"};
    int status = -1;
    ::waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
  });
  BOOST_TEST(what.how() == ending::returned);
  BOOST_TEST(what.value() == 1);
}

BOOST_FIXTURE_TEST_CASE(not_of_a_grandchild_that_exits_or_crashes, nothing_left) {
  for (int const way : {0, 1, 2}) {
    auto const what = fork(
        [way]() -> int {
          pid_t const pid = ::fork();
          if (pid == 0) {
            if (way == 0) std::exit(17);
            if (way == 1) ::_exit(17);
            std::abort();
          }
          int status = -1;
          ::waitpid(pid, &status, 0);
          return way == 2 ? WTERMSIG(status) : WEXITSTATUS(status);
        },
        {.limits = {.core_size = 0}});
    BOOST_TEST(what.how() == ending::returned);
    BOOST_TEST(what.value() == (way == 2 ? SIGABRT : 17));
    BOOST_TEST(!what.fault().has_value());
  }
}

/// Forks in code that saves, and has the grandchild go on first.
/// @return in the child, the status of the grandchild
int fork_while_saving() {
  int status = 0;
  if (pid_t const pid = ::fork(); pid != 0) ::waitpid(pid, &status, 0);
  return status;
}

struct forks_when_saved {
  int status = -1;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    if constexpr (Archive::is_saving::value) status = fork_while_saving();
    ar & status;
  }
};
struct forks_when_asked : std::exception {
  const char* what() const noexcept override {
    return WIFEXITED(fork_while_saving()) ? "it has exited" : "it has crashed";
  }
};

BOOST_FIXTURE_TEST_CASE(not_of_a_grandchild_that_saves, nothing_left) {
  auto const saved = fork([] { return forks_when_saved{}; });
  BOOST_REQUIRE(saved.how() == ending::returned);
  BOOST_TEST(saved->status == 0);
  auto const threw = fork([] { throw forks_when_asked{}; });
  BOOST_REQUIRE(threw.how() == ending::threw);
  BOOST_CHECK_EXCEPTION(threw.value(), std::exception, [](const std::exception& error) {
    return std::string{error.what()} == "it has exited";
  });
}

BOOST_FIXTURE_TEST_CASE(not_of_a_grandchild_that_writes_to_shared_memory, nothing_left) {
  auto const what = fork([] {
    int const mine = isolatte::test::count_shared_mappings();
    int status = -1;
    pid_t const pid = ::fork();
    if (pid == 0) ::_exit(isolatte::test::count_shared_mappings() < mine ? 0 : 1);
    ::waitpid(pid, &status, 0);
    return status;
  });
  BOOST_TEST(what.value() == 0);
}

BOOST_FIXTURE_TEST_CASE(not_of_a_grandchild_that_goes_on, nothing_left) {
  // The operation ends with the child, although the grandchild holds its pipes.
  auto const what = fork([]() -> int {
    if (::fork() == 0) pause_for_ever();
    return 4;
  });
  BOOST_TEST(what.value() == 4);
}

// Usage

std::chrono::nanoseconds processor_time() {
  struct timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

/// Spends most of the time in user mode, because asking for the time is work of the kernel.
void work_until(std::chrono::nanoseconds time) {
  while (processor_time() < time)
    for (std::atomic<int> i = 0; i < 100'000;) ++i;
}

BOOST_FIXTURE_TEST_CASE(tell_the_time_used, nothing_left) {
  static constexpr std::chrono::milliseconds spin{60};
  auto const before = std::chrono::steady_clock::now();
  auto const what = fork([] { work_until(spin); });
  auto const elapsed = std::chrono::steady_clock::now() - before;
  auto const& usage = what.usage();
  // Some kernels account in ticks.
  constexpr std::chrono::milliseconds tick{10};
  BOOST_TEST((usage.user + usage.system >= spin - tick));
  BOOST_TEST((usage.user.count() > 0));
  BOOST_TEST((usage.wall >= spin - tick));
  BOOST_TEST((usage.wall <= elapsed));
  BOOST_TEST((contains(text_of(what), " s,") || contains(text_of(what), " ms,")), text_of(what));
}

BOOST_FIXTURE_TEST_CASE(tell_the_memory_used, nothing_left) {
  constexpr std::size_t size = 64 << 20;
  auto const small = fork([] {});
  auto const large = fork([] {
    std::vector<char> memory(size);
    for (std::size_t i = 0; i < size; i += 512) memory[i] = 1;
    return std::count(memory.begin(), memory.end(), 1);
  });
  BOOST_TEST(small.usage().max_resident_bytes > 0U);
  BOOST_TEST(large.usage().max_resident_bytes >= size);
  BOOST_TEST(large.usage().max_resident_bytes > small.usage().max_resident_bytes);
  BOOST_TEST(large.usage().minor_faults > 0U);
}

BOOST_FIXTURE_TEST_CASE(tell_the_cost_of_every_end, nothing_left) {
  gate const never;
  for (auto const* const end : {"exit", "throw", "kill", "timeout"}) {
    auto const what = fork(
        [&] {
          work_until(std::chrono::milliseconds{20});
          if (*end == 'e') ::_exit(1);
          if (*end == 't' && end[1] == 'h') throw 1;
          if (*end == 'k') ::raise(SIGKILL);
          never.pass();
        },
        {.timeout = *end == 't' && end[1] == 'i'
                        ? std::optional<std::chrono::nanoseconds>{std::chrono::milliseconds{50}}
                        : std::nullopt,
         .keep = never.ends()});
    BOOST_TEST_CONTEXT(end) {
      BOOST_TEST((what.usage().wall.count() > 0));
      BOOST_TEST(what.usage().max_resident_bytes > 0U);
      if (what.how() != ending::timed_out)
        BOOST_TEST((what.usage().user + what.usage().system >= std::chrono::milliseconds{10}));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace endings_test
