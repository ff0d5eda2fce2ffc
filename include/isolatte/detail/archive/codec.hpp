// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_CODEC_HPP
#define ISOLATTE_DETAIL_ARCHIVE_CODEC_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/carry/adaptor.hpp>
#include <isolatte/detail/archive/carry/error_code.hpp>
#include <isolatte/detail/archive/carry/keyed.hpp>
#include <isolatte/detail/archive/carry/path.hpp>
#include <isolatte/detail/archive/carry/plain.hpp>
#include <isolatte/detail/archive/carry/pointer.hpp>
#include <isolatte/detail/archive/carry/product.hpp>
#include <isolatte/detail/archive/carry/sequence.hpp>
#include <isolatte/detail/archive/carry/sum.hpp>
#include <isolatte/detail/archive/carry/time.hpp>
#include <isolatte/detail/archive/class_export.hpp>
#include <isolatte/detail/archive/function_form.hpp>
#include <isolatte/detail/archive/input_archive.hpp>
#include <isolatte/detail/archive/item.hpp>
#include <isolatte/detail/archive/output_archive.hpp>
#include <isolatte/detail/archive/transportable.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>

#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::detail {

/// Whether a container is contiguous and has plain elements. Its frame is the elements' bytes.
template <class T>
inline constexpr bool is_plain_sequence = false;
template <plain T, class A>
inline constexpr bool is_plain_sequence<std::vector<T, A>> = std::is_default_constructible_v<T>;
template <plain C, class Traits, class A>
inline constexpr bool is_plain_sequence<std::basic_string<C, Traits, A>> = true;

/// Turns the result of a callable into the bytes of a frame, and back.
///
/// decode() throws malformed_frame if encode() cannot have made the bytes, and lets exceptions of
/// the value's own serialize() pass.
template <class R>
class codec {
  static constexpr bool can_travel = check_whole<R>();

 public:
  /// Call this before forking. The dynamic linker resolves a symbol at its first use: if that is in
  /// the child, every child pays for it. The sample is a string: a default-constructed R could have
  /// side effects.
  static void prepare() {
    if constexpr (can_travel && !std::is_same_v<R, bool> && !plain<R> && !is_plain_sequence<R>) {
      [[maybe_unused]] static bool const prepared = [] {
        byte_buffer out;
        output_archive ar(out);
        ar << std::string();
        ar.finish();
        return true;
      }();
    }
  }

  static void encode(byte_buffer& out, const R& value,
                     [[maybe_unused]] function_form functions = function_form::address) {
    if constexpr (!can_travel) {
      // check_transportable() has said why.
    } else if constexpr (std::is_same_v<R, bool>) {
      out.push_back(static_cast<std::byte>(value));
    } else if constexpr (plain<R>) {
      out.append(std::addressof(value), sizeof value);
    } else if constexpr (is_plain_sequence<R>) {
      out.append(value.data(), value.size() * sizeof(typename R::value_type));
    } else {
      output_archive ar(out, functions);
      save_item(ar, value);
      ar.finish();
    }
  }

  /// Makes the object in the place of the result, so that a large one needs no stack.
  /// @param memory_limit bounds what the value may allocate
  static R decode(
      std::span<const std::byte> in,
      [[maybe_unused]] std::size_t memory_limit = std::numeric_limits<std::size_t>::max(),
      [[maybe_unused]] function_form functions = function_form::address) {
    if constexpr (!can_travel) {
      throw_malformed("");
    } else if constexpr (std::is_same_v<R, bool>) {
      if (in.size() != 1 || std::to_integer<unsigned>(in[0]) > 1)
        throw_malformed("isolatte: the frame is not that of a bool");
      return in[0] == std::byte{1};
    } else if constexpr (plain<R>) {
      if (in.size() != sizeof(R))
        throw_malformed("isolatte: the frame is not of the size of its value");
      return decode_plain(in);
    } else if constexpr (is_plain_sequence<R>) {
      return decode_sequence(in);
    } else if constexpr (std::is_pointer_v<R>) {
      input_archive ar(in, memory_limit, functions);
      R value = nullptr;
      ar >> value;
      std::unique_ptr<std::remove_pointer_t<R>> owner(value);
      ar.finish();
      return owner.release();
    } else if constexpr (std::is_default_constructible_v<R>) {
      return decode_in_place(in, memory_limit, functions);
    } else {
      input_archive ar(in, memory_limit, functions);
      held<R> value(ar);
      ar.finish();
      return std::move(value.value());
    }
  }

 private:
  // GCC makes a variable in the place of the result only if the function's outermost block has it.

  static R decode_in_place(std::span<const std::byte> in, std::size_t memory_limit,
                           function_form functions) {
    input_archive ar(in, memory_limit, functions);
    R value{};
    held_range const root(ar, std::addressof(value), sizeof value);
    ar >> value;
    ar.finish();
    return value;
  }

  static R decode_plain(std::span<const std::byte> in)
    requires std::is_default_constructible_v<R>
  {
    R value;
    std::memcpy(static_cast<void*>(std::addressof(value)), in.data(), sizeof value);
    return value;
  }
  static R decode_plain(std::span<const std::byte> in) {
    item_memory<R> memory;
    return std::move(*static_cast<R*>(std::memcpy(memory.get(), in.data(), sizeof(R))));
  }

  static R decode_sequence(std::span<const std::byte> in) {
    using item = typename R::value_type;
    if (in.size() % sizeof(item) != 0)
      throw_malformed("isolatte: the frame is not of the size of its value");
    std::size_t const size = in.size() / sizeof(item);
    if constexpr (std::is_trivially_copyable_v<item>) {
      if (reinterpret_cast<std::uintptr_t>(in.data()) % alignof(item) == 0) {
        auto const* const items = reinterpret_cast<const item*>(in.data());
        return R(items, items + size);
      }
    }
    R value(size, item());
    if (size != 0) std::memcpy(static_cast<void*>(value.data()), in.data(), in.size());
    return value;
  }
};

}  // namespace isolatte::inline v0_1::detail

#endif
