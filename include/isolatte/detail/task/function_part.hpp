// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_FUNCTION_PART_HPP
#define ISOLATTE_DETAIL_TASK_FUNCTION_PART_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/detail/archive/function_form.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
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

/// Whether a value holds an address of code. A pointer to a data member holds an offset.
template <class F>
inline constexpr bool has_code_address =
    is_function_pointer<F> || std::is_member_function_pointer_v<F>;

/// The parts of a pointer to a function: an address of code. One to a member function has an
/// adjustment, too, and an odd number instead of the address if the function is virtual (Itanium
/// ABI; on ARM the adjustment is odd then).
template <class F>
struct function_words {
  std::array<std::uintptr_t, is_function_pointer<F> ? 1 : 2> all{};

  function_words() noexcept = default;
  explicit function_words(const F& function) noexcept {
    static_assert(sizeof all == sizeof function);
    std::memcpy(all.data(), &function, sizeof function);
  }
  F function() const noexcept {
    F made{};
    std::memcpy(&made, all.data(), sizeof made);
    return made;
  }
};

inline bool is_virtual(std::span<const std::uintptr_t> function) noexcept {
#if defined(__aarch64__) || defined(__arm__)
  return function.size() == 2 && (function[1] & 1) != 0;
#else
  return function.size() == 2 && (function[0] & 1) != 0;
#endif
}

/// Returns the address of the code that a function pointer stands for. Returns 0 for other types,
/// and for a virtual member function, where the object decides.
template <class F>
std::uintptr_t code_address([[maybe_unused]] const F& function) noexcept {
  if constexpr (has_code_address<F>) {
    function_words<F> const words{function};
    return is_virtual(words.all) ? 0 : words.all[0];
  } else {
    return 0;
  }
}

/// Saves the words of a function so that a process can load them which has its code elsewhere.
ISOLATTE_DECL void save_named(output_archive& ar, std::span<const std::uintptr_t> function);
/// Loads them, and finds the function in this process.
ISOLATTE_DECL void load_named(input_archive& ar, std::span<std::uintptr_t> function);

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
    if constexpr (has_code_address<F>)
      if (ar.functions() == function_form::name)
        return save_named(ar, function_words<F>{value.function}.all);
    if constexpr (sent_by_address<F>) ar.save_binary(&value.function, sizeof value.function);
  }
  template <class Ar>
  static void load(Ar& ar, function_part<F>& value) {
    if constexpr (has_code_address<F>)
      if (ar.functions() == function_form::name) {
        function_words<F> words;
        load_named(ar, words.all);
        value.function = words.function();
        return;
      }
    if constexpr (sent_by_address<F>) ar.load_binary(&value.function, sizeof value.function);
  }
};

}  // namespace isolatte::inline v0_1::detail

#endif
