// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LINK_SERVER_LINK_HPP
#define ISOLATTE_LIB_NATS_LINK_SERVER_LINK_HPP

#include "nats/link/connection.hpp"
#include "nats/link/mailbox.hpp"
#include "nats/link/message.hpp"
#include "nats/link/options.hpp"
#include "nats/link/strand.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace isolatte::inline v0_1::nats::link {

/// Hears of a link. Called on the link's executor.
class link_events {
 public:
  /// The server has all subscriptions.
  virtual void link_up(const server_info& server) = 0;
  /// The connection, which was up, has ended. Whatever was published since it was up may have
  /// arrived or not. Requests have completed with not_connected before.
  virtual void link_down(const boost::system::error_code& ec, const std::string& text) = 0;
  /// An attempt to connect has failed for a reason that trying again will not mend soon, or the
  /// server says that the user is not to be connected any more. The link goes on trying.
  virtual void link_refused(const boost::system::error_code& ec, const std::string& text) = 0;
  /// An attempt to connect has failed. The link goes on trying.
  virtual void link_unreachable(const boost::system::error_code&, const std::string&) {}
  /// The server does not permit to publish to a subject, or to subscribe to it.
  virtual void link_violation(const std::string& text, const std::string& subject) = 0;

 protected:
  ~link_events() = default;
};

/// A connection to one of several servers, made again whenever it ends.
///
/// All functions are called on the executor, which runs one function at a time; so do the handlers
/// and events. While the link is up it does not keep the run() of an event loop going: its owner
/// holds a work guard as long as it waits for something. While it is down, the time until the next
/// attempt is work of the loop, unless keep_trying() says otherwise.
///
/// In a copy of the program, made by a fork, the link is down and stays so: what is published is
/// refused, and nothing of the connection is touched.
class server_link final : public context_member, public std::enable_shared_from_this<server_link> {
  struct only_make {};

 public:
  using message_handler = std::function<void(std::span<message>)>;
  using reply_handler = std::function<void(boost::system::error_code, message)>;
  using subscription_id = std::uint64_t;

  /// @param on the events and handlers are called there, and so are the functions
  static std::shared_ptr<server_link> make(const strand& on, link_options options);
  /// Makes a link with a strand of its own.
  static std::shared_ptr<server_link> make(const boost::asio::any_io_executor& executor,
                                           link_options options);
  server_link(only_make, strand on, link_options options);
  ~server_link();

  /// @param to lives until stop() is called, or the link or the execution context is destroyed
  /// @pre not called before
  void start(link_events& to);
  /// Sends what has been published, in a thread of its own, and disconnects. No handler and no
  /// event is called from here on. If the link is up, the event loop has work until that is done:
  /// some seconds at most, if the server takes nothing. The destructor does the same, but a link is
  /// not destroyed while it calls a handler or an event.
  void stop() noexcept;

  /// Whether to connect again when the connection has ended: yes, unless this has been called. With
  /// a change from no to yes, an attempt begins at once.
  void keep_trying(bool yes);

  bool is_up() const noexcept { return up_; }
  /// Ends the connection, so that all begins anew with the next one: memory was short for something
  /// that cannot be done later by itself. So it is, too, if an event or a handler throws
  /// std::bad_alloc.
  /// @return whether the link was up; then link_down() has been called
  bool break_off();
  /// Whether this process is a copy of the one that made the link. For any thread.
  bool is_copy() const noexcept;

  /// Subscribes now, or when the link is up, and again after each reconnection. The handler gets
  /// messages in the order of their arrival.
  /// @throws std::invalid_argument if that is no subject
  subscription_id subscribe(std::string subject, message_handler handler);
  /// The handler is not called any more.
  void unsubscribe(subscription_id id) noexcept;
  /// Unsubscribes when the handler has had all that the server has sent by then.
  /// @param done called after that, unless the link goes down before; never before this returns
  /// @return whether the link is up. If not, it is the same as unsubscribe()
  bool drain(subscription_id id, std::function<void()> done);

  /// Hands a message over to be sent. If the link goes down, the message may have arrived or not.
  /// @param reply empty if no reply is expected
  /// @return not_connected; message_size, if the server does not take so many bytes;
  /// invalid_argument, if a subject or a header cannot be sent; no_buffer_space, if too many bytes
  /// wait already; not_enough_memory
  boost::system::error_code publish(std::string_view subject, std::string_view reply,
                                    std::span<const header> headers,
                                    std::span<const std::byte> data);
  /// Bytes that have been published and are not given to the kernel yet.
  std::size_t unsent() const noexcept;

  /// Sends a request, and completes with the first reply, never before this function returns. The
  /// errors are those of publish(); timed_out; and no_responders(), if nothing answers such
  /// requests. Without TLS that is told of a few requests at a time; others time out. After stop()
  /// the handler is destroyed uncalled.
  /// @throws std::bad_alloc, and then the handler is not called
  void request(std::string_view subject, std::span<const std::byte> data,
               std::chrono::nanoseconds timeout, reply_handler handler);

  void abandon() noexcept override;

 private:
  struct bridge;
  class loop_work;
  struct subscribed {
    std::string subject;
    std::shared_ptr<message_handler> handler;
    /// Set if it is to end.
    std::function<void()> drained{};
  };
  struct asked {
    link::timer timer;
    reply_handler handler;
    std::size_t place = 0;
  };

  bool is_current(std::uint64_t number) const noexcept { return events_ && number == number_; }
  /// Calls a step that may call events and handlers. If memory is short in it, the connection ends.
  template <class Step>
  void step(Step what);
  void attempt();
  void connect();
  void attempt_later();
  void watch();
  void on_ready(std::uint64_t number, server_info server);
  void on_arrived(std::uint64_t number);
  void on_ended(std::uint64_t number, boost::system::error_code ec, std::string text);
  void on_complaint(std::uint64_t number, boost::system::error_code ec, std::string text);
  void on_drained(std::uint64_t number, subscription_id id);
  void on_reply(std::size_t place, message& what);
  std::size_t next_place();
  void flush_later();
  void deliver(std::uint64_t subscription, std::span<message> what);
  void settle(std::uint64_t request, boost::system::error_code ec, message what);
  void fail_requests();

  link_options const options_;
  int const process_;
  strand strand_;
  std::shared_ptr<mailbox> const mailbox_;
  std::shared_ptr<loop_work> const loop_work_;
  /// Ends the work when it is destroyed, by the thread of the last connection.
  std::shared_ptr<void> work_end_;
  link_events* events_ = nullptr;
  std::optional<timer> timer_;
  std::minstd_rand random_;

  /// Counts the connections: news of an earlier one is not heard.
  std::uint64_t number_ = 0;
  std::shared_ptr<connection> connection_;
  /// Attempts that were given up, and whose threads have not come back yet.
  std::vector<std::weak_ptr<connection>> stuck_;
  std::size_t next_server_ = 0;
  unsigned failures_ = 0;
  /// Attempts that the server has ended without a word since it was up.
  unsigned silent_ends_ = 0;
  bool up_ = false;
  bool keeps_trying_ = true;
  server_info server_;

  std::string inbox_;
  std::uint64_t last_request_ = 0;
  std::map<std::uint64_t, asked> requests_;
  /// The request whose reply comes to this place; 0: none. If all places have one, replies to
  /// others come to a place that is common to these.
  std::array<std::uint64_t, 4> places_{};
  std::size_t last_place_ = 0;
  bool is_flush_due_ = false;
  subscription_id last_subscription_ = 0;
  std::map<subscription_id, subscribed> subscriptions_;
};

}  // namespace isolatte::inline v0_1::nats::link

#endif
