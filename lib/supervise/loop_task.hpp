// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_SUPERVISE_LOOP_TASK_HPP
#define ISOLATTE_LIB_SUPERVISE_LOOP_TASK_HPP

#include "supervise/reserve.hpp"

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <memory>

namespace isolatte::inline v0_1::supervise {

/// A task for an executor, which brings along the memory that the executor needs for it.
class loop_task {
 public:
  virtual ~loop_task() = default;
  loop_task(const loop_task&) = delete;
  loop_task& operator=(const loop_task&) = delete;

  /// @param self the reference that the executor had
  virtual void run(std::shared_ptr<loop_task> self) = 0;
  /// The executor has dropped the task, because its context is being destroyed.
  virtual void dropped() noexcept {}

  reserve& memory() noexcept { return memory_; }
  /// Whether the executor has begun to run the task since it was given to it last.
  bool has_begun() const noexcept { return has_begun_; }

 protected:
  loop_task() = default;

 private:
  friend class posted;
  friend void post(const boost::asio::any_io_executor& executor,
                   const std::shared_ptr<loop_task>& task);
  friend void dispatch(const boost::asio::any_completion_executor& executor,
                       const std::shared_ptr<loop_task>& task);

  /// Asio's strand needs two blocks, one for itself and one for its event loop. The function in
  /// them is a pointer to this.
  inline_reserve<2, 128> memory_;
  std::atomic<bool> has_begun_ = false;
};

/// Has an executor run the task once, never from here. The task must not be waiting already.
///
/// Fails for no lack of memory. An event loop, a thread pool, and Asio's strand of either take the
/// task's own memory. Any other executor allocates; if it cannot, this blocks until it can, because
/// the task would be lost otherwise.
void post(const boost::asio::any_io_executor& executor, const std::shared_ptr<loop_task>& task);

/// Does the same, and runs the task here and now if the executor allows that. Lets through what the
/// task throws then.
void dispatch(const boost::asio::any_completion_executor& executor,
              const std::shared_ptr<loop_task>& task);

/// Whether this thread is running the executor's context, and the executor would run a function
/// here and now.
bool runs_here(const boost::asio::any_io_executor& executor) noexcept;

}  // namespace isolatte::inline v0_1::supervise

#endif
