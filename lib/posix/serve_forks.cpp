// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/serve_forks.hpp"

#include "posix/child_main.hpp"
#include "posix/child_page.hpp"
#include "posix/child_plan.hpp"
#include "posix/child_stdio.hpp"
#include "posix/fork_request.hpp"
#include "posix/leash.hpp"
#include "posix/message_socket.hpp"
#include "posix/signals_blocked.hpp"
#include "posix/system_calls.hpp"

#include <isolatte/call.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>

namespace isolatte::posix {

namespace {

using boost::system::error_code;

/// Makes the call from its bytes in the child, where nothing that goes wrong is the server's.
class received_task final : public detail::child_task {
 public:
  received_task(detail::make_task entry, std::span<const std::byte> arguments) noexcept
      : entry_{entry}, arguments_{arguments} {}
  void invoke() override {
    task_ = entry_(arguments_);
    task_->invoke();
  }
  void encode(detail::byte_buffer& out) const override { task_->encode(out); }
  void release() noexcept override {}

 private:
  detail::make_task entry_;
  std::span<const std::byte> arguments_;
  std::unique_ptr<detail::child_task> task_;
};

/// The arguments, in the message or in a file.
class argument_bytes {
 public:
  argument_bytes() noexcept = default;
  argument_bytes(const argument_bytes&) = delete;
  argument_bytes& operator=(const argument_bytes&) = delete;
  ~argument_bytes() {
    if (mapped_) sys.munmap(mapped_, bytes_.size());
  }
  void use(std::span<const std::byte> bytes) noexcept { bytes_ = bytes; }
  void map(int fd, std::size_t size, error_code& ec) noexcept {
    void* const memory = sys.map_file(size, PROT_READ, fd);
    if (memory == MAP_FAILED) {
      ec = last_error();
      return;
    }
    mapped_ = memory;
    bytes_ = {static_cast<const std::byte*>(memory), size};
  }
  std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  void* mapped_ = nullptr;
  std::span<const std::byte> bytes_;
};

/// Hands out the descriptors that came with a request, in their order.
class descriptor_queue {
 public:
  explicit descriptor_queue(std::vector<descriptor>& all) noexcept : all_{all} {}
  int next(error_code& ec) noexcept {
    if (next_ == all_.size()) {
      ec = make_error_code(boost::system::errc::bad_message);
      return -1;
    }
    return all_[next_++].get();
  }

 private:
  std::vector<descriptor>& all_;
  std::size_t next_ = 0;
};

/// Moves what came with a request above the numbers that it wants for something else.
void move_above(std::span<descriptor> all, int lowest, error_code& ec) noexcept {
  for (auto& fd : all) {
    if (ec || !fd || fd.get() >= lowest) continue;
    descriptor moved{retry([&] { return sys.fcntl(fd.get(), F_DUPFD_CLOEXEC, lowest); })};
    if (!moved) {
      ec = last_error();
      return;
    }
    fd = std::move(moved);
  }
}

child_plan make_plan(const fork_request& request, const std::vector<int>& numbers,
                     descriptor_queue& descriptors, const descriptor& leash, const child_page& page,
                     error_code& ec) {
  child_plan plan;
  plan.page = page.data();
  plan.lead_group = request.lead_group;
  plan.group = request.group;
  plan.report_faults = request.report_faults;
  plan.limits = request.limits;
  plan.max_result = request.max_result;
  plan.leash = leash.get();
  plan.of_template = true;
  int const channel = descriptors.next(ec);
  if (!ec) add_channel(plan, channel, ec);
  for (int fd = 0; fd != 3; ++fd)
    if (request.given[fd]) plan.standard[fd] = descriptors.next(ec);
  add_kept(plan, numbers);
  return plan;
}

/// @return the child's number, or 0
int make_sibling(const fork_request& request, std::span<const std::byte> rest,
                 std::vector<descriptor>& received, error_code& ec) {
  std::vector<int> numbers(request.kept);
  if (rest.size() < request.kept * sizeof(int)) {
    ec = make_error_code(boost::system::errc::bad_message);
    return 0;
  }
  if (!numbers.empty()) std::memcpy(numbers.data(), rest.data(), numbers.size() * sizeof(int));
  rest = rest.subspan(numbers.size() * sizeof(int));

  descriptor leash;
  if (request.die_with_parent) leash = open_worn_leash(ec);
  if (ec) return 0;

  // Nothing for the child has a number that the child is to have for something else.
  int highest = 2;
  for (int const number : numbers) highest = std::max(highest, number);
  move_above(received, highest + 1, ec);
  move_above(std::span{&leash, 1}, highest + 1, ec);
  if (ec) return 0;

  descriptor_queue descriptors{received};
  int const page_file = descriptors.next(ec);
  child_page const page = ec ? child_page{} : child_page::of_file(page_file, ec);
  if (ec) return 0;
  child_plan plan = make_plan(request, numbers, descriptors, leash, page, ec);
  argument_bytes arguments;
  if (request.arguments_in_file)
    arguments.map(descriptors.next(ec), request.arguments_size, ec);
  else
    arguments.use(rest);
  for (int const number : numbers) plan.moved.emplace_back(descriptors.next(ec), number);
  if (ec) return 0;

  auto const entry = reinterpret_cast<detail::make_task>(request.entry.address);
  received_task task{entry, arguments.bytes()};
  signals_blocked const blocked{ec};
  if (ec) return 0;
  pid_t const pid = sys.clone_sibling(&page.data()->pid);
  if (pid == 0) child_main(task, plan);
  if (pid == -1) ec = last_error();
  return pid == -1 ? 0 : pid;
}

bool is_there(const fork_request& request) noexcept {
  return has_code(request.entry) && (request.function.address == 0 || has_code(request.function));
}

fork_reply answer(std::span<const std::byte> message, std::vector<descriptor>& descriptors,
                  error_code ec) {
  fork_reply reply;
  fork_request request;
  std::memcpy(static_cast<void*>(&request), message.data(), sizeof request);
  reply.id = request.id;
  reply.began = std::chrono::steady_clock::now().time_since_epoch().count();
  if (!ec && !is_there(request)) return reply;
  try {
    if (!ec) reply.pid = make_sibling(request, message.subspan(sizeof request), descriptors, ec);
  } catch (const std::bad_alloc&) {
    ec = make_error_code(boost::system::errc::not_enough_memory);
  }
  reply.error = ec.value();
  return reply;
}

/// What the dynamic linker looks up for the first time in a child, it looks up again in the next.
/// So the server does once what they all do.
void rehearse() {
  auto const greet = [](const std::string& name) { return "hello " + name; };
  detail::remote_call const remote = detail::make_remote(call(greet, std::string{"world"}));
  auto const task = remote.entry(remote.arguments.bytes());
  task->invoke();
  detail::byte_buffer result;
  task->encode(result);
  flush_buffers();
}

}  // namespace

void serve_forks(int socket) {
  rehearse();
  // Not cleared in between: every page that is written here is copied while a child has it, too.
  std::vector<std::byte> room(longest_message);
  std::vector<descriptor> descriptors;
  for (;;) {
    error_code ec;
    auto const message = receive_message(socket, room, descriptors, true, ec);
    if (message.size() < sizeof(fork_request)) return;
    fork_reply const reply = answer(message, descriptors, ec);
    error_code lost;
    send_message(socket, std::as_bytes(std::span{&reply, 1}), {}, true, lost);
    if (lost) return;
    descriptors.clear();
  }
}

}  // namespace isolatte::posix
