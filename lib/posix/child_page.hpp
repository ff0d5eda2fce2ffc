// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_PAGE_HPP
#define ISOLATTE_LIB_POSIX_CHILD_PAGE_HPP

#include "logic/child_stage.hpp"
#include "posix/descriptor.hpp"
#include "posix/shared_page.hpp"

#include <boost/system/error_code.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

namespace isolatte::inline v0_1::posix {

/// Which step of a child's preparation failed.
enum class setup_step : std::uint32_t {
  none,
  page,
  process_group,
  standard_streams,
  closing_descriptors,
  signals,
  leash,
  limits,
  credentials,
  fault_report,
  exit_hook,
  conversation,
  start_dir,
  exec,
  request,
  unknown_function,
  one_thread,
  no_operations,
  shared_memory,
  namespaces,
  capabilities,
  privileges,
  file_access,
  system_calls,
};

const char* to_string(setup_step step) noexcept;

enum class fault_state : std::uint32_t { none, writing, recorded };

/// A child's report about itself, made without a system call, so that a signal handler can make it,
/// and a child that has closed every descriptor.
///
/// One child alone shares it, and may write anything to it. Every reader therefore bounds and
/// checks what it reads; the enumerations have a fixed underlying type, so that no value is
/// undefined.
struct child_page_data {
  static constexpr std::size_t max_frames = 128;

  /// The child's number, if another process than the page's owner made the child.
  std::atomic<int> pid;
  /// The number of the helper that makes the child, if there is one, once it runs.
  std::atomic<int> helper;
  /// Whether the program has taken on a child that another process made in a namespace.
  std::atomic<int> adopted;
  std::atomic<logic::child_stage> stage;
  std::atomic<setup_step> step;
  std::atomic<int> error;
  std::atomic<fault_state> fault;
  std::atomic<int> signal;
  std::atomic<int> code;
  std::atomic<std::uintptr_t> address;
  /// For SIGSYS by a filter: the number of the system call.
  std::atomic<int> system_call;
  /// 0: none.
  std::atomic<std::uint32_t> stack_overflow;
  std::atomic<std::uint32_t> frame_count;
  std::array<std::atomic<std::uintptr_t>, max_frames> frames;
};

/// A fault as the child has recorded it, bounded and copied out of the child's reach.
struct fault_record {
  int signal = 0;
  int code = 0;
  std::uintptr_t address = 0;
  std::optional<int> system_call;
  bool stack_overflow = false;
  std::vector<std::uintptr_t> frames;
};

/// This process's view of the page that it shares with one child.
class child_page {
 public:
  child_page() noexcept = default;
  /// Makes one that no child inherits unless it is passed to it.
  static child_page make(boost::system::error_code& ec) noexcept;
  /// Makes one for a child whose code is trusted not to look for those of other children.
  static child_page make_in_slab(boost::system::error_code& ec) noexcept;
  /// Has one ready when the next child like this one's is made. Called after a fork, in time that
  /// is left.
  void make_ahead() const noexcept;
  /// Makes one that can be sent to another process, as the file that it is.
  static child_page make_file(descriptor& file, boost::system::error_code& ec) noexcept;
  /// Maps one that another process has sent.
  static child_page of_file(int fd, boost::system::error_code& ec) noexcept;

  child_page_data* data() const noexcept { return data_.get(); }
  /// Keeps it from processes that this one forks from now on.
  void hide_from_children(boost::system::error_code& ec) noexcept { data_.hide_from_children(ec); }
  /// The memory, to be passed to the child.
  passed_memory::part part() const noexcept { return data_.part(); }

  /// The child's number as it stands in the page; 0 if there is none.
  int pid() const noexcept;
  logic::child_stage stage() const noexcept;
  setup_step failed_step() const noexcept;
  int setup_error() const noexcept;
  std::optional<fault_record> fault() const noexcept;

 private:
  explicit child_page(shared_page<child_page_data> data) noexcept : data_{std::move(data)} {}

  shared_page<child_page_data> data_;
};

}  // namespace isolatte::inline v0_1::posix

#endif
