// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/standby_child.hpp"

#include "posix/message_socket.hpp"
#include "posix/system_calls.hpp"

#include <chrono>
#include <utility>

namespace isolatte::inline v0_1::launch {

using boost::system::error_code;

standby_child::standby_child(std::uint64_t id, fork_message& order, error_code& ec)
    : id_{id}, process_{std::make_shared<posix::child_process>()} {
  posix::socket_ends link = posix::make_message_sockets(ec);
  if (ec) return;
  link_ = std::move(link.mine);
  posix::descriptor file;
  page_ = posix::child_page::make_file(file, ec);
  if (ec) return;
  posix::descriptor leash = process_->open_leash(posix::leash_kind::pipe, ec);
  if (ec) return;
  process_->expect(page_.data()->pid, nullptr, false);
  order = make_order(ordered::standby_child, id, std::move(file), std::move(leash),
                     std::move(link.theirs));
}

standby_child::standby_child(standby_child&& other) noexcept = default;

std::optional<forked_child> standby_child::employ(const fork_message& request, bool leads_group) {
  auto const began = std::chrono::steady_clock::now();
  // Read first: from the request on the child may write another number there.
  int const pid = page_.pid();
  // A message to a child that has ended may be sent all the same: the template has the other end of
  // the link, too, until it comes back from making the child.
  if (posix::has_ended(pid)) return std::nullopt;
  error_code ec;
  posix::send_message(link_.get(), request.bytes, request.order, false, ec);
  if (ec) return std::nullopt;
  link_.reset();
  if (leads_group) posix::sys.setpgid(pid, pid);
  process_->adopt(pid, leads_group, began);
  return forked_child{std::move(process_), std::move(page_)};
}

}  // namespace isolatte::inline v0_1::launch
