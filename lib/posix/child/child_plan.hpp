// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_CHILD_PLAN_HPP
#define ISOLATTE_LIB_POSIX_CHILD_CHILD_PLAN_HPP

#include "confine/sandbox_plan.hpp"
#include "posix/child/talk_plan.hpp"
#include "posix/child_page.hpp"
#include "posix/credentials.hpp"
#include "posix/descriptor.hpp"

#include <isolatte/resource_limits.hpp>

#include <boost/system/error_code.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::posix {

/// Whether a child runs a callable of its parent's, or becomes another program.
enum class child_kind { callable, program };

/// Numbers of descriptors, ascending.
class few_numbers {
 public:
  few_numbers() noexcept = default;
  /// Without an allocation: most children keep no others, and to free memory after the fork would
  /// copy the pages of the allocator.
  /// @param numbers or -1, in any order
  explicit few_numbers(std::array<int, 3> numbers) noexcept;
  /// @param numbers ascending
  explicit few_numbers(std::vector<int> numbers) noexcept
      : many_{std::move(numbers)}, count_{many_.size()} {}

  const int* begin() const noexcept { return many_.empty() ? few_.data() : many_.data(); }
  const int* end() const noexcept { return begin() + count_; }

 private:
  std::array<int, 3> few_{};
  std::vector<int> many_;
  std::size_t count_ = 0;
};

/// The plan by which a child prepares itself, worked out before the fork so that the child
/// allocates nothing.
struct child_plan {
  child_kind kind = child_kind::callable;
  /// The process group to join if it is neither the child's own nor that of the process that forks;
  /// or 0.
  int group = 0;
  /// The descriptors that become 0, 1 and 2, all of them above 2; -1 leaves the inherited one.
  int standard[3] = {-1, -1, -1};
  /// The write end of the result channel, above 2, and the file that it is; a program has none.
  int channel = -1;
  file_identity channel_identity;
  /// The child's end of its leash, above 2, or -1.
  int leash = -1;
  /// The number that the leash still has, if it is to have another one; or -1.
  int leash_before = -1;
  /// Whether a template makes the child. A template is a child itself, so signals and buffers are
  /// as they are to be already.
  bool of_template = false;
  /// Descriptors that are to have other numbers in the child: from, to.
  std::vector<std::pair<int, int>> moved;
  /// Every descriptor above 2 that stays open.
  few_numbers keep;
  bool keep_all = false;
  bool lead_group = true;
  bool report_faults = true;
  /// Whether SIGTTIN and SIGTTOU are ignored, or, if no template makes the child, are ignored in
  /// case it has a terminal: a child in a group of its own is in the background of its terminal,
  /// and these would stop it without end.
  bool ignore_terminal_stops = false;
  /// The group in whose place the child's own becomes the foreground group of the terminal that its
  /// input is; or 0.
  int foreground = 0;
  /// The credentials of the program, if another process than that makes the child.
  std::optional<credentials> as{};
  resource_limits limits;
  std::size_t max_result = 0;
  /// Whether the program kills the child once it has the frame.
  bool early = false;
  child_page_data* page = nullptr;
  /// The sandbox to enter, or none. The child changes it.
  confine::sandbox_plan* sandbox = nullptr;
  talk_plan talk{};
  /// Whether the callable enters the sandbox itself, by enter_deferred_sandbox().
  bool defers_sandbox = false;
};

/// Gives the plan its result channel.
void set_channel(child_plan& plan, int channel, boost::system::error_code& ec);

/// The numbers that `options::keep` asks for, each once. 0, 1 and 2 are not among them: `in`, `out`
/// and `err` say what these are, however the child is made.
std::vector<int> numbers_to_keep(std::vector<int> fds);
/// Adds what the plan's sandbox needs to what stays open.
void keep_sandbox(const child_plan& plan, std::vector<int>& fds);
/// Says, last of all, what stays open: these, and what the plan names.
void set_kept(child_plan& plan, std::vector<int> fds);

}  // namespace isolatte::inline v0_1::posix

#endif
