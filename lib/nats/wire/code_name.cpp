// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/wire/code_name.hpp"

#include <cstdint>

namespace isolatte::inline v0_1::nats::wire {

using isolatte::detail::build_id;

std::size_t size_of(const code_name& name) noexcept {
  return 1 + name.object.bytes().size() + sizeof name.offset;
}

void write(byte_writer& to, const code_name& name) {
  to.sized<std::uint8_t>(name.object.bytes());
  to.number<std::uint64_t>(name.offset);
}

code_name read_code_name(byte_reader& from) noexcept {
  code_name name;
  auto const id = build_id::of(from.bytes(from.number<std::uint8_t>()));
  from.require(id.has_value(), "a build id is not as long as one is");
  if (id) name.object = *id;
  name.offset = from.number<std::uint64_t>();
  return name;
}

}  // namespace isolatte::inline v0_1::nats::wire
