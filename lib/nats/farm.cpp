// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/farm.hpp"

#include "logic/moment.hpp"
#include "nats/code_names.hpp"
#include "nats/link/subject.hpp"
#include "nats/stream_setup.hpp"
#include "nats/wire/jetstream.hpp"
#include "nats/wire/request.hpp"
#include "nats/wire/results.hpp"

#include <isolatte/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string_view>
#include <utility>

namespace isolatte::inline v0_1::nats {

namespace asio = boost::asio;
namespace errc = boost::system::errc;
using boost::system::error_code;
using isolatte::detail::byte_buffer;
using isolatte::logic::later;
using logic::has;
using logic::job_end;
using logic::job_step;
using logic::wish;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view message_id = "Nats-Msg-Id";
/// A server that has not answered a parcel for so long is sent it again.
constexpr auto shortest_patience = 2s;

logic::moment now() noexcept { return std::chrono::steady_clock::now(); }

/// The last token of an inbox, which is a name that no other farm has.
std::string new_submitter() {
  auto const inbox = link::new_inbox();
  return inbox.substr(inbox.rfind('.') + 1);
}

std::optional<std::uint64_t> number_at_end(std::string_view subject) noexcept {
  auto const digits = subject.substr(subject.rfind('.') + 1);
  std::uint64_t number = 0;
  auto const [stop, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || ec != std::errc{} || stop != digits.data() + digits.size()) return {};
  return number;
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

std::span<const std::byte> bytes_of(std::string_view text) noexcept {
  return std::as_bytes(std::span{text});
}

}  // namespace

/// A job, from when it is asked for until its handler is called.
struct farm_body::submitted {
  submitted(std::uint64_t of, const farm_job_options& opts, isolatte::detail::distant_call&& call,
            isolatte::detail::report_handler&& to, const asio::any_io_executor& executor,
            std::chrono::nanoseconds lease)
      : number{of},
        options{opts},
        decoder{to_wire(call.decoder)},
        arguments{std::move(call.arguments)},
        handler{std::move(to), executor},
        machine{
            {.lease = lease,
             .max_hosts = std::max(opts.max_hosts, 1u),
             .begin_by = opts.start_within ? later(now(), *opts.start_within) : moment::max()}} {
    if (call.function) function = to_wire(*call.function);
  }

  wire::parcel_job on_wire() const {
    wire::parcel_job made;
    made.number = number;
    made.attempt = machine.attempt();
    made.lost_before = machine.lost_before();
    made.max_hosts = std::max(options.max_hosts, 1u);
    made.decoder = decoder;
    made.function = function;
    if (options.timeout) made.timeout = std::max(*options.timeout, std::chrono::nanoseconds{0});
    if (options.grace) made.grace = std::max(*options.grace, std::chrono::nanoseconds{0});
    made.max_result = options.max_result;
    made.arguments = arguments.bytes();
    return made;
  }
  bool is_cancelled() const noexcept { return machine.wished() > wish::withdraw; }

  std::uint64_t const number;
  farm_job_options const options;
  wire::code_name const decoder;
  std::optional<wire::code_name> function{};
  byte_buffer const arguments;
  pending<error_code, isolatte::detail::report> handler;
  logic::farm_job machine;
  /// The server has had the job.
  bool was_stored = false;
  moment wakes_at = moment::max();
};

std::shared_ptr<farm_body> farm_body::make(const asio::any_io_executor& executor,
                                           farm_options&& opts) {
  auto made = std::make_shared<farm_body>(only_make{}, executor, std::move(opts));
  link::member_service::join(executor, made);
  made->subscribe();
  made->post([](farm_body& self) { self.start(); });
  return made;
}

farm_body::farm_body(only_make, const asio::any_io_executor& executor, farm_options&& opts)
    : settings_{std::move(opts)},
      user_executor_{executor},
      strand_{asio::make_strand(executor)},
      submitter_{new_submitter()},
      inbox_{link::new_inbox()},
      link_{link::server_link::make(strand_, settings_.link_options("isolatte farm"))},
      inquiry_{std::make_shared<place_inquiry>(strand_, *link_, *this, settings_.jobs_stream())},
      timer_{strand_},
      set_up_timer_{strand_} {}

farm_body::~farm_body() { link_->stop(); }

template <class Function>
void farm_body::post(Function function) {
  asio::post(strand_, [self = shared_from_this(), function = std::move(function)]() mutable {
    if (self->is_over_) return;
    if (!self->notice_copy()) function(*self);
  });
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
  auto job = std::make_unique<submitted>(number, opts, std::move(*call), std::move(handler),
                                         user_executor_, settings_.lease());
  if (auto slot = job->handler.slot(); slot.is_connected())
    slot.assign([weak = weak_from_this(), number](asio::cancellation_type type) {
      if (auto const self = weak.lock())
        self->post([number, type](farm_body& body) { body.cancel(number, type); });
    });
  asio::post(strand_, [self = shared_from_this(), job = std::move(job)]() mutable {
    self->submit(std::move(job));
  });
}

void farm_body::submit(std::unique_ptr<submitted> job) {
  auto const refuse = [&](const error_code& ec, const char* why) {
    auto what = unreported(ec, true, why);
    std::move(job->handler).complete(what.ec, std::move(what.what));
  };
  if (is_over_ || notice_copy()) return refuse(asio::error::operation_aborted, "");
  if (jobs_.size() >= settings_.options().max_queued)
    return refuse(error::queue_full, "as many jobs as farm_options::max_queued are there");
  if (!parcels_.fits(wire::size_in_parcel(job->on_wire())))
    return refuse(error::too_large, "the job is larger than a message of the server may be");
  auto& here = *jobs_.emplace(job->number, std::move(job)).first->second;
  perform(here, here.machine.start(jobs_connected_));
  go_on();
}

void farm_body::cancel(std::uint64_t number, asio::cancellation_type type) {
  auto* const job = find(number);
  auto const how = wish_of(type);
  if (job == nullptr || how == wish::none) return;
  perform(*job, job->machine.cancel(now(), how));
  go_on();
}

void farm_body::async_drain(detail::wait_handler&& handler) {
  auto const number = ++last_number_;
  drain made{std::move(handler), user_executor_};
  if (notice_copy() || is_over_) return std::move(made).complete({});
  if (auto slot = made.slot(); slot.is_connected())
    slot.assign([weak = weak_from_this(), number](asio::cancellation_type type) {
      auto const self = weak.lock();
      if (!self || wish_of(type) == wish::none) return;
      self->post([number](farm_body& body) {
        if (auto found = body.drains_.extract(number))
          std::move(found.mapped()).complete(asio::error::operation_aborted);
        body.go_on();
      });
    });
  asio::post(strand_, [self = shared_from_this(), number, made = std::move(made)]() mutable {
    if (self->is_over_ || self->notice_copy()) return std::move(made).complete({});
    self->drains_.emplace(number, std::move(made));
    self->go_on();
  });
}

void farm_body::async_stats(detail::stats_handler&& handler) {
  auto const number = ++last_number_;
  stats made{std::move(handler), user_executor_};
  if (notice_copy() || is_over_)
    return std::move(made).complete(asio::error::operation_aborted, {});
  if (auto slot = made.slot(); slot.is_connected())
    slot.assign([weak = weak_from_this(), number](asio::cancellation_type type) {
      auto const self = weak.lock();
      if (!self || wish_of(type) == wish::none) return;
      self->post([number](farm_body& body) {
        if (auto found = body.censuses_.extract(number))
          std::move(found.mapped().handler).complete(asio::error::operation_aborted, {});
        body.go_on();
      });
    });
  asio::post(strand_, [self = shared_from_this(), number, made = std::move(made)]() mutable {
    if (self->is_over_ || self->notice_copy())
      return std::move(made).complete(asio::error::operation_aborted, {});
    if (!self->ready_) return std::move(made).complete(error::no_server, {});
    auto const asks = std::make_shared<farm_census>(
        self->strand_, *self->link_,
        farm_census::places{self->settings_.hosts_subject(), self->settings_.jobs_stream(),
                            self->settings_.jobs_consumer(self->created_), self->jobs_.size()});
    self->censuses_.emplace(number, census{std::move(made), asks});
    asks->run([body = self.get(), number](const farm_stats& what) {
      if (auto found = body->censuses_.extract(number))
        std::move(found.mapped().handler).complete({}, what);
      body->go_on();
    });
  });
}

std::shared_ptr<void> farm_body::promise_jobs() {
  std::shared_ptr<void> made{static_cast<void*>(this), [weak = weak_from_this()](void*) {
                               auto const self = weak.lock();
                               if (!self) return;
                               --self->promises_;
                               if (self->is_over_ || self->is_copy_) return;
                               self->post([](farm_body& body) { body.go_on(); });
                             }};
  ++promises_;
  return made;
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
  auto const hear = [this](auto function) {
    return [weak = weak_from_this(), function](std::span<link::message> what) {
      auto const self = weak.lock();
      if (!self || self->is_over_) return;
      (self.get()->*function)(what);
    };
  };
  link_->subscribe(inbox_ + ".results", hear(&farm_body::results_arrived));
  link_->subscribe(inbox_ + ".stored.*", hear(&farm_body::parcels_answered));
  link_->subscribe(settings_.leave_subject(submitter_), hear(&farm_body::leave_asked));
}

void farm_body::link_up(const link::server_info& server) {
  if (notice_copy()) return;
  connected_ = true;
  failed_attempts_ = 0;
  refusal_.clear();
  server_id_ = server.id;
  set_up_failures_ = 0;
  // The bytes of a header that says the id, too.
  std::size_t const header = 64 + parcel_id(~std::uint64_t{0}).size();
  parcels_.room(server.max_payload, wire::parcel_overhead + header);
  set_up();
}

void farm_body::link_down(const error_code&, const std::string&) {
  if (notice_copy()) return;
  connected_ = ready_ = jobs_connected_ = set_up_waits_ = set_up_timed_ = false;
  ++set_up_number_;
  set_up_timer_->cancel();
  inquiry_->end();
  for (auto& [number, job] : jobs_) {
    job->machine.connection_down();
    note_wake(*job);
  }
  for (auto& [number, each] : std::exchange(censuses_, {}))
    std::move(each.handler).complete(error::no_server, {});
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
      is(wire::stream_create_subject(done)) || is(inbox_ + ".results") ||
      is(inbox_ + ".stored.*") || is(wire::consumer_create_subject(done, submitter_)))
    refuse_unstored(make_error_code(errc::permission_denied), text);
}

void farm_body::set_up() {
  ready_ = set_up_waits_ = set_up_timed_ = false;
  set_up_timer_->cancel();
  auto const attempt = ++set_up_number_;
  std::make_shared<stream_setup>(*link_, settings_, submitter_, inbox_ + ".results")
      ->run([weak = weak_from_this(), attempt](const stream_setup::result& what) {
        auto const self = weak.lock();
        if (!self || self->is_over_ || self->set_up_number_ != attempt) return;
        if (what.how == stream_setup::result::kind::done)
          return self->ready(what.created, what.made);
        if (what.how == stream_setup::result::kind::refused)
          self->refuse_unstored(error::no_server, what.why);
        self->set_up_later();
      });
}

void farm_body::set_up_later() {
  set_up_waits_ = true;
  ++set_up_failures_;
  wait_to_set_up();
}

void farm_body::wait_to_set_up() {
  if (is_idle()) {
    if (std::exchange(set_up_timed_, false)) set_up_timer_->cancel();
    return;
  }
  if (!set_up_waits_ || std::exchange(set_up_timed_, true)) return;
  auto const attempt = set_up_number_;
  auto const exponent = std::min(set_up_failures_, 5u) - 1;
  set_up_timer_->expires_after(std::min<std::chrono::nanoseconds>(100ms * (1 << exponent), 1s));
  set_up_timer_->async_wait([weak = weak_from_this(), attempt](const error_code& aborted) {
    auto const self = weak.lock();
    if (aborted || !self || self->is_over_ || self->notice_copy()) return;
    if (self->connected_ && self->set_up_number_ == attempt) self->set_up();
  });
}

void farm_body::ready(std::int64_t created, bool made) {
  bool const same_stream = created_ == 0 || created_ == created;
  bool const same_server = last_server_id_ == server_id_;
  created_ = created;
  last_server_id_ = server_id_;
  ready_ = true;
  set_up_failures_ = 0;
  // If it does not arrive, the hosts look again a second later.
  if (made) static_cast<void>(link_->publish(settings_.news_subject(), {}, {}, {}));
  inquiry_->begin(created, settings_.jobs_consumer(created));
  if (!same_stream) parcels_.stream_replaced();
  publish_unanswered(moment::max());
  auto const at = now();
  if (!std::exchange(jobs_connected_, true))
    for_each_job(
        [=](logic::farm_job& job) { return job.connection_up(at, same_server, same_stream); });
  else if (!same_stream)
    for_each_job([=](logic::farm_job& job) { return job.stream_replaced(at); });
  go_on();
}

void farm_body::stream_gone() {
  if (!ready_) return;
  ready_ = false;
  ++set_up_number_;
  set_up_later();
}

// Messages.

void farm_body::parcels_answered(std::span<link::message> answers) {
  if (notice_copy()) return;
  for (auto& each : answers)
    if (auto const parcel = number_at_end(each.subject())) parcel_answered(*parcel, each);
  go_on();
}

void farm_body::parcel_answered(std::uint64_t parcel, link::message& answer) {
  // Nothing takes in such messages.
  if (answer.status() == 503) return stream_gone();
  auto const ack = wire::parse_pub_ack(answer.text());
  if (!ack) return;
  auto const sent = sent_.find(parcel);
  if (ack->error) {
    if (sent == sent_.end()) return;
    if (ack->error->err_code == wire::stream_full)
      return refuse_parcel(parcel, job_end::queue_full);
    // Others of the server's own troubles pass; the parcel is published again.
    if (ack->error->code < 500) refuse_parcel(parcel, job_end::not_stored);
    return;
  }
  if (sent == sent_.end()) {
    // An answer that comes twice, or the jobs have been refused meanwhile.
    if (!parcels_.place(parcel)) forget_message(ack->value.seq);
    return;
  }
  sent_.erase(sent);
  if (parcels_.stored(parcel, ack->value.seq)) return forget_message(ack->value.seq);
  auto const at = now();
  for (auto const number : std::vector{parcels_.jobs(parcel)}) {
    auto* const job = find(number);
    if (job == nullptr) continue;
    job->was_stored = true;
    perform(*job, job->machine.stored(at, job->machine.attempt()));
  }
}

void farm_body::refuse_parcel(std::uint64_t parcel, job_end why) {
  sent_.erase(parcel);
  auto const at = now();
  for (auto const number : parcels_.refused(parcel))
    if (auto* const job = find(number))
      perform(*job, job->machine.refused(at, job->machine.attempt(), why));
}

void farm_body::results_arrived(std::span<link::message> messages) {
  if (notice_copy()) return;
  auto const limit = [this](std::uint64_t number) {
    auto* const job = find(number);
    return job != nullptr ? job->options.max_result : 0;
  };
  for (auto const& each : messages) {
    auto results = wire::decode_results(each.data(), limit);
    // Results that cannot be read are none: an audit finds that the jobs are missing.
    if (!results.message) continue;
    for (auto& result : results.message->jobs) result_arrived(result, results.message->host);
  }
  if (!messages.empty() && !messages.back().reply().empty())
    // If it does not arrive, the server sends the results again.
    static_cast<void>(link_->publish(messages.back().reply(), {}, {}, bytes_of("+ACK")));
  go_on();
}

void farm_body::result_arrived(wire::job_result& result, const std::string& host) {
  auto* const job = find(result.number);
  if (job == nullptr) return;
  auto& machine = job->machine;
  bool const is_end = result.kind != logic::told::held && result.attempt == machine.attempt();
  if (result.report && result.report->summary.ran == ran::yes)
    parcels_.ran(result.report->summary.usage.wall);
  auto const todo =
      machine.result(now(), result.kind, result.attempt, result.deliveries, result.holder);
  perform(*job, todo, is_end, &result, &host);
}

void farm_body::leave_asked(std::span<link::message> questions) {
  if (notice_copy()) return;
  for (auto const& each : questions) {
    auto const begin = wire::decode_begin(each.data());
    if (!begin.message || each.reply().empty()) continue;
    auto* const job = find(begin.message->number);
    logic::farm_job::leave_answer answer;
    if (job != nullptr)
      answer = job->machine.leave_asked(now(), begin.message->attempt, begin.message->holder,
                                        begin.message->deliveries);
    byte_buffer bytes;
    wire::encode(answer.what, bytes);
    // If it does not arrive, the host asks again.
    static_cast<void>(link_->publish(each.reply(), {}, {}, bytes.bytes()));
    if (job != nullptr) perform(*job, answer.todo);
  }
  go_on();
}

void farm_body::delivery_known(std::uint64_t number, std::uint32_t attempt, bool delivered) {
  if (auto* const job = find(number))
    perform(*job, job->machine.delivery_known(now(), attempt, delivered));
  go_on();
}

void farm_body::message_removed(std::uint64_t parcel) {
  auto const jobs = parcels_.jobs(parcel);
  parcels_.removed(parcel);
  auto const at = now();
  for (auto const number : jobs)
    if (auto* const job = find(number))
      perform(*job, job->machine.message_removed(at, job->machine.attempt()));
  go_on();
}

void farm_body::examined(std::uint64_t number, std::uint32_t attempt, logic::finding what) {
  if (auto* const job = find(number)) perform(*job, job->machine.examined(now(), attempt, what));
  go_on();
}

// Decisions.

farm_body::submitted* farm_body::find(std::uint64_t number) {
  auto const found = jobs_.find(number);
  return found == jobs_.end() ? nullptr : found->second.get();
}

std::vector<std::uint64_t> farm_body::numbers() const {
  std::vector<std::uint64_t> all;
  all.reserve(jobs_.size());
  for (auto const& [number, job] : jobs_) all.push_back(number);
  // Jobs that are published again keep their order.
  std::ranges::sort(all);
  return all;
}

template <class Step>
void farm_body::for_each_job(Step step) {
  for (auto const number : numbers())
    if (auto* const job = find(number)) perform(*job, step(job->machine));
}

/// The job may be gone afterwards.
void farm_body::perform(submitted& job, job_step todo, bool was_told, wire::job_result* result,
                        const std::string* host) {
  auto& machine = job.machine;
  auto const number = job.number;
  auto const parcel = parcels_.parcel_of(number);
  auto const place = parcel ? parcels_.place(*parcel) : std::nullopt;
  if (has(todo, job_step::tell_hosts))
    to_tell_[static_cast<std::size_t>(machine.wished())].push_back(number);
  if (has(todo, job_step::ask_delivered) && place)
    inquiry_->ask_delivered(number, machine.attempt(), *place);
  if (has(todo, job_step::remove) && place) inquiry_->remove(*parcel, *place);
  if (has(todo, job_step::examine) && place) inquiry_->examine(number, machine.attempt(), *place);
  if (has(todo, job_step::settle)) {
    auto const verdict = machine.conclude();
    bool const is_reported = verdict.how == job_end::reported || verdict.how == job_end::refused;
    complete(job,
             result != nullptr && host != nullptr && is_reported
                 ? outcome_of(verdict, *result, *host, job.options.max_result, job.is_cancelled())
                 : outcome_of(verdict, job.was_stored, job.is_cancelled()),
             was_told);
    return;
  }
  if (has(todo, job_step::publish)) {
    if (auto const unneeded = parcels_.leave(number, was_told)) forget_message(*unneeded);
    parcels_.add(number, wire::size_in_parcel(job.on_wire()), job.options.max_hosts <= 1);
  }
  note_wake(job);
  if (has(todo, job_step::examine) && !place)
    perform(job, machine.examined(now(), machine.attempt(), logic::finding::missing));
}

void farm_body::complete(submitted& job, job_outcome what, bool was_told) {
  if (auto const unneeded = parcels_.leave(job.number, was_told)) forget_message(*unneeded);
  if (job.wakes_at != moment::max()) wakes_.erase({job.wakes_at, job.number});
  auto const node = jobs_.extract(job.number);
  std::move(node.mapped()->handler).complete(what.ec, std::move(what.what));
}

void farm_body::refuse_unstored(const error_code& ec, const std::string& why) {
  for (auto const number : numbers()) {
    auto* const job = find(number);
    if (job == nullptr || job->was_stored) continue;
    static_cast<void>(job->machine.stop());
    complete(*job, unreported(ec, job->machine.conclude().is_certainly_unrun, why), false);
  }
  // They would be published again with the next connection.
  for (auto each = sent_.begin(); each != sent_.end();) {
    if (!parcels_.jobs(each->first).empty()) {
      ++each;
      continue;
    }
    static_cast<void>(parcels_.refused(each->first));
    each = sent_.erase(each);
  }
  go_on();
}

void farm_body::forget_message(std::uint64_t place) {
  // If it does not arrive, a host runs the jobs for nothing.
  static_cast<void>(link_->publish(wire::message_delete_subject(settings_.jobs_stream()), {}, {},
                                   bytes_of(wire::message_delete_body(place))));
}

// Publications.

void farm_body::go_on() {
  flush();
  tell_hosts();
  complete_drains();
  set_timer();
  wait_to_set_up();
  link_->keep_trying(!is_idle());
}

std::string farm_body::parcel_id(std::uint64_t parcel) const {
  return submitter_ + "-" + std::to_string(parcel);
}

void farm_body::flush() {
  while (ready_) {
    auto const parcel = parcels_.next();
    if (!parcel) return;
    wire::parcel what{submitter_, {}};
    for (auto const number : parcels_.jobs(*parcel)) {
      auto* const job = find(number);
      job->machine.sent();
      note_wake(*job);
      what.jobs.push_back(job->on_wire());
    }
    wire::encode(what, sent_[*parcel].bytes);
    publish(*parcel);
  }
}

void farm_body::publish(std::uint64_t parcel) {
  auto& sent = sent_.at(parcel);
  sent.at = now();
  std::string const id = parcel_id(parcel);
  std::array<link::header, 1> const headers{{{message_id, id}}};
  auto const ec =
      link_->publish(settings_.jobs_subject(), inbox_ + ".stored." + std::to_string(parcel),
                     headers, sent.bytes.bytes());
  // Other errors pass, and the parcel is published again.
  if (ec == errc::message_size) refuse_parcel(parcel, job_end::too_large);
}

void farm_body::publish_unanswered(moment sent_before) {
  for (auto const parcel : parcels_.unanswered())
    if (auto const sent = sent_.find(parcel); sent != sent_.end() && sent->second.at <= sent_before)
      publish(parcel);
}

void farm_body::tell_hosts() {
  for (std::size_t i = 0; i != to_tell_.size(); ++i) {
    auto const all = std::exchange(to_tell_[i], {});
    if (!connected_) continue;
    for (std::size_t at = 0; at < all.size(); at += wire::most_in_request) {
      auto const end = std::min(all.size(), at + wire::most_in_request);
      wire::request what;
      what.submitter = submitter_;
      what.wish = static_cast<wish>(i);
      what.numbers.assign(all.begin() + static_cast<std::ptrdiff_t>(at),
                          all.begin() + static_cast<std::ptrdiff_t>(end));
      byte_buffer bytes;
      wire::encode(what, bytes);
      // If it does not arrive, the machines ask again.
      static_cast<void>(link_->publish(settings_.cancel_subject(), {}, {}, bytes.bytes()));
    }
  }
}

// Time.

void farm_body::note_wake(submitted& job) {
  auto const at = job.machine.wake_at();
  if (at == job.wakes_at) return;
  if (job.wakes_at != moment::max()) wakes_.erase({job.wakes_at, job.number});
  if (at != moment::max()) wakes_.emplace(at, job.number);
  job.wakes_at = at;
}

void farm_body::set_timer() {
  auto at = wakes_.empty() ? moment::max() : wakes_.begin()->first;
  auto const patience = std::max<std::chrono::nanoseconds>(shortest_patience, settings_.lease());
  if (ready_ && !jobs_.empty())
    for (auto const& [parcel, sent] : sent_) at = std::min(at, later(sent.at, patience));
  // A timer that goes off too early does no harm, unless it keeps an idle loop at work.
  if (at == moment::max() && timer_at_ != moment::max()) timer_->cancel();
  if (at == moment::max()) timer_at_ = at;
  if (at >= timer_at_) return;
  timer_at_ = at;
  timer_->expires_at(at);
  timer_->async_wait([weak = weak_from_this()](const error_code& aborted) {
    auto const self = weak.lock();
    if (!aborted && self && !self->is_over_ && !self->notice_copy()) self->wake();
  });
}

void farm_body::wake() {
  timer_at_ = moment::max();
  auto const at = now();
  while (!wakes_.empty() && wakes_.begin()->first <= at) {
    auto const number = wakes_.begin()->second;
    auto& job = *jobs_.at(number);
    wakes_.erase(wakes_.begin());
    job.wakes_at = moment::max();
    perform(job, job.machine.wake(at));
  }
  auto const patience = std::max<std::chrono::nanoseconds>(shortest_patience, settings_.lease());
  if (ready_) publish_unanswered(at - patience);
  go_on();
}

// The end.

void farm_body::complete_drains() {
  if (!jobs_.empty() || promises_ != 0) return;
  for (auto& [number, each] : std::exchange(drains_, {})) std::move(each).complete({});
}

void farm_body::do_stop() {
  bool const had_jobs = !jobs_.empty();
  for (auto const number : numbers())
    if (auto* const job = find(number)) perform(*job, job->machine.stop());
  for (auto& [number, each] : std::exchange(drains_, {})) std::move(each).complete({});
  for (auto& [number, each] : std::exchange(censuses_, {}))
    std::move(each.handler).complete(asio::error::operation_aborted, {});
  is_over_ = true;
  inquiry_->end();
  timer_->cancel();
  set_up_timer_->cancel();
  if (ready_) say_farewell(had_jobs);
  link_->stop();
}

/// A message that does not arrive costs the hosts work, and the server room for some minutes.
void farm_body::say_farewell(bool had_jobs) {
  if (had_jobs) {
    wire::request what;
    what.submitter = submitter_;
    what.what = wire::request::subject::submitter;
    byte_buffer bytes;
    wire::encode(what, bytes);
    static_cast<void>(link_->publish(settings_.cancel_subject(), {}, {}, bytes.bytes()));
  }
  static_cast<void>(link_->publish(
      wire::consumer_delete_subject(settings_.done_stream(), submitter_), {}, {}, {}));
}

void farm_body::abandon() noexcept {
  is_over_ = true;
  link_->stop();
  // The handlers may own the farm.
  auto const self = shared_from_this();
  auto const jobs = std::exchange(jobs_, {});
  auto const drains = std::exchange(drains_, {});
  auto const censuses = std::exchange(censuses_, {});
  inquiry_.reset();
  timer_.reset();
  set_up_timer_.reset();
  strand_ = nullptr;
  user_executor_ = nullptr;
}

void farm_body::disown() {
  if (!link_->is_copy() || is_copy_.exchange(true)) return;
  // A thread that the copy does not have may be on the strand, so the handlers do not go there.
  for (auto& [number, job] : std::exchange(jobs_, {})) {
    static_cast<void>(job->machine.stop());
    auto what =
        unreported(asio::error::operation_aborted, job->machine.conclude().is_certainly_unrun, "");
    std::move(job->handler).complete(what.ec, std::move(what.what));
  }
  for (auto& [number, each] : std::exchange(drains_, {})) std::move(each).complete({});
  for (auto& [number, each] : std::exchange(censuses_, {}))
    std::move(each.handler).complete(asio::error::operation_aborted, {});
}

}  // namespace isolatte::inline v0_1::nats

namespace isolatte::inline v0_1::nats::detail {

struct farm_handle::implementation {
  boost::asio::any_io_executor executor;
  std::size_t concurrency;
  std::shared_ptr<farm_body> body;
};

farm_handle::farm_handle(const boost::asio::any_io_executor& executor, farm_options&& opts) {
  auto const concurrency = opts.max_in_flight;
  implementation_ = std::make_unique<implementation>(
      implementation{executor, concurrency, farm_body::make(executor, std::move(opts))});
}

farm_handle::farm_handle(farm_handle&& other) noexcept = default;

farm_handle& farm_handle::operator=(farm_handle&& other) noexcept {
  if (this != &other) {
    if (implementation_) implementation_->body->stop();
    implementation_ = std::move(other.implementation_);
  }
  return *this;
}

farm_handle::~farm_handle() {
  if (implementation_) implementation_->body->stop();
}

boost::asio::any_io_executor farm_handle::get_executor() const noexcept {
  return implementation_->executor;
}

std::size_t farm_handle::concurrency() const noexcept { return implementation_->concurrency; }

void farm_handle::async_run(std::optional<distant_call>&& call, const farm_job_options& opts,
                            report_handler handler) {
  implementation_->body->async_run(std::move(call), opts, std::move(handler));
}

void farm_handle::async_drain(wait_handler handler) {
  implementation_->body->async_drain(std::move(handler));
}

void farm_handle::async_stats(stats_handler handler) {
  implementation_->body->async_stats(std::move(handler));
}

std::shared_ptr<void> farm_handle::promise_jobs() { return implementation_->body->promise_jobs(); }

void farm_handle::stop() { implementation_->body->stop(); }

}  // namespace isolatte::inline v0_1::nats::detail
