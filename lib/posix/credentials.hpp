// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CREDENTIALS_HPP
#define ISOLATTE_LIB_POSIX_CREDENTIALS_HPP

#include <boost/system/error_code.hpp>

#include <array>
#include <cstdint>
#include <vector>

namespace isolatte::inline v0_1::posix {

/// A process's users, groups and capabilities.
struct credentials {
  /// Real, effective, saved.
  std::array<std::uint32_t, 3> users{};
  std::array<std::uint32_t, 3> groups{};
  /// Effective, permitted, inheritable.
  std::array<std::uint64_t, 3> capabilities{};
  std::vector<std::uint32_t> supplementary;

  bool operator==(const credentials&) const = default;

  /// Reads what this process has.
  static credentials own(boost::system::error_code& ec);
};

/// Drops every capability of this thread.
/// @return whether it worked; errno tells why not
bool drop_capabilities() noexcept;

/// Has this process, which has one thread, take on exactly these.
/// @return false, with errno, if it may not
bool take_on(const credentials& wanted) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
