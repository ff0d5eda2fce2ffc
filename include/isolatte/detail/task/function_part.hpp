// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_FUNCTION_PART_HPP
#define ISOLATTE_DETAIL_TASK_FUNCTION_PART_HPP

#include <isolatte/detail/archive/codec.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace isolatte::inline v0_1::detail {

template <class F>
inline constexpr bool is_function_pointer =
    std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>;

/// Whether a function is sent as its address: the other process has the same code there.
template <class F>
concept sent_by_address = is_function_pointer<F> || std::is_member_pointer_v<F>;

/// Whether a function has no data to send: a captureless lambda, an empty function object.
template <class F>
concept sent_as_nothing =
    std::is_empty_v<F> && std::is_default_constructible_v<F> && !std::is_polymorphic_v<F>;

template <class F>
concept transportable_function = sent_by_address<F> || sent_as_nothing<F> || transportable<F>;

/// Carries a function that the archives would refuse.
template <class F>
struct function_part {
  F function{};
};

template <class F>
struct carrier<function_part<F>> {
  static constexpr bool given = true;
  static constexpr bool complete = true;

  template <class Ar>
  static void save(Ar& ar, const function_part<F>& value) {
    if constexpr (sent_by_address<F>) ar.save_binary(&value.function, sizeof value.function);
  }
  template <class Ar>
  static void load(Ar& ar, function_part<F>& value) {
    if constexpr (sent_by_address<F>) ar.load_binary(&value.function, sizeof value.function);
  }
};

/// Returns the address of the code that a function pointer stands for. Returns 0 for other types,
/// and for a virtual member function, where the object decides.
template <class F>
std::uintptr_t code_address([[maybe_unused]] const F& function) noexcept {
  if constexpr (is_function_pointer<F>) {
    return reinterpret_cast<std::uintptr_t>(function);
  } else if constexpr (std::is_member_function_pointer_v<F>) {
    // The Itanium ABI: an address, or an odd number for a virtual function, and an adjustment.
    std::array<std::uintptr_t, 2> words{};
    static_assert(sizeof words == sizeof function);
    std::memcpy(words.data(), &function, sizeof words);
#if defined(__aarch64__) || defined(__arm__)
    return words[1] & 1 ? 0 : words[0];
#else
    return words[0] & 1 ? 0 : words[0];
#endif
  } else {
    return 0;
  }
}

}  // namespace isolatte::inline v0_1::detail

#endif
