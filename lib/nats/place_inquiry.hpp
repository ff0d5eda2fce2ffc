// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_PLACE_INQUIRY_HPP
#define ISOLATTE_LIB_NATS_PLACE_INQUIRY_HPP

#include "logic/moment.hpp"
#include "nats/link/memory.hpp"
#include "nats/link/server_link.hpp"
#include "nats/logic/audit.hpp"
#include "nats/logic/farm_job.hpp"
#include "nats/wire/jetstream.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isolatte::inline v0_1::nats {

using isolatte::logic::moment;

/// Hears what has become of messages.
class inquiry_events {
 public:
  /// @param delivered the consumer has passed the message
  /// @param deliveries so often it has handed out any message
  virtual void delivery_known(std::uint64_t job, std::uint32_t attempt, bool delivered,
                              std::uint64_t deliveries) = 0;
  virtual void message_removed(std::uint64_t parcel) = 0;
  virtual void examined(std::uint64_t job, std::uint32_t attempt, logic::finding what) = 0;
  /// The stream is gone, or another one has its name. Nothing is asked until begin() is called.
  virtual void stream_gone() = 0;
  /// Called after all that one answer says, or when none has come: wake_at() may be another moment.
  virtual void inquiry_changed() = 0;

 protected:
  ~inquiry_events() = default;
};

/// Asks the server about messages of the stream JOBS. Questions that come in one event, or while
/// others are under way, are asked together. A question without an answer is asked again.
///
/// Between a deletion and the question that follows, hosts may make the consumer pass the place,
/// and then the server does not say whether one has had the message. So a few messages are deleted
/// at a time, those first to which the hosts would have come last.
class place_inquiry {
 public:
  /// @param link is stopped before this is destroyed
  place_inquiry(link::server_link& link, inquiry_events& to, std::string stream,
                std::chrono::nanoseconds lease);

  /// The stream is there.
  /// @param created when it was made
  /// @param consumer that of the hosts
  void begin(std::int64_t created, std::string consumer);
  /// The connection is down: what was asked is not answered any more.
  void end() noexcept;
  /// No job is left that wants an answer.
  void forget() noexcept;

  /// Questions wait for memory.
  void ask_delivered(std::uint64_t job, std::uint32_t attempt, std::uint64_t place);
  void examine(std::uint64_t job, std::uint32_t attempt, std::uint64_t place);
  void remove(std::uint64_t parcel, std::uint64_t place) {
    if (is_up_) link::until_memory([&] { removals_[place] = parcel; });
  }
  /// To be called at the end of each event.
  void flush();

  void wake(moment now);
  moment wake_at() const noexcept;

 private:
  using question = logic::audit::question;
  struct round {
    std::vector<question> delivered{};
    /// An audit looks at the server, too.
    bool is_look = false;
    logic::audit::state found{};
    std::uint64_t deliveries = 0;
  };
  using reader = std::function<void(std::string_view)>;

  /// @param otherwise is called if no answer comes
  void ask(const std::string& subject, const std::string& body, reader read,
           std::function<void()> otherwise);
  void ask_stream(const std::shared_ptr<round>& of);
  void ask_consumer(const std::shared_ptr<round>& of);
  void answer(const round& of);
  void get(std::uint64_t place, const std::vector<question>& of);
  void remove_some();
  void send_removal(std::uint64_t parcel, std::uint64_t place);
  void end_removal(std::uint64_t parcel);
  void confirm_removal(std::uint64_t parcel, std::uint64_t place);
  void repeat(const round& what);
  void repeat_removal(std::uint64_t parcel, std::uint64_t place);
  void lose_stream();

  link::server_link& link_;
  inquiry_events& to_;
  std::string const stream_;
  std::string consumer_;
  std::int64_t created_ = 0;
  /// Answers to what was asked under an earlier number are not heard.
  std::uint64_t number_ = 0;
  bool is_up_ = false;
  /// The stream may be another one.
  bool is_in_doubt_ = false;
  bool asking_ = false;
  std::vector<question> delivered_;
  logic::audit audit_;
  /// By their places, parcels whose messages are to be removed.
  std::map<std::uint64_t, std::uint64_t> removals_;
  /// Removals that are under way.
  std::size_t removing_ = 0;
  /// After a question without an answer.
  moment repeat_at_ = moment::min();
};

}  // namespace isolatte::inline v0_1::nats

#endif
