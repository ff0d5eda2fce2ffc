// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/fork_source.hpp"

#include "launch/adapted_options.hpp"
#include "launch/child_birth.hpp"
#include "launch/fork.hpp"
#include "launch/symboliser.hpp"
#include "posix/child/given_task.hpp"
#include "vocabulary/errors.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::launch {

using boost::system::error_code;

supervise::symbolise_function fork_source::symboliser_for(const options& opts) {
  if (!opts.fault_report) return nullptr;
  return symbolise_by_fork;
}

void fork_source::launch(std::shared_ptr<supervise::supervisor> run,
                         const detail::remote_call& call, const options& given, sandboxed when,
                         error_code& ec) {
  options opts = given;
  // The call's descriptors have the same numbers in the child.
  std::vector<int> kept = opts.keep.fds();
  kept.insert(kept.end(), call.descriptors.begin(), call.descriptors.end());
  opts.keep = std::move(kept);
  detail::refusal why;
  std::optional<confine::sandbox_plan> deferred;
  if (opts.sandbox && when == sandboxed::by_the_call) {
    deferred = confine::plan_sandbox(opts, confine::confined::worker, ends_tree(opts), why);
    if (!why) run->set_gaps(std::move(deferred->gaps));
  }
  forked_child child;
  if (!why) {
    posix::given_task task{call};
    child = fork_child(task, run->ends(), opts, std::move(deferred), why, run->room());
  }
  ec = why.ec;
  if (ec) return run->set_gaps(std::move(why.gaps));
  run->begin_later(std::move(child.process), std::move(child.page));
}

}  // namespace isolatte::inline v0_1::launch
