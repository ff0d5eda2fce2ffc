// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_PROCESS_SANDBOX_HELPERS_HPP
#define ISOLATTE_TEST_PROCESS_SANDBOX_HELPERS_HPP

#include "process/helpers.hpp"

#include <isolatte.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace isolatte::inline v0_1::test {

/// Collects what a process without Boost.Test finds wrong.
class findings {
 public:
  void expect(bool right, const std::string& what) {
    if (!right) text_ += "wrong: " + what + "; ";
  }
  template <class R>
  void expect(bool right, const std::string& what, const outcome<R>& from) {
    std::ostringstream text;
    text << what << " of \"" << from << '"';
    expect(right, text.str());
  }
  template <class R, class T>
  void expect_value(const outcome<R>& from, const T& value) {
    expect(from && from.value() == value, "the value", from);
    if constexpr (requires(std::ostream& to) { to << value; }) {
      if (from && !(from.value() == value)) {
        std::ostringstream text;
        text << from.value() << " is not " << value;
        expect(false, text.str());
      }
    }
  }
  template <class R>
  void expect_how(const outcome<R>& from, ending how) {
    expect(from.how() == how, "the ending", from);
  }
  template <class R>
  void expect_fault(const outcome<R>& from, int signal, const std::string& system_call) {
    expect(from.how() == ending::faulted && from.signal() == signal && from.fault() &&
               from.fault()->system_call == system_call,
           "a fault by " + system_call, from);
  }
  template <class R>
  void expect_error(const outcome<R>& from, const boost::system::error_code& ec) {
    expect(from.how() == ending::not_started && from.ran() == ran::no, "a refusal", from);
    try {
      if (from.exception()) std::rethrow_exception(from.exception());
      expect(false, "an error", from);
    } catch (const boost::system::system_error& error) {
      // Some codes are of the generic category, and some of the system's.
      expect(error.code().value() == ec.value(), "the error " + ec.message(), from);
    }
  }
  template <class R>
  void expect_refused(const outcome<R>& from, int error) {
    expect_error(from, {error, boost::system::system_category()});
  }
  void add(const std::string& text) { text_ += text; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Runs a callable in a sandbox.
template <class F>
auto run(const sandbox& box, F function, options opts = {}) {
  opts.sandbox = box;
  return isolatte::fork(std::move(function), std::move(opts));
}

/// Runs a call in a child of a server, and whatever else the context has to do.
template <class Call>
auto serve(isolatte::fork_server& server, boost::asio::io_context& ctx, const Call& fn,
           isolatte::options opts) {
  isolatte::outcome<isolatte::result_of<Call>> result;
  server.async_fork(fn, std::move(opts),
                    [&](const boost::system::error_code&, auto o) { result = std::move(o); });
  ctx.run();
  ctx.restart();
  return result;
}

/// Gives up root.
inline void become_nobody() {
  constexpr unsigned nobody = 65534;
  if (::setgroups(0, nullptr) == -1 || ::setgid(nobody) == -1 || ::setuid(nobody) == -1)
    ::_exit(98);
}

template <class Check>
std::string found_by(Check check) {
  findings all;
  check(all);
  return all.text();
}

/// Checks as the user that the test has, and, if that is root, as one without privileges.
template <class Check>
void as_each_user(Check check) {
  BOOST_TEST(found_by(check) == "");
  if (::geteuid() != 0) return;
  std::string const found = in_bare_process([&] {
    become_nobody();
    return found_by(check);
  });
  BOOST_TEST(found == "");
}

/// Checks where some system calls fail, as with an older kernel or in a container.
template <class Check>
std::string without(std::initializer_list<long> calls, int error, Check check) {
  return in_bare_process([&]() -> std::string {
    std::vector<sock_filter> code;
    code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    for (long const call : calls) {
      code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1));
      code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)));
    }
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    sock_fprog const program{static_cast<unsigned short>(code.size()), code.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1)
      return "no filter";
    return found_by(check);
  });
}

/// One of each kind of sandbox.
inline std::vector<sandbox> every_sandbox() {
  return {sandbox::pure(),
          sandbox::reader({"/etc"}),
          {.network = any_network},
          {.execute = {"/bin", "/usr", "/lib", "/lib64"}, .processes = true}};
}

/// Returns the errno with which a call fails, or 0.
template <class Call>
int errno_of(Call call) {
  errno = 0;
  return call() == -1 ? errno : 0;
}

/// Attacks the leash by every descriptor but those that the child needs.
inline void slip_the_leash(int needed) {
  auto const each_other = [needed](auto attack) {
    for (int fd = 3; fd != 256; ++fd)
      if (fd != needed) attack(fd);
  };
  each_other([](int fd) { ::syscall(SYS_close, fd | 1L << 32); });
  each_other([](int fd) { ::fcntl(fd, F_SETFL, 0); });
  each_other([](int fd) {
    int const copy = ::dup(fd);
    if (copy == -1) return;
    ::fcntl(copy, F_SETFL, 0);
    ::close(copy);
  });
  each_other([](int fd) { ::dup2(0, fd); });
  each_other([](int fd) { ::close(fd); });
  ::syscall(436, 3, 1000, 0);
}

inline std::string capabilities_of(const std::string& process) {
  std::ifstream status{"/proc/" + process + "/status"};
  for (std::string word; status >> word;)
    if (word == "CapEff:" && status >> word) return word;
  return "unknown";
}

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream{path} << text;
}

/// A new folder, in which every user may write.
class shared_folder {
 public:
  shared_folder() { std::filesystem::permissions(path(), std::filesystem::perms::all); }
  std::filesystem::path path() const { return folder_ / ""; }
  std::filesystem::path operator/(std::string_view name) const { return folder_ / name; }

 private:
  scratch_folder folder_;
};

}  // namespace isolatte::inline v0_1::test

#endif
