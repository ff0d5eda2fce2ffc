// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "support/nothing_left.hpp"

#include <isolatte/async_fork.hpp>
#include <isolatte/call.hpp>
#include <isolatte/fork.hpp>
#include <isolatte/fork_server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace leash_test {

namespace asio = boost::asio;
namespace data = boost::unit_test::data;
using boost::system::error_code;
using isolatte::call;
using isolatte::ending;
using isolatte::outcome;
using namespace isolatte::test;

constexpr int nobody = 65534;

bool become_nobody() { return ::setresuid(nobody, nobody, nobody) == 0; }

/// Closes everything but these, as programs do that go into the background.
void close_all_but(std::vector<int> kept) {
  for (int fd = 3; fd != 256; ++fd)
    if (std::find(kept.begin(), kept.end(), fd) == kept.end()) ::close(fd);
}

/// "1", or how it ended.
std::string text(const outcome<int>& what) {
  std::ostringstream out;
  if (what)
    out << what.value();
  else
    out << what;
  return out.str();
}

/// A program that has a child of its own which would not end by itself.
/// @param prepare what it does before that
/// @return whether the child has ended with the program, which is killed
template <class Prepare>
bool child_dies_with_program(bool served, Prepare prepare) {
  wire alive;
  wire ready;
  pid_t const program = bare_fork([&] {
    asio::io_context context;
    std::optional<isolatte::fork_server> server;
    if (served) server.emplace(context);
    prepare();
    isolatte::options const opts{.keep = {alive.write_end(), ready.write_end()}};
    auto const stay = [](int fd) {
      write_all(fd, ".");
      hang();
    };
    auto const failed = [&](error_code, const outcome<void>&) { ::_exit(1); };
    if (served)
      server->async_fork(call(stay, ready.write_end()), opts, failed);
    else
      isolatte::async_fork(context, [&] { stay(ready.write_end()); }, opts, failed);
    context.run();
  });
  ready.close_write();
  bool const began = ready.await();
  end_child(program);
  if (!began) return false;
  alive.close_write();
  pollfd closed{alive.read_end(), POLLIN, 0};
  return ::poll(&closed, 1, 10'000) == 1;
}

BOOST_FIXTURE_TEST_SUITE(leash, nothing_left)

BOOST_DATA_TEST_CASE(a_child_dies_with_its_program, data::make({false, true}), served) {
  BOOST_TEST(child_dies_with_program(served, [] {}));
}

// Another user

BOOST_AUTO_TEST_CASE(a_program_may_become_another_user) {
  if (::getuid() != 0) return;
  BOOST_TEST(in_bare_process([] {
               std::string said = text(isolatte::fork([] { return 1; }));
               if (!become_nobody()) return std::string{"still root"};
               return said + ", " + text(isolatte::fork([] { return 2; }));
             }) == "1, 2");
}

BOOST_DATA_TEST_CASE(a_child_of_another_user_dies_with_its_program, data::make({false, true}),
                     served) {
  if (::getuid() != 0) return;
  BOOST_TEST(child_dies_with_program(served, [] {
    static_cast<void>(isolatte::fork([] {}));
    become_nobody();
  }));
}

// No /proc

BOOST_DATA_TEST_CASE(a_program_needs_no_proc, data::make({false, true}), served) {
  if (::getuid() != 0) return;
  scratch_folder root;
  BOOST_REQUIRE(::mkdir((root / "dev").c_str(), 0755) == 0);
  // Stands for the null device, which the streams are by default.
  BOOST_REQUIRE(::mkfifo((root / "dev/null").c_str(), 0666) == 0);
  BOOST_TEST(child_dies_with_program(served, [&] {
    // Without another end, opening the FIFO would block.
    static_cast<void>(::open((root / "dev/null").c_str(), O_RDWR));
    if (::chroot((root / "").c_str()) != 0 || ::chdir("/") != 0) ::_exit(1);
  }));
}

// Descriptors that the program closes

BOOST_DATA_TEST_CASE(a_program_may_close_its_descriptors, data::make({false, true}), twice) {
  wire alive;
  wire ready;
  pid_t const program = bare_fork([&] {
    static_cast<void>(isolatte::fork([] {}));
    close_all_but({alive.write_end(), ready.write_end()});
    // The numbers are other files' now.
    if (twice)
      for (int i = 0; i != 16; ++i) static_cast<void>(::open("/dev/null", O_RDONLY));
    asio::io_context context;
    isolatte::async_fork(
        context,
        [&] {
          ready.tell();
          hang();
        },
        {.keep = {alive.write_end(), ready.write_end()}},
        [](error_code, const outcome<void>&) { ::_exit(1); });
    context.run();
  });
  ready.close_write();
  BOOST_TEST(ready.await());
  end_child(program);
  alive.wait_until_closed();
}

BOOST_AUTO_TEST_CASE(a_copy_closes_no_file_of_the_programs) {
  wire answer;
  pid_t const program = bare_fork([&] {
    static_cast<void>(isolatte::fork([] {}));
    close_all_but({answer.write_end()});
    std::vector<int> files;
    for (int i = 0; i != 16; ++i) files.push_back(::open("/dev/null", O_RDONLY));
    pid_t const copy = bare_fork([&] {
      for (int const fd : files)
        if (::fcntl(fd, F_GETFD) == -1) ::_exit(1);
    });
    write_all(answer.write_end(), wait_for(copy) == 0 ? "all there" : "some are closed");
  });
  BOOST_TEST(answer.read_rest() == "all there");
  end_child(program);
}

// Copies of the program

BOOST_AUTO_TEST_CASE(a_copy_keeps_no_child_of_another_user_alive) {
  if (::getuid() != 0) return;
  wire alive;
  wire ready;
  wire copied;
  wire test_goes_on;
  pid_t const program = bare_fork([&] {
    static_cast<void>(isolatte::fork([] {}));
    if (!become_nobody()) ::_exit(1);
    asio::io_context context;
    isolatte::async_fork(
        context,
        [&] {
          ready.tell();
          hang();
        },
        {.keep = {alive.write_end(), ready.write_end()}},
        [](error_code, const outcome<void>&) { ::_exit(1); });
    if (!ready.await()) ::_exit(1);
    alive.close_write();
    bare_fork([&] {
      copied.tell();
      test_goes_on.wait_until_closed();
    });
    hang();
  });
  alive.close_write();
  BOOST_TEST(copied.await());
  end_child(program);
  // The copy has the program's end of everything but the leash.
  alive.wait_until_closed();
}

// The first thread

BOOST_AUTO_TEST_CASE(the_first_thread_may_have_ended) {
  wire answer;
  pid_t const program = bare_fork([&] {
    static wire* to = &answer;
    pthread_t other;
    ::pthread_create(
        &other, nullptr,
        [](void*) -> void* {
          // Until the first thread is a zombie its folder of /proc is there.
          std::string status;
          do {
            status = read_file("/proc/" + std::to_string(::getpid()) + "/stat");
          } while (status.find(") Z ") == status.npos);
          write_all(to->write_end(), text(isolatte::fork([] { return 1; })));
          ::_exit(0);
        },
        nullptr);
    // Ends this thread alone, the way pthread_exit() does.
    ::syscall(SYS_exit, 0);
  });
  BOOST_TEST(answer.read_rest() == "1");
  end_child(program);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leash_test
