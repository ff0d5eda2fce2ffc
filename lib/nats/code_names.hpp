// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_CODE_NAMES_HPP
#define ISOLATTE_LIB_NATS_CODE_NAMES_HPP

#include "nats/wire/code_name.hpp"

#include <isolatte/detail/vocabulary/code_name.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace isolatte::inline v0_1::nats {

inline wire::code_name to_wire(const isolatte::detail::code_name& name) noexcept {
  static_assert(isolatte::detail::build_id::most == wire::code_name::longest_id);
  wire::code_name made;
  auto const id = name.object.bytes();
  std::ranges::copy(id, made.id.begin());
  made.id_size = static_cast<std::uint8_t>(id.size());
  made.offset = name.offset;
  return made;
}

/// @return nothing if that is no build id
inline std::optional<isolatte::detail::code_name> from_wire(const wire::code_name& name) noexcept {
  auto const id = isolatte::detail::build_id::of(name.build_id());
  if (!id) return {};
  return isolatte::detail::code_name{*id, name.offset};
}

}  // namespace isolatte::inline v0_1::nats

#endif
