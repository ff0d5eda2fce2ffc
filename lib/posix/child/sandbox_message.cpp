// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/sandbox_message.hpp"

#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

// Runs in the program, which sends a plan, and in the template or standby child that reads it.

namespace isolatte::inline v0_1::posix {

namespace {

using boost::system::error_code;

/// Followed by the layers, each with its instructions and marks, and the memory.
struct sandbox_header {
  enum flag : std::uint32_t {
    joins_user = 1 << 0,
    joins_network = 1 << 1,
    joins_ipc = 1 << 2,
    has_files = 1 << 3,
    process_namespace = 1 << 4,
    is_inherited = 1 << 5,
    is_of_template = 1 << 6,
  };
  std::uint32_t flags = 0;
  std::uint32_t layers = 0;
  std::uint32_t kept = 0;
  std::int32_t leash_number = -1;

  void set(flag one, bool whether) noexcept {
    if (whether) flags |= one;
  }
  bool has(flag one) const noexcept { return (flags & one) != 0; }
};
static_assert(std::has_unique_object_representations_v<sandbox_header>);

struct layer_header {
  std::uint32_t has_ruleset = 0;
  std::uint32_t instructions = 0;
  std::uint32_t pid_marks = 0;
  std::uint32_t leash_marks = 0;
  std::uint32_t pass_marks = 0;
};
static_assert(std::has_unique_object_representations_v<layer_header>);

template <class T>
void append_all(std::vector<std::byte>& bytes, std::span<const T> items) {
  auto const raw = std::as_bytes(items);
  bytes.insert(bytes.end(), raw.begin(), raw.end());
}

template <class T>
std::vector<T> take_all(std::span<const std::byte>& rest, std::size_t count, error_code& ec) {
  if (rest.size() / sizeof(T) < count) ec = make_error_code(boost::system::errc::bad_message);
  if (ec) return {};
  std::vector<T> items(count);
  if (count != 0) std::memcpy(items.data(), rest.data(), count * sizeof(T));
  rest = rest.subspan(count * sizeof(T));
  return items;
}

template <class T>
T take_one(std::span<const std::byte>& rest, error_code& ec) {
  T item{};
  if (rest.size() < sizeof item) {
    ec = make_error_code(boost::system::errc::bad_message);
    return item;
  }
  std::memcpy(&item, rest.data(), sizeof item);
  rest = rest.subspan(sizeof item);
  return item;
}

/// A mark outside the filter would be a write outside it.
bool are_inside(const std::vector<std::uint16_t>& marks, std::size_t size) noexcept {
  for (auto const mark : marks)
    if (mark >= size) return false;
  return true;
}

void append_layer(std::vector<std::byte>& bytes, const confine::sandbox_layer& layer) {
  static confine::filter const none;
  confine::filter const& calls = layer.calls ? *layer.calls : none;
  layer_header header;
  header.has_ruleset = layer.ruleset ? 1 : 0;
  header.instructions = static_cast<std::uint32_t>(calls.instructions.size());
  header.pid_marks = static_cast<std::uint32_t>(calls.pid_marks.size());
  header.leash_marks = static_cast<std::uint32_t>(calls.leash_marks.size());
  header.pass_marks = static_cast<std::uint32_t>(calls.pass_marks.size());
  append_all(bytes, std::span<const layer_header>{&header, 1});
  append_all<sock_filter>(bytes, calls.instructions);
  append_all<std::uint16_t>(bytes, calls.pid_marks);
  append_all<std::uint16_t>(bytes, calls.leash_marks);
  append_all<std::uint16_t>(bytes, calls.pass_marks);
}

void take_layer(sandbox_parts& parts, std::span<const std::byte>& rest, error_code& ec) {
  auto const header = take_one<layer_header>(rest, ec);
  if (ec) return;
  confine::filter calls;
  calls.instructions = take_all<sock_filter>(rest, header.instructions, ec);
  calls.pid_marks = take_all<std::uint16_t>(rest, header.pid_marks, ec);
  calls.leash_marks = take_all<std::uint16_t>(rest, header.leash_marks, ec);
  calls.pass_marks = take_all<std::uint16_t>(rest, header.pass_marks, ec);
  for (auto const* const marks : {&calls.pid_marks, &calls.leash_marks, &calls.pass_marks})
    if (!are_inside(*marks, calls.instructions.size()))
      ec = make_error_code(boost::system::errc::bad_message);
  if (ec) return;
  auto& layer = parts.plan.layers.emplace_back();
  parts.has_ruleset.push_back(header.has_ruleset != 0);
  if (!calls.instructions.empty())
    layer.calls = std::make_shared<confine::filter>(std::move(calls));
}

}  // namespace

void append(std::vector<std::byte>& bytes, std::vector<int>& descriptors,
            const confine::sandbox_plan& plan) {
  sandbox_header header;
  header.layers = static_cast<std::uint32_t>(plan.layers.size());
  header.kept = static_cast<std::uint32_t>(plan.kept.size());
  header.set(sandbox_header::joins_user, plan.join.user != -1);
  header.set(sandbox_header::joins_network, plan.join.network != -1);
  header.set(sandbox_header::joins_ipc, plan.join.ipc != -1);
  header.set(sandbox_header::has_files, plan.has_files);
  header.set(sandbox_header::process_namespace, plan.process_namespace);
  header.set(sandbox_header::is_inherited, plan.role == confine::sandbox_role::inherited);
  header.set(sandbox_header::is_of_template, plan.role == confine::sandbox_role::of_template);
  header.leash_number = plan.leash_number;
  append_all(bytes, std::span<const sandbox_header>{&header, 1});
  for (auto const& layer : plan.layers) append_layer(bytes, layer);
  append_all<confine::memory_range>(bytes, plan.kept);
  for (int const fd : {plan.join.user, plan.join.network, plan.join.ipc})
    if (fd != -1) descriptors.push_back(fd);
  for (auto const& layer : plan.layers)
    if (layer.ruleset) descriptors.push_back(layer.ruleset.get());
}

sandbox_parts take_parts(std::span<const std::byte>& rest, error_code& ec) {
  sandbox_parts parts;
  auto const header = take_one<sandbox_header>(rest, ec);
  if (ec) return parts;
  for (std::uint32_t i = 0; i != header.layers && !ec; ++i) take_layer(parts, rest, ec);
  parts.plan.kept = take_all<confine::memory_range>(rest, header.kept, ec);
  parts.plan.has_files = header.has(sandbox_header::has_files);
  parts.plan.process_namespace = header.has(sandbox_header::process_namespace);
  if (header.has(sandbox_header::is_inherited)) parts.plan.role = confine::sandbox_role::inherited;
  if (header.has(sandbox_header::is_of_template))
    parts.plan.role = confine::sandbox_role::of_template;
  parts.plan.leash_number = header.leash_number;
  parts.joins_user = header.has(sandbox_header::joins_user);
  parts.joins_network = header.has(sandbox_header::joins_network);
  parts.joins_ipc = header.has(sandbox_header::joins_ipc);
  return parts;
}

}  // namespace isolatte::inline v0_1::posix
