// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_TEMPLATE_PROCESS_HPP
#define ISOLATTE_LIB_LAUNCH_TEMPLATE_PROCESS_HPP

#include "launch/child_source.hpp"
#include "launch/fork_message.hpp"
#include "launch/seed_process.hpp"
#include "launch/standby_child.hpp"
#include "launch/symboliser.hpp"
#include "posix/birth_numbers.hpp"
#include "posix/child/fork_request.hpp"
#include "posix/child/preload.hpp"
#include "posix/child_ends.hpp"
#include "posix/child_page.hpp"
#include "posix/child_process.hpp"
#include "posix/code_address.hpp"
#include "posix/descriptor.hpp"
#include "posix/message_socket.hpp"
#include "posix/object_map.hpp"
#include "supervise/context_service.hpp"
#include "supervise/executors.hpp"
#include "supervise/supervisor.hpp"

#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/fork_server.hpp>
#include <isolatte/options.hpp>
#include <isolatte/startup_call.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::launch {

/// Whether a template makes a child ahead of need, while nothing else is to be done.
enum class ahead_of_need { nothing, one_child };

/// How a template works.
struct template_settings {
  ahead_of_need ahead = ahead_of_need::nothing;
  /// The sandbox of all its children, or null.
  std::shared_ptr<const common_sandbox> around{};
  /// The call that the template runs before it stands ready, or nothing.
  startup_call preload{};
  bool huge_pages = true;
};

/// The process that a fork server forks children from, kept small and with one thread. The children
/// are this process's own. A template that has died is made anew.
///
/// A template comes to be in one of three ways: it is forked; it is made by a seed, if it preloads;
/// or it is a copy, made by another template.
///
/// Everything but the making runs on a strand.
class template_process final : public child_source,
                               public supervise::context_bound,
                               public supervise::run_queue,
                               public std::enable_shared_from_this<template_process> {
  struct only_make {};

 public:
  /// Forks it.
  static std::shared_ptr<template_process> make(const boost::asio::any_io_executor& executor,
                                                template_settings settings,
                                                boost::system::error_code& ec);
  /// Returns a template that is a copy of this one: made as soon as this one stands ready, and
  /// again by revive(). To be closed after this one.
  std::shared_ptr<template_process> make_copy(boost::system::error_code& ec);
  template_process(only_make, const boost::asio::any_io_executor& executor,
                   template_settings settings);
  ~template_process();

  /// The standard streams of its children as long as they are given no others.
  static constexpr auto streams = posix::inherited_streams::null_device;
  posix::inherited_streams inherited() const noexcept override { return streams; }
  /// Launches a child that runs the call, from any thread.
  /// @param run the child's supervisor; its begin() is called when the child is there, its fail()
  /// when there is to be none
  void launch(std::shared_ptr<supervise::supervisor> run, const detail::remote_call& call,
              const options& opts, sandboxed when, boost::system::error_code& ec) override;

  /// Returns a function that names the frames of a child's fault in another child of the template;
  /// null if the options ask for no report. This process never forks for it: without a template
  /// that answers in time the frames have no names.
  supervise::symbolise_function symboliser_for(const options& opts) override;

  fork_server_stats stats() const noexcept;
  /// Ends a preload that takes too long. The next request has it run again. For any thread.
  void end_preload() override;
  /// Calls the function, in any thread, when the template stands ready or its start has failed. The
  /// event loop does not run out of work before.
  void async_ready(std::function<void(const boost::system::error_code&)> then);
  /// Blocks until the seed has made the template, which then has a number, or will not. The seed
  /// has nothing else to do.
  void await_number(boost::system::error_code& ec) noexcept;
  /// The template's number, 0 while there is none.
  int pid() noexcept;
  /// Whether its process has been made and has not ended.
  bool is_made() noexcept;
  /// Whether, besides, it has preloaded.
  bool stands_ready() noexcept { return ready_ && is_made(); }
  /// Sees to it that one that has ended is made again. From any thread.
  void revive() noexcept;
  /// Requests that have not been answered.
  std::size_t owed() const noexcept { return owed_; }
  /// Ends the template and its running children: its owner goes.
  void close() override;

  void cancelled_in_queue() noexcept override;
  void abandon() noexcept override;
  /// Forgets template and children. A template is made anew when a child is wanted.
  void disown() override;

 private:
  /// Runs whose child is there, by the ids of their requests.
  using running_map = std::map<std::uint64_t, std::weak_ptr<supervise::supervisor>>;
  /// Counts a request as long as it lives.
  class debt {
   public:
    debt() noexcept = default;
    explicit debt(std::atomic<std::size_t>& owed) noexcept : owed_{&owed} { ++owed; }
    debt(debt&& other) noexcept : owed_{std::exchange(other.owed_, nullptr)} {}
    debt& operator=(debt&& other) noexcept {
      std::swap(owed_, other.owed_);
      return *this;
    }
    ~debt() {
      if (owed_ != nullptr) --*owed_;
    }

   private:
    std::atomic<std::size_t>* owed_ = nullptr;
  };
  struct request {
    std::shared_ptr<supervise::supervisor> run;
    posix::child_page page;
    /// The kernel writes the child's number there, or into the page. Outlives the process, which
    /// looks there.
    posix::birth_numbers::place birth;
    bool birth_in_page = false;
    std::shared_ptr<posix::child_process> process;
    fork_message message;
    bool leads_group = true;
    /// Whether the child is made in a PID namespace, by a helper.
    bool contained = false;
    /// Not worth making a template, or giving one up.
    bool is_optional = false;
    bool tried = false;
    debt counted;
    /// Its place in running_, and what tells of the run's end.
    running_map::node_type place;
    std::shared_ptr<void> companion;
  };
  /// Requests by their ids. A place moves from one map to another, so that nothing is allocated for
  /// a request that has been made.
  using request_map = std::map<std::uint64_t, request>;
  /// Says, when it is destroyed, that a run is over.
  class companion;
  /// A template that preloads.
  struct preloading {
    /// The id of the order to the seed.
    std::uint64_t order = 0;
    /// Watches the template's end if the preload fails, and is not begun before.
    std::shared_ptr<supervise::supervisor> run;
    /// The stderr of the template, as a file: the program does not read it before the end.
    posix::descriptor err;
  };
  /// A fault's frames that are being named.
  struct lookup {
    lookup(stack_trace&& frames, std::function<void(std::string)>&& next,
           const supervise::strand& on)
        : trace{std::move(frames)}, then{std::move(next)}, timer{on} {}
    stack_trace trace;
    /// Null when it has been called.
    std::function<void(std::string)> then;
    supervise::steady_timer timer;
  };

  void name_frames(const posix::fault_record& fault, std::function<void(std::string)> then);
  void look_up(const std::shared_ptr<lookup>& what);
  void end_lookup(lookup& what, const detail::report* found = nullptr);
  void give_up(std::uint64_t id);
  request_map::node_type make_request(std::shared_ptr<supervise::supervisor> run,
                                      fork_message message, std::uint64_t id, const options& opts,
                                      boost::system::error_code& ec);

  static void expect_in_page(request& what) noexcept;

  bool launch_standby(const std::shared_ptr<supervise::supervisor>& run,
                      const fork_message& message, const options& opts);
  std::optional<standby_child> take_standby();
  void order_standby();
  void order_standby_later();
  void standby_answered(const posix::fork_reply& reply);
  void drop_standby() noexcept;
  void drop_namer();

  void start(boost::system::error_code& ec);
  void start_by_fork(posix::socket_ends sockets, boost::system::error_code& ec);
  void start_from_seed(posix::socket_ends sockets, boost::system::error_code& ec);
  void start_as_copy(posix::socket_ends sockets, template_process& of,
                     boost::system::error_code& ec);
  std::optional<confine::sandbox_plan> plan_sandbox(int leash_number,
                                                    boost::system::error_code& ec);
  std::shared_ptr<seed_process> order_from_seed(const fork_message& order,
                                                boost::system::error_code& ec);
  void take_socket(posix::descriptor mine, boost::system::error_code& ec);
  void order_copy(const fork_message& order, boost::system::error_code& ec) noexcept;
  void revive_copies();
  void look_after();
  void hand_over();
  void take_over(request_map::node_type what);
  std::uint64_t next_id() noexcept { return (*ids_)++; }
  bool holds_back();
  bool is_awaited() const noexcept { return !queued_.empty() || !awaiting_ready_.empty(); }
  bool is_idle() const noexcept;
  void set_loaded(std::shared_ptr<const posix::object_map> loaded);
  void tell_ready(const boost::system::error_code& ec);
  void look_at_preload(int looks);
  void take_preloaded(const posix::preload_result& result);
  void preload_ended();
  void limit_dying(const std::shared_ptr<supervise::supervisor>& run);
  void preload_failed(const posix::descriptor& err, const boost::system::error_code& ec,
                      detail::report what);
  void fail_queued(const boost::system::error_code& ec, const detail::report& why);
  void retry_later();
  void check_queue();
  void drop_cancelled();
  struct new_namer;
  new_namer make_namer(boost::system::error_code& ec);
  bool is_there() noexcept;
  bool has_ended_unreported() noexcept;
  void adopt_expected() noexcept;
  void set_process(std::shared_ptr<posix::child_process> process,
                   std::shared_ptr<template_process> namer) noexcept;
  std::shared_ptr<seed_process> current_seed() noexcept;
  void drop_process() noexcept;
  void close_socket() noexcept;
  running_map::node_type place_for(const std::shared_ptr<supervise::supervisor>& run,
                                   std::uint64_t id);
  std::shared_ptr<void> make_companion(std::uint64_t id);
  void enqueue(request_map::node_type what);
  void send_queued();
  enum class sending { sent, refused, later, after_a_reply };
  sending send(request& what);
  void send_birth_numbers(boost::system::error_code& ec, boost::system::error_code& unmade);
  bool give_birth_place(request& what, boost::system::error_code& ec,
                        boost::system::error_code& unmade);
  void await_room();
  void await_replies();
  void be_patient(std::uint64_t oldest_before, int looks);
  void lose_patience(std::uint64_t oldest_before, int looks);
  void read_replies();
  bool is_template(int sender) noexcept;
  void take_reply(const posix::fork_reply& reply);
  void take_late_reply(const posix::fork_reply& reply);
  void died();
  void fail_all();
  void forget_all();
  void lose(request& what);
  void fail_lost(supervise::supervisor& run);
  void ended(std::uint64_t id);
  void abort_all(const boost::system::error_code& ec);
  void rest();
  boost::system::error_code why_it_ends() const;

  boost::asio::any_io_executor const executor_;
  template_settings const settings_;
  supervise::strand strand_;
  supervise::context_service::membership membership_;
  /// A copy has those of its original, which takes requests over from it.
  std::shared_ptr<std::atomic<std::uint64_t>> ids_ =
      std::make_shared<std::atomic<std::uint64_t>>(1);
  std::atomic<int> pid_ = 0;
  std::atomic<bool> ready_ = false;
  std::atomic<std::uint64_t> starts_ = 0;
  std::atomic<std::uint64_t> huge_bytes_ = 0;
  std::atomic<bool> abandoned_ = false;
  std::atomic<bool> closed_ = false;
  std::atomic<std::size_t> owed_ = 0;
  /// This process is a copy of the program, and all that is under way the original's until the step
  /// has run.
  std::atomic<bool> disowning_ = false;
  supervise::kept_step<&template_process::forget_all> forgetting_;

  /// The process's: why it could not prepare itself, and its number if another process makes it.
  posix::child_page page_;
  /// Guards what launch() and close() use, which may be called from any thread.
  std::mutex process_mutex_;
  std::shared_ptr<posix::child_process> process_;
  /// Null if there is no preload.
  std::shared_ptr<seed_process> seed_;
  /// Keeps the number of the leashes of children in a sandbox from being taken by another of the
  /// program's descriptors.
  std::shared_ptr<const posix::descriptor> leash_number_;
  /// Makes this one's process, a copy of its own; none if this is no copy.
  std::weak_ptr<template_process> original_;
  bool is_copy_ = false;
  /// The start of the original by which the copy was ordered.
  std::uint64_t ordered_of_ = 0;
  std::vector<std::weak_ptr<template_process>> copies_;
  std::chrono::steady_clock::time_point next_revival_;
  supervise::kept_step<&template_process::look_after> revival_;
  std::atomic<bool> revival_is_posted_ = false;
  std::optional<standby_child> standby_;
  /// Names the frames of faults in the children of a template that is in a sandbox itself. Not made
  /// anew by itself.
  std::shared_ptr<template_process> namer_;
  /// Code that the template has loaded.
  std::shared_ptr<const posix::object_map> loaded_;
  /// Located when the template is made: at a fault nothing may wait for the loader.
  posix::code_address naming_entry_;
  /// The template has the other end; null until it is sent that.
  std::shared_ptr<posix::birth_numbers> birth_numbers_;
  supervise::stream_descriptor socket_;
  supervise::steady_timer patience_timer_;
  std::optional<preloading> preloading_;
  std::vector<std::function<void(const boost::system::error_code&)>> awaiting_ready_;
  /// The run of a template whose preload has failed, until its end is known.
  std::shared_ptr<supervise::supervisor> failing_;
  /// Preloads in a row that failed.
  unsigned failed_preloads_ = 0;
  std::chrono::steady_clock::time_point retry_at_;
  supervise::steady_timer retry_timer_;
  bool waits_to_retry_ = false;
  supervise::kept_step<&template_process::check_queue> queue_check_;
  std::atomic<bool> queue_check_is_posted_ = false;
  bool patient_ = false;
  bool reading_ = false;
  bool waiting_for_room_ = false;
  /// Stays empty: replies have no descriptors. Has the room that reading one needs.
  std::vector<posix::descriptor> none_;
  request_map queued_;
  request_map sent_;
  /// Optional ones that the template has not answered in time; their runs are over.
  request_map given_up_;
  running_map running_;
};

}  // namespace isolatte::inline v0_1::launch

#endif
