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

constexpr const char* no_process_limit = "no limit of processes: RLIMIT_NPROC does not bind root";
constexpr const char* no_end_of_tree =
    "no end of the processes that the child leaves: options::kill_tree is off";

forbidden answer_to_violations(const sandbox& box, bool can_report) noexcept {
  if (box.on_violation == violation::refused) return forbidden::refuse;
  return can_report ? forbidden::trap : forbidden::kill;
}

filter_kind kind_of(const sandbox& box, const support& found) {
  filter_kind kind;
  kind.paths = found.needs.files;
  kind.writes = !box.write.empty();
  // fchmod() and futimens() take a file that was opened for reading, too.
  kind.sets_attributes =
      kind.writes && box.read.empty() && box.execute.empty() && found.has.landlock_version != 0;
  kind.sockets = !std::holds_alternative<no_network_t>(box.network);
  if (auto const* const ports = std::get_if<tcp>(&box.network)) {
    kind.tcp_only = true;
    kind.listens = !ports->bind.empty();
  }
  // Without Landlock a Unix socket that the child has inherited could be bound to any path.
  if (found.has.landlock_version == 0) kind.listens = false;
  kind.processes = box.processes;
  kind.executes = !box.execute.empty();
  kind.contained = found.process_namespace;
  kind.guards_truncation =
      found.needs.files && found.has.landlock_version < landlock_with_truncation;
  kind.names = box.system_calls;
  std::sort(kind.names.begin(), kind.names.end());
  kind.names.erase(std::unique(kind.names.begin(), kind.names.end()), kind.names.end());
  return kind;
}

/// Refuses the first system call of sandbox::system_calls that is of a kind, if there is one.
/// @param kind names the kind
/// @param is_refused whether a call is of that kind
template <class Predicate>
void refuse_call(const sandbox& box, const char* kind, Predicate is_refused, detail::refusal& why) {
  auto const& names = box.system_calls;
  auto const found = std::find_if(names.begin(), names.end(), is_refused);
  if (found == names.end()) return;
  why.ec = make_error_code(boost::system::errc::invalid_argument);
  why.gaps = {std::string{kind} + ": " + *found};
}

void refuse_gaps(std::vector<std::string>&& gaps, detail::refusal& why) {
  why.ec = error::sandbox_unsupported;
  why.gaps = std::move(gaps);
}

/// Adds the gaps of a child that may have processes.
void add_gaps_of_processes(std::vector<std::string>& gaps, const options& opts, bool limit_binds,
                           bool ends_tree) {
  if (opts.limits.processes && !limit_binds) gaps.emplace_back(no_process_limit);
  if (!ends_tree) gaps.emplace_back(no_end_of_tree);
}

/// Finds out what the system has for a sandbox, and refuses one that it cannot keep.
/// @param add_gaps adds what the system does not decide alone
template <class AddGaps>
support find_or_refuse(const sandbox& box, detail::refusal& why, AddGaps add_gaps) {
  why.step = "planning the sandbox";
  refuse_call(
      box, "a system call that no sandbox allows by name",
      [](const std::string& name) { return ask_for(name) == asked::never; }, why);
  if (why) return {};
  support found = find_support(box, why.ec);
  if (why) return found;
  if (found.built && box.processes) add_gaps(found);
  if (!found.built || (!found.gaps.empty() && box.enforce == enforcement::strict))
    refuse_gaps(std::move(found.gaps), why);
  return found;
}

/// Makes what both kinds of plan have.
/// @param scope what the ruleset is to cover
sandbox_plan make_plan(const sandbox& box, support&& found, ruleset_scope scope,
                       const filter_kind& kind, detail::refusal& why) {
  sandbox_plan plan;
  plan.gaps = std::move(found.gaps);
  sandbox_layer layer;
  scope.signals = scope.signals && found.has.landlock_version >= landlock_with_signals;
  if (scope.any() && found.has.landlock_version != 0) {
    std::vector<std::string> gaps;
    layer.ruleset = make_ruleset(box, scope, found.has.landlock_version, gaps, why.ec);
    if (why) {
      why.gaps = std::move(gaps);
      return plan;
    }
    for (auto& gap : gaps) plan.gaps.push_back(std::move(gap));
  }
  if (found.has.filter_error == 0) {
    layer.calls = make_filter(kind, why.ec);
    // Nothing but a name is invalid in a filter.
    if (why.ec == boost::system::errc::invalid_argument)
      refuse_call(
          box, "an unknown system call",
          [](const std::string& name) { return !is_system_call(name); }, why);
    if (why) return plan;
  }
  plan.layers.push_back(std::move(layer));
  plan.join = found.join;
  plan.process_namespace = found.process_namespace;
  plan.kept = kept_memory();
  plan.has_files = found.needs.files;
  plan.sets_attributes = kind.sets_attributes;
  return plan;
}

}  // namespace

sandbox_plan plan_sandbox(const options& opts, confined what, bool ends_tree,
                          detail::refusal& why) {
  sandbox const& box = *opts.sandbox;
  why.step = "planning the sandbox";
  if (opts.keep.all()) {
    why.ec = make_error_code(boost::system::errc::invalid_argument);
    return {};
  }
  support found = find_or_refuse(box, why, [&](support& found) {
    add_gaps_of_processes(found.gaps, opts, found.has.limits_processes,
                          ends_tree || found.process_namespace);
  });
  if (why) return {};
  filter_kind kind = kind_of(box, found);
  // A program has no handler that could report.
  kind.otherwise = answer_to_violations(box, opts.fault_report && what != confined::program);
  kind.brief = what == confined::callable;
  auto const scope = found.needs;
  return make_plan(box, std::move(found), scope, kind, why);
}

void add(sandbox_plan& plan, sandbox_plan&& inner) {
  for (auto& layer : inner.layers) plan.layers.push_back(std::move(layer));
  for (auto& gap : inner.gaps) plan.gaps.push_back(std::move(gap));
  // All children share the same ones.
  if (inner.join.network != -1) plan.join = inner.join;
  plan.process_namespace = plan.process_namespace || inner.process_namespace;
  plan.has_files = plan.has_files && inner.has_files;
  plan.sets_attributes = plan.sets_attributes && inner.sets_attributes;
}

std::optional<inheritable_sandbox> inheritable_sandbox::plan(const sandbox& box,
                                                             detail::refusal& why) {
  support found = find_or_refuse(box, why, [](const support&) {});
  if (why) return std::nullopt;
  if (found.process_namespace || found.join.user != -1 || found.has.filter_error != 0 ||
      found.has.landlock_version < landlock_with_signals)
    return std::nullopt;
  filter_kind kind = kind_of(box, found);
  kind.inherited = true;
  kind.otherwise = answer_to_violations(box, true);
  auto scope = found.needs;
  scope.signals = true;
  bool const binds = found.has.limits_processes;
  inheritable_sandbox made{make_plan(box, std::move(found), scope, kind, why)};
  if (why) return std::nullopt;
  made.strict_ = box.enforce == enforcement::strict;
  made.has_processes_ = box.processes;
  made.limits_processes_ = binds;
  return made;
}

sandbox_plan inheritable_sandbox::of_template(boost::system::error_code& ec) const {
  sandbox_plan plan;
  plan.role = sandbox_role::of_template;
  plan.join = whole_.join;
  sandbox_layer const& whole = whole_.layers.front();
  plan.layers.push_back({posix::duplicate(whole.ruleset.get(), ec), whole.calls});
  plan.kept = whole_.kept;
  return plan;
}

sandbox_plan inheritable_sandbox::of_child(const options& opts, bool ends_tree,
                                           detail::refusal& why) const {
  sandbox_plan plan;
  plan.role = sandbox_role::inherited;
  plan.has_files = whole_.has_files;
  plan.sets_attributes = whole_.sets_attributes;
  plan.gaps = whole_.gaps;
  if (has_processes_) add_gaps_of_processes(plan.gaps, opts, limits_processes_, ends_tree);
  if (strict_ && !plan.gaps.empty()) refuse_gaps(std::move(plan.gaps), why);
  return plan;
}

}  // namespace isolatte::inline v0_1::confine
