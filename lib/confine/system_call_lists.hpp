// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_CONFINE_SYSTEM_CALL_LISTS_HPP
#define ISOLATTE_LIB_CONFINE_SYSTEM_CALL_LISTS_HPP

#include <span>
#include <string_view>

namespace isolatte::inline v0_1::confine {

/// A system call by name.
struct named_call {
  std::string_view name;
  /// Its number on every architecture if it is one of those since Linux 5.1, else -1. A name that
  /// the installed libseccomp does not know is found by it.
  int number = -1;
};

/// A system call that fails with an errno of its own.
struct refused_call {
  named_call call;
  int error;
};

/// The newest call that the lists know, by number. Calls with higher numbers fail with ENOSYS, so
/// that a newer C library falls back.
constexpr int newest_call = 469;

/// Calls that every sandbox allows.
std::span<const named_call> base_calls() noexcept;
/// Calls that take paths: allowed if a path is listed, else EACCES.
std::span<const named_call> path_calls() noexcept;
/// Calls for sockets, allowed with a network.
std::span<const named_call> socket_calls() noexcept;
/// Calls for other processes, allowed with sandbox::processes.
std::span<const named_call> process_calls() noexcept;
/// Calls that execute a program.
std::span<const named_call> execute_calls() noexcept;
/// Calls that code tries and does without.
std::span<const refused_call> refused_calls() noexcept;

/// The answer to a user who asks for a call by name.
enum class asked {
  /// No list has it; the name may be unknown.
  unlisted,
  /// Allowed, with whatever arguments.
  allowed,
  /// The call would undo a sandbox.
  never,
};
asked ask_for(std::string_view name) noexcept;

/// Whether a call finds a file by its path.
bool takes_path(std::string_view name) noexcept;
/// The number in the lists of a call that is as new as that, else -1.
int number_of_new_call(std::string_view name) noexcept;
/// The name in the lists of a call that is as new as that, else nothing.
std::string_view name_of_new_call(int number) noexcept;

}  // namespace isolatte::inline v0_1::confine

#endif
