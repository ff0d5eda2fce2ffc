// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/requested_child.hpp"

#include "posix/child/child_main.hpp"
#include "posix/child/child_stdio.hpp"
#include "posix/leash.hpp"
#include "posix/system_calls.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>

namespace isolatte::posix {

namespace {

using boost::system::error_code;

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

/// The numbers that the kept descriptors are to have.
std::vector<int> take_numbers(std::size_t count, std::span<const std::byte>& rest, error_code& ec) {
  std::vector<int> numbers(count);
  if (rest.size() < count * sizeof(int)) {
    ec = make_error_code(boost::system::errc::bad_message);
    return numbers;
  }
  if (!numbers.empty()) std::memcpy(numbers.data(), rest.data(), count * sizeof(int));
  rest = rest.subspan(count * sizeof(int));
  return numbers;
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

}  // namespace

void received_task::invoke() {
  task_ = entry_(arguments_);
  task_->invoke();
}

argument_bytes::~argument_bytes() {
  if (mapped_) sys.munmap(mapped_, bytes_.size());
}

void argument_bytes::map(int fd, std::size_t size, error_code& ec) noexcept {
  void* const memory = sys.map_file(size, PROT_READ, fd);
  if (memory == MAP_FAILED) {
    ec = last_error();
    return;
  }
  mapped_ = memory;
  bytes_ = {static_cast<const std::byte*>(memory), size};
}

requested_child::requested_child(std::span<const std::byte> message,
                                 std::vector<descriptor>& descriptors, child_page page,
                                 descriptor leash, error_code& ec) noexcept
    : page_{std::move(page)}, leash_{std::move(leash)} {
  try {
    read(read_request(message), message.subspan(sizeof(fork_request)), descriptors, ec);
  } catch (const std::bad_alloc&) {
    ec = make_error_code(boost::system::errc::not_enough_memory);
  }
}

void requested_child::read(const fork_request& request, std::span<const std::byte> rest,
                           std::vector<descriptor>& received, error_code& ec) {
  std::vector<int> const numbers = take_numbers(request.kept, rest, ec);
  if (!request.die_with_parent)
    leash_.reset();
  else if (!ec && !leash_)
    leash_ = open_worn_leash(ec);
  if (ec) return;

  // Nothing for the child has a number that the child is to have for something else.
  int highest = 2;
  for (int const number : numbers) highest = std::max(highest, number);
  move_above(received, highest + 1, ec);
  move_above(std::span{&leash_, 1}, highest + 1, ec);
  if (ec) return;

  descriptor_queue descriptors{received};
  if (page_.data() == nullptr) {
    int const file = descriptors.next(ec);
    if (!ec) page_ = child_page::of_file(file, ec);
    if (ec) return;
  }
  plan_ = make_plan(request, numbers, descriptors, leash_, page_, ec);
  if (request.arguments_in_file)
    arguments_.map(descriptors.next(ec), request.arguments_size, ec);
  else
    arguments_.use(rest);
  for (int const number : numbers) plan_.moved.emplace_back(descriptors.next(ec), number);
  task_.expect(reinterpret_cast<detail::make_task>(request.entry.address), arguments_.bytes());
}

void requested_child::run() noexcept { child_main(task_, plan_); }

fork_request read_request(std::span<const std::byte> message) noexcept {
  fork_request request;
  std::memcpy(static_cast<void*>(&request), message.data(), sizeof request);
  return request;
}

bool has_functions(const fork_request& request) noexcept {
  return has_code(request.entry) && (request.function.address == 0 || has_code(request.function));
}

void rehearse_call() {
  auto const greet = [](const std::string& name) { return "hello " + name; };
  detail::remote_call const remote = detail::make_remote(call(greet, std::string{"world"}));
  auto const task = remote.entry(remote.arguments.bytes());
  task->invoke();
  detail::byte_buffer result;
  task->encode(result);
  flush_buffers();
}

}  // namespace isolatte::posix
