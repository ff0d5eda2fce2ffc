// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_MESSAGE_HPP
#define ISOLATTE_DETAIL_TASK_MESSAGE_HPP

#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/detail/vocabulary/talk_needs.hpp>

#include <cstddef>
#include <exception>
#include <memory>

namespace isolatte::inline v0_1::detail {

/// The program's end of a conversation, as its messages know it. For any thread.
class conversation {
 public:
  /// A message could not be read back: the job is to be ended.
  virtual void refuse(std::exception_ptr why) noexcept = 0;

 protected:
  ~conversation() = default;
};

/// A message of a job's that has arrived.
struct message {
  byte_buffer bytes{};
  /// Bytes that reading it back may allocate.
  std::size_t most = 0;
  std::shared_ptr<conversation> from{};
};

/// Takes a job's messages, one at a time and in their order.
class message_taker {
 public:
  message_taker() noexcept = default;
  message_taker(const message_taker&) = delete;
  message_taker& operator=(const message_taker&) = delete;
  virtual ~message_taker() = default;
  /// Lets through what the user's handler throws.
  virtual void take(const message& what) = 0;
};

/// How the program takes part in the conversation with a job.
struct talk_wish {
  talk_needs needs{};
  /// Takes the messages; null: a handle does, or no one is to.
  std::shared_ptr<message_taker> taker{};
};

}  // namespace isolatte::inline v0_1::detail

#endif
