// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/requested_child.hpp"

#include "posix/child/child_main.hpp"
#include "posix/child/child_stdio.hpp"
#include "posix/child/enter_sandbox.hpp"
#include "posix/child/preload.hpp"
#include "posix/child/sandbox_message.hpp"
#include "posix/child/user_code.hpp"
#include "posix/system_calls.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>

// Runs in a template, which has one thread, or in its child: it may allocate.

namespace isolatte::inline v0_1::posix {

namespace {

using boost::system::error_code;

std::vector<int> descriptors_of_call;

/// Moves the descriptors of a request to numbers that the child is not to have for kept descriptors
/// or streams. The search starts at 3, because there may be no number above the wanted ones.
/// @param wanted the numbers of the kept descriptors, ascending
void make_way(std::span<descriptor> all, const std::vector<int>& wanted, error_code& ec) noexcept {
  auto const is_wanted = [&wanted](int fd) {
    return fd <= 2 || std::binary_search(wanted.begin(), wanted.end(), fd);
  };
  for (auto& fd : all) {
    if (!fd || !is_wanted(fd.get())) continue;
    int place = 2;
    descriptor moved;
    do {
      moved.reset(retry([&] { return sys.fcntl(fd.get(), F_DUPFD_CLOEXEC, place + 1); }));
      if (!moved) {
        ec = last_error();
        return;
      }
      place = moved.get();
    } while (is_wanted(place));
    fd = std::move(moved);
  }
}

/// Whether a child has a descriptor of its template's there, as part of its state.
bool is_preloaded(int number) noexcept {
  auto const& all = preloaded_descriptors();
  return std::binary_search(all.begin(), all.end(), number);
}

template <class Number>
std::vector<Number> take_numbers(std::size_t count, std::span<const std::byte>& rest,
                                 error_code& ec) {
  if (rest.size() / sizeof(Number) < count) {
    ec = make_error_code(boost::system::errc::bad_message);
    return {};
  }
  std::vector<Number> numbers(count);
  if (count != 0) std::memcpy(numbers.data(), rest.data(), count * sizeof(Number));
  rest = rest.subspan(count * sizeof(Number));
  return numbers;
}

}  // namespace

void received_task::receive() {
  task_ = entry_(arguments_);
  run_user_code(*task_, task_step::receive);
  if (talk_ != nullptr) task_->connect(*talk_);
}

void received_task::connect(detail::talk_end& end) noexcept { talk_ = &end; }

void received_task::invoke() { run_user_code(*task_, task_step::invoke); }

void received_task::encode(detail::byte_buffer& out) const {
  run_user_code(*task_, task_step::encode, &out);
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

int descriptor_queue::next(error_code& ec) noexcept {
  if (next_ == all_.size()) {
    ec = make_error_code(boost::system::errc::bad_message);
    return -1;
  }
  return all_[next_++].get();
}

int descriptor_queue::release(error_code& ec) noexcept {
  int const fd = next(ec);
  if (fd != -1) all_[next_ - 1].release();
  return fd;
}

requested_child::requested_child(std::span<const std::byte> message,
                                 std::vector<descriptor>& received, error_code& ec) noexcept {
  read(message, received, ec);
}

requested_child::requested_child(std::span<const std::byte> message,
                                 std::vector<descriptor>& received, child_page page,
                                 descriptor leash, error_code& ec) noexcept
    : page_{std::move(page)}, leash_{std::move(leash)} {
  read(message, received, ec);
}

void requested_child::read(std::span<const std::byte> message, std::vector<descriptor>& received,
                           error_code& ec) noexcept {
  try {
    plan(read_request(message), message.subspan(sizeof(fork_request)), descriptor_queue{received},
         ec);
  } catch (const std::bad_alloc&) {
    ec = make_error_code(boost::system::errc::not_enough_memory);
  }
}

void requested_child::plan(const fork_request& request, std::span<const std::byte> rest,
                           descriptor_queue descriptors, error_code& ec) {
  auto const numbers = take_numbers<int>(request.kept, rest, ec);
  credentials as{.users = request.users,
                 .groups = request.groups,
                 .capabilities = request.capabilities,
                 .supplementary = take_numbers<std::uint32_t>(request.supplementary, rest, ec)};
  if (!request.has(fork_request::keeps_credentials)) plan_.as = std::move(as);
  for (int const number : numbers)
    if (is_preloaded(number)) ec = make_error_code(boost::system::errc::invalid_argument);
  if (!ec) make_way(descriptors.all(), numbers, ec);
  if (!ec) make_way(std::span{&leash_, 1}, numbers, ec);
  descriptor* const ruleset = ruleset_of_children();
  if (!ec && ruleset) make_way(std::span{ruleset, 1}, numbers, ec);
  if (ec) return;

  if (page_.data() == nullptr) {
    int const file = descriptors.next(ec);
    if (!ec) page_ = child_page::of_file(file, ec);
    if (ec) return;
    if (request.has(fork_request::has_leash)) plan_.leash = descriptors.next(ec);
  } else if (request.has(fork_request::has_leash)) {
    plan_.leash = leash_.get();
  } else {
    leash_.reset();
  }
  give_leash_its_number(numbers, ec);
  if (ec) return;
  plan_.page = page_.data();
  plan_.of_template = true;
  plan_.lead_group = request.has(fork_request::leads_group);
  plan_.group = request.group;
  plan_.report_faults = request.has(fork_request::reports_faults);
  plan_.ignore_terminal_stops = request.has(fork_request::ignores_terminal_stops);
  plan_.limits = limits_of(request);
  plan_.max_result = request.max_result;
  plan_.early = request.has(fork_request::is_early);

  if (int const channel = descriptors.next(ec); !ec) set_channel(plan_, channel, ec);
  if (ec) return;
  if (auto const needs = request.needs())
    plan_.talk = {descriptors.next(ec), needs, static_cast<std::size_t>(request.message_window)};
  for (int fd = 0; fd != 3; ++fd)
    if (request.has_stream(fd)) plan_.standard[fd] = descriptors.next(ec);
  // One allocation rather than several, each of which may copy a page of the template's.
  constexpr std::size_t few_more = 8;
  std::vector<int> open;
  open.reserve(numbers.size() + few_more);
  open = numbers;
  for (std::uint32_t i = 0; i != request.given && !ec; ++i) given_.push_back(descriptors.next(ec));
  if (ec) return;
  open.insert(open.end(), given_.begin(), given_.end());
  if (request.has(fork_request::has_sandbox)) {
    sandbox_ = take_sandbox(
        rest, [&](error_code& why) { return descriptors.next(why); },
        [&](error_code& why) { return descriptors.release(why); }, ec);
    if (ec) return;
    plan_.sandbox = &sandbox_;
    plan_.defers_sandbox = request.has(fork_request::defers_sandbox);
    keep_sandbox(plan_, open);
    if (ruleset) open.push_back(ruleset->get());
  }
  auto const& preloaded = preloaded_descriptors();
  open.insert(open.end(), preloaded.begin(), preloaded.end());
  set_kept(plan_, std::move(open));
  if (request.has(fork_request::arguments_in_file))
    arguments_.map(descriptors.next(ec), request.arguments_size, ec);
  else
    arguments_.use(rest);
  for (int const number : numbers) plan_.moved.emplace_back(descriptors.next(ec), number);
  task_.expect(reinterpret_cast<detail::make_task>(request.entry.address), arguments_.bytes());
}

/// Has the leash be where the filter guards it, if the child inherits one. The program has its end
/// of the template's socket there, so no descriptor that it wants kept.
void requested_child::give_leash_its_number(const std::vector<int>& kept, error_code& ec) {
  int const number = leash_number_of_children();
  if (number == -1 || plan_.leash == -1) return;
  if (std::binary_search(kept.begin(), kept.end(), number) || is_preloaded(number))
    ec = make_error_code(boost::system::errc::invalid_argument);
  plan_.leash_before = std::exchange(plan_.leash, number);
}

void requested_child::run() noexcept {
  // Most calls have none, and a child does not copy the page of the vector for nothing.
  if (!given_.empty()) descriptors_of_call.swap(given_);
  child_main(task_, plan_);
}

const std::vector<int>& given_descriptors() noexcept { return descriptors_of_call; }

void set_given_descriptors(std::vector<int> fds) noexcept { descriptors_of_call.swap(fds); }

bool has_functions(const fork_request& request) noexcept {
  return has_code(request.entry) && (request.function.address == 0 || has_code(request.function));
}

void rehearse_call() {
  auto const greet = [](const std::string& name) { return "hello " + name; };
  detail::remote_call const remote = detail::make_remote(call(greet, std::string{"world"}));
  auto const task = remote.entry(remote.arguments.bytes());
  task->receive();
  task->invoke();
  detail::byte_buffer result;
  task->encode(result);
  flush_buffers();
}

}  // namespace isolatte::inline v0_1::posix
