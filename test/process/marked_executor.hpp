// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_PROCESS_MARKED_EXECUTOR_HPP
#define ISOLATTE_TEST_PROCESS_MARKED_EXECUTOR_HPP

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <atomic>
#include <memory>
#include <utility>

namespace isolatte::inline v0_1::test {

/// Runs functions on a context, and tells whether one is running: proves where a handler runs.
class marked_executor {
  struct marks {
    std::atomic<int> inside = 0;
    std::atomic<int> functions = 0;
  };

 public:
  explicit marked_executor(boost::asio::io_context& context)
      : inner_{context.get_executor()}, marks_{std::make_shared<marks>()} {}

  /// Whether this executor, or a copy of it, is running a function.
  bool running() const noexcept { return marks_->inside != 0; }
  /// The number of functions that were given to it.
  int functions() const noexcept { return marks_->functions; }

  template <class F>
  void execute(F&& f) const {
    ++marks_->functions;
    inner_.execute([f = std::forward<F>(f), marks = marks_]() mutable {
      struct scope {
        marks_type* at;
        ~scope() { --at->inside; }
      } const leave{marks.get()};
      ++marks->inside;
      std::move(f)();
    });
  }

  boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept {
    return boost::asio::query(inner_, boost::asio::execution::context);
  }
  marked_executor require(boost::asio::execution::blocking_t::never_t never) const {
    return {boost::asio::require(inner_, never), marks_};
  }
  marked_executor prefer(boost::asio::execution::blocking_t::possibly_t possibly) const {
    return {boost::asio::prefer(inner_, possibly), marks_};
  }
  marked_executor prefer(boost::asio::execution::outstanding_work_t::tracked_t tracked) const {
    return {boost::asio::prefer(inner_, tracked), marks_};
  }

  friend bool operator==(const marked_executor& a, const marked_executor& b) noexcept {
    return a.marks_ == b.marks_;
  }

 private:
  using marks_type = marks;
  marked_executor(boost::asio::any_io_executor inner, std::shared_ptr<marks> shared)
      : inner_{std::move(inner)}, marks_{std::move(shared)} {}

  boost::asio::any_io_executor inner_;
  std::shared_ptr<marks> marks_;
};

}  // namespace isolatte::inline v0_1::test

#endif
