// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_SUPERVISE_CONTEXT_SERVICE_HPP
#define ISOLATTE_LIB_SUPERVISE_CONTEXT_SERVICE_HPP

#include "posix/origin.hpp"
#include "posix/place_table.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>

namespace isolatte::inline v0_1::supervise {

/// A run, a template or a pool: it must not outlive its execution context, and in a copy of the
/// program it has no child.
class context_bound {
 public:
  /// Ends what is under way. First of all the membership forgets its place, which is gone.
  virtual void abandon() noexcept = 0;
  /// This process is a copy of the program: the children are the original's, and so is what they
  /// write. Called once in each copy, before anything else is done there.
  virtual void disown() = 0;

 protected:
  ~context_bound() = default;
};

/// Abandons what is still under way when its execution context is destroyed, whatever owns it. In a
/// copy of the program, has what is under way disown its children.
///
/// A copy's event loop has the original's epoll set until execution_context::notify_fork() is
/// called; to close a descriptor before that takes it from the set of the original, too. So the
/// service calls that itself if a copy uses or destroys what belongs to the loop without having
/// done so.
class context_service : public boost::asio::execution_context::service {
  using table = posix::place_table<std::weak_ptr<context_bound>>;

 public:
  using key_type = context_service;
  static boost::asio::execution_context::id id;

  /// A place in the service's table, given back when destroyed.
  class membership {
   public:
    membership() noexcept = default;
    ~membership();
    membership(const membership&) = delete;
    membership& operator=(const membership&) = delete;
    /// To be called before anything that a copy of the program must not do.
    void notice_copy() noexcept {
      if (service_ != nullptr) service_->notice_copy();
    }
    /// Says that the service is being destroyed, and its table with it.
    void forget() noexcept { service_ = nullptr; }

   private:
    friend context_service;
    context_service* service_ = nullptr;
    std::size_t place_ = table::nowhere;
  };

  explicit context_service(boost::asio::execution_context& context);

  /// To be called before anything of the loop's is used.
  static void join(const boost::asio::any_io_executor& executor, membership& place,
                   const std::shared_ptr<context_bound>& run);

 private:
  void shutdown() override;
  void notify_fork(boost::asio::execution_context::fork_event event) override;
  void notice_copy() noexcept;
  std::list<std::shared_ptr<context_bound>> members();
  std::shared_ptr<context_bound> take_one() noexcept;

  posix::origin origin_;
  // Used by memberships alone. The service outlives every handler of its context, and abandon()
  // ends what is left.
  std::mutex mutex_;
  table runs_;
};

}  // namespace isolatte::inline v0_1::supervise

#endif
