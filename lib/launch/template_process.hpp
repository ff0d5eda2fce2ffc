// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_TEMPLATE_PROCESS_HPP
#define ISOLATTE_LIB_LAUNCH_TEMPLATE_PROCESS_HPP

#include "launch/fork_message.hpp"
#include "launch/standby_child.hpp"
#include "posix/child/fork_request.hpp"
#include "posix/child_ends.hpp"
#include "posix/child_page.hpp"
#include "posix/child_process.hpp"
#include "supervise/context_service.hpp"
#include "supervise/executors.hpp"
#include "supervise/supervisor.hpp"

#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace isolatte::inline v0_1::launch {

/// Whether a template makes a child ahead of need, while nothing else is to be done.
enum class ahead_of_need { nothing, one_child };

/// The process that a fork server forks children from, kept small and with one thread. The children
/// are this process's own. A template that has died is made anew.
///
/// Everything but the making runs on a strand.
class template_process final : public supervise::context_bound,
                               public std::enable_shared_from_this<template_process> {
  struct only_make {};

 public:
  /// Forks it.
  static std::shared_ptr<template_process> make(const boost::asio::any_io_executor& executor,
                                                ahead_of_need ahead, boost::system::error_code& ec);
  template_process(only_make, const boost::asio::any_io_executor& executor, ahead_of_need ahead);
  ~template_process();

  /// The standard streams of its children as long as they are given no others.
  static constexpr auto streams = posix::inherited_streams::null_device;
  /// Launches a child that runs the call, from any thread.
  /// @param run the child's supervisor; its begin() is called when the child is there, its fail()
  /// when there is to be none
  void launch(std::shared_ptr<supervise::supervisor> run, const detail::remote_call& call,
              const options& opts, boost::system::error_code& ec);

  /// The template's number, 0 while there is none.
  int pid() const noexcept { return pid_; }
  /// Ends the template and its running children: its owner goes.
  void close();

  void abandon() noexcept override;

 private:
  /// Runs whose child is there, by the ids of their requests.
  using running_map = std::map<std::uint64_t, std::weak_ptr<supervise::supervisor>>;
  struct request {
    std::shared_ptr<supervise::supervisor> run;
    posix::child_page page;
    std::shared_ptr<posix::child_process> process;
    fork_message message;
    bool leads_group = true;
    bool tried = false;
    /// Its place in running_, and what tells of the run's end.
    running_map::node_type place;
    std::shared_ptr<void> companion;
  };
  /// Requests by their ids. A place moves from one map to another, so that nothing is allocated for
  /// a request that has been made.
  using request_map = std::map<std::uint64_t, request>;
  /// Says, when it is destroyed, that a run is over.
  class companion;

  bool launch_standby(const std::shared_ptr<supervise::supervisor>& run,
                      const fork_message& message, const options& opts);
  std::optional<standby_child> take_standby();
  void order_standby();
  void standby_answered(const posix::fork_reply& reply);
  void drop_standby() noexcept;

  void start(boost::system::error_code& ec);
  void set_process(std::shared_ptr<posix::child_process> process) noexcept;
  running_map::node_type place_for(const std::shared_ptr<supervise::supervisor>& run,
                                   std::uint64_t id);
  std::shared_ptr<void> make_companion(std::uint64_t id);
  void enqueue(request_map::node_type what);
  void send_queued();
  enum class sending { sent, refused, later };
  sending send(request& what);
  void await_room();
  void await_replies();
  void be_patient(std::uint64_t oldest_before);
  void lose_patience(std::uint64_t oldest_before);
  void read_replies();
  void take_reply(const posix::fork_reply& reply);
  void died();
  void lose(request& what);
  void ended(std::uint64_t id);
  void abort_all(const boost::system::error_code& ec);
  void rest();
  boost::system::error_code why_it_ends() const;

  boost::asio::any_io_executor const executor_;
  ahead_of_need const ahead_;
  supervise::strand strand_;
  supervise::context_service::membership membership_;
  std::atomic<std::uint64_t> next_id_ = 1;
  std::atomic<int> pid_ = 0;
  std::atomic<bool> abandoned_ = false;
  std::atomic<bool> closed_ = false;

  /// Guards what launch() and close() use, which may be called from any thread.
  std::mutex process_mutex_;
  std::shared_ptr<posix::child_process> process_;
  std::optional<standby_child> standby_;
  supervise::stream_descriptor socket_;
  supervise::steady_timer patience_timer_;
  bool patient_ = false;
  bool reading_ = false;
  bool waiting_for_room_ = false;
  /// Stays empty: replies have no descriptors. Has the room that reading one needs.
  std::vector<posix::descriptor> none_;
  request_map queued_;
  request_map sent_;
  running_map running_;
};

}  // namespace isolatte::inline v0_1::launch

#endif
