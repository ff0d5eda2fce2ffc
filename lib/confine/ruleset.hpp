// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_CONFINE_RULESET_HPP
#define ISOLATTE_LIB_CONFINE_RULESET_HPP

#include "posix/descriptor.hpp"

#include <isolatte/sandbox.hpp>

#include <boost/system/error_code.hpp>

#include <string>
#include <vector>

namespace isolatte::inline v0_1::confine {

/// The subjects that a Landlock ruleset is to cover.
struct ruleset_scope {
  bool files = false;
  bool tcp_ports = false;
  /// Signals to processes outside, and abstract Unix sockets of theirs.
  bool signals = false;
  /// The files that binding a Unix socket makes. A child may have inherited one.
  bool socket_files = false;

  bool any() const noexcept { return files || tcp_ports || signals || socket_files; }
};

/// The version of Landlock that the kernel offers, or 0 with an error.
int landlock_version(boost::system::error_code& ec) noexcept;

/// The versions from which Landlock covers what its name says.
constexpr int landlock_with_truncation = 3;
constexpr int landlock_with_tcp = 4;
constexpr int landlock_with_signals = 6;

/// Makes a ruleset by which Landlock restricts a child to what a sandbox lists.
///
/// A path to be read or executed that is missing is an error with enforcement::strict alone. A path
/// that leads into the folder of one process below /proc is `invalid_argument`: it would mean that
/// of this program.
///
/// @param gaps takes a line for each path that cannot be used
/// @param version that of the kernel, at least 1; what it does not cover is left out
posix::descriptor make_ruleset(const sandbox& box, const ruleset_scope& scope, int version,
                               std::vector<std::string>& gaps, boost::system::error_code& ec);

}  // namespace isolatte::inline v0_1::confine

#endif
