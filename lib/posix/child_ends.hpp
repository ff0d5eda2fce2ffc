// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_ENDS_HPP
#define ISOLATTE_LIB_POSIX_CHILD_ENDS_HPP

#include "posix/descriptor.hpp"

#include <isolatte/detail/vocabulary/talk_needs.hpp>
#include <isolatte/options.hpp>

#include <boost/system/error_code.hpp>

namespace isolatte::inline v0_1::posix {

/// The child's ends of its streams and its result channel, open in the parent until the child
/// exists. An empty standard stream is inherited: from this process, or from the template that
/// makes the child.
struct child_ends {
  descriptor in;
  descriptor out;
  descriptor err;
  descriptor channel;
  /// The socket of the conversation, if there is one.
  descriptor talk;
  detail::talk_needs needs{};
};

/// The parent's ends: the result channel, and the streams that are read here. A discarded one is,
/// if there is no null device.
struct parent_ends {
  descriptor channel;
  descriptor out;
  descriptor err;
};

struct all_ends {
  child_ends child;
  parent_ends parent;
};

/// The standard streams of a child that is given no others: this process's, or the null device if a
/// template makes the child.
enum class inherited_streams { parents, null_device };

/// Opens the streams that the options name, as far as the child does not have them, and the result
/// channel.
/// @return everything, or an error and nothing
all_ends open_ends(const options& opts, inherited_streams inherited, boost::system::error_code& ec);

}  // namespace isolatte::inline v0_1::posix

#endif
