// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/preload.hpp"

#include "posix/child/child_setup.hpp"
#include "posix/child/child_stdio.hpp"
#include "posix/child/fault_handler.hpp"
#include "posix/child/user_code.hpp"
#include "posix/descriptor.hpp"
#include "posix/huge_pages.hpp"
#include "posix/memory_file.hpp"
#include "posix/system_calls.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// Runs in a template, which has one thread: it may allocate.

namespace isolatte::inline v0_1::posix {

namespace {

using boost::system::error_code;

/// Descriptors that the call opens get numbers from here on, as far as the limit allows. Children
/// have others of the program's below: those of options::keep.
constexpr int first_preloaded = 512;

/// The time in which a thread that has been joined is gone from the kernel's list, and more.
constexpr int longest_thread_end_ms = 1000;

/// ThreadSanitizer has a thread of its own once a process has made another one.
#if defined(__SANITIZE_THREAD__)
constexpr std::size_t threads_of_sanitizer = 1;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
constexpr std::size_t threads_of_sanitizer = 1;
#else
constexpr std::size_t threads_of_sanitizer = 0;
#endif
#else
constexpr std::size_t threads_of_sanitizer = 0;
#endif

/// Numbers that are looked at where the system does not list those in use.
constexpr long most_numbers = 64 * 1024;

std::vector<int> preloaded;
bool reaps_left = false;

void throw_if(const error_code& ec, const char* what) {
  if (ec) throw boost::system::system_error{ec, what};
}

std::vector<int> open_numbers() {
  std::vector<int> all;
  if (DIR* const folder = ::opendir("/dev/fd")) {
    while (auto const* const entry = ::readdir(folder)) {
      int fd = -1;
      char const* const end = entry->d_name + std::strlen(entry->d_name);
      if (std::from_chars(entry->d_name, end, fd).ptr == end && fd != ::dirfd(folder))
        all.push_back(fd);
    }
    ::closedir(folder);
    std::sort(all.begin(), all.end());
  } else {
    long const end = std::min(::sysconf(_SC_OPEN_MAX), most_numbers);
    for (int fd = 0; fd < end; ++fd)
      if (::fcntl(fd, F_GETFD) != -1) all.push_back(fd);
  }
  return all;
}

/// Takes the low numbers as long as it lives, and one more.
class placeholders {
 public:
  placeholders(int one_more, error_code& ec) : file_{make_memory_file(0, ec)} {
    if (ec) return;
    ::fstat(file_.get(), &taken_for_);
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    int const end = static_cast<int>(std::min<rlim_t>(first_preloaded, limit.rlim_cur / 2));
    for (int fd = 3; fd < end; ++fd) take(fd);
    if (one_more >= end) take(one_more);
  }
  ~placeholders() {
    for (int const fd : taken_)
      if (is_placeholder(fd)) ::close(fd);
    if (file_ && !is_placeholder(file_.get())) file_.release();
  }
  placeholders(const placeholders&) = delete;
  placeholders& operator=(const placeholders&) = delete;

 private:
  // Not through the table: a number that could not be taken is one that a child may have to do
  // without.
  void take(int fd) {
    if (::fcntl(fd, F_GETFD) == -1 && ::dup3(file_.get(), fd, O_CLOEXEC) == fd)
      taken_.push_back(fd);
  }
  /// The call may have closed it, and opened another file there.
  bool is_placeholder(int fd) const noexcept {
    struct stat now{};
    return ::fstat(fd, &now) == 0 && now.st_dev == taken_for_.st_dev &&
           now.st_ino == taken_for_.st_ino;
  }

  descriptor file_;
  struct stat taken_for_{};
  std::vector<int> taken_;
};

void run(const detail::remote_call& call) {
  pid_t const self = ::getpid();
  try {
    auto const task = call.entry(call.arguments.bytes());
    run_user_code(*task, task_step::receive);
    run_user_code(*task, task_step::invoke);
  } catch (...) {
    if (::getpid() != self) ::_exit(1);
    throw;
  }
  if (::getpid() != self) ::_exit(0);
}

void check_threads(std::size_t before) {
  // A thread that has been joined may not have left the list yet.
  for (int waited = 0; number_of_threads() > before + threads_of_sanitizer; ++waited) {
    if (waited == longest_thread_end_ms)
      throw std::runtime_error{
          "isolatte: the preload left threads running, which no child would have"};
    sys.poll(nullptr, 0, 1);
  }
}

/// Reaps the processes that the call has left and that have ended.
/// @return whether others run
bool has_children() noexcept {
  for (;;) {
    siginfo_t info{};
    if (retry([&] { return sys.waitid(P_ALL, 0, &info, WEXITED | WNOHANG, nullptr); }) == -1)
      return errno != ECHILD;
    if (info.si_pid == 0) return true;
  }
}

/// Has the kernel reap the processes that the call has left as they end. A template reaps none, and
/// its sandbox may forbid that it does.
void reap_when_they_end() noexcept {
  struct sigaction action{};
  // A handler of the call's reaps them itself.
  if (sys.sigaction(SIGCHLD, nullptr, &action) == -1 || action.sa_handler != SIG_DFL) return;
  action.sa_flags = SA_NOCLDWAIT;
  reaps_left = sys.sigaction(SIGCHLD, &action, nullptr) == 0;
  // Some may have ended before.
  has_children();
}

/// The null device, opened before the call: afterwards there may be no such file.
class null_device {
 public:
  null_device() {
    error_code ec;
    file_ = open_file("/dev/null", O_RDWR, ec);
    if (!ec) identity_ = identify(file_.get(), ec);
    throw_if(ec, "isolatte: opening the null device");
  }
  ~null_device() {
    if (is_closed()) file_.release();
  }
  null_device(const null_device&) = delete;
  null_device& operator=(const null_device&) = delete;

  /// Gives children the null device again where their options name no stream.
  void reset_streams() {
    if (is_closed())
      throw std::runtime_error{"isolatte: the preload closed a descriptor that it had not opened"};
    for (int fd = 0; fd != 3; ++fd)
      if (retry([&] { return sys.dup2(file_.get(), fd); }) == -1)
        throw_if(last_error(), "isolatte: resetting the standard streams");
  }

 private:
  /// The call may have closed it, and opened another file there.
  bool is_closed() const noexcept {
    error_code ec;
    return identify(file_.get(), ec) != identity_ || ec;
  }

  descriptor file_;
  file_identity identity_;
};

}  // namespace

preload_result preload(const preload_plan& plan, int socket, int leash_number) {
  error_code ec;
  auto const socket_before = identify(socket, ec);
  throw_if(ec, "isolatte: looking at the fork server's socket");
  null_device null;
  auto const numbers_before = open_numbers();
  auto const threads_before = number_of_threads();
  {
    placeholders const low_numbers{leash_number, ec};
    throw_if(ec, "isolatte: taking the low numbers of descriptors");
    run(*plan.call);
  }
  check_threads(threads_before);
  flush_buffers();
  if (identify(socket, ec) != socket_before || ec)
    throw std::runtime_error{"isolatte: the preload closed the fork server's socket"};
  null.reset_streams();
  std::vector<int> opened;
  for (int const fd : open_numbers())
    if (fd > 2 && !std::binary_search(numbers_before.begin(), numbers_before.end(), fd))
      opened.push_back(fd);
  preloaded = std::move(opened);
  remove_fault_handler();
  preload_result result;
  result.left_processes = has_children() ? 1 : 0;
  if (result.left_processes != 0) reap_when_they_end();
  if (plan.huge_pages) result.huge_bytes = move_to_huge_pages(pages_to_move::own);
  return result;
}

const std::vector<int>& preloaded_descriptors() noexcept { return preloaded; }

bool reaps_left_processes() noexcept { return reaps_left; }

}  // namespace isolatte::inline v0_1::posix
