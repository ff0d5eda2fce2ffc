// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/host.hpp"

#include "nats/system.hpp"
#include "nats/wire/request.hpp"

#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
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
constexpr std::chrono::seconds shortest_end{1};

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
  link::member_service::join(made->strand_, made);
  made->later([](host& self) { self.start(); });
  return made;
}

host::host(only_make, detail::pool_handle& pool, settings what)
    : settings_{std::move(what)},
      name_{name_of_host()},
      executor_{pool.get_executor()},
      strand_{asio::make_strand(executor_)},
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
    if (self && !self->link_->is_copy()) what(*self);
  });
}

void host::start() { link_->start(*this); }

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
  if (refusal_) return std::move(handler).complete(refusal_);
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
  if (serving_ == serving::ending)
    parcels_->end();
  else
    parcels_->drain();
  rest();
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
  close_at_ = now() + std::max<nanoseconds>(settings_.lease() / 4, shortest_end);
  rest();
}

void host::close() noexcept {
  parcels_->forget();
  mailbox_->close();
  link_->stop();
  timer_.reset();
  // The link may be calling this.
  if (ending_) asio::post(strand_, [self = std::exchange(ending_, nullptr)] {});
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
  strand_ = nullptr;
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
  parcels_->connect(server.max_payload);
  source_.connect();
  rest();
}

void host::link_down(const error_code&, const std::string&) {
  connected_ = false;
  source_.disconnect();
  parcels_->disconnect();
  rest();
}

void host::link_refused(const error_code&, const std::string&) { refused(); }

void host::link_violation(const std::string&, const std::string&) { refused(); }

void host::refused() {
  refusal_ = make_error_code(errc::permission_denied);
  finish(refusal_);
  rest();
}

void host::source_found(std::int64_t stream, nanoseconds lease) {
  connected_ = true;
  parcels_->stream_found(stream, lease);
  rest();
}

void host::source_gives(const link::message& what, const wire::delivery& how) {
  auto const jobs = parcels_->take(what, how, source_.stream(), serving_ != serving::taking);
  source_.message_had(jobs);
  rest();
}

// Farms

void host::requested(const link::message& what) {
  if (auto const read = wire::decode_request(what.data()); read.message)
    parcels_->requested(*read.message);
}

void host::count_asked(const link::message& what) {
  if (what.reply().empty() || wire::decode_count(what.data()) != nullptr) return;
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
  if (serving_ == serving::gone && (!connected_ || parcels_->empty())) return close();
  if (serving_ == serving::ending && !connected_ && !parcels_->has_work()) {
    // No server is there to be told. Other hosts are handed the messages.
    parcels_->drop_all();
    return finish(asio::error::operation_aborted), set_timer();
  }
  if ((serving_ == serving::draining || serving_ == serving::ending) && parcels_->empty())
    finish(asio::error::operation_aborted);
  if (serving_ == serving::taking)
    source_.pull(std::max<std::size_t>(pool_.workers(), 1), parcels_->unfinished());
  set_timer();
}

/// An idle host keeps no event loop at work.
void host::set_timer() {
  if (!timer_) return;
  // A timer that goes off earlier looks again.
  bool const is_idle = !served_ && parcels_->empty();
  moment at = moment::max();
  if (!is_idle) at = std::min({source_.wake_at(), parcels_->wake_at(), close_at_});
  if (at >= timer_at_ && !is_idle) return;
  if (at == timer_at_) return;
  timer_at_ = at;
  auto const number = ++timer_number_;
  if (at == moment::max()) {
    timer_->cancel();
    return;
  }
  timer_->expires_after(std::clamp<nanoseconds>(at - now(), nanoseconds{0}, std::chrono::hours{1}));
  timer_->async_wait([weak = weak_from_this(), number](error_code) {
    auto const self = weak.lock();
    if (self && !self->link_->is_copy() && self->timer_ && number == self->timer_number_)
      self->on_timer();
  });
}

void host::on_timer() {
  timer_at_ = moment::max();
  auto const at = now();
  if (at >= close_at_) return close();
  source_.wake(at);
  parcels_->wake(at);
  rest();
}

}  // namespace isolatte::inline v0_1::nats
