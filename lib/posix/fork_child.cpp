// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/fork_child.hpp"

#include "posix/child_main.hpp"
#include "posix/leash.hpp"
#include "posix/system_calls.hpp"

#include <algorithm>

#include <fcntl.h>

namespace isolatte::posix {

namespace {

/// Blocks every signal while it lives: one that reached the child before its handlers are reset
/// would be written into what the handlers of the parent share with it.
class signals_blocked {
 public:
  explicit signals_blocked(boost::system::error_code& ec) noexcept {
    sigset_t all;
    sigfillset(&all);
    if (sys.sigprocmask(SIG_SETMASK, &all, &before_) == -1)
      ec = last_error();
    else
      blocked_ = true;
  }
  ~signals_blocked() {
    // Not through the table: a thread with its signals blocked for ever is no answer to a failure.
    if (blocked_) ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;

 private:
  sigset_t before_;
  bool blocked_ = false;
};

child_plan make_plan(const child_ends& ends, const options& opts, const child_page& page,
                     boost::system::error_code& ec) {
  child_plan plan;
  plan.standard[0] = ends.in.get();
  plan.standard[1] = ends.out.get();
  plan.standard[2] = ends.err.get();
  plan.channel = ends.channel.get();
  plan.keep_all = opts.keep.all();
  plan.lead_group = opts.kill_tree;
  plan.report_faults = opts.fault_report;
  plan.limits = opts.limits;
  plan.max_result = opts.max_result;
  plan.page = page.data();

  struct stat status{};
  if (sys.fstat(plan.channel, &status) == -1) {
    ec = last_error();
    return plan;
  }
  plan.channel_device = status.st_dev;
  plan.channel_inode = status.st_ino;

  if (opts.die_with_parent) {
    auto const lock = lock_registry();
    plan.leash = leash(ec);
    if (ec) return plan;
  }

  plan.keep = opts.keep.fds();
  for (int const fd : plan.keep)
    if (sys.fcntl(fd, F_GETFD, 0) == -1) {
      ec = last_error();
      return plan;
    }
  plan.keep.push_back(plan.channel);
  if (plan.leash != -1) plan.keep.push_back(plan.leash);
  std::erase_if(plan.keep, [](int fd) { return fd <= 2; });
  std::sort(plan.keep.begin(), plan.keep.end());
  plan.keep.erase(std::unique(plan.keep.begin(), plan.keep.end()), plan.keep.end());
  return plan;
}

}  // namespace

forked_child fork_child(detail::child_task& task, const child_ends& ends, const options& opts,
                        boost::system::error_code& ec) {
  forked_child child;
  child.page = child_page::make(ec);
  if (ec) return {};
  child_plan const plan = make_plan(ends, opts, child.page, ec);
  if (ec) return {};
  child.process = std::make_shared<child_process>();
  auto const began = std::chrono::steady_clock::now();
  pid_t pid = -1;
  {
    signals_blocked const blocked{ec};
    if (ec) return {};
    own_fork const flag;
    pid = sys.fork();
    if (pid == 0) child_main(task, plan);
    if (pid == -1) ec = last_error();
  }
  if (ec) return {};
  // Both sides do it, so that neither depends on the other being first. By now the child may have
  // ended or exchanged its group for another: nothing is lost by a refusal.
  if (opts.kill_tree) sys.setpgid(pid, pid);
  child.page.hide_from_later_children();
  child.process->adopt(pid, opts.kill_tree, began);
  return child;
}

}  // namespace isolatte::posix
