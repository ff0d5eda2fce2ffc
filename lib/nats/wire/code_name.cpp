// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/wire/code_name.hpp"

#include <algorithm>

namespace isolatte::inline v0_1::nats::wire {

void write(byte_writer& to, const code_name& name) {
  to.sized<std::uint8_t>(name.build_id());
  to.number<std::uint64_t>(name.offset);
}

code_name read_code_name(byte_reader& from) noexcept {
  code_name name;
  auto const size = from.number<std::uint8_t>();
  from.require(size >= 1 && size <= code_name::longest_id, "a build id is not as long as one is");
  auto const id = from.bytes(size);
  std::ranges::copy(id, name.id.begin());
  name.id_size = static_cast<std::uint8_t>(id.size());
  name.offset = from.number<std::uint64_t>();
  return name;
}

}  // namespace isolatte::inline v0_1::nats::wire
