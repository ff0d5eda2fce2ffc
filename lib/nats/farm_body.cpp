// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/farm_body.hpp"

#include "nats/job_outcome.hpp"
#include "nats/link/memory.hpp"
#include "nats/link/subject.hpp"
#include "nats/system.hpp"
#include "nats/wire/jetstream.hpp"

#include <isolatte/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <span>
#include <utility>

namespace isolatte::inline v0_1::nats {

namespace asio = boost::asio;
namespace errc = boost::system::errc;
using boost::system::error_code;
using logic::wish;

namespace {

/// A farm that is stopped waits at least so long for the server to answer.
constexpr std::chrono::seconds shortest_farm_end{1};

/// The last token of an inbox, which is a name that no other farm has.
std::string new_submitter() {
  auto const inbox = link::new_inbox();
  return inbox.substr(inbox.rfind('.') + 1);
}

wish wish_of(asio::cancellation_type type) noexcept {
  using asio::cancellation_type;
  auto const asks = [type](cancellation_type what) {
    return (type & what) != cancellation_type::none;
  };
  if (asks(cancellation_type::terminal)) return wish::terminate;
  if (asks(cancellation_type::partial)) return wish::request_exit;
  if (asks(cancellation_type::total)) return wish::interrupt;
  return wish::none;
}

}  // namespace

std::shared_ptr<farm_body> farm_body::make(const asio::any_io_executor& executor,
                                           farm_options&& opts) {
  auto made = std::make_shared<farm_body>(only_make{}, executor, std::move(opts));
  link::member_service::join(made->strand_.query(asio::execution::context), made);
  made->subscribe();
  made->post([](farm_body& self) { self.start(); });
  return made;
}

farm_body::farm_body(only_make, const asio::any_io_executor& executor, farm_options&& opts)
    : settings_{std::move(opts)},
      user_executor_{executor},
      strand_{link::strand::on(executor)},
      submitter_{new_submitter()},
      inbox_{link::new_inbox()},
      link_{link::server_link::make(strand_, settings_.link_options("isolatte farm"))},
      jobs_{*link_, settings_, submitter_, inbox_ + ".stored", *this},
      streams_{*link_, settings_, submitter_, inbox_ + ".results", *this},
      timer_{strand_} {}

farm_body::~farm_body() { link_->stop(); }

template <class Function>
void farm_body::post(Function function) {
  strand_.post([self = shared_from_this(), function = std::move(function)]() mutable {
    if (!self->is_over_ && !self->notice_copy()) self->step([&] { function(*self); });
  });
}

template <class Function>
void farm_body::step(Function function) {
  if (link::if_memory(function) || is_over_ || link_->break_off()) return;
  link::until_memory([this] { link_down({}, {}); });
}

/// A copy's event loop shares the original's descriptors until it is told of the fork. If the
/// program has not done that, it is done here.
bool farm_body::notice_copy() {
  if (!link_->is_copy()) return false;
  if (is_copy_) return true;
  auto& context = asio::query(user_executor_, asio::execution::context);
  context.notify_fork(asio::execution_context::fork_child);
  return true;
}

// Operations.

void farm_body::async_run(std::optional<isolatte::detail::distant_call>&& call,
                          const farm_job_options& opts,
                          isolatte::detail::report_handler&& handler) {
  auto const refuse = [&](const error_code& ec, const char* why) {
    auto refused = unreported(ec, true, why);
    pending<error_code, isolatte::detail::report>{std::move(handler), user_executor_}.complete(
        ec, std::move(refused.what));
  };
  if (notice_copy() || is_over_) return refuse(asio::error::operation_aborted, "");
  if (!call || settings_.code().empty())
    return refuse(error::unknown_function,
                  "the program or library of the function has no build id");
  if (call->arguments.size() > std::numeric_limits<std::uint32_t>::max())
    return refuse(error::too_large, "the arguments are larger than a message may be");
  auto const number = ++last_number_;
  auto job = std::make_unique<submitted_job>(number, opts, std::move(*call), std::move(handler),
                                             user_executor_, now(), settings_.lease());
  if (auto slot = job->handler.slot(); slot.is_connected())
    slot.assign([weak = weak_from_this(), number](asio::cancellation_type type) {
      auto const self = weak.lock();
      if (!self || wish_of(type) == wish::none) return;
      self->post([number, type](farm_body& body) {
        body.jobs_.cancel(number, wish_of(type));
        body.go_on();
      });
    });
  strand_.post([self = shared_from_this(), job = std::move(job)]() mutable {
    self->submit(std::move(job));
  });
}

void farm_body::submit(std::unique_ptr<submitted_job> job) {
  if (is_over_ || notice_copy()) {
    auto what = unreported(asio::error::operation_aborted, true, "");
    return std::move(job->handler).complete(what.ec, std::move(what.what));
  }
  jobs_.submit(std::move(job));
  step([this] { go_on(); });
}

template <class Pending>
void farm_body::let_cancel(Pending& operation, std::uint64_t number) {
  auto slot = operation.slot();
  if (!slot.is_connected()) return;
  slot.assign([weak = weak_from_this(), number](asio::cancellation_type type) {
    auto const self = weak.lock();
    if (!self || wish_of(type) == wish::none) return;
    self->post([number](farm_body& body) {
      body.waits_.cancel(number);
      body.go_on();
    });
  });
}

void farm_body::async_drain(detail::wait_handler&& handler) {
  auto const number = ++last_number_;
  farm_waits::drain made{std::move(handler), user_executor_};
  if (notice_copy() || is_over_) return std::move(made).complete({});
  let_cancel(made, number);
  strand_.post([self = shared_from_this(), number, made = std::move(made)]() mutable {
    if (self->is_over_ || self->notice_copy()) return std::move(made).complete({});
    self->waits_.add(number, std::move(made));
    self->step([&] { self->go_on(); });
  });
}

void farm_body::async_stats(detail::stats_handler&& handler) {
  auto const number = ++last_number_;
  farm_waits::stats made{std::move(handler), user_executor_};
  if (notice_copy() || is_over_)
    return std::move(made).complete(asio::error::operation_aborted, {});
  let_cancel(made, number);
  strand_.post([self = shared_from_this(), number, made = std::move(made)]() mutable {
    self->count(number, std::move(made));
  });
}

void farm_body::count(std::uint64_t number, farm_waits::stats handler) {
  if (is_over_ || notice_copy())
    return std::move(handler).complete(asio::error::operation_aborted, {});
  if (!ready_) return std::move(handler).complete(error::no_server, {});
  std::shared_ptr<farm_census> asks;
  bool const is_asking = link::if_memory([&] {
    asks = std::make_shared<farm_census>(
        strand_, *link_,
        farm_census::places{settings_.hosts_subject(), settings_.jobs_stream(),
                            settings_.jobs_consumer(jobs_.stream()), jobs_.size()});
    asks->run([this, number](const farm_stats& what) {
      waits_.counted(number, what);
      step([this] { go_on(); });
    });
  });
  waits_.add(number, std::move(handler), asks);
  if (!is_asking) waits_.fail_census(number, make_error_code(errc::not_enough_memory));
}

std::shared_ptr<void> farm_body::promise_jobs() {
  ++promises_;
  // Called also if there is no memory for the promise.
  return {static_cast<void*>(this), [weak = weak_from_this()](void*) {
            auto const self = weak.lock();
            if (!self) return;
            --self->promises_;
            if (self->is_over_ || self->is_copy_) return;
            self->post([](farm_body& body) { body.go_on(); });
          }};
}

void farm_body::stop() {
  if (is_over_ || notice_copy()) return;
  post([](farm_body& self) { self.do_stop(); });
}

// The connection.

void farm_body::start() {
  link_->start(*this);
  go_on();
}

void farm_body::subscribe() {
  auto const hear = [this](std::string subject, auto function) {
    link_->subscribe(std::move(subject),
                     [weak = weak_from_this(), function](std::span<link::message> what) {
                       auto const self = weak.lock();
                       if (!self || self->notice_copy()) return;
                       function(self->jobs_, what);
                       self->is_over_ ? self->server_answered_late() : self->go_on();
                     });
  };
  using messages = std::span<link::message>;
  hear(inbox_ + ".results", [](farm_jobs& to, messages what) { to.results_arrived(what); });
  for (std::uint64_t place = 0; place != parcel_sender::places; ++place)
    hear(inbox_ + ".stored." + std::to_string(place) + ".*",
         [place](farm_jobs& to, messages what) { to.parcels_answered(place, what); });
  hear(settings_.leave_subject(submitter_),
       [](farm_jobs& to, messages what) { to.leave_asked(what); });
}

void farm_body::link_up(const link::server_info& server) {
  if (notice_copy()) return;
  failed_attempts_ = 0;
  refusal_.clear();
  ready_ = false;
  jobs_.connect(server);
  streams_.connect();
}

void farm_body::link_down(const error_code&, const std::string&) {
  if (notice_copy()) return;
  if (is_over_) return end_connection();
  ready_ = false;
  streams_.disconnect();
  jobs_.disconnect();
  waits_.fail_censuses(error::no_server);
  go_on();
}

void farm_body::link_refused(const error_code& ec, const std::string& text) {
  refusal_ = text.empty() ? ec.message() : text;
  link_unreachable(ec, text);
}

/// If one of several servers refuses, the others are tried before the jobs are refused.
void farm_body::link_unreachable(const error_code&, const std::string&) {
  if (notice_copy()) return;
  if (++failed_attempts_ < settings_.options().servers.size() || refusal_.empty()) return;
  refuse_unstored(make_error_code(errc::permission_denied), refusal_);
}

void farm_body::link_violation(const std::string& text, const std::string& subject) {
  if (notice_copy() || subject.empty()) return;
  // The text may be cut.
  auto const is = [&subject](const std::string& needed) { return needed.starts_with(subject); };
  auto const jobs = settings_.jobs_stream();
  auto const done = settings_.done_stream();
  if (is(settings_.jobs_subject()) || is(wire::stream_info_subject(jobs)) ||
      is(wire::stream_info_subject(done)) || is(wire::stream_create_subject(jobs)) ||
      is(wire::stream_create_subject(done)) || is(inbox_ + ".results") || is(inbox_ + ".stored.") ||
      subject.starts_with(inbox_ + ".stored.") ||
      is(wire::consumer_create_subject(done, submitter_)))
    refuse_unstored(make_error_code(errc::permission_denied), text);
}

void farm_body::streams_found(std::int64_t created, bool made) {
  ready_ = true;
  // If it does not arrive, the hosts look again a second later.
  if (made) static_cast<void>(link_->publish(settings_.news_subject(), {}, {}, {}));
  jobs_.stream_found(created);
  go_on();
}

void farm_body::streams_refused(const std::string& why) { refuse_unstored(error::no_server, why); }

void farm_body::jobs_have_no_stream() {
  if (is_over_) return end_connection();
  if (!std::exchange(ready_, false)) return;
  jobs_.stream_lost();
  streams_.set_up_later();
  set_timer();
}

void farm_body::refuse_unstored(const error_code& ec, const std::string& why) {
  jobs_.refuse_unstored(ec, why);
  go_on();
}

// Time.

void farm_body::go_on() {
  jobs_.go_on();
  if (jobs_.empty() && promises_ == 0) waits_.complete_drains();
  set_timer();
  link_->keep_trying(!is_idle());
}

void farm_body::set_timer() {
  auto at = jobs_.wake_at();
  if (!is_idle()) at = std::min(at, streams_.wake_at());
  // A timer that goes off too early does no harm, unless it keeps an idle loop at work.
  if (at == moment::max() && timer_at_ != moment::max()) timer_->cancel();
  if (at == moment::max()) timer_at_ = at;
  if (at >= timer_at_) return;
  timer_at_ = at;
  // The clock of the timer stands still while the machine is suspended, so it looks each hour.
  using std::chrono::nanoseconds;
  // The first moment of all is so long ago that the difference would overflow.
  auto const current = now();
  auto const wait = std::max(at, current) - current;
  timer_->expires_after(std::min<nanoseconds>(wait, std::chrono::hours{1}));
  link::wait_on(*timer_, [weak = weak_from_this()](const error_code& aborted) {
    auto const self = weak.lock();
    if (!aborted && self && !self->is_over_ && !self->notice_copy())
      self->step([&] { self->wake(); });
  });
}

void farm_body::wake() {
  timer_at_ = moment::max();
  auto const at = now();
  jobs_.wake(at);
  if (!is_idle()) streams_.wake(at);
  go_on();
}

// The end.

void farm_body::do_stop() {
  jobs_.stop();
  waits_.complete_drains();
  waits_.fail_censuses(asio::error::operation_aborted);
  is_over_ = true;
  streams_.disconnect();
  // If it does not arrive, the server keeps the consumer for some minutes.
  link::if_memory([this] {
    static_cast<void>(link_->publish(
        wire::consumer_delete_subject(settings_.done_stream(), submitter_), {}, {}, {}));
  });
  ending_ = shared_from_this();
  timer_->expires_after(
      std::max<std::chrono::nanoseconds>(settings_.lease() / 4, shortest_farm_end));
  link::wait_on(*timer_, [weak = weak_from_this()](const error_code& aborted) {
    auto const self = weak.lock();
    if (!aborted && self && !self->notice_copy()) self->end_connection();
  });
  if (!link_->is_up() || !jobs_.awaits_answers()) end_connection();
}

/// The answers of the server to the last parcels say which messages are to be deleted.
void farm_body::server_answered_late() {
  if (jobs_.awaits_answers()) return;
  // A host may have taken such a message after it was told to forget the jobs.
  jobs_.say_farewell();
  end_connection();
}

void farm_body::end_connection() {
  link_->stop();
  timer_->cancel();
  // The link may be calling this.
  if (ending_) strand_.post([self = std::exchange(ending_, nullptr)] {});
}

void farm_body::abandon() noexcept {
  is_over_ = true;
  link_->stop();
  // The handlers may own the farm.
  auto const self = shared_from_this();
  auto const jobs = jobs_.abandon();
  auto const waits = std::exchange(waits_, {});
  ending_.reset();
  timer_.reset();
  strand_ = {};
  user_executor_ = nullptr;
}

void farm_body::disown() {
  if (!link_->is_copy() || is_copy_.exchange(true)) return;
  ending_.reset();
  // A thread that the copy does not have may be on the strand, so the handlers do not go there.
  jobs_.disown();
  waits_.complete_drains();
  waits_.fail_censuses(asio::error::operation_aborted);
}

}  // namespace isolatte::inline v0_1::nats
