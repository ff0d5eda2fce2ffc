// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/adapted_options.hpp"

#include "posix/child/child_setup.hpp"
#include "posix/this_process.hpp"

#include <variant>

namespace isolatte::inline v0_1::launch {

namespace {

bool shares_terminal(const options& opts) noexcept {
  if (std::holds_alternative<inherit_t>(opts.in)) return posix::is_in_foreground_of(0);
  auto const* const given = std::get_if<from_fd>(&opts.in);
  return given != nullptr && posix::is_in_foreground_of(given->fd);
}

}  // namespace

std::unique_ptr<options> adapted(const options& opts, bool is_job) {
  using posix::confinement;
  auto const within = posix::own_confinement();
  bool const by_group = within == confinement::alone || within == confinement::by_group;
  bool const by_end = within == confinement::by_group || within == confinement::by_namespace;
  bool const leads = opts.kill_tree && !by_group && (is_job || !shares_terminal(opts));
  bool const dies = opts.die_with_parent && !by_end;
  if (leads == opts.kill_tree && dies == opts.die_with_parent) return nullptr;
  auto changed = std::make_unique<options>(opts);
  changed->kill_tree = leads;
  changed->die_with_parent = dies;
  return changed;
}

bool ends_tree(const options& opts) noexcept {
  auto const within = posix::own_confinement();
  return opts.kill_tree || within == posix::confinement::by_group ||
         within == posix::confinement::by_namespace;
}

}  // namespace isolatte::inline v0_1::launch
