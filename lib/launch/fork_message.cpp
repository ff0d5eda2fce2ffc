// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/fork_message.hpp"

#include "launch/adapted_options.hpp"
#include "posix/child/child_plan.hpp"
#include "posix/child/fork_request.hpp"
#include "posix/child/sandbox_message.hpp"
#include "posix/credentials.hpp"
#include "posix/memory_file.hpp"
#include "posix/message_socket.hpp"
#include "posix/this_process.hpp"

#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <variant>

namespace isolatte::inline v0_1::launch {

namespace {

using boost::system::error_code;
using posix::descriptor;
using posix::fork_request;

/// Arguments up to this size are in the message.
constexpr std::size_t short_arguments = 16 * 1024;

/// More supplementary groups than this have no room in a message.
constexpr std::size_t most_groups = 2048;

/// Page and leash are added after the rest.
constexpr std::size_t added_later = 2;

void append(fork_message& message, std::span<const std::byte> bytes) {
  message.bytes.insert(message.bytes.end(), bytes.begin(), bytes.end());
}

void append(fork_message& message, const fork_request& request) {
  append(message, std::as_bytes(std::span{&request, 1}));
}

void add(fork_message& message, descriptor fd) {
  message.order.push_back(fd.get());
  message.owned.push_back(std::move(fd));
}

/// Adds a standard stream: its end, or this process's own. A discarded one without an end is not
/// given, since a template's child has the null device.
void add_stream(fork_message& message, fork_request& request, int fd, const descriptor& end,
                bool discarded) {
  if (discarded && !end) return;
  request.set_stream(fd);
  message.order.push_back(end ? end.get() : fd);
}

std::optional<confine::sandbox_plan> plan_sandboxes(const options& opts, sandboxed when,
                                                    const common_sandbox* around,
                                                    detail::refusal& why) {
  auto const what =
      when == sandboxed::by_the_call ? confine::confined::worker : confine::confined::callable;
  std::optional<confine::sandbox_plan> plan;
  if (around != nullptr && around->inherited) {
    plan = around->inherited->of_child(opts, ends_tree(opts), why);
  } else if (around != nullptr) {
    options outer;
    outer.sandbox = around->box;
    outer.limits.processes = opts.limits.processes;
    outer.fault_report = opts.fault_report;
    plan = confine::plan_sandbox(outer, what, ends_tree(opts), why);
  }
  if (why || !opts.sandbox) return plan;
  auto own = confine::plan_sandbox(opts, what, ends_tree(opts), why);
  if (why || !plan) return own;
  // The filter that is inherited lets no namespace be made.
  if (around->inherited && own.process_namespace)
    why.ec = make_error_code(boost::system::errc::operation_not_supported);
  else
    confine::add(*plan, std::move(own));
  return plan;
}

fork_message put_together(std::uint64_t id, const located_call& call, const posix::child_ends& ends,
                          const options& opts, sandboxed when, const confine::sandbox_plan* sandbox,
                          bool keeps_credentials, error_code& ec) {
  if (opts.keep.all()) {
    // In the template that would be everything of the template's.
    ec = make_error_code(boost::system::errc::operation_not_supported);
    return {};
  }
  auto const arguments = call.arguments;
  auto const kept = posix::numbers_to_keep(opts.keep.fds());
  fork_request request;
  request.id = id;
  request.entry = call.entry;
  request.function = call.function;
  request.arguments_size = arguments.size();
  request.max_result = opts.max_result;
  request.kept = static_cast<std::uint32_t>(kept.size());
  request.given = static_cast<std::uint16_t>(call.descriptors.size());
  request.set(fork_request::leads_group, opts.kill_tree);
  request.set(fork_request::reports_faults, opts.fault_report);
  request.set(fork_request::has_leash, opts.die_with_parent);
  // Filters take room in the message, too.
  request.set(fork_request::arguments_in_file,
              arguments.size() > (sandbox ? short_arguments / 4 : short_arguments));
  request.set(fork_request::is_early, opts.early);
  if (!opts.kill_tree) request.group = posix::own_group();
  request.set(fork_request::ignores_terminal_stops, opts.kill_tree && posix::has_terminal());
  posix::set_limits(request, opts.limits);
  auto const as = posix::credentials::own(ec);
  if (!ec && as.supplementary.size() > most_groups)
    ec = make_error_code(boost::system::errc::argument_list_too_long);
  if (ec) return {};
  request.set(fork_request::keeps_credentials, keeps_credentials);
  request.users = as.users;
  request.groups = as.groups;
  request.capabilities = as.capabilities;
  request.supplementary = static_cast<std::uint32_t>(as.supplementary.size());

  fork_message message;
  std::vector<std::byte> sandbox_bytes;
  if (sandbox) {
    message.gaps = sandbox->gaps;
    message.contained = sandbox->process_namespace;
    if (sandbox->sets_attributes) message.leash = posix::leash_kind::socket;
    request.set(fork_request::has_sandbox, true);
    request.set(fork_request::defers_sandbox, when == sandboxed::by_the_call);
  }
  message.order.push_back(ends.channel.get());
  if (ends.talk) {
    request.message_window = opts.message_window;
    request.set(fork_request::has_stop_token, ends.needs.stops);
    request.set(fork_request::is_heard, ends.needs.hears);
    request.set(fork_request::is_spoken_to, ends.needs.speaks);
    message.order.push_back(ends.talk.get());
  }
  add_stream(message, request, 0, ends.in, std::holds_alternative<discard_t>(opts.in));
  add_stream(message, request, 1, ends.out, std::holds_alternative<discard_t>(opts.out));
  add_stream(message, request, 2, ends.err, std::holds_alternative<discard_t>(opts.err));
  for (int const fd : call.descriptors)
    if (!ec) add(message, posix::duplicate(fd, ec));
  if (sandbox) {
    std::vector<int> lent;
    posix::append(sandbox_bytes, lent, *sandbox);
    for (int const fd : lent)
      if (!ec) add(message, posix::duplicate(fd, ec));
  }
  if (!ec && request.has(fork_request::arguments_in_file))
    add(message, posix::make_memory_file(arguments, ec));
  for (int const fd : kept)
    if (!ec) add(message, posix::duplicate(fd, ec));
  if (!ec && message.order.size() + added_later > posix::most_descriptors)
    ec = make_error_code(boost::system::errc::too_many_files_open);
  if (ec) return {};

  append(message, request);
  append(message, std::as_bytes(std::span{kept}));
  append(message, std::as_bytes(std::span{as.supplementary}));
  append(message, sandbox_bytes);
  if (!request.has(fork_request::arguments_in_file)) append(message, arguments);
  return message;
}

fork_message begin_with(const fork_request& request) {
  fork_message message;
  auto const bytes = std::as_bytes(std::span{&request, 1});
  message.bytes.assign(bytes.begin(), bytes.end());
  return message;
}

}  // namespace

located_call locate(const detail::remote_call& call) noexcept {
  located_call located;
  located.entry = posix::locate_code(reinterpret_cast<std::uintptr_t>(call.entry));
  if (call.function != 0) located.function = posix::locate_code(call.function);
  located.arguments = call.arguments.bytes();
  located.descriptors = call.descriptors;
  return located;
}

fork_message make_request(std::uint64_t id, const located_call& call, const posix::child_ends& ends,
                          const options& opts, sandboxed when, const common_sandbox* around,
                          error_code& ec) {
  detail::refusal why;
  auto const sandbox = plan_sandboxes(opts, when, around, why);
  ec = why.ec;
  if (ec) {
    fork_message message;
    message.gaps = std::move(why.gaps);
    return message;
  }
  return put_together(id, call, ends, opts, when, sandbox ? &*sandbox : nullptr, false, ec);
}

fork_message make_template_request(std::uint64_t id, const located_call& call,
                                   const posix::child_ends& ends, const options& opts,
                                   const confine::sandbox_plan* sandbox, error_code& ec) {
  return put_together(id, call, ends, opts, sandboxed::by_the_call, sandbox, true, ec);
}

fork_message make_order(ordered what, std::uint64_t id, descriptor page, descriptor leash,
                        descriptor link) {
  fork_request request;
  request.id = id;
  request.set(fork_request::orders_standby, what == ordered::standby_child);
  request.set(fork_request::orders_template, what == ordered::copy_of_template);
  fork_message message = begin_with(request);
  add(message, std::move(page));
  add(message, std::move(leash));
  add(message, std::move(link));
  return message;
}

fork_message make_birth_order(descriptor numbers) {
  fork_request request;
  request.set(fork_request::brings_birth_numbers, true);
  fork_message message = begin_with(request);
  add(message, std::move(numbers));
  return message;
}

void fork_message::set_birth_place(std::uint16_t place) noexcept {
  std::memcpy(bytes.data() + offsetof(fork_request, birth_place), &place, sizeof place);
}

void fork_message::lead_with(descriptor page, descriptor leash) {
  for (descriptor* const fd : {&leash, &page}) {
    if (!*fd) continue;
    order.insert(order.begin(), fd->get());
    owned.push_back(std::move(*fd));
  }
}

}  // namespace isolatte::inline v0_1::launch
