// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_SANDBOX_MESSAGE_HPP
#define ISOLATTE_LIB_POSIX_CHILD_SANDBOX_MESSAGE_HPP

#include "confine/sandbox_plan.hpp"

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace isolatte::inline v0_1::posix {

// A plan of a sandbox travels to a template as the bytes of the filters, their marks and the memory
// that is kept, and with descriptors: those of the namespaces and the rulesets, as far as there are
// any.

/// Appends the plan's bytes, and its descriptors in the order in which they are sent.
void append(std::vector<std::byte>& bytes, std::vector<int>& descriptors,
            const confine::sandbox_plan& plan);

/// Takes the plan off the front of a message.
/// @param next hands out the next descriptor, which stays the caller's
/// @param release hands out the next descriptor, which the plan then owns
template <class Next, class Release>
confine::sandbox_plan take_sandbox(std::span<const std::byte>& rest, Next next, Release release,
                                   boost::system::error_code& ec);

/// The part of a plan that is bytes, and which descriptors go with it.
struct sandbox_parts {
  confine::sandbox_plan plan;
  /// For each layer.
  std::vector<bool> has_ruleset;
  bool joins_user = false;
  bool joins_network = false;
  bool joins_ipc = false;
};
sandbox_parts take_parts(std::span<const std::byte>& rest, boost::system::error_code& ec);

template <class Next, class Release>
confine::sandbox_plan take_sandbox(std::span<const std::byte>& rest, Next next, Release release,
                                   boost::system::error_code& ec) {
  sandbox_parts parts = take_parts(rest, ec);
  auto const take = [&](bool whether) { return whether && !ec ? next(ec) : -1; };
  parts.plan.join.user = take(parts.joins_user);
  parts.plan.join.network = take(parts.joins_network);
  parts.plan.join.ipc = take(parts.joins_ipc);
  for (std::size_t i = 0; i != parts.has_ruleset.size() && !ec; ++i)
    if (parts.has_ruleset[i]) parts.plan.layers[i].ruleset.reset(release(ec));
  return std::move(parts.plan);
}

}  // namespace isolatte::inline v0_1::posix

#endif
