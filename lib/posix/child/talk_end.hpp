// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_TALK_END_HPP
#define ISOLATTE_LIB_POSIX_CHILD_TALK_END_HPP

#include "logic/talk_frame.hpp"
#include "logic/talk_window.hpp"
#include "posix/child/talk_plan.hpp"
#include "posix/descriptor.hpp"
#include "posix/origin.hpp"

#include <isolatte/detail/task/talk_end.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <boost/system/error_code.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include <sys/types.h>

namespace isolatte::inline v0_1::posix {

/// A job's end of its conversation, on a socket.
///
/// Each message is handed to the kernel before post() returns, so that nothing is lost with the
/// process. A thread reads what the program says, and sends values of post_latest(). Another one
/// runs the callbacks of a stop token if there is a channel, too: they may do anything, and so wait
/// for what the first thread does.
class socket_talk_end final : public detail::talk_end {
 public:
  /// Ends the threads, and keeps the object if one of them cannot be ended.
  struct disposal {
    void operator()(socket_talk_end* talk) const noexcept;
  };
  using pointer = std::unique_ptr<socket_talk_end, disposal>;

  /// Takes the socket over.
  static pointer make(const talk_plan& plan);
  socket_talk_end(const socket_talk_end&) = delete;
  socket_talk_end& operator=(const socket_talk_end&) = delete;

  /// Begins the threads.
  void begin(boost::system::error_code& ec);
  /// Sends what is left, and ends the threads. Waits for a stop callback that runs.
  /// @throws what saving a latest value has thrown
  void finish();
  /// Sends a latest value, if there is one: the process exits within the callable.
  static void send_last() noexcept;

  bool post(detail::byte_buffer&& message, when_full what) override;
  bool post_latest(detail::latest_value& place, void* value) override;
  void send_latest(detail::latest_value& place) noexcept override;
  std::optional<detail::byte_buffer> receive(bool waits) override;
  std::stop_token get_stop_token() const noexcept override { return stop_.get_token(); }

 private:
  explicit socket_talk_end(const talk_plan& plan);
  ~socket_talk_end();

  using clock = std::chrono::steady_clock;

  bool is_copy() const noexcept;
  bool is_heard() const noexcept { return needs_.hears && !ended_; }
  bool has_latest() const noexcept { return latest_ != nullptr || latest_leaves_; }
  bool is_posted_now(std::size_t cost, std::unique_lock<std::mutex>& lock);
  bool is_posted_in_turn(std::size_t cost, std::unique_lock<std::mutex>& lock);
  void read();
  void take(logic::talk_item item);
  void end() noexcept;
  void tell_program() noexcept;
  void flush_latest(bool at_end = false);
  bool latest_may_go() const noexcept;
  bool write(logic::talk_kind kind, std::uint64_t length,
             const detail::byte_buffer* payload) noexcept;
  bool is_ours() const noexcept;
  bool is_wake(int fd) const noexcept;
  bool can_wake() const noexcept;
  bool wake() noexcept;
  bool wake_by_socket() noexcept;
  void serve() noexcept;
  int time_to_wait() const;
  void await_stop() noexcept;
  [[nodiscard]] bool end_threads() noexcept;

  int const socket_;
  bool const has_stopper_;
  file_identity identity_;
  detail::talk_needs needs_;
  std::size_t const window_;
  pid_t const self_;
  origin const made_{};
  std::stop_source stop_;
  pipe_ends wake_;
  file_identity wake_identity_;
  std::thread server_;
  std::thread stopper_;

  /// Held while a frame is sent. Comes before mutex_.
  std::mutex sending_;
  /// Held while a latest value is saved and sent. Comes before both.
  std::mutex saving_;
  /// The thread that holds it, in a save that may call exit().
  std::atomic<std::thread::id> saver_{};
  /// Guards what follows.
  mutable std::mutex mutex_;
  std::condition_variable turn_;
  std::condition_variable credit_;
  std::condition_variable arrived_;
  std::condition_variable stop_wanted_;
  logic::talk_room room_{window_};
  /// Messages that have waited for their turn, and those that have had it. Without turns a long
  /// message could wait without end, while short ones pass it by.
  std::uint64_t turns_ = 0;
  std::uint64_t turns_over_ = 0;
  std::deque<detail::byte_buffer> inbox_;
  logic::talk_debt debt_{window_};
  bool stop_asked_ = false;
  /// The other end is gone, or this one is not the socket any more.
  bool ended_ = false;
  /// The threads are to end.
  bool finishing_ = false;
  /// Has a value that has not left; null: there is none.
  detail::latest_value* latest_ = nullptr;
  /// One has been taken from there, and is being saved and sent.
  bool latest_leaves_ = false;
  /// The bytes that had been posted when the last one had left.
  std::uint64_t latest_until_ = 0;
  clock::time_point next_latest_{};
  std::exception_ptr latest_failure_;
  /// Used by one thread.
  logic::talk_reader reader_;
};

}  // namespace isolatte::inline v0_1::posix

#endif
