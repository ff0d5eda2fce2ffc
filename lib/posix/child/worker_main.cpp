// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/worker_main.hpp"

#include "logic/frame.hpp"
#include "posix/child/child_exit.hpp"
#include "posix/child/child_stdio.hpp"
#include "posix/job_channel.hpp"
#include "posix/system_calls.hpp"

#include <isolatte/detail/exception/codec.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <boost/system/system_error.hpp>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <exception>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include <cxxabi.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

namespace isolatte::posix {

namespace {

using boost::system::error_code;
using detail::byte_buffer;
using detail::payload_kind;

/// What happened to the worker between two moments.
class usage_meter {
 public:
  /// @param at_once nothing has happened since end() but the sending of a reply
  void begin(bool at_once) noexcept {
    began_ = std::chrono::steady_clock::now();
    if (!at_once) before_ = now();
  }
  resource_usage end() noexcept {
    rusage const after = now();
    resource_usage used;
    used.wall = std::chrono::steady_clock::now() - began_;
    used.user = since(before_.ru_utime, after.ru_utime);
    used.system = since(before_.ru_stime, after.ru_stime);
    used.max_resident_bytes = static_cast<std::uint64_t>(after.ru_maxrss) * 1024;
    used.minor_faults = difference(before_.ru_minflt, after.ru_minflt);
    used.major_faults = difference(before_.ru_majflt, after.ru_majflt);
    used.voluntary_switches = difference(before_.ru_nvcsw, after.ru_nvcsw);
    used.involuntary_switches = difference(before_.ru_nivcsw, after.ru_nivcsw);
    before_ = after;
    return used;
  }

 private:
  static rusage now() noexcept {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage;
  }
  static std::chrono::microseconds since(const timeval& from, const timeval& to) noexcept {
    return std::chrono::seconds{to.tv_sec - from.tv_sec} +
           std::chrono::microseconds{to.tv_usec - from.tv_usec};
  }
  static std::uint64_t difference(long from, long to) noexcept {
    return static_cast<std::uint64_t>(to - from);
  }

  std::chrono::steady_clock::time_point began_;
  rusage before_{};
};

/// Bytes of memory that the process has resident.
std::uint64_t resident_bytes() noexcept {
  int const file = retry([] { return sys.open("/proc/self/statm", O_RDONLY | O_CLOEXEC, 0); });
  if (file == -1) return 0;
  char text[64] = {};
  ssize_t const count = ::read(file, text, sizeof text - 1);
  sys.close(file);
  if (count <= 0) return 0;
  char* resident = nullptr;
  ::strtoull(text, &resident, 10);
  return ::strtoull(resident, nullptr, 10) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// The worker's end of its channel, which a job may close.
class job_socket {
 public:
  explicit job_socket(int fd) noexcept : fd_{fd} { sys.fstat(fd_, &identity_); }

  /// @return whether all of it is there
  bool read(void* bytes, std::size_t count) noexcept {
    auto* at = static_cast<std::byte*>(bytes);
    while (count != 0) {
      if (begin_ == end_ && !fill()) return false;
      std::size_t const here = std::min(count, end_ - begin_);
      std::memcpy(at, buffer_.data() + begin_, here);
      begin_ += here;
      at += here;
      count -= here;
    }
    return true;
  }

  /// Whether it has had to receive, and perhaps to wait, since it was asked last.
  bool has_waited() noexcept { return std::exchange(has_waited_, false); }

  bool write(const reply_header& header, std::span<const std::byte> payload) noexcept {
    struct stat now{};
    if (sys.fstat(fd_, &now) == -1 || now.st_ino != identity_.st_ino ||
        now.st_dev != identity_.st_dev)
      return false;
    iovec parts[2] = {{const_cast<reply_header*>(&header), sizeof header},
                      {const_cast<std::byte*>(payload.data()), payload.size()}};
    for (std::size_t left = sizeof header + payload.size(); left != 0;) {
      msghdr message{};
      message.msg_iov = parts;
      message.msg_iovlen = 2;
      ssize_t const sent = retry([&] { return sys.sendmsg(fd_, &message, MSG_NOSIGNAL); });
      if (sent == -1) return false;
      left -= static_cast<std::size_t>(sent);
      auto rest = static_cast<std::size_t>(sent);
      for (auto& part : parts) {
        std::size_t const here = std::min(rest, part.iov_len);
        part.iov_base = static_cast<std::byte*>(part.iov_base) + here;
        part.iov_len -= here;
        rest -= here;
      }
    }
    return true;
  }

 private:
  bool fill() noexcept {
    has_waited_ = true;
    iovec part{buffer_.data(), buffer_.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    ssize_t const count = retry([&] { return sys.recvmsg(fd_, &message, 0); });
    begin_ = 0;
    end_ = count > 0 ? static_cast<std::size_t>(count) : 0;
    return count > 0;
  }

  int fd_;
  struct stat identity_{};
  std::array<std::byte, 32 * 1024> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool has_waited_ = false;
};

/// Says whether code is there, and remembers it: code stays where it is.
class known_code {
 public:
  bool has(const code_address& what) {
    if (what.address == 0) return true;
    auto const found = known_.find(what.address);
    if (found != known_.end()) return found->second == what.object;
    if (!has_code(what)) return false;
    known_.emplace(what.address, what.object);
    return true;
  }

 private:
  std::map<std::uintptr_t, std::uint64_t> known_;
};

class worker_task final : public detail::child_task {
 public:
  explicit worker_task(std::span<const std::byte> arguments) noexcept : arguments_{arguments} {}

  static std::unique_ptr<detail::child_task> make(std::span<const std::byte> arguments) {
    return std::make_unique<worker_task>(arguments);
  }

  void invoke() override {
    std::memcpy(static_cast<void*>(&plan_), arguments_.data(), sizeof plan_);
    self_ = ::getpid();
    error_code ec;
    page_ = job_page::of_file(plan_.page, ec);
    sys.close(plan_.page);
    if (ec) throw boost::system::system_error{ec, "isolatte: mapping the worker's jobs"};
    socket_ = std::make_unique<job_socket>(plan_.socket);
    if (!initialise()) return;
    while (next_job()) {
    }
  }
  void encode(byte_buffer&) const override {}
  void release() noexcept override {}

 private:
  /// Runs what may throw, or come back in a grandchild; gives what goes into the reply.
  template <class Work>
  payload_kind guarded(byte_buffer& out, std::size_t limit, Work work) {
    payload_kind kind = payload_kind::exception;
    try {
      out.limit(limit);
      work(kind);
      stay_alone();
      return payload_kind::value;
    } catch (abi::__forced_unwind&) {
      // pthread_exit() of the only thread that there is: it cannot be kept, so the worker goes.
      stay_alone();
      reply_header last;
      last.id = current_;
      last.pid = self_;
      last.kind = payload_kind::unencodable;
      put(out, last.kind, limit,
          std::make_exception_ptr(std::runtime_error{"the callable ended its thread"}));
      last.size = out.size();
      flush_buffers();
      socket_->write(last, out.bytes());
      leave(1);
    } catch (...) {
      stay_alone();
      put(out, kind, limit, std::current_exception());
      return kind;
    }
  }
  static void put(byte_buffer& out, payload_kind kind, std::size_t limit,
                  const std::exception_ptr& what) noexcept {
    std::size_t const allowed = logic::payload_limit(kind, limit);
    out = byte_buffer{};
    detail::encode_exception(out, what, allowed);
  }
  /// A grandchild that comes back from a callable has nothing to say.
  void stay_alone() const noexcept {
    if (::getpid() != self_) ::_exit(0);
  }

  bool initialise() {
    reply_header reply;
    byte_buffer out;
    if (plan_.initializer.address != 0) {
      reply.unknown_function =
          !code_.has(plan_.initializer) || !code_.has(plan_.initializer_function);
      if (!reply.unknown_function)
        reply.kind = guarded(out, logic::exception_allowance, [&](payload_kind&) {
          auto const entry = reinterpret_cast<detail::make_task>(plan_.initializer.address);
          entry(arguments_.subspan(sizeof plan_))->invoke();
        });
    }
    flush_buffers();
    reply.size = out.size();
    bool const failed = reply.unknown_function || reply.kind == payload_kind::exception;
    return socket_->write(reply, out.bytes()) && !failed;
  }

  bool next_job() {
    job_header job;
    if (!socket_->read(&job, sizeof job)) return false;
    byte_buffer arguments;
    arguments.reserve(job.size);
    arguments.resize(job.size);
    if (!socket_->read(arguments.data(), job.size)) return false;
    if (!page_.begin(job)) return true;

    reply_header reply;
    reply.id = current_ = job.id;
    reply.pid = self_;
    byte_buffer out;
    reply.unknown_function = !code_.has(job.entry) || !code_.has(job.function);
    if (!reply.unknown_function) {
      meter_.begin(!socket_->has_waited());
      reply.kind = guarded(out, job.max_result, [&](payload_kind& if_it_throws) {
        auto const entry = reinterpret_cast<detail::make_task>(job.entry.address);
        auto const task = entry(arguments.bytes());
        task->invoke();
        stay_alone();
        if_it_throws = payload_kind::unencodable;
        task->encode(out);
      });
      reply.usage = meter_.end();
    }
    flush_buffers();
    if (plan_.report_memory != 0) reply.resident = resident_bytes();
    reply.size = out.size();
    return socket_->write(reply, out.bytes());
  }

  std::span<const std::byte> arguments_;
  worker_plan plan_;
  pid_t self_ = 0;
  std::unique_ptr<job_socket> socket_;
  std::uint64_t current_ = reply_header::ready;
  job_page page_;
  known_code code_;
  usage_meter meter_;
};

}  // namespace

detail::remote_call make_worker_call(const worker_plan& plan,
                                     std::span<const std::byte> initializer_arguments) {
  detail::remote_call call;
  call.entry = &worker_task::make;
  call.arguments.append(&plan, sizeof plan);
  call.arguments.append(initializer_arguments.data(), initializer_arguments.size());
  return call;
}

}  // namespace isolatte::posix
