// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// A template answers a request that lacks what it needs, and goes on.

#include "posix/child/fork_request.hpp"
#include "posix/child/template_main.hpp"
#include "posix/child_page.hpp"
#include "posix/code_image.hpp"
#include "posix/message_socket.hpp"
#include "support/nothing_left.hpp"

#include <isolatte/fork.hpp>

#include <boost/system/error_code.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace template_requests_test {

using boost::system::error_code;
using namespace isolatte::posix;

/// The program's side of a template that is a thread here. None of these requests makes a process.
class asked_template {
 public:
  asked_template() {
    error_code ec;
    ends_ = make_message_sockets(ec);
    server_ = std::thread{[fd = ends_.theirs.get()] { template_main(fd); }};
  }
  ~asked_template() {
    ends_.mine.reset();
    server_.join();
  }

  /// @return the error in the answer; -1 for another answer
  int ask(fork_request request, const std::vector<int>& descriptors) {
    request.id = ++id_;
    error_code ec;
    send_message(ends_.mine.get(), std::as_bytes(std::span{&request, 1}), descriptors, true, ec);
    std::array<std::byte, sizeof(fork_reply) + 1> room;
    std::vector<descriptor> none;
    auto const got = receive_message(ends_.mine.get(), room, none, true, ec);
    fork_reply reply;
    if (ec || got.size() != sizeof reply) return -1;
    std::memcpy(static_cast<void*>(&reply), got.data(), sizeof reply);
    return reply.id == id_ && reply.pid == 0 ? reply.error : -1;
  }

 private:
  socket_ends ends_;
  std::thread server_;
  std::uint64_t id_ = 0;
};

/// Runs in a child: a template changes the process that it is in.
std::string ask_for_too_much() {
  asked_template one;
  std::string answers;
  auto const ask = [&](const fork_request& request, const std::vector<int>& descriptors = {}) {
    int const error = one.ask(request, descriptors);
    answers += error == EBADMSG ? "bad " : std::to_string(error) + " ";
  };
  for (auto const order : {fork_request::orders_standby, fork_request::orders_template}) {
    fork_request request;
    request.set(order, true);
    ask(request);
  }
  // A call whose descriptors, or whose place for its number, are missing.
  fork_request request;
  request.entry = locate_code(reinterpret_cast<std::uintptr_t>(ask_for_too_much));
  request.set(fork_request::keeps_credentials, true);
  ask(request);
  error_code ec;
  descriptor file;
  child_page const page = child_page::make_file(file, ec);
  pipe_ends const channel = make_pipe(ec);
  ask(request, {file.get()});
  request.birth_place = 1;
  ask(request, {file.get(), channel.write.get()});
  request.kept = 1;
  ask(request, {file.get(), channel.write.get()});
  return answers;
}

BOOST_FIXTURE_TEST_SUITE(template_requests, isolatte::test::nothing_left)

BOOST_AUTO_TEST_CASE(what_is_incomplete_is_refused) {
  BOOST_TEST(isolatte::fork(ask_for_too_much).value_or("") == "bad bad bad bad bad bad ");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace template_requests_test
