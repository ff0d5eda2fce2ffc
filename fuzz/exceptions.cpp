// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The bytes of an exception that a child has thrown.

#include "target.hpp"

#include <isolatte/detail/exception/codec.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>
#include <isolatte/exception.hpp>
#include <isolatte/serialization.hpp>

#include <boost/exception/all.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <filesystem>
#include <future>
#include <new>
#include <regex>
#include <stdexcept>
#include <string>
#include <system_error>

namespace exceptions_target {

using namespace isolatte::fuzz;
using isolatte::detail::byte_buffer;
using isolatte::detail::malformed_frame;

struct parse_error : std::runtime_error {
  explicit parse_error(const std::string& text, int at = 0) : std::runtime_error{text}, line{at} {}
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & line & path;
  }
  int line;
  std::vector<std::string> path;
};

struct plain_error : std::range_error {
  using std::range_error::range_error;
};

using tag_of_number = boost::error_info<struct number_tag, int>;
struct boost_error : virtual boost::exception, virtual std::exception {
  const char* what() const noexcept override { return "boost error"; }
  template <class Archive>
  void serialize(Archive&, unsigned) {}
};

}  // namespace exceptions_target

ISOLATTE_REGISTER_EXCEPTION(exceptions_target::parse_error)
ISOLATTE_REGISTER_EXCEPTION(exceptions_target::plain_error)
ISOLATTE_REGISTER_EXCEPTION(exceptions_target::boost_error)
ISOLATTE_REGISTER_EXCEPTION(int)

namespace exceptions_target {

constexpr std::array<std::size_t, 5> limits{0, 1, 60, 500, 1 << 20};

/// The memory that an exception may take: its texts several times, its data as a value, and for
/// each link an object and what is nested in it.
std::size_t allowed(std::size_t frame) { return 32 * 1024 + 64 * frame; }

void run(input bytes) {
  choices from{bytes};
  auto const limit = from.one_of(limits);
  std::exception_ptr thrown;
  try {
    memory_bound const bound{allowed(from.rest().size())};
    thrown = isolatte::detail::decode_exception(from.rest());
  } catch (const malformed_frame&) {
    return;
  }
  require(thrown != nullptr, "an exception comes of every frame that is one");
  auto const text = isolatte::detail::describe_exception(thrown);

  byte_buffer cut;
  isolatte::detail::encode_exception(cut, thrown, limit);
  require(cut.size() <= limit, "an exception keeps to its limit");
  require(isolatte::detail::decode_exception(cut.bytes()) != nullptr,
          "what has been cut is an exception still");

  byte_buffer again;
  isolatte::detail::encode_exception(again, thrown, std::size_t{1} << 30);
  auto const copy = isolatte::detail::decode_exception(again.bytes());
  require(isolatte::detail::describe_exception(copy) == text,
          "an exception that has travelled twice is described by the same text");
}

template <class Throw>
std::exception_ptr thrown_by(Throw what) {
  try {
    what();
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

std::vector<bytes> seeds() {
  auto const nested = thrown_by([] {
    try {
      try {
        throw std::out_of_range{"inner"};
      } catch (...) {
        std::throw_with_nested(parse_error{"middle", 7});
      }
    } catch (...) {
      std::throw_with_nested(std::system_error{std::make_error_code(std::errc::io_error), "outer"});
    }
  });
  auto const boosted = thrown_by(
      [] { BOOST_THROW_EXCEPTION(boost::enable_error_info(boost_error{}) << tag_of_number{3}); });
  std::vector<bytes> all;
  for (auto const& each :
       {nested, boosted, std::make_exception_ptr(42), std::make_exception_ptr("text"),
        std::make_exception_ptr(plain_error{"plain"}), std::make_exception_ptr(std::bad_alloc{}),
        std::make_exception_ptr(std::future_error{std::future_errc::broken_promise}),
        std::make_exception_ptr(std::regex_error{std::regex_constants::error_brack}),
        std::make_exception_ptr(std::filesystem::filesystem_error{
            "files", "/a", "/b", std::make_error_code(std::errc::permission_denied)}),
        std::make_exception_ptr(boost::system::system_error{
            make_error_code(boost::system::errc::timed_out), "timing"})}) {
    byte_buffer encoded;
    isolatte::detail::encode_exception(encoded, each, 10'000);
    append(all.emplace_back(raw(4)), encoded.bytes());
  }
  return all;
}

registration const registered{{"exceptions", &run, &seeds}};

}  // namespace exceptions_target
