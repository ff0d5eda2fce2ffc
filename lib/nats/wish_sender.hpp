// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_WISH_SENDER_HPP
#define ISOLATTE_LIB_NATS_WISH_SENDER_HPP

#include "nats/link/server_link.hpp"
#include "nats/logic/words.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::nats {

/// Tells the hosts what a farm wishes of its jobs. Wishes that do not arrive are told again, since
/// the machines of the jobs ask for that.
class wish_sender {
 public:
  /// @param subject that of requests to the hosts
  wish_sender(link::server_link& through, std::string subject, std::string submitter);

  /// To be told with the next flush(). Waits for memory.
  void tell(std::uint64_t job, logic::wish what);
  /// If there is no connection, forgets what is to be told.
  void flush();
  /// Tells that the submitter is gone. If it does not arrive, hosts run the jobs for nothing.
  void say_farewell() noexcept;

 private:
  link::server_link& link_;
  std::string const subject_;
  std::string const submitter_;
  /// Jobs by the wish.
  std::array<std::vector<std::uint64_t>, static_cast<std::size_t>(logic::last_wish) + 1> to_tell_;
};

}  // namespace isolatte::inline v0_1::nats

#endif
