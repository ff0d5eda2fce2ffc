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

/// Blocks of a task: Asio's strand needs two, one for itself and one for its event loop.
constexpr std::size_t blocks_of_task = 2;

constexpr std::chrono::milliseconds between_attempts{1};

/// The task that this thread is trying to hand to an executor.
thread_local const loop_task* being_posted = nullptr;

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
    task.run(std::move(task_));
  }

 private:
  std::shared_ptr<loop_task> task_;
};

template <class Executor>
using tracked = std::decay_t<decltype(asio::require(std::declval<const Executor&>(),
                                                    execution::outstanding_work.tracked))>;

/// @return whether the executor is one of that type
template <class Target, class Executor>
bool post_to(const Executor& executor, const std::shared_ptr<loop_task>& task) {
  auto const* const target = executor.template target<Target>();
  if (target == nullptr) return false;
  asio::prefer(asio::require(*target, execution::blocking.never),
               execution::allocator(reserve_allocator<void>{task->memory()}))
      .execute(posted{task});
  return true;
}

template <class Executor>
bool post_to_strand(const Executor& executor, const std::shared_ptr<loop_task>& task) {
  auto const* const target = executor.template target<strand>();
  if (target == nullptr) return false;
  target->post_in(task->memory(), posted{task});
  return true;
}

template <class Executor>
void post_any(const Executor& executor, const std::shared_ptr<loop_task>& task) {
  using loop = asio::io_context::executor_type;
  using pool = asio::thread_pool::executor_type;
  if (post_to<loop>(executor, task) || post_to<tracked<loop>>(executor, task) ||
      post_to<asio::strand<loop>>(executor, task) ||
      post_to<asio::strand<tracked<loop>>>(executor, task) || post_to<pool>(executor, task) ||
      post_to<tracked<pool>>(executor, task) || post_to<asio::strand<pool>>(executor, task) ||
      post_to<asio::strand<tracked<pool>>>(executor, task) || post_to_strand(executor, task))
    return;
  struct attempt {
    explicit attempt(const loop_task* what) noexcept : before{std::exchange(being_posted, what)} {}
    ~attempt() { being_posted = before; }
    const loop_task* before;
  } const going_on{task.get()};
  for (;;) {
    try {
      return asio::prefer(executor, execution::blocking.never).execute(posted{task});
    } catch (const std::bad_alloc&) {
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

loop_task::loop_task() : memory_{blocks_of_task} {}

void post(const asio::any_io_executor& executor, const std::shared_ptr<loop_task>& task) {
  post_any(executor, task);
}

void post(const asio::any_completion_executor& executor, const std::shared_ptr<loop_task>& task) {
  post_any(executor, task);
}

bool runs_here(const asio::any_io_executor& executor) noexcept {
  using loop = asio::io_context::executor_type;
  return is_running<loop>(executor) || is_running<tracked<loop>>(executor) ||
         is_running<asio::strand<loop>>(executor);
}

}  // namespace isolatte::inline v0_1::supervise
