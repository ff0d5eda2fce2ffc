// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/watchdog.hpp"

#include "nats/system.hpp"

#include <isolatte/options.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <limits>
#include <new>
#include <system_error>
#include <utility>

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace isolatte::inline v0_1::nats {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {

constexpr std::size_t most_workers = 4096;
constexpr nanoseconds longest_look = std::chrono::seconds{1};
constexpr nanoseconds shortest_look = milliseconds{1};

// glibc 2.31 has no functions for these.
int open_process(int pid) noexcept {
#if defined(SYS_pidfd_open)
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
#else
  static_cast<void>(pid);
  return -1;
#endif
}
bool send_signal(int process, int signal) noexcept {
#if defined(SYS_pidfd_send_signal)
  return ::syscall(SYS_pidfd_send_signal, process, signal, nullptr, 0) == 0;
#else
  static_cast<void>(process), static_cast<void>(signal);
  return false;
#endif
}
bool is_alive(int process) noexcept { return send_signal(process, 0); }

/// Says which worker a descriptor is for.
struct introduction {
  std::uint32_t place = 0;
  std::int32_t pid = 0;
};

}  // namespace

/// The memory that host and process share.
struct watchdog::page {
  struct seat {
    std::atomic<std::uint32_t> jobs{0};
    std::atomic<bool> is_killed{false};
    // The process's own.
    int process = -1;
    int pid = 0;
  };

  std::atomic<std::int64_t> end{std::numeric_limits<std::int64_t>::max()};
  std::atomic<std::int64_t> interval{nanoseconds{milliseconds{100}}.count()};
  std::array<seat, most_workers> seats{};
};

namespace {

/// Takes what the host sends.
/// @return false if the host is gone
bool hear(int socket, auto& shared) noexcept {
  for (;;) {
    introduction what;
    iovec part{&what, sizeof what};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    auto const size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size == 0) return false;
    // Nothing is there; after an interruption or a lack of memory there is another time.
    if (size < 0) return true;
    auto const* const first = CMSG_FIRSTHDR(&message);
    if (first == nullptr || first->cmsg_type != SCM_RIGHTS) continue;
    int process = -1;
    std::memcpy(&process, CMSG_DATA(first), sizeof process);
    if (size != sizeof what || what.place >= most_workers) {
      ::close(process);
      continue;
    }
    auto& seat = shared.seats[what.place];
    if (seat.process >= 0) ::close(seat.process);
    seat.process = process;
    seat.pid = what.pid;
  }
}

void kill_workers(auto& shared) noexcept {
  for (auto& seat : shared.seats) {
    if (seat.process < 0 || seat.jobs.load() == 0) continue;
    // Before its end can be seen.
    seat.is_killed = true;
    // A worker's children are in its group. The number is the worker's as long as that is there.
    if (is_alive(seat.process)) ::kill(-seat.pid, SIGKILL);
    send_signal(seat.process, SIGKILL);
    ::close(seat.process);
    seat.process = -1;
  }
}

/// Runs in the process: a copy of a program with threads, so that no function may be called that
/// takes a lock.
void watch(int socket, auto& shared) noexcept {
  for (;;) {
    auto const interval =
        std::clamp(nanoseconds{shared.interval.load()}, shortest_look, longest_look);
    timespec const wait{static_cast<time_t>(interval / std::chrono::seconds{1}),
                        static_cast<long>((interval % std::chrono::seconds{1}).count())};
    pollfd heard{socket, POLLIN, 0};
    ::ppoll(&heard, 1, &wait, nullptr);
    if (!hear(socket, shared)) return;
    if (now().time_since_epoch() >= nanoseconds{shared.end.load()}) kill_workers(shared);
  }
}

}  // namespace

std::shared_ptr<watchdog> watchdog::make() {
  int const self = open_process(::getpid());
  if (self < 0 || !is_alive(self)) {
    if (self >= 0) ::close(self);
    return nullptr;
  }
  ::close(self);
  void* const memory =
      ::mmap(nullptr, sizeof(page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  auto* const shared = new (memory) page{};
  std::shared_ptr<watchdog> made;
  try {
    made = std::make_shared<watchdog>(only_make{}, shared);
  } catch (const std::bad_alloc&) {
    ::munmap(memory, sizeof(page));
    return nullptr;
  }
  return made->keep() ? made : nullptr;
}

watchdog::watchdog(only_make, page* shared) noexcept : process_id_{process_id()}, page_{shared} {}

bool watchdog::keep() noexcept {
  if (is_copy()) return false;
  std::lock_guard const lock{mutex_};
  if (has_process()) return true;
  end_process();
  try {
    begin_process();
  } catch (const std::exception&) {
    // The system is short of something.
    end_process();
    return false;
  }
  for (auto& each : workers_) {
    auto const which = static_cast<place>(&each - workers_.data());
    if (page_->seats[which].jobs.load() != 0) tell(which);
  }
  return true;
}

/// The other end of the socket is the process's alone. The process sends nothing.
bool watchdog::has_process() const noexcept {
  char nothing = 0;
  return socket_ >= 0 && ::recv(socket_, &nothing, 1, MSG_DONTWAIT | MSG_PEEK) < 0 &&
         (errno == EAGAIN || errno == EINTR);
}

void watchdog::begin_process() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
    throw std::system_error{errno, std::system_category(), "socketpair"};
  socket_ = ends[0];
  struct other_end {
    int descriptor;
    ~other_end() { ::close(descriptor); }
  } const other{ends[1]};
  if (::madvise(page_, sizeof(page), MADV_DOFORK) == -1)
    throw std::system_error{errno, std::system_category(), "madvise"};
  context_.emplace(1);
  process_ = spawn_child(*context_, [socket = ends[1], shared = page_] { watch(socket, *shared); },
                         {.out = discard, .keep = {ends[1]}, .fault_report = false});
  // A child that the program forks later could keep workers alive by it.
  if (::madvise(page_, sizeof(page), MADV_DONTFORK) == -1)
    throw std::system_error{errno, std::system_category(), "madvise"};
  if (process_.pid() == 0) throw std::system_error{ENOMEM, std::system_category(), "fork"};
}

void watchdog::end_process() noexcept {
  process_ = {};
  context_.reset();
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  for (auto& each : workers_) each.is_told = false;
  // Descriptors of the process that is gone.
  for (auto& each : page_->seats) each.process = -1;
}

bool watchdog::is_copy() const noexcept { return process_id() != process_id_; }

watchdog::~watchdog() {
  process_ = {};
  for (auto const& each : workers_)
    if (each.process >= 0) ::close(each.process);
  if (!is_copy()) ::munmap(page_, sizeof(page));
  if (socket_ >= 0) ::close(socket_);
}

void watchdog::may_live_until(isolatte::logic::moment end) noexcept {
  if (!is_copy()) page_->end = nanoseconds{end.time_since_epoch()}.count();
}

void watchdog::look_each(nanoseconds interval) noexcept {
  if (!is_copy()) page_->interval = interval.count();
}

std::optional<watchdog::place> watchdog::give(int pid) noexcept {
  if (is_copy()) return std::nullopt;
  std::lock_guard const lock{mutex_};
  auto found = find(pid);
  try {
    if (!found) found = add(pid);
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
  if (!found) return std::nullopt;
  ++page_->seats[*found].jobs;
  if (!workers_[*found].is_told) tell(*found);
  return found;
}

bool watchdog::take_back(place which) noexcept {
  if (is_copy()) return false;
  bool const is_killed = page_->seats[which].is_killed;
  --page_->seats[which].jobs;
  return is_killed;
}

std::optional<watchdog::place> watchdog::find(int pid) noexcept {
  for (auto& each : workers_) {
    if (each.process < 0 || each.pid != pid) continue;
    if (is_alive(each.process)) return static_cast<place>(&each - workers_.data());
    // The number is another worker's by now.
    each.pid = 0;
  }
  return std::nullopt;
}

std::optional<watchdog::place> watchdog::add(int pid) {
  free_unused();
  auto free = std::ranges::find(workers_, -1, &worker::process);
  if (free == workers_.end()) {
    if (workers_.size() == most_workers) return std::nullopt;
    workers_.emplace_back();
    free = workers_.end() - 1;
  }
  int const process = open_process(pid);
  if (process < 0) return std::nullopt;
  *free = {.pid = pid, .process = process, .is_told = false};
  auto const which = static_cast<place>(free - workers_.begin());
  page_->seats[which].is_killed = false;
  return which;
}

void watchdog::free_unused() noexcept {
  for (auto& each : workers_) {
    auto const which = static_cast<place>(&each - workers_.data());
    if (each.process < 0 || page_->seats[which].jobs.load() != 0 || is_alive(each.process))
      continue;
    ::close(each.process);
    each = {};
  }
}

/// If there is no room in the socket, the next job of the worker is another occasion.
void watchdog::tell(place which) noexcept {
  auto& whom = workers_[which];
  introduction what{static_cast<std::uint32_t>(which), whom.pid};
  iovec part{&what, sizeof what};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = room.size();
  auto* const first = CMSG_FIRSTHDR(&message);
  first->cmsg_level = SOL_SOCKET;
  first->cmsg_type = SCM_RIGHTS;
  first->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(first), &whom.process, sizeof(int));
  whom.is_told = ::sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof what;
}

}  // namespace isolatte::inline v0_1::nats
