// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// A request for a child, as a template or a standby child reads it.

#include "posix/child/requested_child.hpp"
#include "posix/child/sandbox_message.hpp"
#include "posix/message_socket.hpp"
#include "target.hpp"

#include <boost/system/error_code.hpp>

#include <fcntl.h>

namespace fork_requests_target {

using namespace isolatte::fuzz;
using boost::system::error_code;
using isolatte::posix::child_page;
using isolatte::posix::descriptor;
using isolatte::posix::fork_request;
using isolatte::posix::requested_child;

/// Copies are cheap, and new files are not.
descriptor copy_of(const descriptor& one) {
  descriptor fd{::fcntl(one.get(), F_DUPFD_CLOEXEC, 3)};
  require(bool(fd), "a descriptor can be copied");
  return fd;
}

descriptor null_device() {
  static descriptor const opened{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  require(bool(opened), "the null device can be opened");
  return copy_of(opened);
}

descriptor file_of_page() {
  static descriptor const made = [] {
    descriptor file;
    error_code ec;
    child_page::make_file(file, ec);
    require(!ec, "a page can be made");
    return file;
  }();
  return copy_of(made);
}

/// The descriptors of the message: a page, if there is to be one, then as many others.
std::vector<descriptor> received(bool with_page, std::size_t others) {
  std::vector<descriptor> all;
  all.reserve(isolatte::posix::most_descriptors);
  if (with_page) all.push_back(file_of_page());
  while (others-- != 0) all.push_back(null_device());
  return all;
}

void run(input bytes) {
  choices from{bytes};
  bool const is_standby = from.take<std::uint8_t>() % 2 != 0;
  std::size_t const descriptors = from.take<std::uint8_t>() % 16;
  input const message = from.rest();
  // A template reads no shorter one.
  if (message.size() < sizeof(fork_request)) return;
  auto with_it = received(!is_standby, descriptors);

  fork_request const request = isolatte::posix::read_request(message);
  if (isolatte::posix::has_functions(request))
    require(request.entry.address != 0, "there is no function at address 0");
  static_cast<void>(isolatte::posix::limits_of(request));
  memory_bound const bound{256 * 1024 + 32 * message.size()};
  error_code ec;
  if (is_standby) {
    auto page = child_page::make(ec);
    require(!ec, "a page can be made");
    requested_child const child{message, with_it, std::move(page), null_device(), ec};
    require(child.page().data() != nullptr, "a standby child keeps its page");
  } else {
    requested_child const child{message, with_it, ec};
    require(ec || child.page().data() != nullptr, "a child that can be made has a page");
  }
}

bytes request_of(bool is_standby, std::uint8_t descriptors, const fork_request& request,
                 input after = {}) {
  bytes made = raw(std::uint8_t{is_standby}, descriptors);
  append_object(made, request);
  append(made, after);
  return made;
}

std::vector<bytes> seeds() {
  fork_request plain;
  plain.id = 1;
  plain.arguments_size = 5;
  plain.max_result = 1000;
  plain.set(fork_request::leads_group, true);
  plain.set(fork_request::has_leash, true);
  plain.set_stream(1);
  plain.limits_set = 3;
  plain.limits[0] = 1 << 20;
  plain.supplementary = 1;

  fork_request full = plain;
  full.kept = 2;
  full.given = 1;
  full.set(fork_request::has_stop_token, true);
  full.set(fork_request::is_heard, true);
  full.set(fork_request::arguments_in_file, true);
  full.set(fork_request::has_sandbox, true);
  bytes after;
  append_object(after, std::array<int, 2>{20, 21});
  append_object(after, std::uint32_t{1000});
  std::vector<int> lent;
  isolatte::confine::sandbox_plan sandbox;
  sandbox.layers.emplace_back();
  isolatte::posix::append(after, lent, sandbox);

  fork_request order;
  order.set(fork_request::orders_standby, true);
  return {request_of(false, 4, plain, raw(0, 0, 0, 0, 'h', 'e', 'l', 'l', 'o')),
          request_of(true, 3, plain, raw(0, 0, 0, 0, 'h', 'e', 'l', 'l', 'o')),
          request_of(false, 9, full, after), request_of(true, 8, full, after),
          request_of(false, 2, order)};
}

registration const registered{{"fork_requests", &run, &seeds}};

}  // namespace fork_requests_target
