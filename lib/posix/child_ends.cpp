// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child_ends.hpp"

#include "posix/memory_file.hpp"
#include "posix/standard_stream.hpp"
#include "posix/system_calls.hpp"

#include <atomic>
#include <span>
#include <utility>

#include <fcntl.h>

namespace isolatte::inline v0_1::posix {

namespace {

constexpr const char* null_device = "/dev/null";

template <class... Cases>
struct overloaded : Cases... {
  using Cases::operator()...;
};
// Clang 14 needs the guide: it does not deduce the arguments from the aggregate.
template <class... Cases>
overloaded(Cases...) -> overloaded<Cases...>;

/// Opens what the user names, which may be anything. A FIFO whose other end is not open must not
/// block the event loop.
descriptor open_path(const char* path, int flags, boost::system::error_code& ec) {
  descriptor file = open_file(path, flags | O_NONBLOCK | O_NOCTTY, ec);
  if (ec) return {};
  int const status = retry([&] { return sys.fcntl(file.get(), F_GETFL, 0); });
  if (status == -1 ||
      retry([&] { return sys.fcntl(file.get(), F_SETFL, status & ~O_NONBLOCK); }) == -1) {
    ec = last_error();
    return {};
  }
  return file;
}

descriptor open_piped(descriptor& parent, boost::system::error_code& ec) {
  pipe_ends ends = make_pipe(ec);
  parent = std::move(ends.read);
  return std::move(ends.write);
}

/// Whether this process has met a root without a null device. Its templates may have none, then.
std::atomic<bool> null_device_missed = false;

/// @return the null device; nothing if there is none, or if `ec` is set
descriptor open_null(int flags, boost::system::error_code& ec) {
  boost::system::error_code refused;
  descriptor file = open_file(null_device, flags, refused);
  namespace errc = boost::system::errc;
  for (auto const shortage :
       {errc::too_many_files_open, errc::too_many_files_open_in_system, errc::not_enough_memory})
    if (refused == shortage) ec = refused;
  if (refused) null_device_missed = true;
  return file;
}

descriptor open_nothing_to_read(boost::system::error_code& ec) {
  descriptor file = open_null(O_RDONLY, ec);
  if (!file && !ec) file = make_memory_file(std::span<const std::byte>{}, ec);
  return file;
}

/// @param parent what the program has to read in the null device's place, if it has to
descriptor open_nowhere_to_write(descriptor& parent, boost::system::error_code& ec) {
  descriptor file = open_null(O_WRONLY, ec);
  if (!file && !ec) file = open_piped(parent, ec);
  return file;
}

/// Whether a child that is not given a stream has the null device there.
bool has_null_device(inherited_streams inherited) noexcept {
  return inherited == inherited_streams::null_device && !null_device_missed;
}

descriptor open_source(const source& from, inherited_streams inherited,
                       boost::system::error_code& ec) {
  if (std::holds_alternative<discard_t>(from) && has_null_device(inherited)) return {};
  return std::visit(
      overloaded{
          [&](discard_t) { return open_nothing_to_read(ec); },
          [&](inherit_t) {
            if (is_standard_stream(0, ec) || ec) return descriptor{};
            return open_nothing_to_read(ec);
          },
          [&](const from_file& file) { return open_path(file.path.c_str(), O_RDONLY, ec); },
          [&](const from_fd& given) { return duplicate(given.fd, ec); },
          // The child reads it when it likes: no one has to feed it.
          [&](const from_text& given) {
            return make_memory_file(std::as_bytes(std::span{given.text}), ec);
          },
      },
      from);
}

descriptor open_sink(const sink& to, int fd, inherited_streams inherited, descriptor& parent,
                     boost::system::error_code& ec) {
  if (std::holds_alternative<discard_t>(to) && has_null_device(inherited)) return {};
  return std::visit(overloaded{
                        [&](discard_t) { return open_nowhere_to_write(parent, ec); },
                        [&](inherit_t) {
                          if (is_standard_stream(fd, ec) || ec) return descriptor{};
                          return open_nowhere_to_write(parent, ec);
                        },
                        [&](const to_file& file) {
                          int const flags = O_WRONLY | O_CREAT | (file.append ? O_APPEND : O_TRUNC);
                          return open_path(file.path.c_str(), flags, ec);
                        },
                        [&](const to_fd& given) { return duplicate(given.fd, ec); },
                        [&](const capture&) { return open_piped(parent, ec); },
                        [&](const by_line&) { return open_piped(parent, ec); },
                    },
                    to);
}

/// Whether both are one file, under one name or two.
bool same_file(const descriptor& one, const descriptor& other, boost::system::error_code& ec) {
  auto const first = identify(one.get(), ec);
  if (ec) return false;
  auto const second = identify(other.get(), ec);
  return !ec && first == second;
}

}  // namespace

all_ends open_ends(const options& opts, inherited_streams inherited,
                   boost::system::error_code& ec) {
  all_ends all;
  all.child.in = open_source(opts.in, inherited, ec);
  if (!ec) all.child.out = open_sink(opts.out, 1, inherited, all.parent.out, ec);
  if (!ec) all.child.err = open_sink(opts.err, 2, inherited, all.parent.err, ec);
  bool const files =
      std::holds_alternative<to_file>(opts.out) && std::holds_alternative<to_file>(opts.err);
  // Opened twice, each would overwrite what the other writes.
  if (!ec && files && same_file(all.child.out, all.child.err, ec))
    all.child.err = duplicate(all.child.out.get(), ec);
  if (!ec) all.child.channel = open_piped(all.parent.channel, ec);
  if (ec) return {};
  return all;
}

}  // namespace isolatte::inline v0_1::posix
