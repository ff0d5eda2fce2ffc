// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_PRELOAD_HPP
#define ISOLATTE_LIB_POSIX_CHILD_PRELOAD_HPP

#include <isolatte/detail/task/remote_call.hpp>

#include <cstdint>
#include <type_traits>
#include <vector>

namespace isolatte::inline v0_1::posix {

/// The things that a template does once before it stands ready.
struct preload_plan {
  /// Null: nothing.
  const detail::remote_call* call = nullptr;
  bool huge_pages = false;
};

/// The message of a template that has preloaded and stands ready.
struct preload_result {
  std::uint64_t huge_bytes = 0;
  /// Whether the call has left processes, which are children of the template, in its group.
  std::uint64_t left_processes = 0;
};
static_assert(std::has_unique_object_representations_v<preload_result>);

/// Runs the call of the plan in this process, a template, and moves the state that it leaves into
/// huge pages. A process that the call forks and that returns from it ends here.
/// @param socket the template's end of its socket, which the call must not close
/// @param leash_number a number that no descriptor of the call's may get, or -1
/// @throws what the call throws; `std::runtime_error` if it leaves threads, or no socket
preload_result preload(const preload_plan& plan, int socket, int leash_number);

/// The numbers of the descriptors that the call has opened, which are part of each child's state.
const std::vector<int>& preloaded_descriptors() noexcept;

/// Whether this template reaps by SIGCHLD's disposition what the call has left, which a child of
/// the template is not to inherit.
bool reaps_left_processes() noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
