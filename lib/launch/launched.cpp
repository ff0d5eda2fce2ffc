// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/launched.hpp"

#include "posix/child/child_setup.hpp"
#include "posix/this_process.hpp"

#include <utility>
#include <variant>

namespace isolatte::inline v0_1::launch {

namespace {

bool shares_terminal(const options& opts) noexcept {
  if (std::holds_alternative<inherit_t>(opts.in)) return posix::is_in_foreground_of(0);
  auto const* const given = std::get_if<from_fd>(&opts.in);
  return given != nullptr && posix::is_in_foreground_of(given->fd);
}

}  // namespace

std::optional<options> adapted(const options& opts) {
  using posix::confinement;
  auto const within = posix::own_confinement();
  bool const by_group = within == confinement::alone || within == confinement::by_group;
  bool const by_end = within == confinement::by_group || within == confinement::by_namespace;
  bool const leads = opts.kill_tree && !by_group && !shares_terminal(opts);
  bool const dies = opts.die_with_parent && !by_end;
  if (leads == opts.kill_tree && dies == opts.die_with_parent) return std::nullopt;
  options changed = opts;
  changed.kill_tree = leads;
  changed.die_with_parent = dies;
  return changed;
}

launched::launched(const boost::asio::any_io_executor& executor, const options& opts,
                   supervise::symbolise_function symbolise, detail::report_handler waiting)
    : refused{{}, "opening the child's streams"} {
  try {
    supervisor = supervise::supervisor::make(executor, opts, posix::inherited_streams::parents,
                                             std::move(symbolise), refused.ec);
  } catch (...) {
    // An event loop opens its own descriptors when it is first used.
    refused.ec = detail::error_of_caught();
  }
  if (refused)
    handler.emplace(std::move(waiting));
  else if (waiting)
    supervisor->async_own(std::move(waiting));
}

void launched::take(forked_child made) noexcept {
  if (!refused) child = std::move(made);
}

void launched::begin() {
  supervisor->set_gaps(std::move(child.gaps));
  supervisor->begin(std::move(child.process), std::move(child.page));
}

void launched::begin_or_refuse(const boost::asio::any_io_executor& executor) {
  if (!refused) return begin();
  if (supervisor) {
    supervisor->set_gaps(std::move(refused.gaps));
    return supervisor->refuse(refused.ec, refused.step);
  }
  supervise::complete_refused(executor, std::move(*handler), refused);
}

}  // namespace isolatte::inline v0_1::launch
