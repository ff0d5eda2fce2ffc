// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/filter_pass.hpp"
#include "posix/system_calls.hpp"
#include "process/sandbox_helpers.hpp"
#include "process/shared_memory.hpp"
#include "support/nothing_left.hpp"
#include "support/sanitizers.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// A server that has a sandbox enters it itself, as far as the kernel lets children inherit it. Each
// case asks several times: the first child is made when it is asked for, a later one ahead of need.

namespace sandboxed_server_test {

using namespace isolatte::test;
using namespace std::chrono_literals;
using boost::system::error_code;
using isolatte::call;
using isolatte::ending;
using isolatte::sandbox;

constexpr int rounds = 3;

/// A server with a sandbox, and its context.
struct place {
  explicit place(sandbox box) : server{ctx, {.sandbox = std::move(box)}} {}

  template <class Call>
  auto ask(const Call& what, isolatte::options opts = {}) {
    return serve(server, ctx, what, std::move(opts));
  }

  boost::asio::io_context ctx;
  isolatte::fork_server server;
};

sandbox refusing(sandbox box) {
  box.on_violation = isolatte::violation::refused;
  return box;
}

BOOST_FIXTURE_TEST_SUITE(sandboxed_server, isolatte::test::nothing_left)

BOOST_AUTO_TEST_CASE(what_every_child_does) {
  as_each_user([](findings& all) {
    place in{sandbox::pure()};
    for (int i = 0; i != rounds; ++i) {
      all.expect_value(in.ask(call([](std::string text) { return text + "!"; }, std::string{"a"})),
                       std::string{"a!"});
      auto const printed = in.ask(call([] {
                                    std::cout << "out";
                                    std::cerr << "err";
                                  }),
                                  {.out = isolatte::capture{}, .err = isolatte::capture{}});
      all.expect(printed.out_text() == "out" && printed.err_text() == "err", "the output", printed);
      all.expect_how(in.ask(call([] { throw std::runtime_error{"no"}; })), ending::threw);
      auto const left = in.ask(call([] { std::exit(3); }));
      all.expect(left.how() == ending::exited && left.exit_code() == 3, "the code", left);
      all.expect_how(in.ask(call(hang), {.timeout = 20ms}), ending::timed_out);
      all.expect_value(in.ask(call([] { return std::vector<double>(500'000, 1.5).size(); })),
                       std::size_t{500'000});
      all.expect_value(in.ask(call([](const std::vector<int>& many) { return many.size(); },
                                   std::vector<int>(100'000, 1))),
                       std::size_t{100'000});
    }
  });
}

BOOST_AUTO_TEST_CASE(the_number_of_the_leash_cannot_be_kept) {
  as_each_user([](findings& all) {
    place in{sandbox::pure()};
    // The program has its end of the server's socket there, which none but this test would name.
    int refused = 0;
    for (int fd = 3; fd != 64; ++fd) {
      if (::fcntl(fd, F_GETFD) == -1) continue;
      auto const done = in.ask(call([] { return 1; }), {.keep = {fd}});
      if (done) continue;
      all.expect_refused(done, EINVAL);
      ++refused;
    }
    all.expect(refused == 1, std::to_string(refused) + " refusals");
    all.expect_value(in.ask(call([] { return 1; })), 1);
  });
}

// A child that could write to the page of another process would choose which process the program
// ends and reaps for that.
BOOST_AUTO_TEST_CASE(a_child_has_no_page_but_its_own) {
  boost::asio::io_context ctx;
  isolatte::fork_server without{ctx};
  int const usual = serve(without, ctx, call(count_shared_mappings), {}).value_or(-2);
  BOOST_TEST(usual >= 1);
  place in{sandbox{.read = {"/proc"}}};
  for (int i = 0; i != rounds; ++i)
    BOOST_TEST(in.ask(call(count_shared_mappings)).value_or(-2) == usual);
}

BOOST_AUTO_TEST_CASE(faults_have_names) {
  as_each_user([](findings& all) {
    place in{sandbox::pure()};
    for (int i = 0; i != rounds; ++i) {
      auto const opened = in.ask(call([] { ::socket(AF_INET, SOCK_STREAM, 0); }));
      all.expect_fault(opened, SIGSYS, "socket");
      auto const aborted = in.ask(call([] { std::abort(); }));
      all.expect_fault(aborted, SIGABRT, "");
      for (auto const* one : {&opened, &aborted})
        all.expect(
            one->fault() && one->fault()->trace.find("sandboxed_server") != std::string::npos,
            "no name", *one);
      auto const unreported =
          in.ask(call([] { ::socket(AF_INET, SOCK_STREAM, 0); }), {.fault_report = false});
      all.expect(unreported.how() == ending::faulted && unreported.signal() == SIGSYS &&
                     !unreported.fault(),
                 "a report", unreported);
    }
  });
}

BOOST_AUTO_TEST_CASE(files_as_listed) {
  as_each_user([](findings& all) {
    place in{sandbox::reader({"/etc/passwd"})};
    for (int i = 0; i != rounds; ++i)
      all.expect_value(in.ask(call([] {
        return std::ifstream{"/etc/passwd"}.is_open() && !std::ifstream{"/etc/group"}.is_open() &&
               !std::ofstream{"/tmp/never"}.is_open();
      })),
                       true);
  });
}

BOOST_AUTO_TEST_CASE(no_other_process_is_signalled) {
  as_each_user([](findings& all) {
    place in{refusing(sandbox::pure())};
    int const server = in.server.pid();
    auto const signals = [](int program, int first) {
      std::vector<int> errors;
      // Says that it has worked, though it has reached no one. If it did, a stopped process would
      // go on, and no other would notice.
      ::kill(-1, SIGCONT);
      for (int const pid : {program, first, -first})
        errors.push_back(errno_of([&] { return ::kill(pid, SIGKILL); }));
      errors.push_back(errno_of([&] { return ::syscall(SYS_tgkill, first, first, SIGKILL); }));
      return errors;
    };
    pid_t const stopped = isolatte::test::bare_fork([] { isolatte::test::hang(); });
    isolatte::test::stop_child(stopped);
    for (int i = 0; i != rounds; ++i) {
      all.expect_value(in.ask(call(signals, ::getpid(), server)), std::vector<int>(4, EPERM));
      all.expect(in.server.pid() == server, "the server is another one");
    }
    siginfo_t info{};
    int const looked =
        ::waitid(P_PID, static_cast<id_t>(stopped), &info, WCONTINUED | WNOHANG | WNOWAIT);
    all.expect(looked == 0 && info.si_pid == 0, "the stopped process goes on");
    ::kill(stopped, SIGKILL);
    isolatte::test::wait_for(stopped);
  });
}

/// Does what only the library may do in a template, without its pass and with false ones.
std::vector<int> forge(std::uint64_t pass) {
  auto const with = [pass](long number, long a = 0, long b = 0, long c = 0, long d = 0,
                           long e = 0) {
    return errno_of([&] { return ::syscall(number, a, b, c, d, e, pass); });
  };
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  return {with(SYS_setpgid, 0, 0),
          with(SYS_close_range, 3, 1000, 0),
          with(SYS_clone, CLONE_PARENT | SIGCHLD),
          with(SYS_clone, CLONE_NEWUSER | SIGCHLD),
          with(SYS_fcntl, 1, F_SETOWN, ::getppid()),
          with(SYS_fcntl, 1, F_SETSIG, SIGKILL),
          with(SYS_setpriority, PRIO_PROCESS, 0, 5),
          with(SYS_capset, reinterpret_cast<long>(&header), reinterpret_cast<long>(sets)),
          with(SYS_setresuid, 0, 0, 0),
          with(SYS_setresgid, 0, 0, 0),
          with(SYS_setgroups, 0, 0),
          with(SYS_setns, 0, 0),
          with(SYS_prctl, PR_SET_DUMPABLE, 1),
          with(SYS_openat, AT_FDCWD, reinterpret_cast<long>("/etc/passwd"), O_RDONLY)};
}

BOOST_AUTO_TEST_CASE(no_pass_is_forged) {
  as_each_user([](findings& all) {
    place in{refusing(sandbox::pure())};
    std::vector<int> expected(14, EPERM);
    expected[1] = ENOSYS;
    expected[13] = EACCES;
    for (int i = 0; i != rounds; ++i)
      for (std::uint64_t const pass :
           {std::uint64_t{0}, std::uint64_t{0xffffffff}, ~std::uint64_t{0}, std::uint64_t{1} << 32})
        all.expect_value(in.ask(call(forge, pass)), expected);
    all.expect_value(in.ask(call([] { return isolatte::posix::filter_pass::held(); })), false);
  });
}

/// Looks for a number in all memory of this process that can be written, except where it is held.
/// @param hidden the number with all bits flipped
std::size_t copies_of(std::uint64_t hidden) {
  std::ifstream maps{"/proc/self/maps"};
  std::vector<std::pair<std::uintptr_t, std::uintptr_t>> writable;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields{line};
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char dash = 0;
    std::string access;
    fields >> std::hex >> begin >> dash >> end >> access;
    if (access.starts_with("rw") && line.find("[v") == std::string::npos)
      writable.emplace_back(begin, end);
  }
  std::size_t found = 0;
  for (auto const& [begin, end] : writable)
    for (auto at = begin; at != end; at += sizeof hidden)
      found += ~*reinterpret_cast<const volatile std::uint64_t*>(at) == hidden;
  return found;
}

BOOST_AUTO_TEST_CASE(a_pass_has_no_copy) {
  // A sanitizer has memory that cannot be read, and looks like other memory.
  if (!isolatte::test::malloc_refuses) return;
  std::string const found = in_bare_process([]() -> std::string {
    using isolatte::posix::filter_pass;
    if (!filter_pass::draw() || !filter_pass::held()) return "no pass";
    std::uint64_t hidden = 0;
    for (std::size_t i = 0; i != sizeof hidden; ++i)
      reinterpret_cast<volatile unsigned char*>(&hidden)[i] = static_cast<unsigned char>(
          ~reinterpret_cast<const volatile unsigned char*>(&filter_pass::bits)[i]);
    // With no filter the calls just work.
    auto const& sys = isolatte::posix::sys;
    if (sys.setpgid(0, 0) == -1 || sys.dup2(0, 100) != 100 || sys.fcntl(100, F_GETFD, 0) != 0 ||
        sys.close_range(100, 100) == -1 || sys.open("/dev/null", O_RDONLY, 0) == -1)
      return "a call fails with a pass";
    if (sys.fcntl(100, F_GETFD, 0) != -1 || errno != EBADF) return "the wrong errno";
    // The test finds what there is.
    if (copies_of(hidden) != 1) return "not one copy";
    filter_pass::forget();
    return copies_of(hidden) == 0 ? "" : "a copy is left";
  });
  BOOST_TEST(found == "");
}

BOOST_AUTO_TEST_CASE(credentials_of_the_program) {
  if (::geteuid() != 0) return;
  std::string const found = in_bare_process([] {
    place in{sandbox::pure()};
    static_cast<void>(in.ask(call([] {})));
    become_nobody();
    return found_by([&](findings& all) {
      for (int i = 0; i != rounds; ++i)
        all.expect_value(in.ask(call([] {
          __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
          __user_cap_data_struct sets[2]{};
          ::syscall(SYS_capget, &header, sets);
          return std::vector<unsigned>{::getuid(),        ::geteuid(),       ::getgid(),
                                       sets[0].effective, sets[0].permitted, sets[1].permitted};
        })),
                         std::vector<unsigned>{65534, 65534, 65534, 0, 0, 0});
    });
  });
  BOOST_TEST(found == "");
}

BOOST_AUTO_TEST_CASE(options_of_a_child) {
  as_each_user([](findings& all) {
    // The files of this process in /proc are root's as long as it cannot be dumped.
    ::prctl(PR_SET_DUMPABLE, 1);
    place in{sandbox::pure()};
    wire told;
    for (int i = 0; i != rounds; ++i) {
      auto const limited =
          in.ask(call(
                     [](int fd) {
                       rlimit files{};
                       ::getrlimit(RLIMIT_NOFILE, &files);
                       return std::vector<int>{static_cast<int>(::write(fd, "x", 1)),
                                               static_cast<int>(files.rlim_cur),
                                               ::getpriority(PRIO_PROCESS, 0)};
                     },
                     told.write_end()),
                 {.limits = {.open_files = 50, .nice = 19, .oom_score_adj = 500},
                  .keep = {told.write_end()}});
      all.expect_value(limited, std::vector<int>{1, 50, 19});
      all.expect_value(in.ask(call([] { return ::getpgrp() == ::getpid(); }), {.kill_tree = false}),
                       false);
      all.expect_value(in.ask(call([] { return ::getpgrp() == ::getpid(); })), true);
      all.expect_value(in.ask(call([] { return 1; }), {.die_with_parent = false}), 1);
    }
    all.expect_refused(in.ask(call([] {}), {.keep = isolatte::all_descriptors}), ENOTSUP);
  });
}

BOOST_AUTO_TEST_CASE(a_sandbox_within) {
  as_each_user([](findings& all) {
    place in{sandbox::reader({"/etc"})};
    auto const opens = [] {
      return std::vector<bool>{std::ifstream{"/etc/passwd"}.is_open(),
                               std::ifstream{"/etc/group"}.is_open(),
                               std::ifstream{"/proc/version"}.is_open()};
    };
    for (int i = 0; i != rounds; ++i) {
      all.expect_value(in.ask(call(opens)), std::vector<bool>{true, true, false});
      all.expect_value(in.ask(call(opens), {.sandbox = sandbox::reader({"/etc/passwd", "/proc"})}),
                       std::vector<bool>{true, false, false});
      all.expect_value(in.ask(call(opens), {.sandbox = sandbox::pure()}),
                       std::vector<bool>{false, false, false});
      all.expect_fault(in.ask(call([] { ::socket(AF_INET, SOCK_STREAM, 0); }),
                              {.sandbox = sandbox{.network = isolatte::any_network}}),
                       SIGSYS, "socket");
    }
    all.expect_how(in.ask(call([] {}), {.sandbox = sandbox{.isolate = {.processes = true}}}),
                   ending::not_started);
    all.expect_value(in.ask(call([] { return 1; })), 1);
  });
}

BOOST_AUTO_TEST_CASE(a_sandbox_that_is_not_inherited) {
  as_each_user([](findings& all) {
    sandbox box{.read = {"/etc"}, .isolate = {.processes = true}};
    if (!isolatte::sandbox_support().gaps(box).empty()) return;
    place in{box};
    for (int i = 0; i != rounds; ++i) {
      all.expect_value(in.ask(call([] { return ::getpid(); })), 2);
      all.expect_value(in.ask(call([] { return std::ifstream{"/etc/passwd"}.is_open(); }),
                              {.sandbox = sandbox::pure()}),
                       false);
      all.expect_fault(in.ask(call([] { ::socket(AF_INET, SOCK_STREAM, 0); }),
                              {.sandbox = sandbox{.network = isolatte::any_network}}),
                       SIGSYS, "socket");
    }
  });
}

BOOST_AUTO_TEST_CASE(without_landlock) {
  std::initializer_list<long> const landlock = {444, 445, 446};
  BOOST_TEST(without(landlock, ENOSYS, [](findings& all) {
               place in{sandbox::pure()};
               for (int i = 0; i != rounds; ++i) {
                 all.expect_value(in.ask(call([] { return 1; })), 1);
                 all.expect_fault(in.ask(call([] { ::socket(AF_INET, SOCK_STREAM, 0); })), SIGSYS,
                                  "socket");
               }
               try {
                 place strict{sandbox::reader({"/etc"})};
                 all.expect(false, "a strict server was made");
               } catch (const boost::system::system_error& error) {
                 all.expect(error.code() == isolatte::error::sandbox_unsupported,
                            error.code().message());
               }
               place lenient{{.read = {"/etc"}, .enforce = isolatte::enforcement::best_effort}};
               auto const served = lenient.ask(call([] { return 2; }));
               all.expect_value(served, 2);
               all.expect(!served.gaps().empty(), "no gaps", served);
             }) == "");
}

BOOST_AUTO_TEST_CASE(a_missing_path) {
  BOOST_CHECK_EXCEPTION(place{sandbox::reader({"/does/not/exist"})}, boost::system::system_error,
                        [](const auto& error) {
                          return error.code().value() == ENOENT &&
                                 std::string_view{error.what()}.find(
                                     "no such path: /does/not/exist") != std::string_view::npos;
                        });
  as_each_user([](findings& all) {
    place in{{.read = {"/does/not/exist"}, .enforce = isolatte::enforcement::best_effort}};
    auto const served = in.ask(call([] { return 1; }));
    all.expect_value(served, 1);
    all.expect(!served.gaps().empty(), "no gaps", served);
    auto const refused =
        in.ask(call([] { return 1; }), {.sandbox = sandbox::reader({"/does/not/exist/either"})});
    all.expect_refused(refused, ENOENT);
    all.expect(refused.reason().find("no such path: /does/not/exist/either") != std::string::npos,
               "the path", refused);
  });
}

BOOST_AUTO_TEST_CASE(a_server_that_died) {
  as_each_user([](findings& all) {
    place in{sandbox::pure()};
    for (int i = 0; i != rounds; ++i) {
      all.expect_value(in.ask(call([] { return 1; })), 1);
      int const server = in.server.pid();
      BOOST_REQUIRE(server > 0);
      ::kill(server, SIGKILL);
      // The server may not have ended yet.
      while (in.server.pid() == server || in.server.pid() == 0)
        static_cast<void>(in.ask(call([] {})));
      all.expect_value(in.ask(call([] { return 2; })), 2);
      all.expect_fault(in.ask(call([] { ::socket(AF_INET, SOCK_STREAM, 0); })), SIGSYS, "socket");
    }
  });
}

BOOST_AUTO_TEST_CASE(a_child_ends_with_the_program) {
  for (bool const slips : {false, true}) {
    wire alive;
    pid_t const program = bare_fork([&] {
      boost::asio::io_context ctx;
      isolatte::fork_server server{ctx, {.sandbox = refusing(sandbox::pure())}};
      for (int i = 0; i != rounds; ++i)
        server.async_fork(call(
                              [](int fd, bool tries) {
                                if (tries) slip_the_leash(fd);
                                static_cast<void>(::write(fd, "x", 1));
                                hang();
                              },
                              alive.write_end(), slips),
                          {.keep = {alive.write_end()}}, [](const error_code&, const auto&) {});
      ctx.run();
    });
    alive.close_write();
    for (int i = 0; i != rounds; ++i) BOOST_TEST(alive.await());
    end_child(program);
    alive.wait_until_closed();
  }
}

BOOST_AUTO_TEST_CASE(memory_is_not_shared) {
  as_each_user([](findings& all) {
    auto* const shared = static_cast<volatile int*>(
        ::mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    *shared = 1;
    place in{sandbox::pure()};
    auto const address = reinterpret_cast<std::uintptr_t>(shared);
    // Memory of the child's own may be there by now.
    for (int i = 0; i != rounds; ++i) {
      auto const wrote = in.ask(
          call([](std::uintptr_t at) { *reinterpret_cast<volatile int*>(at) = 2; }, address));
      all.expect(wrote.ran() == isolatte::ran::yes && *shared == 1, "shared memory", wrote);
    }
    ::munmap(const_cast<int*>(shared), sizeof(int));
  });
}

BOOST_AUTO_TEST_CASE(an_empty_network) {
  if (::geteuid() != 0) return;
  BOOST_TEST(found_by([](findings& all) {
               sandbox const box{.network = isolatte::any_network, .isolate = {.network = true}};
               if (!isolatte::sandbox_support().gaps(box).empty()) return;
               place in{box};
               for (int i = 0; i != rounds; ++i)
                 all.expect_value(in.ask(call([] {
                   int const fd = ::socket(AF_INET, SOCK_DGRAM, 0);
                   sockaddr_in to{};
                   to.sin_family = AF_INET;
                   to.sin_port = htons(9);
                   to.sin_addr.s_addr = htonl(0x7f000001);
                   return errno_of(
                       [&] { return ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to); });
                 })),
                                  ENETUNREACH);
             }) == "");
}

BOOST_AUTO_TEST_CASE(a_server_that_dies_while_it_makes_namespaces) {
  sandbox const box{.isolate = {.processes = true}};
  if (!isolatte::sandbox_support().gaps(box).empty()) return;
  // nothing_left looks for zombies.
  for (int round = 0; round != 20; ++round) {
    place in{box};
    int ended = 0;
    for (int i = 0; i != 8; ++i)
      in.server.async_fork(call([] {}), {}, [&](const error_code&, const auto&) { ++ended; });
    in.ctx.run_for(std::chrono::microseconds{200 * (round % 10 + 1)});
    if (in.server.pid() != 0) ::kill(in.server.pid(), SIGKILL);
    in.ctx.restart();
    in.ctx.run();
    BOOST_TEST(ended == 8);
  }
}

BOOST_AUTO_TEST_CASE(a_server_that_cannot_be_confined) {
  // A library may begin threads anew in a child.
  std::string const found = in_bare_process([] {
    ::pthread_atfork(nullptr, nullptr, [] { std::thread{[] { ::pause(); }}.detach(); });
    return found_by([](findings& all) {
      place in{sandbox::pure()};
      for (int i = 0; i != rounds; ++i) all.expect_refused(in.ask(call([] {})), EBUSY);
    });
  });
  BOOST_TEST(found == "");
}

BOOST_AUTO_TEST_CASE(many_at_once) {
  as_each_user([](findings& all) {
    place in{sandbox::pure()};
    int returned = 0;
    for (int i = 0; i != 50; ++i)
      in.server.async_fork(call([](int n) { return n; }, i), {},
                           [&, i](const error_code&, const isolatte::outcome<int>& o) {
                             returned += o && o.value() == i;
                           });
    in.ctx.run();
    all.expect(returned == 50, std::to_string(returned) + " of 50");
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sandboxed_server_test
