// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/child_plan.hpp"

#include "posix/system_calls.hpp"

#include <algorithm>

#include <fcntl.h>

namespace isolatte::posix {

void add_channel(child_plan& plan, int channel, boost::system::error_code& ec) {
  plan.channel = channel;
  struct stat status{};
  if (sys.fstat(channel, &status) == -1) {
    ec = last_error();
    return;
  }
  plan.channel_device = status.st_dev;
  plan.channel_inode = status.st_ino;
}

void add_kept(child_plan& plan, const std::vector<int>& fds) {
  plan.keep = fds;
  for (int const fd : {plan.channel, plan.leash})
    if (fd != -1) plan.keep.push_back(fd);
  std::erase_if(plan.keep, [](int fd) { return fd <= 2; });
  std::sort(plan.keep.begin(), plan.keep.end());
  plan.keep.erase(std::unique(plan.keep.begin(), plan.keep.end()), plan.keep.end());
}

child_plan make_plan(child_kind kind, const child_ends& ends, const options& opts,
                     const descriptor& leash, const child_page& page,
                     boost::system::error_code& ec) {
  child_plan plan;
  plan.kind = kind;
  plan.standard[0] = ends.in.get();
  plan.standard[1] = ends.out.get();
  plan.standard[2] = ends.err.get();
  plan.keep_all = opts.keep.all();
  plan.lead_group = opts.kill_tree;
  plan.report_faults = opts.fault_report && kind == child_kind::callable;
  plan.limits = opts.limits;
  plan.max_result = opts.max_result;
  plan.page = page.data();

  if (kind == child_kind::callable) add_channel(plan, ends.channel.get(), ec);
  if (ec) return plan;

  plan.leash = leash.get();

  for (int const fd : opts.keep.fds())
    if (sys.fcntl(fd, F_GETFD, 0) == -1) {
      ec = last_error();
      return plan;
    }
  add_kept(plan, opts.keep.fds());
  return plan;
}

}  // namespace isolatte::posix
