// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_CONFINE_SUPPORT_HPP
#define ISOLATTE_LIB_CONFINE_SUPPORT_HPP

#include "confine/ruleset.hpp"
#include "confine/trials.hpp"

#include <isolatte/sandbox.hpp>

#include <boost/system/error_code.hpp>

#include <string>
#include <vector>

namespace isolatte::inline v0_1::confine {

/// The mechanisms that a sandbox takes, and those that the system has.
struct support {
  /// Whether the library can make a sandbox at all.
  bool built = false;
  mechanisms has;
  /// The subjects for which Landlock is needed, whether or not it is there.
  ruleset_scope needs;
  bool process_namespace = false;
  network_namespaces join;
  /// The promises that cannot be kept, with their causes.
  std::vector<std::string> gaps;
};

/// @param ec why it cannot be found out
support find_support(const sandbox& box, boost::system::error_code& ec);

}  // namespace isolatte::inline v0_1::confine

#endif
