// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_STANDBY_CHILD_HPP
#define ISOLATTE_LIB_LAUNCH_STANDBY_CHILD_HPP

#include "posix/child/fork_request.hpp"
#include "posix/child_page.hpp"
#include "posix/child_process.hpp"
#include "posix/descriptor.hpp"

#include <boost/system/error_code.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace isolatte::launch {

/// A child that a fork server makes before it is known what it will run, from its order on.
///
/// Not used, it is ended and reaped with this object: to be destroyed where the server can make it
/// no more.
class standby_child {
 public:
  /// @param order becomes what the server is to be sent
  standby_child(std::uint64_t id, posix::fork_message& order, boost::system::error_code& ec);
  standby_child(standby_child&& other) noexcept;
  standby_child& operator=(standby_child&&) = delete;

  std::uint64_t id() const noexcept { return id_; }
  /// Whether the server has made it.
  bool is_there() const noexcept { return page_.pid() != 0; }

  /// A child that is the caller's from now on.
  struct employed {
    std::shared_ptr<posix::child_process> process;
    posix::child_page page;
  };
  /// Tells it what to run. To be called when it is there.
  /// @return nothing where it cannot be told
  std::optional<employed> employ(const posix::fork_message& request, bool leads_group);

 private:
  std::uint64_t id_;
  posix::child_page page_;
  std::shared_ptr<posix::child_process> process_;
  posix::descriptor link_;
};

}  // namespace isolatte::launch

#endif
