// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/child_birth.hpp"

#include "launch/adapted_options.hpp"
#include "posix/child/child_setup.hpp"
#include "posix/child/contained_child.hpp"
#include "posix/system_calls.hpp"
#include "posix/this_process.hpp"

#include <array>
#include <utility>

namespace isolatte::inline v0_1::launch {

namespace {

using boost::system::error_code;

posix::child_plan plan_child(posix::child_kind kind, const posix::child_ends& ends,
                             const options& opts, int leash, const posix::child_page& page,
                             confine::sandbox_plan* sandbox, detail::refusal& why) {
  posix::child_plan plan;
  plan.kind = kind;
  plan.page = page.data();
  plan.leash = leash;
  plan.standard[0] = ends.in.get();
  plan.standard[1] = ends.out.get();
  plan.standard[2] = ends.err.get();
  plan.keep_all = opts.keep.all();
  plan.lead_group = opts.kill_tree;
  plan.ignore_terminal_stops = opts.kill_tree;
  plan.report_faults = opts.fault_report && kind == posix::child_kind::callable;
  plan.limits = opts.limits;
  plan.max_result = opts.max_result;
  plan.early = opts.early;
  plan.talk = {ends.talk.get(), ends.needs, opts.message_window};
  if (kind == posix::child_kind::callable) posix::set_channel(plan, ends.channel.get(), why.ec);

  if (why) return plan;

  auto kept = posix::numbers_to_keep(opts.keep.fds());
  for (int const fd : kept)
    if (!why && !posix::is_open(fd, why.ec) && !why)
      why = {make_error_code(boost::system::errc::bad_file_descriptor), "keeping a descriptor"};
  if (sandbox != nullptr) {
    plan.sandbox = sandbox;
    posix::keep_sandbox(plan, kept);
  }
  posix::set_kept(plan, std::move(kept));
  return plan;
}

}  // namespace

child_birth::child_birth(posix::child_kind kind, const posix::child_ends& ends, const options& opts,
                         std::optional<confine::sandbox_plan> deferred, detail::refusal& why,
                         const std::shared_ptr<supervise::operation_memory>& room,
                         const posix::child_page* also)
    : sandbox_{std::move(deferred)} {
  bool const defers = sandbox_.has_value();
  if (!defers && opts.sandbox) {
    auto const what = kind == posix::child_kind::program ? confine::confined::program
                                                         : confine::confined::callable;
    sandbox_ = confine::plan_sandbox(opts, what, ends_tree(opts), why);
    if (why) return;
    child_.gaps = std::move(sandbox_->gaps);
  }
  why.step = "creating the child";
  child_.page =
      sandbox_ ? posix::child_page::make(why.ec) : posix::child_page::make_in_slab(why.ec);
  if (why) return;
  child_.process = std::allocate_shared<posix::child_process>(
      supervise::operation_allocator<posix::child_process>{room});
  if (opts.die_with_parent) {
    why.step = "tying the child's life to the program's";
    // The sandbox of this process forbids the calls that the child would need.
    if (posix::own_confinement() != posix::confinement::none)
      why.ec = make_error_code(boost::system::errc::operation_not_permitted);
    if (why) return;
    bool const could_be_opened = sandbox_ && sandbox_->sets_attributes;
    leash_ = child_.process->open_leash(
        could_be_opened ? posix::leash_kind::socket : posix::leash_kind::pipe, why.ec);
    if (why) return;
    why.step = "creating the child";
  }
  plan_ =
      plan_child(kind, ends, opts, leash_.get(), child_.page, sandbox_ ? &*sandbox_ : nullptr, why);
  plan_.defers_sandbox = defers;
  if (why) return;
  announced_.emplace(why.ec);
  if (why) return;
  began_ = std::chrono::steady_clock::now();
  signals_blocked_.emplace(why.ec);
  if (why) return;
  auto const second = also != nullptr ? also->part() : posix::passed_memory::part{};
  passed_.emplace(std::array{child_.page.part(), second});
}

void child_birth::make_job() noexcept {
  if (!plan_.lead_group) return;
  plan_.ignore_terminal_stops = false;
  plan_.foreground = posix::own_group();
}

forked_child child_birth::adopt(int pid, error_code& ec) noexcept {
  int const error = passed_->error();
  passed_.reset();
  signals_blocked_.reset();
  if (pid <= 0) return {};
  if (error != 0) ec.assign(error, boost::system::system_category());
  bool const contained = error == 0 && sandbox_ && sandbox_->process_namespace;
  if (contained) {
    child_.process->set_keeper_group(pid);
    pid = posix::await_helper(pid, child_.page);
  }
  // The child does the same, so that neither depends on the other being first. By now the child may
  // have ended or exchanged its group for another: a refusal costs nothing.
  if (plan_.lead_group) posix::sys.setpgid(pid, pid);
  child_.process->adopt(pid, plan_.lead_group, began_);
  if (contained) posix::confirm_adoption(child_.page);
  child_.page.make_ahead();
  return std::move(child_);
}

}  // namespace isolatte::inline v0_1::launch
