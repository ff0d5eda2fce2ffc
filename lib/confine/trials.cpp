// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "confine/trials.hpp"

#include "confine/filter.hpp"
#include "confine/namespaces.hpp"
#include "confine/ruleset.hpp"
#include "posix/child_process.hpp"
#include "posix/credentials.hpp"
#include "posix/message_socket.hpp"
#include "posix/passed_memory.hpp"
#include "posix/process_registry.hpp"
#include "posix/shared_page.hpp"
#include "posix/signals_blocked.hpp"
#include "posix/system_calls.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// The functions try_..._here() and hold_...() run in a child of a program that may have threads:
// async-signal-safe throughout.

namespace isolatte::inline v0_1::confine {

namespace {

using boost::system::error_code;

#if ISOLATTE_HAS_SANDBOX

/// Owns a bare child of the library's own, which runs a function and ends. The function is given
/// what the child shares with the program.
class trial_child {
 public:
  template <class T, class Function>
  trial_child(const posix::shared_page<T>& page, Function run, error_code& ec) {
    T& shared = *page;
    posix::child_announced const announced{ec};
    if (ec) return;
    posix::signals_blocked blocked{ec};
    if (ec) return;
    posix::passed_memory const passed{{page.part()}};
    pid_t const pid = posix::sys.fork();
    if (pid == 0) {
      run(shared);
      ::_exit(0);
    }
    if (pid == -1)
      ec = posix::last_error();
    else
      process_.adopt(pid, false, std::chrono::steady_clock::now());
    if (passed.error() != 0) ec.assign(passed.error(), boost::system::system_category());
  }
  int pid() const noexcept { return process_.pid(); }
  void wait() noexcept {
    constexpr int look_again = 10;
    while (!process_.ended()) {
      struct pollfd end{process_.descriptor_of_end(), POLLIN, 0};
      posix::sys.poll(&end, 1, look_again);
    }
    process_.try_reap();
  }

 private:
  posix::child_process process_;
};

struct trial_results {
  std::atomic<bool> done;
  std::atomic<int> filter_error;
  std::atomic<int> landlock_version;
  std::atomic<int> landlock_error;
  std::atomic<bool> limits_processes;
};

/// Makes a process that ends at once. Not by the C library: handlers of pthread_atfork() have no
/// business here.
bool make_process() noexcept {
  auto const pid = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  if (pid == 0) ::_exit(0);
  if (pid == -1) return false;
  posix::retry([&] { return posix::sys.wait4(pid, nullptr, 0, nullptr); });
  return true;
}

void try_landlock_here(trial_results& results) noexcept {
  error_code ec;
  int const version = landlock_version(ec);
  if (version == 0) {
    results.landlock_error = ec.value();
    return;
  }
  constexpr std::uint64_t handled[] = {1, 0, 0};
  int const ruleset = posix::sys.landlock_create_ruleset(handled, sizeof handled[0], 0);
  if (ruleset == -1 || posix::sys.landlock_restrict_self(ruleset) == -1)
    results.landlock_error = errno;
  else
    results.landlock_version = version;
}

void try_filter_here(trial_results& results) noexcept {
  sock_filter allow_all{BPF_RET | BPF_K, 0, 0, 0x7fff0000};
  sock_fprog const program{1, &allow_all};
  results.filter_error = posix::sys.seccomp(&program) == -1 ? errno : 0;
}

void try_process_limit_here(trial_results& results) noexcept {
  struct rlimit const few{1, 1};
  if (!posix::drop_capabilities() || posix::sys.setrlimit(RLIMIT_NPROC, &few) == -1) return;
  results.limits_processes = !make_process() && errno == EAGAIN;
}

void try_here(trial_results& results) noexcept {
  if (posix::sys.prctl(PR_SET_NO_NEW_PRIVS, 1) == -1) {
    results.landlock_error = results.filter_error = errno;
  } else {
    try_landlock_here(results);
    try_filter_here(results);
    try_process_limit_here(results);
  }
  results.done = true;
}

/// The facts that a trial depends on: a copy of the program, another user, or a program that has a
/// filter of system calls by now may be told something else.
struct trial_subject {
  pid_t process = ::getpid();
  uid_t user = ::geteuid();
  int filtered = ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0);

  bool operator==(const trial_subject&) const noexcept = default;
};

/// A fact that is found out once. Guarded by the registry's lock, which no child finds locked.
template <class T>
class once {
 public:
  std::optional<T> get() const {
    auto const lock = posix::lock_registry();
    return subject_ == trial_subject{} ? known_ : std::nullopt;
  }
  void set(const T& value) {
    auto const lock = posix::lock_registry();
    subject_ = trial_subject{};
    known_ = value;
  }

 private:
  trial_subject subject_;
  std::optional<T> known_;
};

/// Whether the same trial may come to something else a moment later.
bool is_passing(int error) noexcept {
  for (int const each : {EAGAIN, ENOMEM, EMFILE, ENFILE})
    if (error == each) return true;
  return false;
}

#endif

}  // namespace

#if ISOLATTE_HAS_SANDBOX

mechanisms try_mechanisms(error_code& ec) {
  static auto& known = *new once<mechanisms>;
  if (auto const found = known.get()) return *found;
  auto const page = posix::shared_page<trial_results>::make(ec);
  if (ec) return {};
  trial_child child{page, try_here, ec};
  if (ec) return {};
  child.wait();
  mechanisms const result{page->filter_error, page->landlock_version, page->landlock_error,
                          page->limits_processes};
  int passing = page->done ? 0 : EAGAIN;
  for (int const error : {result.filter_error, result.landlock_error})
    if (is_passing(error)) passing = error;
  if (passing != 0) {
    ec.assign(passing, boost::system::system_category());
    return {};
  }
  known.set(result);
  return result;
}

int try_process_namespace(error_code& ec) {
  static auto& known = *new once<int>;
  if (auto const found = known.get()) return *found;
  auto const page = posix::shared_page<std::atomic<int>>::make(ec);
  if (ec) return 0;
  *page = -1;
  trial_child child{page,
                    [](std::atomic<int>& error) {
                      bool with_user = false;
                      bool const works =
                          enter_new_namespaces(CLONE_NEWPID, with_user) && make_process();
                      error = works ? 0 : errno;
                    },
                    ec};
  if (ec) return 0;
  child.wait();
  int const result = *page;
  if (result == -1 || is_passing(result))
    ec.assign(result == -1 ? EAGAIN : result, boost::system::system_category());
  else
    known.set(result);
  return result;
}

namespace {

/// A namespace that the program holds open. The program may close all its descriptors, and use the
/// number for another file.
class held_namespace {
 public:
  void hold(posix::descriptor fd, error_code& ec) noexcept {
    identity_ = posix::identify(fd.get(), ec);
    if (!ec) fd_ = fd.release();
  }
  int get() const noexcept { return fd_; }
  /// @param ec is set if the system does not tell
  bool is_there(error_code& ec) const noexcept {
    if (fd_ == -1) return false;
    error_code failed;
    bool const same = posix::identify(fd_, failed) == identity_;
    if (failed && failed != boost::system::errc::bad_file_descriptor) ec = failed;
    return same && !failed;
  }

 private:
  int fd_ = -1;
  posix::file_identity identity_;
};

/// Never destroyed, because children may join them as long as the process lives.
struct held_namespaces {
  held_namespace user;
  held_namespace network;
  held_namespace ipc;

  bool are_there(error_code& ec) const noexcept {
    return network.is_there(ec) && ipc.is_there(ec) && (user.get() == -1 || user.is_there(ec));
  }
  network_namespaces get() const noexcept { return {user.get(), network.get(), ipc.get()}; }
};

/// Sends the new namespaces of this process to the program.
void make_namespaces_here(int socket, std::atomic<int>& error) noexcept {
  bool with_user = false;
  if (!enter_new_namespaces(CLONE_NEWNET | CLONE_NEWIPC, with_user)) {
    error = errno;
    return;
  }
  constexpr const char* paths[] = {"/proc/self/ns/net", "/proc/self/ns/ipc", "/proc/self/ns/user"};
  int fds[std::size(paths)];
  std::size_t const count = with_user ? 3 : 2;
  for (std::size_t i = 0; i != count; ++i) {
    fds[i] = posix::retry([&] { return posix::sys.open(paths[i], O_RDONLY | O_CLOEXEC, 0); });
    if (fds[i] == -1) {
      error = errno;
      return;
    }
  }
  error_code ec;
  std::byte const message{};
  posix::send_message(socket, {&message, 1}, {fds, count}, true, ec);
  error = ec.value();
}

held_namespaces receive_namespaces(int socket, error_code& ec) {
  std::byte room[1];
  std::vector<posix::descriptor> received;
  posix::receive_message(socket, room, received, false, ec);
  held_namespaces made;
  if (!ec && received.size() < 2) ec = make_error_code(boost::system::errc::io_error);
  if (!ec) made.network.hold(std::move(received[0]), ec);
  if (!ec) made.ipc.hold(std::move(received[1]), ec);
  if (!ec && received.size() > 2) made.user.hold(std::move(received[2]), ec);
  return made;
}

}  // namespace

network_namespaces make_network_namespaces(error_code& ec) {
  static auto& known = *new once<held_namespaces>;
  if (auto const found = known.get(); found && (found->are_there(ec) || ec)) return found->get();
  auto const page = posix::shared_page<std::atomic<int>>::make(ec);
  if (ec) return {};
  *page = EAGAIN;
  posix::socket_ends const sockets = posix::make_message_sockets(ec);
  if (ec) return {};
  int const socket = sockets.theirs.get();
  trial_child child{page,
                    [socket](std::atomic<int>& error) { make_namespaces_here(socket, error); }, ec};
  if (ec) return {};
  child.wait();
  if (int const error = *page) {
    ec.assign(error, boost::system::system_category());
    return {};
  }
  auto const made = receive_namespaces(sockets.mine.get(), ec);
  if (ec) return {};
  known.set(made);
  return made.get();
}

#else

mechanisms try_mechanisms(error_code&) {
  return {.filter_error = ENOSYS, .landlock_error = ENOSYS};
}

int try_process_namespace(error_code&) { return ENOSYS; }

network_namespaces make_network_namespaces(error_code& ec) {
  ec = make_error_code(boost::system::errc::not_supported);
  return {};
}

#endif

}  // namespace isolatte::inline v0_1::confine
