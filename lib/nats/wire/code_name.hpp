// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_WIRE_CODE_NAME_HPP
#define ISOLATTE_LIB_NATS_WIRE_CODE_NAME_HPP

#include "nats/wire/byte_reader.hpp"
#include "nats/wire/byte_writer.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace isolatte::inline v0_1::nats::wire {

/// The name of a place in a program or a library: the same in every process that has loaded it.
struct code_name {
  static constexpr std::size_t longest_id = 32;

  /// The build id of the object, and zeros.
  std::array<std::byte, longest_id> id{};
  /// At least 1.
  std::uint8_t id_size = 0;
  /// From where the object is loaded.
  std::uint64_t offset = 0;

  std::span<const std::byte> build_id() const noexcept { return std::span{id}.first(id_size); }
  friend bool operator==(const code_name&, const code_name&) = default;
};

void write(byte_writer& to, const code_name& name);
code_name read_code_name(byte_reader& from) noexcept;

}  // namespace isolatte::inline v0_1::nats::wire

#endif
