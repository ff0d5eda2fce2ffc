// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/system_calls.hpp"
#include "process/sandbox_helpers.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <elf.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// Sandboxes on systems and with wishes that are less usual.

namespace sandbox_edges_test {

using namespace isolatte::test;
namespace fs = std::filesystem;
using isolatte::ending;
using isolatte::sandbox;
using isolatte::posix::sys;

/// Whether a user without privileges may have a user namespace, and map its own number in it.
bool may_have_user_namespaces() {
  return in_bare_process([] {
           return ::unshare(CLONE_NEWUSER) == 0 && std::ofstream{"/proc/self/setgroups"} << "deny"
                      ? std::string{"yes"}
                      : std::string{"no"};
         }) == "yes";
}

BOOST_FIXTURE_TEST_SUITE(sandbox_edges, isolatte::test::nothing_left)

// Other suites give up root, and such a process must not write to its own files in /proc unless it
// may be dumped, as every program that an ordinary user starts.
BOOST_AUTO_TEST_CASE(a_user_without_privileges_has_namespaces) {
  std::string const found = in_bare_process([]() -> std::string {
    if (::geteuid() == 0) become_nobody();
    ::prctl(PR_SET_DUMPABLE, 1);
    if (!may_have_user_namespaces()) return "";
    return found_by([](findings& all) {
      sandbox const both{.isolate = {.processes = true, .network = true}};
      for (auto const& box :
           {sandbox{.isolate = {.processes = true}}, sandbox{.isolate = {.network = true}}, both}) {
        auto const gaps = isolatte::sandbox_support().gaps(box);
        all.expect(gaps.empty(), "a gap: " + (gaps.empty() ? std::string{} : gaps.front()));
        auto const who = [user = ::geteuid(), group = ::getegid()] {
          return ::geteuid() == user && ::getegid() == group;
        };
        all.expect_value(run(box, who), true);
      }
      all.expect_value(run(both, [] { return ::getpid(); }), 2);
      all.expect_value(run(both, [] { return run(sandbox::pure(), [] { return 1; }).value_or(0); }),
                       0);
    });
  });
  BOOST_TEST(found == "");
}

BOOST_AUTO_TEST_CASE(a_pair_of_sockets_that_is_asked_for_has_streams) {
  as_each_user([](findings& all) {
    for (auto const& box :
         {sandbox{.system_calls = {"socketpair"}},
          sandbox{.network = isolatte::any_network, .system_calls = {"socketpair"}}}) {
      for (int const type : {SOCK_STREAM, SOCK_SEQPACKET})
        all.expect_value(run(box,
                             [type] {
                               int ends[2];
                               char letter = 'a';
                               return ::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0 &&
                                      ::write(ends[0], "b", 1) == 1 &&
                                      ::read(ends[1], &letter, 1) == 1 && letter == 'b';
                             }),
                         true);
    }
    all.expect_fault(run({.system_calls = {"socketpair"}},
                         [] {
                           int ends[2];
                           ::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
                         }),
                     SIGSYS, "socketpair");
  });
}

BOOST_AUTO_TEST_CASE(a_call_that_this_architecture_lacks_may_be_asked_for) {
  BOOST_TEST(run({.system_calls = {"_llseek", "mmap2"}}, [] { return 1; }).value() == 1);
}

// Programs that are damaged

template <class T>
void append(std::string& to, const T& what) {
  to.append(reinterpret_cast<const char*>(&what), sizeof what);
}

/// The beginning of a program that names its loader.
std::string program_file(std::size_t offset_of_name, std::size_t size_of_name,
                         std::uint32_t type = PT_INTERP) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = type;
  segment.p_offset = offset_of_name;
  segment.p_filesz = size_of_name;
  std::string all;
  append(all, header);
  append(all, segment);
  return all;
}

BOOST_AUTO_TEST_CASE(a_damaged_program_names_no_loader) {
  scratch_folder const folder;
  auto const file = folder / "program";
  constexpr std::size_t behind = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
  std::string const loader = "/loader/of/a/test";
  auto const executes = [&](const std::string& contents, const fs::path& what) {
    write_text(file, contents);
    fs::permissions(file, fs::perms::owner_all);
    auto const paths = sandbox::program({file}).execute;
    BOOST_REQUIRE(!paths.empty());
    BOOST_TEST(paths.front() == file);
    return std::find(paths.begin(), paths.end(), what) != paths.end();
  };
  std::string const whole = program_file(behind, loader.size() + 1) + loader + '\0';
  BOOST_TEST(executes(whole, loader));
  // Its name, its only segment, and its header end too early.
  BOOST_TEST(!executes(whole.substr(0, whole.size() - 1), loader));
  BOOST_TEST(!executes(whole.substr(0, sizeof(Elf64_Ehdr) + 1), loader));
  BOOST_TEST(!executes(whole.substr(0, sizeof(Elf64_Ehdr) - 1), loader));
  BOOST_TEST(!executes(program_file(1'000'000, loader.size() + 1), loader));
  BOOST_TEST(!executes(program_file(behind, SIZE_MAX) + loader, loader));
  BOOST_TEST(!executes(program_file(behind, loader.size() + 1, PT_LOAD) + loader + '\0', loader));
}

// Servers

BOOST_AUTO_TEST_CASE(a_strict_server_refuses_a_child_whose_processes_nothing_ends) {
  as_each_user([](findings& all) {
    for (auto const how : {isolatte::enforcement::strict, isolatte::enforcement::best_effort}) {
      boost::asio::io_context ctx;
      isolatte::fork_server server{
          ctx, {.sandbox = sandbox{.execute = {"/"}, .processes = true, .enforce = how}}};
      auto const ask = [&](isolatte::options opts) {
        return serve(server, ctx, isolatte::call([] { return 1; }), std::move(opts));
      };
      all.expect_value(ask({}), 1);
      auto const loose = ask({.kill_tree = false});
      all.expect(loose.gaps().size() == 1, "the gap", loose);
      if (how == isolatte::enforcement::strict)
        all.expect_error(loose, isolatte::error::sandbox_unsupported);
      else
        all.expect_value(loose, 1);
      all.expect_value(ask({}), 1);
    }
  });
}

// Old kernels

/// Says that the kernel has an old Landlock, and does nothing else.
template <int Version>
int old_landlock(const void* attributes, std::size_t, unsigned) {
  return attributes == nullptr ? Version : ::dup(0);
}

template <int Version>
std::string with_old_landlock(std::vector<std::string> expected) {
  // Another process asks anew, and tries the mechanisms itself.
  return in_bare_process([&] {
    sys.landlock_create_ruleset = old_landlock<Version>;
    sys.landlock_restrict_self = [](int) { return 0; };
    return found_by([&](findings& all) {
      sandbox box{.network = isolatte::tcp{.connect = {80}}, .processes = true};
      auto const gaps = isolatte::sandbox_support().gaps(box);
      all.expect(gaps == expected, "the gaps " + (gaps.empty() ? "" : gaps.front() + gaps.back()));
      auto const strict = run(box, [] {});
      if (!expected.empty()) all.expect_error(strict, isolatte::error::sandbox_unsupported);
      all.expect(strict.gaps() == expected, "the same gaps", strict);
    });
  });
}

BOOST_AUTO_TEST_CASE(an_old_landlock_names_the_version_that_is_needed) {
  std::string const no_ports = "no control of TCP ports: Landlock ABI 4 is needed, and this kernel";
  std::string const no_signals =
      "no protection of other processes from signals: Landlock ABI 6 is needed, and this kernel";
  BOOST_TEST(with_old_landlock<3>({no_ports + " has 3", no_signals + " has 3"}) == "");
  BOOST_TEST(with_old_landlock<4>({no_signals + " has 4"}) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sandbox_edges_test
