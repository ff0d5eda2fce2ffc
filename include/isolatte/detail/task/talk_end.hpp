// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_TALK_END_HPP
#define ISOLATTE_DETAIL_TASK_TALK_END_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <optional>
#include <stop_token>

namespace isolatte::inline v0_1::detail {

/// A value that is sent when there is time, unless another one has replaced it by then.
class latest_value {
 public:
  latest_value() noexcept = default;
  latest_value(const latest_value&) = delete;
  latest_value& operator=(const latest_value&) = delete;
  /// Takes a value in the place of one that has not been set aside.
  /// @param value of the type that the object is for; moved from
  virtual void assign(void* value) = 0;
  /// Sets the value aside, to be encoded while others may be assigned.
  virtual void set_aside() = 0;
  virtual void encode(byte_buffer& out) const = 0;

 protected:
  ~latest_value() = default;
};

/// The job's end of its conversation with the program, without the types of the messages. Any
/// thread of the job's may use it. In a process that the job forks it takes and gives nothing.
class talk_end {
 public:
  enum class when_full { wait, refuse };

  talk_end() noexcept = default;
  talk_end(const talk_end&) = delete;
  talk_end& operator=(const talk_end&) = delete;

  /// @return false if the program takes no more messages, or there is no room for it now
  virtual bool post(byte_buffer&& message, when_full what) = 0;
  /// @param place the same object each time
  /// @param value what the place takes
  /// @return false if the program takes no more messages
  virtual bool post_latest(latest_value& place, void* value) = 0;
  /// Sends what the place still has; the place may be destroyed then.
  virtual void send_latest(latest_value& place) noexcept = 0;
  /// @return the next message; nothing at the end of all, or if there is none now and `waits` is
  /// false
  virtual std::optional<byte_buffer> receive(bool waits) = 0;
  virtual std::stop_token get_stop_token() const noexcept = 0;

 protected:
  ~talk_end() = default;
};

}  // namespace isolatte::inline v0_1::detail

#endif
