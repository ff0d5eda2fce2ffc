// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/fork_child.hpp"

#include "posix/child/child_main.hpp"
#include "posix/child/child_plan.hpp"
#include "posix/leash.hpp"
#include "posix/process_registry.hpp"
#include "posix/signals_blocked.hpp"
#include "posix/system_calls.hpp"

namespace isolatte::posix {

forked_child fork_child_by(const fork_function& fork, child_kind kind, const child_ends& ends,
                           const options& opts, boost::system::error_code& ec) {
  forked_child child;
  child.page = child_page::make(ec);
  if (ec) return {};
  descriptor leash;
  if (opts.die_with_parent) {
    auto const lock = lock_registry();
    leash = open_leash(ec);
    if (ec) return {};
  }
  child_plan const plan = make_plan(kind, ends, opts, leash, child.page, ec);
  if (ec) return {};
  child.process = std::make_shared<child_process>();
  child_announced const announced{ec};
  if (ec) return {};
  auto const began = std::chrono::steady_clock::now();
  int pid = -1;
  {
    signals_blocked const blocked{ec};
    if (ec) return {};
    own_fork const flag;
    pid = fork(plan, ec);
  }
  if (pid <= 0) return {};
  // Both sides do it, so that neither depends on the other being first. By now the child may have
  // ended or exchanged its group for another: nothing is lost by a refusal.
  if (opts.kill_tree) sys.setpgid(pid, pid);
  child.page.hide_from_later_children();
  child.process->adopt(pid, opts.kill_tree, began);
  // What an error leaves behind is ended and reaped.
  if (ec) return {};
  return child;
}

forked_child fork_child(detail::child_task& task, const child_ends& ends, const options& opts,
                        boost::system::error_code& ec) {
  auto const fork = [&task](const child_plan& plan, boost::system::error_code& error) {
    pid_t const pid = sys.fork();
    if (pid == 0) child_main(task, plan);
    if (pid == -1) error = last_error();
    return static_cast<int>(pid);
  };
  return fork_child_by(fork, child_kind::callable, ends, opts, ec);
}

}  // namespace isolatte::posix
