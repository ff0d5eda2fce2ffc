// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/template_main.hpp"

#include "posix/child/fork_request.hpp"
#include "posix/child/requested_child.hpp"
#include "posix/child/standby_main.hpp"
#include "posix/child_page.hpp"
#include "posix/leash.hpp"
#include "posix/message_socket.hpp"
#include "posix/signals_blocked.hpp"
#include "posix/system_calls.hpp"

#include <chrono>
#include <span>
#include <utility>
#include <vector>

namespace isolatte::posix {

namespace {

using boost::system::error_code;

/// @param run what the child does, for ever
/// @return the child's number, or 0
template <class Run>
int make_child(const child_page& page, error_code& ec, Run run) {
  // Has the page here before the kernel writes to it: a process that is being killed may be refused
  // one that has yet to come, and the number would be lost with it.
  page.data()->pid = 0;
  signals_blocked const blocked{ec};
  if (ec) return 0;
  pid_t const pid = sys.clone_sibling(&page.data()->pid);
  if (pid == 0) run();
  if (pid == -1) ec = last_error();
  return pid == -1 ? 0 : pid;
}

int make_sibling(std::span<const std::byte> message, std::vector<descriptor>& received,
                 error_code& ec) {
  requested_child child{message, received, {}, {}, ec};
  if (ec) return 0;
  return make_child(child.page(), ec, [&] { child.run(); });
}

int make_standby(int socket, std::span<std::byte> room, std::vector<descriptor>& received,
                 error_code& ec) {
  if (received.size() != 2) {
    ec = make_error_code(boost::system::errc::bad_message);
    return 0;
  }
  standby_ends ends;
  ends.page = child_page::of_file(received[0].get(), ec);
  ends.link = std::move(received[1]);
  if (!ec) ends.leash = open_worn_leash(ec);
  if (ec) return 0;
  return make_child(ends.page, ec, [&] { standby_main(std::move(ends), socket, room); });
}

fork_reply answer(int socket, std::span<std::byte> room, std::span<const std::byte> message,
                  std::vector<descriptor>& descriptors, error_code ec) {
  fork_reply reply;
  fork_request const request = read_request(message);
  reply.id = request.id;
  reply.began = std::chrono::steady_clock::now().time_since_epoch().count();
  if (!ec && !request.ahead && !has_functions(request)) return reply;
  if (!ec && request.ahead)
    reply.pid = make_standby(socket, room, descriptors, ec);
  else if (!ec)
    reply.pid = make_sibling(message, descriptors, ec);
  reply.error = ec.value();
  return reply;
}

}  // namespace

void template_main(int socket) {
  rehearse_call();
  // Not cleared in between: every page that is written here is copied while a child has it, too.
  std::vector<std::byte> room(longest_message);
  std::vector<descriptor> descriptors;
  for (;;) {
    error_code ec;
    auto const message = receive_message(socket, room, descriptors, true, ec);
    if (message.size() < sizeof(fork_request)) return;
    fork_reply const reply = answer(socket, room, message, descriptors, ec);
    error_code lost;
    send_message(socket, std::as_bytes(std::span{&reply, 1}), {}, true, lost);
    if (lost) return;
    descriptors.clear();
  }
}

}  // namespace isolatte::posix
