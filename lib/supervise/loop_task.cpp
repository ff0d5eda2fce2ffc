// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "supervise/loop_task.hpp"

#include "supervise/strand.hpp"

#include <boost/asio/execution/allocator.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <new>
#include <thread>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1::supervise {

namespace asio = boost::asio;
namespace execution = asio::execution;

namespace {

/// The task that this thread is trying to hand to an executor.
thread_local const loop_task* being_posted = nullptr;

}  // namespace

/// The function that an executor is given.
class posted {
 public:
  explicit posted(std::shared_ptr<loop_task> task) noexcept : task_{std::move(task)} {}
  posted(posted&& other) noexcept = default;
  posted& operator=(posted&& other) = delete;
  ~posted() {
    // An attempt that failed is made again, so the task is not dropped.
    if (task_ && task_.get() != being_posted) task_->dropped();
  }
  void operator()() {
    loop_task& task = *task_;
    task.has_begun_ = true;
    task.run(std::move(task_));
  }

 private:
  std::shared_ptr<loop_task> task_;
};

namespace {

constexpr std::chrono::milliseconds between_attempts{1};

template <class Executor>
using tracked = std::decay_t<decltype(asio::require(std::declval<const Executor&>(),
                                                    execution::outstanding_work.tracked))>;

enum class how { post, dispatch };

/// @return whether the executor is one of that type
template <how How, class Target, class Executor>
bool give_to(const Executor& executor, const std::shared_ptr<loop_task>& task) {
  auto const* const target = executor.template target<Target>();
  if (target == nullptr) return false;
  auto const allocator = execution::allocator(reserve_allocator<void>{task->memory()});
  if constexpr (How == how::post)
    asio::prefer(asio::require(*target, execution::blocking.never), allocator)
        .execute(posted{task});
  else
    asio::prefer(*target, allocator).execute(posted{task});
  return true;
}

template <how How, class Executor>
bool give_to_strand(const Executor& executor, const std::shared_ptr<loop_task>& task) {
  auto const* const target = executor.template target<strand>();
  if (target == nullptr) return false;
  if constexpr (How == how::post)
    target->post_in(task->memory(), posted{task});
  else
    target->dispatch_in(task->memory(), posted{task});
  return true;
}

template <how How, class Executor>
void give(const Executor& executor, const std::shared_ptr<loop_task>& task) {
  using loop = asio::io_context::executor_type;
  using pool = asio::thread_pool::executor_type;
  if (give_to<How, loop>(executor, task) || give_to<How, tracked<loop>>(executor, task) ||
      give_to<How, asio::strand<loop>>(executor, task) ||
      give_to<How, asio::strand<tracked<loop>>>(executor, task) ||
      give_to<How, pool>(executor, task) || give_to<How, tracked<pool>>(executor, task) ||
      give_to<How, asio::strand<pool>>(executor, task) ||
      give_to<How, asio::strand<tracked<pool>>>(executor, task) ||
      give_to_strand<How>(executor, task))
    return;
  struct attempt {
    explicit attempt(const loop_task* what) noexcept : before{std::exchange(being_posted, what)} {}
    ~attempt() { being_posted = before; }
    const loop_task* before;
  } const going_on{task.get()};
  for (;;) {
    try {
      if constexpr (How == how::post)
        return asio::require(executor, execution::blocking.never).execute(posted{task});
      else
        return executor.execute(posted{task});
    } catch (const std::bad_alloc&) {
      if (task->has_begun()) throw;
      std::this_thread::sleep_for(between_attempts);
    }
  }
}

template <class Target>
bool is_running(const asio::any_io_executor& executor) noexcept {
  auto const* const target = executor.target<Target>();
  return target != nullptr && target->running_in_this_thread();
}

}  // namespace

void post(const asio::any_io_executor& executor, const std::shared_ptr<loop_task>& task) {
  task->has_begun_ = false;
  give<how::post>(executor, task);
}

void dispatch(const asio::any_completion_executor& executor,
              const std::shared_ptr<loop_task>& task) {
  task->has_begun_ = false;
  give<how::dispatch>(executor, task);
}

bool runs_here(const asio::any_io_executor& executor) noexcept {
  using loop = asio::io_context::executor_type;
  return is_running<loop>(executor) || is_running<tracked<loop>>(executor) ||
         is_running<asio::strand<loop>>(executor);
}

}  // namespace isolatte::inline v0_1::supervise
