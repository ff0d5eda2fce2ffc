// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "exception/faces.hpp"

#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <boost/core/demangle.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <ios>
#include <string>
#include <system_error>
#include <type_traits>
#include <typeinfo>

#if __has_include(<cxxabi.h>)
#include <cxxabi.h>
#define ISOLATTE_HAS_CXXABI
#endif
// Only GCC's runtime declares the type_info classes of the common C++ ABI.
#if defined(ISOLATTE_HAS_CXXABI) && defined(__GLIBCXX__) && !defined(ISOLATTE_PORTABLE)
#define ISOLATTE_HAS_TYPE_WALK
#endif

namespace isolatte::inline v0_1::detail {

namespace {

template <class Face>
const Face* face_of(const std::exception_ptr& thrown) noexcept {
  try {
    std::rethrow_exception(thrown);
  } catch (const Face& face) {
    return &face;
  } catch (...) {
    return nullptr;
  }
}

std::string as_text(bool value) { return value ? "true" : "false"; }
std::string as_text(char value) { return std::string(1, value); }
std::string as_text(const char* value) { return value ? value : ""; }
std::string as_text(const std::string& value) { return value; }
std::string as_text(std::string_view value) { return std::string(value); }

template <class Number>
  requires std::is_arithmetic_v<Number>
std::string as_text(Number value) {
  std::array<char, 64> digits;
  auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), end};
}

template <class Code>
  requires std::is_same_v<Code, std::error_code> || std::is_same_v<Code, boost::system::error_code>
std::string as_text(const Code& code) {
  return std::string(code.category().name()) + ':' + as_text(code.value()) + ": " + code.message();
}

/// Clang does not catch thrown pointers by reference correctly.
template <class T>
using caught = std::conditional_t<std::is_pointer_v<T>, T, const T&>;

template <class First, class... Others>
std::string text_of_any(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (caught<First> value) {
    return as_text(value);
  } catch (...) {
  }
  if constexpr (sizeof...(Others) != 0)
    return text_of_any<Others...>(thrown);
  else
    return {};
}

/// Class templates that throw functions put around the type of an exception.
constexpr std::string_view wrappers[] = {
    "std::_Nested_exception<",
    "std::__1::__nested<",
    "std::__nested<",
    "boost::wrapexcept<",
    "boost::exception_detail::clone_impl<",
    "boost::exception_detail::error_info_injector<",
    "boost::exception_detail::current_exception_std_exception_wrapper<",
    "boost::detail::with_throw_location<",
};

/// The class template that the library puts around it. The namespace of the ABI is part of the
/// name.
const std::string& own_wrapper() {
  static const std::string name = [] {
    std::string const sibling = boost::core::demangle(typeid(byte_buffer).name());
    return sibling.substr(0, sibling.rfind(':') + 1) + "rebuilt<";
  }();
  return name;
}

/// The length of the wrapper that a name begins with, or 0.
std::size_t wrapper_of(std::string_view name) {
  for (std::string_view const wrapper : wrappers)
    if (name.starts_with(wrapper)) return wrapper.size();
  return name.starts_with(own_wrapper()) ? own_wrapper().size() : 0;
}

/// The first of a list of template arguments.
std::string_view first_argument(std::string_view list) {
  int depth = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    char const c = list[i];
    if (c == '<' || c == '(' || c == '{' || c == '[') ++depth;
    if ((c == ',' || c == '>') && depth == 0) {
      list = list.substr(0, i);
      break;
    }
    if (c == '>' || c == ')' || c == '}' || c == ']') --depth;
  }
  while (list.ends_with(' ')) list.remove_suffix(1);
  return list;
}

std::string_view unwrap(std::string_view name) {
  while (std::size_t const length = wrapper_of(name)) name = first_argument(name.substr(length));
  return name;
}

/// GCC's streams throw a type of their own instead of std::ios_base::failure.
bool is_stream_failure(std::string_view name) { return name == "std::__ios_failure"; }

#ifdef ISOLATTE_HAS_TYPE_WALK

using type_queue = boost::container::static_vector<const std::type_info*, 64>;

void enqueue(type_queue& queue, const std::type_info* type) noexcept {
  auto const known = [type](const std::type_info* other) { return *other == *type; };
  if (queue.size() < queue.capacity() && std::none_of(queue.begin(), queue.end(), known))
    queue.push_back(type);
}

void enqueue_bases(type_queue& queue, const std::type_info* type) noexcept {
  if (auto const* const single = dynamic_cast<const abi::__si_class_type_info*>(type)) {
    enqueue(queue, single->__base_type);
  } else if (auto const* const many = dynamic_cast<const abi::__vmi_class_type_info*>(type)) {
    const abi::__base_class_type_info* const bases = many->__base_info;
    for (unsigned i = 0; i < many->__base_count; ++i)
      if (bases[i].__is_public_p()) enqueue(queue, bases[i].__base_type);
  }
}

#else

/// Whether a handler for a registered type catches the exception.
bool catches(const exception_ops& type, const std::exception_ptr& thrown) {
  if (type.catches) return type.catches(thrown);
  exception_sample unused;
  return type.sample(thrown, unused);
}

struct collector {
  const std::exception_ptr& thrown;
  candidates found{};

  /// Inserts the type before its first base class: derived types come first.
  void add(const registered_exception& type) {
    if (found.size() == found.capacity() || !catches(*type.ops, thrown)) return;
    auto const is_base = [&type](const registered_exception& other) {
      // Standard types come last, and in the right order.
      if (!type.ops->throw_pointer || !other.ops->catch_pointer) return false;
      void* nothing = nullptr;
      return other.ops->catch_pointer(type.ops->throw_pointer, nothing);
    };
    found.insert(std::find_if(found.begin(), found.end(), is_base), type);
  }
};

#endif

}  // namespace

const std::type_info* current_exception_type() noexcept {
#ifdef ISOLATTE_HAS_CXXABI
  return abi::__cxa_current_exception_type();
#else
  return nullptr;
#endif
}

[[gnu::cold]] exception_sight look_at(const std::exception_ptr& thrown) noexcept {
  exception_sight sight;
  if (!thrown) return sight;
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    sight.type = current_exception_type();
    if (!sight.type) sight.type = &typeid(e);
    sight.standard = &e;
    sight.boost = dynamic_cast<const boost::exception*>(&e);
    sight.nested = dynamic_cast<const std::nested_exception*>(&e);
    sight.remote = dynamic_cast<const remote_exception*>(&e);
    return sight;
  } catch (...) {
    sight.type = current_exception_type();
  }
  sight.boost = face_of<boost::exception>(thrown);
  sight.nested = face_of<std::nested_exception>(thrown);
  if (!sight.type && sight.boost) sight.type = &typeid(*sight.boost);
  if (!sight.type && sight.nested) sight.type = &typeid(*sight.nested);
  return sight;
}

[[gnu::cold]] std::string value_as_text(const std::exception_ptr& thrown) {
  return text_of_any<const char*, std::string, std::string_view, int, unsigned, long, unsigned long,
                     long long, unsigned long long, short, unsigned short, char, signed char,
                     unsigned char, bool, float, double, long double, std::error_code,
                     boost::system::error_code>(thrown);
}

[[gnu::cold]] std::string unwrapped_name(const std::type_info& type) {
  std::string const name = boost::core::demangle(type.name());
  if (is_stream_failure(name)) return boost::core::demangle(typeid(std::ios_base::failure).name());
  return std::string(unwrap(name));
}

[[gnu::cold]] bool is_unwrapped(const std::type_info& type, std::string_view name) {
  return boost::core::demangle(type.name()) == name;
}

[[gnu::cold]] candidates find_candidates(
    const exception_sight& sight, [[maybe_unused]] const std::exception_ptr& thrown) noexcept {
  candidates found;
  if (!thrown) return found;
#ifdef ISOLATTE_HAS_TYPE_WALK
  type_queue queue;
  if (sight.type) enqueue(queue, sight.type);
  for (std::size_t i = 0; i < queue.size() && found.size() < found.capacity(); ++i) {
    if (auto const type = find_exception(*queue[i]); type.ops) found.push_back(type);
    enqueue_bases(queue, queue[i]);
  }
#else
  (void)sight;
  collector into{thrown};
  for_each_exception(
      [](void* context, const registered_exception& type) {
        static_cast<collector*>(context)->add(type);
      },
      &into);
  found = into.found;
#endif
  return found;
}

}  // namespace isolatte::inline v0_1::detail
