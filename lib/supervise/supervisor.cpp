// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "supervise/supervisor.hpp"

#include "confine/filter.hpp"

#include <isolatte/error.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <csignal>
#include <new>
#include <utility>

namespace isolatte::inline v0_1::supervise {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Bytes of the result read in one turn of the event loop, so that other handlers run in between.
constexpr std::size_t bytes_per_turn = 4 * 1024 * 1024;

/// Times between two looks for what no descriptor tells of: short ones first, then ever longer
/// ones.
constexpr std::chrono::microseconds first_poll{100};
constexpr std::chrono::milliseconds slowest_poll{20};
/// The same for an end that the descriptor does not tell of, because a tracer holds it back.
constexpr std::chrono::milliseconds first_unreported_poll{20};
constexpr std::chrono::seconds slowest_unreported_poll{30};
/// The same for the right to kill a child that is to be killed.
constexpr std::chrono::seconds slowest_kill_poll{1};

/// Why a child that was to report its fault has not: the handler of the signal had no stack to run
/// on, or was not the library's any more.
constexpr const char* unrecorded =
    "no fault record, as after a stack overflow in a thread without an alternate stack";

/// How long a run's completion waits for the processes of its killed group to be gone.
constexpr std::chrono::seconds longest_dying{1};
/// A child that may not be killed while it prepares itself is given so much time to become one that
/// may.
constexpr std::chrono::seconds longest_setup{2};

/// Four descriptors and four timers can be waited for, and a step of each kind can be posted. More
/// are there only while a program asks for the same thing again and again.
constexpr std::size_t handlers_at_once = 20;
/// Every operation waits for its channel and for the end of its child, by event and by timer.
constexpr std::size_t usual_handlers = 3;

logic::policy policy_of(const options& opts, bool asks_callable) noexcept {
  return {.timeout = opts.timeout.has_value(),
          .grace = opts.grace > std::chrono::nanoseconds::zero(),
          .early = opts.early,
          .asks_callable = asks_callable};
}

/// The error of a failed preparation. The child may have left none in the page; there has to be
/// one.
error_code setup_error_of(const posix::child_page& page, bool is_program) noexcept {
  if (page.failed_step() == posix::setup_step::unknown_function) return error::unknown_function;
  bool const before_exec = is_program && page.failed_step() != posix::setup_step::exec;
  error_code const said{page.setup_error(),
                        before_exec ? preparation_category() : boost::system::system_category()};
  return said ? said : make_error_code(boost::system::errc::io_error);
}

}  // namespace

/// A step that is counted from when it is made until it runs, or is destroyed: an operation that
/// could not be started takes its handler along.
template <class Step>
class supervisor::counted_step {
 public:
  using allocator_type = reserve_allocator<void>;

  counted_step(self_pointer self, Step what) noexcept
      : allocator_{self->strand_.allocator()}, self_{std::move(self)}, what_(std::move(what)) {
    ++self_->outstanding_;
  }
  counted_step(counted_step&& other) noexcept = default;
  counted_step& operator=(counted_step&&) = delete;
  ~counted_step() {
    if (self_) --self_->outstanding_;
  }

  allocator_type get_allocator() const noexcept { return allocator_; }

  void operator()(const error_code& ec = {}) {
    self_pointer self = std::move(self_);
    --self->outstanding_;
    self->membership_.notice_copy();
    if (self->disowned_)
      self->lose();
    else
      what_(*self, ec);
    supervisor& settled = *self;
    settled.settle(std::move(self));
  }

 private:
  /// A copy: Asio asks a handler for it from which it has moved.
  allocator_type allocator_;
  self_pointer self_;
  Step what_;
};

template <class Step>
supervisor::counted_step<Step> supervisor::counted(Step what) {
  return {shared_from_this(), std::move(what)};
}

template <class Step>
void supervisor::later(Step what) {
  asio::post(strand_, counted(std::move(what)));
}

std::shared_ptr<supervisor> supervisor::make(const asio::any_io_executor& executor,
                                             const options& opts,
                                             posix::inherited_streams inherited,
                                             symbolise_function symbolise, detail::talk_wish&& wish,
                                             error_code& ec) {
  auto const room = operation_memory::make();
  auto self =
      std::allocate_shared<supervisor>(operation_allocator<supervisor>{room}, only_make{}, executor,
                                       opts, std::move(symbolise), wish.needs.stops, room);
  context_service::join(executor, self->membership_, self);
  self->open(opts, inherited, ec);
  if (!ec && wish.needs) self->open_talk(opts, std::move(wish), ec);
  if (ec) return nullptr;
  if (self->timeout_) self->reserve_deadline();
  return self;
}

supervisor::supervisor(only_make, const asio::any_io_executor& executor, const options& opts,
                       symbolise_function symbolise, bool asks_callable,
                       const std::shared_ptr<operation_memory>& room)
    : executor_{executor},
      room_{room},
      strand_{executor, handlers_at_once, room, usual_handlers},
      symbolise_{std::move(symbolise)},
      machine_{policy_of(opts, asks_callable)},
      timeout_{opts.timeout},
      grace_{opts.grace},
      end_{strand_},
      channel_{strand_},
      frame_{opts.max_result},
      out_{*room},
      err_{*room},
      deadline_{*room},
      grace_timer_{*room},
      poll_timer_{*room},
      group_timer_{*room},
      ready_{*room} {}

supervisor::~supervisor() { close_io(); }

void supervisor::open(const options& opts, posix::inherited_streams inherited, error_code& ec) {
  posix::all_ends ends = posix::open_ends(opts, inherited, ec);
  if (ec) return;
  child_ends_ = std::move(ends.child);
  channel_.assign(ends.parent.channel.get(), ec);
  if (ec) return;
  ends.parent.channel.release();
  channel_.non_blocking(true, ec);
  if (!ec && ends.parent.out)
    out_.emplace(strand_, opts.out, released_).open(std::move(ends.parent.out), ec);
  if (!ec && ends.parent.err)
    err_.emplace(strand_, opts.err, released_).open(std::move(ends.parent.err), ec);
}

void supervisor::open_talk(const options& opts, detail::talk_wish&& wish, error_code& ec) {
  child_ends_.needs = wish.needs;
  talk_ = talk::make(executor_, {std::move(wish), opts.message_window, opts.max_result});
  child_ends_.talk = talk_->open(ec);
  talk_is_over_ = false;
}

void supervisor::begin(std::shared_ptr<posix::child_process> process, posix::child_page page) {
  process_ = std::move(process);
  pid_ = process_->pid();
  page_ = std::move(page);
  if (made_) made_->set(process_);
  child_ends_ = {};
  observed_.started(pid_);
  // On the strand: the child may have ended by now, and another thread may run the event loop.
  asio::dispatch(strand_, counted([](supervisor& self, const error_code&) {
                   if (self.released_) return self.released();
                   self.watch_end();
                   self.await_channel();
                   if (self.talk_) self.talk_->begin(self.shared_from_this());
                   for (auto* const reader : {&self.out_, &self.err_})
                     if (*reader) self.await_output(*reader);
                   self.perform(self.machine_.started());
                   if (self.cancelled_before_begin()) self.cancel(self.early_cancel_);
                 }));
}

void supervisor::begin_later(std::shared_ptr<posix::child_process> process,
                             posix::child_page page) {
  pid_ = process->pid();
  asio::dispatch(strand_, [self = shared_from_this(), process = std::move(process),
                           page = std::move(page)]() mutable {
    self->begin(std::move(process), std::move(page));
  });
}

void supervisor::settle(self_pointer self) {
  if (std::exchange(early_ready_, false)) deliver_early();
  if (!complete_ || outstanding_ != 0 || finished_) return;
  finished_ = true;
  finish(std::move(self));
}

void supervisor::perform(logic::action todo) {
  using logic::action;
  if (has(todo, action::arm_deadline)) {
    // Counted from the making of the child.
    auto const elapsed = std::chrono::steady_clock::now() - process_->began();
    if (!arm(deadline_, std::max(*timeout_, std::chrono::nanoseconds::zero()) - elapsed,
             &supervisor::on_deadline)) {
      // Another thread has taken the room. A child without its deadline could run without end.
      abort_error_ = make_error_code(boost::system::errc::not_enough_memory);
      cancel(asio::cancellation_type::terminal);
    }
  }
  // If a polite signal fails, the child has ended meanwhile, or SIGKILL follows.
  if (has(todo, action::interrupt)) process_->interrupt();
  if (has(todo, action::request_exit)) process_->request_exit();
  if (has(todo, action::ask_callable)) talk_->request_stop();
  if (has(todo, action::kill)) kill();
  if (has(todo, action::arm_grace) && !arm(grace_timer_, grace_, &supervisor::on_grace_over))
    perform(machine_.grace_over());
  if (has(todo, action::deliver_early)) prepare_early();
  if (has(todo, action::drain)) drain();
  if (has(todo, action::symbolise)) symbolise();
  if (has(todo, action::complete)) complete_ = true;
}

/// The system may refuse the signal: the child, or this program, has become another user. The
/// operation does not wait for a child that lives on, but the child is still to be killed as soon
/// as that is allowed, and to be reaped.
void supervisor::kill() {
  error_code const ec = process_->terminate();
  kill_is_due_ = ec && ec != boost::system::errc::no_such_process;
  if (!ec) expect_end();
  if (!kill_is_due_) return;
  auto const now = std::chrono::steady_clock::now();
  if (!refused_since_) {
    refused_since_ = now;
    poll_end(first_poll);
  }
  // A fork server's child takes on the program's credentials while it prepares itself.
  if (page_.stage() == logic::child_stage::setup && now - *refused_since_ < longest_setup) return;
  refusal_ = ec;
  perform(machine_.kill_refused(page_.stage()));
}

// Time and cancellation

/// @return false if the event loop has no memory for another timer
template <class Step>
bool supervisor::wait(rarely_used<steady_timer>& which, std::chrono::steady_clock::time_point until,
                      Step then) noexcept try {
  if (!which) which.emplace(strand_);
  which->expires_at(until);
  which->async_wait(counted(std::move(then)));
  return true;
} catch (const std::bad_alloc&) {
  which.reset();
  return false;
}

/// Waits for the deadline's timer already, so that the event loop has room for it when there is a
/// child. The wait keeps nothing alive but its own memory.
void supervisor::reserve_deadline() {
  deadline_.emplace(strand_, std::chrono::steady_clock::now() + std::chrono::hours{24});
  deadline_->async_wait(on_reserve(strand_, [keeps = strand_](const error_code&) {}));
}

bool supervisor::arm(rarely_used<steady_timer>& which, std::chrono::nanoseconds after,
                     void (supervisor::*then)()) noexcept {
  auto const now = std::chrono::steady_clock::now();
  auto const longest = std::chrono::steady_clock::time_point::max() - now;
  return wait(which, now + std::min<std::chrono::steady_clock::duration>(after, longest),
              [then](supervisor& self, const error_code& ec) {
                if (!ec) (self.*then)();
              });
}

void supervisor::on_deadline() {
  if (!look_for_end()) perform(machine_.deadline());
}

void supervisor::on_grace_over() {
  if (!look_for_end()) perform(machine_.grace_over());
}

/// Asks from any thread. A step that is on its way performs this request, too, so that no number of
/// requests uses the memory up.
void supervisor::ask_to_cancel(asio::cancellation_type type) {
  if (asked_to_cancel_.fetch_or(static_cast<unsigned>(type)) != 0) return;
  later([](supervisor& self, const error_code&) {
    self.cancel(static_cast<asio::cancellation_type>(self.asked_to_cancel_.exchange(0)));
  });
}

void supervisor::cancel(asio::cancellation_type type) {
  using asio::cancellation_type;
  if (complete_) return;
  if (!process_) {
    early_cancel_ = type;
    if (auto const queue = queue_.lock()) queue->cancelled_in_queue();
    return;
  }
  if (look_for_end()) return;
  auto const asks = [type](cancellation_type what) {
    return (type & what) != cancellation_type::none;
  };
  if (asks(cancellation_type::terminal))
    perform(machine_.cancel(logic::cancel_kind::terminate));
  else if (asks(cancellation_type::partial))
    perform(machine_.cancel(logic::cancel_kind::request_exit));
  else if (asks(cancellation_type::total))
    perform(machine_.cancel(logic::cancel_kind::interrupt));
}

void supervisor::fail(const error_code& ec, const char* step) {
  later([ec, step](supervisor& self, const error_code&) {
    if (!self.complete_) self.end_unbegun(ec, not_started({ec, step, std::move(self.gaps_)}));
  });
}

void supervisor::fail(const error_code& ec, detail::report why) {
  later([ec, why = std::move(why)](supervisor& self, const error_code&) mutable {
    if (!self.complete_) self.end_unbegun(ec, std::move(why));
  });
}

void supervisor::end_unbegun(const error_code& ec, detail::report why) {
  complete_ = finished_ = true;
  if (talk_) talk_->close(ec);
  close_io();
  companion_.reset();
  observed_.completed(ec, why);
  if (handler_) {
    delivered_ = true;
    complete(ec, std::move(why));
  } else if (!released_) {
    // For the wait of a handle.
    ready_.emplace(std::move(why));
    ready_error_ = ec;
  }
}

void supervisor::refuse(const error_code& ec, const char* step) {
  child_ends_ = {};
  close_io();
  fail(ec, step);
}

void supervisor::abort(const error_code& ec) {
  later([ec](supervisor& self, const error_code&) {
    if (self.complete_ || (self.process_ && self.look_for_end())) return;
    self.abort_error_ = ec;
    self.cancel(asio::cancellation_type::terminal);
  });
}

void supervisor::stop(asio::cancellation_type type, std::chrono::nanoseconds grace) {
  later([type, grace](supervisor& self, const error_code&) {
    self.grace_ = grace;
    self.machine_.allow_grace(grace > std::chrono::nanoseconds::zero());
    self.cancel(type);
  });
}

void supervisor::wake() {
  later([](supervisor& self, const error_code&) {
    if (self.process_) self.process_->continue_if_stopped();
  });
}

void supervisor::forgo_result() {
  later([](supervisor& self, const error_code&) {
    error_code ignored;
    self.channel_.close(ignored);
    self.drained_one();
  });
}

void supervisor::cancel_wait(std::uint64_t which) {
  if (handler_ && waiting_ == which) complete(asio::error::operation_aborted, {});
}

void supervisor::release_by_owner() {
  // Set before the kill: the event loop must not find a child reaped elsewhere, and call it lost.
  released_ = true;
  if (talk_) talk_->close(asio::error::operation_aborted);
  if (auto const process = made_->get()) process->kill_and_reap();
  later([](supervisor& self, const error_code&) { self.released(); });
}

void supervisor::released() {
  if (process_) {
    process_->kill_and_reap();
  } else if (!complete_) {
    early_cancel_ = asio::cancellation_type::terminal;
    if (auto const queue = queue_.lock()) queue->cancelled_in_queue();
  }
  detail::report report;
  report.summary.how = ending::cancelled;
  report.summary.ran = isolatte::ran::unknown;
  report.summary.pid = pid_;
  if (!complete_) {
    if (process_ && !reaped_) observed_.ended();
    observed_.completed(asio::error::operation_aborted, report);
  }
  if (handler_) complete(asio::error::operation_aborted, std::move(report));
  complete_ = true;
  ready_.reset();
  held_.reset();
  close_io();
}

void supervisor::disown() {
  disowned_ = true;
  later([](supervisor&, const error_code&) {});
}

/// Completes in a copy of the program. The descriptors are shared with the original, so that
/// nothing is read here.
void supervisor::lose() {
  if (!complete_) {
    complete_ = finished_ = true;
    detail::report report;
    report.summary.how = ending::lost;
    report.summary.pid = pid_;
    report.summary.ran = isolatte::ran::unknown;
    report.summary.reason = "the child is that of the program of which this one is a copy";
    close_io();
    companion_.reset();
    if (handler_) {
      delivered_ = true;
      complete(asio::error::operation_aborted, std::move(report));
    } else if (!delivered_ && !ready_) {
      ready_.emplace(std::move(report));
      ready_error_ = asio::error::operation_aborted;
    }
  }
  if (released_) released();
}

// The child's end

void supervisor::watch_end() {
  error_code ec = asio::error::bad_descriptor;
  try {
    if (process_->descriptor_of_end() != -1) end_.assign(process_->descriptor_of_end(), ec);
  } catch (const std::bad_alloc&) {
    // The event loop has no memory for another descriptor.
  }
  if (ec) return poll_end(first_poll);
  await_end();
  poll_end(first_unreported_poll);
}

void supervisor::await_end() {
  end_.async_wait(stream_descriptor::wait_read, counted([](supervisor& self, const error_code&) {
                    if (self.reaped_ || self.released_ || self.look_for_end()) return;
                    // Readable, and no end is seen: to wait on it again would be to spin.
                    if (self.end_.is_open()) self.end_.release();
                    self.poll_end(first_poll);
                  }));
}

void supervisor::poll_end(std::chrono::steady_clock::duration interval) {
  poll_interval_ = interval;
  if (poll_timer_) {
    // The handler of the cancelled wait begins anew with the interval set here.
    poll_timer_->cancel();
    return;
  }
  auto const look = [](supervisor& self, const error_code&) {
    self.poll_timer_.reset();
    if (self.reaped_ || self.released_ || self.look_for_end()) return;
    if (self.kill_is_due_) self.kill();
    // The event of the end tells nothing of a kill that is allowed by now.
    auto const slowest = !self.end_.is_open() ? slowest_poll
                         : self.kill_is_due_  ? slowest_kill_poll
                                              : slowest_unreported_poll;
    self.poll_end(std::min<std::chrono::steady_clock::duration>(self.poll_interval_ * 2, slowest));
  };
  // Without memory for a timer each turn of the loop looks, until there is some, unless an event is
  // waited for, too.
  if (!wait(poll_timer_, std::chrono::steady_clock::now() + poll_interval_, look) &&
      !end_.is_open())
    later(look);
}

/// After a sign that the child is most likely ending: a result, a closed channel, a signal that
/// cannot be caught. Looks sooner than was intended before.
void supervisor::expect_end() {
  if (reaped_ || released_) return;
  if (!end_.is_open())
    poll_end(first_poll);
  else if (!poll_timer_ || poll_interval_ > first_unreported_poll)
    poll_end(first_unreported_poll);
}

bool supervisor::look_for_end() {
  if (reaped_ || released_) return true;
  if (!process_->ended_unreported()) return false;
  // Released first: reaping closes the descriptor, which Asio must not use any more.
  if (end_.is_open()) end_.release();
  if (terminated_by_owner_) machine_.terminated_by_owner();
  reaped_ = process_->try_reap();
  observed_.ended();
  // Without options::fault_report the page is not read: a child may write to it all the same.
  if (symbolise_ != nullptr) fault_ = page_.fault();
  for (auto* const timer : {&deadline_, &grace_timer_, &poll_timer_})
    if (*timer) (*timer)->cancel();
  if (process_->reap_group()) await_group(first_poll, longest_dying);
  perform(machine_.reaped(reaped_->status, page_.stage(), fault_ ? fault_->signal : 0));
  return true;
}

void supervisor::await_group(std::chrono::steady_clock::duration interval,
                             std::chrono::steady_clock::duration left) {
  // Without memory for the timer the completion does not wait.
  wait(group_timer_, std::chrono::steady_clock::now() + interval,
       [interval, left](supervisor& self, const error_code& ec) {
         if (!ec && self.process_->reap_group() && left > interval)
           self.await_group(
               std::min<std::chrono::steady_clock::duration>(interval * 2, slowest_poll),
               left - interval);
       });
}

// Result and output

void supervisor::await_channel() {
  channel_.async_wait(stream_descriptor::wait_read,
                      counted([](supervisor& self, const error_code&) { self.read_channel(); }));
}

void supervisor::read_channel() {
  if (!channel_.is_open()) return;
  for (std::size_t total = 0; total < bytes_per_turn;) {
    auto const space = frame_.space();
    error_code ec;
    std::size_t const count = channel_.read_some(asio::buffer(space.data(), space.size()), ec);
    if (count != 0) {
      total += count;
      auto const before = frame_.state();
      auto const now = frame_.filled(count);
      if (now != before) perform(machine_.frame(now, frame_.kind()));
      if (now == logic::frame_state::complete) expect_end();
      if (now != logic::frame_state::partial && now != logic::frame_state::complete)
        return close_channel();
    } else if (ec == asio::error::would_block && !draining_) {
      return await_channel();
    } else if (ec != asio::error::interrupted) {
      return close_channel();
    }
  }
  await_channel();
}

void supervisor::close_channel() {
  error_code ignored;
  channel_.close(ignored);
  expect_end();
  drained_one();
}

void supervisor::await_output(rarely_used<output_reader>& which) {
  which->descriptor().async_wait(
      stream_descriptor::wait_read,
      counted([&which](supervisor& self, const error_code&) { self.read_output(which); }));
}

void supervisor::read_output(rarely_used<output_reader>& which) {
  if (released_ || !which->is_open()) return;
  bool more = false;
  try {
    more = which->read();
  } catch (...) {
    // The exception leaves the event loop's run(). Another turn reads the rest.
    later([&which](supervisor& self, const error_code&) { self.read_output(which); });
    throw;
  }
  if (more)
    await_output(which);
  else
    drained_one();
}

void supervisor::drain_output() {
  // Every open reader has a wait pending; its handler, called by the cancellation, reads the rest.
  for (auto* const reader : {&out_, &err_})
    if (*reader && (*reader)->is_open()) {
      (*reader)->begin_drain();
      (*reader)->descriptor().cancel();
    }
}

void supervisor::drain() {
  draining_ = true;
  drain_output();
  if (talk_) talk_->end();
  if (channel_.is_open()) channel_.cancel();
  drained_one();
}

void supervisor::drained_one() {
  if ((out_ && out_->is_open()) || (err_ && err_->is_open()) || !talk_is_over_) return;
  if (early_ && !delivered_) early_ready_ = true;
  if (draining_ && !channel_.is_open()) perform(machine_.drained());
}

/// Reads what the child wrote before it sent the frame: it has flushed that, so it is in the pipes.
/// Later output is not waited for, and no line callback may run after the handler has been called.
void supervisor::prepare_early() {
  early_ = true;
  drain_output();
  if (talk_) talk_->end();
  drained_one();
}

void supervisor::talk_refused(const char* reason, std::exception_ptr why) noexcept {
  later([reason, why = std::move(why)](supervisor& self, const error_code&) mutable {
    if (self.complete_) return;
    self.talk_refusal_ = reason;
    self.talk_failure_ = std::move(why);
    self.perform(self.machine_.talk_refused());
  });
}

void supervisor::talk_over() noexcept {
  later([](supervisor& self, const error_code&) {
    self.talk_is_over_ = true;
    self.drained_one();
  });
}

void supervisor::symbolise() {
  ++outstanding_;
  try {
    symbolise_(executor_, *fault_, [self = shared_from_this()](std::string trace) mutable {
      auto& on = self->strand_;
      auto step =
          self->counted([trace = std::move(trace)](supervisor& s, const error_code&) mutable {
            s.trace_ = std::move(trace);
            s.perform(s.machine_.symbolised());
          });
      --self->outstanding_;
      asio::post(on, std::move(step));
    });
  } catch (const std::bad_alloc&) {
    // The fault is told without its trace.
    --outstanding_;
    perform(machine_.symbolised());
  }
}

// Completion

void supervisor::async_own(detail::report_handler handler) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected())
    slot.assign([weak = weak_from_this()](asio::cancellation_type type) {
      if (auto const self = weak.lock()) self->ask_to_cancel(type);
    });
  handler_.emplace(std::move(handler), executor_, room_);
}

void supervisor::async_wait(detail::report_handler handler) {
  membership_.notice_copy();
  auto const number = ++waits_;
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected())
    slot.assign([weak = weak_from_this(), number](asio::cancellation_type) {
      if (auto const self = weak.lock())
        asio::post(self->strand_, [self, number] { self->cancel_wait(number); });
    });
  asio::post(strand_, [self = shared_from_this(), number,
                       next = pending_handler{std::move(handler), executor_}]() mutable {
    if (self->handler_ || self->delivered_) {
      error_code const ec = self->handler_ ? error::already_waiting : error::already_delivered;
      return std::move(next).complete_later(self->executor_, ec, {});
    }
    self->handler_.emplace(std::move(next));
    self->waiting_ = number;
    if (self->disowned_) self->lose();
    if (self->released_) return self->released();
    if (!self->ready_) return;
    self->delivered_ = true;
    detail::report report = std::move(*self->ready_);
    self->ready_.reset();
    self->complete(self->ready_error_, std::move(report));
  });
}

/// Off the strand: the run goes on, and a handler may wait for what it does next.
void supervisor::complete(const error_code& ec, detail::report what) {
  pending_handler next = std::move(*handler_);
  handler_.reset();
  std::move(next).complete_later(executor_, ec, std::move(what));
}

void supervisor::deliver_early() {
  if (delivered_ || ready_) return;
  if (!handler_ && !held_) return;
  error_code const ec = machine_.given_up() ? refusal_ : error_code{};
  detail::report report = make_report();
  observed_.completed(ec, report);
  if (handler_) {
    delivered_ = true;
    complete(ec, std::move(report));
  } else {
    ready_.emplace(std::move(report));
    ready_error_ = ec;
  }
}

void supervisor::finish(self_pointer self) {
  companion_.reset();
  if (released_ || delivered_ || ready_) return;
  auto const verdict = machine_.conclude();
  error_code ec;
  if (verdict.aborted) ec = abort_error_;
  if (verdict.setup_failed) ec = setup_error_of(page_, is_program_);
  detail::report report = make_report();
  observed_.completed(ec, report);
  close_io();
  out_.reset();
  err_.reset();
  page_ = {};
  if (!handler_) {
    ready_.emplace(std::move(report));
    ready_error_ = ec;
    return;
  }
  delivered_ = true;
  pending_handler next = std::move(*handler_);
  handler_.reset();
  // Reset first: the operation holds nothing when its handler is called.
  self.reset();
  std::move(next).complete(std::move(ec), std::move(report));
}

detail::report supervisor::make_report() noexcept {
  logic::verdict const verdict = machine_.conclude();
  detail::report report;
  detail::run_summary& summary = report.summary;
  summary.how = verdict.how;
  summary.ran = verdict.ran;
  if (!verdict.setup_failed) summary.pid = process_->pid();
  detail::give_reason(summary.reason, verdict.setup_failed ? posix::to_string(page_.failed_step())
                                                           : verdict.reason);
  detail::give_gaps(summary.gaps, gaps_);
  if (verdict.talk_refused) {
    detail::give_reason(summary.reason, talk_refusal_);
    report.refused_with = std::move(talk_failure_);
  }
  if (verdict.keep_payload) {
    report.kind = frame_.kind();
    report.payload = frame_.take_payload();
    report.max_result = frame_.max_payload();
  }
  if (out_) summary.out = out_->take();
  if (err_) summary.err = err_->take();
  if (!reaped_ || early_) return report;
  summary.usage = reaped_->usage;
  using kind = logic::exit_status::kind;
  auto const& status = *machine_.status();
  switch (status.how) {
    case kind::exited:
      if (!verdict.setup_failed) summary.exit_code = status.number;
      break;
    case kind::dumped: summary.core_dumped = true; [[fallthrough]];
    case kind::signaled: summary.signal = status.number; break;
    case kind::lost: break;
  }
  if (symbolise_ && !fault_ && summary.how == ending::faulted && summary.signal == SIGSEGV &&
      summary.reason.empty())
    summary.reason = unrecorded;
  if (fault_) {
    summary.fault =
        fault_info{fault_->signal, fault_->code, reinterpret_cast<void*>(fault_->address),
                   std::move(trace_), fault_->stack_overflow};
    if (fault_->system_call)
      summary.fault->system_call = confine::name_of_call(*fault_->system_call);
  }
  return report;
}

void supervisor::close_io() noexcept {
  error_code ignored;
  if (end_.is_open()) end_.release();
  channel_.close(ignored);
  for (auto* const reader : {&out_, &err_})
    if (*reader) (*reader)->descriptor().close(ignored);
  for (auto* const timer : {&deadline_, &grace_timer_, &poll_timer_, &group_timer_})
    if (*timer) (*timer)->cancel();
}

void supervisor::abandon() noexcept {
  membership_.forget();
  if (process_) process_->kill_and_reap();
  close_io();
  out_.reset();
  err_.reset();
  talk_.reset();
  deadline_.reset();
  grace_timer_.reset();
  poll_timer_.reset();
  group_timer_.reset();
  complete_ = finished_ = released_ = true;
  handler_.reset();
  ready_.reset();
  companion_.reset();
  // Last: this may be destroyed with it.
  auto const last = std::move(held_);
}

}  // namespace isolatte::inline v0_1::supervise
