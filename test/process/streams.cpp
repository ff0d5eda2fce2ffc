// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

namespace asio = boost::asio;
namespace data = boost::unit_test::data;
using namespace isolatte::test;
using namespace std::chrono_literals;
using boost::system::error_code;
using isolatte::by_line;
using isolatte::capture;
using isolatte::ending;
using isolatte::from_fd;
using isolatte::from_file;
using isolatte::from_text;
using isolatte::options;
using isolatte::to_fd;
using isolatte::to_file;

namespace {

constexpr std::size_t mebibyte = 1024 * 1024;
constexpr std::size_t longest_line = 64 * 1024;
using lines = std::vector<std::string>;

by_line into(lines& list) {
  return by_line{[&list](std::string line) { list.push_back(std::move(line)); }};
}

void flood(int fd, std::size_t total) {
  // 64 bytes each, so that a full pipe ends with a whole line.
  std::string block;
  while (block.size() < longest_line) block += std::string(63, 'x') + '\n';
  for (std::size_t done = 0; done < total; done += block.size()) write_all(fd, block);
}

void set_sink(options& opts, int fd, isolatte::sink to) {
  (fd == STDOUT_FILENO ? opts.out : opts.err) = std::move(to);
}

/// Returns the lines of a child that writes a text.
lines lines_of(const std::string& text) {
  lines found;
  auto const done = isolatte::fork([&] { write_all(1, text); }, {.out = into(found)});
  BOOST_TEST(done.how() == ending::returned);
  return found;
}

/// Kills a process that has escaped from the group of its child.
class escapee {
 public:
  explicit escapee(pid_t pid) : pid_{pid} {}
  ~escapee() {
    ::kill(pid_, SIGKILL);
    wait_until_gone(pid_);
  }
  escapee(const escapee&) = delete;

 private:
  pid_t pid_;
};

/// Makes a process outside the process group, which the library cannot kill.
template <class F>
pid_t leave_behind(F function) {
  wire left;
  pid_t const pid = bare_fork([&] {
    ::setsid();
    left.tell();
    function();
  });
  left.await();
  return pid;
}

int const both_outputs[] = {STDOUT_FILENO, STDERR_FILENO};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(streams, isolatte::test::nothing_left)

// Floods

BOOST_DATA_TEST_CASE(a_flood_into_discard_blocks_nobody, data::make(both_outputs), fd) {
  options opts;
  set_sink(opts, fd, isolatte::discard);
  auto const done = isolatte::fork(
      [fd] {
        flood(fd, 64 * mebibyte);
        return 42;
      },
      opts);
  BOOST_TEST(done.value() == 42);
}

BOOST_DATA_TEST_CASE(a_flood_into_capture_keeps_the_end, data::make(both_outputs), fd) {
  options opts;
  set_sink(opts, fd, capture{});
  auto const done = isolatte::fork(
      [fd] {
        flood(fd, 64 * mebibyte);
        write_all(fd, "the end");
        return 42;
      },
      opts);
  BOOST_TEST(done.value() == 42);
  auto const& text = fd == STDOUT_FILENO ? done.out_text() : done.err_text();
  BOOST_TEST(text.size() == 64U * 1024);
  BOOST_TEST(text.ends_with("xx\nthe end"));
  BOOST_TEST((fd == STDOUT_FILENO ? done.out_truncated() : done.err_truncated()));
  BOOST_TEST(!(fd == STDOUT_FILENO ? done.err_truncated() : done.out_truncated()));
}

BOOST_DATA_TEST_CASE(a_flood_into_by_line_loses_no_line, data::make(both_outputs), fd) {
  std::size_t count = 0;
  std::size_t wrong = 0;
  options opts;
  set_sink(opts, fd, by_line{[&](std::string_view line) {
             ++count;
             if (line.size() != 63) ++wrong;
           }});
  auto const done = isolatte::fork(
      [fd] {
        flood(fd, 64 * mebibyte);
        return 42;
      },
      opts);
  BOOST_TEST(done.value() == 42);
  BOOST_TEST(count == mebibyte);
  BOOST_TEST(wrong == 0U);
}

BOOST_AUTO_TEST_CASE(both_outputs_and_a_large_result_flood_at_once) {
  std::size_t bytes = 0;
  auto const done = isolatte::fork(
      [] {
        std::thread other{[] { flood(2, 16 * mebibyte); }};
        flood(1, 16 * mebibyte);
        other.join();
        return std::string(16 * mebibyte, 'r');
      },
      {.out = by_line{[&](std::string_view line) { bytes += line.size() + 1; }},
       .err = capture{.limit = 32 * mebibyte}});
  BOOST_TEST((done.value() == std::string(16 * mebibyte, 'r')));
  BOOST_TEST(bytes == 16 * mebibyte);
  BOOST_TEST(done.err_text().size() == 16 * mebibyte);
  BOOST_TEST(!done.err_truncated());
}

BOOST_AUTO_TEST_CASE(a_flooding_child_that_never_ends_is_ended) {
  std::size_t count = 0;
  auto const done = isolatte::fork(
      [] {
        for (;;) flood(1, mebibyte);
      },
      {.out = by_line{[&](std::string_view) { ++count; }}, .timeout = 50ms});
  BOOST_TEST(done.how() == ending::timed_out);
}

BOOST_AUTO_TEST_CASE(a_child_whose_output_nobody_reads_is_ended) {
  wire unread;
  auto const done = isolatte::fork([] { flood(1, 64 * mebibyte); },
                                   {.out = to_fd{unread.write_end()}, .timeout = 50ms});
  BOOST_TEST(done.how() == ending::timed_out);
}

BOOST_AUTO_TEST_CASE(outputs_closed_early_harm_nothing) {
  lines err;
  auto const done = isolatte::fork(
      [] {
        write_all(1, "out");
        write_all(2, "err");
        ::close(0), ::close(1), ::close(2);
        return std::string(mebibyte, 'v');
      },
      {.in = from_text{"unread"}, .out = capture{}, .err = into(err)});
  BOOST_TEST(done.value().size() == mebibyte);
  BOOST_TEST(done.out_text() == "out");
  BOOST_TEST((err == lines{"err"}));
}

BOOST_AUTO_TEST_CASE(files_under_the_numbers_of_closed_streams_get_no_result) {
  scratch_folder folder;
  auto const path = folder / "file";
  auto const done = isolatte::fork(
      [&] {
        for (int fd = 0; fd != 256; ++fd) ::close(fd);
        for (int i = 0; i != 16; ++i)
          if (::open(path.c_str(), O_CREAT | O_RDWR | O_APPEND, 0600) == -1) ::_exit(9);
        return 1;
      },
      {.out = capture{}});
  // The result channel is closed, too, so the value cannot arrive. No byte of it may land in the
  // file.
  BOOST_TEST(done.how() == ending::undelivered);
  BOOST_TEST(read_file(path) == "");
}

// Grandchildren that hold the streams

BOOST_AUTO_TEST_CASE(an_escaped_holder_of_the_streams_delays_nobody) {
  lines err;
  auto const done = isolatte::fork(
      [] {
        write_all(1, "before ");
        pid_t const pid = leave_behind(hang);
        write_all(2, "one\ntwo");
        write_all(1, std::string(mebibyte, 'x'));
        write_all(1, " after");
        return pid;
      },
      {.out = capture{.limit = 2 * mebibyte}, .err = into(err)});
  BOOST_REQUIRE(done.how() == ending::returned);
  escapee const still_there{done.value()};
  BOOST_TEST(alive(done.value()));
  BOOST_TEST((done.out_text() == "before " + std::string(mebibyte, 'x') + " after"));
  BOOST_TEST((err == lines{"one", "two"}));
}

BOOST_AUTO_TEST_CASE(an_escaped_flood_delays_nobody) {
  for (bool const by_lines : {false, true}) {
    std::string first;
    options opts{.out = capture{.limit = 256 * mebibyte}};
    if (by_lines)
      opts.out = by_line{[&](std::string_view line) {
        if (first.empty()) first = line;
      }};
    auto const done = isolatte::fork(
        [] {
          write_all(1, "mine\n");
          return leave_behind([] {
            while (write_all(1, "not mine\n")) {
            }
          });
        },
        opts);
    BOOST_REQUIRE(done.how() == ending::returned);
    escapee const still_there{done.value()};
    if (!by_lines) first = done.out_text().substr(0, 4);
    BOOST_TEST(first == "mine");
  }
}

BOOST_AUTO_TEST_CASE(an_escaped_holder_keeps_nobody_from_a_true_ending) {
  wire told;
  auto const done = isolatte::fork(
      [&] {
        pid_t const pid = leave_behind(hang);
        write_all(told.write_end(), std::to_string(pid));
        write_all(1, "last words");
        ::raise(SIGKILL);
      },
      {.out = capture{}, .keep = {told.write_end()}});
  told.close_write();
  // The escaped process holds this pipe, too, so end-of-file does not come.
  std::string digits(16, '\0');
  digits.resize(static_cast<std::size_t>(::read(told.read_end(), digits.data(), digits.size())));
  escapee const still_there{std::stoi(digits)};
  BOOST_TEST(done.how() == ending::killed);
  BOOST_TEST(done.out_text() == "last words");
}

// Files

BOOST_AUTO_TEST_CASE(to_file_truncates_or_appends) {
  scratch_folder folder;
  auto const path = folder / "log";
  auto const say = [](const char* what) { return [what] { write_all(1, what); }; };
  BOOST_TEST(isolatte::fork(say("a long first text"), {.out = to_file{path}}).success());
  BOOST_TEST(read_file(path) == "a long first text");
  BOOST_TEST(isolatte::fork(say("second"), {.out = to_file{path}}).success());
  BOOST_TEST(read_file(path) == "second");
  BOOST_TEST(isolatte::fork(say(" third"), {.out = to_file{path, true}}).success());
  BOOST_TEST(read_file(path) == "second third");
  BOOST_TEST(isolatte::fork([] { write_all(2, "err"); }, {.err = to_file{.path = path}}).success());
  BOOST_TEST(read_file(path) == "err");
}

BOOST_AUTO_TEST_CASE(both_outputs_share_one_file) {
  scratch_folder folder;
  std::filesystem::create_directory(folder / "sub");
  std::filesystem::create_symlink("log", folder / "link");
  for (auto const& other : {folder / "log", folder / "sub/../log", folder / "link"}) {
    auto const done = isolatte::fork(
        [] {
          for (int i = 0; i != 3; ++i) write_all(1, "out\n"), write_all(2, "err\n");
        },
        {.out = to_file{folder / "log"}, .err = to_file{other}});
    BOOST_TEST(done.success());
    BOOST_TEST(read_file(folder / "log") == "out\nerr\nout\nerr\nout\nerr\n");
  }
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_opened_is_the_operations_error) {
  scratch_folder folder;
  auto const missing = folder / "no/such/file";
  for (auto const& opts : {options{.in = from_file{missing}}, options{.out = to_file{missing}},
                           options{.err = to_file{missing, true}}}) {
    asio::io_context context;
    bool ran = false;
    isolatte::async_fork(
        context, [] {}, opts,
        [&](error_code ec, isolatte::outcome<void> done) {
          ran = true;
          BOOST_TEST(ec == boost::system::errc::no_such_file_or_directory);
          BOOST_TEST(done.how() == ending::not_started);
          BOOST_TEST(done.ran() == isolatte::ran::no);
        });
    BOOST_TEST(!ran);
    context.run();
    BOOST_TEST(ran);
  }
}

// Standard input

BOOST_AUTO_TEST_CASE(discard_reads_as_nothing) {
  auto const done = isolatte::fork([] { return read_all(0); });
  BOOST_TEST(done.value() == "");
}

BOOST_AUTO_TEST_CASE(text_is_read_in_whole_in_part_or_not_at_all) {
  std::string const text = std::string(10 * mebibyte, 't') + "end";
  auto const whole = isolatte::fork([] { return read_all(0); }, {.in = from_text{text}});
  BOOST_TEST((whole.value() == text));
  auto const part = isolatte::fork(
      [] {
        char bytes[5];
        return std::string(bytes, static_cast<std::size_t>(::read(0, bytes, sizeof bytes)));
      },
      {.in = from_text{text}});
  BOOST_TEST(part.value() == "ttttt");
  auto const none = isolatte::fork([] { return 7; }, {.in = from_text{text}});
  BOOST_TEST(none.value() == 7);
  auto const empty = isolatte::fork([] { return read_all(0); }, {.in = from_text{}});
  BOOST_TEST(empty.value() == "");
}

BOOST_AUTO_TEST_CASE(text_comes_through_the_streams_of_c_and_cpp) {
  auto const done = isolatte::fork(
      [] {
        std::string first;
        std::getline(std::cin, first);
        char second[16] = {};
        if (std::scanf("%15s", second) != 1) second[0] = '?';
        return first + "|" + second;
      },
      {.in = from_text{"one line\ntwo\n"}});
  BOOST_TEST(done.value() == "one line|two");
}

BOOST_AUTO_TEST_CASE(a_file_and_a_descriptor_are_read) {
  scratch_folder folder;
  std::ofstream{folder / "in"} << "from a file";
  auto const file = isolatte::fork([] { return read_all(0); }, {.in = from_file{folder / "in"}});
  BOOST_TEST(file.value() == "from a file");

  wire feed;
  asio::io_context context;
  std::string got;
  isolatte::async_fork(
      context, [] { return read_all(0); }, {.in = from_fd{feed.read_end()}},
      [&](error_code, isolatte::outcome<std::string> done) { got = done.value(); });
  write_all(feed.write_end(), "from a descriptor");
  feed.close_write();
  context.run();
  BOOST_TEST(got == "from a descriptor");
}

// Descriptors

BOOST_AUTO_TEST_CASE(a_bad_descriptor_is_the_operations_error) {
  for (auto const& opts : {options{.in = from_fd{-1}}, options{.in = from_fd{12345}},
                           options{.out = to_fd{-1}}, options{.err = to_fd{12345}}}) {
    auto const done = isolatte::fork([] {}, opts);
    BOOST_TEST(done.how() == ending::not_started);
    BOOST_CHECK_EXCEPTION(done.value(), boost::system::system_error, [](auto const& error) {
      return error.code() == boost::system::errc::bad_file_descriptor;
    });
  }
}

BOOST_AUTO_TEST_CASE(a_descriptor_serves_both_outputs_and_stays_open_here) {
  wire both;
  auto const done =
      isolatte::fork([] { write_all(1, "out "), write_all(2, "err "); },
                     {.out = to_fd{both.write_end()}, .err = to_fd{both.write_end()}});
  BOOST_TEST(done.success());
  write_all(both.write_end(), "mine");
  BOOST_TEST(both.read_rest() == "out err mine");
}

BOOST_AUTO_TEST_CASE(outputs_are_swapped) {
  wire one;
  wire two;
  auto const report = in_bare_process([&]() -> std::string {
    ::dup2(one.write_end(), 1);
    ::dup2(two.write_end(), 2);
    auto const done = isolatte::fork([] { write_all(1, "out"), write_all(2, "err"); },
                                     {.out = to_fd{2}, .err = to_fd{1}});
    return done.success() ? "" : "no success";
  });
  BOOST_TEST(report == "");
  BOOST_TEST(one.read_rest() == "err");
  BOOST_TEST(two.read_rest() == "out");
}

BOOST_AUTO_TEST_CASE(streams_are_rotated) {
  // Descriptor 0 becomes the output, 1 the error output, 2 the input.
  wire in;
  wire out;
  wire err;
  write_all(in.write_end(), "hello");
  in.close_write();
  auto const report = in_bare_process([&]() -> std::string {
    ::dup2(out.write_end(), 0);
    ::dup2(err.write_end(), 1);
    ::dup2(in.read_end(), 2);
    auto const done = isolatte::fork(
        [] {
          auto const text = read_all(0);
          write_all(1, text + " out");
          write_all(2, text + " err");
        },
        {.in = from_fd{2}, .out = to_fd{0}, .err = to_fd{1}});
    return done.success() ? "" : "no success";
  });
  BOOST_TEST(report == "");
  BOOST_TEST(out.read_rest() == "hello out");
  BOOST_TEST(err.read_rest() == "hello err");
}

BOOST_AUTO_TEST_CASE(inherited_streams_are_the_programs_own) {
  wire in;
  wire out;
  wire err;
  write_all(in.write_end(), "in");
  in.close_write();
  auto const report = in_bare_process([&]() -> std::string {
    ::dup2(in.read_end(), 0);
    ::dup2(out.write_end(), 1);
    ::dup2(err.write_end(), 2);
    auto const done = isolatte::fork(
        [] {
          write_all(1, read_all(0) + " out");
          write_all(2, "err");
        },
        {.in = isolatte::inherit, .out = isolatte::inherit, .err = isolatte::inherit});
    return done.success() ? "" : "no success";
  });
  BOOST_TEST(report == "");
  BOOST_TEST(out.read_rest() == "in out");
  BOOST_TEST(err.read_rest() == "err");
}

BOOST_DATA_TEST_CASE(a_program_without_standard_streams_works, data::xrange(8), closed) {
  auto const report = in_bare_process([&]() -> std::string {
    for (int fd = 0; fd != 3; ++fd)
      if ((closed >> fd & 1) != 0) ::close(fd);
    scratch_folder folder;
    for (int round = 0; round != 2; ++round) {
      lines err;
      auto const done = isolatte::fork(
          [] {
            auto const text = read_all(0);
            std::cout << text << " out" << std::flush;
            write_all(2, text + " err");
            return text + " value";
          },
          {.in = from_text{"in"}, .out = capture{}, .err = into(err)});
      if (!done) return "no value";
      if (done.value() != "in value") return "value: " + done.value();
      if (done.out_text() != "in out") return "out: " + done.out_text();
      if (err != lines{"in err"}) return "err";
      auto const files = isolatte::fork(
          [] {
            write_all(1, read_all(0) + "1");
            write_all(2, "2");
            return 5;
          },
          {.out = to_file{folder / "1"}, .err = to_file{folder / "2"}});
      if (files.value_or(0) != 5) return "no value behind files";
      if (read_file(folder / "1") != "1" || read_file(folder / "2") != "2") return "files";
      auto const inherited = isolatte::fork(
          [] {
            // The result has to arrive, whether or not these two are open.
            static_cast<void>(!::write(1, "", 0)), static_cast<void>(!::write(2, "", 0));
            return 6;
          },
          {.in = isolatte::inherit, .out = isolatte::inherit, .err = isolatte::inherit});
      if (inherited.value_or(0) != 6) return "no value behind inherited streams";
      for (int fd = 0; fd != 3; ++fd)
        if ((closed >> fd & 1) != 0 && ::fcntl(fd, F_GETFD) != -1)
          return "something took the place of descriptor " + std::to_string(fd);
    }
    return "";
  });
  BOOST_TEST(report == "");
}

// Capture

BOOST_AUTO_TEST_CASE(capture_keeps_the_last_bytes_up_to_its_limit) {
  auto const captured = [](std::size_t limit) {
    return isolatte::fork([] { write_all(1, "0123456789"); }, {.out = capture{limit}});
  };
  for (std::size_t const limit : {0U, 1U, 9U}) {
    auto const done = captured(limit);
    BOOST_TEST(done.out_text() == std::string{"0123456789"}.substr(10 - limit));
    BOOST_TEST(done.out_truncated());
  }
  for (std::size_t const limit : {10U, 11U}) {
    auto const done = captured(limit);
    BOOST_TEST(done.out_text() == "0123456789");
    BOOST_TEST(!done.out_truncated());
  }
  auto const nothing = isolatte::fork([] {}, {.out = capture{0}, .err = capture{}});
  BOOST_TEST(nothing.out_text() == "");
  BOOST_TEST(!nothing.out_truncated());
  BOOST_TEST(!nothing.err_truncated());
}

BOOST_AUTO_TEST_CASE(a_small_capture_of_many_small_writes_is_the_tail) {
  auto const done = isolatte::fork(
      [] {
        for (int i = 0; i != 2000; ++i) write_all(2, std::to_string(i) + ' ');
      },
      {.err = capture{10}});
  BOOST_TEST(done.err_text() == "1998 1999 ");
  BOOST_TEST(done.err_truncated());
}

BOOST_AUTO_TEST_CASE(capture_takes_any_byte) {
  std::string all;
  for (int byte = 0; byte != 256; ++byte) all += static_cast<char>(byte);
  auto const done = isolatte::fork([&] { write_all(1, all); }, {.out = capture{}});
  BOOST_TEST((done.out_text() == all));
}

BOOST_AUTO_TEST_CASE(what_was_captured_is_there_behind_every_ending) {
  options const opts{.out = capture{}, .err = capture{}};
  auto const check = [](auto const& done, ending how) {
    BOOST_TEST(done.how() == how);
    BOOST_TEST(done.out_text() == "out");
    BOOST_TEST(done.err_text() == "err");
  };
  auto const write = [] { write_all(1, "out"), write_all(2, "err"); };
  check(isolatte::fork(
            [&] {
              write();
              throw std::runtime_error{"x"};
            },
            opts),
        ending::threw);
  check(isolatte::fork(
            [&] {
              write();
              ::_exit(3);
            },
            opts),
        ending::exited);
  check(isolatte::fork(
            [&] {
              write();
              ::raise(SIGSEGV);
            },
            opts),
        ending::faulted);
  check(isolatte::fork(
            [&] {
              write();
              ::raise(SIGUSR1);
            },
            opts),
        ending::signaled);
  wire written;
  asio::io_context context;
  options cancelled = opts;
  cancelled.keep = {written.write_end()};
  asio::cancellation_signal cancel;
  isolatte::async_fork(
      context, [&] { write(), written.tell(), hang(); }, cancelled,
      asio::bind_cancellation_slot(cancel.slot(), [&](error_code, isolatte::outcome<void> done) {
        check(done, ending::cancelled);
      }));
  BOOST_TEST(written.await());
  cancel.emit(asio::cancellation_type::terminal);
  context.run();
}

// Lines

BOOST_AUTO_TEST_CASE(lines_come_in_order_without_their_newlines) {
  BOOST_TEST((lines_of("one\ntwo\nthree\n") == lines{"one", "two", "three"}));
  BOOST_TEST((lines_of("") == lines{}));
  BOOST_TEST((lines_of("\n") == lines{""}));
  BOOST_TEST((lines_of("\n\na\n\n") == lines{"", "", "a", ""}));
  BOOST_TEST((lines_of("one\nlast") == lines{"one", "last"}));
  BOOST_TEST((lines_of("dos\r\nmac\rx\r\n") == lines{"dos\r", "mac\rx\r"}));
  BOOST_TEST((lines_of(std::string("a\0b\n\0", 5)) == lines{{"a\0b", 3}, {"\0", 1}}));
}

BOOST_AUTO_TEST_CASE(long_lines_are_cut) {
  auto const x = [](std::size_t count) { return std::string(count, 'x'); };
  BOOST_TEST((lines_of(x(longest_line) + "\nb\n") == lines{x(longest_line), "b"}));
  BOOST_TEST((lines_of(x(longest_line)) == lines{x(longest_line)}));
  BOOST_TEST((lines_of(x(longest_line + 1) + "\n") == lines{x(longest_line), "x"}));
  BOOST_TEST((lines_of(x(3 * longest_line + 7) + "\n\nb") ==
              lines{x(longest_line), x(longest_line), x(longest_line), x(7), "", "b"}));
}

BOOST_AUTO_TEST_CASE(lines_are_put_together_from_many_writes) {
  lines found;
  auto const done = isolatte::fork(
      [] {
        for (char const c : std::string_view{"one\ntwo \xc3\xa9\n\nlast"}) write_all(1, {&c, 1});
      },
      {.out = into(found)});
  BOOST_TEST(done.success());
  BOOST_TEST((found == lines{"one", "two \xc3\xa9", "", "last"}));
}

BOOST_AUTO_TEST_CASE(a_line_arrives_while_the_child_runs) {
  wire answer;
  lines found;
  auto const done = isolatte::fork(
      [&] {
        write_all(1, "question\nhal");
        bool const answered = answer.await();
        write_all(1, "f\n");
        return answered;
      },
      {.out = by_line{[&](std::string line) {
         if (line == "question") answer.tell();
         found.push_back(std::move(line));
       }},
       .keep = {answer.read_end()}});
  BOOST_TEST(done.value());
  BOOST_TEST((found == lines{"question", "half"}));
}

BOOST_AUTO_TEST_CASE(line_callbacks_run_on_the_operations_executor_one_at_a_time) {
  asio::io_context context;
  auto const strand = asio::make_strand(context);
  std::atomic<int> inside = 0;
  std::atomic<int> overlapping = 0;
  std::atomic<int> elsewhere = 0;
  lines out;
  std::vector<isolatte::outcome<int>> ended;
  std::mutex mutex;
  // The strand handles one line of these four operations at a time. The context alone handles one
  // line of each operation at a time.
  for (int i = 0; i != 4; ++i)
    isolatte::async_fork(
        strand,
        [i] {
          for (int n = 0; n != 1000; ++n) std::cout << i << ' ' << n << '\n';
          return i;
        },
        {.out = by_line{[&](std::string line) {
           if (inside++ != 0) ++overlapping;
           if (!strand.running_in_this_thread()) ++elsewhere;
           out.push_back(std::move(line));
           --inside;
         }}},
        [&](error_code, isolatte::outcome<int> done) {
          std::lock_guard const lock{mutex};
          ended.push_back(std::move(done));
        });
  std::vector<lines> own(4);
  for (std::size_t i = 0; i != 4; ++i)
    isolatte::async_fork(
        context,
        [] {
          for (int n = 0; n != 1000; ++n) std::cout << n << '\n';
          return 1;
        },
        {.out = into(own[i])},
        [&](error_code, isolatte::outcome<int> done) {
          std::lock_guard const lock{mutex};
          ended.push_back(std::move(done));
        });
  std::vector<std::thread> threads;
  for (int i = 0; i != 4; ++i) threads.emplace_back([&] { context.run(); });
  for (auto& thread : threads) thread.join();
  BOOST_TEST(ended.size() == 8U);
  for (auto const& done : ended) BOOST_TEST(done.how() == ending::returned);
  BOOST_TEST(overlapping == 0);
  BOOST_TEST(elsewhere == 0);
  BOOST_TEST(out.size() == 4000U);
  lines numbers;
  for (int n = 0; n != 1000; ++n) numbers.push_back(std::to_string(n));
  for (auto const& list : own) BOOST_TEST((list == numbers));
}

BOOST_AUTO_TEST_CASE(a_callback_that_throws_leaves_run_and_nothing_is_lost) {
  asio::io_context context;
  lines found;
  bool ended = false;
  isolatte::async_fork(
      context,
      [] {
        write_all(1, "1\n2\n3\n");
        flood(1, mebibyte);
        write_all(1, "last");
        return 9;
      },
      {.out = by_line{[&](std::string line) {
         found.push_back(line);
         if (line.size() < 5) throw std::runtime_error{line};
       }}},
      [&](error_code ec, isolatte::outcome<int> done) {
        ended = true;
        BOOST_TEST(!ec);
        BOOST_TEST(done.value_or(0) == 9);
      });
  lines thrown;
  for (bool more = true; more;) {
    try {
      context.run();
      more = false;
    } catch (const std::runtime_error& error) {
      thrown.emplace_back(error.what());
      BOOST_TEST(!ended);
    }
  }
  BOOST_TEST(ended);
  BOOST_TEST((thrown == lines{"1", "2", "3", "last"}));
  BOOST_TEST(found.size() == 4 + mebibyte / 64);
  BOOST_TEST(found.back() == "last");
}

BOOST_AUTO_TEST_CASE(a_loop_that_is_left_alone_behind_a_throw_goes_on_later) {
  asio::io_context context;
  std::size_t bytes = 0;
  bool thrown = false;
  bool ended = false;
  isolatte::async_fork(
      context, [] { flood(1, 4 * mebibyte); }, {.out = by_line{[&](std::string_view line) {
                                                  bytes += line.size() + 1;
                                                  if (!std::exchange(thrown, true)) throw 42;
                                                }}},
      [&](error_code, isolatte::outcome<void> done) {
        ended = true;
        BOOST_TEST(done.success());
      });
  BOOST_CHECK_THROW(context.run(), int);
  // The child waits, because it has filled its pipe.
  auto const left = children();
  BOOST_REQUIRE(left.size() == 1U);
  BOOST_TEST(alive(left.front()));
  context.run();
  BOOST_TEST(ended);
  BOOST_TEST(bytes == 4 * mebibyte);
}

BOOST_AUTO_TEST_CASE(a_callback_that_throws_leaves_fork_behind_the_childs_death) {
  pid_t pid = 0;
  auto const say_and_hang = [] {
    std::cout << ::getpid() << std::endl;
    hang();
  };
  auto const refuse = [&](std::string line) {
    pid = std::stoi(line);
    throw std::out_of_range{"enough"};
  };
  BOOST_CHECK_EXCEPTION(static_cast<void>(isolatte::fork(say_and_hang, {.out = by_line{refuse}})),
                        std::out_of_range,
                        [](auto const& error) { return error.what() == std::string{"enough"}; });
  BOOST_TEST(pid != 0);
  BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(a_callback_may_be_move_only) {
  lines found;
  auto prefix = [text = std::make_unique<std::string>("> "), &found](std::string_view line) {
    found.push_back(*text + std::string{line});
  };
  auto const done =
      isolatte::fork([] { write_all(1, "a\nb"); }, {.out = by_line{std::move(prefix)}});
  BOOST_TEST(done.success());
  BOOST_TEST((found == lines{"> a", "> b"}));
}

BOOST_AUTO_TEST_CASE(a_callback_may_run_children_of_its_own) {
  lines found;
  auto const done = isolatte::fork([] { write_all(1, "2\n3\n"); },
                                   {.out = by_line{[&](std::string line) {
                                      found.push_back(isolatte::fork([n = std::stoi(line)] {
                                                        return std::to_string(n * n);
                                                      }).value());
                                    }}});
  BOOST_TEST(done.success());
  BOOST_TEST((found == lines{"4", "9"}));
}

// Buffers

BOOST_AUTO_TEST_CASE(what_the_child_has_in_buffers_is_written) {
  scratch_folder folder;
  auto const write = [&] {
    std::printf("printf ");
    std::cout << "cout ";
    std::FILE* const own = std::fopen((folder / "own").c_str(), "w");
    std::fputs("own", own);
  };
  auto const check = [&](auto const& done, ending how) {
    BOOST_TEST(done.how() == how);
    BOOST_TEST(done.out_text() == "printf cout ");
    BOOST_TEST(read_file(folder / "own") == "own");
    std::filesystem::remove(folder / "own");
  };
  options const opts{.out = capture{}};
  check(isolatte::fork([&] { write(); }, opts), ending::returned);
  check(isolatte::fork(
            [&] {
              write();
              throw 1;
            },
            opts),
        ending::threw);
  check(isolatte::fork(
            [&] {
              write();
              std::exit(0);
            },
            opts),
        ending::exited);
}

BOOST_AUTO_TEST_CASE(what_the_program_has_in_buffers_is_written_once) {
  scratch_folder folder;
  for (bool const synced : {true, false}) {
    wire out;
    auto const report = in_bare_process([&]() -> std::string {
      std::ios::sync_with_stdio(synced);
      ::dup2(out.write_end(), 1);
      std::FILE* const file = std::fopen((folder / "file").c_str(), "w");
      std::fputs("parent;", file);
      std::printf("parent printf;");
      std::cout << "parent cout;";
      for (int i = 0; i != 2; ++i) {
        auto const done = isolatte::fork(
            [&] {
              std::cout << "child cout;" << std::flush;
              std::printf("child printf;");
              std::fputs("child;", file);
            },
            {.keep = {::fileno(file)}});
        if (!done.success()) return "no success";
      }
      std::fputs("still parent;", file);
      std::fclose(file);
      std::fflush(stdout);
      std::cout.flush();
      return "";
    });
    BOOST_TEST(report == "");
    BOOST_TEST(read_file(folder / "file") == "child;child;parent;still parent;");
    auto const text = out.read_rest();
    auto const count = [&](std::string_view what) {
      std::size_t found = 0;
      for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
      return found;
    };
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(count("parent printf;") == 1U);
      BOOST_TEST(count("parent cout;") == 1U);
      BOOST_TEST(count("child printf;") == 2U);
      BOOST_TEST(count("child cout;") == 2U);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_the_program_has_read_ahead_is_not_the_childs) {
  for (bool const synced : {true, false}) {
    wire in;
    write_all(in.write_end(), "first\nread ahead\n");
    in.close_write();
    auto const report = in_bare_process([&]() -> std::string {
      std::ios::sync_with_stdio(synced);
      ::dup2(in.read_end(), 0);
      std::string first;
      std::getline(std::cin, first);
      auto const read = [] {
        std::string line;
        std::getline(std::cin, line);
        return line;
      };
      auto const done = isolatte::fork(read, {.in = from_text{"the child's\n"}});
      if (done.value_or("") != "the child's") return "child got: " + done.value_or("nothing");
      std::string second;
      std::getline(std::cin, second);
      return first + '|' + second;
    });
    BOOST_TEST(report == "first|read ahead");
  }
}

BOOST_AUTO_TEST_CASE(a_parents_failed_stream_is_not_the_childs_fault) {
  auto const report = in_bare_process([]() -> std::string {
    std::cin.setstate(std::ios::eofbit | std::ios::failbit);
    auto const done = isolatte::fork(
        [] {
          std::string word;
          std::cin >> word;
          return word;
        },
        {.in = from_text{"word"}});
    return done.value_or("nothing");
  });
  BOOST_TEST(report == "word");
}

BOOST_AUTO_TEST_CASE(a_full_turn_of_output_is_not_waited_upon) {
  // The output is a multiple of what the reader takes in one turn, and the pipe holds all of it.
  for (int turns : {1, 2}) {
    asio::io_context context;
    wire filled;
    wire witness;
    isolatte::outcome<void> what;
    isolatte::async_fork(
        context,
        [&] {
          if (::fcntl(1, F_SETPIPE_SZ, 1 << 20) == -1) ::_exit(9);
          if (::fork() == 0) {
            ::setsid();
            char byte = 0;
            // Holds the output open until the test closes `witness`.
            static_cast<void>(!::read(witness.read_end(), &byte, 1));
            ::_exit(0);
          }
          write_all(1, std::string(static_cast<std::size_t>(turns) * 256 * 1024, 'x'));
          write_all(filled.write_end(), ".");
        },
        {.out = capture{}, .keep = {filled.write_end(), witness.read_end()}},
        [&](boost::system::error_code, isolatte::outcome<void> done) { what = std::move(done); });
    BOOST_TEST(filled.await());
    context.run();
    BOOST_TEST(what.how() == ending::returned);
    BOOST_TEST(what.out_text().size() == 64u * 1024);
    witness.close_write();
  }
}

BOOST_AUTO_TEST_CASE(output_that_grows_while_it_is_read_has_an_end) {
  constexpr std::size_t endless = 10'000;
  std::string const line = std::string(4095, 'x') + '\n';
  wire ready;
  wire go;
  int output = -1;
  std::size_t count = 0;
  std::optional<isolatte::outcome<void>> what;
  asio::io_context context;
  auto child = isolatte::spawn_child(context,
                                     [&] {
                                       ready.tell();
                                       go.await();
                                       write_all(1, line);
                                     },
                                     {.out = by_line{[&](std::string_view) {
                                        if (++count != endless) write_all(output, line);
                                      }},
                                      .keep = {ready.write_end(), go.read_end()}});
  child.async_wait([&](error_code, isolatte::outcome<void> done) { what = std::move(done); });
  BOOST_TEST(ready.await());
  output = ::open(("/proc/" + std::to_string(child.pid()) + "/fd/1").c_str(), O_WRONLY | O_CLOEXEC);
  BOOST_REQUIRE(output != -1);
  go.tell();
  // The child has ended before a line is read.
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT);
  context.run();
  ::close(output);
  BOOST_REQUIRE(what.has_value());
  BOOST_TEST(what->how() == ending::returned);
  BOOST_TEST(count < endless);
}

BOOST_AUTO_TEST_CASE(what_there_is_no_memory_for_is_dropped_and_told) {
  if (!malloc_refuses) return;  // a sanitizer reserves more than any limit
  constexpr std::size_t total = 100 * mebibyte;
  auto const report = in_bare_process([]() -> std::string {
    std::size_t pages = 0;
    std::ifstream{"/proc/self/statm"} >> pages;
    rlim_t const most = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + 40 * mebibyte;
    rlimit const limit{most, most};
    if (::setrlimit(RLIMIT_AS, &limit) != 0) return "no limit";
    asio::io_context context;
    isolatte::outcome<int> what;
    isolatte::async_fork(
        context,
        [] {
          flood(1, total);
          write_all(1, "the end");
          return 5;
        },
        {.out = capture{.limit = 10 * total}},
        [&](error_code, isolatte::outcome<int> done) { what = std::move(done); });
    int thrown = 0;
    while (!context.stopped()) {
      try {
        context.run();
      } catch (const std::bad_alloc&) {
        ++thrown;
      }
    }
    if (thrown != 0) return std::to_string(thrown) + " exceptions left run()";
    if (what.value_or(0) != 5) return "no value";
    if (!what.out_truncated()) return "not truncated";
    if (what.out_text().size() < mebibyte) return "less kept than there is memory for";
    return what.out_text().substr(what.out_text().size() - 10);
  });
  BOOST_TEST(report == "xx\nthe end");
}

BOOST_AUTO_TEST_SUITE_END()
