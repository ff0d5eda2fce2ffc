// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "pool/worker.hpp"

#include "posix/message_socket.hpp"
#include "posix/standard_stream.hpp"
#include "vocabulary/errors.hpp"
#include "vocabulary/sinks.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace isolatte::inline v0_1::pool {

using boost::system::error_code;

worker::worker(const supervise::strand& on, const options& opts, bool diverts_err,
               const std::atomic<bool>& unwanted)
    : socket{on} {
  if (diverts_err) initial_err.emplace(on, capture{}, unwanted);
  if (detail::is_read(opts.out)) out.emplace(on, opts.out, unwanted);
  if (detail::is_read(opts.err)) err.emplace(on, opts.err, unwanted);
}

worker::child_side worker::open(error_code& ec) {
  child_side child;
  outbox_.reserve(logic::max_depth + 1);
  replies_.open();
  posix::socket_ends sockets = posix::make_stream_sockets(ec);
  if (ec) return {};
  page_ = posix::job_page::make(child.page, ec);
  if (ec) return {};
  for (auto [reader, end] : {std::pair{&out, &child.out}, std::pair{&err, &child.err},
                             std::pair{&initial_err, &child.initial_err}}) {
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
  for (auto* const reader : {&out, &err, &initial_err})
    if (*reader) (*reader)->descriptor().close(ignored);
  if (check) check->self.reset();
}

void worker::give(job& what, std::uint64_t id) noexcept {
  what.header.id = id;
  what.header.worker_slot = slot().value_or(worker_id::no_slot);
  what.header.slot = static_cast<std::uint64_t>(std::countr_one(slots_taken_));
  slots_taken_ |= std::uint64_t{1} << what.header.slot;
  page_.offer(what.header);
  outbox_.push_back({what.header, what.self});
}

bool worker::take_back(job& what) noexcept {
  if (!page_.take_back(what.header)) return false;
  leave_slot(what);
  auto const place = std::find_if(outbox_.begin(), outbox_.end(), [&](const outgoing& each) {
    return each.header.id == what.header.id;
  });
  // The rest of what is half-sent has to follow.
  bool const is_half_sent = place == outbox_.begin() && sent_ != 0;
  if (place != outbox_.end() && !is_half_sent) outbox_.erase(place);
  return true;
}

void worker::leave_slot(const job& what) noexcept {
  slots_taken_ &= ~(std::uint64_t{1} << what.header.slot);
}

bool worker::flush(error_code& ec) noexcept {
  while (!outbox_.empty()) {
    std::array<std::span<const std::byte>, posix::most_parts> parts;
    std::size_t count = 0;
    int along = -1;
    for (auto const& each : outbox_) {
      if (count + 2 > parts.size()) break;
      // A descriptor goes with the first byte of what is sent at once.
      bool const has_end = each.header.talks != 0 && each.header.talk_error == 0;
      if (has_end && (count != 0 || sent_ == 0)) {
        if (count != 0) break;
        along = each.what->talk->job_end();
      }
      parts[count++] = std::as_bytes(std::span{&each.header, 1});
      parts[count++] = each.what->arguments.bytes();
    }
    std::size_t skip = sent_;
    for (auto* part = parts.data(); skip != 0; ++part) {
      std::size_t const gone = std::min(skip, part->size());
      *part = part->subspan(gone);
      skip -= gone;
    }
    sent_ += posix::send_some(socket.native_handle(), std::span{parts}.first(count), ec, along);
    if (ec) {
      if (detail::would_block(ec)) ec = {};
      return false;
    }
    auto first = outbox_.begin();
    for (; first != outbox_.end() && sent_ >= first->size(); ++first) sent_ -= first->size();
    outbox_.erase(outbox_.begin(), first);
  }
  return true;
}

bool worker::has_sent(const job& what) const noexcept {
  return std::none_of(outbox_.begin(), outbox_.end(),
                      [&](const outgoing& each) { return each.header.id == what.header.id; });
}

void worker::retire() noexcept {
  // Closing alone is not enough: a copy of the program may have this end, too.
  posix::end_sending(socket.native_handle());
  error_code ignored;
  socket.close(ignored);
}

std::optional<reply> worker::next_reply(std::size_t most, error_code& ec) {
  for (;;) {
    auto next = replies_.next(most, ec);
    if (next || ec) return next;
    // More that comes after that is another event.
    if (std::exchange(is_drained_, false)) return std::nullopt;
    auto const room = replies_.space();
    std::size_t const count = posix::receive_some(socket.native_handle(), room, ec);
    if (!ec && count == 0) ec = boost::asio::error::eof;
    if (ec) {
      if (detail::would_block(ec)) ec = {};
      return std::nullopt;
    }
    replies_.filled(count);
    is_drained_ = count < room.size();
  }
}

void worker::take_output(detail::run_summary& into) {
  for (auto [reader, text] : {std::pair{&out, &into.out}, std::pair{&err, &into.err}}) {
    if (!*reader) continue;
    (*reader)->read_up_to_now();
    *text = (*reader)->take();
  }
}

void worker::take_initial_err(bool passes_on) {
  auto const fresh = initial_err->take();
  std::size_t const limit = capture{}.limit;
  for (auto* const to : {&initial_text_.text, &unwritten_}) {
    to->append(fresh.text);
    if (to->size() > limit) to->erase(0, to->size() - limit);
  }
  if (fresh.truncated || initial_text_.text.size() == limit) initial_text_.truncated = true;
  if (passes_on) unwritten_.erase(0, posix::write_without_waiting(2, unwritten_));
}

captured_text worker::initial_text(bool passes_on) {
  if (initial_err) {
    initial_err->read_up_to_now();
    take_initial_err(passes_on);
    return std::move(initial_text_);
  }
  if (!err) return {};
  err->read_up_to_now();
  return err->take();
}

}  // namespace isolatte::inline v0_1::pool
