// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SANDBOX_HPP
#define ISOLATTE_SANDBOX_HPP

#include <isolatte/config.hpp>
#include <isolatte/program.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace isolatte::inline v0_1 {

/// The type of @ref no_network.
struct no_network_t {
  /// Compares.
  /// @return true
  bool operator==(const no_network_t&) const noexcept = default;
};

/// The type of @ref any_network.
struct any_network_t {
  /// Compares.
  /// @return true
  bool operator==(const any_network_t&) const noexcept = default;
};

/// Gives a sandboxed child no network.
inline constexpr no_network_t no_network{};

/// Gives a sandboxed child TCP and UDP, with any address. Unix sockets are not among them.
inline constexpr any_network_t any_network{};

/// Gives a sandboxed child TCP with the ports that are listed, at any address. Needs Landlock ABI 4
/// (Linux 6.7).
struct tcp {
  /// The ports that the child may connect to.
  std::vector<std::uint16_t> connect{};
  /// The ports that the child may bind to; without any, the child cannot listen either.
  std::vector<std::uint16_t> bind{};
};

/// The network that a sandboxed child has.
using network_access = std::variant<no_network_t, tcp, any_network_t>;

/// The answer to a system that cannot keep a promise of a sandbox.
enum class enforcement {
  /// The operation is an error, error::sandbox_unsupported, and nothing runs.
  strict,
  /// The child runs, and outcome_base::gaps names the promises that did not hold.
  best_effort,
};

/// The answer to a system call that a sandbox does not allow.
enum class violation {
  /// The child dies of SIGSYS: the outcome is ending::faulted, and fault_info::system_call names
  /// the call.
  faults,
  /// The call fails with `EPERM`, or with the errno that it has in any case, and the child goes on.
  /// A call of another architecture is SIGSYS all the same.
  refused,
};

/// The namespaces that a sandboxed child has to itself. Each is unsupported where the kernel or an
/// administrator forbids it, as most containers do.
struct isolation {
  /// A PID namespace: the child can reach no other process, and no process that it makes outlives
  /// it. Files in `/proc`, if they may be read, still tell of others.
  bool processes = false;
  /// An empty network (and IPC) namespace, which all such children of this program share.
  bool network = false;
};

/// The rights of a child whose code is not trusted. Everything else is forbidden.
///
/// An aggregate for designated initialisers, every member with a default.
///
/// @code
/// isolatte::async_fork(ex, [&] { return parse(text); },
///                      {.timeout = 2s, .sandbox = isolatte::sandbox::pure()}, token);
/// isolatte::async_fork(
///     ex, render,
///     {.sandbox = isolatte::sandbox{.read = {"/usr/share/fonts"}, .write = {out}}}, token);
/// @endcode
///
/// A forked child is a copy of this program, so it can read every secret that was in memory. A
/// sandbox keeps the child from passing secrets on, except by its result, its output and its
/// timing. The children of a @ref fork_server that was made before the secrets were loaded do not
/// have them. Memory of this program that is shared and writable is unmapped in the child, unless
/// @ref keep_in_sandboxes names it.
///
/// Landlock keeps the rights to files, seccomp the rights to system calls. Privileges are dropped
/// in any case. Rights add up: what one list grants no other list takes back, so there is no list
/// of paths to deny. Rights belong to the files that the paths named when the operation was
/// initiated.
///
/// Not limited here are memory, processor time, output and disk space below @ref write. See
/// options::timeout, options::limits and @ref capture.
struct sandbox {
  /// Paths that may be read, with everything beneath.
  std::vector<std::filesystem::path> read{};
  /// Paths beneath which files may be read, written, created, renamed and removed, but not
  /// executed. A path that does not exist is an error.
  std::vector<std::filesystem::path> write{};
  /// Paths that may be read and executed, with everything beneath. `execve` is allowed if there is
  /// one.
  std::vector<std::filesystem::path> execute{};
  /// The network.
  network_access network = no_network;
  /// The child may make processes. They have the same sandbox, and cannot leave the child's group.
  bool processes = false;
  /// Names of system calls that are allowed besides those that the members above need. A name that
  /// is unknown, or of a call that would undo the sandbox or whose arguments the sandbox looks at,
  /// such as `socket`, is `EINVAL`.
  std::vector<std::string> system_calls{};
  /// Namespaces.
  isolation isolate{};
  /// The answer to a forbidden system call. Files that are not listed are `EACCES` in any case.
  violation on_violation = violation::faults;
  /// The answer to a system that cannot keep a promise.
  enforcement enforce = enforcement::strict;

  /// Lets the child compute, and no more: no files, no network, no processes.
  /// @return the sandbox
  static sandbox pure() { return {}; }

  /// Lets the child read files.
  /// @param paths files and directories, see @ref read
  /// @return the sandbox
  /// @par Exception safety
  /// Does not throw, except for copying the argument.
  static sandbox reader(std::vector<std::filesystem::path> paths) {
    sandbox box;
    box.read = std::move(paths);
    return box;
  }

  /// Lets the child change files.
  /// @param paths files and directories, see @ref write
  /// @return the sandbox
  /// @par Exception safety
  /// Does not throw, except for copying the argument.
  static sandbox writer(std::vector<std::filesystem::path> paths) {
    sandbox box;
    box.write = std::move(paths);
    return box;
  }

  /// Lets a program run, by isolatte::async_execute. That takes its file, its interpreters, the
  /// directories in which the dynamic linker finds libraries, and `/dev/null`.
  ///
  /// The program's file is looked up as async_execute does. One that is not found leaves a sandbox
  /// in which no program can be executed.
  ///
  /// @param what the program
  /// @param read what the program may read besides, see @ref read
  /// @return the sandbox
  /// @par Exception safety
  /// Strong guarantee: `std::bad_alloc`.
  ISOLATTE_DECL static sandbox program(const isolatte::program& what,
                                       std::vector<std::filesystem::path> read = {});
};

/// The sandboxes that this system can enforce; see @ref sandbox_support.
class sandbox_abilities {
 public:
  /// Names the promises of a sandbox that this system cannot keep, each with the cause:
  /// "no file access control: Landlock is not enabled in this kernel (lsm=)".
  ///
  /// Each mechanism that the sandbox needs is tried in a child process, once in a program's life.
  ///
  /// @param box the sandbox
  /// @return the gaps; none if the sandbox holds
  /// @throws boost::system::system_error when no child can be made to try
  /// @par Exception safety
  /// Strong guarantee.
  /// @par Thread safety
  /// Safe from any thread.
  ISOLATTE_DECL std::vector<std::string> gaps(const sandbox& box) const;
};

/// Tells what sandboxes this system can enforce.
///
/// @code
/// if (auto const gaps = isolatte::sandbox_support().gaps(box); !gaps.empty())
///   std::cerr << gaps.front() << '\n';
/// @endcode
///
/// @return the abilities
/// @par Thread safety
/// Safe from any thread.
inline sandbox_abilities sandbox_support() noexcept { return {}; }

/// Lets sandboxed children keep memory that is shared with this program and writable. All other
/// such memory is unmapped in them: what a child writes there changes this program.
///
/// @param data the beginning of the memory
/// @param size its size in bytes; 0 takes back what an earlier call with the same beginning said
/// @par Exception safety
/// Strong guarantee: `std::bad_alloc`.
/// @par Thread safety
/// Safe from any thread.
ISOLATTE_DECL void keep_in_sandboxes(const void* data, std::size_t size);

}  // namespace isolatte::inline v0_1

#endif
