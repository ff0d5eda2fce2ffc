// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/template_main.hpp"

#include "posix/child/child_exit.hpp"
#include "posix/child/child_setup.hpp"
#include "posix/child/fork_request.hpp"
#include "posix/child/requested_child.hpp"
#include "posix/child/standby_main.hpp"
#include "posix/child_page.hpp"
#include "posix/message_socket.hpp"
#include "posix/process_registry.hpp"
#include "posix/signals_blocked.hpp"
#include "posix/system_calls.hpp"

#include <chrono>
#include <span>
#include <utility>
#include <vector>

// A template has one thread, so it may allocate, and so may its children.

namespace isolatte::inline v0_1::posix {

namespace {

using boost::system::error_code;

/// Makes a child of this process's parent.
/// @param run what the child does; does not return
/// @return the child's number, or 0
template <class Run>
int make_child(child_page_data& page, error_code& ec, Run run) {
  // Brings the page in before the kernel writes to it: a process that is being killed may be
  // refused a page that has yet to come, and the number would be lost with it.
  page.pid = 0;
  signals_blocked const blocked{ec};
  if (ec) return 0;
  pid_t const pid = sys.clone_sibling(&page.pid);
  if (pid == 0) {
    enter_copy();
    run();
  }
  if (pid == -1) ec = last_error();
  return pid == -1 ? 0 : pid;
}

int make_requested(std::span<const std::byte> message, std::vector<descriptor>& received,
                   error_code& ec) {
  requested_child child{message, received, ec};
  if (ec) return 0;
  return make_child(*child.page().data(), ec, [&] { child.run(); });
}

int make_standby(int socket, std::span<std::byte> room, std::vector<descriptor>& received,
                 error_code& ec) {
  if (received.size() != 3) {
    ec = make_error_code(boost::system::errc::bad_message);
    return 0;
  }
  standby_ends ends{child_page::of_file(received[0].get(), ec), std::move(received[1]),
                    std::move(received[2])};
  if (ec) return 0;
  return make_child(*ends.page.data(), ec, [&] { standby_main(std::move(ends), socket, room); });
}

fork_reply answer(int socket, std::span<std::byte> room, std::span<const std::byte> message,
                  std::vector<descriptor>& received, error_code ec) {
  fork_request const request = read_request(message);
  bool const is_order = request.has(fork_request::is_order);
  fork_reply reply;
  reply.id = request.id;
  reply.began = std::chrono::steady_clock::now().time_since_epoch().count();
  if (!ec && !is_order && !has_functions(request)) return reply;
  if (!ec)
    reply.pid =
        is_order ? make_standby(socket, room, received, ec) : make_requested(message, received, ec);
  reply.error = ec.value();
  return reply;
}

}  // namespace

void template_main(int socket) {
  rehearse_call();
  // Not cleared between two requests: every page that is written here is copied while a child has
  // it, too.
  std::vector<std::byte> room(longest_message);
  std::vector<descriptor> received;
  for (;;) {
    error_code ec;
    auto const message = receive_message(socket, room, received, true, ec);
    if (message.size() < sizeof(fork_request)) return;
    fork_reply const reply = answer(socket, room, message, received, ec);
    error_code lost;
    send_message(socket, std::as_bytes(std::span{&reply, 1}), {}, true, lost);
    if (lost) return;
    received.clear();
  }
}

template_task::template_task(int socket, preload_plan first, namer unconfined)
    : socket_{socket}, first_{first}, namer_{unconfined}, code_{loaded_code()} {}

void template_task::invoke() {
  rely_on(code_);
  preload_result preloaded;
  if (first_.call != nullptr) preloaded = run_preload();
  if (namer_.page != nullptr) {
    make_namer();
    enter_deferred_sandbox({});
  }
  if (first_.call != nullptr) {
    error_code lost;
    send_message(socket_, std::as_bytes(std::span{&preloaded, 1}), {}, true, lost);
    if (lost) return;
  }
  template_main(socket_);
}

/// Ends the socket if the call fails: the program waits for that, and only then for the frame that
/// says why.
preload_result template_task::run_preload() {
  struct socket_guard {
    int socket;
    ~socket_guard() {
      if (socket != -1) sys.shutdown(socket, SHUT_RDWR);
    }
  } guard{socket_};
  preload_result const result = preload(first_, socket_);
  guard.socket = -1;
  return result;
}

/// Without it frames have no names.
void template_task::make_namer() {
  error_code ignored;
  make_child(*namer_.page, ignored, [&] {
    sys.close(socket_);
    template_main(namer_.socket);
    leave(0);
  });
  sys.close(namer_.socket);
}

}  // namespace isolatte::inline v0_1::posix
