// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_UNIT_EXCEPTION_TRAVEL_HPP
#define ISOLATTE_TEST_UNIT_EXCEPTION_TRAVEL_HPP

#include <isolatte/detail/exception/codec.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>
#include <isolatte/exception.hpp>
#include <isolatte/serialization.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <vector>

// Exceptions that travel within the process.

namespace exception_travel {

namespace detail = isolatte::detail;
using isolatte::remote_exception;

constexpr std::size_t no_limit = std::size_t{1} << 40;

inline detail::byte_buffer encode(const std::exception_ptr& thrown, std::size_t limit = no_limit) {
  detail::byte_buffer out;
  detail::encode_exception(out, thrown, limit);
  BOOST_TEST(out.size() <= limit);
  return out;
}

inline std::exception_ptr travel(const std::exception_ptr& thrown, std::size_t limit = no_limit) {
  return detail::decode_exception(encode(thrown, limit).bytes());
}

template <class F>
std::exception_ptr thrown_by(F&& f) {
  try {
    f();
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

template <class F>
std::exception_ptr arrival_of(F&& f) {
  return travel(thrown_by(f));
}

/// The exception as an E, valid as long as the pointer.
template <class E>
const E* as(const std::exception_ptr& p) {
  try {
    std::rethrow_exception(p);
  } catch (const E& e) {
    return &e;
  } catch (...) {
    return nullptr;
  }
}

template <class E>
bool is_exactly(const std::exception_ptr& p) {
  const E* const e = as<E>(p);
  return e && typeid(*e) == typeid(E);
}

inline std::string what_of(const std::exception_ptr& p) {
  auto const* const e = as<std::exception>(p);
  return e ? e->what() : "no std::exception";
}

/// Arrives as what it is, with what it says.
template <class E>
std::exception_ptr check_same(const E& original) {
  auto const sent = std::make_exception_ptr(original);
  auto const arrived = travel(sent);
  BOOST_TEST_CONTEXT(typeid(E).name()) {
    BOOST_TEST(is_exactly<E>(arrived));
    BOOST_TEST(what_of(arrived) == std::string(original.what()));
    BOOST_TEST(!as<remote_exception>(arrived));
  }
  return arrived;
}

inline std::exception_ptr next(const std::exception_ptr& p) {
  auto const* const e = as<std::exception>(p);
  BOOST_REQUIRE(e);
  try {
    std::rethrow_if_nested(*e);
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

struct tagged_error : std::runtime_error {
  explicit tagged_error(const std::string& message, int tag = 0)
      : std::runtime_error(message), tag(tag) {}
  int tag;
  std::vector<std::string> notes{};

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & tag & notes;
  }
};
ISOLATTE_REGISTER_EXCEPTION(tagged_error)

struct decorated_error : tagged_error {
  using tagged_error::tagged_error;
  const char* what() const noexcept override { return "decorated"; }
};

class message_error : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};
ISOLATTE_REGISTER_EXCEPTION(message_error);

/// Fails while it is saved, or else while it is loaded.
struct refusing_error : std::overflow_error {
  using std::overflow_error::overflow_error;
  static inline bool on_save = true;
  template <class Archive>
  void serialize(Archive&, unsigned) {
    if (on_save == Archive::is_saving::value) throw std::string("refused");
  }
};
ISOLATTE_REGISTER_EXCEPTION(refusing_error)

}  // namespace exception_travel

#endif
