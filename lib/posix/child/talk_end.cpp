// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/talk_end.hpp"

#include "posix/message_socket.hpp"
#include "posix/process_registry.hpp"
#include "posix/signals_blocked.hpp"
#include "posix/system_calls.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <limits>
#include <new>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

// Runs in a child, in the callable's threads and in threads of its own. In a copy of a program with
// threads that is the callable's risk.

namespace isolatte::inline v0_1::posix {

namespace {

using boost::system::error_code;
using logic::talk_kind;

/// The least time between two latest values.
constexpr std::chrono::milliseconds pause_between_latest{1};

/// Milliseconds between two looks of the thread that reads, if it cannot be woken.
constexpr int look_without_pipe = 20;

/// Lets the signals of faults in: blocked, they would end the process without a report.
void let_faults_in() noexcept {
  sigset_t faults;
  sigemptyset(&faults);
  for (int const signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS})
    sigaddset(&faults, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &faults, nullptr);
}

/// The conversation of the job that runs, for the exit handlers.
std::atomic<socket_talk_end*> current = nullptr;

}  // namespace

socket_talk_end::socket_talk_end(const talk_plan& plan)
    : socket_{plan.socket},
      has_stopper_{plan.needs.stops && plan.needs.has_channel()},
      needs_{plan.needs},
      window_{plan.window},
      self_{::getpid()},
      reader_{std::numeric_limits<std::size_t>::max()} {}

socket_talk_end::pointer socket_talk_end::make(const talk_plan& plan) {
  return pointer{new socket_talk_end{plan}};
}

void socket_talk_end::disposal::operator()(socket_talk_end* talk) const noexcept {
  // A thread that cannot be woken now may wake at any time later, and still needs the object. A
  // copy would wait in the destructors of the condition variables for threads that it lacks.
  if (talk->end_threads()) delete talk;
}

socket_talk_end::~socket_talk_end() {
  // The numbers may be files of the user's by now.
  for (descriptor* const fd : {&wake_.read, &wake_.write})
    if (*fd && !is_wake(fd->get())) fd->release();
  if (is_ours()) sys.close(socket_);
}

void socket_talk_end::begin(error_code& ec) {
  // The registry counts the forks from here on.
  lock_registry();
  identity_ = identify(socket_, ec);
  if (ec) return;
  wake_ = make_pipe(ec);
  if (!ec) wake_identity_ = identify(wake_.read.get(), ec);
  if (ec) return;
  for (int const fd : {wake_.read.get(), wake_.write.get()})
    if (retry([&] { return sys.fcntl(fd, F_SETFL, O_NONBLOCK); }) == -1) {
      ec = last_error();
      return;
    }
  // The user's signal handlers run in the callable's threads.
  signals_blocked const blocked{ec};
  if (ec) return;
  try {
    server_ = std::thread{[this] { serve(); }};
    if (has_stopper_) stopper_ = std::thread{[this] { await_stop(); }};
  } catch (const std::system_error& failed) {
    ec = error_code{failed.code().value(), boost::system::system_category()};
    return;
  }
  current = this;
}

/// @return false if a thread is left that nothing wakes, or in a copy, which has none of them
bool socket_talk_end::end_threads() noexcept {
  if (is_copy()) return false;
  socket_talk_end* self = this;
  current.compare_exchange_strong(self, nullptr);
  {
    std::lock_guard const lock{mutex_};
    finishing_ = true;
  }
  stop_wanted_.notify_all();
  bool is_left = false;
  if (server_.joinable()) {
    // If the callable has closed the pipe and the socket, poll() may not return: it waits for the
    // files, not for their numbers.
    is_left = !wake() && !wake_by_socket();
    if (!is_left) server_.join();
  }
  if (stopper_.joinable()) stopper_.join();
  return !is_left;
}

void socket_talk_end::finish() {
  if (is_copy()) return;
  flush_latest(true);
  static_cast<void>(end_threads());
  std::lock_guard const lock{mutex_};
  if (latest_failure_) std::rethrow_exception(std::exchange(latest_failure_, nullptr));
}

void socket_talk_end::send_last() noexcept {
  socket_talk_end* const talk = current;
  if (talk == nullptr || talk->is_copy()) return;
  if (talk->saver_ != std::this_thread::get_id()) talk->flush_latest(true);
}

/// Whether this process has been forked from the job's. Its mutexes may stay locked.
bool socket_talk_end::is_copy() const noexcept {
  return made_.is_elsewhere() || ::getpid() != self_;
}

// From the job to the program

bool socket_talk_end::post(detail::byte_buffer&& message, when_full what) {
  if (is_copy()) return false;
  std::size_t const cost = logic::cost_of_message(message.size());
  {
    std::unique_lock lock{mutex_};
    bool const goes =
        what == when_full::wait ? is_posted_in_turn(cost, lock) : is_posted_now(cost, lock);
    if (!goes) return false;
    room_.send(cost);
  }
  return write(talk_kind::message, message.size(), &message);
}

// A latest value that was posted earlier than a message does not arrive later, and fits into the
// window as the message does.

/// Whether a message can go without waiting for the program.
bool socket_talk_end::is_posted_now(std::size_t cost, std::unique_lock<std::mutex>& lock) {
  if (is_heard() && has_latest() && (latest_leaves_ || latest_may_go())) {
    lock.unlock();
    flush_latest();
    lock.lock();
  }
  return is_heard() && turns_ == turns_over_ && !has_latest() && room_.has_room(cost);
}

/// Waits until a message can go.
/// @return false if the program takes no more
bool socket_talk_end::is_posted_in_turn(std::size_t cost, std::unique_lock<std::mutex>& lock) {
  auto const turn = turns_++;
  turn_.wait(lock, [&] { return turns_over_ == turn; });
  while (is_heard() && (has_latest() || !room_.has_room(cost))) {
    bool const sends_latest = has_latest() && (latest_leaves_ || latest_may_go());
    auto const before = room_.taken();
    lock.unlock();
    if (sends_latest)
      flush_latest();
    else
      write(talk_kind::wanting, 0, nullptr);
    lock.lock();
    // Credit that does not suffice is asked for again: the program may have had more to give.
    if (!sends_latest) credit_.wait(lock, [&] { return !is_heard() || room_.taken() != before; });
  }
  ++turns_over_;
  if (turns_ != turns_over_) turn_.notify_all();
  return is_heard();
}

bool socket_talk_end::post_latest(detail::latest_value& place, void* value) {
  if (made_.is_elsewhere()) return false;
  bool is_first = false;
  {
    std::lock_guard const lock{mutex_};
    if (!is_heard()) return false;
    place.assign(value);
    is_first = std::exchange(latest_, &place) == nullptr;
  }
  if (is_first) wake();
  return true;
}

void socket_talk_end::send_latest(detail::latest_value&) noexcept {
  if (is_copy()) return;
  flush_latest(true);
  // Another thread may be sending it just now.
  std::lock_guard const saving{saving_};
  std::lock_guard const lock{mutex_};
  latest_ = nullptr;
}

/// Whether the program has taken the one before, and there is room in the window.
bool socket_talk_end::latest_may_go() const noexcept {
  return room_.taken() >= latest_until_ && room_.has_room(1);
}

/// Sends the latest value, if there is one, after one that another thread is sending. The value may
/// go beyond the window, by itself.
/// @param at_end the value goes in any case
void socket_talk_end::flush_latest(bool at_end) {
  std::lock_guard const saving{saving_};
  struct guard {
    std::atomic<std::thread::id>& saver;
    ~guard() { saver = std::thread::id{}; }
  } const saver{saver_};
  saver_ = std::this_thread::get_id();
  detail::latest_value* place = nullptr;
  {
    std::lock_guard const lock{mutex_};
    // Another thread may have used the room up meanwhile.
    if (latest_ != nullptr && is_heard() && !at_end && !latest_may_go()) return;
    place = std::exchange(latest_, nullptr);
    if (place == nullptr || !is_heard()) return;
    try {
      place->set_aside();
    } catch (...) {
      latest_failure_ = std::current_exception();
      return;
    }
    latest_leaves_ = true;
  }
  detail::byte_buffer bytes;
  try {
    place->encode(bytes);
  } catch (...) {
    std::lock_guard const lock{mutex_};
    latest_failure_ = std::current_exception();
    latest_leaves_ = false;
    return;
  }
  {
    std::lock_guard const lock{mutex_};
    room_.send(logic::cost_of_message(bytes.size()));
    latest_until_ = room_.sent();
    next_latest_ = clock::now() + pause_between_latest;
  }
  if (write(talk_kind::message, bytes.size(), &bytes)) write(talk_kind::wanting, 0, nullptr);
  std::lock_guard const lock{mutex_};
  latest_leaves_ = false;
}

/// Sends a frame whole. Nothing else is sent meanwhile.
bool socket_talk_end::write(talk_kind kind, std::uint64_t length,
                            const detail::byte_buffer* payload) noexcept {
  std::lock_guard const sending{sending_};
  auto header = logic::make_talk_header(kind, length);
  iovec parts[2] = {{&header, sizeof header}, {nullptr, 0}};
  if (payload != nullptr) parts[1] = {const_cast<std::byte*>(payload->data()), payload->size()};
  std::size_t left = sizeof header + parts[1].iov_len;
  if (!is_ours()) {
    end();
    return false;
  }
  while (left != 0) {
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    ssize_t const sent = retry([&] { return sys.sendmsg(socket_, &message, MSG_NOSIGNAL); });
    if (sent == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      // The job has made it non-blocking.
      pollfd room{socket_, POLLOUT, 0};
      if (retry([&] { return sys.poll(&room, 1, -1); }) != -1) continue;
    }
    if (sent == -1) {
      end();
      return false;
    }
    left -= static_cast<std::size_t>(sent);
    auto rest = static_cast<std::size_t>(sent);
    for (auto& part : parts) {
      std::size_t const here = std::min(rest, part.iov_len);
      part.iov_base = static_cast<std::byte*>(part.iov_base) + here;
      part.iov_len -= here;
      rest -= here;
    }
  }
  return true;
}

/// Whether the socket is still the one that was made for this job. The callable may have closed it,
/// and its number may be a file of the user's by now.
bool socket_talk_end::is_ours() const noexcept {
  error_code ec;
  return identify(socket_, ec) == identity_ && !ec;
}

/// The conversation is over, because the program has ended it or the system has failed. No request
/// to stop would arrive any more, so the job is asked to stop now.
void socket_talk_end::end() noexcept {
  bool runs_callbacks = false;
  {
    std::lock_guard const lock{mutex_};
    if (std::exchange(ended_, true)) return;
    if (needs_.stops && !finishing_)
      runs_callbacks = !std::exchange(stop_asked_, true) && !has_stopper_;
  }
  credit_.notify_all();
  arrived_.notify_all();
  stop_wanted_.notify_all();
  tell_program();
  // A job without a channel posts nothing, so this is the thread that reads.
  if (runs_callbacks) stop_.request_stop();
}

/// The program is not to wait for what will not come.
void socket_talk_end::tell_program() noexcept {
  constexpr int attempts = 3;
  for (int i = 0; i != attempts && is_ours(); ++i)
    if (sys.shutdown(socket_, SHUT_RDWR) == 0 || errno == ENOTCONN) return;
}

// From the program to the job

std::optional<detail::byte_buffer> socket_talk_end::receive(bool waits) {
  if (is_copy()) return std::nullopt;
  std::optional<detail::byte_buffer> message;
  std::uint64_t credit = 0;
  {
    std::unique_lock lock{mutex_};
    if (waits)
      arrived_.wait(lock,
                    [&] { return !inbox_.empty() || !needs_.speaks || ended_ || stop_asked_; });
    if (inbox_.empty()) return std::nullopt;
    message.emplace(std::move(inbox_.front()));
    inbox_.pop_front();
    debt_.take(logic::cost_of_message(message->size()));
    credit = debt_.pay(inbox_.empty());
  }
  if (credit != 0) write(talk_kind::credit, credit, nullptr);
  return message;
}

void socket_talk_end::take(logic::talk_item item) {
  std::uint64_t credit = 0;
  bool runs_callbacks = false;
  bool is_sound = true;
  {
    std::lock_guard const lock{mutex_};
    switch (item.kind) {
      case talk_kind::message: inbox_.push_back(std::move(item.payload)); break;
      case talk_kind::credit: is_sound = room_.take(item.length); break;
      case talk_kind::finished: needs_.speaks = false; break;
      case talk_kind::unheard: needs_.hears = false; break;
      case talk_kind::wanting:
        debt_.ask();
        credit = debt_.pay(inbox_.empty());
        break;
      case talk_kind::stop:
        stop_asked_ = true;
        runs_callbacks = !has_stopper_;
        break;
    }
  }
  if (!is_sound) return end();
  switch (item.kind) {
    case talk_kind::message:
    case talk_kind::finished: arrived_.notify_all(); break;
    case talk_kind::credit:
    case talk_kind::unheard: credit_.notify_all(); break;
    case talk_kind::stop:
      stop_wanted_.notify_all();
      arrived_.notify_all();
      break;
    case talk_kind::wanting: break;
  }
  if (credit != 0) write(talk_kind::credit, credit, nullptr);
  if (runs_callbacks) stop_.request_stop();
}

/// Takes what has arrived, without waiting.
void socket_talk_end::read() {
  for (;;) {
    auto const space = reader_.space();
    if (space.empty() || !is_ours()) return end();
    iovec part{space.data(), space.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    ssize_t const count = retry([&] { return sys.recvmsg(socket_, &message, MSG_DONTWAIT); });
    if (count == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (count <= 0) return end();
    reader_.filled(static_cast<std::size_t>(count));
    while (auto item = reader_.next()) take(std::move(*item));
    if (reader_.fault() != logic::talk_fault::none) return end();
    if (static_cast<std::size_t>(count) < space.size()) return;
  }
}

// Threads

/// Whether the callable has left the pipe open.
bool socket_talk_end::is_wake(int fd) const noexcept {
  error_code ec;
  return identify(fd, ec) == wake_identity_ && !ec;
}

/// With one end alone, poll() would not wait, or not be woken.
bool socket_talk_end::can_wake() const noexcept {
  return wake_.write && is_wake(wake_.read.get()) && is_wake(wake_.write.get());
}

/// @return false if the thread that reads cannot be woken
bool socket_talk_end::wake() noexcept {
  if (!can_wake()) return false;
  // A pipe that is full wakes the thread, too.
  char const byte = 0;
  return retry([&] { return sys.write(wake_.write.get(), &byte, 1); }) == 1 || errno == EAGAIN ||
         errno == EWOULDBLOCK;
}

/// Ends the conversation for both sides, which poll() tells of.
/// @return false if the thread that reads does not wait for the socket
bool socket_talk_end::wake_by_socket() noexcept {
  bool const is_shut = is_ours() && sys.shutdown(socket_, SHUT_RDWR) == 0;
  std::lock_guard const lock{mutex_};
  return is_shut && !ended_;
}

/// Milliseconds until a latest value can go; -1 without one that can.
int socket_talk_end::time_to_wait() const {
  std::lock_guard const lock{mutex_};
  if (latest_ == nullptr || !latest_may_go() || !is_heard()) return -1;
  auto const left = next_latest_ - clock::now();
  return left <= clock::duration::zero()
             ? 0
             : static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count());
}

void socket_talk_end::serve() noexcept {
  let_faults_in();
  for (;;) {
    int wait = time_to_wait();
    if (wait == 0) {
      flush_latest();
      continue;
    }
    pollfd both[2] = {{wake_.read.get(), POLLIN, 0}, {socket_, POLLIN, 0}};
    // A callable that closes all descriptors closes the pipe, too.
    if (!can_wake()) {
      both[0].fd = -1;
      wait = wait == -1 ? look_without_pipe : std::min(wait, look_without_pipe);
    }
    bool is_over = false;
    {
      std::lock_guard const lock{mutex_};
      if (finishing_) return;
      is_over = ended_;
    }
    if (retry([&] { return sys.poll(both, is_over ? 1 : 2, wait); }) == -1) {
      // Without it nothing of the program's would ever be taken.
      end();
      return;
    }
    if (both[0].revents != 0 && can_wake()) {
      std::array<char, 64> dropped;
      while (::read(wake_.read.get(), dropped.data(), dropped.size()) ==
             static_cast<ssize_t>(dropped.size())) {
      }
    }
    if (both[1].revents != 0 && !is_over) {
      try {
        read();
      } catch (const std::bad_alloc&) {
        end();
      }
    }
  }
}

void socket_talk_end::await_stop() noexcept {
  let_faults_in();
  {
    std::unique_lock lock{mutex_};
    stop_wanted_.wait(lock, [&] { return stop_asked_ || finishing_; });
    if (!stop_asked_ || finishing_) return;
  }
  stop_.request_stop();
}

}  // namespace isolatte::inline v0_1::posix
