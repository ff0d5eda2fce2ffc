// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_CONFINE_FILTER_HPP
#define ISOLATTE_LIB_CONFINE_FILTER_HPP

#include "posix/system_calls.hpp"

#include <boost/system/error_code.hpp>

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

// A sandbox needs an architecture whose system calls the lists know, and libseccomp, which knows
// their numbers.
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__)) && !defined(__ILP32__)
#define ISOLATTE_HAS_FILTERS 1
#include <linux/filter.h>
#else
#define ISOLATTE_HAS_FILTERS 0
struct sock_filter {
  std::uint16_t code;
  std::uint8_t jt;
  std::uint8_t jf;
  std::uint32_t k;
};
#endif
#if ISOLATTE_HAS_FILTERS && ISOLATTE_HAS_PIDFD && defined(ISOLATTE_HAS_SECCOMP)
#define ISOLATTE_HAS_SANDBOX 1
#else
#define ISOLATTE_HAS_SANDBOX 0
#endif

namespace isolatte::inline v0_1::confine {

/// The answer to a call that a filter does not allow.
enum class forbidden {
  /// SIGSYS, which a handler can report.
  trap,
  /// SIGSYS, which kills at once.
  kill,
  /// EPERM.
  refuse,
};

/// The rights that a filter leaves; filters of one kind are the same.
struct filter_kind {
  bool paths = false;
  /// Whether some of them may be written.
  bool writes = false;
  /// Whether permissions and times of every file that can be opened may be changed.
  bool sets_attributes = false;
  bool sockets = false;
  /// Whether the sockets are those of TCP alone.
  bool tcp_only = false;
  bool listens = true;
  bool processes = false;
  bool executes = false;
  /// Whether the child cannot leave its PID namespace, so that it may have sessions and groups.
  bool contained = false;
  /// Whether a template loads it, for children that inherit it: code that has the pass may do more,
  /// and signals are left to Landlock, since a child's number is not known.
  bool inherited = false;
  /// Whether Landlock does not cover truncation, so that the filter has to.
  bool guards_truncation = false;
  /// Whether the process under the filter lives for one job. Loading the filter costs less then,
  /// and each of its calls more.
  bool brief = false;
  forbidden otherwise = forbidden::trap;
  /// Names of calls that are allowed besides; sorted, each once.
  std::vector<std::string> names;

  auto operator<=>(const filter_kind&) const = default;
};

/// A filter of system calls as the kernel takes it. A child replaces what its marks name.
struct filter {
  std::vector<sock_filter> instructions;
  /// The instructions that compare with the child's own number.
  std::vector<std::uint16_t> pid_marks;
  /// The instructions that compare with the child's leash.
  std::vector<std::uint16_t> leash_marks;
  /// The instructions that compare with the pass: with its lower half and its upper half in turn.
  std::vector<std::uint16_t> pass_marks;
};

/// Makes a filter, or finds one of the same kind that has been made: making one takes milliseconds.
/// @param ec `invalid_argument` if a name is unknown
std::shared_ptr<filter> make_filter(const filter_kind& kind, boost::system::error_code& ec);

/// Whether a system call has this name.
bool is_system_call(const std::string& name) noexcept;

/// The name of a system call, "#600" if it has none, "" without libseccomp.
std::string name_of_call(int number);

}  // namespace isolatte::inline v0_1::confine

#endif
