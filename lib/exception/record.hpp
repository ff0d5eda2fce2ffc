// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_EXCEPTION_RECORD_HPP
#define ISOLATTE_LIB_EXCEPTION_RECORD_HPP

#include <isolatte/detail/exception/registry.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <boost/container/static_vector.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

// The bytes of an exception: a chain of links, the outermost first. A link tells of one exception
// all that may help to rebuild it, in several ways; the reader takes the best that works for it.
// Pure data: nothing here throws, catches or knows an exception type.

namespace isolatte::inline v0_1::detail {

/// What the standard base classes of an exception hold.
struct standard_parts {
  /// The own text of a std::runtime_error or std::logic_error, which a derived what() may hide.
  std::optional<std::string_view> text{};
  /// An encoded std::error_code.
  std::optional<std::string_view> code{};
  /// An encoded boost::system::error_code.
  std::optional<std::string_view> boost_code{};
  /// The number behind a std::future_error or a std::regex_error.
  std::optional<std::int32_t> number{};
  /// The own text of a std::filesystem::filesystem_error.
  std::optional<std::string_view> file_text{};
  std::string_view path1{};
  std::string_view path2{};
};

/// What boost::exception holds.
struct boost_parts {
  std::optional<std::string_view> file{};
  std::optional<std::string_view> function{};
  std::optional<std::int32_t> line{};
  std::optional<std::int32_t> column{};
  /// The boost::error_info objects as text, a line each.
  std::string_view infos{};
};

/// A type to try, and the data that rebuilds it.
struct exception_alternative {
  exception_key key{};
  std::optional<std::string_view> data{};
};

inline constexpr std::size_t max_alternatives = 16;

/// One exception of a chain. Refers to the exception, or to the bytes it was read from.
struct exception_link {
  /// The first alternative is the very type that was thrown.
  bool exact = false;
  /// There is a message, be it empty.
  bool speaks = false;
  std::string_view type_name{};
  std::string_view message{};
  standard_parts standard{};
  std::optional<boost_parts> boost{};
  /// The nearest types first.
  boost::container::static_vector<exception_alternative, max_alternatives> alternatives{};
};

/// How many bytes write_link() appends.
std::size_t size_of_link(const exception_link& link) noexcept;
/// Appends all of the link or, when it throws std::bad_alloc, nothing.
void write_link(byte_buffer& out, const exception_link& link);
/// Ends the chain. Takes one byte.
void write_end(byte_buffer& out);

/// Reads links that nobody vouches for.
class link_reader {
 public:
  explicit link_reader(std::span<const std::byte> bytes) noexcept : rest_{bytes} {}
  /// The next link, or none at the end of the chain.
  /// @throws malformed_frame
  std::optional<exception_link> next();

 private:
  std::span<const std::byte> rest_;
};

}  // namespace isolatte::inline v0_1::detail

#endif
