// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child_page.hpp"
#include "posix/system_calls.hpp"
#include "process/sandbox_helpers.hpp"
#include "process/shared_memory.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <mutex>
#include <optional>
#include <random>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace sandbox_test {

using namespace isolatte::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
using isolatte::ending;

BOOST_FIXTURE_TEST_SUITE(sandbox, isolatte::test::nothing_left)

// Code that computes

BOOST_AUTO_TEST_CASE(threads_and_clocks) {
  as_each_user([](findings& all) {
    all.expect_value(run(isolatte::sandbox::pure(),
                         [] {
                           constexpr int count = 64;
                           std::atomic<int> sum = 0;
                           std::mutex mutex;
                           std::condition_variable condition;
                           bool go = false;
                           std::vector<std::thread> threads;
                           for (int i = 0; i != count; ++i)
                             threads.emplace_back([&] {
                               std::vector<char> const megabyte(1024 * 1024, 1);
                               std::unique_lock lock{mutex};
                               condition.wait(lock, [&] { return go; });
                               sum += megabyte.back();
                             });
                           {
                             std::lock_guard const lock{mutex};
                             go = true;
                           }
                           condition.notify_all();
                           for (auto& each : threads) each.join();
                           std::unique_lock lock{mutex};
                           condition.wait_for(lock, 1ms);
                           std::this_thread::sleep_for(1ms);
                           return sum + std::async(std::launch::async, [] { return 1; }).get();
                         }),
                     65);
  });
}

BOOST_AUTO_TEST_CASE(the_standard_library) {
  as_each_user([](findings& all) {
    all.expect_value(run(isolatte::sandbox::pure(),
                         [] {
                           std::ostringstream text;
                           try {
                             throw std::runtime_error{"caught"};
                           } catch (const std::exception& error) {
                             text << error.what();
                           }
                           std::random_device device;
                           text << ' ' << (device() != device() || device() != device());
                           text << ' ' << std::regex_match("abc", std::regex{"a.c"});
                           std::time_t const epoch = 0;
                           text << ' ' << std::localtime(&epoch)->tm_year;
                           text << ' ' << (std::thread::hardware_concurrency() != 0);
                           return text.str();
                         }),
                     std::string{"caught 1 1 70 1"});
    all.expect_value(run(isolatte::sandbox::pure(),
                         [] {
                           bool known = false;
                           std::thread{[&] {
                             pthread_attr_t attributes;
                             known = ::pthread_getattr_np(::pthread_self(), &attributes) == 0;
                           }}.join();
                           return known;
                         }),
                     true);
  });
}

BOOST_AUTO_TEST_CASE(output_is_captured) {
  as_each_user([](findings& all) {
    auto const o = run(isolatte::sandbox::pure(),
                       [] {
                         std::printf("by printf\n");
                         std::cout << "by cout" << std::endl;
                       },
                       {.out = isolatte::capture{}});
    all.expect(o.out_text() == "by printf\nby cout\n", "the output: " + o.out_text(), o);
  });
}

BOOST_AUTO_TEST_CASE(memory_comes_and_goes) {
  as_each_user([](findings& all) {
    all.expect_value(run(isolatte::sandbox::pure(),
                         [] {
                           constexpr std::size_t large = std::size_t{1} << 28;
                           for (int i = 0; i != 2; ++i) used(new char[large])[large / 2] = 1;
                           std::size_t total = 0;
                           std::thread{[&] {
                             std::vector<std::vector<char>> pieces;
                             for (int i = 0; i != 2000; ++i) pieces.emplace_back(60 * 1024, 'x');
                             for (auto const& each : pieces) total += each.size();
                           }}.join();
                           return total;
                         }),
                     std::size_t{2000} * 60 * 1024);
  });
}

BOOST_AUTO_TEST_CASE(results_and_exits) {
  as_each_user([](findings& all) {
    auto const pure = isolatte::sandbox::pure();
    all.expect_value(run(pure, [] { return std::vector<std::string>(3, "text"); }),
                     std::vector<std::string>(3, "text"));
    all.expect_value(run(pure, [] { return std::vector<double>(500'000, 1.5).size(); }),
                     std::size_t{500'000});
    all.expect_value(run(pure, [] { return std::vector<double>(500'000, 1.5); }),
                     std::vector<double>(500'000, 1.5));
    all.expect_how(run(pure, [] { throw std::out_of_range{"far"}; }), ending::threw);
    auto const exits = run(pure, [] { std::exit(3); });
    all.expect(exits.how() == ending::exited && exits.exit_code() == 3, "exit(3)", exits);
    auto const quick = run(pure, [] { std::quick_exit(4); });
    all.expect(quick.how() == ending::exited && quick.exit_code() == 4, "quick_exit(4)", quick);
  });
}

[[gnu::noinline]] int overflow(int depth) {  // NOLINT(misc-no-recursion)
  char volatile room[1024];
  room[0] = static_cast<char>(depth);
  if (depth < 0) return 0;
  return overflow(depth + 1) + room[0];
}

BOOST_AUTO_TEST_CASE(faults_are_reported) {
  as_each_user([](findings& all) {
    auto const pure = isolatte::sandbox::pure();
    auto const aborted = run(pure, [] { std::abort(); });
    all.expect_fault(aborted, SIGABRT, "");
    all.expect(aborted.fault() && !aborted.fault()->trace.empty(), "a trace", aborted);
    if (with_asan) {
      // UBSan finds a null pointer before the write.
      all.expect_fault(run(pure, [] { std::raise(SIGSEGV); }), SIGSEGV, "");
      return;
    }
    all.expect_fault(run(pure, [] { *used(static_cast<int*>(nullptr)) = 1; }), SIGSEGV, "");
    all.expect_fault(run(pure, [] { return overflow(0); }), SIGSEGV, "");
    all.expect_how(run(pure, [] { hang(); }, {.timeout = 50ms}), ending::timed_out);
  });
}

BOOST_AUTO_TEST_CASE(files_are_refused_quietly) {
  as_each_user([](findings& all) {
    all.expect_value(run(isolatte::sandbox::pure(),
                         [] {
                           std::error_code ec;
                           static_cast<void>(fs::exists("/etc/passwd", ec));
                           return ec.value();
                         }),
                     EACCES);
    all.expect_value(run(isolatte::sandbox::pure(),
                         [] {
                           return std::ifstream{"/etc/passwd"}.is_open() ||
                                  ::getpwuid(::getuid()) != nullptr;
                         }),
                     false);
  });
}

// Files

BOOST_AUTO_TEST_CASE(a_reader_reads) {
  shared_folder const folder;
  write_text(folder / "file", "text");
  as_each_user([&](findings& all) {
    all.expect_value(run(isolatte::sandbox::reader({folder.path()}),
                         [&] {
                           std::string text = read_file(folder / "file");
                           for (auto const& each : fs::directory_iterator{folder.path()})
                             text += ' ' + each.path().filename().string();
                           return text + ' ' + std::to_string(fs::file_size(folder / "file"));
                         }),
                     std::string{"text file 4"});
  });
}

BOOST_AUTO_TEST_CASE(a_writer_writes) {
  as_each_user([](findings& all) {
    shared_folder const folder;
    all.expect_value(run(isolatte::sandbox::writer({folder.path()}),
                         [&] {
                           write_text(folder / "a", "one");
                           std::ofstream{folder / "a", std::ios::app} << "two";
                           fs::rename(folder / "a", folder / "b");
                           fs::create_directory(folder / "d");
                           fs::rename(folder / "b", folder / "d/b");
                           fs::copy_file(folder / "d/b", folder / "c");
                           fs::resize_file(folder / "c", 3);
                           fs::create_symlink("c", folder / "l");
                           std::string const text =
                               read_file(folder / "l") + read_file(folder / "d/b");
                           fs::remove_all(folder / "d");
                           return text;
                         }),
                     std::string{"oneonetwo"});
  });
}

BOOST_AUTO_TEST_CASE(a_writer_does_not_leave_its_folder) {
  as_each_user([](findings& all) {
    shared_folder const folder;
    fs::create_directory(folder / "in");
    fs::permissions(folder / "in", fs::perms::all);
    write_text(folder / "secret", "secret");
    fs::permissions(folder / "secret", fs::perms::all);
    auto const attempts = [&] {
      std::string found;
      auto const refused = [&](const char* what, long result, int error) {
        if (result != -1 || errno != error)
          found += std::string{what} + ": " + std::to_string(result == -1 ? errno : 0) + ' ';
      };
      int const directory = ::open((folder / "in").c_str(), O_PATH | O_DIRECTORY);
      refused("open", ::open((folder / "secret").c_str(), O_RDONLY), EACCES);
      refused("create", ::open((folder / "new").c_str(), O_CREAT | O_WRONLY, 0600), EACCES);
      refused("openat", ::openat(directory, "../secret", O_RDONLY), EACCES);
      fs::create_symlink(folder / "secret", folder / "in/link");
      refused("symlink", ::open((folder / "in/link").c_str(), O_RDONLY), EACCES);
      refused("truncate", ::truncate((folder / "secret").c_str(), 0), EACCES);
      refused("link", ::link((folder / "secret").c_str(), (folder / "in/hard").c_str()), EXDEV);
      write_text(folder / "in/mine", "mine");
      long const moved = ::rename((folder / "in/mine").c_str(), (folder / "mine").c_str());
      if (moved != -1 || (errno != EACCES && errno != EXDEV)) found += "rename out ";
      refused("execute", ::chmod((folder / "in/mine").c_str(), 0777), EPERM);
      return found;
    };
    all.expect_value(run(isolatte::sandbox::writer({folder / "in"}), attempts), std::string{});
    all.expect(read_file(folder / "secret") == "secret", "the secret has changed");
  });
}

BOOST_AUTO_TEST_CASE(no_file_takes_on_its_owners_rights) {
  as_each_user([](findings& all) {
    shared_folder const folder;
    all.expect_value(run(isolatte::sandbox::writer({folder.path()}),
                         [&] {
                           auto const file = folder / "file";
                           int const fd = ::open(file.c_str(), O_CREAT | O_RDWR, 0600);
                           std::string found;
                           if (::fchmod(fd, 0750) != 0) found += "fchmod ";
                           if (::fchmod(fd, 04750) == 0) found += "fchmod with set-user-ID ";
                           if (::open((folder / "n").c_str(), O_CREAT | O_RDWR, 04750) != -1)
                             found += "open with set-user-ID ";
                           if (::open(file.c_str(), O_RDONLY) == -1) found += "open ";
                           return found;
                         }),
                     std::string{});
    // Else a folder that may be written would be a way to change permissions in the other.
    auto box = isolatte::sandbox::writer({folder.path()});
    box.read = {"/etc"};
    write_text(folder / "other", "");
    all.expect_value(
        run(box, [&] { return ::fchmod(::open((folder / "other").c_str(), O_RDWR), 0777); }), 0);
    all.expect(
        (fs::status(folder / "other").permissions() & fs::perms::others_write) == fs::perms::none,
        "the permissions have changed");
  });
}

BOOST_AUTO_TEST_CASE(a_reader_changes_nothing) {
  as_each_user([](findings& all) {
    shared_folder const folder;
    write_text(folder / "file", "text");
    fs::permissions(folder / "file", fs::perms::all);
    all.expect_value(run(isolatte::sandbox::reader({folder.path()}),
                         [&] {
                           std::string found;
                           auto const refused = [&](const char* what, long result) {
                             if (result != -1 || errno != EACCES) found += what;
                           };
                           auto const file = folder / "file";
                           refused("create ",
                                   ::open((folder / "n").c_str(), O_CREAT | O_RDWR, 0600));
                           refused("trunc ", ::open(file.c_str(), O_RDONLY | O_TRUNC));
                           refused("write ", ::open(file.c_str(), O_WRONLY));
                           refused("truncate ", ::truncate(file.c_str(), 0));
                           refused("unlink ", ::unlink(file.c_str()));
                           return found;
                         }),
                     std::string{});
    all.expect(read_file(folder / "file") == "text", "the file has changed");
  });
}

BOOST_AUTO_TEST_CASE(the_programs_memory_is_not_in_proc) {
  as_each_user([](findings& all) {
    all.expect_value(run(isolatte::sandbox::reader({"/proc"}),
                         [parent = ::getpid()] {
                           std::string found;
                           for (auto const* const name : {"mem", "environ", "maps"}) {
                             auto const path = "/proc/" + std::to_string(parent) + '/' + name;
                             if (::open(path.c_str(), O_RDONLY) != -1)
                               found += path;
                             else if (errno != EACCES && errno != EPERM)
                               found += path + " errno";
                           }
                           return found;
                         }),
                     std::string{});
  });
}

BOOST_AUTO_TEST_CASE(paths_that_cannot_be_listed) {
  as_each_user([](findings& all) {
    auto const names = [&](const isolatte::outcome<void>& refused, const std::string& gap) {
      all.expect(
          refused.gaps() == std::vector{gap} && refused.reason().find(gap) != std::string::npos,
          "the path", refused);
    };
    auto const missing = run(isolatte::sandbox::reader({"/etc", "/does/not/exist"}), [] {});
    all.expect_refused(missing, ENOENT);
    names(missing, "no such path: /does/not/exist");
    auto const own = run(isolatte::sandbox::reader({"/proc/self"}), [] {});
    all.expect_refused(own, EINVAL);
    names(own, "no path that a sandbox can allow: /proc/self");
    all.expect_refused(run(isolatte::sandbox::reader({"/dev/fd"}), [] {}), EINVAL);
    auto const skipped = run(
        {.read = {"/does/not/exist", "/etc/passwd"}, .enforce = isolatte::enforcement::best_effort},
        [] { return std::ifstream{"/etc/passwd"}.is_open(); });
    all.expect_value(skipped, true);
    all.expect(skipped.gaps().size() == 1 &&
                   skipped.gaps()[0].find("/does/not/exist") != std::string::npos,
               "a gap", skipped);
    auto const unwritable =
        run({.write = {"/does/not/exist"}, .enforce = isolatte::enforcement::best_effort}, [] {});
    all.expect_refused(unwritable, ENOENT);
    names(unwritable, "no such path: /does/not/exist");
  });
}

BOOST_AUTO_TEST_CASE(options_that_undo_a_sandbox) {
  as_each_user([](findings& all) {
    all.expect_refused(run({}, [] {}, {.keep = isolatte::all_descriptors}), EINVAL);
    for (std::string const name : {"ptrace", "clone", "io_uring_setup", "no_such_call", ""}) {
      auto const refused = run({.system_calls = {"getsid", name}}, [] {});
      all.expect_refused(refused, EINVAL);
      all.expect(
          refused.gaps().size() == 1 && refused.gaps()[0].ends_with(" system call: " + name) !=
                                            refused.gaps()[0].ends_with(" by name: " + name),
          "the name", refused);
    }
    all.expect_value(run({.system_calls = {"sysinfo", "getsid"}}, [] { return ::getsid(0) >= 0; }),
                     true);
  });
}

// Processes

BOOST_AUTO_TEST_CASE(no_process_is_made) {
  as_each_user([](findings& all) {
    auto const pure = isolatte::sandbox::pure();
    all.expect_value(run(pure, [] { return errno_of([] { return ::fork(); }); }), EPERM);
    all.expect_value(
        run(pure,
            [] { return errno_of([] { return ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }); }),
        EPERM);
#if defined(SYS_vfork)
    all.expect_value(run(pure, [] { return errno_of([] { return ::syscall(SYS_vfork); }); }),
                     EPERM);
#endif
    all.expect_value(run(pure, [] { return errno_of([] { return ::syscall(435, 0, 0); }); }),
                     ENOSYS);
    all.expect_value(run(pure, [] { return WEXITSTATUS(std::system("/bin/true")); }), 127);
    all.expect_fault(run(pure,
                         [] {
                           char* none[] = {nullptr};
                           return ::execve("/bin/true", none, none);
                         }),
                     SIGSYS, "execve");
  });
}

isolatte::sandbox with_processes() {
  return {.execute = {"/bin", "/usr", "/lib", "/lib64"}, .processes = true};
}

BOOST_AUTO_TEST_CASE(processes_run_if_they_may) {
  as_each_user([](findings& all) {
    all.expect_value(run(with_processes(), [] { return std::system("/bin/true"); }), 0);
    all.expect_value(run(with_processes(),
                         [] {
                           FILE* const pipe = ::popen("ls /usr | head -n 1", "r");
                           char line[64] = "";
                           bool const there = std::fgets(line, sizeof line, pipe) != nullptr;
                           return ::pclose(pipe) == 0 && there;
                         }),
                     true);
  });
}

BOOST_AUTO_TEST_CASE(what_was_written_is_not_executed) {
  as_each_user([](findings& all) {
    shared_folder const folder;
    auto box = with_processes();
    box.write = {folder.path()};
    all.expect_value(
        run(box,
            [&] {
              fs::copy_file("/bin/true", folder / "mine");
              char* none[] = {nullptr};
              return errno_of([&] { return ::execve((folder / "mine").c_str(), none, none); });
            }),
        EACCES);
  });
}

BOOST_AUTO_TEST_CASE(no_namespace_and_no_sibling_is_made) {
  as_each_user([](findings& all) {
    for (unsigned long const flags :
         {0x10000000UL | SIGCHLD, 0x10000000UL | 1UL << 32 | SIGCHLD, 0x8000UL | SIGCHLD})
      all.expect_fault(run(with_processes(), [flags] { ::syscall(SYS_clone, flags, 0, 0, 0, 0); }),
                       SIGSYS, "clone");
    all.expect_fault(run(with_processes(), [] { ::unshare(0x10000000); }), SIGSYS, "unshare");
    all.expect_fault(run(with_processes(), [] { ::setns(0, 0); }), SIGSYS, "setns");
  });
}

BOOST_AUTO_TEST_CASE(privileges_are_gone) {
  as_each_user([](findings& all) {
    all.expect_fault(run(with_processes(), [] { ::syscall(SYS_setuid, 0); }), SIGSYS, "setuid");
    all.expect_fault(run(with_processes(), [] { ::syscall(SYS_personality, 0x0040000); }), SIGSYS,
                     "personality");
    auto box = with_processes();
    box.read = {"/proc"};
    all.expect_value(run(box, [] { return capabilities_of("self"); }),
                     std::string{"0000000000000000"});
    all.expect_value(
        run(box,
            [] {
              // A program that root executes is given none either.
              return std::system("exec /bin/grep -q '^CapEff:.0000000000000000' /proc/self/status");
            }),
        0);
  });
}

BOOST_AUTO_TEST_CASE(calls_that_undo_a_sandbox) {
  struct call {
    const char* name;
    long number;
  };
  constexpr call calls[] = {
      {"ptrace", SYS_ptrace},
      {"process_vm_writev", SYS_process_vm_writev},
      {"kcmp", SYS_kcmp},
      {"perf_event_open", SYS_perf_event_open},
      {"userfaultfd", SYS_userfaultfd},
      {"bpf", SYS_bpf},
      {"keyctl", SYS_keyctl},
      {"add_key", SYS_add_key},
      {"mount", SYS_mount},
      {"fsopen", 430},
      {"init_module", SYS_init_module},
      {"open_by_handle_at", SYS_open_by_handle_at},
      {"pidfd_getfd", 438},
      {"process_madvise", 440},
      {"rt_sigqueueinfo", SYS_rt_sigqueueinfo},
      {"tkill", SYS_tkill},
#if defined(SYS_modify_ldt)
      {"modify_ldt", SYS_modify_ldt},
#endif
  };
  as_each_user([&](findings& all) {
    for (auto const& box : every_sandbox())
      for (auto const& each : calls)
        all.expect_fault(run(box, [number = each.number] { ::syscall(number, 0, 0, 0, 0, 0, 0); }),
                         SIGSYS, each.name);
  });
}

BOOST_AUTO_TEST_CASE(calls_that_libraries_try) {
  as_each_user([](findings& all) {
    for (auto const& box : every_sandbox()) {
      all.expect_value(
          run(box,
              [parent = ::getppid()] {
                std::string found;
                for (long const number : {425L, 437L, 600L, 436L})
                  if (errno_of([=] { return ::syscall(number, 1, 0, 0, 0, 0, 0); }) != ENOSYS)
                    found += std::to_string(number) + ' ';
                if (errno_of([=] {
                      return ::syscall(SYS_process_vm_readv, parent, 0, 0, 0, 0, 0);
                    }) != ENOSYS)
                  found += "process_vm_readv";
                return found;
              }),
          std::string{});
      all.expect_fault(run(box,
                           [] {
                             constexpr int new_listener = 1 << 3;
                             ::syscall(SYS_seccomp, 1, new_listener, nullptr);
                           }),
                       SIGSYS, "seccomp");
    }
  });
}

#if defined(__x86_64__)
BOOST_AUTO_TEST_CASE(foreign_architectures) {
  as_each_user([](findings& all) {
    for (auto const& box : every_sandbox()) {
      auto const old = run(box, [] {
        int result = 0;
        asm volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
        return result;
      });
      all.expect(old.how() == ending::faulted && old.signal() == SIGSYS, "int 0x80", old);
      auto const x32 = run(box, [] { return ::syscall(0x40000000 + SYS_getpid); });
      all.expect(x32.how() == ending::faulted && x32.signal() == SIGSYS, "x32", x32);
    }
  });
}
#endif

BOOST_AUTO_TEST_CASE(a_violation_in_another_thread) {
  as_each_user([](findings& all) {
    auto const o = run(isolatte::sandbox::pure(),
                       [] { std::thread{[] { ::socket(AF_INET, SOCK_STREAM, 0); }}.join(); });
    all.expect_fault(o, SIGSYS, "socket");
    all.expect(o.fault() && !o.fault()->trace.empty(), "a trace", o);
  });
}

BOOST_AUTO_TEST_CASE(how_a_violation_shows) {
  as_each_user([](findings& all) {
    auto const forbidden = [] {
      return errno_of([] { return ::socket(AF_INET, SOCK_STREAM, 0); });
    };
    all.expect_value(run({.on_violation = isolatte::violation::refused}, forbidden), EPERM);
    auto const unreported = run({}, forbidden, {.fault_report = false});
    all.expect(
        unreported.how() == ending::faulted && unreported.signal() == SIGSYS && !unreported.fault(),
        "without a report", unreported);
    std::ostringstream text;
    text << run({}, forbidden);
    all.expect(text.str().starts_with("faulted: SIGSYS, socket is not allowed (pid "), text.str());
    // A handler of the callable's own would hide the violation.
    all.expect_value(run({},
                         [] {
                           struct sigaction ignore{};
                           ignore.sa_handler = SIG_IGN;
                           return errno_of([&] { return ::sigaction(SIGSYS, &ignore, nullptr); });
                         }),
                     EINVAL);
  });
}

BOOST_AUTO_TEST_CASE(no_other_process_is_signalled) {
  as_each_user([](findings& all) {
    int const self = ::getpid();
    auto const pure = isolatte::sandbox::pure();
    all.expect_fault(run(pure, [=] { ::kill(self, SIGKILL); }), SIGSYS, "kill");
    all.expect_fault(run(pure, [=] { ::kill(-1, SIGCONT); }), SIGSYS, "kill");
    all.expect_fault(run(pure, [=] { ::syscall(SYS_kill, self + (1L << 32), SIGKILL); }), SIGSYS,
                     "kill");
    all.expect_fault(run(pure, [=] { ::syscall(SYS_tgkill, self, self, SIGKILL); }), SIGSYS,
                     "tgkill");
    all.expect_value(run(pure, [] { return ::kill(::getpid(), 0); }), 0);
    all.expect_value(
        run({.processes = true},
            [=] {
              std::string found;
              if (errno_of([=] { return ::kill(self, SIGKILL); }) != EPERM) found += "kill ";
              if (errno_of([=] { return ::syscall(SYS_kill, self + (1L << 32), 9); }) != EPERM)
                found += "kill with upper bits ";
              if (errno_of([=] { return ::syscall(SYS_tgkill, self, self, 9); }) != EPERM)
                found += "tgkill ";
              auto const pidfd = static_cast<int>(::syscall(434, self, 0));
              if (pidfd != -1 &&
                  errno_of([=] { return ::syscall(424, pidfd, SIGKILL, nullptr, 0); }) != EPERM)
                found += "pidfd ";
              return found;
            }),
        std::string{});
    all.expect_fault(run(pure, [=] { ::syscall(SYS_prlimit64, self, 0, nullptr, nullptr); }),
                     SIGSYS, "prlimit64");
    all.expect_fault(
        run({.processes = true}, [=] { ::syscall(SYS_prlimit64, self, 0, nullptr, nullptr); }),
        SIGSYS, "prlimit64");
  });
}

BOOST_AUTO_TEST_CASE(no_descriptor_sends_signals) {
  as_each_user([](findings& all) {
    int const self = ::getpid();
    for (auto const& box : every_sandbox()) {
      all.expect_fault(run(box,
                           [=] {
                             int ends[2];
                             if (::pipe(ends) == 0) ::fcntl(ends[0], F_SETOWN, self);
                           }),
                       SIGSYS, "fcntl");
      all.expect_fault(run(box,
                           [] {
                             int ends[2];
                             if (::pipe(ends) == 0) ::fcntl(ends[0], F_SETSIG, SIGKILL);
                           }),
                       SIGSYS, "fcntl");
      all.expect_fault(run(box,
                           [] {
                             int ends[2];
                             if (::pipe(ends) == 0) ::fcntl(ends[0], F_SETFL, O_ASYNC);
                           }),
                       SIGSYS, "fcntl");
      for (unsigned long const request : {0x8901UL, 0x5452UL})
        all.expect_fault(run(box,
                             [=] {
                               int ends[2];
                               int value = self;
                               if (::pipe(ends) == 0)
                                 ::syscall(SYS_ioctl, ends[0], request, &value);
                             }),
                         SIGSYS, "ioctl");
    }
  });
}

// The network

BOOST_AUTO_TEST_CASE(no_sockets) {
  as_each_user([](findings& all) {
    for (auto const& box : {isolatte::sandbox::pure(), isolatte::sandbox::reader({"/etc"})}) {
      for (int const family : {AF_INET, AF_INET6, AF_PACKET, 38 /* ALG */, 40 /* VSOCK */})
        all.expect_fault(run(box, [=] { ::socket(family, SOCK_STREAM, 0); }), SIGSYS, "socket");
      all.expect_fault(run(box,
                           [] {
                             int ends[2];
                             ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
                           }),
                       SIGSYS, "socketpair");
    }
    for (auto const& box : every_sandbox())
      all.expect_value(
          run(box, [] { return errno_of([] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }); }),
          EACCES);
    for (int const family : {AF_PACKET, 38, 40})
      all.expect_fault(
          run({.network = isolatte::any_network}, [=] { ::socket(family, SOCK_STREAM, 0); }),
          SIGSYS, "socket");
    all.expect_fault(
        run({.network = isolatte::any_network}, [=] { ::socket(AF_INET, SOCK_RAW, 1); }), SIGSYS,
        "socket");
  });
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int connect_to(std::uint16_t port) {
  int const fd = ::socket(AF_INET, SOCK_STREAM, 0);
  auto const address = loopback(port);
  int const result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  int const error = result == -1 ? errno : 0;
  ::close(fd);
  return error;
}

/// A port at which no socket listens.
std::uint16_t closed_port() {
  int const fd = ::socket(AF_INET, SOCK_STREAM, 0);
  auto address = loopback(0);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

BOOST_AUTO_TEST_CASE(any_network) {
  as_each_user([](findings& all) {
    all.expect_value(run({.network = isolatte::any_network},
                         [port = closed_port()] {
                           addrinfo hints{};
                           hints.ai_flags = AI_NUMERICHOST;
                           addrinfo* found = nullptr;
                           if (::getaddrinfo("127.0.0.1", "80", &hints, &found) != 0) return -1;
                           ::freeaddrinfo(found);
                           return connect_to(port);
                         }),
                     ECONNREFUSED);
  });
}

BOOST_AUTO_TEST_CASE(listed_ports) {
  as_each_user([](findings& all) {
    auto const allowed = closed_port();
    auto const other = static_cast<std::uint16_t>(allowed == 65535 ? 1024 : allowed + 1);
    isolatte::sandbox const box{.network = isolatte::tcp{.connect = {allowed}}};
    if (!isolatte::sandbox_support().gaps(box).empty()) {
      all.expect_error(run(box, [] {}), isolatte::error::sandbox_unsupported);
      return;
    }
    all.expect_value(run(box, [=] { return connect_to(allowed); }), ECONNREFUSED);
    all.expect_value(run(box, [=] { return connect_to(other); }), EACCES);
    all.expect_value(run(box,
                         [=] {
                           // The first packet of a fast open connects without connect().
                           int const fd = ::socket(AF_INET, SOCK_STREAM, 0);
                           auto const address = loopback(other);
                           return errno_of([&] {
                             return ::sendto(fd, "x", 1, MSG_FASTOPEN,
                                             reinterpret_cast<const sockaddr*>(&address),
                                             sizeof address);
                           });
                         }),
                     EACCES);
    all.expect_fault(run(box, [] { ::socket(AF_INET, SOCK_DGRAM, 0); }), SIGSYS, "socket");
    all.expect_fault(run(box, [] { ::socket(AF_INET, SOCK_STREAM, 262 /* MPTCP */); }), SIGSYS,
                     "socket");
    all.expect_value(run(box,
                         [] {
                           int const fd = ::socket(AF_INET, SOCK_STREAM, 0);
                           return errno_of([=] { return ::listen(fd, 1); });
                         }),
                     EACCES);
  });
}

BOOST_AUTO_TEST_CASE(an_empty_network) {
  as_each_user([](findings& all) {
    isolatte::sandbox const box{.network = isolatte::any_network, .isolate = {.network = true}};
    if (!isolatte::sandbox_support().gaps(box).empty()) {
      all.expect_error(run(box, [] {}), isolatte::error::sandbox_unsupported);
      return;
    }
    all.expect_value(run(box, [port = closed_port()] { return connect_to(port); }), ENETUNREACH);
    auto readable = box;
    readable.read = {"/proc"};
    all.expect_value(run(readable, [] { return capabilities_of("self"); }),
                     std::string{"0000000000000000"});
  });
}

// The program's end

/// Sends a descriptor to this process, and changes what it gets.
void pass_to_self(const int (&ends)[2], int fd) {
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  if (::sendmsg(ends[0], &message, 0) != 1 || ::recvmsg(ends[1], &message, 0) != 1) return;
  int copy = -1;
  std::memcpy(&copy, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof copy);
  ::fcntl(copy, F_SETFL, 0);
}

void ends_with_the_program(const isolatte::sandbox& box, void (*attack)(int needed)) {
  wire alive;
  pid_t const program = bare_fork([&] {
    static_cast<void>(isolatte::fork(
        [&] {
          attack(alive.write_end());
          alive.tell();
          hang();
        },
        {.keep = {alive.write_end()}, .sandbox = box}));
  });
  alive.close_write();
  BOOST_TEST(alive.await());
  end_child(program);
  alive.wait_until_closed();
}

BOOST_AUTO_TEST_CASE(a_sandboxed_child_ends_with_the_program) {
  for (auto const& box : every_sandbox()) {
    ends_with_the_program(box, [](int) {});
    ends_with_the_program(box, slip_the_leash);
  }
}

BOOST_AUTO_TEST_CASE(the_leash_is_not_passed_around) {
  auto box = with_processes();
  box.on_violation = isolatte::violation::refused;
  ends_with_the_program(box, [](int needed) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0) slip_the_leash(needed);
  });
}

BOOST_AUTO_TEST_CASE(no_process_leaves_the_group) {
  as_each_user([](findings& all) {
    all.expect_value(run({.processes = true},
                         [] {
                           if (::fork() == 0) ::_exit(::setsid() == -1 ? errno : 0);
                           int status = 0;
                           ::wait(&status);
                           return WEXITSTATUS(status);
                         }),
                     EPERM);
  });
}

BOOST_AUTO_TEST_CASE(a_fork_bomb) {
  as_each_user([](findings& all) {
    isolatte::options const limited{.limits = {.processes = 40}};
    auto const bomb = [] {
      int made = 0;
      for (int i = 0; i != 100; ++i) {
        pid_t const pid = ::fork();
        if (pid == 0) hang();
        made += pid > 0;
      }
      return made;
    };
    auto const o = run({.processes = true}, bomb, limited);
    if (::geteuid() == 0)
      all.expect_error(o, isolatte::error::sandbox_unsupported);
    else
      all.expect(o && o.value() <= 40, "at most 40", o);
  });
}

BOOST_AUTO_TEST_CASE(a_memory_bomb) {
  if (!malloc_refuses) return;
  as_each_user([](findings& all) {
    all.expect_value(run(isolatte::sandbox::pure(),
                         [] {
                           try {
                             std::vector<std::vector<char>> bomb;
                             for (;;) bomb.emplace_back(1024 * 1024, 'x');
                           } catch (const std::bad_alloc&) {
                             return true;
                           }
                         },
                         {.limits = {.address_space = std::uint64_t{1} << 30}}),
                     true);
  });
}

// Memory

BOOST_AUTO_TEST_CASE(shared_memory_is_unmapped) {
  constexpr std::size_t size = 4096;
  auto* const memory = static_cast<int*>(
      ::mmap(nullptr, 3 * size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  BOOST_REQUIRE((memory != MAP_FAILED));
  int* const second = memory + size / sizeof(int);
  as_each_user([=](findings& all) {
    all.expect_fault(run(isolatte::sandbox::pure(), [=] { *memory = 1; }), SIGSEGV, "");
    isolatte::keep_in_sandboxes(second, size);
    int const incremented = *second + 1;
    all.expect_value(run(isolatte::sandbox::pure(), [=] { return ++*second; }), incremented);
    all.expect_fault(run(isolatte::sandbox::pure(), [=] { *memory = 1; }), SIGSEGV, "");
    all.expect_fault(run(isolatte::sandbox::pure(), [=] { second[size / sizeof(int)] = 1; }),
                     SIGSEGV, "");
    isolatte::keep_in_sandboxes(second, 0);
    all.expect_fault(run(isolatte::sandbox::pure(), [=] { *second = 1; }), SIGSEGV, "");
  });
  // Memory that is protected now may be made writable later.
  ::mprotect(memory, 3 * size, PROT_READ);
  as_each_user([=](findings& all) {
    all.expect_fault(run(isolatte::sandbox::pure(),
                         [=] {
                           ::mprotect(memory, size, PROT_READ | PROT_WRITE);
                           *memory = 1;
                         }),
                     SIGSEGV, "");
  });
  BOOST_TEST(*memory == 0);
  ::munmap(memory, 3 * size);
}

// Old kernels and containers

BOOST_AUTO_TEST_CASE(without_landlock) {
  as_each_user([](findings& all) {
    for (int const error : {ENOSYS, EOPNOTSUPP, EPERM}) {
      all.add(without({444, 445, 446}, error, [](findings& inner) {
        auto box = isolatte::sandbox::reader({"/etc"});
        auto const strict = run(box, [] {});
        inner.expect_error(strict, isolatte::error::sandbox_unsupported);
        inner.expect(
            strict.gaps().size() == 1 && strict.gaps()[0].starts_with("no file access control: "),
            "a gap", strict);
        inner.expect(isolatte::sandbox_support().gaps(box) == strict.gaps(), "the same gaps");
        box.enforce = isolatte::enforcement::best_effort;
        auto const loose = run(box, [] { return std::ifstream{"/etc/passwd"}.is_open(); });
        inner.expect_value(loose, true);
        inner.expect(loose.gaps() == strict.gaps(), "the gaps", loose);
        // The filter alone keeps this.
        auto const pure =
            run(isolatte::sandbox::pure(), [] { return std::ifstream{"/etc/passwd"}.is_open(); });
        inner.expect_value(pure, false);
        inner.expect(pure.gaps().empty(), "no gap", pure);
        inner.expect_error(run({.processes = true}, [] {}), isolatte::error::sandbox_unsupported);
        inner.expect_error(run({.network = isolatte::tcp{.connect = {80}}}, [] {}),
                           isolatte::error::sandbox_unsupported);
      }));
    }
  });
}

BOOST_AUTO_TEST_CASE(without_seccomp) {
  as_each_user([](findings& all) {
    all.add(without({SYS_seccomp}, ENOSYS, [](findings& inner) {
      auto box = isolatte::sandbox::pure();
      inner.expect_error(run(box, [] {}), isolatte::error::sandbox_unsupported);
      box.enforce = isolatte::enforcement::best_effort;
      auto const loose = run(box, [] { return std::ifstream{"/etc/passwd"}.is_open(); });
      // Landlock keeps the files then.
      inner.expect_value(loose, false);
      inner.expect(
          !loose.gaps().empty() && loose.gaps()[0].starts_with("no control of system calls: "),
          "a gap", loose);
    }));
  });
}

BOOST_AUTO_TEST_CASE(without_namespaces) {
  as_each_user([](findings& all) {
    all.add(without({SYS_unshare}, EPERM, [](findings& inner) {
      for (auto const& isolated :
           {isolatte::isolation{.processes = true}, isolatte::isolation{.network = true}}) {
        isolatte::sandbox box{.isolate = isolated};
        inner.expect_error(run(box, [] {}), isolatte::error::sandbox_unsupported);
        box.enforce = isolatte::enforcement::best_effort;
        auto const loose = run(box, [] { return 1; });
        inner.expect_value(loose, 1);
        inner.expect(loose.gaps().size() == 1, "a gap", loose);
      }
      inner.expect_value(run(isolatte::sandbox::pure(), [] { return 1; }), 1);
    }));
  });
}

// Programs

isolatte::outcome<void> execute(const isolatte::program& what, isolatte::options opts) {
  boost::asio::io_context ctx;
  isolatte::outcome<void> result;
  opts.out = isolatte::capture{};
  isolatte::async_execute(
      ctx, what, std::move(opts),
      [&](const boost::system::error_code&, isolatte::outcome<void> o) { result = std::move(o); });
  ctx.run();
  return result;
}

isolatte::outcome<void> execute(const isolatte::program& what) {
  return execute(what, {.sandbox = isolatte::sandbox::program(what)});
}

BOOST_AUTO_TEST_CASE(a_program_runs) {
  as_each_user([](findings& all) {
    auto const o = execute({"echo", {"hello"}});
    all.expect(o.how() == ending::exited && o.exit_code() == 0 && o.out_text() == "hello\n", "echo",
               o);
    auto const missing = execute({"/does/not/exist"});
    all.expect_refused(missing, ENOENT);
  });
}

BOOST_AUTO_TEST_CASE(a_missing_path_is_no_missing_program) {
  isolatte::program const what{"echo"};
  auto const o = execute(what, {.sandbox = isolatte::sandbox::program(what, {"/does/not/exist"})});
  BOOST_TEST((o.how() == ending::not_started), o);
  try {
    std::rethrow_exception(o.error());
  } catch (const boost::system::system_error& error) {
    BOOST_TEST(error.code().value() == ENOENT);
    BOOST_TEST((error.code().category() == isolatte::preparation_category()));
  }
}

BOOST_AUTO_TEST_CASE(a_script_runs) {
  as_each_user([](findings& all) {
    shared_folder const folder;
    for (auto const* const interpreter : {"/bin/sh", "/usr/bin/env sh"}) {
      auto const script = folder / "script";
      write_text(script, std::string{"#!"} + interpreter +
                             "\nread line </etc/hostname && echo read\necho run >/dev/null\n"
                             "echo \"$line\"done\n");
      fs::permissions(script, fs::perms::all);
      auto const o = execute({script});
      all.expect(o.how() == ending::exited && o.exit_code() == 0 && o.out_text() == "done\n",
                 "the script's text: " + o.out_text(), o);
    }
  });
}

BOOST_AUTO_TEST_CASE(a_program_does_no_more) {
  as_each_user([](findings& all) {
    isolatte::program const what{"cat", {"/etc/passwd"}};
    auto const o = execute(what);
    all.expect(o.how() == ending::exited && o.exit_code() == 1 && o.out_text().empty(), "cat", o);
    auto const reads =
        execute(what, {.sandbox = isolatte::sandbox::program(what, {"/etc/passwd"})});
    all.expect(reads.exit_code() == 0 && !reads.out_text().empty(), "cat what it may read", reads);
    auto const makes = execute({"/bin/sh", {"-c", "/bin/true; exit 7"}});
    all.expect(makes.how() == ending::exited && makes.exit_code() != 7, "a process", makes);
    auto const other = execute({"/bin/sh", {"-c", "exec /bin/true"}});
    all.expect(other.how() == ending::exited && other.exit_code() == 126, "another program", other);
  });
}

BOOST_AUTO_TEST_CASE(a_sandboxed_program_ends_with_the_program) {
  wire alive;
  isolatte::program const what{
      "/bin/sh", {"-c", "exec 3>&- 4>&- 5>&- 6>&-; echo ready; while read line; do :; done"}};
  pid_t const program = bare_fork([&] {
    boost::asio::io_context ctx;
    isolatte::options opts;
    wire in;
    opts.in = isolatte::from_fd{in.read_end()};
    opts.out = isolatte::to_fd{alive.write_end()};
    opts.sandbox = isolatte::sandbox::program(what);
    isolatte::async_execute(ctx, what, std::move(opts), boost::asio::detached);
    ctx.run();
  });
  alive.close_write();
  BOOST_TEST(alive.await());
  end_child(program);
  alive.wait_until_closed();
}

// Servers and pools

BOOST_AUTO_TEST_CASE(a_servers_child_is_sandboxed) {
  as_each_user([](findings& all) {
    boost::asio::io_context ctx;
    isolatte::fork_server server{ctx};
    // The first child is made when it is asked for, a later one ahead of need.
    for (int i = 0; i != 3; ++i) {
      isolatte::options const pure{.sandbox = isolatte::sandbox::pure()};
      all.expect_value(serve(server, ctx, isolatte::call([](int a) { return a + 1; }, 41), pure),
                       42);
      all.expect_fault(
          serve(server, ctx, isolatte::call([] { ::socket(AF_INET, SOCK_STREAM, 0); }), pure),
          SIGSYS, "socket");
      all.expect_fault(serve(server, ctx, isolatte::call([] { std::abort(); }), pure), SIGABRT, "");
      isolatte::options const reads{
          .sandbox = isolatte::sandbox{.read = {"/etc/passwd"},
                                       .network = isolatte::any_network,
                                       .isolate = {.network = true},
                                       .enforce = isolatte::enforcement::best_effort}};
      all.expect_value(serve(server, ctx, isolatte::call([] {
                               return std::ifstream{"/etc/passwd"}.is_open() &&
                                      !std::ifstream{"/etc/group"}.is_open();
                             }),
                             reads),
                       true);
    }
    all.expect_error(
        serve(server, ctx, isolatte::call([] {}),
              {.limits = {.processes = 5}, .sandbox = isolatte::sandbox{.read = {"/no"}}}),
        boost::system::error_code{ENOENT, boost::system::system_category()});
    all.expect_value(serve(server, ctx, isolatte::call([] { return 1; }), {}), 1);
  });
}

BOOST_AUTO_TEST_CASE(a_server_of_another_user) {
  if (::geteuid() != 0) return;
  std::string const found = in_bare_process([] {
    boost::asio::io_context ctx;
    isolatte::fork_server server{ctx};
    become_nobody();
    return found_by([&](findings& all) {
      all.expect_value(serve(server, ctx, isolatte::call([] { return ::getuid() != 0; }),
                             {.sandbox = isolatte::sandbox::pure()}),
                       true);
    });
  });
  BOOST_TEST(found == "");
}

int descriptor_of_initializer = -1;

BOOST_AUTO_TEST_CASE(a_pools_worker_is_sandboxed) {
  as_each_user([](findings& all) {
    boost::asio::io_context ctx;
    auto const initialize = [] { descriptor_of_initializer = ::open("/etc/passwd", O_RDONLY); };
    isolatte::worker_pool pool{ctx,
                               {.workers = 1,
                                .max_worker_memory = std::uint64_t{1} << 40,
                                .initializer = initialize,
                                .worker = {.sandbox = isolatte::sandbox::pure()}}};
    std::vector<isolatte::outcome<int>> results(4);
    auto const take = [&](std::size_t i) {
      return [&results, i](const boost::system::error_code&, isolatte::outcome<int> o) {
        results[i] = std::move(o);
      };
    };
    pool.async_run(isolatte::call([] { return 1; }), {}, take(0));
    pool.async_run(isolatte::call([] { return ::socket(AF_INET, SOCK_STREAM, 0); }), {}, take(1));
    pool.async_run(isolatte::call([] {
                     char byte = 0;
                     return static_cast<int>(::read(descriptor_of_initializer, &byte, 1));
                   }),
                   {}, take(2));
    pool.async_run(isolatte::call([] { return ::open("/etc/passwd", O_RDONLY) == -1 ? errno : 0; }),
                   {}, take(3));
    pool.async_drain([&](const boost::system::error_code&) { pool.stop(); });
    ctx.run();
    all.expect_value(results[0], 1);
    all.expect_fault(results[1], SIGSYS, "socket");
    all.expect_value(results[2], 1);
    all.expect_value(results[3], EACCES);
  });
}

BOOST_AUTO_TEST_CASE(a_sandboxed_worker_of_a_program_with_many_descriptors) {
  as_each_user([](findings& all) {
    // The preload opens files under the numbers that the program has in use.
    std::vector<int> taken{::dup(0)};
    while (taken.back() != -1 && taken.back() < 600) taken.push_back(::dup(0));
    auto const open_many = [] {
      for (int i = 0; i != 200; ++i) descriptor_of_initializer = ::open("/etc/passwd", O_RDONLY);
    };
    boost::asio::io_context ctx;
    isolatte::worker_pool pool{
        ctx,
        {.workers = 1, .worker = {.sandbox = isolatte::sandbox::pure()}, .preload = open_many}};
    isolatte::outcome<int> result;
    pool.async_run(isolatte::call([] {
                     char byte = 0;
                     return static_cast<int>(::read(descriptor_of_initializer, &byte, 1));
                   }),
                   {}, [&](const boost::system::error_code&, isolatte::outcome<int> o) {
                     result = std::move(o);
                     pool.stop();
                   });
    ctx.run();
    for (int const fd : taken) ::close(fd);
    all.expect_value(result, 1);
  });
}

BOOST_AUTO_TEST_CASE(a_pool_that_cannot_be_confined) {
  BOOST_TEST(without({444, 445, 446}, ENOSYS, [](findings& all) {
               for (bool const strict : {true, false}) {
                 auto box = isolatte::sandbox::reader({"/etc"});
                 if (!strict) box.enforce = isolatte::enforcement::best_effort;
                 boost::asio::io_context ctx;
                 isolatte::worker_pool pool{ctx, {.workers = 1, .worker = {.sandbox = box}}};
                 isolatte::outcome<int> result;
                 boost::system::error_code ec;
                 pool.async_run(isolatte::call([] { return 1; }), {},
                                [&](const boost::system::error_code& e, isolatte::outcome<int> o) {
                                  ec = e;
                                  result = std::move(o);
                                  pool.stop();
                                });
                 ctx.run();
                 if (strict) {
                   all.expect_error(result, isolatte::error::sandbox_unsupported);
                   all.expect(ec == isolatte::error::sandbox_unsupported, ec.message());
                 } else {
                   all.expect_value(result, 1);
                 }
                 all.expect(result.gaps().size() == 1, "the gaps", result);
               }
             }) == "");
}

/// Runs one job in a pool of one worker.
template <class Job>
isolatte::outcome<int> only_job(isolatte::pool_options options, Job job) {
  boost::asio::io_context ctx;
  options.workers = 1;
  isolatte::worker_pool pool{ctx, std::move(options)};
  isolatte::outcome<int> result;
  pool.async_run(
      isolatte::call(job), {},
      [&](const boost::system::error_code&, isolatte::outcome<int> o) { result = std::move(o); });
  pool.async_drain([&](const boost::system::error_code&) { pool.stop(); });
  ctx.run();
  return result;
}

BOOST_AUTO_TEST_CASE(a_pool_names_a_path_that_is_missing) {
  auto const refused = only_job(
      {.worker = {.sandbox = isolatte::sandbox::reader({"/does/not/exist"})}}, [] { return 1; });
  BOOST_TEST((refused.how() == ending::not_started), refused);
  BOOST_TEST(refused.gaps() == std::vector<std::string>{"no such path: /does/not/exist"},
             boost::test_tools::per_element());
  BOOST_TEST(refused.reason().find("/does/not/exist") != std::string::npos, refused);
}

BOOST_AUTO_TEST_CASE(an_initializer_leaves_no_thread) {
  as_each_user([](findings& all) {
    auto const initialize = [] { std::thread{[] { hang(); }}.detach(); };
    auto const result =
        only_job({.initializer = initialize, .worker = {.sandbox = isolatte::sandbox::pure()}},
                 [] { return 1; });
    all.expect(result.how() == ending::not_started, "a refusal", result);
  });
}

int child_of_worker() {
  return isolatte::fork([] { return 1; }).value();
}

void make_children() {
  child_of_worker();
  isolatte::fork([] {}, {.sandbox = isolatte::sandbox::pure()}).value();
}

/// Runs a job that makes children, in a worker whose initializer or preload may have made some.
isolatte::outcome<int> child_of_job(isolatte::pool_options options) {
  options.worker.sandbox = isolatte::sandbox{.processes = true};
  return only_job(std::move(options), [] { return child_of_worker() + child_of_worker(); });
}

BOOST_AUTO_TEST_CASE(an_initializer_has_children_and_so_have_jobs) {
  as_each_user([](findings& all) {
    all.expect_value(child_of_job({.initializer = make_children}), 2);
    all.expect_value(child_of_job({.preload = make_children}), 2);
  });
}

void leave_child() {
  static boost::asio::io_context ctx;
  isolatte::async_fork(ctx, hang, boost::asio::detached);
}

BOOST_AUTO_TEST_CASE(an_initializer_leaves_no_operation) {
  as_each_user([](findings& all) {
    all.expect_error(child_of_job({.initializer = leave_child}),
                     make_error_code(boost::system::errc::device_or_resource_busy));
  });
}

void* named_memory = nullptr;

BOOST_AUTO_TEST_CASE(memory_that_an_initializer_shares_and_names_is_kept) {
  as_each_user([](findings& all) {
    auto const initialize = [] {
      named_memory =
          ::mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
      isolatte::keep_in_sandboxes(named_memory, sizeof(int));
    };
    all.expect_value(
        only_job({.initializer = initialize, .worker = {.sandbox = isolatte::sandbox::pure()}},
                 [] { return ++*static_cast<int*>(named_memory); }),
        1);
  });
}

// PID namespaces

isolatte::sandbox contained() { return {.processes = true, .isolate = {.processes = true}}; }

bool can_contain() { return isolatte::sandbox_support().gaps(contained()).empty(); }

BOOST_AUTO_TEST_CASE(endings_in_a_process_namespace) {
  as_each_user([](findings& all) {
    if (!can_contain()) return;
    all.expect_value(run(contained(), [] { return ::getpid(); }), 2);
    auto const o = run(contained(), [] { return 1; });
    all.expect(o.pid() > 2, "the number outside", o);
    all.expect_fault(run(contained(), [] { std::abort(); }), SIGABRT, "");
    all.expect_fault(run(contained(), [] { ::unshare(0); }), SIGSYS, "unshare");
    auto const exits = run(contained(), [] { std::exit(7); });
    all.expect(exits.how() == ending::exited && exits.exit_code() == 7, "the code", exits);
    auto const termed = run(contained(), [] { hang(); }, {.timeout = 50ms, .grace = 1h});
    all.expect(termed.how() == ending::timed_out && termed.signal() == SIGTERM, "SIGTERM", termed);
    auto const sleeps = isolatte::program{"sh", {"-c", "exit 5"}};
    auto box = isolatte::sandbox::program(sleeps);
    box.isolate.processes = true;
    auto const executed = execute(sleeps, {.sandbox = box});
    all.expect(executed.exit_code() == 5, "a program", executed);
    all.expect_value(run(isolatte::sandbox{.isolate = {.processes = true, .network = true}},
                         [] { return ::getpid(); }),
                     2);
  });
}

/// A process that a group's kill does not reach.
void leave_a_runaway(int alive) {
  if (::fork() != 0) return;
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  write_all(alive, ".");
  hang();
}

BOOST_AUTO_TEST_CASE(no_process_leaves_a_process_namespace) {
  if (!can_contain()) return;
  for (bool const hangs : {false, true}) {
    wire alive;
    auto const o =
        run(contained(),
            [&] {
              leave_a_runaway(alive.write_end());
              alive.await();
              if (hangs) hang();
            },
            {.timeout = hangs ? std::optional<std::chrono::nanoseconds>{500ms} : std::nullopt,
             .keep = {alive.write_end(), alive.read_end()}});
    BOOST_TEST((o.how() == (hangs ? ending::timed_out : ending::returned)), o);
    alive.wait_until_closed();
  }
  ends_with_the_program(contained(), [](int needed) { leave_a_runaway(needed); });
  // The descriptor of the leash under another number is no way out either.
  ends_with_the_program(contained(), [](int needed) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) ::_exit(1);
    for (int fd = 3; fd != 32; ++fd) pass_to_self(ends, fd);
    slip_the_leash(needed);
  });
}

BOOST_AUTO_TEST_CASE(a_keeper_leaves_no_zombie) {
  std::string const found = in_bare_process([]() -> std::string {
    // Orphans become children of this process.
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0 || !can_contain()) return "";
    auto const o = run(contained(), [] { return 1; });
    if (!o) return "no value";
    return ::waitpid(-1, nullptr, 0) == -1 && errno == ECHILD ? "" : "a child is left";
  });
  BOOST_TEST(found == "");
}

BOOST_AUTO_TEST_CASE(a_process_namespace_by_a_server) {
  as_each_user([](findings& all) {
    if (!can_contain()) return;
    boost::asio::io_context ctx;
    isolatte::fork_server server{ctx};
    for (int i = 0; i != 3; ++i) {
      all.expect_value(
          serve(server, ctx, isolatte::call([] { return ::getpid(); }), {.sandbox = contained()}),
          2);
      all.expect_value(serve(server, ctx, isolatte::call([] { return 1; }), {}), 1);
    }
  });
}

// Other ways out

std::atomic<bool> let_thread_try = false;
std::atomic<int> thread_has_opened = 0;

BOOST_AUTO_TEST_CASE(no_thread_stays_outside) {
  as_each_user([](findings& all) {
    // A library may begin threads anew in a child.
    std::string const found = in_bare_process([] {
      ::pthread_atfork(nullptr, nullptr, [] {
        std::thread{[] {
          while (!let_thread_try) std::this_thread::yield();
          thread_has_opened = ::open("/etc/passwd", O_RDONLY) != -1;
        }}.detach();
      });
      return found_by([](findings& inner) {
        auto const refused = run(isolatte::sandbox::pure(), [] { let_thread_try = true; });
        inner.expect_refused(refused, EBUSY);
        auto const none = isolatte::fork([] {});
        inner.expect_how(none, ending::returned);
        // The filter of a container refuses the shorter way to find out.
        inner.add(without({SYS_unshare}, EPERM, [](findings& contained) {
          contained.expect_refused(run(isolatte::sandbox::pure(), [] {}), EBUSY);
        }));
      });
    });
    all.add(found);
  });
}

/// Opens the leash again, for writing.
void open_the_leash(int) {
  for (int fd = 3; fd != 64; ++fd) {
    struct stat status{};
    // The guard gives it away.
    if (::fcntl(fd, F_GETFD) != -1 || errno != EBADF || ::fstat(fd, &status) == -1) continue;
    std::string const path = "/proc/self/fd/" + std::to_string(fd);
    int const again = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
    if (again != -1) ::fchmod(again, 0600);
    static_cast<void>(::open(path.c_str(), O_WRONLY | O_NONBLOCK));
    ::shutdown(fd, SHUT_RDWR);
  }
}

BOOST_AUTO_TEST_CASE(no_leash_is_opened_again) {
  shared_folder const folder;
  auto box = isolatte::sandbox::writer({folder.path()});
  box.on_violation = isolatte::violation::refused;
  ends_with_the_program(box, open_the_leash);
  box.read = {"/proc"};
  ends_with_the_program(box, open_the_leash);
}

BOOST_AUTO_TEST_CASE(no_core_is_dumped) {
  as_each_user([](findings& all) {
    auto const told = run(isolatte::sandbox::pure(), [] {
      rlimit all_there_is{};
      ::getrlimit(RLIMIT_CORE, &all_there_is);
      bool const raised = all_there_is.rlim_max > 1;
      rlimit const more{RLIM_INFINITY, RLIM_INFINITY};
      return raised || ::setrlimit(RLIMIT_CORE, &more) == 0;
    });
    all.expect_value(told, false);
    all.expect_value(run(isolatte::sandbox::pure(),
                         [] {
                           rlimit chosen{};
                           ::getrlimit(RLIMIT_CORE, &chosen);
                           return chosen.rlim_cur;
                         },
                         {.limits = {.core_size = 0}}),
                     rlim_t{0});
  });
}

BOOST_AUTO_TEST_CASE(no_unix_socket_makes_a_file) {
  shared_folder const folder;
  as_each_user([&](findings& all) {
    int ends[2];
    ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
    for (isolatte::sandbox box : {isolatte::sandbox{.network = isolatte::any_network},
                                  isolatte::sandbox{.network = isolatte::tcp{.bind = {8080}}}})
      all.expect_value(
          run(box,
              [&] {
                sockaddr_un to{};
                to.sun_family = AF_UNIX;
                std::snprintf(to.sun_path, sizeof to.sun_path, "%s", (folder / "socket").c_str());
                return errno_of(
                    [&] { return ::bind(ends[0], reinterpret_cast<sockaddr*>(&to), sizeof to); });
              },
              {.keep = {ends[0]}}),
          EACCES);
    ::close(ends[0]);
    ::close(ends[1]);
  });
}

BOOST_AUTO_TEST_CASE(a_tree_that_nothing_ends) {
  as_each_user([](findings& all) {
    auto box = with_processes();
    auto const strict = run(box, [] {}, {.kill_tree = false});
    all.expect_error(strict, isolatte::error::sandbox_unsupported);
    all.expect(strict.gaps().size() == 1, "a gap", strict);
    box.enforce = isolatte::enforcement::best_effort;
    auto const loose = run(box, [] { return 1; }, {.kill_tree = false});
    all.expect_value(loose, 1);
    all.expect(loose.gaps() == strict.gaps(), "the gap", loose);
    all.expect_value(run(isolatte::sandbox::pure(), [] { return 1; }, {.kill_tree = false}), 1);
  });
}

BOOST_AUTO_TEST_CASE(names_that_undo_a_sandbox) {
  for (auto const* const name : {"kill",        "tgkill",         "pidfd_send_signal",
                                 "fcntl",       "ioctl",          "prctl",
                                 "prlimit64",   "sched_setattr",  "sched_setaffinity",
                                 "setpriority", "close_range",    "fchmod",
                                 "fork",        "vfork",          "clone",
                                 "clone3",      "setsid",         "setpgid",
                                 "mknod",       "mknodat",        "chmod",
                                 "fchmodat",    "utimes",         "utimensat",
                                 "setxattr",    "io_uring_setup", "process_vm_readv",
                                 "seccomp",     "rt_sigaction",   "openat2",
                                 "socket"}) {
    findings all;
    all.expect_refused(run({.processes = true, .system_calls = {name}}, [] {}), EINVAL);
    BOOST_TEST(all.text() == "", name);
  }
  BOOST_TEST(run({.system_calls = {"sched_getattr", "statx", "wait4"}}, [] { return 1; }).value() ==
             1);
}

BOOST_AUTO_TEST_CASE(unlisted_files_keep_their_secrets) {
  shared_folder const folder;
  write_text(folder / "secret", "text");
  as_each_user([&](findings& all) {
    all.expect_value(
        run(isolatte::sandbox::reader({"/etc"}),
            [&] {
              char value[16];
              auto const secret = folder / "secret";
              return std::vector<int>{
                  errno_of([&] { return ::getxattr(secret.c_str(), "user.a", value, 16); }),
                  errno_of([&] { return ::listxattr(secret.c_str(), value, 16); }), errno_of([&] {
                    return ::inotify_add_watch(::inotify_init1(0), folder.path().c_str(),
                                               IN_ALL_EVENTS);
                  })};
            }),
        std::vector<int>{EOPNOTSUPP, EOPNOTSUPP, EACCES});
  });
}

BOOST_AUTO_TEST_CASE(a_reader_changes_no_times) {
  shared_folder const folder;
  write_text(folder / "read", "text");
  auto const before = fs::last_write_time(folder / "read");
  BOOST_TEST(run(isolatte::sandbox::reader({folder.path()}), [&] {
               timespec const long_ago[2] = {};
               return ::futimens(::open((folder / "read").c_str(), O_RDONLY), long_ago);
             }).value() == 0);
  BOOST_TEST((fs::last_write_time(folder / "read") == before));
  BOOST_TEST(run(isolatte::sandbox::writer({folder.path()}), [&] {
               timespec const long_ago[2] = {};
               return ::futimens(::open((folder / "read").c_str(), O_RDWR), long_ago);
             }).value() == 0);
  BOOST_TEST((fs::last_write_time(folder / "read") != before));
}

BOOST_AUTO_TEST_CASE(shells_and_copies_run) {
  for (auto const& [program, arguments] :
       std::vector<std::pair<std::string, std::vector<std::string>>>{
           {"/bin/bash", {"-c", "exit 3"}}, {"/bin/cp", {"/etc/hostname", "/dev/null"}}}) {
    if (!fs::exists(program)) continue;
    isolatte::program const what{.executable = program, .args = arguments};
    boost::asio::io_context ctx;
    isolatte::outcome<void> told;
    isolatte::async_execute(ctx, what,
                            {.sandbox = isolatte::sandbox::program(what, {"/etc/hostname"})},
                            [&](const boost::system::error_code&, auto o) { told = std::move(o); });
    ctx.run();
    BOOST_TEST((told.how() == ending::exited), told);
  }
  findings all;
  for (unsigned long const request : {FIOASYNC, FIOSETOWN, TIOCSTI})
    all.expect_fault(run(isolatte::sandbox::pure(), [=] { ::ioctl(1, request, nullptr); }), SIGSYS,
                     "ioctl");
  BOOST_TEST(all.text() == "");
}

BOOST_AUTO_TEST_CASE(an_overflow_is_called_one) {
  if (with_asan) return;
  as_each_user([](findings& all) {
    auto const told = run(isolatte::sandbox::pure(), [] { return overflow(0); });
    all.expect(told.fault() && told.fault()->stack_overflow, "no overflow", told);
    auto const other =
        run(isolatte::sandbox::pure(), [] { *used(static_cast<int*>(nullptr)) = 1; });
    all.expect(other.fault() && !other.fault()->stack_overflow, "an overflow", other);
  });
}

BOOST_AUTO_TEST_CASE(a_map_over_a_pool_has_no_sandbox_of_its_own) {
  boost::asio::io_context ctx;
  isolatte::worker_pool pool{ctx, {.workers = 1}};
  std::vector<isolatte::outcome<int>> all;
  isolatte::async_map(
      pool, std::vector<int>{1, 2}, [](int n) { return n; },
      {.child = {.sandbox = isolatte::sandbox::pure()}},
      [&](const boost::system::error_code&, auto outcomes) {
        all = std::move(outcomes);
        pool.stop();
      });
  ctx.run();
  BOOST_TEST(all.size() == 2u);
  for (auto const& each : all) {
    BOOST_TEST((each.how() == ending::not_started), each);
    BOOST_TEST((each.ran() == isolatte::ran::no));
  }
}

// Lies

/// Finds the memory that this process shares with the program.
isolatte::posix::child_page_data* find_page() {
  return reinterpret_cast<isolatte::posix::child_page_data*>(shared_mappings().at(0).begin);
}

/// Dies of a fault with a record of rubbish.
void lie_about_a_fault() {
  auto& page = *find_page();
  std::mt19937_64 random{std::random_device{}()};
  page.signal = SIGSEGV;
  page.code = 1;
  page.address = random();
  page.system_call = static_cast<int>(random());
  page.frame_count = 128;
  for (auto& frame : page.frames) frame = random();
  page.fault = isolatte::posix::fault_state::recorded;
  std::signal(SIGSEGV, SIG_DFL);
  std::raise(SIGSEGV);
}

int forks = 0;

BOOST_AUTO_TEST_CASE(false_fault_records) {
  auto const real = isolatte::posix::sys;
  isolatte::posix::sys.fork = [] {
    ++forks;
    return ::fork();
  };
  constexpr int lies = 1000;
  auto const reads_maps = isolatte::sandbox::reader({"/proc"});
  findings all;
  all.expect_how(run(reads_maps, [] {}), ending::returned);
  forks = 0;
  for (int i = 0; i != lies; ++i) {
    auto const told = run(reads_maps, lie_about_a_fault, {.limits = {.core_size = 0}});
    all.expect_how(told, ending::faulted);
    all.expect(told.signal() == SIGSEGV && told.fault() &&
                   told.fault()->trace.find(" in ") == std::string::npos,
               "a trace", told);
  }
  isolatte::posix::sys = real;
  BOOST_TEST(all.text() == "");
  BOOST_TEST(forks == lies);
}

BOOST_AUTO_TEST_CASE(garbage_for_a_result) {
  as_each_user([](findings& all) {
    auto const told = run(isolatte::sandbox::pure(), []() -> std::string {
      std::string const rubbish(10'000, '\x7f');
      for (int fd = 3; fd != 64; ++fd)
        static_cast<void>(::write(fd, rubbish.data(), rubbish.size()));
      ::_exit(0);
    });
    all.expect(told.how() == ending::undelivered || told.how() == ending::exited, "an ending",
               told);
    all.expect(!told, "a value", told);
  });
}

// In a sandbox

/// Nests sandboxes until one is refused.
/// @return what was wrong, or how many there are, and why there are no more
std::string nest(int level) {
  if (std::ifstream{"/etc/group"}.is_open() || ::socket(AF_INET, SOCK_STREAM, 0) != -1)
    return "weaker at " + std::to_string(level);
  auto box = with_processes();
  box.read = {"/proc", "/etc/passwd"};
  box.on_violation = isolatte::violation::refused;
  auto const inner = run(box, [level] { return nest(level + 1); });
  if (inner) return inner.value();
  std::ostringstream text;
  text << level << ": " << inner;
  return text.str();
}

BOOST_AUTO_TEST_CASE(sandboxes_nest) {
  as_each_user([](findings& all) {
    auto box = with_processes();
    box.read = {"/proc", "/etc/passwd"};
    box.on_violation = isolatte::violation::refused;
    // Landlock has sixteen layers.
    auto const nested = run(box, [] { return nest(1); });
    all.expect(nested && nested.value().starts_with("16: not_started") &&
                   nested.value().find("Argument list too long") != std::string::npos,
               nested.value_or("none"), nested);
    box.read = {"/proc", "/etc"};
    all.expect_value(run(box,
                         [] {
                           auto const reads = [] { return std::ifstream{"/etc/passwd"}.is_open(); };
                           return std::vector<bool>{
                               reads(), run(isolatte::sandbox::pure(), reads).value(),
                               run(isolatte::sandbox::reader({"/"}), reads).value(),
                               isolatte::fork(reads).value()};
                         }),
                     std::vector<bool>{true, false, true, true});
  });
}

BOOST_AUTO_TEST_CASE(a_nested_child_ends_with_the_outer_one) {
  as_each_user([](findings& all) {
    wire alive;
    boost::asio::io_context ctx;
    auto outer = isolatte::spawn_child(ctx,
                                       [&] {
                                         boost::asio::io_context inner;
                                         isolatte::async_fork(
                                             inner,
                                             [&] {
                                               alive.tell();
                                               hang();
                                             },
                                             {.keep = {alive.write_end()}}, boost::asio::detached);
                                         inner.run();
                                       },
                                       {.keep = {alive.write_end()}, .sandbox = with_processes()});
    alive.close_write();
    all.expect(alive.await(), "it has run");
    all.expect(!outer.terminate(), "the end of the outer one");
    isolatte::outcome<void> told;
    outer.async_wait(
        [&](boost::system::error_code, isolatte::outcome<void> what) { told = std::move(what); });
    ctx.run();
    all.expect_how(told, ending::cancelled);
    alive.wait_until_closed();
    auto loose = with_processes();
    loose.enforce = isolatte::enforcement::best_effort;
    all.expect_value(run(loose,
                         [] {
                           auto const refused = isolatte::fork([] {}, {.kill_tree = false});
                           return refused.how() == ending::not_started;
                         },
                         {.kill_tree = false}),
                     true);
    all.expect_value(run(with_processes(),
                         [] {
                           boost::asio::io_context ctx;
                           try {
                             isolatte::fork_server const server{ctx};
                             return 0;
                           } catch (const boost::system::system_error& error) {
                             return error.code().value();
                           }
                         }),
                     EPERM);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sandbox_test
