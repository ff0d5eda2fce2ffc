// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/message_socket.hpp"

#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef SCM_CREDENTIALS

namespace message_socket_test {

using boost::system::error_code;
using isolatte::posix::descriptor;
using isolatte::posix::most_descriptors;
using isolatte::posix::receive_message;
using isolatte::posix::send_message;
using isolatte::posix::socket_ends;

constexpr int nobody = -1;

/// A socket pair whose one end is told who sends.
struct told_sockets {
  socket_ends ends;
  std::vector<descriptor> received;
  std::size_t size = 0;

  told_sockets() {
    error_code ec;
    ends = isolatte::posix::make_message_sockets(ec);
    isolatte::posix::tell_senders(ends.mine.get(), ec);
    BOOST_REQUIRE(!ec);
  }

  void send(std::span<const int> descriptors = {}) {
    error_code ec;
    std::array<std::byte, 3> const bytes{};
    send_message(ends.theirs.get(), bytes, descriptors, false, ec);
    BOOST_REQUIRE(!ec);
  }

  int receive() {
    error_code ec;
    int sender = nobody;
    std::array<std::byte, 8> room;
    size = receive_message(ends.mine.get(), room, received, false, ec, &sender).size();
    BOOST_TEST(!ec, ec.message());
    return sender;
  }
};

BOOST_FIXTURE_TEST_SUITE(message_socket, told_sockets)

BOOST_AUTO_TEST_CASE(tells_this_process_of_its_own_messages) {
  send();
  BOOST_TEST(receive() == ::getpid());
  BOOST_TEST(size == 3u);
}

BOOST_AUTO_TEST_CASE(tells_which_child_has_sent_a_message_also_after_its_end) {
  pid_t const child = ::fork();
  if (child == 0) {
    char const bytes[3] = {};
    ::_exit(::send(ends.theirs.get(), bytes, sizeof bytes, 0) == sizeof bytes ? 0 : 1);
  }
  int status = -1;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST(status == 0);
  send();
  BOOST_TEST(receive() == child);
  BOOST_TEST(size == 3u);
  BOOST_TEST(receive() == ::getpid());
}

BOOST_AUTO_TEST_CASE(tells_the_sender_of_an_empty_message_and_none_at_the_end) {
  BOOST_REQUIRE(::send(ends.theirs.get(), nullptr, 0, 0) == 0);
  BOOST_TEST(receive() == ::getpid());
  BOOST_TEST(size == 0u);
  ends.theirs.reset();
  BOOST_TEST(receive() == nobody);
  BOOST_TEST(size == 0u);
}

BOOST_AUTO_TEST_CASE(has_room_for_all_descriptors_and_the_sender) {
  send(std::vector<int>(most_descriptors, ends.mine.get()));
  BOOST_TEST(receive() == ::getpid());
  BOOST_TEST(size == 3u);
  BOOST_TEST(received.size() == most_descriptors);
}

BOOST_AUTO_TEST_CASE(a_message_that_is_too_long_is_an_error_and_costs_no_other) {
  error_code ec;
  std::array<std::byte, 9> const bytes{};
  int const some = ends.mine.get();
  send_message(ends.theirs.get(), bytes, std::span{&some, 1}, false, ec);
  send();
  std::array<std::byte, 8> room;
  BOOST_TEST(receive_message(ends.mine.get(), room, received, false, ec).empty());
  BOOST_TEST((ec == boost::system::errc::message_size), ec.message());
  BOOST_TEST(receive() == ::getpid());
  BOOST_TEST(size == 3u);
  BOOST_TEST(received.empty());
}

BOOST_AUTO_TEST_CASE(a_lack_of_descriptors_is_an_error_that_can_be_answered) {
  int const some = ends.mine.get();
  send(std::span{&some, 1});
  rlimit before{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  // No number is below it.
  rlimit none = before;
  none.rlim_cur = 0;
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  error_code ec;
  std::array<std::byte, 8> room;
  auto const got = receive_message(ends.mine.get(), room, received, false, ec);
  ::setrlimit(RLIMIT_NOFILE, &before);
  BOOST_TEST((ec == boost::system::errc::too_many_files_open), ec.message());
  BOOST_TEST(got.size() == 3u);
  BOOST_TEST(received.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace message_socket_test

#endif
