// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/fork_request.hpp"

#include "posix/message_socket.hpp"
#include "posix/system_calls.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace isolatte::posix {

namespace {

/// Arguments up to this size are in the message.
constexpr std::size_t short_arguments = 16 * 1024;

void append(std::vector<std::byte>& bytes, const void* data, std::size_t count) {
  auto const* const from = static_cast<const std::byte*>(data);
  bytes.insert(bytes.end(), from, from + count);
}

descriptor file_of(std::span<const std::byte> bytes, boost::system::error_code& ec) {
  descriptor file{retry([&] { return sys.temporary_file(); })};
  if (!file) ec = last_error();
  while (!ec && !bytes.empty()) {
    ssize_t const written =
        retry([&] { return sys.write(file.get(), bytes.data(), bytes.size()); });
    if (written == -1)
      ec = last_error();
    else
      bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return file;
}

}  // namespace

fork_message make_fork_message(std::uint64_t id, const detail::remote_call& call,
                               const child_ends& ends, const options& opts,
                               boost::system::error_code& ec) {
  fork_message message;
  auto const add = [&message](descriptor fd) {
    message.order.push_back(fd.get());
    message.owned.push_back(std::move(fd));
  };
  fork_request request;
  request.id = id;
  request.entry = locate_code(reinterpret_cast<std::uintptr_t>(call.entry));
  if (call.function != 0) request.function = locate_code(call.function);
  request.arguments_size = call.arguments.size();
  request.lead_group = opts.kill_tree;
  request.report_faults = opts.fault_report;
  request.max_result = opts.max_result;
  request.limits = opts.limits;
  if (!opts.kill_tree) request.group = ::getpgrp();
  request.die_with_parent = opts.die_with_parent;

  message.order.push_back(ends.channel.get());
  const descriptor* const standard[3] = {&ends.in, &ends.out, &ends.err};
  bool const discarded[3] = {std::holds_alternative<discard_t>(opts.in),
                             std::holds_alternative<discard_t>(opts.out),
                             std::holds_alternative<discard_t>(opts.err)};
  for (int fd = 0; fd != 3; ++fd) {
    // It has the null device as it is.
    if (discarded[fd]) continue;
    bool const inherited = !*standard[fd];
    // What is closed here the server has none for, either.
    request.given[fd] = !inherited || sys.fcntl(fd, F_GETFD, 0) != -1;
    if (!request.given[fd] && errno != EBADF) {
      ec = last_error();
      return {};
    }
    if (request.given[fd]) message.order.push_back(inherited ? fd : standard[fd]->get());
  }
  auto const arguments = call.arguments.bytes();
  request.arguments_in_file = arguments.size() > short_arguments;
  if (request.arguments_in_file) add(file_of(arguments, ec));
  if (ec) return {};
  request.kept = static_cast<std::uint32_t>(opts.keep.fds().size());
  if (opts.keep.all()) {
    // Here that would be everything of the server's.
    ec = make_error_code(boost::system::errc::operation_not_supported);
    return {};
  }
  for (int const fd : opts.keep.fds()) {
    add(duplicate(fd, ec));
    if (ec) return {};
  }
  // One more is the page.
  if (message.order.size() >= most_descriptors) {
    ec = make_error_code(boost::system::errc::too_many_files_open);
    return {};
  }
  append(message.bytes, &request, sizeof request);
  append(message.bytes, opts.keep.fds().data(), request.kept * sizeof(int));
  if (!request.arguments_in_file) append(message.bytes, arguments.data(), arguments.size());
  return message;
}

fork_message make_order(std::uint64_t id, descriptor page, descriptor link) {
  fork_message message;
  fork_request request;
  request.id = id;
  request.ahead = true;
  append(message.bytes, &request, sizeof request);
  for (descriptor* const fd : {&page, &link}) {
    message.order.push_back(fd->get());
    message.owned.push_back(std::move(*fd));
  }
  return message;
}

void fork_message::lead_with(descriptor page) {
  order.insert(order.begin(), page.get());
  owned.push_back(std::move(page));
}

}  // namespace isolatte::posix
