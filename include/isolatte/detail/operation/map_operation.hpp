// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_OPERATION_MAP_OPERATION_HPP
#define ISOLATTE_DETAIL_OPERATION_MAP_OPERATION_HPP

#include <isolatte/config.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>

namespace isolatte::inline v0_1::detail {

/// Returns how many jobs are under way at once by default: the number of processors.
ISOLATTE_DECL std::size_t processors() noexcept;

/// Runs the jobs of a map, without their types: starts them, stops them, and completes.
///
/// All members run on a strand of the operation's executor, those that a derived class supplies
/// among them.
class ISOLATTE_VISIBLE map_operation : public std::enable_shared_from_this<map_operation> {
 public:
  using handler_type = boost::asio::any_completion_handler<void(boost::system::error_code)>;

  struct settings {
    std::size_t at_most = 1;
    bool stop_on_error = false;
    std::function<void(std::size_t, std::size_t)> on_progress{};
    std::optional<std::size_t> total{};
  };

  /// Keeps an element until its job has ended: a job that could not be started is tried again.
  struct job {
    virtual ~job() = default;
    /// Ends the job while it is under way.
    boost::asio::cancellation_signal stop;
  };

  virtual ~map_operation();
  map_operation(const map_operation&) = delete;
  map_operation& operator=(const map_operation&) = delete;

  /// Starts the operation; must be called once. Completes when every job has ended, or is not to be
  /// started any more.
  void begin(handler_type handler);

  /// Returns the strand.
  const boost::asio::any_io_executor& serial() const noexcept;

 protected:
  map_operation(boost::asio::any_io_executor executor, settings how);

  /// Returns the next element, or null after the last. Its outcome has a place when this has
  /// returned, or has thrown what the range did.
  virtual std::unique_ptr<job> take(std::size_t index) = 0;
  /// Starts a job. Unless this throws, ended() is called once, on serial(), never from here.
  virtual void start_job(std::size_t index, job& what) = 0;
  /// Sets the outcome of a job that could not be started.
  virtual void refuse(std::size_t index, std::exception_ptr why) noexcept = 0;
  /// Destroys the range and the function.
  virtual void release() noexcept = 0;

  /// Goes on after a job has ended, whose outcome is in its place.
  /// @param good whether the outcome is no failure
  static void ended(std::shared_ptr<map_operation> self, std::size_t index,
                    boost::system::error_code ec, bool good);

 private:
  struct state;

  template <class Step>
  static void turn(std::shared_ptr<map_operation> self, Step what);
  static void turn_later(std::shared_ptr<map_operation> self);
  static void finish(std::shared_ptr<map_operation> self);
  void report();
  void step();
  void take_next();
  void start(std::size_t index);

  std::unique_ptr<state> const state_;
};

}  // namespace isolatte::inline v0_1::detail

#endif
