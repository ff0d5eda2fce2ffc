// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/link/strand.hpp"

#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

namespace isolatte::inline v0_1::nats::link {

namespace asio = boost::asio;

class strand::state final : public std::enable_shared_from_this<state> {
 public:
  explicit state(const asio::any_io_executor& on)
      : inner{on}, never_here_{asio::require(on, asio::execution::blocking.never)} {}

  void add(functions&& one) {
    {
      std::lock_guard const lock{mutex_};
      waiting_.splice(waiting_.end(), one);
      if (std::exchange(is_busy_, true)) return;
    }
    ask_for_turn();
  }

  asio::any_io_executor const inner;

 private:
  /// Given to the executor. If that drops it, its context is being destroyed.
  class turn {
   public:
    explicit turn(std::shared_ptr<state> of) noexcept : state_{std::move(of)} {}
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;
    ~turn() {
      if (state_) state_->drop();
    }
    void take() {
      auto const of = std::move(state_);
      // Also if a function has thrown.
      struct end {
        state& of;
        ~end() { of.end_turn(); }
      } const at_end{*of};
      of->run();
    }

   private:
    std::shared_ptr<state> state_;
  };

  void ask_for_turn() {
    auto const next = until_memory([this] { return std::make_shared<turn>(shared_from_this()); });
    until_memory([&] { never_here_.execute([next] { next->take(); }); });
  }
  /// Runs what is there now. Later functions have their turn after others of the event loop.
  void run() {
    {
      std::lock_guard const lock{mutex_};
      ready_.swap(waiting_);
    }
    while (!ready_.empty()) {
      auto const next = std::move(ready_.front());
      ready_.pop_front();
      next->call();
    }
  }
  void end_turn() {
    {
      std::lock_guard const lock{mutex_};
      waiting_.splice(waiting_.begin(), ready_);
      is_busy_ = !waiting_.empty();
      if (!is_busy_) return;
    }
    ask_for_turn();
  }
  void drop() noexcept {
    functions dropped;
    // The functions are destroyed after that.
    std::lock_guard const lock{mutex_};
    dropped.swap(waiting_);
    is_busy_ = false;
  }

  asio::any_io_executor const never_here_;
  std::mutex mutex_;
  functions waiting_;
  /// The functions of the turn that is under way.
  functions ready_;
  /// A turn is under way, or the executor has been asked for one.
  bool is_busy_ = false;
};

strand strand::on(const asio::any_io_executor& inner) {
  return strand{std::make_shared<state>(inner)};
}

const asio::any_io_executor& strand::inner() const noexcept { return state_->inner; }

asio::execution_context& strand::query(asio::execution::context_t what) const noexcept {
  return asio::query(state_->inner, what);
}

void strand::add(functions&& one) const { state_->add(std::move(one)); }

}  // namespace isolatte::inline v0_1::nats::link
