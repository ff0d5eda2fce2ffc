// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool/worker.hpp"

#include "logic/frame.hpp"
#include "posix/message_socket.hpp"
#include "vocabulary/errors.hpp"
#include "vocabulary/sinks.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace isolatte::pool {

using boost::system::error_code;

namespace {

constexpr std::size_t inbox_size = 64 * 1024;

}  // namespace

worker::worker(const supervise::strand& on, const options& opts, const std::atomic<bool>& unwanted)
    : socket{on}, timer{on} {
  if (detail::is_read(opts.out)) out.emplace(on, opts.out, unwanted);
  if (detail::is_read(opts.err)) err.emplace(on, opts.err, unwanted);
}

worker::child_side worker::open(error_code& ec) {
  child_side child;
  posix::socket_ends sockets = posix::make_stream_sockets(ec);
  if (ec) return {};
  page_ = posix::job_page::make(child.page, ec);
  if (ec) return {};
  for (auto [reader, end] : {std::pair{&out, &child.out}, std::pair{&err, &child.err}}) {
    if (!*reader) continue;
    posix::pipe_ends pipe = posix::make_pipe(ec);
    if (ec) return {};
    (*reader)->open(std::move(pipe.read), ec);
    if (ec) return {};
    *end = std::move(pipe.write);
  }
  socket.assign(sockets.mine.get(), ec);
  if (ec) return {};
  sockets.mine.release();
  child.socket = std::move(sockets.theirs);
  return child;
}

void worker::close() noexcept {
  error_code ignored;
  socket.close(ignored);
  timer.cancel();
  for (auto* const reader : {&out, &err})
    if (*reader) (*reader)->descriptor().close(ignored);
}

void worker::give(const std::shared_ptr<job>& what, std::uint64_t id) {
  what->header.id = id;
  what->header.slot = static_cast<std::uint64_t>(std::countr_one(slots_taken_));
  slots_taken_ |= std::uint64_t{1} << what->header.slot;
  page_.offer(what->header);
  auto const* const header = reinterpret_cast<const std::byte*>(&what->header);
  outbox_.insert(outbox_.end(), header, header + sizeof what->header);
  auto const arguments = what->arguments.bytes();
  outbox_.insert(outbox_.end(), arguments.begin(), arguments.end());
  if (jobs.empty()) first_since = std::chrono::steady_clock::now();
  what->at = this;
  jobs.push_back(what);
  ++given;
}

void worker::leave_slot(const job& what) noexcept {
  slots_taken_ &= ~(std::uint64_t{1} << what.header.slot);
}

std::shared_ptr<job> worker::take_first() {
  auto first = std::move(jobs.front());
  jobs.pop_front();
  leave_slot(*first);
  return first;
}

bool worker::take_back(const std::shared_ptr<job>& what) {
  if (!page_.take_back(what->header)) return false;
  leave_slot(*what);
  jobs.erase(std::find(jobs.begin(), jobs.end(), what));
  --given;
  what->at = nullptr;
  return true;
}

bool worker::flush(error_code& ec) {
  while (sent_ != outbox_.size()) {
    sent_ += posix::send_some(socket.native_handle(), std::span{outbox_}.subspan(sent_), ec);
    if (ec) {
      if (detail::would_block(ec)) ec = {};
      return false;
    }
  }
  outbox_.clear();
  sent_ = 0;
  return true;
}

void worker::retire() {
  retiring = true;
  error_code ignored;
  // It ends by itself when it reads this end.
  socket.close(ignored);
}

void worker::receive(error_code& ec) {
  if (inbox_.empty()) inbox_.resize(inbox_size);
  taken_ = 0;
  received_ = posix::receive_some(socket.native_handle(), inbox_, ec);
  if (!ec && received_ == 0) ec = boost::asio::error::eof;
}

std::optional<reply> worker::next_reply(std::size_t most, error_code& ec) {
  for (;;) {
    std::size_t const here = received_ - taken_;
    if (!partial_ && here >= sizeof(posix::reply_header)) {
      partial_.emplace();
      std::memcpy(static_cast<void*>(&partial_->header), inbox_.data() + taken_,
                  sizeof partial_->header);
      taken_ += sizeof partial_->header;
      auto const& header = partial_->header;
      if (header.magic != posix::reply_header::expected_magic ||
          header.kind > detail::payload_kind::unencodable ||
          header.size > logic::payload_limit(header.kind, most)) {
        ec = make_error_code(boost::system::errc::bad_message);
        return std::nullopt;
      }
      partial_->payload.reserve(header.size);
      partial_size_ = header.size;
      continue;
    }
    if (partial_) {
      std::size_t const missing = partial_size_ - partial_->payload.size();
      std::size_t const taken = std::min(missing, here);
      partial_->payload.append(inbox_.data() + taken_, taken);
      taken_ += taken;
      if (taken == missing) return std::exchange(partial_, std::nullopt);
    }
    // The start of a header may be all that is left.
    std::size_t const left = received_ - taken_;
    if (left != 0) {
      std::memmove(inbox_.data(), inbox_.data() + taken_, left);
      error_code failed;
      std::size_t const more =
          posix::receive_some(socket.native_handle(), std::span{inbox_}.subspan(left), failed);
      taken_ = 0;
      received_ = left + more;
      if (!failed && more == 0) failed = boost::asio::error::eof;
      ec = failed;
    } else {
      receive(ec);
    }
    if (ec) {
      if (detail::would_block(ec)) ec = {};
      return std::nullopt;
    }
  }
}

void worker::take_output(detail::run_summary& into) {
  for (auto [reader, text] : {std::pair{&out, &into.out}, std::pair{&err, &into.err}}) {
    if (!*reader) continue;
    (*reader)->read_up_to_now();
    *text = (*reader)->take();
  }
}

}  // namespace isolatte::pool
