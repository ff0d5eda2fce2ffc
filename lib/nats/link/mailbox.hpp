// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LINK_MAILBOX_HPP
#define ISOLATTE_LIB_NATS_LINK_MAILBOX_HPP

#include "nats/link/strand.hpp"

#include <isolatte/config.hpp>

#include <boost/asio/execution_context.hpp>

#include <list>
#include <memory>
#include <mutex>
#include <utility>

namespace isolatte::inline v0_1::nats::link {

/// Through this, threads post functions to a strand as long as its context exists.
class mailbox {
 public:
  explicit mailbox(strand to) noexcept : to_{std::move(to)} {}
  mailbox(const mailbox&) = delete;
  mailbox& operator=(const mailbox&) = delete;

  /// @return whether the function was posted; it may still be dropped with the context
  template <class Function>
  bool post(Function function) {
    std::lock_guard const lock{mutex_};
    if (!to_) return false;
    to_.post(std::move(function));
    return true;
  }
  void close() noexcept {
    strand dropped;
    std::lock_guard const lock{mutex_};
    std::swap(dropped, to_);
  }

 private:
  std::mutex mutex_;
  strand to_;
};

/// To be told of what becomes of its execution context.
class context_member {
 public:
  /// The context is being destroyed.
  virtual void abandon() noexcept = 0;
  /// This process is a copy of the program, in which the context goes on. The connections are the
  /// original's.
  virtual void disown() {}

 protected:
  ~context_member() = default;
};

/// Tells its members what becomes of the context.
class member_service final : public boost::asio::execution_context::service {
 public:
  using key_type = member_service;
  static boost::asio::execution_context::id id;

  explicit member_service(boost::asio::execution_context& context) : service{context} {}

  static void join(boost::asio::execution_context& context,
                   const std::shared_ptr<context_member>& member);

 private:
  void shutdown() override;
  void notify_fork(boost::asio::execution_context::fork_event event) override;
  std::list<std::shared_ptr<context_member>> living();

  std::mutex mutex_;
  std::list<std::weak_ptr<context_member>> members_;
};

}  // namespace isolatte::inline v0_1::nats::link

#endif
