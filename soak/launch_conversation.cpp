// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "conversation.hpp"
#include "job.hpp"

#include <isolatte/async_fork.hpp>
#include <isolatte/call.hpp>
#include <isolatte/child.hpp>
#include <isolatte/error.hpp>
#include <isolatte/on_message.hpp>

#include <boost/asio/error.hpp>

#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace soak {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::ending;
using isolatte::outcome;

talk talk_of(const plan& what) {
  return {.deed = what.what, .how = static_cast<manner>(what.manner), .count = what.count};
}

/// Compares the messages of a job with those that it posts.
class hearer {
 public:
  explicit hearer(const talk& what) : what_{what} {}

  void take(const std::string& message) {
    if (what_.how == manner::progress) return take_progress(message);
    is_right_ = is_right_ && message == message_of(what_, next_);
    ++next_;
  }
  std::uint32_t count() const noexcept { return next_; }

  /// @param is_whole whether the job has come to its own end
  std::string check(bool is_whole) const {
    if (!is_right_) return "another message";
    if (!is_whole) return {};
    switch (what_.how) {
      case manner::tell:
      case manner::tell_and_act:
      case manner::echo: return next_ == what_.count ? "" : "messages are missing";
      case manner::progress: return next_ == what_.count * 20 ? "" : "the last progress is missing";
      default: return {};
    }
  }

 private:
  void take_progress(const std::string& message) {
    auto const colon = message.find(':');
    std::uint32_t nth = 0;
    if (colon != message.npos)
      std::from_chars(message.data() + colon + 1, message.data() + message.size(), nth);
    is_right_ = is_right_ && nth >= next_ && message == message_of(what_, nth);
    next_ = nth + 1;
  }

  talk what_;
  std::uint32_t next_ = 0;
  bool is_right_ = true;
};

/// Whether the messages that have come may be others than the job's.
bool may_forge(const plan& what) { return natural_end_of(what.what).any; }

/// Whether a job came to the end of its own that its messages are judged by.
bool is_whole(const plan& what, const outcome<long>& done) {
  if (what.disturbed() || what.stopped != stop::none) return false;
  return done.how() == natural_end_of(what.what).how;
}

/// The program's side of a conversation by a handle.
class partner : public std::enable_shared_from_this<partner> {
 public:
  explicit partner(std::shared_ptr<job> of)
      : job_{std::move(of)}, talk_{talk_of(job_->what)}, heard_{talk_} {}

  template <class Start>
  void run(Start start) {
    {
      allocations_may_fail const fail;
      child_ = start();
      child_.async_wait(asio::bind_executor(
          job_->executor, [self = shared_from_this()](error_code ec, outcome<long> done) {
            allocations_hold const hold;
            self->ec_ = ec;
            self->done_ = std::move(done);
            self->end_if_over();
          }));
    }
    job_->in.book.note_process(job_->what, child_.pid());
    receive();
    if (talk_.how == manner::echo) send();
    if (job_->what.stopped != stop::none)
      job_->after(job_->what.stop_after, [self = shared_from_this()] { self->interfere(); });
  }

 private:
  void receive() {
    try {
      allocations_may_fail const fail;
      child_.async_receive(asio::bind_executor(
          job_->executor, [self = shared_from_this()](error_code ec, const std::string& message) {
            allocations_hold const hold;
            self->take(ec, message);
          }));
    } catch (const std::exception&) {
      // The handle has been destroyed, or there is no memory.
      allocations_hold const hold;
      take(asio::error::operation_aborted, {});
    }
  }
  void take(const error_code& ec, const std::string& message) {
    if (ec) {
      last_ = ec;
      if (job_->what.disturbed()) child_.close_output();
      // The message that is the sign for it may not be taken any more.
      if (talk_.how == manner::obey) child_.request_stop();
      return end_if_over();
    }
    heard_.take(message);
    if (talk_.how == manner::obey && job_->what.variant % 3 != 0) child_.request_stop();
    if (talk_.how == manner::pour && heard_.count() == talk_.count) child_.close_output();
    receive();
  }
  void send() {
    if (sent_ == talk_.count) return child_.close_input();
    try {
      allocations_may_fail const fail;
      child_.async_send(
          message_of(talk_, sent_),
          asio::bind_executor(job_->executor, [self = shared_from_this()](error_code ec) {
            allocations_hold const hold;
            if (ec) return self->child_.close_input();
            ++self->sent_;
            self->send();
          }));
    } catch (const std::exception&) {
      child_.close_input();
    }
  }
  void interfere() {
    allocations_may_fail const fail;
    switch (job_->what.stopped) {
      case stop::terminate: child_.terminate(); break;
      case stop::request_exit: child_.request_exit(); break;
      case stop::interrupt: child_.interrupt(); break;
      case stop::destroy_handle: child_ = {}; break;
      default: child_.request_stop(); break;
    }
  }
  /// Whether the messages of a job may end with this, if the job itself ends without an error.
  bool is_end_of_messages(const error_code& ec) const {
    if (ec == asio::error::eof || job_->what.disturbed() || may_forge(job_->what)) return true;
    return ec == asio::error::operation_aborted && job_->what.stopped == stop::destroy_handle;
  }
  void end_if_over() {
    if (!done_ || !last_) return;
    job_->in.book.note_process(job_->what, done_->pid());
    facts const got{.ec = ec_,
                    .what = *done_,
                    .has_value = done_->has_value(),
                    .is_right = *done_ && **done_ == value_of<long>(talk_.deed)};
    std::string wrong = judge(job_->what, got, job_->circumstances());
    if (wrong.empty() && !may_forge(job_->what)) wrong = heard_.check(is_whole(job_->what, *done_));
    if (wrong.empty() && !got.ec && !is_end_of_messages(*last_))
      wrong = "the messages end with " + last_->message();
    job_->finish("talk: " + label_of(got), wrong);
  }

  std::shared_ptr<job> job_;
  talk talk_;
  hearer heard_;
  isolatte::child<long, std::string, std::string> child_;
  std::uint32_t sent_ = 0;
  error_code ec_;
  std::optional<outcome<long>> done_;
  std::optional<error_code> last_;
};

void listen(const std::shared_ptr<job>& what) {
  talk const says = talk_of(what->what);
  auto const heard = std::make_shared<hearer>(says);
  auto const deed =
      isolatte::on_message(isolatte::call(converse, says), [heard](const std::string& message) {
        allocations_hold const hold;
        heard->take(message);
      });
  auto done = asio::bind_cancellation_slot(
      what->cancel.slot(),
      asio::bind_executor(what->executor, [what, heard](error_code ec, const outcome<long>& end) {
        allocations_hold const hold;
        facts const got{.ec = ec,
                        .what = end,
                        .has_value = end.has_value(),
                        .is_right = end && *end == value_of<long>(what->what.what)};
        std::string wrong = judge(what->what, got, what->circumstances());
        if (wrong.empty() && !may_forge(what->what))
          wrong = heard->check(!ec && is_whole(what->what, end));
        what->finish("talk: " + label_of(got), wrong);
      }));
  {
    allocations_may_fail const fail;
    switch (what->what.variant % 3) {
      case 0: isolatte::async_fork(what->executor, deed, what->options(), std::move(done)); break;
      case 1: what->in.server->async_fork(deed, what->options(), std::move(done)); break;
      default: what->in.warm_pool->async_run(deed, what->pool_options(), std::move(done)); break;
    }
  }
  what->arm_cancellation();
}

}  // namespace

void launch_conversation(const std::shared_ptr<job>& what) {
  auto const says = isolatte::call(converse, talk_of(what->what));
  auto const talks = [&](auto start) { std::make_shared<partner>(what)->run(start); };
  switch (what->what.by) {
    case launcher::talk_fork:
      return talks([&] { return isolatte::spawn_child(what->executor, says, what->options()); });
    case launcher::talk_server:
      return talks([&] { return what->in.server->spawn_child(says, what->options()); });
    case launcher::talk_pool:
      return talks([&] { return what->in.warm_pool->spawn_job(says, what->pool_options()); });
    default: return listen(what);
  }
}

}  // namespace soak
