// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_PLACE_INQUIRY_HPP
#define ISOLATTE_LIB_NATS_PLACE_INQUIRY_HPP

#include "nats/link/server_link.hpp"
#include "nats/logic/farm_job.hpp"
#include "nats/wire/jetstream.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::nats {

/// Hears what has become of messages.
class inquiry_events {
 public:
  virtual void delivery_known(std::uint64_t job, std::uint32_t attempt, bool delivered) = 0;
  virtual void message_removed(std::uint64_t parcel) = 0;
  virtual void examined(std::uint64_t job, std::uint32_t attempt, logic::finding what) = 0;
  /// The stream is gone, or another one has its name.
  virtual void stream_gone() = 0;

 protected:
  ~inquiry_events() = default;
};

/// Asks the server about messages of the stream JOBS. Questions that come while another one is
/// under way are asked together. A question without an answer is asked again.
class place_inquiry : public std::enable_shared_from_this<place_inquiry> {
 public:
  /// @param link lives as long as this; events come from its executor
  place_inquiry(const boost::asio::any_io_executor& executor, link::server_link& link,
                inquiry_events& to, std::string stream);

  /// The connection is up.
  /// @param created when the stream was made
  /// @param consumer that of the hosts
  void begin(std::int64_t created, std::string consumer);
  /// The connection is down: what was asked is not answered any more.
  void end() noexcept;

  void ask_delivered(std::uint64_t job, std::uint32_t attempt, std::uint64_t place);
  void examine(std::uint64_t job, std::uint32_t attempt, std::uint64_t place);
  void remove(std::uint64_t parcel, std::uint64_t place);

 private:
  struct question {
    std::uint64_t job = 0;
    std::uint32_t attempt = 0;
    std::uint64_t place = 0;
  };
  struct round {
    std::vector<question> delivered{};
    std::vector<question> examined{};
    std::optional<wire::stream_info> stream{};
  };
  using reader = std::function<void(std::string_view)>;

  /// @param otherwise is called if no answer comes
  void ask(const std::string& subject, const std::string& body, reader read,
           std::function<void()> otherwise);
  void go_on();
  void ask_stream(const std::shared_ptr<round>& of);
  void ask_consumer(const std::shared_ptr<round>& of);
  void answer(const round& of, std::uint64_t delivered);
  void get(std::uint64_t place, const std::vector<question>& of);
  void confirm_removal(std::uint64_t parcel, std::uint64_t place);
  void repeat(const round& what);
  void repeat_removal(std::uint64_t parcel, std::uint64_t place);
  void go_on_later();

  link::server_link& link_;
  inquiry_events& to_;
  std::string const stream_;
  std::string consumer_;
  std::int64_t created_ = 0;
  /// Counts the connections.
  std::uint64_t number_ = 0;
  bool is_up_ = false;
  bool asking_ = false;
  bool waits_ = false;
  round next_;
  std::map<std::uint64_t, std::uint64_t> removals_;
  boost::asio::steady_timer timer_;
};

}  // namespace isolatte::inline v0_1::nats

#endif
