// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "confine/support.hpp"

#include "confine/filter.hpp"
#include "confine/system_call_lists.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <variant>

namespace isolatte::inline v0_1::confine {

namespace {

using boost::system::error_code;

std::string message_of(int error) {
  return error_code{error, boost::system::system_category()}.message();
}

std::string why_no_landlock(const mechanisms& has) {
  switch (has.landlock_error) {
    case ENOSYS: return "this kernel has no Landlock, or a filter hides it";
    case EOPNOTSUPP: return "Landlock is not enabled in this kernel (lsm=)";
    default: return "Landlock: " + message_of(has.landlock_error);
  }
}

bool lists_paths(const sandbox& box) noexcept {
  return !box.read.empty() || !box.write.empty() || !box.execute.empty();
}

/// Whether files are a matter of Landlock and not of the filter.
bool opens_files(const sandbox& box) noexcept {
  return lists_paths(box) || std::any_of(box.system_calls.begin(), box.system_calls.end(),
                                         [](const std::string& name) { return takes_path(name); });
}

/// Adds a gap unless the kernel's Landlock is of that version.
void need_landlock(support& found, int version, std::string_view promise) {
  std::string gap{promise};
  if (found.has.landlock_version >= version) return;
  if (found.has.landlock_version == 0)
    gap += ": " + why_no_landlock(found.has);
  else
    gap += ": Landlock ABI " + std::to_string(version) + " is needed, and this kernel has " +
           std::to_string(found.has.landlock_version);
  found.gaps.push_back(std::move(gap));
}

/// Whether the system does not let this program have a namespace, rather than being short of
/// something.
bool is_refusal(int error) noexcept {
  for (int const each : {EPERM, EACCES, ENOSYS, EINVAL, ENOSPC, EUSERS, ENOENT})
    if (error == each) return true;
  return false;
}

void find_namespaces(support& found, const isolation& wanted, error_code& ec) {
  if (wanted.processes) {
    int const error = try_process_namespace(ec);
    if (ec) return;
    found.process_namespace = error == 0;
    if (error != 0) found.gaps.push_back("no process namespace: " + message_of(error));
  }
  if (wanted.network) {
    error_code why;
    found.join = make_network_namespaces(why);
    if (!why) return;
    if (is_refusal(why.value()))
      found.gaps.push_back("no network namespace: " + why.message());
    else
      ec = why;
  }
}

}  // namespace

support find_support(const sandbox& box, error_code& ec) {
  support found;
  if (!ISOLATTE_HAS_SANDBOX) {
    found.gaps = {
        "no sandbox: isolatte was built without libseccomp, or for a system that it does "
        "not know how to confine"};
    return found;
  }
  found.built = true;
  found.has = try_mechanisms(ec);
  if (ec) return found;
  find_namespaces(found, box.isolate, ec);
  if (ec) return found;
  if (found.has.filter_error != 0)
    found.gaps.push_back("no control of system calls: seccomp: " +
                         message_of(found.has.filter_error));
  // Without a filter, Landlock keeps the files.
  found.needs.files = opens_files(box) || found.has.filter_error != 0;
  found.needs.tcp_ports = std::holds_alternative<tcp>(box.network);
  found.needs.signals = box.processes;
  found.needs.socket_files = !std::holds_alternative<no_network_t>(box.network);
  if (found.needs.files) need_landlock(found, 1, "no file access control");
  if (found.needs.tcp_ports) need_landlock(found, landlock_with_tcp, "no control of TCP ports");
  if (found.needs.signals && !found.process_namespace)
    need_landlock(found, landlock_with_signals, "no protection of other processes from signals");
  return found;
}

}  // namespace isolatte::inline v0_1::confine

namespace isolatte::inline v0_1 {

std::vector<std::string> sandbox_abilities::gaps(const sandbox& box) const {
  boost::system::error_code ec;
  auto found = confine::find_support(box, ec);
  if (ec) throw boost::system::system_error{ec, "isolatte::sandbox_support"};
  return std::move(found.gaps);
}

}  // namespace isolatte::inline v0_1
