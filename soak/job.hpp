// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_JOB_HPP
#define ISOLATTE_SOAK_JOB_HPP

#include "allocations.hpp"
#include "plan.hpp"
#include "streams.hpp"
#include "verdict.hpp"
#include "world.hpp"

#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>
#include <isolatte/pool_options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace soak {

/// One job under way. Its handlers keep it.
class job : public std::enable_shared_from_this<job> {
 public:
  /// @param next called when the job is over
  job(world& in, const plan& what, std::function<void()> next);
  /// A job that is not over by now was forgotten.
  ~job();
  job(const job&) = delete;
  job& operator=(const job&) = delete;

  plan const what;
  world& in;
  boost::asio::any_io_executor const executor;
  boost::asio::cancellation_signal cancel;
  input in_text;
  stream out;
  stream err;

  /// The facts besides the plan by which the job's end is judged.
  witness circumstances() const { return {in.seen, std::chrono::steady_clock::now() - begun_}; }

  isolatte::options options();
  isolatte::job_options pool_options() const;

  /// A handler for the job's one operation, which the job's cancellation reaches.
  template <class R>
  auto handler() {
    return boost::asio::bind_cancellation_slot(
        cancel.slot(), boost::asio::bind_executor(
                           executor, [self = shared_from_this()](boost::system::error_code ec,
                                                                 isolatte::outcome<R> done) {
                             self->finish(ec, std::move(done));
                           }));
  }

  template <class R>
  void finish(const boost::system::error_code& ec, const isolatte::outcome<R>& done) {
    allocations_hold const hold;
    facts got{.ec = ec, .what = done, .has_value = static_cast<bool>(done)};
    if constexpr (!std::is_void_v<R>)
      got.is_right = got.has_value && *done == value_of<R>(what.what);
    else
      got.is_right = got.has_value;
    finish(got);
  }
  void finish(const facts& got);
  /// For what is judged elsewhere.
  void finish(std::string_view ending, const std::string& complaint);

  /// Emits the planned cancellation when its time has come.
  void arm_cancellation();
  /// Calls a function, unless the job is over by then.
  void after(std::chrono::microseconds time, std::function<void()> call);
  bool is_over() const noexcept { return is_over_; }

 private:
  std::chrono::steady_clock::time_point const begun_ = std::chrono::steady_clock::now();
  std::function<void()> next_;
  std::atomic<bool> is_over_ = false;
  boost::asio::steady_timer timer_;
};

/// Starts a job. Runs on the job's executor.
void launch(const std::shared_ptr<job>& what);

// One of these for each kind of launcher.
void launch_fork(const std::shared_ptr<job>& what);
void launch_server(const std::shared_ptr<job>& what);
void launch_pool(const std::shared_ptr<job>& what);
void launch_map(const std::shared_ptr<job>& what);
void launch_resident(const std::shared_ptr<job>& what);
void launch_program(const std::shared_ptr<job>& what);
void launch_management(const std::shared_ptr<job>& what);
void launch_conversation(const std::shared_ptr<job>& what);

/// Calls a function template with the type of the job's value.
template <class Function>
void with_value_type(value_kind kind, Function function) {
  switch (kind) {
    case value_kind::number: return function(std::type_identity<long>{});
    case value_kind::structure: return function(std::type_identity<answer>{});
    case value_kind::bulk: return function(std::type_identity<std::vector<double>>{});
  }
}

}  // namespace soak

#endif
