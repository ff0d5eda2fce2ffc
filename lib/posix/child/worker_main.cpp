// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/worker_main.hpp"

#include "logic/frame.hpp"
#include "posix/child/child_exit.hpp"
#include "posix/child/child_setup.hpp"
#include "posix/child/child_stdio.hpp"
#include "posix/child/own_memory.hpp"
#include "posix/child/requested_child.hpp"
#include "posix/child/talk_end.hpp"
#include "posix/child/this_worker.hpp"
#include "posix/child/thread_exit.hpp"
#include "posix/child/user_code.hpp"
#include "posix/child/worker_place.hpp"
#include "posix/job_channel.hpp"
#include "posix/origin.hpp"
#include "posix/system_calls.hpp"
#include "vocabulary/errors.hpp"

#include <isolatte/detail/exception/codec.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/detail/vocabulary/unknown_code.hpp>
#include <isolatte/worker_id.hpp>

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <exception>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

namespace isolatte::inline v0_1::posix {

namespace {

using boost::system::error_code;
using detail::byte_buffer;
using detail::payload_kind;

/// Measures the usage of the worker between two moments.
class usage_meter {
 public:
  /// @param at_once whether the worker has only sent a reply since end(): the usage of that moment
  /// then serves, which saves a getrusage()
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
  /// The page faults of the worker until now, if it is not in a job.
  std::uint64_t faults() const noexcept {
    return static_cast<std::uint64_t>(before_.ru_minflt + before_.ru_majflt);
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

#ifdef MSG_CMSG_CLOEXEC
constexpr int close_on_exec = MSG_CMSG_CLOEXEC;
#else
constexpr int close_on_exec = 0;
#endif

/// The places among the descriptors of the call.
constexpr std::size_t socket_place = 0;
constexpr std::size_t page_place = 1;
constexpr std::size_t err_place = 2;

/// Has what is written to stderr go to a pipe of the pool's, as long as it lives.
class diverted_err {
 public:
  /// @param to the pipe; -1: nothing is diverted
  explicit diverted_err(int to) noexcept {
    if (to == -1) return;
    sys.fstat(to, &identity_);
    before_ = descriptor{retry([] { return sys.fcntl(2, F_DUPFD_CLOEXEC, 3); })};
    if (before_) retry([to] { return sys.dup2(to, 2); });
    sys.close(to);
  }
  ~diverted_err() {
    if (!before_) return;
    // The initializer may have put another file there, which stays.
    struct stat now{};
    if (sys.fstat(2, &now) == -1 || now.st_ino != identity_.st_ino ||
        now.st_dev != identity_.st_dev)
      return;
    flush_buffers();
    retry([this] { return sys.dup2(before_.get(), 2); });
  }
  diverted_err(const diverted_err&) = delete;
  diverted_err& operator=(const diverted_err&) = delete;

 private:
  struct stat identity_{};
  descriptor before_;
};

/// The worker's end of the socket. A job may close the descriptor, so write() compares its
/// identity.
class job_socket {
 public:
  /// @param spin how long it looks for something to read before it waits
  job_socket(int fd, std::chrono::nanoseconds spin) noexcept : fd_{fd}, spin_{spin} {
    sys.fstat(fd_, &identity_);
  }

  /// @return false at end-of-file or after an error
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

  /// Reads and drops.
  /// @return whether all of it was there
  bool skip(std::size_t count) noexcept {
    for (;;) {
      std::size_t const here = std::min(count, end_ - begin_);
      begin_ += here;
      count -= here;
      if (count == 0) return true;
      if (!fill()) return false;
    }
  }

  /// The descriptor that has come with a job whose header has been read. Nothing if this process
  /// had no room for it.
  descriptor take_descriptor() noexcept {
    if (received_.empty()) return {};
    descriptor first = std::move(received_.front());
    received_.pop_front();
    return first;
  }

  /// Whether read() has called recvmsg(), and so may have waited, since the last call of this.
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
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t count = look_for(message);
    if (count == -1) count = retry([&] { return sys.recvmsg(fd_, &message, close_on_exec); });
    begin_ = 0;
    end_ = count > 0 ? static_cast<std::size_t>(count) : 0;
    try {
      if (count > 0) keep_descriptor(message);
    } catch (const std::bad_alloc&) {
      // The worker leaves, and another one is given the job.
      end_ = 0;
      return false;
    }
    return count > 0;
  }

  /// Receives without waiting, until the time is over.
  /// @return -1: nothing has come, or an error that another attempt meets, too
  ssize_t look_for(msghdr& message) const noexcept {
    if (spin_ == std::chrono::nanoseconds::zero()) return -1;
    auto const end = std::chrono::steady_clock::now() + spin_;
    for (;;) {
      ssize_t const count =
          retry([&] { return sys.recvmsg(fd_, &message, close_on_exec | MSG_DONTWAIT); });
      if (count != -1 || !detail::would_block(last_error())) return count;
      if (std::chrono::steady_clock::now() >= end) return -1;
    }
  }

  /// The kernel hands over the descriptor of one message at a time.
  void keep_descriptor(msghdr& message) {
    bool const lost = (message.msg_flags & MSG_CTRUNC) != 0;
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    int fd = -1;
    if (header != nullptr && header->cmsg_type == SCM_RIGHTS)
      std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    if (fd == -1 && !lost) return;
    error_code ignored;
    received_.push_back(above_stdio(descriptor{fd}, ignored));
  }

  int fd_;
  std::chrono::nanoseconds spin_;
  struct stat identity_{};
  /// Descriptors of jobs whose headers have not been read.
  std::deque<descriptor> received_;
  std::array<std::byte, 32 * 1024> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool has_waited_ = false;
};

/// Remembers code that was found, because loaded code is not moved: asking the loader is slow.
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
    become_worker(plan_.generation, static_cast<std::size_t>(plan_.slot));
    error_code ec;
    auto const& given = given_descriptors();
    page_ = job_page::of_file(given[page_place], ec);
    sys.close(given[page_place]);
    if (ec) throw boost::system::system_error{ec, "isolatte: mapping the worker's jobs"};
    socket_ =
        std::make_unique<job_socket>(given[socket_place], std::chrono::nanoseconds{plan_.spin});
    auto const rest = arguments_.subspan(sizeof plan_);
    if (plan_.reports_memory != 0) memory_.begin();
    if (plan_.place_size != 0) take_place(rest.first(plan_.place_size));
    arguments_ = rest.subspan(plan_.place_size);
    if (!initialise()) return;
    while (next_job()) {
    }
  }
  void encode(byte_buffer&) const override {}

 private:
  /// Runs code of the user's and encodes its exception. A grandchild that returns from it ends
  /// here.
  template <class Work>
  reply_kind guarded(byte_buffer& out, std::size_t limit, Work work) {
    reply_kind if_it_throws = reply_kind::exception;
    try {
      out.limit(limit);
      auto step = [&] { work(if_it_throws); };
      run_to_thread_exit(step, [&] { leave_without_thread(out, limit); });
      stay_alone();
      return reply_kind::value;
    } catch (const detail::unknown_code&) {
      stay_alone();
      if (if_it_throws == reply_kind::unreceivable) {
        out = byte_buffer{};
        return reply_kind::unknown_function;
      }
      put(out, limit, std::current_exception());
      return if_it_throws;
    } catch (...) {
      stay_alone();
      put(out, limit, std::current_exception());
      return if_it_throws;
    }
  }
  [[noreturn]] void leave_without_thread(byte_buffer& out, std::size_t limit) noexcept {
    stay_alone();
    reply_header last;
    last.id = current_;
    last.pid = self_;
    last.kind = static_cast<std::uint32_t>(reply_kind::unencodable);
    put(out, limit, std::make_exception_ptr(std::runtime_error{"the callable ended its thread"}));
    last.size = out.size();
    flush_buffers();
    socket_->write(last, out.bytes());
    leave_main(1);
  }
  /// Runs code of the user's, too: what(), and what saves the exception.
  void put(byte_buffer& out, std::size_t limit, const std::exception_ptr& what) const noexcept {
    std::size_t const allowed = logic::payload_limit(payload_kind::exception, limit);
    out = byte_buffer{};
    detail::encode_exception(out, what, allowed);
    stay_alone();
  }
  /// Ends a grandchild that has returned from a callable: its replies would corrupt the socket.
  void stay_alone() const noexcept {
    if (::getpid() != self_) ::_exit(0);
  }
  /// Does the same sooner, and without a system call, if fork() has made the grandchild.
  void end_copy() const noexcept {
    if (made_.is_elsewhere()) ::_exit(0);
  }

  bool initialise() {
    byte_buffer out;
    reply_kind kind = reply_kind::value;
    auto const& given = given_descriptors();
    if (diverted_err const diverted{given.size() > err_place ? given[err_place] : -1};
        plan_.initializer.address != 0) {
      if (!code_.has(plan_.initializer) || !code_.has(plan_.initializer_function))
        kind = reply_kind::unknown_function;
      else
        kind = guarded(out, logic::exception_allowance, [&](reply_kind&) {
          auto const entry = reinterpret_cast<detail::make_task>(plan_.initializer.address);
          auto const task = entry(arguments_);
          run_user_code(*task, task_step::receive);
          run_user_code(*task, task_step::invoke);
          // A worker that is to be replaced before its first job has not started.
          if (auto const reason = reason_to_retire(); !reason.empty())
            throw std::runtime_error{"the initializer has retired the worker: " +
                                     std::string{reason}};
        });
    }
    if (kind == reply_kind::value) {
      confine::memory_range const kept[] = {{page_.range().first, page_.range().second}};
      enter_deferred_sandbox(kept);
    }
    // The initializer's value is dropped.
    if (kind == reply_kind::value) out.clear();
    meter_.begin(false);
    memory_at_start_ = plan_.most_growth != 0 ? memory_.bytes(0, meter_.faults()) : 0;
    return reply(reply_header::ready, kind, out, {}) && kind == reply_kind::value;
  }

  bool next_job() {
    job_header job;
    if (!socket_->read(&job, sizeof job)) return false;
    auto const needs = needs_of(job);
    descriptor conversation;
    if (needs && job.talk_error == 0) conversation = socket_->take_descriptor();
    // The pool takes back what it has sent ahead.
    if (retires_) return socket_->skip(job.size);
    if (!page_.receive(job)) {
      bool const was_taken_back = page_.was_taken_back(job);
      if (!socket_->skip(job.size)) return false;
      if (was_taken_back) return true;
      // A job that the pool still waits for would never end if the worker said nothing.
      reply(job.id, reply_kind::not_begun, {}, {});
      return false;
    }
    current_ = job.id;
    set_worker_slot(static_cast<std::size_t>(job.worker_slot));

    byte_buffer arguments;
    byte_buffer out;
    try {
      arguments.reserve(job.size);
      arguments.resize(job.size);
    } catch (const std::bad_alloc&) {
      put(out, job.max_result, std::current_exception());
      return socket_->skip(job.size) && reply(job.id, reply_kind::unreceivable, out, {});
    }
    if (!socket_->read(arguments.data(), job.size)) return false;
    if (!code_.has(job.entry) || !code_.has(job.function))
      return reply(job.id, reply_kind::unknown_function, out, {});

    meter_.begin(!socket_->has_waited());
    reply_kind const kind = guarded(out, job.max_result, [&](reply_kind& if_it_throws) {
      if_it_throws = reply_kind::unreceivable;
      // Ends with the callable, also if that throws: before the reply is sent.
      socket_talk_end::pointer talk;
      auto const entry = reinterpret_cast<detail::make_task>(job.entry.address);
      auto const task = entry(arguments.bytes());
      if (needs) talk = begin_talk(std::move(conversation), job);
      if (talk) task->connect(*talk);
      run_user_code(*task, task_step::receive);
      // The callable runs once, even if a bare clone() has made the grandchild.
      stay_alone();
      if_it_throws = reply_kind::exception;
      page_.begin(job);
      run_user_code(*task, task_step::invoke);
      end_copy();
      if_it_throws = reply_kind::unencodable;
      if (talk) talk->finish();
      run_user_code(*task, task_step::encode, &out);
    });
    return reply(job.id, kind, out, meter_.end());
  }

  static socket_talk_end::pointer begin_talk(descriptor socket, const job_header& job) {
    socket_talk_end::pointer talk;
    error_code ec;
    if (socket) {
      talk = socket_talk_end::make(
          {socket.get(), needs_of(job), static_cast<std::size_t>(job.message_window)});
      socket.release();
      talk->begin(ec);
    } else {
      int const error = job.talk_error != 0 ? static_cast<int>(job.talk_error) : EMFILE;
      ec = {error, boost::system::system_category()};
    }
    if (ec)
      throw boost::system::system_error{
          ec, std::string{"isolatte: "} + to_string(setup_step::conversation)};
    return talk;
  }

  bool reply(std::uint64_t id, reply_kind kind, const byte_buffer& payload,
             const resource_usage& usage) {
    flush_buffers();
    if (std::string_view const reason = reason_to_retire();
        !reason.empty() && !retires_ && id != reply_header::ready) {
      retires_ = true;
      reply_header said;
      said.id = id;
      said.pid = self_;
      said.kind = static_cast<std::uint32_t>(reply_kind::retires);
      said.size = reason.size();
      if (!socket_->write(said, std::as_bytes(std::span{reason}))) return false;
    }
    reply_header header;
    header.id = id;
    header.pid = self_;
    header.kind = static_cast<std::uint32_t>(kind);
    header.size = payload.size();
    if (plan_.reports_memory != 0)
      header.own_memory = memory_.bytes(uninteresting_memory(), meter_.faults());
    header.usage = usage;
    return socket_->write(header, payload.bytes());
  }

  /// Up to this much the pool does nothing about it.
  std::uint64_t uninteresting_memory() const noexcept {
    std::uint64_t most = plan_.most_memory != 0 ? plan_.most_memory : UINT64_MAX;
    if (plan_.most_growth != 0) {
      std::uint64_t const room = UINT64_MAX - memory_at_start_;
      most = std::min(most, memory_at_start_ + std::min(plan_.most_growth, room));
    }
    return most;
  }

  std::span<const std::byte> arguments_;
  worker_plan plan_;
  origin const made_;
  pid_t self_ = 0;
  std::unique_ptr<job_socket> socket_;
  std::uint64_t current_ = reply_header::ready;
  job_page page_;
  own_memory memory_;
  std::uint64_t memory_at_start_ = 0;
  /// The pool has been told.
  bool retires_ = false;
  known_code code_;
  usage_meter meter_;
};

}  // namespace

detail::remote_call make_worker_call(worker_plan plan, const worker_files& files,
                                     std::span<const std::byte> place,
                                     std::span<const std::byte> initializer_arguments) {
  detail::remote_call call;
  call.entry = &worker_task::make;
  call.descriptors = {files.socket, files.page};
  if (files.initial_err != -1) call.descriptors.push_back(files.initial_err);
  plan.place_size = place.size();
  call.arguments.append(&plan, sizeof plan);
  call.arguments.append(place.data(), place.size());
  call.arguments.append(initializer_arguments.data(), initializer_arguments.size());
  return call;
}

}  // namespace isolatte::inline v0_1::posix
