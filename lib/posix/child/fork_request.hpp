// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_FORK_REQUEST_HPP
#define ISOLATTE_LIB_POSIX_CHILD_FORK_REQUEST_HPP

#include "posix/child_ends.hpp"
#include "posix/code_address.hpp"
#include "posix/descriptor.hpp"

#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/options.hpp>
#include <isolatte/resource_limits.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace isolatte::posix {

/// What a fork server is asked for. Behind it in the message: the numbers of the descriptors to
/// keep, and the arguments unless they are in a file of their own. With it, in this order: the
/// child's page, its result channel, its standard streams as far as they are given, the file with
/// the arguments, the descriptors to keep.
///
/// A child that is ordered ahead of need is sent the same later, without the page.
struct fork_request {
  std::uint64_t id = 0;
  /// An order of a child that is to wait for what it will run. With it: the child's page, and its
  /// end of the link over which it will be told.
  bool ahead = false;
  code_address entry;
  code_address function;
  std::uint64_t arguments_size = 0;
  std::uint32_t kept = 0;
  bool given[3] = {};
  bool arguments_in_file = false;
  bool lead_group = true;
  bool report_faults = true;
  bool die_with_parent = true;
  int group = 0;
  std::uint64_t max_result = 0;
  resource_limits limits;
};
static_assert(std::is_trivially_copyable_v<fork_request>);

/// What became of it.
struct fork_reply {
  std::uint64_t id = 0;
  /// The child's number, or 0.
  int pid = 0;
  /// Why there is none: an errno, or 0 for a function that is not there.
  int error = 0;
  /// When it was made, by the steady clock.
  std::int64_t began = 0;
};
static_assert(std::is_trivially_copyable_v<fork_reply>);

/// A request that is ready to be sent, however long that takes: it owns what it refers to.
struct fork_message {
  std::vector<std::byte> bytes;
  /// In the order in which they are sent; those of the standard streams that are inherited are not
  /// owned.
  std::vector<int> order;
  std::vector<descriptor> owned;

  /// Adds the child's page, which comes first.
  void lead_with(descriptor page);
};

/// Puts a request together, without the page.
fork_message make_fork_message(std::uint64_t id, const detail::remote_call& call,
                               const child_ends& ends, const options& opts,
                               boost::system::error_code& ec);

/// An order of a child ahead of need.
fork_message make_order(std::uint64_t id, descriptor page, descriptor link);

}  // namespace isolatte::posix

#endif
