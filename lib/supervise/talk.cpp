// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "supervise/talk.hpp"

#include "posix/job_channel.hpp"
#include "posix/message_socket.hpp"
#include "vocabulary/errors.hpp"

#include <isolatte/error.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <new>
#include <span>
#include <utility>

namespace isolatte::inline v0_1::supervise {

namespace asio = boost::asio;
using boost::system::error_code;
using logic::talk_kind;

namespace {

/// Bytes read in one turn of the event loop, so that other handlers run in between.
constexpr std::size_t short_bytes_per_turn = 256 * 1024;
/// The same while long messages come.
constexpr std::size_t long_bytes_per_turn = 4 * 1024 * 1024;

/// Waits for input and for room, and what is posted.
constexpr std::size_t handlers_of_talk = 8;

constexpr const char* unsent = "the program could not talk to the callable";
constexpr const char* unreceived = "the program could not receive a message";

/// Whether the other end is closed, or its process has ended.
bool is_gone(const error_code& ec) noexcept {
  return ec == asio::error::broken_pipe || ec == asio::error::connection_reset;
}

const char* reason_of(logic::talk_fault fault) noexcept {
  switch (fault) {
    case logic::talk_fault::too_large: return "a message is larger than options::max_result";
    case logic::talk_fault::out_of_memory: return "no memory for a message";
    case logic::talk_fault::malformed:
    case logic::talk_fault::none: break;
  }
  return "a message is malformed";
}

}  // namespace

std::shared_ptr<talk> talk::make(const asio::any_io_executor& executor, settings how) {
  auto self = std::make_shared<talk>(only_make{}, executor, std::move(how));
  context_service::join(executor, self->membership_, self);
  return self;
}

posix::descriptor talk::open(error_code& ec) {
  posix::socket_ends ends = posix::make_stream_sockets(ec);
  if (ec) return {};
  socket_.assign(ends.mine.get(), ec);
  if (ec) return {};
  ends.mine.release();
  return std::move(ends.theirs);
}

talk::talk(only_make, const asio::any_io_executor& executor, settings how)
    : executor_{executor},
      strand_{executor, handlers_of_talk},
      needs_{how.wish.needs},
      window_{how.window},
      most_{how.most},
      taker_{std::move(how.wish.taker)},
      socket_{strand_},
      reader_{how.most} {}

talk::~talk() = default;

void talk::begin(std::shared_ptr<talk_owner> owner) {
  owner_ = std::move(owner);
  poke(static_cast<wish>(begin_it | read_it));
}

// Requests of other threads

void talk::poke(wish what) noexcept {
  if (wishes_.fetch_or(what) != 0) return;
  poke_.post(strand_, shared_from_this());
}

/// Performs what other threads, and earlier turns, have asked for.
void talk::heed_wishes() { heed(wishes_.exchange(0)); }

void talk::finish_sending() noexcept {
  if (is_finishing_.exchange(true)) return;
  finish_.post(strand_, shared_from_this());
}

/// Ends the messages to the job.
void talk::end_messages() {
  membership_.notice_copy();
  sends_no_more_ = true;
  finished_due_ = true;
  flush();
}

void talk::heed(unsigned wishes) {
  membership_.notice_copy();
  if ((wishes & (disown_it | close_it)) != 0) ending_ = true;
  if ((wishes & disown_it) != 0) return give_up(asio::error::operation_aborted);
  if ((wishes & refuse_it) != 0) {
    std::exception_ptr why;
    {
      std::lock_guard const lock{reasons_mutex_};
      why = refused_with_;
    }
    fail("a message could not be read back", std::move(why));
  }
  if ((wishes & close_it) != 0) {
    error_code ec;
    {
      std::lock_guard const lock{reasons_mutex_};
      ec = closed_with_;
    }
    return give_up(ec);
  }
  if ((wishes & begin_it) != 0) {
    begun_ = true;
    flush();
  }
  if ((wishes & stop_it) != 0 && !std::exchange(stop_sent_, true)) {
    stop_due_ = true;
    flush();
  }
  if ((wishes & stop_taking_it) != 0 && !std::exchange(takes_no_more_, true)) {
    unheard_due_ = true;
    drop_inbox();
    flush();
    settle();
  }
  if ((wishes & end_it) != 0 && !std::exchange(ending_, true)) {
    // Another process may hold the job's end, and write to it without end.
    asio::posix::descriptor_base::bytes_readable readable;
    error_code ec;
    if (socket_.is_open()) socket_.io_control(readable, ec);
    if (ec) fail(unreceived, nullptr);
    budget_ = readable.get();
    stop_sending(asio::error::broken_pipe);
  }
  // Last: a handler of the user's may throw.
  if ((wishes & (end_it | read_it)) != 0) read();
}

void talk::close(const error_code& ec) noexcept {
  {
    std::lock_guard const lock{reasons_mutex_};
    if (!closed_with_) closed_with_ = ec;
  }
  poke(close_it);
}

void talk::refuse(std::exception_ptr why) noexcept {
  {
    std::lock_guard const lock{reasons_mutex_};
    if (!refused_with_) refused_with_ = std::move(why);
  }
  poke(refuse_it);
}

void talk::disown() { poke(disown_it); }

void talk::abandon() noexcept {
  membership_.forget();
  error_code ignored;
  socket_.close(ignored);
  input_over_ = told_over_ = true;
  inbox_.clear();
  outbox_.clear();
  receiver_.reset();
  taker_.reset();
  // Last: this may be destroyed with it.
  auto const last = std::move(owner_);
}

// Input

void talk::await_input() {
  if (std::exchange(awaiting_input_, true)) return;
  try {
    socket_.async_wait(stream_descriptor::wait_read,
                       on_reserve(strand_, [self = shared_from_this()](const error_code&) {
                         self->awaiting_input_ = false;
                         self->membership_.notice_copy();
                         self->read();
                       }));
  } catch (const std::bad_alloc&) {
    fail(logic::talk_fault::out_of_memory);
  }
}

void talk::read() {
  if (is_closing()) return;
  if (input_over_) return check_over();
  if (!begun_) return;
  // Goes on in another turn if a handler of the user's throws.
  struct guard {
    talk& self;
    bool is_done = false;
    ~guard() {
      if (!is_done) self.poke(read_it);
    }
  } rest{*this};
  for (std::size_t total = 0; take_frames();) {
    if (reader_.fault() != logic::talk_fault::none) {
      fail(reader_.fault());
      break;
    }
    if (!socket_.is_open()) {
      input_over_ = true;
      break;
    }
    if (budget_ && *budget_ == 0) {
      close_socket();
      continue;
    }
    // The guard asks for the next turn.
    if (total >= (reader_.is_within() ? long_bytes_per_turn : short_bytes_per_turn)) return;
    auto space = reader_.space();
    if (space.empty()) continue;
    if (budget_) space = space.first(std::min(space.size(), *budget_));
    error_code ec;
    std::size_t const count = posix::receive_some(socket_.native_handle(), space, ec);
    if (count == 0 && detail::would_block(ec) && !ending_) {
      await_input();
      break;
    }
    if (count == 0 && ec && !detail::would_block(ec) && !is_gone(ec)) {
      fail(unreceived, nullptr);
      break;
    }
    if (count == 0) {
      close_socket();
      continue;
    }
    reader_.filled(count);
    total += count;
    if (budget_) *budget_ -= count;
  }
  rest.is_done = true;
  settle();
}

bool talk::take_frames() {
  for (;;) {
    // A message that could not be read back is the last one.
    if (input_over_ || (wishes_ & refuse_it) != 0) return false;
    if (has_to_wait()) {
      paused_ = true;
      return false;
    }
    auto item = reader_.next();
    if (!item) return true;
    take_frame(std::move(*item));
  }
}

/// Whether the rest of the input waits where it is. The job's credit does not wait for room: what
/// the program sends has a window of its own.
bool talk::has_to_wait() noexcept {
  return !inbox_.empty() && held_ >= window_ && reader_.meets_message();
}

void talk::take_frame(logic::talk_item item) {
  switch (item.kind) {
    case talk_kind::message:
      if (!needs_.hears) return fail(logic::talk_fault::malformed);
      return hand_over(std::move(item.payload));
    case talk_kind::credit:
      if (!room_.take(item.length)) return fail(logic::talk_fault::malformed);
      asked_for_credit_ = false;
      return flush();
    case talk_kind::wanting: debt_.ask(); return give_credit(0);
    case talk_kind::stop:
    case talk_kind::finished:
    case talk_kind::unheard: return fail(logic::talk_fault::malformed);
  }
}

/// Has the taker take the message, or keeps it until it is asked for.
void talk::hand_over(detail::byte_buffer what) {
  std::size_t const cost = logic::cost_of_message(what.size());
  if (takes_no_more_) return;
  if (!taker_) {
    try {
      inbox_.push_back(std::move(what));
    } catch (const std::bad_alloc&) {
      return fail(logic::talk_fault::out_of_memory);
    }
    held_ += cost;
    return;
  }
  // Also if the handler throws.
  debt_.take(cost);
  auto const taker = taker_;
  taker->take({std::move(what), most_, shared_from_this()});
  give_credit(0);
}

/// Tells the job of what has been taken, if that is due.
void talk::give_credit(std::uint64_t bytes) {
  debt_.take(bytes);
  auto const due = debt_.pay(inbox_.empty());
  if (due == 0) return;
  credit_due_ += due;
  flush();
}

/// Completes what can be completed now.
void talk::settle() {
  if (receiver_ && !inbox_.empty()) {
    detail::message next{std::move(inbox_.front()), most_, shared_from_this()};
    inbox_.pop_front();
    std::size_t const cost = logic::cost_of_message(next.bytes.size());
    held_ -= cost;
    pending_receive to = std::move(*receiver_);
    receiver_.reset();
    std::move(to).complete_later(executor_, {}, std::move(next));
    give_credit(cost);
  }
  if (paused_ && !has_to_wait()) {
    paused_ = false;
    poke(read_it);
  }
  if (receiver_ && inbox_.empty() && (input_over_ || takes_no_more_)) {
    pending_receive to = std::move(*receiver_);
    receiver_.reset();
    std::move(to).complete_later(executor_, why_no_message(), {});
  }
  check_over();
}

error_code talk::why_no_message() const noexcept {
  return ended_with_ ? ended_with_ : make_error_code(asio::error::eof);
}

/// A job that has gone does not take messages, whatever it is to those that wait for its own.
error_code talk::why_not_sent() const noexcept {
  bool const is_gone =
      !ended_with_ || ended_with_ == error::bad_message || ended_with_ == asio::error::eof;
  return is_gone ? make_error_code(asio::error::broken_pipe) : ended_with_;
}

/// Frames that have arrived are still to be taken.
void talk::close_socket() noexcept {
  error_code ignored;
  socket_.close(ignored);
  stop_sending(asio::error::broken_pipe);
}

void talk::check_over() noexcept {
  // A handle takes its messages when it likes.
  bool const is_over = input_over_ || (paused_ && !taker_);
  if (!ending_ || !is_over || std::exchange(told_over_, true)) return;
  if (auto const owner = std::move(owner_)) owner->talk_over();
}

/// Messages that have arrived before are still to be taken.
void talk::fail(logic::talk_fault fault) noexcept {
  if (ended_with_) return;
  if (owner_) owner_->talk_refused(reason_of(fault), nullptr);
  give_up(error::bad_message);
}

void talk::fail(const char* reason, std::exception_ptr why) noexcept {
  if (ended_with_) return;
  if (owner_) owner_->talk_refused(reason, std::move(why));
  drop_inbox();
  give_up(error::bad_message);
}

void talk::drop_inbox() noexcept {
  inbox_.clear();
  held_ = 0;
}

/// Sends nothing any more, and takes nothing from the job.
void talk::give_up(const error_code& ec) noexcept {
  if (!ended_with_) ended_with_ = ec;
  error_code ignored;
  socket_.close(ignored);
  if (ec != error::bad_message) drop_inbox();
  paused_ = false;
  input_over_ = true;
  stop_sending(why_not_sent());
  if (receiver_ && inbox_.empty()) {
    pending_receive to = std::move(*receiver_);
    receiver_.reset();
    std::move(to).complete_later(executor_, ended_with_, {});
  }
  check_over();
  // The owner that is not told of the end has given the job up.
  if (ec != error::bad_message) owner_.reset();
}

void talk::async_receive(detail::message_handler handler) {
  membership_.notice_copy();
  auto const number = ++numbers_;
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected())
    slot.assign([weak = weak_from_this(), number](asio::cancellation_type) {
      if (auto const self = weak.lock())
        asio::post(self->strand_, [self, number] {
          if (!self->receiver_ || self->receiving_ != number) return;
          pending_receive to = std::move(*self->receiver_);
          self->receiver_.reset();
          std::move(to).complete_later(self->executor_, asio::error::operation_aborted, {});
        });
    });
  asio::post(strand_, [self = shared_from_this(), number,
                       next = pending_receive{std::move(handler), executor_}]() mutable {
    if (self->receiver_)
      return std::move(next).complete_later(self->executor_, error::already_waiting, {});
    self->receiver_.emplace(std::move(next));
    self->receiving_ = number;
    self->settle();
  });
}

// Output

void talk::async_send(detail::byte_buffer message, detail::sent_handler handler) {
  membership_.notice_copy();
  auto const number = ++numbers_;
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected())
    slot.assign([weak = weak_from_this(), number](asio::cancellation_type) {
      if (auto const self = weak.lock())
        asio::post(self->strand_, [self, number] {
          for (auto it = self->outbox_.begin(); it != self->outbox_.end(); ++it) {
            if (it->number != number || it->gone != 0) continue;
            std::list<sending> one;
            one.splice(one.end(), self->outbox_, it);
            std::move(one.front().handler)
                .complete_later(self->executor_, asio::error::operation_aborted);
            return self->flush();
          }
        });
    });
  std::list<sending> one;
  auto const header = logic::make_talk_header(talk_kind::message, message.size());
  one.push_back({header, std::move(message), pending_send{std::move(handler), executor_}, number});
  asio::post(strand_, [self = shared_from_this(), one = std::move(one)]() mutable {
    if (self->sends_no_more_)
      return std::move(one.front().handler)
          .complete_later(self->executor_, asio::error::broken_pipe);
    self->outbox_.splice(self->outbox_.end(), one);
    self->flush();
  });
}

/// Sends as much as there is room for.
void talk::flush() {
  if (is_closing() || (!begun_ && !input_over_)) return;
  if (!socket_.is_open() || ending_) return stop_sending(why_not_sent());
  if (awaiting_room_) return;
  for (;;) {
    bool const is_within = !outbox_.empty() && outbox_.front().gone != 0;
    error_code ec;
    if (is_within) {
      send_front(ec);
    } else if (has_control()) {
      send_control(ec);
    } else {
      if (outbox_.empty() && !finished_due_) return;
      if (outbox_.empty()) {
        finished_due_ = false;
        control_[control_size_++] = logic::make_talk_header(talk_kind::finished);
        continue;
      }
      if (!room_.has_room(logic::cost_of_message(outbox_.front().bytes.size()))) {
        if (std::exchange(asked_for_credit_, true)) return;
        wanting_due_ = true;
        continue;
      }
      send_front(ec);
    }
    if (detail::would_block(ec)) return await_room();
    // The job has closed its end; what it said before is still read.
    if (is_gone(ec)) return stop_sending(asio::error::broken_pipe);
    // The job would wait for what does not come.
    if (ec) return fail(unsent, nullptr);
  }
}

void talk::await_room() {
  awaiting_room_ = true;
  try {
    socket_.async_wait(stream_descriptor::wait_write,
                       on_reserve(strand_, [self = shared_from_this()](const error_code&) {
                         self->awaiting_room_ = false;
                         self->membership_.notice_copy();
                         self->flush();
                       }));
  } catch (const std::bad_alloc&) {
    fail(logic::talk_fault::out_of_memory);
  }
}

/// Whether there is something to tell besides messages: puts it into frames.
bool talk::has_control() noexcept {
  if (control_size_ != 0) return true;
  auto const add = [this](talk_kind kind, std::uint64_t length) {
    control_[control_size_++] = logic::make_talk_header(kind, length);
  };
  if (std::exchange(stop_due_, false)) add(talk_kind::stop, 0);
  if (auto const bytes = std::exchange(credit_due_, 0)) add(talk_kind::credit, bytes);
  if (std::exchange(wanting_due_, false)) add(talk_kind::wanting, 0);
  if (std::exchange(unheard_due_, false)) add(talk_kind::unheard, 0);
  return control_size_ != 0;
}

void talk::send_control(error_code& ec) noexcept {
  auto const all = std::as_bytes(std::span{control_}.first(control_size_));
  std::array<std::span<const std::byte>, 1> const parts{all.subspan(control_gone_)};
  control_gone_ += posix::send_some(socket_.native_handle(), parts, ec);
  if (control_gone_ == all.size()) control_size_ = control_gone_ = 0;
}

/// Sends of the first message what there is room for, and completes it when it has gone.
void talk::send_front(error_code& ec) noexcept {
  sending& front = outbox_.front();
  std::size_t const cost = logic::cost_of_message(front.bytes.size());
  auto const header = std::as_bytes(std::span{&front.header, 1});
  std::array<std::span<const std::byte>, 2> parts{header, front.bytes.bytes()};
  std::size_t skip = front.gone;
  for (auto& part : parts) {
    std::size_t const here = std::min(skip, part.size());
    part = part.subspan(here);
    skip -= here;
  }
  std::size_t const count = posix::send_some(socket_.native_handle(), parts, ec);
  if (count != 0 && front.gone == 0) room_.send(cost);
  front.gone += count;
  if (front.gone != cost) return;
  std::list<sending> one;
  one.splice(one.end(), outbox_, outbox_.begin());
  std::move(one.front().handler).complete_later(executor_, error_code{});
}

void talk::stop_sending(const error_code& ec) noexcept {
  control_size_ = control_gone_ = 0;
  while (!outbox_.empty()) {
    std::list<sending> one;
    one.splice(one.end(), outbox_, outbox_.begin());
    std::move(one.front().handler).complete_later(executor_, ec);
  }
}

}  // namespace isolatte::inline v0_1::supervise
