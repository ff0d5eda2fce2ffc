// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/child_main.hpp"

#include "logic/frame.hpp"
#include "posix/child/child_exit.hpp"
#include "posix/child/child_setup.hpp"
#include "posix/child/child_stdio.hpp"
#include "posix/child/contained_child.hpp"
#include "posix/child/talk_end.hpp"
#include "posix/child/thread_exit.hpp"
#include "posix/child/user_code.hpp"
#include "posix/system_calls.hpp"

#include <isolatte/detail/exception/codec.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

// Nothing after prepare_child() is async-signal-safe: it runs the callable, encodes its value and
// flushes. In a copy of a program with threads that is the callable's risk (see
// doc/guide/hazards-of-fork.md); a template has one thread, so its children run no such risk.

namespace isolatte::inline v0_1::posix {

namespace {

/// Whether the channel is still the one that was made for this child. The callable may have closed
/// it, and its number may be a file of the user's by now.
bool channel_is_ours(const child_plan& plan) noexcept {
  boost::system::error_code ec;
  return identify(plan.channel, ec) == plan.channel_identity && !ec;
}

bool send(int fd, const void* bytes, std::size_t count) noexcept {
  return write_all(fd, {static_cast<const std::byte*>(bytes), count});
}

/// @return whether all of it has been written
bool send_frame(const child_plan& plan, detail::payload_kind kind,
                const detail::byte_buffer& payload) noexcept {
  if (!channel_is_ours(plan)) return false;
  // A program that has refused the frame closes the channel, and kills this process by itself:
  // SIGPIPE would hide that.
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  sys.sigaction(SIGPIPE, &ignore, nullptr);
#ifdef F_SETPIPE_SZ
  // Fewer, larger pieces are faster; a refusal costs no more than that.
  constexpr std::size_t usual_capacity = 64 * 1024;
  if (payload.size() > usual_capacity) sys.fcntl(plan.channel, F_SETPIPE_SZ, 1024 * 1024);
#endif
  logic::frame_header const header = logic::make_frame_header(kind, payload.size());
  // A small frame goes in one piece, so that it wakes the program once.
  std::array<std::byte, 512> whole;
  std::size_t const size = sizeof header + payload.size();
  if (size <= whole.size()) {
    std::memcpy(whole.data(), &header, sizeof header);
    if (!payload.empty()) std::memcpy(whole.data() + sizeof header, payload.data(), payload.size());
    return send(plan.channel, whole.data(), size);
  }
  return send(plan.channel, &header, sizeof header) &&
         send(plan.channel, payload.data(), payload.size());
}

/// States a stage after the callable's. If the callable has not begun, the page goes on to say so.
void go_on(const child_plan& plan, logic::child_stage to) noexcept {
  if (plan.page->stage != logic::child_stage::setup) plan.page->stage = to;
}

/// The end of a child that has a frame to send.
struct result {
  const child_plan& plan;
  detail::payload_kind kind;
  const detail::byte_buffer& payload;

  void deliver() const noexcept {
    bool const sent = send_frame(plan, kind, payload);
    go_on(plan, sent ? logic::child_stage::sent : logic::child_stage::unsent);
  }
};

/// Sends the frame and ends the process. The child's exit handlers follow the frame: if one
/// crashes or hangs, the value is not lost. With options::early the frame is the last
/// thing, because the program kills this process once the frame is there.
[[noreturn]] void finish(const child_plan& plan, detail::payload_kind kind,
                         const detail::byte_buffer& payload) noexcept {
  result const what{plan, kind, payload};
  int const code = kind == detail::payload_kind::value ? 0 : 1;
  go_on(plan, logic::child_stage::sending);
  if (plan.early)
    leave_main(
        code,
        {[](const void* late) noexcept { static_cast<const result*>(late)->deliver(); }, &what});
  flush_buffers();
  what.deliver();
  leave_main(code);
}

/// Ends a process that user code forked and that comes back from that code. Only the child itself
/// may send a frame.
void stop_grandchild(pid_t self, int code) noexcept {
  if (::getpid() != self) ::_exit(code);
}

/// Runs code of the user's, too: what(), and what saves the exception.
[[noreturn]] void finish_with_exception(const child_plan& plan, pid_t self,
                                        detail::payload_kind kind,
                                        const std::exception_ptr& what) noexcept {
  detail::byte_buffer payload;
  detail::encode_exception(payload, what, logic::payload_limit(kind, plan.max_result));
  stop_grandchild(self, 1);
  finish(plan, kind, payload);
}

/// Runs code of the user's. If it does not come back the child ends here, with a frame that says
/// so.
/// @param kind of the frame for an exception
/// @param stage that the page states then
template <class Step>
void run_guarded(const child_plan& plan, pid_t self, detail::payload_kind kind,
                 logic::child_stage stage, Step step) noexcept {
  try {
    // Only this thread can finish.
    run_to_thread_exit(step, [&] {
      stop_grandchild(self, 0);
      plan.page->stage = stage;
      finish_with_exception(
          plan, self, detail::payload_kind::unencodable,
          std::make_exception_ptr(std::runtime_error{"the callable ended its thread"}));
    });
    stop_grandchild(self, 0);
  } catch (...) {
    stop_grandchild(self, 1);
    plan.page->stage = stage;
    finish_with_exception(plan, self, kind, std::current_exception());
  }
}

/// Begins the conversation with the program, if there is to be one.
socket_talk_end::pointer begin_talk(const child_plan& plan) noexcept {
  if (plan.talk.socket == -1) return nullptr;
  socket_talk_end::pointer talk;
  boost::system::error_code ec;
  try {
    talk = socket_talk_end::make(plan.talk);
    talk->begin(ec);
  } catch (const std::bad_alloc&) {
    ec = make_error_code(boost::system::errc::not_enough_memory);
  }
  if (ec) give_up(*plan.page, setup_step::conversation, ec.value());
  return talk;
}

}  // namespace

void child_main(detail::child_task& task, const child_plan& plan) noexcept {
  enter_process_namespace(plan);
  setup_step const failed = prepare_child(plan);
  if (failed != setup_step::none) give_up(*plan.page, failed, errno);
  await_adoption(plan);
  pid_t const self = ::getpid();
  auto const talk = begin_talk(plan);
  if (talk) task.connect(*talk);
  // Nothing of the callable has run if the arguments cannot be decoded: the stage stays what it is.
  run_guarded(plan, self, detail::payload_kind::unencodable, logic::child_stage::setup,
              [&] { run_user_code(task, task_step::receive); });
  plan.page->stage = logic::child_stage::running;
  run_guarded(plan, self, detail::payload_kind::exception, logic::child_stage::finished,
              [&] { run_user_code(task, task_step::invoke); });
  plan.page->stage = logic::child_stage::finished;
  if (talk)
    run_guarded(plan, self, detail::payload_kind::unencodable, logic::child_stage::finished,
                [&] { talk->finish(); });

  detail::byte_buffer payload;
  payload.limit(plan.max_result);
  run_guarded(plan, self, detail::payload_kind::unencodable, logic::child_stage::finished,
              [&] { run_user_code(task, task_step::encode, &payload); });
  finish(plan, detail::payload_kind::value, payload);
}

}  // namespace isolatte::inline v0_1::posix
