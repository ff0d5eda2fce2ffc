// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "operation/kept_outcome.hpp"

#include <isolatte/error.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>

#include <utility>

namespace isolatte::inline v0_1::detail {

namespace asio = boost::asio;
using boost::system::error_code;

std::shared_ptr<kept_outcome> kept_outcome::make(const asio::any_io_executor& executor) {
  auto const self = std::make_shared<kept_outcome>(only_make{}, executor);
  supervise::context_service::join(executor, self->membership_, self);
  return self;
}

void kept_outcome::abandon() noexcept {
  std::optional<supervise::pending_handler> last;
  std::lock_guard const lock{mutex_};
  membership_.forget();
  released_ = true;
  outcome_.reset();
  if (waiting_) last.emplace(std::move(*waiting_));
  waiting_.reset();
}

void kept_outcome::complete(std::unique_lock<std::mutex> lock, const error_code& ec, report what) {
  supervise::pending_handler next = std::move(*waiting_);
  waiting_.reset();
  lock.unlock();
  std::move(next).complete_later(executor_, ec, std::move(what));
}

void kept_outcome::take(const error_code& ec, report what) {
  std::unique_lock lock{mutex_};
  if (released_) return;
  if (!waiting_) {
    outcome_.emplace(told_report{ec, std::move(what)});
    return;
  }
  delivered_ = true;
  complete(std::move(lock), ec, std::move(what));
}

void kept_outcome::release() {
  std::unique_lock lock{mutex_};
  released_ = true;
  outcome_.reset();
  if (!waiting_) return;
  report lost;
  lost.summary.how = ending::cancelled;
  lost.summary.ran = isolatte::ran::unknown;
  complete(std::move(lock), asio::error::operation_aborted, std::move(lost));
}

void kept_outcome::async_wait(report_handler handler) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  supervise::pending_handler next{std::move(handler), executor_};
  std::unique_lock lock{mutex_};
  if (waiting_ || delivered_) {
    error_code const ec = waiting_ ? error::already_waiting : error::already_delivered;
    lock.unlock();
    return std::move(next).complete_later(executor_, ec, {});
  }
  auto const number = ++number_;
  if (slot.is_connected())
    slot.assign([weak = weak_from_this(), number](asio::cancellation_type) {
      if (auto const self = weak.lock()) self->cancel(number);
    });
  waiting_.emplace(std::move(next));
  if (!outcome_) return;
  delivered_ = true;
  told_report told = std::move(*outcome_);
  outcome_.reset();
  complete(std::move(lock), told.ec, std::move(told.what));
}

void kept_outcome::cancel(std::uint64_t number) {
  std::unique_lock lock{mutex_};
  if (waiting_ && number_ == number) complete(std::move(lock), asio::error::operation_aborted, {});
}

}  // namespace isolatte::inline v0_1::detail
