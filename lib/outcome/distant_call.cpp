// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/detail/task/distant_call.hpp>

#include <mutex>
#include <utility>

namespace isolatte::inline v0_1::detail {

struct decoder_list {
  std::mutex mutex{};
  registered_decoder* first = nullptr;

  void add(registered_decoder& one) noexcept {
    std::lock_guard const lock{mutex};
    one.next_ = std::exchange(first, &one);
  }
  void remove(registered_decoder& one) noexcept {
    std::lock_guard const lock{mutex};
    registered_decoder** place = &first;
    while (*place != &one) place = &(*place)->next_;
    *place = one.next_;
  }
  std::optional<talk_needs> find(std::uintptr_t decoder) {
    std::lock_guard const lock{mutex};
    for (auto const* each = first; each; each = each->next_)
      if (reinterpret_cast<std::uintptr_t>(each->decoder_) == decoder) return each->needs_;
    return {};
  }
};

namespace {

/// Ready before any static object is made.
constinit decoder_list decoders;

}  // namespace

registered_decoder::registered_decoder(make_task decoder, talk_needs needs) noexcept
    : decoder_{decoder}, needs_{needs} {
  decoders.add(*this);
}

registered_decoder::~registered_decoder() { decoders.remove(*this); }

std::optional<talk_needs> needs_of_decoder(std::uintptr_t decoder) {
  return decoders.find(decoder);
}

std::optional<remote_call> resolve(distant_call&& call) {
  std::uintptr_t const decoder = find_code(call.decoder);
  auto const needs = needs_of_decoder(decoder);
  if (!needs) return {};
  std::uintptr_t function = 0;
  if (call.function) {
    function = find_code(*call.function);
    if (function == 0) return {};
  }
  std::optional<remote_call> found{std::in_place};
  found->entry = reinterpret_cast<make_task>(decoder);
  found->function = function;
  found->arguments = std::move(call.arguments);
  found->talk.needs = *needs;
  return found;
}

}  // namespace isolatte::inline v0_1::detail
