// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_SUPERVISE_TALK_HPP
#define ISOLATTE_LIB_SUPERVISE_TALK_HPP

#include "logic/talk_frame.hpp"
#include "logic/talk_window.hpp"
#include "posix/descriptor.hpp"
#include "supervise/context_service.hpp"
#include "supervise/executors.hpp"
#include "supervise/pending_handler.hpp"
#include "supervise/strand.hpp"

#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/task/message.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <optional>

namespace isolatte::inline v0_1::supervise {

/// Is told of a conversation by the conversation's strand.
class talk_owner {
 public:
  /// A message of the job's cannot be taken: the job is to be ended. Called once at most.
  /// @param reason a string literal
  /// @param why what reading a message back has thrown, or null
  virtual void talk_refused(const char* reason, std::exception_ptr why) noexcept = 0;
  /// After talk::end(): all that the job has said has been taken, as far as the program takes it
  /// without being asked. Called once.
  virtual void talk_over() noexcept = 0;

 protected:
  ~talk_owner() = default;
};

/// The program's end of its conversation with a job, on a socket.
///
/// Trusts nothing that the job says: it holds no more than the window, what one read brings, and
/// one message, and leaves the rest in the socket.
class talk final : public context_bound,
                   public detail::conversation,
                   public std::enable_shared_from_this<talk> {
  struct only_make {};

 public:
  struct settings {
    detail::talk_wish wish{};
    /// options::message_window.
    std::size_t window = 0;
    /// Bytes that a message may have.
    std::size_t most = 0;
  };

  /// @throws std::bad_alloc
  static std::shared_ptr<talk> make(const boost::asio::any_io_executor& executor, settings how);
  talk(only_make, const boost::asio::any_io_executor& executor, settings how);
  ~talk();

  /// Opens the socket. To be called once at most, before begin().
  /// @return the job's end
  posix::descriptor open(boost::system::error_code& ec);

  // For any thread.

  /// Begins to take what the job says.
  /// @param owner kept until it has been told that the conversation is over
  void begin(std::shared_ptr<talk_owner> owner);
  void async_receive(detail::message_handler handler);
  void async_send(detail::byte_buffer message, detail::sent_handler handler);
  bool can_stop() const noexcept { return needs_.stops; }
  /// Asks the callable to stop. Fails for no lack of memory.
  void request_stop() noexcept { poke(stop_it); }
  /// No more messages will be sent than async_send() has been given. Fails for no lack of memory.
  void finish_sending() noexcept;
  /// No more messages will be taken; those that are there are dropped.
  void stop_taking() noexcept { poke(stop_taking_it); }
  /// The job has ended: what it has said by now is all.
  void end() noexcept { poke(end_it); }
  /// There is no job, or its owner does not want it any more: what waits, and what comes later,
  /// completes with this error.
  void close(const boost::system::error_code& ec) noexcept;
  void refuse(std::exception_ptr why) noexcept override;

  void abandon() noexcept override;
  void disown() override;

 private:
  enum wish : unsigned {
    stop_it = 1,
    end_it = 2,
    close_it = 4,
    refuse_it = 8,
    disown_it = 16,
    read_it = 32,
    begin_it = 64,
    stop_taking_it = 128,
  };
  using pending_receive = basic_pending_handler<boost::system::error_code, detail::message>;
  using pending_send = basic_pending_handler<boost::system::error_code>;
  struct sending {
    logic::talk_header header;
    detail::byte_buffer bytes;
    pending_send handler;
    std::uint64_t number;
    /// Bytes that have gone, of header and message.
    std::size_t gone = 0;
  };

  void poke(wish what) noexcept;
  void heed_wishes();
  void heed(unsigned wishes);
  void end_messages();

  /// Whether the reason for which all that waits completes is here: the end of the killed job is
  /// none.
  bool is_closing() const noexcept { return (wishes_ & (close_it | disown_it)) != 0; }
  void await_input();
  void read();
  /// @return false if no more is to be read now
  bool take_frames();
  void take_frame(logic::talk_item item);
  bool has_to_wait() noexcept;
  void hand_over(detail::byte_buffer what);
  void give_credit(std::uint64_t bytes);
  void settle();
  void close_socket() noexcept;
  void check_over() noexcept;
  void fail(const char* reason, std::exception_ptr why) noexcept;
  void fail(logic::talk_fault fault) noexcept;
  void drop_inbox() noexcept;
  void give_up(const boost::system::error_code& ec) noexcept;
  boost::system::error_code why_no_message() const noexcept;
  boost::system::error_code why_not_sent() const noexcept;

  void flush();
  void await_room();
  bool has_control() noexcept;
  void send_control(boost::system::error_code& ec) noexcept;
  void send_front(boost::system::error_code& ec) noexcept;
  void stop_sending(const boost::system::error_code& ec) noexcept;

  boost::asio::any_io_executor const executor_;
  strand strand_;
  context_service::membership membership_;
  detail::talk_needs const needs_;
  std::size_t const window_;
  std::size_t const most_;
  /// Null: a handle takes the messages, or no one is to.
  std::shared_ptr<detail::message_taker> taker_;
  std::shared_ptr<talk_owner> owner_;
  /// Used by the strand alone once begun_.
  stream_descriptor socket_;
  bool begun_ = false;

  std::atomic<unsigned> wishes_ = 0;
  kept_step<&talk::heed_wishes> poke_;
  std::atomic<bool> is_finishing_ = false;
  /// No wish: one that is posted already would run before sends that have been asked for since.
  kept_step<&talk::end_messages> finish_;
  /// Guards the reasons that other threads give.
  std::mutex reasons_mutex_;
  boost::system::error_code closed_with_;
  std::exception_ptr refused_with_;

  logic::talk_reader reader_;
  /// Messages that wait for a handle to take them.
  std::deque<detail::byte_buffer> inbox_;
  /// Bytes of the window in the inbox.
  std::size_t held_ = 0;
  logic::talk_debt debt_{window_};
  bool awaiting_input_ = false;
  /// Reading waits until the inbox has room.
  bool paused_ = false;
  /// Bytes that are still to be read, after the job's end.
  std::optional<std::size_t> budget_;
  bool ending_ = false;
  /// All frames have been taken, and no more will come.
  bool input_over_ = false;
  bool told_over_ = false;
  /// Why there is no more, once there is no more.
  boost::system::error_code ended_with_;
  std::optional<pending_receive> receiver_;
  std::uint64_t receiving_ = 0;
  std::atomic<std::uint64_t> numbers_ = 0;

  /// The job is to be told of these, besides messages: one frame of each kind.
  bool stop_due_ = false;
  std::uint64_t credit_due_ = 0;
  bool wanting_due_ = false;
  bool unheard_due_ = false;
  /// After the last message.
  bool finished_due_ = false;
  /// Such frames that are being sent.
  std::array<logic::talk_header, 4> control_;
  std::size_t control_size_ = 0;
  std::size_t control_gone_ = 0;
  std::list<sending> outbox_;
  bool awaiting_room_ = false;
  bool stop_sent_ = false;
  bool sends_no_more_ = false;
  bool takes_no_more_ = false;
  /// The job has been told that this end waits for credit.
  bool asked_for_credit_ = false;
  logic::talk_room room_{window_};
};

}  // namespace isolatte::inline v0_1::supervise

#endif
