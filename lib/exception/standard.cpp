// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "exception/standard.hpp"

#include <isolatte/detail/archive/carry/error_code.hpp>
#include <isolatte/detail/archive/carry/sequence.hpp>
#include <isolatte/detail/archive/input_archive.hpp>
#include <isolatte/detail/archive/output_archive.hpp>
#include <isolatte/detail/exception/rebuilt.hpp>

#include <boost/system/system_error.hpp>

#include <any>
#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <ios>
#include <memory>
#include <new>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>
#include <version>

#ifdef __cpp_lib_format
#include <format>
#endif

namespace isolatte::inline v0_1::detail {

namespace {

template <class T>
T blank_standard(const exception_plan& plan) {
  if constexpr (std::is_default_constructible_v<T>)
    return T();
  else
    return T(std::string(plan.what));
}
template <>
std::system_error blank_standard(const exception_plan&) {
  return std::system_error(std::error_code());
}
template <>
std::filesystem::filesystem_error blank_standard(const exception_plan&) {
  return {"", std::error_code()};
}
template <>
std::future_error blank_standard(const exception_plan&) {
  return std::future_error(std::future_errc::no_state);
}
template <>
std::regex_error blank_standard(const exception_plan&) {
  return std::regex_error(std::regex_constants::error_collate);
}
template <>
boost::system::system_error blank_standard(const exception_plan&) {
  return boost::system::system_error(boost::system::error_code());
}

template <class T>
[[gnu::cold]] bool sample_standard(const std::exception_ptr& thrown, exception_sample& into) {
  try {
    std::rethrow_exception(thrown);
  } catch (const T& object) {
    into.standard = &object;
    return true;
  } catch (...) {
    return false;
  }
}

std::exception_ptr finish(std::exception& object, void* address, const exception_throwers& throwers,
                          const exception_plan& plan) {
  plan.restore(object);
  if (!plan.remote && object.what() != plan.what) return nullptr;
  return assemble(address, throwers, plan);
}

template <class T>
[[gnu::cold]] std::exception_ptr rebuild_standard(const exception_plan& plan) {
  T object = blank_standard<T>(plan);
  return finish(object, &object, throwers_of<T>, plan);
}

template <class T>
constexpr exception_ops standard_ops_for{
    &typeid(T), &sample_standard<T>, nullptr, &rebuild_standard<T>, nullptr, nullptr};

template <class... T>
constexpr std::array<const exception_ops*, sizeof...(T)> standard_table{&standard_ops_for<T>...};

template <class Code>
std::string_view encode_code(const Code& code, byte_buffer& into) {
  into.clear();
  output_archive archive(into);
  archive << code;
  archive.finish();
  return {reinterpret_cast<const char*>(into.data()), into.size()};
}

template <class Code>
Code decode_code(std::string_view bytes) {
  Code code;
  input_archive archive({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
  archive >> code;
  archive.finish();
  return code;
}

std::string_view text_of(const char* text) noexcept { return text ? text : ""; }

/// Tries the constructors until one gives the original's text.
[[gnu::cold]] std::filesystem::filesystem_error make_filesystem_error(const standard_parts& parts,
                                                                      std::error_code code) {
  using std::filesystem::filesystem_error;
  std::string message(parts.text.value_or(""));
  // The base class appends the code's message, and would do so twice.
  std::string const tail = ": " + code.message();
  if (message.ends_with(tail)) message.resize(message.size() - tail.size());
  std::filesystem::path const path1{std::string(parts.path1)};
  std::filesystem::path const path2{std::string(parts.path2)};
  filesystem_error const candidates[] = {
      {message, code}, {message, path1, code}, {message, path1, path2, code}};
  for (const filesystem_error& candidate : candidates)
    if (candidate.path1() == path1 && candidate.path2() == path2 &&
        candidate.what() == parts.file_text)
      return candidate;
  return candidates[2];
}

void restore_regex_error(std::regex_error& object, std::int32_t number) {
  namespace rc = std::regex_constants;
  for (auto const known :
       {rc::error_collate, rc::error_ctype, rc::error_escape, rc::error_backref, rc::error_brack,
        rc::error_paren, rc::error_brace, rc::error_badbrace, rc::error_range, rc::error_space,
        rc::error_badrepeat, rc::error_complexity, rc::error_stack})
    if (number == static_cast<std::int32_t>(known)) object = std::regex_error(known);
}

/// Only the standard library can set the text, so this makes it throw until the text is the right
/// one.
[[gnu::cold]] void restore_variant_access(std::bad_variant_access& object, std::string_view text) {
  struct fragile {
    fragile() = default;
    explicit fragile(int) { throw 0; }
    // The copy may throw as well. Otherwise the variant would keep its old value.
    fragile(const fragile&) noexcept(false) {}
  };
  using either = std::variant<int, fragile>;
  either wrong(std::in_place_index<1>);
  either valueless(0);
  try {
    valueless.emplace<1>(0);
  } catch (int) {
  }
  auto const nothing = [](auto) {};
  void (*const attempts[])(either&, either&, decltype(nothing)&) = {
      [](auto& other, auto&, auto&) { (void)std::get<0>(other); },
      [](auto&, auto& none, auto&) { (void)std::get<0>(none); },
      [](auto&, auto& none, auto& visitor) { std::visit(visitor, none); },
      [](auto&, auto& none, auto& visitor) { std::visit<void>(visitor, none); },
  };
  for (auto const attempt : attempts) {
    try {
      attempt(wrong, valueless, nothing);
    } catch (const std::bad_variant_access& found) {
      if (text_of(found.what()) == text) {
        object = found;
        return;
      }
    }
  }
}

}  // namespace

std::span<const exception_ops* const> standard_exceptions() noexcept {
  // Derived types come before their base classes: a compiler's runtime that shows no base classes
  // leaves their order to this table.
  return standard_table<
      std::range_error, std::overflow_error, std::underflow_error, std::regex_error,
#ifdef __cpp_lib_format
      std::format_error,
#endif
      std::filesystem::filesystem_error, std::ios_base::failure, std::system_error,
      boost::system::system_error, std::runtime_error, std::invalid_argument, std::out_of_range,
      std::length_error, std::domain_error, std::future_error, std::logic_error,
      std::bad_array_new_length, std::bad_alloc, std::bad_any_cast, std::bad_cast, std::bad_typeid,
      std::bad_weak_ptr, std::bad_function_call, std::bad_optional_access, std::bad_variant_access,
      std::bad_exception, std::exception>;
}

standard_parts collect_standard_text(const std::exception* object) noexcept {
  standard_parts parts;
  // Call the base class's what(): a derived class may override it.
  if (auto const* const runtime = dynamic_cast<const std::runtime_error*>(object))
    parts.text = text_of(runtime->std::runtime_error::what());
  else if (auto const* const logic = dynamic_cast<const std::logic_error*>(object))
    parts.text = text_of(logic->std::logic_error::what());
  else if (auto const* const variant = dynamic_cast<const std::bad_variant_access*>(object))
    parts.text = text_of(variant->std::bad_variant_access::what());
  return parts;
}

[[gnu::cold]] standard_parts collect_standard(const std::exception* object,
                                              standard_storage& storage) {
  standard_parts parts = collect_standard_text(object);
  if (auto const* const system = dynamic_cast<const std::system_error*>(object)) {
    parts.code = encode_code(system->code(), storage.code);
    if (auto const* const file = dynamic_cast<const std::filesystem::filesystem_error*>(system)) {
      parts.file_text = text_of(file->std::filesystem::filesystem_error::what());
      parts.path1 = file->path1().native();
      parts.path2 = file->path2().native();
    }
  } else if (auto const* const boost = dynamic_cast<const boost::system::system_error*>(object)) {
    parts.boost_code = encode_code(boost->code(), storage.code);
  } else if (auto const* const regex = dynamic_cast<const std::regex_error*>(object)) {
    parts.number = static_cast<std::int32_t>(regex->code());
  } else if (auto const* const future = dynamic_cast<const std::future_error*>(object)) {
    parts.number = future->code().value();
  }
  return parts;
}

[[gnu::cold]] void restore_standard(std::exception& object, const standard_parts& parts) {
  if (auto* const system = dynamic_cast<std::system_error*>(&object); system && parts.code) {
    auto const code = decode_code<std::error_code>(*parts.code);
    auto* const file = dynamic_cast<std::filesystem::filesystem_error*>(system);
    if (file && parts.file_text)
      *file = make_filesystem_error(parts, code);
    else
      *system = std::system_error(code);
  }
  if (auto* const boost = dynamic_cast<boost::system::system_error*>(&object);
      boost && parts.boost_code)
    *boost = boost::system::system_error(decode_code<boost::system::error_code>(*parts.boost_code));
  if (auto* const regex = dynamic_cast<std::regex_error*>(&object); regex && parts.number)
    restore_regex_error(*regex, *parts.number);
  if (auto* const future = dynamic_cast<std::future_error*>(&object); future && parts.number)
    *future = std::future_error(static_cast<std::future_errc>(*parts.number));

  // The text comes last: the classes above compose one of their own.
  if (!parts.text) return;
  if (auto* const runtime = dynamic_cast<std::runtime_error*>(&object))
    *runtime = std::runtime_error(std::string(*parts.text));
  else if (auto* const logic = dynamic_cast<std::logic_error*>(&object))
    *logic = std::logic_error(std::string(*parts.text));
  else if (auto* const variant = dynamic_cast<std::bad_variant_access*>(&object))
    restore_variant_access(*variant, *parts.text);
}

}  // namespace isolatte::inline v0_1::detail
