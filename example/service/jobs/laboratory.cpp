// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "laboratory.hpp"

#include "../examine/examine.hpp"
#include "text.hpp"

#include <isolatte/call.hpp>
#include <isolatte/ending.hpp>
#include <isolatte/on_message.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>
#include <sstream>
#include <utility>

namespace service {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_ended = 100;
constexpr std::size_t most_stages = 16;

//[pool
isolatte::pool_options careful(const settings& given) {
  isolatte::options worker{
      .out = isolatte::discard,
      .err = isolatte::capture{4096},
      .timeout = given.timeout,
      .limits = {.open_files = 64, .core_size = 0, .nice = 5},
      .max_result = std::size_t{160} << 10,
      .message_window = 4096,
      .sandbox = isolatte::sandbox::pure(),
  };
  if (given.memory != 0) worker.limits.address_space = given.memory;
  return {.workers = given.workers,
          // Files of different people never meet in a process.
          .max_jobs_per_worker = 1,
          .worker = std::move(worker)};
}
//]

std::string message_of(const std::exception_ptr& from) {
  try {
    std::rethrow_exception(from);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an exception of an unknown type";
  }
}

/// One line for people who do not know what a signal is, and for those who do.
std::string headline_of(const isolatte::outcome<report>& end, std::chrono::milliseconds timeout) {
  using isolatte::ending;
  if (end) return end->summary;
  std::ostringstream text;
  switch (end.how()) {
    case ending::threw: return message_of(end.exception());
    case ending::timed_out: text << "still running after " << timeout.count() << " ms"; break;
    case ending::faulted:
      if (auto const& fault = end.fault()) {
        if (!fault->system_call.empty())
          return "the system call " + fault->system_call + " is not allowed";
        if (fault->stack_overflow) return "the stack overflowed";
        text << isolatte::signal_name(fault->signal) << " at " << fault->address;
        break;
      }
      [[fallthrough]];
    default: text << end;
  }
  return text.str();
}

}  // namespace

laboratory::laboratory(asio::io_context& context, const settings& given, event_log& log)
    : settings_{given},
      log_{log},
      pool_{context, careful(given)},
      clock_{context},
      workers_(given.workers) {}

//[run
template <class Call>
void laboratory::run(std::uint64_t id, const std::string& client, const Call& call, lease held) {
  pool_.async_run(
      isolatte::on_message(call, [this, id](stage said) { on_stage(id, std::move(said)); }),
      {.tenant = client},  // clients take turns, a job each
      [this, id, held = std::move(held)](boost::system::error_code error,
                                         const isolatte::outcome<report>& end) {
        on_end(id, error, end);
      });
}
//]

template <class Call>
std::uint64_t laboratory::start(job what, const std::string& client, const Call& call, lease held) {
  std::uint64_t const id = ++last_;
  what.id = id;
  job& kept = jobs_.emplace(id, std::move(what)).first->second;
  try {
    run(id, client, call, std::move(held));
  } catch (...) {
    jobs_.erase(id);
    throw;
  }
  ++unfinished_;
  tell(kept);
  return id;
}

job laboratory::made_job(std::string kind, std::string label, std::size_t bytes) {
  job made;
  made.kind = std::move(kind);
  made.label = std::move(label);
  made.bytes = bytes;
  made.sent = std::chrono::system_clock::now();
  made.queued = std::chrono::steady_clock::now();
  return made;
}

std::uint64_t laboratory::submit_file(const std::string& client, std::string name,
                                      std::string bytes, lease held) {
  std::size_t const size = bytes.size();
  return start(made_job("file", std::move(name), size), client,
               isolatte::call(examine_file, std::move(bytes)), std::move(held));
}

std::uint64_t laboratory::submit_pattern(const std::string& client, pattern_request what,
                                         lease held) {
  job made = made_job("pattern", what.pattern, what.text.size());
  return start(std::move(made), client,
               isolatte::call(examine_pattern, std::move(what.pattern), std::move(what.text)),
               std::move(held));
}

std::uint64_t laboratory::submit_sample(const std::string& client, const std::string& name,
                                        lease held) {
  return start(made_job("sample", name, 0), client, isolatte::call(run_sample, name),
               std::move(held));
}

std::optional<std::string> laboratory::details(std::uint64_t id) const {
  auto const found = jobs_.find(id);
  if (found == jobs_.end()) return std::nullopt;
  return details_json(found->second);
}

std::string laboratory::snapshot() const {
  // An event of the number before makes a page that comes back go on with the next one.
  return log_.format(log_.next() - 1, "snapshot",
                     snapshot_json(settings_, view(), timeline_.samples(), jobs_));
}

void laboratory::on_stage(std::uint64_t id, stage said) {
  job& what = jobs_.at(id);
  // A worker that was taken over may talk without end.
  if (++what.stages > most_stages) return;
  if (what.now == phase::queued) {
    what.now = phase::running;
    what.waited = std::chrono::steady_clock::now() - what.queued;
    // A worker that lies about its slot deceives only those who watch its own job.
    if (said.slot < workers_.size()) {
      what.worker = {static_cast<std::size_t>(said.slot), said.generation, said.pid};
      workers_[what.worker->slot] = {said.generation, said.pid, id};
    }
  }
  what.stage = clean(said.text, 200);
  tell(what);
}

void laboratory::on_end(std::uint64_t id, boost::system::error_code error,
                        const isolatte::outcome<report>& end) {
  job& what = jobs_.at(id);
  for (auto& each : workers_)
    if (each.job == id) each.job = 0;
  what.now = phase::ended;
  what.worker = end.worker();
  what.took = end.usage().wall;
  what.ending = to_string(end.how());
  what.headline = clean(error ? error.message() : headline_of(end, settings_.timeout), 300);
  what.details = json_of(end);
  --unfinished_;
  ++endings_[what.ending];
  timeline_.add(what.took, what.ending, !end);
  tell(what);
  forget_old();
  if (is_finishing_ && unfinished_ == 0) clock_.cancel();
}

void laboratory::forget_old() {
  while (jobs_.size() > most_ended + unfinished_) {
    auto const oldest = std::find_if(jobs_.begin(), jobs_.end(), [](auto const& each) {
      return each.second.now == phase::ended;
    });
    jobs_.erase(oldest);
  }
}

overview laboratory::view() const {
  overview made;
  auto const running = std::count_if(jobs_.begin(), jobs_.end(), [](auto const& each) {
    return each.second.now == phase::running;
  });
  made.running = static_cast<std::size_t>(running);
  made.queued = unfinished_ - made.running;
  made.endings = endings_;
  for (auto const& [name, count] : endings_) made.ended += count;
  made.restarts = pool_.stats().restarts;
  made.workers = workers_;
  made.uptime = std::chrono::duration<double>{std::chrono::steady_clock::now() - begun_}.count();
  return made;
}

asio::awaitable<void> laboratory::tick() {
  for (auto next = std::chrono::steady_clock::now() + 1s; !is_finishing_; next += 1s) {
    clock_.expires_at(next);
    auto waited = clock_.async_wait(asio::as_tuple(asio::use_awaitable));
    co_await std::move(waited);
    if (is_finishing_) break;
    log_.push("second", json_of(timeline_.close(std::chrono::system_clock::now()), view()));
  }
}

//[finish
asio::awaitable<std::size_t> laboratory::finish() {
  is_finishing_ = true;
  clock_.cancel();  // ends tick()
  auto const deadline = std::chrono::steady_clock::now() + settings_.grace;
  while (unfinished_ != 0 && std::chrono::steady_clock::now() < deadline) {
    clock_.expires_at(deadline);
    auto waited = clock_.async_wait(asio::as_tuple(asio::use_awaitable));
    co_await std::move(waited);
  }
  std::size_t const left = unfinished_;
  pool_.stop();  // kills what still runs
  while (unfinished_ != 0) {
    clock_.expires_at(std::chrono::steady_clock::time_point::max());
    auto waited = clock_.async_wait(asio::as_tuple(asio::use_awaitable));
    co_await std::move(waited);
  }
  auto gone = pool_.async_drain(asio::use_awaitable);
  co_await std::move(gone);
  co_return left;
}
//]

}  // namespace service
