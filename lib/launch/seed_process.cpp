// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/seed_process.hpp"

#include "launch/fork.hpp"
#include "launch/template_options.hpp"
#include "posix/child/fork_request.hpp"
#include "posix/child/template_main.hpp"
#include "posix/child_ends.hpp"
#include "posix/message_socket.hpp"

#include <isolatte/error.hpp>

#include <span>
#include <utility>

namespace isolatte::inline v0_1::launch {

using boost::system::error_code;

seed_process::seed_process(only_make) { none_.reserve(posix::most_descriptors); }

std::shared_ptr<seed_process> seed_process::make(const posix::preload_plan& first, error_code& ec) {
  auto self = std::make_shared<seed_process>(only_make{});
  posix::socket_ends sockets = posix::make_message_sockets(ec);
  if (ec) return nullptr;
  options const opts = template_options({sockets.theirs.get()});
  posix::all_ends ends = posix::open_ends(opts, posix::inherited_streams::parents, ec);
  if (ec) return nullptr;
  posix::seed_task task{sockets.theirs.get(), first};
  detail::refusal why;
  forked_child child = fork_child(task, ends.child, opts, std::nullopt, why);
  ec = why.ec;
  if (ec) return nullptr;
  // Templates pass through the seed's group.
  child.process->spare_group();
  self->socket_ = std::move(sockets.mine);
  self->process_ = std::move(child.process);
  self->page_ = std::move(child.page);
  return self;
}

bool seed_process::is_there() noexcept {
  if (origin_.is_elsewhere()) return false;
  std::lock_guard const lock{mutex_};
  return !process_->ended();
}

void seed_process::order(const fork_message& what, error_code& ec) noexcept {
  if (origin_.is_elsewhere()) {
    ec = error::server_died;
    return;
  }
  std::lock_guard const lock{mutex_};
  read_replies();
  posix::send_message(socket_.get(), what.bytes, what.order, false, ec);
  if (ec == boost::system::errc::broken_pipe) ec = why_it_ended();
}

error_code seed_process::refusal(std::uint64_t id) noexcept {
  if (origin_.is_elsewhere()) return error::server_died;
  std::lock_guard const lock{mutex_};
  read_replies();
  if (refused_ == id) return refusal_;
  return process_->ended() ? why_it_ended() : error_code{};
}

error_code seed_process::why_it_ended() noexcept {
  if (page_.stage() != logic::child_stage::setup_failed) return error::server_died;
  return {page_.setup_error(), boost::system::system_category()};
}

/// First the socket: a process that may not be killed ends with it.
void seed_process::end() noexcept {
  if (origin_.is_elsewhere()) return;
  std::lock_guard const lock{mutex_};
  socket_.reset();
  if (process_) process_->kill_and_reap();
}

void seed_process::read_replies() noexcept {
  for (;;) {
    posix::fork_reply reply;
    error_code ec;
    auto const bytes = posix::receive_message(
        socket_.get(), std::as_writable_bytes(std::span{&reply, 1}), none_, false, ec);
    if (ec || bytes.size() != sizeof reply) return;
    if (reply.pid != 0) continue;
    refused_ = reply.id;
    refusal_ = error::unknown_function;
    if (reply.error != 0) refusal_.assign(reply.error, boost::system::system_category());
  }
}

}  // namespace isolatte::inline v0_1::launch
