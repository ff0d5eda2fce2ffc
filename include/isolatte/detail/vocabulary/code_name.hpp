// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_VOCABULARY_CODE_NAME_HPP
#define ISOLATTE_DETAIL_VOCABULARY_CODE_NAME_HPP

#include <isolatte/config.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace isolatte::inline v0_1::detail {

/// The number by which a linker tells one program or library from all others.
class build_id {
 public:
  static constexpr std::size_t most = 32;

  /// Makes the id of no object.
  constexpr build_id() noexcept = default;
  /// @return nothing if an id cannot have so many bytes
  static std::optional<build_id> of(std::span<const std::byte> bytes) noexcept {
    if (bytes.empty() || bytes.size() > most) return {};
    build_id made;
    made.size_ = static_cast<std::uint8_t>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), made.bytes_.begin());
    return made;
  }

  std::span<const std::byte> bytes() const noexcept { return {bytes_.data(), size_}; }
  bool empty() const noexcept { return size_ == 0; }
  bool operator==(const build_id&) const noexcept = default;

 private:
  /// Zero after the last one.
  std::array<std::byte, most> bytes_{};
  std::uint8_t size_ = 0;
};

/// A place in the code of a program or library, wherever a process has loaded that.
struct code_name {
  build_id object{};
  /// The distance from where the object is loaded.
  std::uint64_t offset = 0;

  bool operator==(const code_name&) const noexcept = default;
};

/// Names the code at an address.
/// @return nothing if the address is not in code, or its object has no build id
ISOLATTE_DECL std::optional<code_name> name_code(std::uintptr_t address) noexcept;

/// Finds the code in this process.
/// @return the address, which is in code; 0 if the object is not loaded, or has no code there
ISOLATTE_DECL std::uintptr_t find_code(const code_name& name) noexcept;

/// The build id of the program itself, in hexadecimal.
/// @return nothing if it has none
ISOLATTE_DECL std::optional<std::string> program_build_id();

}  // namespace isolatte::inline v0_1::detail

#endif
