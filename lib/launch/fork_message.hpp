// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_FORK_MESSAGE_HPP
#define ISOLATTE_LIB_LAUNCH_FORK_MESSAGE_HPP

#include "confine/sandbox_plan.hpp"
#include "posix/child_ends.hpp"
#include "posix/code_address.hpp"
#include "posix/descriptor.hpp"
#include "posix/leash.hpp"

#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/options.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::launch {

/// A request to a template, or to a standby child, ready to be sent however long that takes: it
/// owns what it refers to.
struct fork_message {
  std::vector<std::byte> bytes;
  /// In the order in which they are sent. Standard streams that are inherited are not owned.
  std::vector<int> order;
  std::vector<posix::descriptor> owned;
  /// The promises that the child's sandbox does not keep.
  std::vector<std::string> gaps;
  /// Whether the child is made in a PID namespace of its own.
  bool contained = false;
  /// The leash that the child is to have.
  posix::leash_kind leash = posix::leash_kind::pipe;

  /// Whether a standby child, whose leash is a pipe, can be told.
  bool suits_standby() const noexcept { return !contained && leash == posix::leash_kind::pipe; }

  /// Adds what a template needs and a standby child has: the child's page, and its leash if it is
  /// to have one.
  void lead_with(posix::descriptor page, posix::descriptor leash);
  /// Says where the template has the child's number written.
  void set_birth_place(std::uint16_t place) noexcept;
};

/// Whether a child enters its sandbox before it runs the call, or the call does, once it is ready.
enum class sandboxed { before_the_call, by_the_call };

/// The sandbox of all children of a template. Their own sandboxes come on top.
struct common_sandbox {
  sandbox box;
  /// Nothing if each child has to enter it by itself.
  std::optional<confine::inheritable_sandbox> inherited;
};

/// A call of which a template can tell whether it has the functions.
struct located_call {
  posix::code_address entry;
  /// Address 0 if the arguments name no function.
  posix::code_address function;
  std::span<const std::byte> arguments;
  std::span<const int> descriptors{};
};

/// Asks the loader, whose locks another thread may hold for long.
located_call locate(const detail::remote_call& call) noexcept;

/// Puts a request together, without page and leash. After an error it has the gaps alone.
/// @param around null if the template has no sandbox
fork_message make_request(std::uint64_t id, const located_call& call, const posix::child_ends& ends,
                          const options& opts, sandboxed when, const common_sandbox* around,
                          boost::system::error_code& ec);

/// Puts the request of a template to a seed together: it enters this sandbox, or none, by the call,
/// and has the seed's credentials, which are those of the program when the server was made.
fork_message make_template_request(std::uint64_t id, const located_call& call,
                                   const posix::child_ends& ends, const options& opts,
                                   const confine::sandbox_plan* sandbox,
                                   boost::system::error_code& ec);

enum class ordered { standby_child, copy_of_template };

/// Puts an order together.
/// @param link the process's end of the socket over which it will be told what to do
fork_message make_order(ordered what, std::uint64_t id, posix::descriptor page,
                        posix::descriptor leash, posix::descriptor link);

/// Puts the message together that brings a template the memory for the numbers of its children.
fork_message make_birth_order(posix::descriptor numbers);

}  // namespace isolatte::inline v0_1::launch

#endif
