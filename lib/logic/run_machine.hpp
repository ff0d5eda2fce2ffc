// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_RUN_MACHINE_HPP
#define ISOLATTE_LIB_LOGIC_RUN_MACHINE_HPP

#include "logic/child_stage.hpp"
#include "logic/exit_status.hpp"
#include "logic/frame.hpp"

#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/ending.hpp>

#include <cstdint>
#include <optional>

namespace isolatte::inline v0_1::logic {

/// The machine's requests to its driver, in the order in which they are to be performed.
enum class action : std::uint32_t {
  none = 0,
  arm_deadline = 1 << 0,
  interrupt = 1 << 1,
  request_exit = 1 << 2,
  kill = 1 << 3,
  arm_grace = 1 << 4,
  /// Complete with what is known now; the rest happens in the background. Nothing of the child's is
  /// read after that.
  deliver_early = 1 << 5,
  /// Read what the child left in its streams and its result channel, and no more.
  drain = 1 << 6,
  symbolise = 1 << 7,
  complete = 1 << 8,
  /// Ask the callable to stop, by its stop token.
  ask_callable = 1 << 9,
};

constexpr action operator|(action a, action b) noexcept {
  return static_cast<action>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr action& operator|=(action& a, action b) noexcept { return a = a | b; }
constexpr bool has(action all, action one) noexcept {
  return (static_cast<std::uint32_t>(all) & static_cast<std::uint32_t>(one)) != 0;
}

/// The ways of Boost.Process to end a child from outside.
enum class cancel_kind { interrupt, request_exit, terminate };

struct policy {
  bool timeout = false;
  /// Whether a polite signal is followed by time; otherwise SIGKILL is sent at once.
  bool grace = false;
  bool early = false;
  /// Whether the callable takes a stop token, and is asked by that instead of a polite signal.
  bool asks_callable = false;
  bool operator==(const policy&) const = default;
};

/// How a run ended, as far as the status, the frame and the library's own signals tell.
struct verdict {
  ending how = ending::not_started;
  isolatte::ran ran = isolatte::ran::unknown;
  /// Whether the frame's payload is to be handed over.
  bool keep_payload = false;
  /// Whether the operation was cancelled, rather than completed.
  bool aborted = false;
  /// Whether a message of the callable's could not be taken.
  bool talk_refused = false;
  /// Whether the child could not prepare itself: its errno is the operation's error.
  bool setup_failed = false;
  const char* reason = "";
};

/// The logic of one run: result, end-of-file, exit, deadline and cancellation, in any order.
///
/// Pure: no clock, no process, no I/O. The driver looks for the child's end before it reports a
/// deadline or a cancellation, so that neither is blamed for a child that has ended by itself.
class run_machine {
 public:
  explicit run_machine(policy p) noexcept : policy_{p} {}

  action started() noexcept;
  action frame(frame_state state, detail::payload_kind kind) noexcept;
  /// A message of the callable's cannot be taken.
  action talk_refused() noexcept;
  action deadline() noexcept;
  action grace_over() noexcept;
  action cancel(cancel_kind kind) noexcept;
  /// The system refuses SIGKILL for the child: the run is given up, and the child goes on.
  /// @param stage as far as the child has come
  action kill_refused(child_stage stage) noexcept;
  bool given_up() const noexcept { return given_up_; }
  /// Changes the policy for what is to come.
  void allow_grace(bool grace) noexcept { policy_.grace = grace; }
  /// The program has sent SIGKILL itself, through a handle.
  void terminated_by_owner() noexcept { owner_killed_ = true; }
  /// The child has been reaped, or its status is lost.
  /// @param fault the signal of the fault that the child has recorded, or 0
  action reaped(const exit_status& status, child_stage stage, int fault) noexcept;
  /// Everything the child left has been read.
  action drained() noexcept;
  action symbolised() noexcept;

  bool complete() const noexcept { return phase_ == phase::complete; }
  bool delivered_early() const noexcept { return delivered_early_; }
  /// How the child ended, once it has been reaped.
  const std::optional<exit_status>& status() const noexcept { return status_; }
  /// Meaningful once complete, or with deliver_early.
  verdict conclude() const noexcept;

  /// Whether both have the same state.
  bool operator==(const run_machine&) const = default;

 private:
  enum class phase { idle, running, grace, killing, draining, symbolising, complete };
  enum class cause { none, timeout, cancel, refusal };

  bool alive() const noexcept {
    return phase_ == phase::running || phase_ == phase::grace || phase_ == phase::killing;
  }
  action stop(cause why, std::optional<cancel_kind> polite) noexcept;
  verdict conclude_exit(int code) const noexcept;
  verdict conclude_signal(int number, bool dumped) const noexcept;
  verdict conclude_frame() const noexcept;
  verdict conclude_given_up() const noexcept;
  verdict with_refusal(verdict v) const noexcept;
  isolatte::ran whether_ran() const noexcept;

  policy policy_;
  phase phase_ = phase::idle;
  cause cause_ = cause::none;
  bool sent_interrupt_ = false;
  bool sent_request_exit_ = false;
  bool asked_ = false;
  bool sent_kill_ = false;
  bool owner_killed_ = false;
  bool delivered_early_ = false;
  bool given_up_ = false;
  bool fault_seen_ = false;
  bool talk_refused_ = false;
  frame_state frame_ = frame_state::absent;
  detail::payload_kind kind_ = detail::payload_kind::none;
  std::optional<exit_status> status_;
  child_stage stage_ = child_stage::setup;
};

}  // namespace isolatte::inline v0_1::logic

#endif
