// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_STANDBY_CHILD_HPP
#define ISOLATTE_LIB_LAUNCH_STANDBY_CHILD_HPP

#include "launch/child_birth.hpp"
#include "launch/fork_message.hpp"
#include "posix/child_page.hpp"
#include "posix/child_process.hpp"
#include "posix/descriptor.hpp"

#include <boost/system/error_code.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace isolatte::inline v0_1::launch {

/// A child that a template makes before it is known what the child will run, from its order on.
///
/// A child that is not used is ended and reaped with this object, which has to be destroyed after
/// the template can no longer make the child.
class standby_child {
 public:
  /// @param order becomes what the template is to be sent
  standby_child(std::uint64_t id, fork_message& order, boost::system::error_code& ec);
  standby_child(standby_child&& other) noexcept;
  standby_child& operator=(standby_child&&) = delete;

  std::uint64_t id() const noexcept { return id_; }
  /// Whether the template has made it.
  bool is_there() const noexcept { return page_.pid() != 0; }

  /// Tells it what to run. To be called when it is there.
  /// @return the child; nothing if it could not be told
  std::optional<forked_child> employ(const fork_message& request, bool leads_group);

 private:
  std::uint64_t id_;
  posix::child_page page_;
  std::shared_ptr<posix::child_process> process_;
  posix::descriptor link_;
};

}  // namespace isolatte::inline v0_1::launch

#endif
