// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_SEED_PROCESS_HPP
#define ISOLATTE_LIB_LAUNCH_SEED_PROCESS_HPP

#include "launch/fork_message.hpp"
#include "posix/child/preload.hpp"
#include "posix/child_page.hpp"
#include "posix/child_process.hpp"
#include "posix/descriptor.hpp"
#include "posix/origin.hpp"

#include <boost/system/error_code.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace isolatte::inline v0_1::launch {

/// A copy of the program as it was when a server was made. The templates of the server that preload
/// are made from it: the first one, and each that replaces another, however many threads, locks
/// and secrets the program has by then. The templates are the program's children.
///
/// Safe from several threads at once. The process ends with this object.
class seed_process {
  struct only_make {};

 public:
  /// Forks it.
  /// @param first what each of the templates does before it stands ready
  static std::shared_ptr<seed_process> make(const posix::preload_plan& first,
                                            boost::system::error_code& ec);
  explicit seed_process(only_make);
  ~seed_process() { end(); }
  seed_process(const seed_process&) = delete;
  seed_process& operator=(const seed_process&) = delete;

  /// Whether it can make templates: it runs, and this process is not a copy of its parent.
  bool is_there() noexcept;
  bool stopped() noexcept { return process_->stopped(); }
  /// Asks for a template. If the process has ended, the error is its reason, or error::server_died.
  void order(const fork_message& what, boost::system::error_code& ec) noexcept;
  /// Returns why it has not made the template of an order, and will not; no error if it may.
  boost::system::error_code refusal(std::uint64_t id) noexcept;
  void end() noexcept;

 private:
  void read_replies() noexcept;
  boost::system::error_code why_it_ended() noexcept;

  posix::origin const origin_;
  std::mutex mutex_;
  posix::descriptor socket_;
  std::shared_ptr<posix::child_process> process_;
  posix::child_page page_;
  /// The last order that has been refused.
  std::uint64_t refused_ = 0;
  boost::system::error_code refusal_;
  /// Stays empty: replies have no descriptors. Has the room that reading one needs.
  std::vector<posix::descriptor> none_;
};

}  // namespace isolatte::inline v0_1::launch

#endif
