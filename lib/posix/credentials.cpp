// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/credentials.hpp"

#include "posix/descriptor.hpp"
#include "posix/system_calls.hpp"

#include <cerrno>
#include <cstddef>
#include <new>

#include <grp.h>
#if defined(__linux__)
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif
#include <unistd.h>

namespace isolatte::inline v0_1::posix {

namespace {

using boost::system::error_code;

#if defined(__linux__)

bool read_ids(credentials& own) noexcept {
  return ::getresuid(&own.users[0], &own.users[1], &own.users[2]) == 0 &&
         ::getresgid(&own.groups[0], &own.groups[1], &own.groups[2]) == 0;
}

bool read_capabilities(credentials& own) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct parts[_LINUX_CAPABILITY_U32S_3]{};
  if (::syscall(SYS_capget, &header, parts) == -1) return false;
  for (unsigned i = 0; i != _LINUX_CAPABILITY_U32S_3; ++i) {
    own.capabilities[0] |= static_cast<std::uint64_t>(parts[i].effective) << 32 * i;
    own.capabilities[1] |= static_cast<std::uint64_t>(parts[i].permitted) << 32 * i;
    own.capabilities[2] |= static_cast<std::uint64_t>(parts[i].inheritable) << 32 * i;
  }
  return true;
}

bool write_capabilities(const std::array<std::uint64_t, 3>& wanted) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct parts[_LINUX_CAPABILITY_U32S_3]{};
  for (unsigned i = 0; i != _LINUX_CAPABILITY_U32S_3; ++i) {
    parts[i].effective = static_cast<std::uint32_t>(wanted[0] >> 32 * i);
    parts[i].permitted = static_cast<std::uint32_t>(wanted[1] >> 32 * i);
    parts[i].inheritable = static_cast<std::uint32_t>(wanted[2] >> 32 * i);
  }
  return sys.capset(&header, parts) == 0;
}

void keep_capabilities(bool whether) noexcept { sys.prctl(PR_SET_KEEPCAPS, whether ? 1 : 0); }

bool set_ids(const credentials& wanted) noexcept {
  auto const& [real_group, effective_group, saved_group] = wanted.groups;
  auto const& [real_user, effective_user, saved_user] = wanted.users;
  return sys.setresgid(real_group, effective_group, saved_group) == 0 &&
         sys.setresuid(real_user, effective_user, saved_user) == 0;
}

#else

bool read_ids(credentials& own) noexcept {
  own.users = {::getuid(), ::geteuid(), ::geteuid()};
  own.groups = {::getgid(), ::getegid(), ::getegid()};
  return true;
}

bool read_capabilities(credentials&) noexcept { return true; }
bool write_capabilities(const std::array<std::uint64_t, 3>&) noexcept { return true; }
void keep_capabilities(bool) noexcept {}

bool set_ids(const credentials& wanted) noexcept {
  return sys.setresgid(wanted.groups[0], wanted.groups[1], wanted.groups[1]) == 0 &&
         sys.setresuid(wanted.users[0], wanted.users[1], wanted.users[1]) == 0;
}

#endif

bool read_supplementary(credentials& own) {
  static_assert(sizeof(gid_t) == sizeof own.supplementary[0]);
  for (;;) {
    int const count = ::getgroups(0, nullptr);
    if (count == -1) return false;
    own.supplementary.resize(static_cast<std::size_t>(count));
    int const read = ::getgroups(count, own.supplementary.data());
    if (read == count) return true;
    // Another thread has changed them meanwhile.
    if (read == -1 && errno != EINVAL) return false;
  }
}

bool change(credentials now, const credentials& wanted) noexcept {
  // An effective user that is not root leaves the capabilities of a process permitted, but out of
  // effect; without them other groups cannot be taken on.
  std::array<std::uint64_t, 3> const all{now.capabilities[1], now.capabilities[1],
                                         now.capabilities[2]};
  if (now.capabilities != all && !write_capabilities(all)) return false;
  if (now.supplementary != wanted.supplementary &&
      sys.setgroups(wanted.supplementary.size(), wanted.supplementary.data()) == -1)
    return false;
  if (now.users != wanted.users || now.groups != wanted.groups) {
    keep_capabilities(true);
    bool const set = set_ids(wanted);
    keep_capabilities(false);
    if (!set) return false;
  }
  return write_capabilities(wanted.capabilities);
}

}  // namespace

credentials credentials::own(error_code& ec) {
  credentials own;
  if (!read_ids(own) || !read_capabilities(own) || !read_supplementary(own)) ec = last_error();
  return own;
}

bool drop_capabilities() noexcept {
  // A sandbox within a sandbox has none, and may not even say so.
  credentials own;
  return (read_capabilities(own) && own.capabilities == decltype(own.capabilities){}) ||
         write_capabilities({});
}

bool take_on(const credentials& wanted) noexcept try {
  error_code ec;
  credentials now = credentials::own(ec);
  if (!ec && now == wanted) return true;
  if (ec || !change(now, wanted)) return false;
  now = credentials::own(ec);
  errno = EPERM;
  return !ec && now == wanted;
} catch (const std::bad_alloc&) {
  errno = ENOMEM;
  return false;
}

}  // namespace isolatte::inline v0_1::posix
