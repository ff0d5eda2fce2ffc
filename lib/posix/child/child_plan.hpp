// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_CHILD_PLAN_HPP
#define ISOLATTE_LIB_POSIX_CHILD_CHILD_PLAN_HPP

#include "posix/child_ends.hpp"
#include "posix/child_page.hpp"

#include <isolatte/options.hpp>
#include <isolatte/resource_limits.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace isolatte::posix {

/// What a child runs in the end: a callable of its parent's, or another program in its place.
enum class child_kind { callable, program };

/// What a child needs to prepare itself, worked out before the fork so that it allocates nothing.
struct child_plan {
  child_kind kind = child_kind::callable;
  /// The group to be in, where it is neither the child's own nor that of whoever forks; or 0.
  int group = 0;
  /// What becomes 0, 1 and 2, all of them above 2; -1 inherits.
  int standard[3] = {-1, -1, -1};
  /// The write end of the result channel, above 2, and what fstat says of it; a program has none.
  int channel = -1;
  unsigned long long channel_device = 0;
  unsigned long long channel_inode = 0;
  /// What has been opened of the leash for this child, above 2, or -1.
  int leash = -1;
  /// It is made by a fork server, which is a child itself: signals, buffers and exit are as they
  /// are to be.
  bool of_template = false;
  /// Descriptors that are to be at other numbers in the child: from, to.
  std::vector<std::pair<int, int>> moved;
  /// Every descriptor above 2 that stays open, ascending, those above among them.
  std::vector<int> keep;
  bool keep_all = false;
  bool lead_group = true;
  bool report_faults = true;
  resource_limits limits;
  std::size_t max_result = 0;
  child_page_data* page = nullptr;
};

/// Gives the plan its result channel.
void add_channel(child_plan& plan, int channel, boost::system::error_code& ec);
/// Gives the plan, last of all, what stays open.
/// @param fds what does beside what the plan names
void add_kept(child_plan& plan, const std::vector<int>& fds);

/// @param leash what has been opened of it for this child
child_plan make_plan(child_kind kind, const child_ends& ends, const options& opts,
                     const descriptor& leash, const child_page& page,
                     boost::system::error_code& ec);

}  // namespace isolatte::posix

#endif
