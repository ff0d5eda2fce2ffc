// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_STREAM_KEEPER_HPP
#define ISOLATTE_LIB_NATS_STREAM_KEEPER_HPP

#include "logic/moment.hpp"
#include "nats/link/server_link.hpp"
#include "nats/settings.hpp"
#include "nats/stream_setup.hpp"

#include <cstdint>
#include <string>

namespace isolatte::inline v0_1::nats {

using isolatte::logic::moment;

/// Sets the streams of a farm up as often as it takes.
class stream_keeper {
 public:
  class owner {
   public:
    /// @param created when the stream JOBS was made
    /// @param made a stream was not there before
    virtual void streams_found(std::int64_t created, bool made) = 0;
    /// They cannot be had now: the next attempt comes at wake_at().
    virtual void streams_missing() = 0;
    /// So it is, and the server says that it will not have them.
    virtual void streams_refused(const std::string& why) = 0;

   protected:
    ~owner() = default;
  };

  /// @param link is stopped before this is destroyed
  /// @param deliver_to the subject to which the server sends results
  stream_keeper(link::server_link& link, const settings& what, std::string submitter,
                std::string deliver_to, owner& to);

  /// The link is up.
  void connect();
  /// The link is down. Nothing comes of what is under way.
  void disconnect() noexcept;
  /// Something says that the streams are gone.
  void set_up_later();

  void wake(moment now);
  moment wake_at() const noexcept { return set_up_at_; }

 private:
  void set_up();
  void heed(const stream_setup::result& what);

  link::server_link& link_;
  const settings& settings_;
  std::string const submitter_;
  std::string const deliver_to_;
  owner& owner_;
  /// Counts the attempts: news of an earlier one is not heard.
  std::uint64_t number_ = 0;
  unsigned failures_ = 0;
  moment set_up_at_ = moment::max();
};

}  // namespace isolatte::inline v0_1::nats

#endif
