// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/host.hpp"

#include "nats/link/memory.hpp"
#include "nats/system.hpp"
#include "nats/wire/jetstream.hpp"
#include "nats/wire/request.hpp"

#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <exception>
#include <span>
#include <utility>

namespace isolatte::inline v0_1::nats {

namespace asio = boost::asio;
namespace errc = boost::system::errc;
using boost::system::error_code;
using std::chrono::nanoseconds;

namespace {

constexpr std::size_t longest_name = 255;
/// A host that ends waits at least so long for the server to answer.
constexpr std::chrono::seconds shortest_host_end{1};
constexpr std::chrono::seconds answer_time{5};

/// Hosts on one machine have different names.
std::string name_of_host() {
  error_code ignored;
  std::string name = asio::ip::host_name(ignored);
  if (name.empty()) name = "localhost";
  std::string const number = "/" + std::to_string(process_id());
  name.resize(std::min(name.size(), longest_name - number.size()));
  return name + number;
}

}  // namespace

std::shared_ptr<host> host::make(detail::pool_handle& pool, settings what) {
  auto const made = std::make_shared<host>(only_make{}, pool, std::move(what));
  link::member_service::join(made->strand_.query(asio::execution::context), made);
  made->later([](host& self) { self.start(); });
  return made;
}

host::host(only_make, detail::pool_handle& pool, settings what)
    : settings_{std::move(what)},
      name_{name_of_host()},
      executor_{pool.get_executor()},
      strand_{link::strand::on(executor_)},
      mailbox_{std::make_shared<link::mailbox>(strand_)},
      pool_{pool},
      link_{link::server_link::make(strand_, settings_.link_options("isolatte host " + name_))},
      source_{*link_, settings_, *this},
      parcels_{std::make_shared<held_parcels>(mailbox_, *link_, settings_, name_, pool_, *this)},
      timer_{strand_} {
  link_->subscribe(settings_.cancel_subject(), [this](std::span<link::message> what) {
    for (auto const& each : what) requested(each);
    rest();
  });
  link_->subscribe(settings_.hosts_subject(), [this](std::span<link::message> what) {
    for (auto const& each : what) count_asked(each);
  });
}

template <class Step>
void host::later(Step what) {
  mailbox_->post([weak = weak_from_this(), what = std::move(what)]() mutable {
    auto const self = weak.lock();
    if (self && !self->link_->is_copy()) self->step([&] { what(*self); });
  });
}

template <class Step>
void host::step(Step what) {
  if (!link::if_memory(what)) memory_was_short();
}

void host::memory_was_short() {
  if (serving_ == serving::gone || link_->break_off()) return;
  link::until_memory([this] { link_down({}, {}); });
}

void host::start() {
  link_->start(*this);
  rest();
}

// Its owner

void host::async_serve(detail::wait_handler handler) {
  serve_handler waiting{std::move(handler), executor_};
  if (link_->is_copy()) return std::move(waiting).complete(asio::error::operation_aborted);
  auto const number = ++last_serve_;
  if (auto slot = waiting.slot(); slot.is_connected())
    slot.assign([weak = weak_from_this(), number](asio::cancellation_type type) {
      if (auto const self = weak.lock())
        self->later([number, type](host& it) { it.cancel(number, type); });
    });
  later([number, waiting = std::move(waiting)](host& self) mutable {
    self.serve(std::move(waiting), number);
  });
}

void host::serve(serve_handler handler, std::uint64_t number) {
  if (served_) return std::move(handler).complete(make_error_code(error::already_waiting));
  if (refusal_ && link_->is_up()) return std::move(handler).complete(refusal_);
  // The server may have changed its mind.
  refusal_ = {};
  failed_attempts_ = 0;
  served_.emplace(std::move(handler));
  this_serve_ = number;
  serving_ = serving::taking;
  parcels_->begin();
  source_.open(true);
  rest();
}

void host::cancel(std::uint64_t number, asio::cancellation_type type) {
  if (!served_ || number != this_serve_) return;
  if ((type & asio::cancellation_type::terminal) != asio::cancellation_type::none)
    serving_ = serving::ending;
  else if (serving_ == serving::taking)
    serving_ = serving::draining;
  let_parcels_end();
  source_.open(false);
  rest();
}

void host::let_parcels_end() {
  if (serving_ == serving::ending) parcels_->end();
  if (serving_ == serving::draining) parcels_->drain();
}

void host::finish(error_code ec) {
  if (serving_ != serving::gone) serving_ = serving::idle;
  source_.open(false);
  if (!served_) return;
  auto last = std::move(*served_);
  served_.reset();
  std::move(last).complete(ec);
}

void host::release() noexcept {
  if (link_->is_copy()) return;
  pool_.release();
  try {
    mailbox_->post([self = shared_from_this()] { self->shut(); });
  } catch (const std::exception&) {
    // Then it ends with the execution context.
  }
}

/// Results that are published and not acknowledged would be those of jobs which other hosts run
/// again.
void host::shut() {
  parcels_->kill();
  finish(asio::error::operation_aborted);
  serving_ = serving::gone;
  ending_ = shared_from_this();
  close_at_ = now() + std::max<nanoseconds>(settings_.lease() / 4, shortest_host_end);
  rest();
}

void host::close() noexcept {
  parcels_->forget();
  mailbox_->close();
  link_->stop();
  timer_.reset();
  // The link may be calling this.
  if (ending_) strand_.post([self = std::exchange(ending_, nullptr)] {});
}

void host::abandon() noexcept {
  mailbox_->close();
  link_->stop();
  timer_.reset();
  // The handler may own the host.
  std::optional<serve_handler> last;
  if (served_) last.emplace(std::move(*served_));
  served_.reset();
  ending_.reset();
  parcels_->forget();
  strand_ = {};
}

/// The workers and the connection are the original's. The pool tells the jobs.
void host::disown() {
  ending_.reset();
  timer_.reset();
  if (!served_) return;
  auto last = std::move(*served_);
  served_.reset();
  std::move(last).complete(asio::error::operation_aborted);
}

// The server

void host::link_up(const link::server_info& server) {
  refusal_ = {};
  failed_attempts_ = 0;
  // Messages of an earlier connection are not heard.
  pauses_.beat(now());
  pauses_.answered(now());
  is_asking_after_pause_ = false;
  parcels_->connect(server.max_payload);
  source_.connect();
  rest();
}

void host::link_down(const error_code&, const std::string&) {
  connected_ = false;
  source_.disconnect();
  parcels_->disconnect();
  // There may have been no memory for it before.
  let_parcels_end();
  rest();
}

void host::link_refused(const error_code& ec, const std::string& text) {
  refusal_ = make_error_code(errc::permission_denied);
  link_unreachable(ec, text);
}

/// If one of several servers refuses, the others are tried before the host gives up.
void host::link_unreachable(const error_code&, const std::string&) {
  if (++failed_attempts_ >= settings_.options().servers.size() && refusal_) refused();
}

/// Clients choose some subjects to which hosts publish, so only those are heeded that every host
/// needs.
void host::link_violation(const std::string& text, const std::string& subject) {
  if (subject.empty()) return;
  // The text may be cut.
  auto const is = [&subject](const std::string& needed) { return needed.starts_with(subject); };
  auto const is_below = [&subject](const std::string& needed) {
    return subject.starts_with(needed) || needed.starts_with(subject);
  };
  auto const jobs = settings_.jobs_stream();
  auto const consumer = settings_.code() + "-";
  bool const is_subscription = text.find("ubscription to") != std::string::npos;
  if (is(settings_.cancel_subject()) || is(settings_.hosts_subject()) ||
      is(settings_.news_subject()) || is(wire::stream_info_subject(jobs)) ||
      is_below(wire::consumer_info_subject(jobs, consumer)) ||
      is_below(wire::consumer_create_subject(jobs, consumer)) ||
      is_below(wire::consumer_next_subject(jobs, consumer)) ||
      is_below(settings_.done_subject("")) || is_below(settings_.leave_subject("")) ||
      is_below("$JS.ACK." + jobs + ".") || (is_subscription && is_below("_INBOX."))) {
    refusal_ = make_error_code(errc::permission_denied);
    refused();
  }
}

void host::refused() {
  finish(refusal_);
  rest();
}

void host::source_found(std::int64_t stream, nanoseconds lease) {
  connected_ = true;
  pauses_.beat_each(lease / 8);
  parcels_->stream_found(stream, lease);
  rest();
}

void host::source_gives(const link::message& what, const wire::delivery& how) {
  beat();
  bool const drains = serving_ != serving::taking || source_.is_resting();
  auto const jobs =
      parcels_->take(what, how, source_.stream(), pauses_.leased_at(what.arrived()), drains);
  source_.message_had(jobs);
  rest();
}

// Farms

void host::requested(const link::message& what) {
  if (auto const read = wire::decode_request(what.data()); read.message)
    parcels_->requested(*read.message);
}

/// The client chooses the subject of the answer. Another one than an inbox might be one to which
/// hosts may publish, and the client may not.
void host::count_asked(const link::message& what) {
  if (!what.reply().starts_with("_INBOX.") || wire::decode_count(what.data()) != nullptr) return;
  wire::counts mine{.host = name_,
                    .workers = static_cast<std::uint32_t>(pool_.workers()),
                    .running = pool_.running(),
                    .waiting = 0};
  auto const unfinished = parcels_->unfinished();
  mine.waiting = unfinished > mine.running ? unfinished - mine.running : 0;
  isolatte::detail::byte_buffer bytes;
  wire::encode(mine, bytes);
  static_cast<void>(link_->publish(what.reply(), {}, {}, bytes.bytes()));
}

// Time

void host::rest() {
  bool const is_done = parcels_->empty() && !source_.is_ending();
  if (serving_ == serving::gone && (!connected_ || is_done)) return close();
  if (serving_ == serving::ending && !connected_ && !parcels_->has_work()) {
    // No server is there to be told. Other hosts are handed the messages.
    parcels_->drop_all();
    finish(asio::error::operation_aborted);
  }
  if ((serving_ == serving::draining || serving_ == serving::ending) && is_done)
    finish(asio::error::operation_aborted);
  if (serving_ == serving::taking && parcels_->has_room())
    source_.pull(std::max<std::size_t>(pool_.workers(), 1), parcels_->unfinished(),
                 parcels_->untold());
  set_timer();
  link_->keep_trying(served_ || !parcels_->empty());
}

void host::beat() {
  pauses_.beat(now());
  if (!pauses_.is_in_doubt() || is_asking_after_pause_ || !link_->is_up()) return;
  is_asking_after_pause_ = true;
  // Any question will do: all that the server had sent before the answer has been read by then.
  link_->request(wire::stream_info_subject(settings_.jobs_stream()), {}, answer_time,
                 [this, asked_at = now()](error_code ec, const link::message&) {
                   is_asking_after_pause_ = false;
                   if (!ec) pauses_.answered(asked_at);
                 });
}

/// An idle host keeps no event loop at work.
void host::set_timer() {
  if (!timer_) return;
  // A timer that goes off earlier looks again.
  bool const is_idle = !served_ && parcels_->empty();
  moment at = moment::max();
  if (!is_idle) at = std::min({source_.wake_at(), parcels_->wake_at(), close_at_});
  // While jobs may come.
  if (connected_ && (served_ || source_.is_ending()))
    at = std::min(at, pauses_.beat_at());
  else
    pauses_.rest();
  if (at >= timer_at_ && !is_idle) return;
  if (at == timer_at_) return;
  timer_at_ = at;
  auto const number = ++timer_number_;
  if (at == moment::max()) {
    timer_->cancel();
    return;
  }
  // The first moment of all is so long ago that the difference would overflow.
  auto const current = now();
  auto const wait = std::max(at, current) - current;
  timer_->expires_after(std::min<nanoseconds>(wait, std::chrono::hours{1}));
  link::wait_on(*timer_, [weak = weak_from_this(), number](const error_code&) {
    auto const self = weak.lock();
    if (self && !self->link_->is_copy() && self->timer_ && number == self->timer_number_)
      self->step([&] { self->on_timer(); });
  });
}

void host::on_timer() {
  timer_at_ = moment::max();
  auto const at = now();
  if (at >= close_at_) return close();
  beat();
  source_.wake(at);
  parcels_->wake(at);
  rest();
}

}  // namespace isolatte::inline v0_1::nats
