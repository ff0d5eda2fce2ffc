// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/standby_main.hpp"

#include "posix/child/arm_leash.hpp"
#include "posix/child/child_exit.hpp"
#include "posix/child/child_setup.hpp"
#include "posix/child/requested_child.hpp"
#include "posix/message_socket.hpp"
#include "posix/system_calls.hpp"

#include <boost/system/error_code.hpp>

#include <cerrno>
#include <new>
#include <utility>
#include <vector>

// Runs in a child of a template, which has one thread: it may allocate.

namespace isolatte::inline v0_1::posix {

namespace {

using boost::system::error_code;

/// Does what takes longer the first time, while no one waits.
void rehearse(const descriptor& link) {
  rehearse_call();
  has_code(locate_code(reinterpret_cast<std::uintptr_t>(rehearse_call)));
  error_code ignored;
  identify(link.get(), ignored);
}

/// @return the request; if none comes the process ends here
std::span<const std::byte> wait_for_request(const standby_ends& ends, std::span<std::byte> room,
                                            std::vector<descriptor>& received) {
  child_page_data& page = *ends.page.data();
  error_code ec;
  auto const message = receive_message(ends.link.get(), room, received, true, ec);
  if (message.empty() && !ec) leave(0);
  if (ec) give_up(page, setup_step::request, ec.value());
  if (message.size() < sizeof(fork_request)) give_up(page, setup_step::request, EBADMSG);
  if (!has_functions(read_request(message))) give_up(page, setup_step::unknown_function, 0);
  return message;
}

}  // namespace

void standby_main(standby_ends ends, int template_socket, std::span<std::byte> room) noexcept {
  // The program is to see at once when the template ends.
  sys.close(template_socket);
  child_page_data& page = *ends.page.data();
  if (!arm_leash(ends.leash.get(), false)) give_up(page, setup_step::leash, errno);
  std::vector<descriptor> received;
  std::span<const std::byte> message;
  try {
    rehearse(ends.link);
    message = wait_for_request(ends, room, received);
  } catch (const std::bad_alloc&) {
    give_up(page, setup_step::request, ENOMEM);
  }
  error_code ec;
  requested_child child{message, received, std::move(ends.page), std::move(ends.leash), ec};
  if (ec) give_up(page, setup_step::request, ec.value());
  child.run();
}

}  // namespace isolatte::inline v0_1::posix
