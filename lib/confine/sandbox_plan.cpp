// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "confine/sandbox_plan.hpp"

#include "confine/ruleset.hpp"
#include "confine/support.hpp"
#include "confine/system_call_lists.hpp"

#include <isolatte/error.hpp>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <variant>

namespace isolatte::inline v0_1::confine {

namespace {

forbidden answer_to_violations(const options& opts, confined what) noexcept {
  if (opts.sandbox->on_violation == violation::refused) return forbidden::refuse;
  // A program has no handler that could report.
  return opts.fault_report && what == confined::callable ? forbidden::trap : forbidden::kill;
}

filter_kind kind_of(const options& opts, confined what, const support& found) {
  sandbox const& box = *opts.sandbox;
  filter_kind kind;
  kind.paths = found.needs.files;
  kind.writes = !box.write.empty();
  // fchmod() takes a file that was opened for reading, too.
  kind.sets_permissions =
      kind.writes && box.read.empty() && box.execute.empty() && found.has.landlock_version != 0;
  kind.sockets = !std::holds_alternative<no_network_t>(box.network);
  if (auto const* const ports = std::get_if<tcp>(&box.network)) {
    kind.tcp_only = true;
    kind.listens = !ports->bind.empty();
  }
  kind.processes = box.processes;
  kind.executes = !box.execute.empty();
  kind.contained = found.process_namespace;
  kind.guards_truncation =
      found.needs.files && found.has.landlock_version < landlock_with_truncation;
  kind.otherwise = answer_to_violations(opts, what);
  kind.names = box.system_calls;
  std::sort(kind.names.begin(), kind.names.end());
  kind.names.erase(std::unique(kind.names.begin(), kind.names.end()), kind.names.end());
  return kind;
}

bool asks_for_never(const sandbox& box) noexcept {
  return std::any_of(box.system_calls.begin(), box.system_calls.end(),
                     [](const auto& name) { return ask_for(name) == asked::never; });
}

}  // namespace

sandbox_plan plan_sandbox(const options& opts, confined what, detail::refusal& why) {
  sandbox const& box = *opts.sandbox;
  why.step = "planning the sandbox";
  sandbox_plan plan;
  if (opts.keep.all() || asks_for_never(box)) {
    why.ec = make_error_code(boost::system::errc::invalid_argument);
    return plan;
  }
  support found = find_support(box, why.ec);
  if (why) return plan;
  plan.gaps = std::move(found.gaps);
  if (box.processes && opts.limits.processes && !found.has.limits_processes && found.built)
    plan.gaps.emplace_back("no limit of processes: RLIMIT_NPROC does not bind root");
  if (!found.built || (!plan.gaps.empty() && box.enforce == enforcement::strict)) {
    why.ec = error::sandbox_unsupported;
    why.gaps = std::move(plan.gaps);
    return plan;
  }

  ruleset_scope scope = found.needs;
  scope.signals = scope.signals && found.has.landlock_version >= landlock_with_signals;
  if (scope.any() && found.has.landlock_version != 0) {
    std::vector<std::filesystem::path> missing;
    plan.ruleset = make_ruleset(box, scope, found.has.landlock_version, missing, why.ec);
    if (why) return plan;
    for (auto const& path : missing) plan.gaps.push_back("no such path: " + path.string());
  }
  if (found.has.filter_error == 0) {
    auto const made = make_filter(kind_of(opts, what, found), why.ec);
    if (why) return plan;
    plan.calls = *made;
  }
  plan.join = found.join;
  plan.process_namespace = found.process_namespace;
  plan.kept = kept_memory();
  plan.has_files = found.needs.files;
  return plan;
}

}  // namespace isolatte::inline v0_1::confine
