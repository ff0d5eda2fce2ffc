// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/child_main.hpp"

#include "logic/frame.hpp"
#include "posix/child/child_exit.hpp"
#include "posix/child/child_setup.hpp"
#include "posix/child/child_stdio.hpp"
#include "posix/system_calls.hpp"

#include <isolatte/detail/exception/codec.hpp>

#include <array>
#include <cstddef>
#include <cstring>
#include <exception>
#include <stdexcept>

#include <cxxabi.h>
#include <fcntl.h>
#include <unistd.h>

namespace isolatte::posix {

namespace {

/// Whether the channel is still the one that was made for this child: the callable may have closed
/// it, and its number may be a file of the user's by now.
bool channel_is_ours(const child_plan& plan) noexcept {
  struct stat status{};
  return sys.fstat(plan.channel, &status) == 0 && status.st_dev == plan.channel_device &&
         status.st_ino == plan.channel_inode;
}

bool write_all(int fd, const void* bytes, std::size_t count) noexcept {
  auto const* at = static_cast<const char*>(bytes);
  while (count != 0) {
    ssize_t const written = retry([&] { return sys.write(fd, at, count); });
    if (written == -1) return false;
    at += written;
    count -= static_cast<std::size_t>(written);
  }
  return true;
}

void send_frame(const child_plan& plan, detail::payload_kind kind,
                const detail::byte_buffer& payload) noexcept {
  if (!channel_is_ours(plan)) return;
  // A parent that has refused the frame closes the channel, and ends this process in its own way.
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  sys.sigaction(SIGPIPE, &ignore, nullptr);
#ifdef F_SETPIPE_SZ
  // Fewer, larger pieces; a refusal costs speed alone.
  constexpr std::size_t usual_capacity = 64 * 1024;
  if (payload.size() > usual_capacity) sys.fcntl(plan.channel, F_SETPIPE_SZ, 1024 * 1024);
#endif
  logic::frame_header const header = logic::make_frame_header(kind, payload.size());
  // What is small goes at once, and wakes the parent once.
  std::array<std::byte, 512> whole;
  std::size_t const size = sizeof header + payload.size();
  if (size <= whole.size()) {
    std::memcpy(whole.data(), &header, sizeof header);
    if (!payload.empty()) std::memcpy(whole.data() + sizeof header, payload.data(), payload.size());
    write_all(plan.channel, whole.data(), size);
  } else if (write_all(plan.channel, &header, sizeof header)) {
    write_all(plan.channel, payload.data(), payload.size());
  }
}

/// The frame goes last: once it is there the parent may end this process.
[[noreturn]] void finish(const child_plan& plan, detail::payload_kind kind,
                         const detail::byte_buffer& payload) noexcept {
  flush_buffers();
  send_frame(plan, kind, payload);
  leave(kind == detail::payload_kind::value ? 0 : 1);
}

[[noreturn]] void finish_with_exception(const child_plan& plan, detail::payload_kind kind,
                                        const std::exception_ptr& what) noexcept {
  detail::byte_buffer payload;
  detail::encode_exception(payload, what, logic::payload_limit(kind, plan.max_result));
  finish(plan, kind, payload);
}

void invoke(detail::child_task& task, const child_plan& plan, pid_t self) noexcept {
  // A grandchild may come back from the callable, too, in either way. It has nothing to say.
  auto const stop_grandchild = [self](int code) {
    if (::getpid() != self) ::_exit(code);
  };
  try {
    task.invoke();
    stop_grandchild(0);
    plan.page->stage = logic::child_stage::finished;
  } catch (abi::__forced_unwind&) {
    // pthread_exit() of the only thread that can finish. Never rethrown: the frames above are the
    // parent's.
    stop_grandchild(0);
    plan.page->stage = logic::child_stage::finished;
    finish_with_exception(
        plan, detail::payload_kind::unencodable,
        std::make_exception_ptr(std::runtime_error{"the callable ended its thread"}));
  } catch (...) {
    stop_grandchild(1);
    plan.page->stage = logic::child_stage::finished;
    finish_with_exception(plan, detail::payload_kind::exception, std::current_exception());
  }
}

}  // namespace

void child_main(detail::child_task& task, const child_plan& plan) noexcept {
  setup_step const failed = prepare_child(plan);
  if (failed != setup_step::none) give_up(plan, failed);
  pid_t const self = ::getpid();
  plan.page->stage = logic::child_stage::running;
  invoke(task, plan, self);

  detail::byte_buffer payload;
  payload.limit(plan.max_result);
  try {
    task.encode(payload);
  } catch (...) {
    finish_with_exception(plan, detail::payload_kind::unencodable, std::current_exception());
  }
  finish(plan, detail::payload_kind::value, payload);
}

}  // namespace isolatte::posix
