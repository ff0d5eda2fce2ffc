// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_WIRE_CODE_NAME_HPP
#define ISOLATTE_LIB_NATS_WIRE_CODE_NAME_HPP

#include "nats/wire/byte_reader.hpp"
#include "nats/wire/byte_writer.hpp"

#include <isolatte/detail/vocabulary/code_name.hpp>

#include <cstddef>

namespace isolatte::inline v0_1::nats::wire {

using isolatte::detail::code_name;

/// The bytes of the shortest name.
constexpr std::size_t least_code_name = 1 + 1 + sizeof(code_name::offset);
std::size_t size_of(const code_name& name) noexcept;
void write(byte_writer& to, const code_name& name);
code_name read_code_name(byte_reader& from) noexcept;

}  // namespace isolatte::inline v0_1::nats::wire

#endif
