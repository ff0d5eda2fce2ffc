// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/link/server_link.hpp"

#include "nats/link/backoff.hpp"
#include "nats/link/status.hpp"
#include "nats/link/subject.hpp"

#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <charconv>
#include <climits>
#include <mutex>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <nats/nats.h>
#include <unistd.h>

namespace isolatte::inline v0_1::nats::link {

namespace errc = boost::system::errc;
using boost::system::error_code;

namespace {

/// The first of the subscriptions of the link itself, one for each place of its inbox. They come
/// last, so that a reply is told after all messages that came before it.
constexpr std::uint64_t first_inbox_subscription = ~std::uint64_t{0} - 100;
/// More attempts than so many do not hang at the same time.
constexpr std::size_t max_stuck = 4;
/// A server that does so once may have been killed at that moment.
constexpr unsigned most_silent_ends = 3;
constexpr std::string_view header_line = "NATS/1.0\r\n";

/// The size of a header block on the wire.
std::size_t encoded_size(std::span<const header> headers) noexcept {
  if (headers.empty()) return 0;
  std::size_t size = header_line.size() + 2;
  for (auto const& each : headers) size += each.name.size() + each.value.size() + 4;
  return size;
}

/// libnats wants strings that end with a zero.
message_pointer make_message(std::string_view subject, std::string_view reply,
                             std::span<const header> headers, std::span<const std::byte> data,
                             natsStatus& status) {
  natsMsg* made = nullptr;
  std::string const to{subject};
  std::string const back{reply};
  status =
      natsMsg_Create(&made, to.c_str(), back.empty() ? nullptr : back.c_str(),
                     reinterpret_cast<const char*>(data.data()), static_cast<int>(data.size()));
  message_pointer result{made};
  for (auto const& each : headers) {
    if (status != NATS_OK) break;
    status =
        natsMsgHeader_Add(made, std::string{each.name}.c_str(), std::string{each.value}.c_str());
  }
  return result;
}

}  // namespace

/// Carries what threads tell to the link's executor. A link whose context is gone hears nothing.
struct server_link::bridge final : connection::owner {
  bridge(std::shared_ptr<mailbox> through, std::weak_ptr<server_link> to, std::uint64_t number)
      : mailbox_{std::move(through)}, link_{std::move(to)}, number_{number} {}

  void ready(const server_info& server) override {
    tell([server = server](server_link& to, std::uint64_t number) mutable {
      to.on_ready(number, std::move(server));
    });
  }
  void arrived() override {
    tell([](server_link& to, std::uint64_t number) { to.on_arrived(number); });
  }
  void drained(std::uint64_t id) override {
    tell([id](server_link& to, std::uint64_t number) { to.on_drained(number, id); });
  }
  void complained(const error_code& ec, const std::string& text) override {
    tell([ec, text = text](server_link& to, std::uint64_t number) mutable {
      to.on_complaint(number, ec, std::move(text));
    });
  }
  void ended(const error_code& ec, const std::string& text) override {
    tell([ec, text = text](server_link& to, std::uint64_t number) mutable {
      to.on_ended(number, ec, std::move(text));
    });
  }

 private:
  /// @param function copies nothing: on the strand there may be no memory for that
  template <class Function>
  void tell(Function function) {
    mailbox_->post([link = link_, number = number_, function = std::move(function)]() mutable {
      if (auto const to = link.lock()) function(*to, number);
    });
  }

  std::shared_ptr<mailbox> const mailbox_;
  std::weak_ptr<server_link> const link_;
  std::uint64_t const number_;
};

/// Work of the event loop that may end in any thread, and when the context is gone.
class server_link::loop_work final : public context_member {
 public:
  void begin(const boost::asio::any_io_executor& loop) noexcept {
    try {
      auto tracked = boost::asio::prefer(loop, boost::asio::execution::outstanding_work.tracked);
      std::lock_guard const lock{mutex_};
      work_ = std::move(tracked);
    } catch (const std::bad_alloc&) {
      // The loop may end before the connection.
    }
  }
  void end() noexcept {
    std::lock_guard const lock{mutex_};
    work_ = nullptr;
  }
  void abandon() noexcept override { end(); }
  // A copy has no thread that ends the connection.
  void disown() override {
    if (mutex_.try_lock()) {
      work_ = nullptr;
      mutex_.unlock();
    }
  }

 private:
  std::mutex mutex_;
  boost::asio::any_io_executor work_;
};

std::shared_ptr<server_link> server_link::make(const strand& on, link_options options) {
  auto made = std::make_shared<server_link>(only_make{}, on, std::move(options));
  auto& context = on.query(boost::asio::execution::context);
  member_service::join(context, made);
  member_service::join(context, made->loop_work_);
  return made;
}

std::shared_ptr<server_link> server_link::make(const boost::asio::any_io_executor& executor,
                                               link_options options) {
  return make(strand::on(executor), std::move(options));
}

server_link::server_link(only_make, strand on, link_options options)
    : options_{std::move(options)},
      process_{::getpid()},
      strand_{std::move(on)},
      mailbox_{std::make_shared<mailbox>(strand_)},
      loop_work_{std::make_shared<loop_work>()},
      work_end_{nullptr, [work = loop_work_](std::nullptr_t) { work->end(); }},
      timer_{strand_},
      random_{std::random_device{}()} {
  if (options_.servers.empty()) throw std::invalid_argument{"a link needs a server"};
  stuck_.reserve(max_stuck);
}

server_link::~server_link() { stop(); }

bool server_link::is_copy() const noexcept { return ::getpid() != process_; }

void server_link::start(link_events& to) {
  if (is_copy()) return;
  events_ = &to;
  attempt();
}

void server_link::stop() noexcept {
  events_ = nullptr;
  bool const was_up = std::exchange(up_, false);
  ++number_;
  // In a copy a thread of the original may hold the locks.
  if (is_copy()) return;
  mailbox_->close();
  if (was_up && strand_) loop_work_->begin(strand_.inner());
  if (connection_) connection_->close(true, std::exchange(work_end_, nullptr));
  connection_.reset();
  work_end_.reset();
  timer_.reset();
  requests_.clear();
  subscriptions_.clear();
}

/// The context's services are still there, but not for long.
void server_link::abandon() noexcept {
  // Work that ends later would be that of a context which is gone.
  up_ = false;
  stop();
  strand_ = {};
}

template <class Step>
void server_link::step(Step what) {
  auto const self = shared_from_this();
  if (!if_memory(what)) break_off();
}

bool server_link::break_off() {
  if (!events_ || !up_ || is_copy()) return false;
  on_ended(number_, make_error_code(errc::not_enough_memory), {});
  return true;
}

void server_link::attempt() {
  if (if_memory([this] { connect(); })) return;
  connection_.reset();
  attempt_later();
}

void server_link::connect() {
  std::erase_if(stuck_, [](const auto& each) { return each.expired(); });
  if (stuck_.size() >= max_stuck) return attempt_later();
  auto const number = ++number_;
  auto const& server = options_.servers[next_server_ % options_.servers.size()];
  ++next_server_;
  inbox_ = new_inbox();
  connection_ = std::make_shared<connection>(
      options_, server, std::make_unique<bridge>(mailbox_, weak_from_this(), number));
  for (std::size_t place = 0; place <= places_.size(); ++place)
    connection_->subscribe(first_inbox_subscription + place,
                           inbox_ + "." + std::to_string(place) + ".*");
  for (auto const& [id, each] : subscriptions_) connection_->subscribe(id, each.subject);
  try {
    connection_->start();
  } catch (const std::system_error& e) {
    return on_ended(number, error_code{e.code().value(), boost::system::system_category()},
                    "no thread can be made");
  }
  watch();
}

void server_link::keep_trying(bool yes) {
  if (std::exchange(keeps_trying_, yes) == yes || !events_ || up_ || is_copy()) return;
  if (!yes)
    timer_->cancel();
  else if (connection_)
    watch();
  else
    attempt();
}

void server_link::watch() {
  if (!keeps_trying_) return;
  // libnats limits the time of neither the look-up of names nor the handshake of TLS.
  auto const longest = 3 * options_.connect_timeout + std::chrono::seconds{1};
  timer_->expires_after(longest);
  wait_on(*timer_, [weak = weak_from_this(), number = number_](error_code ec) {
    auto const self = weak.lock();
    if (ec || !self || self->is_copy() || !self->is_current(number) || self->up_) return;
    self->stuck_.push_back(self->connection_);
    self->on_ended(number, make_error_code(errc::timed_out), "no answer");
  });
}

void server_link::attempt_later() {
  auto const number = ++number_;
  auto const wait = time_until_attempt(failures_, random_());
  if (failures_ != UINT_MAX) ++failures_;
  if (!keeps_trying_) return;
  timer_->expires_after(wait);
  wait_on(*timer_, [weak = weak_from_this(), number](error_code ec) {
    auto const self = weak.lock();
    if (!ec && self && !self->is_copy() && self->is_current(number)) self->attempt();
  });
}

void server_link::on_ready(std::uint64_t number, server_info server) {
  if (is_copy() || !is_current(number)) return;
  timer_->cancel();
  failures_ = silent_ends_ = 0;
  up_ = true;
  server_ = std::move(server);
  step([&] {
    events_->link_up(server_);
    on_arrived(number);
  });
}

void server_link::on_ended(std::uint64_t number, error_code ec, std::string text) {
  if (is_copy() || !is_current(number)) return;
  auto const self = shared_from_this();
  bool const was_up = std::exchange(up_, false);
  std::erase_if(subscriptions_, [](auto const& each) { return each.second.drained != nullptr; });
  if (connection_) connection_->close(false);
  connection_.reset();
  attempt_later();
  auto const current = number_;
  if (was_up) {
    fail_requests();
    if (is_current(current)) until_memory([&] { events_->link_down(ec, text); });
  } else {
    // With TLS 1.3 a client connects before the server has looked at its certificate.
    bool const is_silent =
        ec == status_code(NATS_PROTOCOL_ERROR) && ++silent_ends_ >= most_silent_ends;
    // Without memory for it now, the next attempt tells the same.
    if_memory([&] {
      if (is_silent) text += "; the server may ask for another certificate";
      is_silent || is_refusal(ec) ? events_->link_refused(ec, text)
                                  : events_->link_unreachable(ec, text);
    });
  }
}

void server_link::on_complaint(std::uint64_t number, error_code ec, std::string text) {
  if (is_copy() || !is_current(number)) return;
  step([&] {
    if (ec == status_code(NATS_NOT_PERMITTED))
      events_->link_violation(text, violated_subject(text));
    else if (is_refusal(ec))
      events_->link_refused(ec, text);
  });
}

void server_link::on_drained(std::uint64_t number, subscription_id id) {
  if (is_copy() || !is_current(number)) return;
  step([&] {
    on_arrived(number);
    auto const found = subscriptions_.find(id);
    if (!is_current(number) || found == subscriptions_.end()) return;
    auto const done = std::move(found->second.drained);
    subscriptions_.erase(found);
    done();
  });
}

void server_link::on_arrived(std::uint64_t number) {
  // Messages that come before the link is up are delivered after that is told.
  if (is_copy() || !is_current(number) || !up_) return;
  step([&] {
    auto arrived = connection_->take_arrived();
    std::vector<message> batch;
    for (auto each = arrived.begin(); each != arrived.end();) {
      auto const subscription = each->subscription;
      batch.clear();
      for (; each != arrived.end() && each->subscription == subscription; ++each)
        batch.push_back(std::move(each->message));
      deliver(subscription, batch);
      // The handler may have ended the link or the connection.
      if (!is_current(number) || !up_) return;
    }
  });
}

void server_link::deliver(std::uint64_t subscription, std::span<message> what) {
  if (subscription >= first_inbox_subscription) {
    for (auto& each : what) on_reply(subscription - first_inbox_subscription, each);
    return;
  }
  auto const found = subscriptions_.find(subscription);
  if (found == subscriptions_.end()) return;
  // The handler may end its subscription.
  auto const handler = found->second.handler;
  (*handler)(what);
}

server_link::subscription_id server_link::subscribe(std::string subject, message_handler handler) {
  if (!is_subject(subject, true)) throw std::invalid_argument{"no subject: " + subject};
  auto const id = ++last_subscription_;
  if (is_copy()) return id;
  if (connection_) connection_->subscribe(id, subject);
  subscriptions_.try_emplace(
      id,
      subscribed{std::move(subject), std::make_shared<message_handler>(std::move(handler)), {}});
  return id;
}

void server_link::unsubscribe(subscription_id id) noexcept {
  if (is_copy() || subscriptions_.erase(id) == 0) return;
  // Without memory for it, messages come in vain until the connection ends.
  if (connection_) if_memory([&] { connection_->unsubscribe(id); });
}

bool server_link::drain(subscription_id id, std::function<void()> done) {
  auto const found = subscriptions_.find(id);
  if (!up_ || is_copy() || found == subscriptions_.end()) {
    unsubscribe(id);
    return false;
  }
  found->second.drained = std::move(done);
  connection_->drain(id);
  return true;
}

error_code server_link::publish(std::string_view subject, std::string_view reply,
                                std::span<const header> headers, std::span<const std::byte> data) {
  if (!is_subject(subject, false) || (!reply.empty() && !is_subject(reply, false)))
    return make_error_code(errc::invalid_argument);
  for (auto const& each : headers)
    if (!is_header_name(each.name) || !is_header_value(each.value))
      return make_error_code(errc::invalid_argument);
  if (!up_ || is_copy()) return make_error_code(errc::not_connected);
  auto const payload = encoded_size(headers) + data.size();
  if (payload > server_.max_payload || payload > INT_MAX)
    return make_error_code(errc::message_size);
  auto const size = subject.size() + reply.size() + payload;
  if (connection_->unsent() + size > options_.max_unsent) {
    connection_->flush();
    if (connection_->unsent() + size > options_.max_unsent)
      return make_error_code(errc::no_buffer_space);
  }
  natsStatus status{};
  bool const has_memory = if_memory([&] {
    auto what = make_message(subject, reply, headers, data, status);
    if (status != NATS_OK) return;
    connection_->publish(std::move(what), size);
    flush_later();
  });
  if (!has_memory) return make_error_code(errc::not_enough_memory);
  return status == NATS_OK ? error_code{} : status_code(status);
}

/// After all that is published in this turn, so that it is one packet.
void server_link::flush_later() {
  if (std::exchange(is_flush_due_, true)) return;
  strand_.post([weak = weak_from_this()] {
    auto const self = weak.lock();
    if (!self || self->is_copy()) return;
    self->is_flush_due_ = false;
    if (self->connection_) self->connection_->flush();
  });
}

std::size_t server_link::unsent() const noexcept {
  return connection_ && !is_copy() ? connection_->unsent() : 0;
}

void server_link::request(std::string_view subject, std::span<const std::byte> data,
                          std::chrono::nanoseconds timeout, reply_handler handler) {
  // Stopped.
  if (!timer_) return;
  auto const number = ++last_request_;
  auto const place = next_place();
  auto const [asking, is_new] =
      requests_.try_emplace(number, asked{timer{strand_, timeout}, std::move(handler), place});
  if (place < places_.size()) places_[place] = number;
  error_code ec = make_error_code(errc::not_enough_memory);
  if_memory([&] {
    ec = publish(subject, inbox_ + "." + std::to_string(place) + "." + std::to_string(number), {},
                 data);
  });
  auto const fail = [weak = weak_from_this(), number](const error_code& why) {
    auto const self = weak.lock();
    if (self && !self->is_copy()) self->step([&] { self->settle(number, why, {}); });
  };
  if (ec) return strand_.post([fail, ec] { fail(ec); });
  wait_on(asking->second.timer, [fail](const error_code& aborted) {
    if (!aborted) fail(make_error_code(errc::timed_out));
  });
}

void server_link::on_reply(std::size_t place, message& what) {
  bool const unanswered = what.status() == 503 && what.data().empty();
  auto const subject = what.subject();
  std::uint64_t number = 0;
  if (subject.empty()) {
    // Which of several requests it is that nothing answers is not known.
    if (place < places_.size()) number = places_[place];
  } else if (subject.starts_with(inbox_)) {
    auto const digits = subject.substr(subject.rfind('.') + 1);
    auto const [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (ec != std::errc{} || end != digits.data() + digits.size()) return;
  }
  settle(number, unanswered ? no_responders() : error_code{}, std::move(what));
}

/// One that was not used for long: a late reply is not taken for another one's.
std::size_t server_link::next_place() {
  for (std::size_t i = 1; i <= places_.size(); ++i) {
    auto const place = (last_place_ + i) % places_.size();
    if (places_[place] == 0) return last_place_ = place;
  }
  return places_.size();
}

/// Replies may come twice, and after the time-out.
void server_link::settle(std::uint64_t request, error_code ec, message what) {
  auto const found = requests_.find(request);
  if (found == requests_.end()) return;
  auto const handler = std::move(found->second.handler);
  if (auto const place = found->second.place; place < places_.size()) places_[place] = 0;
  requests_.erase(found);
  handler(ec, std::move(what));
}

void server_link::fail_requests() {
  auto const failed = std::exchange(requests_, {});
  places_ = {};
  auto const number = number_;
  for (auto const& [request, each] : failed) {
    if (!is_current(number)) return;
    // The end of the connection, which is told next, says the same.
    if_memory([&] { each.handler(make_error_code(errc::not_connected), {}); });
  }
}

}  // namespace isolatte::inline v0_1::nats::link
