// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/farm_jobs.hpp"

#include "nats/link/message.hpp"
#include "nats/logic/words.hpp"
#include "nats/system.hpp"
#include "nats/wire/request.hpp"

#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/error.hpp>
#include <isolatte/run_summary.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <new>
#include <string_view>
#include <utility>

namespace isolatte::inline v0_1::nats {

using boost::system::error_code;
using logic::has;
using logic::job_end;
using logic::job_step;

farm_jobs::farm_jobs(link::server_link& link, const settings& what, const std::string& submitter,
                     const std::string& answers, owner& to)
    : link_{link},
      settings_{what},
      owner_{to},
      parcels_{link, what, submitter, answers, *this},
      wishes_{link, what.cancel_subject(), submitter},
      inquiry_{link, *this, what.jobs_stream(), what.lease()} {}

// The program.

void farm_jobs::submit(std::unique_ptr<submitted_job> job) {
  auto const refuse = [&](const error_code& ec, const char* why) {
    auto what = unreported(ec, true, why);
    std::move(job->handler).complete(what.ec, std::move(what.what));
  };
  if (jobs_.size() >= settings_.options().max_queued)
    return refuse(error::queue_full, "as many jobs as farm_options::max_queued are there");
  try {
    if (!parcels_.fits(job->on_wire()))
      return refuse(error::too_large, "the job is larger than a message of the server may be");
    auto& here = jobs_.add(job);
    perform(here, here.machine.start(is_connected_));
  } catch (const std::bad_alloc&) {
    refuse(make_error_code(boost::system::errc::not_enough_memory), "");
  }
}

void farm_jobs::cancel(std::uint64_t number, logic::wish how) {
  if (auto* const job = jobs_.find(number)) perform(*job, job->machine.cancel(now(), how));
}

// The connection.

void farm_jobs::connect(const link::server_info& server) {
  server_id_ = server.id;
  parcels_.connect(server.max_payload);
}

void farm_jobs::disconnect() {
  is_connected_ = false;
  parcels_.close();
  inquiry_.end();
  for (auto const number : jobs_.numbers()) {
    auto& job = *jobs_.find(number);
    job.machine.connection_down();
    jobs_.note_wake(job);
  }
}

void farm_jobs::stream_found(std::int64_t created) {
  bool const same_stream = created_ == 0 || created_ == created;
  bool const same_server = last_server_id_ == server_id_;
  auto server_id = server_id_;
  inquiry_.begin(created, settings_.jobs_consumer(created));
  parcels_.open(same_stream);
  // If memory was short for anything before, all is told again after the next connection.
  created_ = created;
  last_server_id_ = std::move(server_id);
  auto const at = now();
  if (!std::exchange(is_connected_, true))
    for_each_job(
        [=](logic::farm_job& job) { return job.connection_up(at, same_server, same_stream); });
  else if (!same_stream)
    for_each_job([=](logic::farm_job& job) { return job.stream_replaced(at); });
}

// Parcels.

wire::parcel_job farm_jobs::job_published(std::uint64_t number) {
  auto& job = *jobs_.find(number);
  job.machine.sent();
  jobs_.note_wake(job);
  return job.on_wire();
}

void farm_jobs::job_stored(std::uint64_t number) {
  auto* const job = jobs_.find(number);
  if (job == nullptr) return;
  job->was_stored = true;
  perform(*job, job->machine.stored(now(), job->machine.attempt()));
}

void farm_jobs::job_refused(std::uint64_t number, job_end why) {
  if (auto* const job = jobs_.find(number))
    perform(*job, job->machine.refused(now(), job->machine.attempt(), why));
}

void farm_jobs::job_unanswered(std::uint64_t number) {
  if (auto* const job = jobs_.find(number))
    perform(*job, job->machine.answer_lost(now(), job->machine.attempt()));
}

// Hosts.

void farm_jobs::results_arrived(std::span<link::message> messages) {
  auto const limit = [this](std::uint64_t number) {
    auto* const job = jobs_.find(number);
    return job != nullptr ? job->options.max_result : 0;
  };
  for (auto const& each : messages) {
    auto results = wire::decode_results(each.data(), limit);
    // Results that cannot be read are none: an audit finds that the jobs are missing.
    if (results.message)
      for (auto& result : results.message->jobs) result_arrived(result, results.message->host);
    constexpr std::string_view have = "+ACK";
    // If it does not arrive, the server sends the results again.
    if (!each.reply().empty())
      static_cast<void>(link_.publish(each.reply(), {}, {}, link::bytes_of(have)));
  }
}

void farm_jobs::result_arrived(wire::job_result& result, const std::string& host) {
  auto* const job = jobs_.find(result.number);
  if (job == nullptr) return;
  auto& machine = job->machine;
  bool const is_end = result.kind != logic::told::held && result.attempt == machine.attempt();
  if (result.report && result.report->summary.ran == ran::yes)
    parcels_.job_ran(result.report->summary.usage.wall);
  auto const todo =
      machine.result(now(), result.kind, result.attempt, result.deliveries, result.holder);
  perform(*job, todo, is_end, &result, &host);
}

void farm_jobs::leave_asked(std::span<link::message> questions) {
  for (auto const& each : questions) {
    auto const begin = wire::decode_begin(each.data());
    if (!begin.message || each.reply().empty()) continue;
    auto* const job = jobs_.find(begin.message->number);
    logic::farm_job::leave_answer answer;
    if (job != nullptr)
      answer = job->machine.leave_asked(now(), begin.message->attempt, begin.message->holder,
                                        begin.message->deliveries);
    isolatte::detail::byte_buffer bytes;
    wire::encode(answer.what, bytes);
    // If it does not arrive, the host asks again.
    static_cast<void>(link_.publish(each.reply(), {}, {}, bytes.bytes()));
    if (job != nullptr) perform(*job, answer.todo);
  }
}

// Answers to questions.

void farm_jobs::delivery_known(std::uint64_t number, std::uint32_t attempt, bool delivered,
                               std::uint64_t deliveries) {
  if (auto* const job = jobs_.find(number))
    perform(*job, job->machine.delivery_known(now(), attempt, delivered, deliveries));
}

void farm_jobs::message_removed(std::uint64_t parcel) {
  auto const at = now();
  for (auto const number : parcels_.removed(parcel))
    if (auto* const job = jobs_.find(number))
      perform(*job, job->machine.message_removed(at, job->machine.attempt()));
}

void farm_jobs::examined(std::uint64_t number, std::uint32_t attempt, logic::finding what) {
  if (auto* const job = jobs_.find(number))
    perform(*job, job->machine.examined(now(), attempt, what));
}

// Decisions.

template <class Step>
void farm_jobs::for_each_job(Step step) {
  for (auto const number : jobs_.numbers())
    if (auto* const job = jobs_.find(number)) perform(*job, step(job->machine));
}

/// The job may be gone afterwards.
void farm_jobs::perform(submitted_job& job, job_step todo, bool was_told, wire::job_result* result,
                        const std::string* host) {
  auto& machine = job.machine;
  auto const number = job.number;
  auto const message = parcels_.message_of(number);
  if (has(todo, job_step::tell_hosts)) wishes_.tell(number, machine.wished());
  if (message) {
    if (has(todo, job_step::ask_delivered))
      inquiry_.ask_delivered(number, machine.attempt(), message->place);
    if (has(todo, job_step::remove)) inquiry_.remove(message->parcel, message->place);
    if (has(todo, job_step::examine)) inquiry_.examine(number, machine.attempt(), message->place);
  }
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
    parcels_.leave(number, was_told);
    link::until_memory([&] { parcels_.add(job.on_wire()); });
  }
  jobs_.note_wake(job);
  if (has(todo, job_step::examine) && !message)
    perform(job, machine.examined(now(), machine.attempt(), logic::finding::missing));
}

void farm_jobs::complete(submitted_job& job, job_outcome what, bool was_told) {
  parcels_.leave(job.number, was_told);
  auto const ended = jobs_.take(job.number);
  if (jobs_.empty()) inquiry_.forget();
  std::move(ended->handler).complete(what.ec, std::move(what.what));
}

void farm_jobs::refuse_unstored(const error_code& ec, const std::string& why) {
  for (auto const number : jobs_.numbers()) {
    auto* const job = jobs_.find(number);
    if (job == nullptr || job->was_stored) continue;
    static_cast<void>(job->machine.stop());
    complete(*job, unreported(ec, job->machine.conclude().is_certainly_unrun, why), false);
  }
  parcels_.forget_empty();
}

void farm_jobs::go_on() {
  parcels_.flush();
  wishes_.flush();
  inquiry_.flush();
}

// Time.

void farm_jobs::wake(moment at) {
  while (auto* const job = jobs_.next_to_wake(at)) perform(*job, job->machine.wake(at));
  parcels_.wake(at);
  inquiry_.wake(at);
}

moment farm_jobs::wake_at() const noexcept {
  if (jobs_.empty()) return moment::max();
  return std::min({jobs_.wake_at(), parcels_.wake_at(), inquiry_.wake_at()});
}

// The end.

void farm_jobs::stop() {
  bool const had_jobs = !jobs_.empty();
  for_each_job([](logic::farm_job& job) { return job.stop(); });
  inquiry_.end();
  if (had_jobs) wishes_.say_farewell();
}

void farm_jobs::disown() {
  for (auto const number : jobs_.numbers()) {
    auto const job = jobs_.take(number);
    static_cast<void>(job->machine.stop());
    auto what = unreported(boost::asio::error::operation_aborted,
                           job->machine.conclude().is_certainly_unrun, "");
    std::move(job->handler).complete(what.ec, std::move(what.what));
  }
}

submitted_jobs farm_jobs::abandon() noexcept { return std::exchange(jobs_, {}); }

}  // namespace isolatte::inline v0_1::nats
