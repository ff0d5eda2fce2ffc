// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_DISTANT_CALL_HPP
#define ISOLATTE_DETAIL_TASK_DISTANT_CALL_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/function_form.hpp>
#include <isolatte/detail/task/child_task.hpp>
#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/detail/task/result_task.hpp>
#include <isolatte/detail/task/talking.hpp>
#include <isolatte/detail/task/value_place.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/detail/vocabulary/code_name.hpp>
#include <isolatte/detail/vocabulary/talk_needs.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace isolatte::inline v0_1::detail {

/// A call without its types, as it is sent to a process of the same program on any machine.
struct distant_call {
  code_name decoder{};
  /// The function that the arguments name, if it is called by its address. A process that lacks it
  /// can say so before anything is run.
  std::optional<code_name> function{};
  /// Name functions by their code_name.
  byte_buffer arguments{};
};

/// Lets calls of one type come in from other machines, while it lives. Others are refused: a
/// message could make any code run that it names.
///
/// Is made before main(), or while a library is being loaded, so it allocates nothing.
class registered_decoder {
 public:
  ISOLATTE_DECL registered_decoder(make_task decoder, talk_needs needs) noexcept;
  registered_decoder(const registered_decoder&) = delete;
  registered_decoder& operator=(const registered_decoder&) = delete;
  ISOLATTE_DECL ~registered_decoder();

 private:
  friend struct decoder_list;

  make_task const decoder_;
  talk_needs const needs_;
  registered_decoder* next_ = nullptr;
};

/// The conversation that a call needs which may come in from another machine.
/// @param decoder an address of any kind
/// @return nothing if no registered_decoder is there
ISOLATTE_DECL std::optional<talk_needs> needs_of_decoder(std::uintptr_t decoder);

/// The task of a call that has come from another machine.
template <class Call, class R = typename signature_of<Call>::result>
class distant_task final : public result_task<R> {
 public:
  explicit distant_task(std::span<const std::byte> arguments) noexcept : arguments_{arguments} {}

  static std::unique_ptr<child_task> make(std::span<const std::byte> arguments) {
    return std::make_unique<distant_task>(arguments);
  }

  void receive() override {
    emplace_result(call_, [&] { return Call::decode(arguments_, function_form::name); });
  }
  void invoke() override { this->keep_result_of(std::move(*call_)); }

 private:
  std::span<const std::byte> arguments_;
  value_place<Call> call_;
};

template <class Call>
struct distant_decoder {
  // Each library registers the function that it names itself. An object that they shared would
  // name that of the first one, and keep this library from being unloaded.
  [[gnu::visibility("hidden")]] static inline registered_decoder once{
      &distant_task<Call>::make, {.stops = signature_of<Call>::stop}};
};

/// Encodes a call.
/// @return nothing if code of the call has no name: its program or library has no build id
template <class Call>
std::optional<distant_call> make_distant(const Call& call) {
  static_cast<void>(&distant_decoder<Call>::once);
  auto const decoder = name_code(reinterpret_cast<std::uintptr_t>(&distant_task<Call>::make));
  if (!decoder) return {};
  std::optional<distant_call> made{distant_call{*decoder, {}, {}}};
  if (std::uintptr_t const function = call.function_address(); function != 0) {
    made->function = name_code(function);
    if (!made->function) return {};
  }
  call.encode(made->arguments, function_form::name);
  return made;
}

/// Finds the code of a call that has come from another machine.
/// @param call is left as it is unless the code is found
/// @return nothing if this process does not have the code, or does not let such calls in
ISOLATTE_DECL std::optional<remote_call> resolve(distant_call&& call);

}  // namespace isolatte::inline v0_1::detail

#endif
