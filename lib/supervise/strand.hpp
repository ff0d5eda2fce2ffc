// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_SUPERVISE_STRAND_HPP
#define ISOLATTE_LIB_SUPERVISE_STRAND_HPP

#include "supervise/loop_task.hpp"
#include "supervise/reserve.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1::supervise {

/// An executor that runs functions on another one, one at a time and in order, and allocates
/// nothing while its reserve lasts.
///
/// Asio's strand of an any_io_executor allocates whenever an I/O operation completes. If there is
/// no memory for that, the operation's handler is gone, and the exception leaves the loop's run().
class strand {
 public:
  /// A function that waits for its turn. A step that is part of an object is posted without an
  /// allocation.
  class step {
   public:
    step(const step&) = delete;
    step& operator=(const step&) = delete;
    /// Runs the function; the step may be destroyed in it, or posted again.
    virtual void run() = 0;
    /// The event loop is being destroyed: the function is not to be run.
    virtual void drop() noexcept = 0;

   protected:
    step() = default;
    ~step() = default;

   private:
    friend class strand;
    step* next_ = nullptr;
  };

  /// A function in memory of its own.
  template <class Function>
  class own_step final : public step {
   public:
    explicit own_step(Function function) : function_(std::move(function)) {}
    void run() override {
      Function taken(std::move(function_));
      delete this;
      std::move(taken)();
    }
    void drop() noexcept override { delete this; }

   private:
    Function function_;
  };

  /// @param blocks functions that may wait at once without an allocation: one for each operation
  /// that can be pending, and for each function that can be posted besides
  /// @throws std::bad_alloc
  strand(const boost::asio::any_io_executor& inner, std::size_t blocks)
      : state_{std::make_shared<state>(inner, blocks)} {}
  /// @param room for what this needs
  /// @param often the number of functions for which every operation needs memory
  strand(const boost::asio::any_io_executor& inner, std::size_t blocks,
         const std::shared_ptr<operation_memory>& room, std::size_t often)
      : state_{std::allocate_shared<state>(operation_allocator<state>{room}, inner, blocks, *room,
                                           often)} {}

  bool running_in_this_thread() const noexcept { return state_->is_running_here(); }
  /// Memory for the handlers of operations on this strand.
  reserve_allocator<void> allocator() const noexcept {
    return reserve_allocator<void>{state_->steps};
  }

  /// Has more functions and operations wait at once without an allocation.
  /// @throws std::bad_alloc
  void grow(std::size_t blocks) const { state_->steps.grow(blocks); }

  /// Posts the step, which must not be waiting already.
  void post(step& what) const { state_->add(what); }
  /// Posts a function that has been prepared.
  template <class Function>
  void post(std::unique_ptr<own_step<Function>> what) const {
    state_->add(*what.release());
  }
  /// Posts a function in memory of its own. Callers can post any number of such functions, and
  /// leave the reserve to the operations.
  /// @throws std::bad_alloc
  template <class Function>
  void post_own(Function&& function) const {
    post(prepare(std::forward<Function>(function)));
  }
  /// Obtains the memory for a function before anything that cannot be undone.
  /// @throws std::bad_alloc
  template <class Function>
  static auto prepare(Function&& function) {
    return std::make_unique<own_step<std::decay_t<Function>>>(std::forward<Function>(function));
  }
  /// Posts a function, in memory that lives as long as the function does.
  template <class Function>
  void post_in(reserve& memory, Function&& function) const {
    using node = function_step<std::decay_t<Function>>;
    void* const place = memory.allocate(sizeof(node));
    // Moving a handler does not throw.
    state_->add(*new (place) node{memory, std::forward<Function>(function)});
  }

  /// Calls the function here and now if that is possible, or posts it.
  template <class Function>
  void dispatch_in(reserve& memory, Function&& function) const {
    if (running_in_this_thread()) return call(std::forward<Function>(function));
    if (state::turn const entered{state_, state_->try_enter()})
      return call(std::forward<Function>(function));
    post_in(memory, std::forward<Function>(function));
  }
  /// The same, in memory of the function's own.
  /// @throws std::bad_alloc
  template <class Function>
  void dispatch_own(Function&& function) const {
    if (running_in_this_thread()) return call(std::forward<Function>(function));
    if (state::turn const entered{state_, state_->try_enter()})
      return call(std::forward<Function>(function));
    post_own(std::forward<Function>(function));
  }

  // The members that Asio asks of an executor.

  template <class Function>
  void execute(Function&& function) const {
    if (never_blocks_)
      post_in(state_->steps, std::forward<Function>(function));
    else
      dispatch_in(state_->steps, std::forward<Function>(function));
  }
  boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept;
  boost::asio::execution::blocking_t query(boost::asio::execution::blocking_t) const noexcept {
    if (never_blocks_) return boost::asio::execution::blocking.never;
    return boost::asio::execution::blocking.possibly;
  }
  strand require(boost::asio::execution::blocking_t::never_t) const noexcept {
    return {state_, true};
  }
  strand require(boost::asio::execution::blocking_t::possibly_t) const noexcept {
    return {state_, false};
  }
  friend bool operator==(const strand& a, const strand& b) noexcept {
    return a.state_ == b.state_ && a.never_blocks_ == b.never_blocks_;
  }
  friend bool operator!=(const strand& a, const strand& b) noexcept { return !(a == b); }

 private:
  template <class Function>
  static void call(Function&& function) {
    std::decay_t<Function> called(std::forward<Function>(function));
    std::move(called)();
  }

  template <class Function>
  class function_step final : public step {
   public:
    template <class F>
    function_step(reserve& memory, F&& function) noexcept
        : memory_{memory}, function_(std::forward<F>(function)) {}
    /// Frees its memory first: the function may need a block.
    void run() override { std::move(take())(); }
    void drop() noexcept override { static_cast<void>(take()); }

   private:
    Function take() noexcept {
      reserve& memory = memory_;
      Function taken(std::move(function_));
      this->~function_step();
      memory.deallocate(this);
      return taken;
    }

    reserve& memory_;
    Function function_;
  };

  class state final : public loop_task, public std::enable_shared_from_this<state> {
   public:
    /// Ends a turn, also if a function has thrown.
    class turn {
     public:
      turn(std::shared_ptr<state> of, bool entered) noexcept
          : state_{entered ? std::move(of) : nullptr} {}
      ~turn() {
        if (state_) state_->leave();
      }
      turn(const turn&) = delete;
      turn& operator=(const turn&) = delete;
      explicit operator bool() const noexcept { return state_ != nullptr; }

     private:
      std::shared_ptr<state> state_;
    };

    template <class... Reserve>
    explicit state(const boost::asio::any_io_executor& executor, Reserve&&... reserve)
        : inner{executor}, steps{std::forward<Reserve>(reserve)...} {}

    bool is_running_here() const noexcept { return running_ == std::this_thread::get_id(); }
    /// Begins a turn if none is under way and the event loop allows one here.
    bool try_enter() noexcept;
    void add(step& what);
    void run(std::shared_ptr<loop_task> self) override;
    void dropped() noexcept override;

    boost::asio::any_io_executor const inner;
    reserve steps;

   private:
    void leave();

    std::mutex mutex_;
    step* first_ = nullptr;
    step* last_ = nullptr;
    /// Steps of the turn that is under way.
    step* ready_ = nullptr;
    /// A turn is under way, or the loop has been asked for one.
    bool busy_ = false;
    std::atomic<std::thread::id> running_{};
  };

  strand(std::shared_ptr<state> of, bool never_blocks) noexcept
      : state_{std::move(of)}, never_blocks_{never_blocks} {}

  std::shared_ptr<state> state_;
  bool never_blocks_ = false;
};

template <auto Function>
class kept_step;

/// A step that is part of an object, calls a function of that object, and keeps the object until
/// then.
template <class Owner, void (Owner::*Function)()>
class kept_step<Function> final : public strand::step {
 public:
  /// Posts the step, which must not be waiting already.
  /// @param on a copy: another thread may run the step at once, and destroy the owner
  void post(strand on, std::shared_ptr<Owner> owner) {
    keeps_ = std::move(owner);
    on.post(*this);
  }

  void run() override {
    auto const owner = std::move(keeps_);
    (owner.get()->*Function)();
  }
  void drop() noexcept override { auto const last = std::move(keeps_); }

 private:
  /// Empty unless the step waits.
  std::shared_ptr<Owner> keeps_;
};

}  // namespace isolatte::inline v0_1::supervise

#endif
