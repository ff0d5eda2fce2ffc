// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_WATCHDOG_HPP
#define ISOLATTE_LIB_NATS_WATCHDOG_HPP

#include "logic/moment.hpp"

#include <isolatte/child.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace isolatte::inline v0_1::nats {

/// A process next to a host that kills the workers which run the host's jobs, if the host does not
/// say in time that they may live: it may be stopped itself.
///
/// The functions are for any thread.
class watchdog {
  struct page;
  struct only_make {};

 public:
  /// The number of a worker that the process knows.
  using place = std::size_t;

  /// Forks the process.
  /// @return null if the system has no descriptors for processes, or is short of something
  static std::shared_ptr<watchdog> make();
  watchdog(only_make, page* shared) noexcept;
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;
  ~watchdog();

  /// Makes the process anew if it has ended, which something else may have brought about.
  /// @return whether there is one
  bool keep() noexcept;

  /// Workers that have jobs are killed unless this is called again by then.
  void may_live_until(isolatte::logic::moment end) noexcept;
  /// The process looks so often.
  void look_each(std::chrono::nanoseconds interval) noexcept;

  /// A worker is about to have a job.
  /// @return nothing if the process cannot be told of that worker
  std::optional<place> give(int pid) noexcept;
  /// The worker does not have that job any more.
  /// @return whether the process has killed the worker
  bool take_back(place which) noexcept;

  /// The number of the process; 0: there is none.
  int pid() const noexcept { return process_.pid(); }

 private:
  struct worker {
    int pid = 0;
    /// A descriptor of the process; -1: the place is free.
    int process = -1;
    /// The watchdog process has the descriptor.
    bool is_told = false;
  };

  /// Whether this process is a copy of the program, which does not have the page.
  bool is_copy() const noexcept;
  std::optional<place> find(int pid) noexcept;
  std::optional<place> add(int pid);
  void free_unused() noexcept;
  void tell(place which) noexcept;
  bool has_process() const noexcept;
  void begin_process();
  void end_process() noexcept;

  int const process_id_;
  page* const page_;
  std::mutex mutex_;
  std::vector<worker> workers_;
  int socket_ = -1;
  // Nothing runs this: the process is forked when it is asked for, and killed by its handle.
  std::optional<boost::asio::io_context> context_;
  child<void> process_;
};

}  // namespace isolatte::inline v0_1::nats

#endif
