// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LINK_CONNECTION_HPP
#define ISOLATTE_LIB_NATS_LINK_CONNECTION_HPP

#include "nats/link/message.hpp"
#include "nats/link/options.hpp"
#include "nats/link/socket_loop.hpp"

#include <boost/system/error_code.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

struct __natsConnection;
struct __natsSubscription;

namespace isolatte::inline v0_1::nats::link {

struct server_info {
  /// Without user and password.
  std::string url;
  /// Another one each time the server starts.
  std::string id;
  std::size_t max_payload = 0;
};

struct arrival {
  std::uint64_t subscription = 0;
  link::message message;
};

/// One connection, which is not made again after its end. A thread of its own connects, subscribes
/// and disconnects, each of which may block. With TLS it also publishes, and libnats's threads
/// receive. Without, that is done by a socket_loop.
///
/// The functions may be called by any thread, and do not block.
class connection final : public std::enable_shared_from_this<connection> {
 public:
  /// Called by the threads of the connection and of libnats. If a call throws, the connection ends.
  class owner {
   public:
    virtual ~owner() = default;
    /// The server has all subscriptions that were asked for before the start.
    virtual void ready(const server_info& server) = 0;
    /// There are messages for take_arrived(), which had none.
    virtual void arrived() = 0;
    /// All that the server has sent for a subscription has been told as arrived.
    virtual void drained(std::uint64_t id) = 0;
    /// The server refuses something, and the connection goes on.
    virtual void complained(const boost::system::error_code& ec, const std::string& text) = 0;
    /// Called once, unless close() was called before.
    virtual void ended(const boost::system::error_code& ec, const std::string& text) = 0;
  };

  connection(link_options options, std::string server, std::unique_ptr<owner> of);
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// @throws std::system_error if there can be no thread
  void start();
  /// @param id a number other than 0
  void subscribe(std::uint64_t id, std::string subject);
  void unsubscribe(std::uint64_t id);
  /// Unsubscribes when all has arrived that the server has sent by then.
  void drain(std::uint64_t id);
  /// Hands a message over, which flush() sends at the latest.
  /// @param size counted by unsent()
  void publish(message_pointer what, std::size_t size);
  void flush() noexcept;
  std::size_t unsent() const noexcept;
  std::vector<arrival> take_arrived() noexcept;

  /// The threads end by themselves, after the write under way.
  /// @param send_rest whether what has been published is sent before
  /// @param at_end destroyed by the connection's thread when the connection has ended; here, if it
  /// has by now
  void close(bool send_rest, std::shared_ptr<void> at_end = {}) noexcept;

 private:
  struct command {
    /// 0: a publication.
    std::uint64_t subscription = 0;
    /// Empty: the subscription is to end.
    std::string subject{};
    /// Not before all has arrived.
    bool drains = false;
    message_pointer message{};
    std::size_t size = 0;
  };
  struct callbacks;
  class reading;
  class handle;
  class subscriptions;

  void enqueue(command what);
  void run() noexcept;
  void live();
  /// @return whether to connect again, and without a socket_loop
  bool live(bool with_loop);
  std::uint64_t begin_attempt();
  void give_back(std::vector<command>&& performed);
  void take_out(subscriptions& from) noexcept;
  void tell_ready(handle& server);
  void serve(handle& server, subscriptions& made, const socket_loop* loop);
  /// @return whether it has not failed
  bool perform(handle& server, subscriptions& made, std::vector<command>& what);
  int perform(handle& server, subscriptions& made, const command& what);
  /// Waits for commands, until the last moment if there is one.
  /// @return none if the connection is to end
  std::optional<std::vector<command>> next_commands(
      std::optional<std::chrono::steady_clock::time_point> last);
  bool is_to_end();
  /// Whether nothing is to be sent any more.
  bool is_cut_off();
  /// Waits until no more bytes than so many wait in libnats. If the server takes nothing for long,
  /// the connection fails.
  void make_room(std::size_t most);
  bool is_alive(handle& server, const socket_loop& loop);
  void add_arrived(std::vector<arrival>&& what);
  /// @param attempt the one that has failed, if only that is meant
  void fail(const boost::system::error_code& ec, const char* text,
            std::optional<std::uint64_t> attempt = {}) noexcept;
  void tell_end() noexcept;

  link_options const options_;
  std::string const server_;
  std::unique_ptr<owner> const owner_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<command> commands_;
  /// Commands that are not performed yet. No message overtakes them.
  std::size_t ahead_ = 0;
  std::vector<arrival> arrived_;
  std::size_t unsent_ = 0;
  /// None with TLS, and before the connection is ready.
  std::shared_ptr<socket_loop> loop_;
  /// Counts them.
  std::uint64_t attempt_ = 0;
  boost::system::error_code failure_;
  std::string failure_text_;
  bool closing_ = false;
  bool send_rest_ = false;
  bool has_ended_ = false;
  std::shared_ptr<void> at_end_;
};

}  // namespace isolatte::inline v0_1::nats::link

#endif
