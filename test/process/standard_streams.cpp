// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "remembered.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

// Tests of what a child finds in the streams of C and C++, and at 0, 1 and 2, in a program that has
// done unusual things with its own.

namespace standard_streams_test {

namespace asio = boost::asio;
namespace errc = boost::system::errc;
using boost::system::error_code;
using isolatte::call;
using isolatte::capture;
using isolatte::ending;
using isolatte::fork_server;
using isolatte::from_text;
using isolatte::inherit;
using isolatte::options;
using namespace isolatte::test;

/// Names what is open at 0, 1 and 2: "n" for the null device, "-" for nothing, "?" for another
/// file.
std::string streams() {
  std::string found;
  struct stat null{};
  ::stat("/dev/null", &null);
  for (int fd = 0; fd != 3; ++fd) {
    struct stat file{};
    bool const open = ::fstat(fd, &file) == 0;
    found += !open ? '-' : S_ISCHR(file.st_mode) && file.st_rdev == null.st_rdev ? 'n' : '?';
  }
  return found;
}

options all_inherited() { return {.in = inherit, .out = inherit, .err = inherit}; }

void close_streams() {
  for (int fd = 0; fd != 3; ++fd) ::close(fd);
}

BOOST_FIXTURE_TEST_SUITE(standard_streams, nothing_left)

// Buffers

BOOST_AUTO_TEST_CASE(a_wide_stream_is_flushed_at_the_childs_end) {
  wire out;
  auto const report = in_bare_process([&]() -> std::string {
    std::ios::sync_with_stdio(false);
    ::dup2(out.write_end(), 1);
    auto const done = isolatte::fork([] { std::wcout << L"child's"; });
    return done.success() ? "" : "no success";
  });
  BOOST_TEST(report == "");
  BOOST_TEST(out.read_rest() == "child's");
}

BOOST_AUTO_TEST_CASE(what_the_program_has_in_wide_buffers_is_written_once) {
  wire out;
  auto const report = in_bare_process([&]() -> std::string {
    std::ios::sync_with_stdio(false);
    ::dup2(out.write_end(), 1);
    ::dup2(out.write_end(), 2);
    std::wcout << L"program's;";
    std::wclog << L"log;";
    for (int i = 0; i != 2; ++i) {
      auto const done =
          isolatte::fork([] { std::wcout << L"child's;" << std::flush; }, {.err = inherit});
      if (!done.success()) return "no success";
    }
    std::wcout.flush();
    std::wclog.flush();
    return "";
  });
  BOOST_TEST(report == "");
  BOOST_TEST(out.read_rest() == "child's;child's;program's;log;");
}

BOOST_AUTO_TEST_CASE(what_the_program_has_in_a_log_under_cout_is_written_once) {
  scratch_folder folder;
  auto const report = in_bare_process([&]() -> std::string {
    std::ofstream log{folder / "log"};
    std::cout.rdbuf(log.rdbuf());
    std::cout << "program's;";
    for (int i = 0; i != 2; ++i) {
      auto const done =
          isolatte::fork([] { std::cout << "child's;"; }, {.keep = isolatte::all_descriptors});
      if (!done.success()) return "no success";
    }
    return "";
  });
  BOOST_TEST(report == "");
  BOOST_TEST(read_file(folder / "log") == "child's;child's;program's;");
}

BOOST_AUTO_TEST_CASE(a_string_under_cout_is_the_childs_to_read) {
  auto const report = in_bare_process([]() -> std::string {
    std::ostringstream text;
    std::cout.rdbuf(text.rdbuf());
    std::cout << "kept";
    return isolatte::fork([&] { return text.str(); }).value_or("nothing");
  });
  BOOST_TEST(report == "kept");
}

BOOST_AUTO_TEST_CASE(a_wide_input_begins_anew) {
  for (bool const synced : {true, false}) {
    wire in;
    write_all(in.write_end(), "ahead");
    in.close_write();
    auto const report = in_bare_process([&]() -> std::string {
      std::ios::sync_with_stdio(synced);
      ::dup2(in.read_end(), 0);
      if (std::wcin.get() != L'a') return "the program read nothing";
      auto const read = [] {
        std::wstring word;
        std::wcin >> word;
        return word == L"word";
      };
      options const opts{.in = from_text{"word "}};
      if (!isolatte::fork(read, opts).value_or(false)) return "what was read ahead";
      while (std::wcin.get() != std::char_traits<wchar_t>::eof()) {
      }
      if (!isolatte::fork(read, opts).value_or(false)) return "after the end-of-file";
      return "";
    });
    BOOST_TEST_CONTEXT(synced) { BOOST_TEST(report == ""); }
  }
}

BOOST_AUTO_TEST_CASE(a_failed_output_begins_anew) {
  auto const report = in_bare_process([]() -> std::string {
    std::cout.setstate(std::ios::badbit);
    std::wcerr.setstate(std::ios::badbit);
    auto const done = isolatte::fork(
        [] {
          std::cout << "out";
          std::wcerr << L"err";
        },
        {.out = capture{}, .err = capture{}});
    return done.out_text() + done.err_text();
  });
  BOOST_TEST(report == "outerr");
}

BOOST_AUTO_TEST_CASE(a_stream_without_a_buffer_that_throws_harms_no_child) {
  auto const report = in_bare_process([]() -> std::string {
    for (std::ios* const stream :
         {static_cast<std::ios*>(&std::cin), static_cast<std::ios*>(&std::cout)}) {
      stream->rdbuf(nullptr);
      try {
        stream->exceptions(std::ios::badbit);
      } catch (const std::ios_base::failure&) {
      }
    }
    auto const done = isolatte::fork([] { return 1; }, {.in = from_text{""}, .out = capture{}});
    return std::to_string(done.value_or(0));
  });
  BOOST_TEST(report == "1");
}

/// Has no room.
struct full_buffer : std::stringbuf {
  int sync() override { throw std::runtime_error{"full"}; }
};

BOOST_AUTO_TEST_CASE(a_stream_that_cannot_be_flushed_costs_nothing_else) {
  auto const done = isolatte::fork(
      [] {
        std::cout.rdbuf(new full_buffer);
        std::cout << "lost";
        std::cerr << "kept, too";
        std::fputs("kept", stdout);
        return 42;
      },
      {.out = capture{}, .err = capture{}});
  BOOST_TEST(done.value_or(0) == 42);
  BOOST_TEST(done.out_text() == "kept");
  BOOST_TEST(done.err_text() == "kept, too");
}

// Closed streams

BOOST_AUTO_TEST_CASE(what_the_library_opens_does_not_take_the_place_of_a_closed_stream) {
  BOOST_TEST(in_bare_process([] {
               asio::io_context context;
               // Makes the loop's own descriptors.
               isolatte::async_fork(context, [] {}, [](error_code, isolatte::outcome<void>) {});
               context.run();
               context.restart();
               close_streams();
               remembered<std::string> done;
               isolatte::async_fork(context, streams, all_inherited(), done.handler());
               context.run();
               return done.what.value_or("no value") + streams();
             }) == "nnn---");
}

BOOST_AUTO_TEST_CASE(a_child_has_the_null_device_where_the_program_has_nothing) {
  BOOST_TEST(in_bare_process([] {
               close_streams();
               return isolatte::fork(streams, all_inherited()).value_or("no value");
             }) == "nnn");
}

BOOST_AUTO_TEST_CASE(a_child_does_not_inherit_what_an_event_loop_has_opened) {
  BOOST_TEST(in_bare_process([] {
               close_streams();
               asio::io_context context;
               asio::signal_set signals{context, SIGUSR1};
               remembered<std::string> done;
               isolatte::async_fork(context, streams, all_inherited(),
                                    [&](error_code ec, isolatte::outcome<std::string> what) {
                                      signals.cancel();
                                      done.handler()(ec, std::move(what));
                                    });
               context.run();
               return done.what.value_or("no value");
             }) == "nnn");
}

BOOST_AUTO_TEST_CASE(a_child_does_not_inherit_a_signal_sets_pipe) {
  BOOST_TEST(in_bare_process([] {
               asio::io_context context;
               // Makes the loop's own descriptors.
               isolatte::async_fork(context, [] {}, [](error_code, isolatte::outcome<void>) {});
               context.run();
               close_streams();
               asio::signal_set signals{context, SIGUSR1};
               return isolatte::fork(streams, all_inherited()).value_or("no value");
             }) == "nnn");
}

BOOST_AUTO_TEST_CASE(a_servers_child_has_the_null_device_where_the_program_has_nothing) {
  BOOST_TEST(in_bare_process([] {
               close_streams();
               asio::io_context context;
               fork_server server{context};
               std::string all;
               for (int i = 0; i != 2; ++i) {
                 remembered<std::string> done;
                 server.async_fork(call(streams), all_inherited(), done.handler());
                 context.restart();
                 context.run();
                 all += done.what.value_or("no value");
               }
               return all;
             }) == "nnnnnn");
}

BOOST_AUTO_TEST_CASE(a_program_has_the_null_device_where_this_one_has_nothing) {
  BOOST_TEST(in_bare_process([] {
               close_streams();
               asio::io_context context;
               remembered<void> done;
               isolatte::program const shell{
                   "sh", {"-c", "echo hello && echo hello >&2 && ! read x && exit 3"}};
               isolatte::async_execute(context, shell, all_inherited(), done.handler());
               context.run();
               return std::to_string(done.what.exit_code().value_or(-1));
             }) == "3");
}

BOOST_AUTO_TEST_CASE(a_stream_that_the_user_has_marked_is_inherited) {
  wire out;
  scratch_folder folder;
  auto const report = in_bare_process([&]() -> std::string {
    ::dup2(out.write_end(), 1);
    out.close_read();
    ::fcntl(1, F_SETFD, FD_CLOEXEC);
    ::close(2);
    if (::open((folder / "err").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600) != 2) return "2";
    // An eventfd that the user has put there, whatever for.
    ::dup2(::eventfd(0, EFD_CLOEXEC), 0);
    return isolatte::fork(
               [] {
                 write_all(1, "out");
                 write_all(2, "err");
                 return streams();
               },
               all_inherited())
        .value_or("no value");
  });
  BOOST_TEST(report == "???");
  BOOST_TEST(out.read_rest() == "out");
  BOOST_TEST(read_file(folder / "err") == "err");
}

// Roots without devices

/// Runs a function in a process whose root is an empty folder.
template <class F>
std::string in_bare_root(F function) {
  scratch_folder root;
  return in_bare_process([&]() -> std::string {
    // Users that may not change their root may in a namespace of their own.
    std::string const path = root / "";
    if (::chroot(path.c_str()) == -1 &&
        (::unshare(CLONE_NEWUSER) == -1 || ::chroot(path.c_str()) == -1))
      return "no chroot";
    if (::chdir("/") == -1) return "no root";
    return function();
  });
}

BOOST_AUTO_TEST_CASE(a_child_needs_no_null_device) {
  auto const report = in_bare_root([] {
    std::string all;
    for (bool const early : {false, true}) {
      auto const done = isolatte::fork(
          [] {
            auto const text = read_all(0);
            bool const written = write_all(1, std::string(1'000'000, 'x')) && write_all(2, "x");
            return text + (written ? "written;" : "refused;");
          },
          {.out = isolatte::discard, .early = early});
      all += done.value_or("no value") + done.out_text() + (done.out_truncated() ? "cut" : "");
    }
    return all;
  });
  BOOST_TEST((report == "written;written;" || report == "no chroot"), report);
}

std::string use_discarded_streams() {
  auto const text = read_all(0);
  bool const written = write_all(1, std::string(1'000'000, 'x')) && write_all(2, "x");
  return text + (written ? "written;" : "refused;");
}

BOOST_AUTO_TEST_CASE(a_servers_child_needs_no_null_device) {
  auto const report = in_bare_root([] {
    asio::io_context context;
    fork_server server{context};
    std::string all;
    for (int i = 0; i != 2; ++i) {
      remembered<std::string> done;
      server.async_fork(call(use_discarded_streams), {.out = isolatte::discard}, done.handler());
      context.restart();
      context.run();
      all += done.what.value_or("no value");
    }
    return all;
  });
  BOOST_TEST((report == "written;written;" || report == "no chroot"), report);
}

remembered<void> execute(isolatte::program what, options opts = {}) {
  asio::io_context context;
  remembered<void> done;
  isolatte::async_execute(context, std::move(what), std::move(opts), done.handler());
  context.run();
  return done;
}

BOOST_AUTO_TEST_CASE(a_missing_executable_and_a_missing_file_are_told_apart) {
  auto const& system = boost::system::system_category();
  auto const executable = execute({"/no/such/program"});
  BOOST_TEST((executable.ec == errc::no_such_file_or_directory));
  BOOST_TEST((executable.ec.category() == system));
  auto const file = execute({"true"}, {.in = isolatte::from_file{"/no/such/file"}});
  BOOST_TEST((file.ec == errc::no_such_file_or_directory));
  BOOST_TEST((file.ec.category() == isolatte::preparation_category()));
  auto const folder = execute({.executable = "true", .start_dir = "/no/such/folder"});
  BOOST_TEST((folder.ec == errc::no_such_file_or_directory));
  BOOST_TEST((folder.ec.category() == isolatte::preparation_category()));
}

BOOST_AUTO_TEST_CASE(a_bare_root_lacks_the_executable_alone) {
  auto const report = in_bare_root([] {
    auto const done = execute({"/program"}, {.out = isolatte::discard});
    return std::string{done.ec.category().name()} + ' ' + std::to_string(done.ec.value());
  });
  BOOST_TEST((report == "system " + std::to_string(ENOENT) || report == "no chroot"), report);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace standard_streams_test
