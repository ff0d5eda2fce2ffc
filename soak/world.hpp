// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_WORLD_HPP
#define ISOLATTE_SOAK_WORLD_HPP

#include "incidents.hpp"
#include "ledger.hpp"
#include "plan.hpp"
#include "settings.hpp"
#include "work.hpp"

#include <isolatte/fork_server.hpp>
#include <isolatte/resident.hpp>
#include <isolatte/worker_pool.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace soak {

/// The object of a resident. Its calls count.
struct counter {
  std::uint64_t calls = 0;
};

/// The event loop of one round, its threads, and all that launches jobs there.
class world {
 public:
  /// Makes servers, pools and residents, in a program with one thread.
  world(ledger& book, const settings& wanted, phase during, const abilities& can,
        const std::filesystem::path& scratch, incidents& seen);
  ~world();
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  /// Starts the threads of the event loop.
  void run();
  /// Stops pools and residents, and waits until the event loop has nothing to do.
  void finish();
  /// Stops the event loop where it is. Jobs that run are destroyed with this object.
  void abandon();
  /// Whether jobs may be destroyed before they complete.
  bool is_abandoned() const noexcept { return is_abandoned_; }

  boost::asio::io_context& context() noexcept { return *context_; }
  /// An executor for one job: no two handlers run at once.
  boost::asio::any_io_executor serial();
  std::filesystem::path scratch(std::uint64_t index, const char* end) const;

  ledger& book;
  phase const during;
  incidents& seen;

 private:
  std::size_t const threads_;
  std::filesystem::path const scratch_;
  std::atomic<bool> is_abandoned_ = false;
  std::unique_ptr<boost::asio::io_context> context_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> guard_;

 public:
  std::optional<isolatte::fork_server> server;
  /// Has one job at once, or seldom more, so that children stand by.
  std::optional<isolatte::fork_server> quiet_server;
  std::optional<isolatte::fork_server> loaded_server;
  /// Absent if the machine has no sandboxes.
  std::optional<isolatte::fork_server> boxed_server;
  std::optional<isolatte::worker_pool> warm_pool;
  std::optional<isolatte::worker_pool> fresh_pool;
  std::optional<isolatte::worker_pool> placed_pool;
  /// Its jobs attack what they share with each other.
  std::optional<isolatte::worker_pool> rough_pool;
  std::optional<isolatte::resident<counter>> resident;
  std::optional<isolatte::resident<counter>> served_resident;
  /// Runs what blocks.
  std::optional<boost::asio::thread_pool> blocking;

 private:
  void work();
  /// Remembers which processes are there, for complaints about them.
  void note_processes();

  std::vector<std::thread> running_;
};

}  // namespace soak

#endif
